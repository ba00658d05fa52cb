package live

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"
)

func ptr[T any](v T) *T { return &v }

func TestDecode(t *testing.T) {
	for _, test := range []struct {
		in   string
		want Command
	}{
		{`{"type":"open","id":1,"scenario":"client connect"}`, &OpenCommand{ID: 1, Scenario: "client connect"}},
		{` { "id" : 9007199254740991 , "type":"open", "lesson":"a","block":"b","ahead":true,"commands":[]} `,
			&OpenCommand{ID: maxInteger, Lesson: "a", Block: "b", Ahead: true}},
		{`{"type":"open","id":1,"scenario":"","commands":[{"at":12,"wait":25000,"line":"drop #3"},{"line":"step","ahead":true}]}`,
			&OpenCommand{ID: 1, Commands: []Do{{At: ptr(12), Wait: 25000, Line: "drop #3"}, {Line: "step", Ahead: true}}}},
		{`{"type":"do","id":2,"run":"R","at":0,"line":"\u0064rop \ud83d\ude00 \"x\"\\\/\b\f\n\r\t"}`,
			&DoCommand{ID: 2, Run: "R", Do: Do{At: ptr(0), Line: "drop \U0001F600 \"x\"\\/\b\f\n\r\t"}}},
		{`{"type":"do","id":2,"run":"R"}`, &DoCommand{ID: 2, Run: "R"}},
		{`{"type":"resume","id":3,"run":"R","after":-1}`, &ResumeCommand{ID: 3, Run: "R", After: -1}},
		{`{"type":"close","id":4,"run":"R"}`, &CloseCommand{ID: 4, Run: "R"}},
		{`{"type":"do","id":2,"run":"c.1","seen":7,"line":"step"}`, &DoCommand{ID: 2, Run: "c.1", Seen: 7, Do: Do{Line: "step"}}},
		{`{"type":"enter","id":5,"room":"c","tab":"t"}`, &EnterCommand{ID: 5, Room: "c", Tab: "t"}},
		{`{"type":"enter","id":5,"room":"c","tab":"t","run":"c.1","after":12}`, &EnterCommand{ID: 5, Room: "c", Tab: "t", Run: "c.1", After: ptr(int64(12))}},
		{`{"type":"leave","id":6,"room":"c"}`, &LeaveCommand{ID: 6, Room: "c"}},
	} {
		got, fault := Decode([]byte(test.in))
		if fault != nil {
			t.Errorf("Decode(%s): %v", test.in, fault)
		} else if !reflect.DeepEqual(got, test.want) {
			t.Errorf("Decode(%s) = %+v, want %+v", test.in, got, test.want)
		}
	}
}

