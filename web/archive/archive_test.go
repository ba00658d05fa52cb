package archive_test

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"strings"
	"testing"

	"github.com/handshakelab/lab/server/jetstream"
	"github.com/handshakelab/lab/web/archive"
	"github.com/handshakelab/lab/web/store"
)

func open(t testing.TB) store.Store {
	t.Helper()
	s, err := jetstream.Open(t.Context(), jetstream.Options{Folder: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func put(t testing.TB, s store.Store, key, value string) {
	t.Helper()
	old, err := s.Records().Get(t.Context(), key)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		t.Fatal(err)
	}
	if _, err := s.Records().Put(t.Context(), key, []byte(value), old.Rev); err != nil {
		t.Fatal(err)
	}
}

func add(t testing.TB, s store.Store, log, value string) {
	t.Helper()
	if _, err := s.Append(t.Context(), log, store.Anywhere, "", []byte(value)); err != nil {
		t.Fatal(err)
	}
}

// all is what a store keeps.
func all(t testing.TB, s store.Store) map[string]string {
	t.Helper()
	got := map[string]string{}
	for i, err := range s.Export(t.Context()) {
		switch {
		case err != nil:
			t.Fatal(err)
		case i.Log != "":
			got["log "+i.Log] += fmt.Sprintf("%q", i.Value)
		case i.Deleted:
			delete(got, i.Key)
		default:
			got[i.Key] = string(i.Value)
		}
	}
	return got
}

func export(t testing.TB, s store.Store) string {
	t.Helper()
	var b bytes.Buffer
	if _, err := archive.Export(t.Context(), s, &b, nil); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestThereAndBack(t *testing.T) {
	from := open(t)
	for key, value := range map[string]string{
		"class.x": `{"id":"x","title":"A <b> & \u00e9"}`, "code.ABCDEF": "x", "empty.x": "", "spaced.x": "{ }", "binary.x": "\xff\x00", "null.x": "null",
		"number.x": "12345678901234567890.10", "separator.x": "\"\u2028\"", "deep.a.b.c": `[1,[2]]`,
	} {
		put(t, from, key, value)
	}
	for i := range 50 {
		add(t, from, "room.x", fmt.Sprintf(`{"n":%d}`, i))
		add(t, from, "attempts.y", fmt.Sprintf(`{"id":"%d"}`, i))
	}
	text := export(t, from)
	to := open(t)
	ticks := 0
	sum, err := archive.Import(t.Context(), to, strings.NewReader(text), archive.Options{Tick: func(int) { ticks++ }})
	if err != nil {
		t.Fatal(err)
	}
	want, got := all(t, from), all(t, to)
	if !maps.Equal(got, want) {
		t.Errorf("it came as\n%v, and was\n%v", got, want)
	}
	if sum.Entries != 100 || sum.Records+sum.Left != strings.Count(text, `{"key":`) || ticks != sum.Records+sum.Entries+sum.Left {
		t.Errorf("%+v, %d ticks", sum, ticks)
	}
	again := export(t, to)
	if strip(again) != strip(text) && len(strip(again)) != len(strip(text)) {
		t.Errorf("exported again it is\n%s\nand was\n%s", again, text)
	}
	// Into what is there already it goes only when it may be merged, and then changes nothing.
	if _, err := archive.Import(t.Context(), to, strings.NewReader(text), archive.Options{}); !errors.Is(err, archive.ErrNotEmpty) {
		t.Errorf("again: %v", err)
	}
	if _, err := archive.Import(t.Context(), to, strings.NewReader(text), archive.Options{Merge: true}); err != nil {
		t.Error(err)
	}
	if got := all(t, to); !maps.Equal(got, want) {
		t.Errorf("merged with itself it is\n%v, and was\n%v", got, want)
	}
}

// strip takes the first line off, which has the time.
func strip(text string) string {
	_, rest, _ := strings.Cut(text, "\n")
	return rest
}

// What was cut short is finished by a second import of the whole.
func TestImportGoesOn(t *testing.T) {
	from := open(t)
	for i := range 40 {
		put(t, from, fmt.Sprintf("class.%d", i), fmt.Sprint(i))
		add(t, from, fmt.Sprintf("room.%d", i%3), fmt.Sprint(i))
		add(t, from, "attempts.y", fmt.Sprintf(`{"id":"%d"}`, i))
	}
	text := export(t, from)
	lines := strings.SplitAfter(text, "\n")
	for _, n := range []int{1, 30, len(lines) / 2, len(lines) - 2} {
		to := open(t)
		_, err := archive.Import(t.Context(), to, strings.NewReader(strings.Join(lines[:n], "")), archive.Options{})
		if err == nil || !strings.Contains(err.Error(), "cut short") {
			t.Fatalf("%d lines: %v", n, err)
		}
		if _, err := archive.Import(t.Context(), to, strings.NewReader(text), archive.Options{Merge: true}); err != nil {
			t.Fatal(err)
		}
		if got, want := all(t, to), all(t, from); !maps.Equal(got, want) {
			t.Errorf("%d lines and then all: %v, want %v", n, got, want)
		}
	}
}

func TestMerge(t *testing.T) {
	from, to := open(t), open(t)
	const key = "progress.c.l.lesson.block"
	put(t, from, key, `{"lesson":"lesson","block":"block","kind":"quiz","solved":true,"best":7,"of":10,"attempts":2,"first":"2026-01-02T00:00:00Z","last":"2026-01-05T00:00:00Z","ids":["a","b"]}`)
	put(t, to, key, `{"lesson":"lesson","block":"block","kind":"quiz","solved":false,"best":4,"of":10,"attempts":2,"first":"2026-01-01T00:00:00Z","last":"2026-01-03T00:00:00Z","ids":["b","c"]}`)
	put(t, from, "class.c", "theirs")
	put(t, to, "class.c", "ours")
	put(t, from, "class.d", "theirs")
	for _, id := range []string{"a", "b"} {
		add(t, from, "attempts.l", `{"id":"`+id+`"}`)
	}
	for _, id := range []string{"b", "c"} {
		add(t, to, "attempts.l", `{"id":"`+id+`"}`)
	}
	add(t, from, "room.c", "1")
	add(t, from, "room.c", "2")
	add(t, to, "room.c", "1")
	add(t, from, "room.d", "1")
	add(t, from, "room.d", "2")
	add(t, to, "room.d", "other")
	if _, err := archive.Import(t.Context(), to, strings.NewReader(export(t, from)), archive.Options{Merge: true}); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		key:       `{"lesson":"lesson","block":"block","kind":"quiz","solved":true,"best":7,"of":10,"attempts":3,"first":"2026-01-01T00:00:00Z","last":"2026-01-05T00:00:00Z","ids":["b","c","a"]}`,
		"class.c": "ours", "class.d": "theirs",
		"log attempts.l": `"{\"id\":\"b\"}""{\"id\":\"c\"}""{\"id\":\"a\"}"`,
		"log room.c":     `"1""2"`,
		"log room.d":     `"other"`,
	}
	got := all(t, to)
	delete(got, "format")
	if !maps.Equal(got, want) {
		t.Errorf("got\n%v, want\n%v", got, want)
	}
}

func TestImportRefuses(t *testing.T) {
	s := open(t)
	first, _, _ := strings.Cut(export(t, s), "\n")
	first += "\n"
	format := regexp.MustCompile(`"format":\d+`)
	for name, test := range map[string]struct{ text, want string }{
		"nothing":               {"", "nothing to import"},
		"something else":        {"{}\n", "no export"},
		"no JSON":               {"PK\x03\x04", "no export"},
		"a newer version":       {strings.Replace(first, `"version":1`, `"version":2`, 1), "version 2"},
		"a newer format":        {format.ReplaceAllString(first, `"format":99`), "newer version"},
		"no end":                {first + `{"key":"a","text":"1"}` + "\n", "cut short"},
		"less than it should":   {first + `{"end":true,"records":1}` + "\n", "not whole"},
		"more behind the end":   {first + `{"end":true}` + "\n{}\n", "behind the last line"},
		"a field of its own":    {first + `{"key":"a","text":"1","colour":1}` + "\n", "line 2"},
		"a key and a log":       {first + `{"key":"a","log":"b","text":"1"}` + "\n", "either a key or a log"},
		"neither":               {first + `{"text":"1"}` + "\n", "either a key or a log"},
		"no value":              {first + `{"key":"a"}` + "\n", "one of value"},
		"two values":            {first + `{"key":"a","text":"1","value":2}` + "\n", "one of value"},
		"a wild key":            {first + `{"key":"a.*","text":"1"}` + "\n", "cannot be a name"},
		"a key with a hole":     {first + `{"key":"a..b","text":"1"}` + "\n", "cannot be a name"},
		"a long key":            {first + `{"key":"` + strings.Repeat("a.", 300) + `a","text":"1"}` + "\n", "too long"},
		"a large value":         {first + `{"key":"a","text":"` + strings.Repeat("x", store.MaxValue+1) + `"}` + "\n", "more than"},
		"a line without an end": {first + `{"key":"a","text":"` + strings.Repeat("x", 5<<20), "more than"},
		"a log that is deleted": {first + `{"log":"a","deleted":true}` + "\n", "cannot be deleted"},
	} {
		_, err := archive.Import(t.Context(), s, strings.NewReader(test.text), archive.Options{Merge: name != "a newer format"})
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
	}
}
