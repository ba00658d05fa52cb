package lessons

import (
	"fmt"
	"strings"
	"testing"
)

// markedSim is a lesson whose SYN is lost twice: it is sent at 0 s, 1 s and 3 s.
const markedSim = "```tcpsim {#lost}\nclient 192.0.2.10:52431 isn 300\nserver 198.51.100.20:80 isn 5000\ndelay 50ms\nclient rto 1s\nserver listen\nclient connect\ndrop SYN\nstep until SYN#2 sent\ndrop SYN#2\nstep until quiet\n```\n\n"

func TestMarkedNumbers(t *testing.T) {
	right := []string{
		"after 3 s{run: #lost time of SYN#3 sent}",
		"after 3 s{run: #lost\ntime of SYN#3\nsent}",
		"after 3,000 ms{run: #lost time of SYN#3 sent}",
		"after three seconds{run: #lost time of SYN#3 sent}",
		"a **3-second**{run: #lost time of SYN#3 sent} wait",
		"at 3.1 s{run: #lost time of ACK sent}, or 3 s{run: #lost time of ACK sent} or so",
		"2 s{run: #lost time from SYN#2 to SYN#3 sent}",
		"3.1 s{run:\n#lost duration of client connect}",
		"> quoted, it takes 3.1 s{run:\n> #lost duration of\n> client connect}",
		"three{run: #lost count of SYN} of them, 2{run: #lost count of SYN lost} lost, one{run: #lost count of SYN arrived from client}",
		"`ack 301`{run: #lost ack of SYN-ACK}, and 301{run: #lost ack of SYN-ACK}",
		"a `SYN-ACK`{run: #lost flags of next from server} comes",
		"in `SYN-SENT`{run: #lost state of client at 1s}, and ESTABLISHED{run: #lost state of server}",
		"2 s{run: #lost rto of client at 1500ms}, and in the end 4 s{run: #lost rto of client}",
		"2{run: #lost counter client TCPSynRetrans}{run: #lost counter client TcpExtTCPSynRetrans}",
		"| a | b |\n|---|---|\n| SYN | 300{run: #lost seq of SYN#3} |",
		"`{run: #lost}` in backquotes is code.",
	}
	for _, text := range right {
		l := one(t, markedSim+text+"\n")
		if out := html(l); strings.Contains(out, "#lost") && !strings.Contains(out, "<code>{run: #lost}</code>") {
			t.Errorf("%q is shown as %s", text, out)
		}
	}
	wrong := []struct{ text, code, says string }{
		{"after 2 s{run: #lost time of SYN#3 sent}", "number-differs", "the text says 2 s, and in #lost time of SYN#3 sent is 3,000 ms"},
		{"at 3.0 s{run: #lost time of ACK sent}", "number-differs", "3.0 s"},
		{"two seconds{run: #lost time of SYN#3 sent}", "number-differs", "two seconds"},
		{"two{run: #lost count of SYN}", "number-differs", "is 3"},
		{"ack 300{run: #lost ack of SYN-ACK}", "number-differs", "is 301"},
		{"`SYN`{run: #lost flags of SYN-ACK}", "number-differs", "is SYN-ACK"},
		{"`LISTEN`{run: #lost state of server}", "number-differs", "is ESTABLISHED"},
		{"after 3{run: #lost time of SYN#3 sent}", "run-mark", "stands no time"},
		{"after 3 s {run: #lost time of SYN#3 sent}", "run-mark", "stands no time"},
		{"{run: #lost time of SYN#3 sent}", "run-mark", "stands no time"},
		{"3 s{run: lost time of SYN#3 sent}", "run-mark", "which simulator"},
		{"3 s{run: #last time of SYN#3 sent}", "run-mark", "no simulator #last"},
		{"3 s{run: #lost tine of SYN#3 sent}", "run-mark", "tine"},
		{"3 s{run: #lost time of SYN#9 sent}", "run-mark", "never happens"},
		{"3 s{run: #lost time of SYN#3 sent", "run-mark", "not closed"},
		{"3 s{run #lost time of SYN#3 sent}", "run-mark", "not how a mark begins"},
		{"3 s{ run: #lost time of SYN#3 sent}", "run-mark", "not how a mark begins"},
		{"3{run: #lost counter server Overflows}", "run-mark", "no counter"},
		{"3{run: #lost counter router ListenOverflows}", "run-mark", "client or of the server"},
		{"3{run: #lost count of SYN#2}", "run-mark", "only a kind"},
		{"3{run: #lost mss of RST}", "run-mark", "never happens"},
		{"3{run: #lost mss of ACK}", "run-mark", "does not say its mss"},
		{"3 s{run: #lost duration of client shutdown}", "run-mark", "never calls"},
		{"1 s{run: #lost rto of client at 1500ms}", "number-differs", "is 2,000 ms"},
		{"1 s{run: #lost rto of server at 1ms}", "run-mark", "no connection then"},
		{"1 s{run: #lost rto client}", "run-mark", "the word of"},
		{"1 s{run: #lost rto of router}", "run-mark", "the server's"},
		{"3 s{run: #lost time of SYN sent now}", "run-mark", "too much"},
	}
	for i, test := range wrong {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			list := Check(exampleFolder(markedSim + test.text + "\n"))
			if len(list) != 1 || list[0].Code != test.code || !strings.Contains(list[0].Message, test.says) {
				t.Errorf("%q has the faults\n%swant %s with %q", test.text, list, test.code, test.says)
			}
		})
	}
}

func TestNumbersOfLanguages(t *testing.T) {
	three := quantity{kind: "time", t: 3050 * 1000}
	for _, test := range []struct {
		text, lang string
		ok         bool
	}{
		{"3.05 s", "en", true}, {"3,05 s", "de", true}, {"3,050 ms", "en", true}, {"3.050 ms", "de", true}, {"3.050 ms", "es", true},
		{"3\u00a0050\u00a0ms", "es", true}, {"3,05 Sekunden", "de", true}, {"3,05 segundos", "es", true},
		{"3,050 ms", "de", false}, {"3.050 ms", "en", false}, {"drei Sekunden", "de", true}, {"vier Sekunden", "de", false},
	} {
		said, found := three.in(test.text, test.lang)
		if (found && said == "") != test.ok {
			t.Errorf("%q in %s: said %q, found %v", test.text, test.lang, said, found)
		}
	}
}

func TestABlockOfNoKnownKindIsAFault(t *testing.T) {
	for _, info := range []string{"tcpsin {#a}", "diagram {#a}", "sim {#a title=\"b\"}"} {
		list := Check(exampleFolder("```" + info + "\nx\n```\n"))
		if len(list) != 1 || list[0].Code != "unknown-block" || list[0].Hint == "" {
			t.Errorf("%q has the faults\n%s", info, list)
		}
	}
	for _, info := range []string{"", "go", "css {x}"} {
		if list := Check(exampleFolder("```" + info + "\na {#b}\n```\n")); len(list) != 0 {
			t.Errorf("%q has the faults\n%s", info, list)
		}
	}
}