func TestDecodeRefuses(t *testing.T) {
	for _, test := range []struct {
		name, in string
		code     Code
		field    string
		re       int64
	}{
		{"nothing", ``, BadJSON, "", 0},
		{"an open brace", `{`, BadJSON, "", 0},
		{"null", `null`, BadJSON, "", 0},
		{"a list", `[]`, BadJSON, "", 0},
		{"a text", `"x"`, BadJSON, "", 0},
		{"a number", `7`, BadJSON, "", 0},
		{"a byte order mark", "\ufeff{}", BadJSON, "", 0},
		{"something after it", `{"type":"close","id":5,"run":"R"} x`, BadJSON, "", 5},
		{"two values", `{"type":"close","id":5,"run":"R"}{}`, BadJSON, "", 5},
		{"a zero byte after it", "{\"type\":\"close\",\"id\":5,\"run\":\"R\"}\x00", BadJSON, "", 5},
		{"a comma at the end", `{"type":"close","id":5,"run":"R",}`, BadJSON, "", 5},
		{"not UTF-8", "{\"type\":\"clo\xffse\"}", BadJSON, "", 0},
		{"a key twice", `{"type":"close","id":5,"id":6,"run":"R"}`, BadJSON, "", 5},
		{"a key twice in a command", `{"type":"open","id":5,"scenario":"","commands":[{"at":1,"at":2}]}`, BadJSON, "", 5},
		{"too deep", `{"id":5,"x":` + strings.Repeat("[", 8) + strings.Repeat("]", 8) + `}`, BadJSON, "", 5},
		{"far too deep", `{"x":` + strings.Repeat("[", 20000), BadJSON, "", 0},
		{"half a surrogate pair", `{"type":"do","line":"\ud83d"}`, BadJSON, "", 0},
		{"a surrogate pair the wrong way round", `{"type":"do","line":"\ude00\ud83d"}`, BadJSON, "", 0},
		{"a bad escape", `{"type":"\x"}`, BadJSON, "", 0},
		{"a control character", "{\"type\":\"a\nb\"}", BadJSON, "", 0},
		{"NaN", `{"id":NaN}`, BadJSON, "", 0},
		{"Infinity", `{"id":Infinity}`, BadJSON, "", 0},
		{"a leading zero", `{"id":01}`, BadJSON, "", 0},
		{"a leading plus", `{"id":+1}`, BadJSON, "", 0},
		{"single quotes", `{'id':1}`, BadJSON, "", 0},

		{"no type", `{"id":7}`, BadField, "type", 7},
		{"a type that is no text", `{"type":1,"id":7}`, BadField, "type", 7},
		{"an unknown type", `{"type":"fly","id":7}`, UnknownType, "", 7},
		{"an unknown field", `{"type":"do","id":7,"run":"R","speed":1}`, UnknownField, "speed", 7},
		{"a field of another object", `{"type":"do","id":7,"run":"R","__proto__":{}}`, UnknownField, "__proto__", 7},
		{"a field of another command", `{"type":"do","id":7,"run":"R","after":1}`, UnknownField, "after", 7},
		{"an unknown field in a command", `{"type":"open","id":7,"scenario":"","commands":[{},{"id":1}]}`, UnknownField, "commands[1].id", 7},

		{"an id as text", `{"type":"close","id":"7","run":"R"}`, BadField, "id", 0},
		{"a broken id", `{"type":"close","id":1.5,"run":"R"}`, BadField, "id", 0},
		{"an id with an exponent", `{"type":"close","id":1e3,"run":"R"}`, BadField, "id", 0},
		{"a number without end", `{"type":"close","id":1e999,"run":"R"}`, BadField, "id", 0},
		{"a negative id", `{"type":"close","id":-1,"run":"R"}`, BadField, "id", 0},
		{"minus zero", `{"type":"do","id":7,"run":"R","at":-0}`, BadField, "at", 7},
		{"id zero", `{"type":"close","id":0,"run":"R"}`, BadField, "id", 0},
		{"an id of 2^63", `{"type":"close","id":9223372036854775808,"run":"R"}`, BadField, "id", 0},
		{"an id past what a browser holds", `{"type":"close","id":9007199254740992,"run":"R"}`, BadField, "id", 0},
		{"no id", `{"type":"close","run":"R"}`, BadField, "id", 0},
		{"no run", `{"type":"do","id":7}`, BadField, "run", 7},
		{"no after", `{"type":"resume","id":7,"run":"R"}`, BadField, "after", 7},
		{"a run that is null", `{"type":"do","id":7,"run":null}`, BadField, "run", 7},
		{"a long run", `{"type":"do","id":7,"run":"` + strings.Repeat("R", 65) + `"}`, BadField, "run", 7},
		{"more than a day", `{"type":"do","id":7,"run":"R","wait":86400000001}`, BadField, "wait", 7},
		{"a truth as number", `{"type":"do","id":7,"run":"R","ahead":1}`, BadField, "ahead", 7},
		{"commands as object", `{"type":"open","id":7,"scenario":"","commands":{}}`, BadField, "commands", 7},
		{"a command as text", `{"type":"open","id":7,"scenario":"","commands":["step"]}`, BadField, "commands[0]", 7},
		{"a bad field in a command", `{"type":"open","id":7,"scenario":"","commands":[{"at":0},{"at":-1}]}`, BadField, "commands[1].at", 7},
		{"neither scenario nor block", `{"type":"open","id":7}`, BadField, "scenario", 7},
		{"a lesson without a block", `{"type":"open","id":7,"lesson":"a"}`, BadField, "scenario", 7},
		{"both", `{"type":"open","id":7,"scenario":"","lesson":"a","block":"b"}`, BadField, "scenario", 7},
	} {
		t.Run(test.name, func(t *testing.T) {
			c, fault := Decode([]byte(test.in))
			if fault == nil {
				t.Fatalf("was taken as %+v", c)
			}
			if fault.Code != string(test.code) || fault.Field != test.field || fault.Re != test.re {
				t.Errorf("code %q field %q re %d, want %q %q %d; message: %s", fault.Code, fault.Field, fault.Re, test.code, test.field, test.re, fault.Message)
			}
			if fault.Message == "" || len(fault.Message) > 200 {
				t.Errorf("the message is no sentence for a person: %q", fault.Message)
			}
		})
	}
}

