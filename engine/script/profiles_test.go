package script

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/handshakelab/lab/engine/rule"
	"github.com/handshakelab/lab/engine/tcp"
)

var (
	profileWords = regexp.MustCompile(` profile \S+`)
	hostLines    = regexp.MustCompile(`(?m)^(client|server) (\d+\.\d+\.\d+\.\d+:\d+)`)
)

// underProfile does a scenario with both hosts in the profile and returns its events of one rule.
func underProfile(t *testing.T, file, profile string, id rule.ID) []string {
	t.Helper()
	src, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	text := hostLines.ReplaceAllString(profileWords.ReplaceAllString(string(src), ""), "$1 $2 profile "+profile)
	sc, diags := Parse(text)
	if len(diags) > 0 {
		t.Fatal(diags)
	}
	_, events, _ := Run(sc)
	var of []string
	for _, e := range events {
		if e.Rule == id {
			of = append(of, EventLine(e))
		}
	}
	return of
}

// Each difference shows in its scenario: where two profiles are said to do otherwise, the effects of its rule differ, in
// whether there are any or in their numbers.
func TestDifferencesShow(t *testing.T) {
	profiles := tcp.Profiles()
	for _, d := range tcp.Differences() {
		t.Run(d.About, func(t *testing.T) {
			if _, ok := rule.Lookup(d.Rule); !ok {
				t.Fatalf("%s is not in the catalogue", d.Rule)
			}
			file := filepath.Join(scenarios, d.Scenario+".lab")
			events := make([][]string, len(profiles))
			reached := 0
			for i, p := range profiles {
				events[i] = underProfile(t, file, p.Name, d.Rule)
				reached += len(events[i])
			}
			if reached == 0 {
				t.Errorf("%s never reaches %s", d.Scenario, d.Rule)
			}
			said := 0
			for i := range profiles {
				for j := range i {
					if d.Says[i] == d.Says[j] {
						continue
					}
					said++
					if slices.Equal(events[i], events[j]) {
						t.Errorf("%s does as %s in %s: %s\n%s", profiles[i].Name, profiles[j].Name, d.Scenario, d.Rule, strings.Join(events[i], "\n"))
					}
				}
			}
			if said == 0 {
				t.Error("all profiles are said to do the same")
			}
		})
	}
}

// A field in which two profiles differ belongs to a difference, and each difference names fields in which they do.
func TestDifferencesAreComplete(t *testing.T) {
	named := map[string]bool{"Name": true}
	for _, d := range tcp.Differences() {
		differs := false
		for _, name := range d.Fields {
			named[name] = true
			if _, ok := reflect.TypeFor[tcp.Profile]().FieldByName(name); !ok {
				t.Errorf("%s: a profile has no field %s", d.About, name)
				continue
			}
			differs = differs || fieldDiffers(name)
		}
		if !differs {
			t.Errorf("%s: the profiles have the same %s", d.About, strings.Join(d.Fields, ", "))
		}
	}
	for _, f := range reflect.VisibleFields(reflect.TypeFor[tcp.Profile]()) {
		if fieldDiffers(f.Name) && !named[f.Name] {
			t.Errorf("the profiles differ in %s, which no difference names", f.Name)
		}
	}
}

func fieldDiffers(name string) bool {
	profiles := tcp.Profiles()
	first := reflect.ValueOf(profiles[0]).FieldByName(name).Interface()
	for _, p := range profiles[1:] {
		if reflect.ValueOf(p).FieldByName(name).Interface() != first {
			return true
		}
	}
	return false
}

// inAll are rules of Linux that all profiles follow, because the RFCs say nothing of the matter.
var inAll = []rule.ID{rule.SynQueue, rule.AcceptQueueSYN, rule.AcceptQueueACK, rule.AcceptQueueAbort,
	rule.LinuxDeferAccept,                                 // an option that only who wants it sets
	rule.CookieSum, rule.CookieTimestamp, rule.CookieGood} // whoever sends cookies makes them so and takes them back

// Each rule of Linux shows in a difference.
func TestLinuxRulesAreDifferences(t *testing.T) {
	shown := map[rule.ID]bool{}
	for _, d := range tcp.Differences() {
		shown[d.Rule] = true
	}
	for _, r := range rule.All() {
		if strings.HasPrefix(r.ID.String(), "linux:") && shown[r.ID] == slices.Contains(inAll, r.ID) {
			t.Errorf("%s: in a difference: %v, in all profiles: %v", r.ID, shown[r.ID], !shown[r.ID])
		}
	}
}
