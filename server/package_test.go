package main

import (
	"flag"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	nats "github.com/nats-io/nats-server/v2/server"
)

// A composition is what of a compose file is of interest here.
type composition struct {
	Services map[string]struct {
		Image       string
		Command     []string
		Environment map[string]string
		Volumes     []string
		ReadOnly    bool `yaml:"read_only"`
	}
	Configs map[string]struct{ Content string }
}

func compose(t *testing.T, name string) (c composition) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", name))
	if err != nil {
		t.Fatal(err)
	}
	text := regexp.MustCompile(`\$\{LAB_NATS_PASSWORD(:[^}]*)?\}`).ReplaceAllString(string(b), "swordfish")
	if err := yaml.Unmarshal([]byte(text), &c); err != nil {
		t.Fatal(err)
	}
	return c
}

// The settings of the compose files are settings of the lab, and the configuration of NATS is one that syncs each write.
func TestComposeFiles(t *testing.T) {
	labs := 0
	for _, name := range []string{"compose.yaml", "compose.cluster.yaml"} {
		for service, s := range compose(t, name).Services {
			if !strings.HasPrefix(service, "lab") {
				continue
			}
			labs++
			var cfg config
			c := &console{env: s.Environment}
			if err := c.parse(serverFlags(&cfg), nil, true); err != nil {
				t.Errorf("%s, %s: %v", name, service, err)
			}
			if err := cfg.check(); err != nil || !s.ReadOnly {
				t.Errorf("%s, %s: %v, read-only %v", name, service, err, s.ReadOnly)
			}
			if name == "compose.cluster.yaml" && (cfg.replicas != 3 || strings.Count(cfg.natsURL, "lab:swordfish@nats-") != 3) {
				t.Errorf("%s: %+v", service, cfg)
			}
		}
	}
	if labs != 3 {
		t.Errorf("%d labs", labs)
	}
	file := filepath.Join(t.TempDir(), "nats.conf")
	if err := os.WriteFile(file, []byte(compose(t, "compose.cluster.yaml").Configs["nats.conf"].Content), 0o600); err != nil {
		t.Fatal(err)
	}
	o, err := nats.ProcessConfigFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !o.JetStream || !o.SyncAlways || o.StoreDir != "/data" || len(o.Routes) != 3 || o.Username != "lab" || o.Cluster.Username != "route" || o.Cluster.Name != "lab" {
		t.Errorf("%+v", o)
	}
}

// In the cluster, the NATS servers are called as the program wants, and find each other; they are of the version that the tests run; the
// proxy has all labs behind it.
func TestComposeCluster(t *testing.T) {
	c := compose(t, "compose.cluster.yaml")
	file := filepath.Join(t.TempDir(), "nats.conf")
	if err := os.WriteFile(file, []byte(c.Configs["nats.conf"].Content), 0o600); err != nil {
		t.Fatal(err)
	}
	var hosts, names, labs []string
	for service, s := range c.Services {
		switch {
		case strings.HasPrefix(service, "nats-"):
			args := slices.Clone(s.Command)
			i := slices.Index(args, "/nats.conf")
			if i < 0 {
				t.Fatalf("%s: %q", service, args)
			}
			args[i] = file
			o, err := nats.ConfigureOptions(flag.NewFlagSet("nats-server", flag.ContinueOnError), args, nil, nil, nil)
			if err != nil {
				t.Fatalf("%s: %v", service, err)
			}
			names, hosts = append(names, o.ServerName), append(hosts, service)
			if len(s.Volumes) != 1 || !strings.HasSuffix(s.Volumes[0], ":"+o.StoreDir) {
				t.Errorf("%s keeps things in %s, and has the volumes %q", service, o.StoreDir, s.Volumes)
			}
			if want := "nats:" + nats.VERSION + "-alpine"; s.Image != want {
				t.Errorf("%s is %s, and the tests run %s", service, s.Image, want)
			}
			for _, route := range o.Routes {
				if _, is := c.Services[route.Hostname()]; !is || route.User.Username() != o.Cluster.Username {
					t.Errorf("%s looks for %s", service, route.Redacted())
				}
			}
		case strings.HasPrefix(service, "lab-"):
			labs = append(labs, service+":8080")
			for u := range strings.SplitSeq(s.Environment["LAB_NATS_URL"], ",") {
				if at, err := url.Parse(u); err != nil || !strings.HasPrefix(at.Hostname(), "nats-") || at.Port() != "4222" {
					t.Errorf("%s looks for %s: %v", service, u, err)
				} else if _, is := c.Services[at.Hostname()]; !is {
					t.Errorf("%s looks for %s", service, at.Hostname())
				}
			}
		}
	}
	slices.Sort(hosts)
	slices.Sort(names)
	slices.Sort(labs)
	if len(hosts) != 3 || !slices.Equal(hosts, names) {
		t.Errorf("the servers %q are called %q", hosts, names)
	}
	if want := "reverse_proxy " + strings.Join(labs, " ") + " {"; !strings.Contains(c.Configs["Caddyfile"].Content, want) {
		t.Errorf("the proxy does not have: %s", want)
	}
}

// The README's table of the command line and the guide's of settings have them all.
func TestDocumentedSettings(t *testing.T) {
	guide, err := os.ReadFile(filepath.Join("operate", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	readme, err := os.ReadFile(filepath.Join("..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	var cfg config
	serverFlags(&cfg).VisitAll(func(f *flag.Flag) {
		if !strings.Contains(string(guide), "`-"+f.Name+"`") {
			t.Errorf("the guide does not know -%s", f.Name)
		}
	})
	for name := range commands {
		if name != "help" && !strings.Contains(string(readme), "`lab "+name) && !strings.Contains(string(readme), "`lab healthcheck`, `lab "+name) {
			t.Errorf("the README does not know lab %s", name)
		}
	}
}