func TestDecodeTellsTheRange(t *testing.T) {
	_, fault := Decode([]byte(`{"type":"do","id":7,"run":"R","wait":-5}`))
	if fault == nil || fault.Min == nil || *fault.Min != 0 || fault.Max == nil || *fault.Max != maxWait {
		t.Errorf("got %+v, want the range 0 to %d", fault, int64(maxWait))
	}
}

// hostile are commands that would cost much where somebody is careless.
func hostile() map[string]string {
	var keys strings.Builder
	for i := range 6000 {
		fmt.Fprintf(&keys, `"k%d":0,`, i)
	}
	return map[string]string{
		"deep":         strings.Repeat(`{"a":`, 12000),
		"many keys":    `{` + keys.String() + `"type":"close"}`,
		"a long key":   `{"` + strings.Repeat("k", 60000) + `":1}`,
		"escapes":      `{"line":"` + strings.Repeat(`\u0041`, 10000) + `"}`,
		"nested lists": `{"commands":[` + strings.Repeat(`{},`, 20000) + `{}]}`,
		"digits":       `{"id":` + strings.Repeat("9", 60000) + `}`,
	}
}

// TestDecodeHostile: hostile JSON is refused. What that costs BenchmarkDecodeHostile says.
func TestDecodeHostile(t *testing.T) {
	for name, in := range hostile() {
		if c, fault := Decode([]byte(in)); fault == nil {
			t.Errorf("%s was taken as %+v", name, c)
		}
	}
}

func TestDecodeOpen(t *testing.T) {
	c, fault := DecodeOpen([]byte(`{"scenario":"x","commands":[{"line":"step"}]}`))
	if fault != nil || !reflect.DeepEqual(c, &OpenCommand{ID: 1, Scenario: "x", Commands: []Do{{Line: "step"}}}) {
		t.Errorf("got %+v, %v", c, fault)
	}
	for _, in := range []string{`{}`, `{"type":"do","id":1,"run":"R"}`, `{"scenario":"x","speed":1}`, `x`} {
		if c, fault := DecodeOpen([]byte(in)); fault == nil {
			t.Errorf("%s was taken as %+v", in, c)
		}
	}
}

// What Decode takes, encoding/json takes too, with the same result; and Decode never takes what is not JSON.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		`{"type":"open","id":1,"scenario":"client connect","ahead":true,"commands":[{"at":12,"wait":25000,"line":"drop #3"}]}`,
		`{"type":"do","id":2,"run":"R","at":0,"line":"\u0064rop \ud83d\ude00","ahead":false}`,
		`{"type":"resume","id":3,"run":"R","after":-1}`, `{"type":"close","id":4,"run":"R"}`,
		`{"type":"enter","id":5,"room":"c","tab":"t","run":"c.1","after":12}`, `{"type":"leave","id":6,"room":"c"}`,
		`{"x":[[[[[[[[`, `{"id":1e5}`, `null`, "\ufeff{}",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		c, fault := Decode(in)
		if (c == nil) == (fault == nil) {
			t.Fatal("neither or both of a command and a fault")
		}
		if fault != nil {
			if fault.Code == "" || fault.Message == "" || !utf8.ValidString(fault.Message) {
				t.Fatalf("a fault without words: %+v", fault)
			}
			if fault.Code != string(BadJSON) && !json.Valid(in) {
				t.Fatalf("%s, but it is not JSON at all", fault.Code)
			}
			return
		}
		var other Command
		switch c.(type) {
		case *OpenCommand:
			other = &OpenCommand{}
		case *DoCommand:
			other = &DoCommand{}
		case *ResumeCommand:
			other = &ResumeCommand{}
		case *EnterCommand:
			other = &EnterCommand{}
		case *LeaveCommand:
			other = &LeaveCommand{}
		case *CloseCommand:
			other = &CloseCommand{}
		}
		if err := json.Unmarshal(in, other); err != nil {
			t.Fatalf("encoding/json does not take it: %v", err)
		}
		if a, b := mustJSON(t, c), mustJSON(t, other); a != b {
			t.Fatalf("Decode: %s\njson:   %s", a, b)
		}
	})
}

func mustJSON(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
