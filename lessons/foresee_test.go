package lessons

import (
	"errors"
	"testing"
)

func TestForesee(t *testing.T) {
	const opened = "client 192.0.2.10:52431 isn 1000\nserver 192.0.2.1:80 isn 5000\ndelay 50ms\nserver listen\nclient connect\n"
	for _, c := range []struct{ scenario, ask, field, right string }{
		{opened, "flags", "flags", "SYN-ACK"}, // the SYN was sent already
		{opened, "from-client", "flags", "ACK"},
		{opened, "seq", "seq", "5000"},
		{opened, "ack", "ack", "1001"},
		{opened, "server", "state", "SYN-RECEIVED"},
		{opened + "step until SYN-ACK sent\n", "client", "state", "ESTABLISHED"},
		{opened + "step until SYN-ACK sent\ndrop SYN-ACK\n", "flags", "flags", "SYN"}, // sent again
	} {
		got, err := Foresee(c.scenario, c.ask)
		if err != nil || got.Field != c.field {
			t.Errorf("%s: %+v, %v", c.ask, got, err)
			continue
		}
		if want, ok := ReadAnswer(c.field, c.right); !ok || got.Right != want {
			t.Errorf("%s is %q, want %q", c.ask, got.Right, want)
		}
	}
	for _, c := range [][2]string{{opened + "step until quiet\n", "flags"}, {"client 192.0.2.10:1\n", "seq"}, {opened, "weather"}} {
		if got, err := Foresee(c[0], c[1]); !errors.Is(err, ErrNoAnswer) {
			t.Errorf("%s: %+v, %v", c[1], got, err)
		}
	}
	for _, ask := range Asks {
		if _, fault, _ := parseAsk(ask.Ask); fault != "" {
			t.Errorf("%s: %s", ask.Name, fault)
		}
	}
}

func TestReadNumber(t *testing.T) {
	for _, c := range []struct {
		lang, typed, want string
		ok                bool
	}{
		{"en", "1,001", "1001", true}, {"de", "1.001", "1001", true}, {"de", "0,5", "0.5", true}, {"en", "0.50", "0.5", true}, {"en", " 3 s", "3 s", true}, {"en", "many", "", false}, {"en", "", "", false},
	} {
		if got, ok := ReadNumber(c.lang, c.typed); got != c.want || ok != c.ok {
			t.Errorf("%s %q is %q, %v", c.lang, c.typed, got, ok)
		}
	}
}

// A time is read as people write it.
func TestTimesAsTyped(t *testing.T) {
	for typed, want := range map[string]string{
		"131000": "131s", "131 s": "131s", "131,000 ms": "131s", "131 seconds": "131s", "2 min 11 s": "131s", "2m11s": "131s", "131 Sekunden": "131s", "131.": "",
		"": "", "soon": "", "131 bytes": "", "99999999 h": "", "-3 s": "",
	} {
		if got, ok := ReadAnswer("time", typed); ok != (want != "") || ok && got != want {
			t.Errorf("%q is read as %q, %v; want %q", typed, got, ok, want)
		}
	}
}
