package lessons

import (
	"fmt"
	"strings"
	"testing"
)

// The engine's answers to the questions of the course, worked out by hand here.
func TestAnswersOfTheCourse(t *testing.T) {
	want := map[string]string{
		"why-a-handshake#stranger": "RST",    // 9293:3.10.7.1
		"why-a-handshake#not-yet":  "RST",    // 251 acknowledges nothing that was sent: 9293:3.10.7.4, fifth
		"why-a-handshake#back-to":  "LISTEN", // 9293:3.10.7.4, second

		"three-segments#server-state":    "SYN-RECEIVED", // until the ACK is there, at 150 ms
		"three-segments#lost-ack":        "SYN-ACK",      // RFC 6298 section 5.4
		"three-segments#lost-ack-client": "ESTABLISHED",  // since 100 ms

		"sequence-numbers#ack-of-data":        "1101",       // 1001 + 100
		"sequence-numbers#isn-a-second-later": "1288020464", // 1287770464 + 1 s / 4 µs
		"sequence-numbers#wrapped-ack":        "0",          // 4294967295 + 1 modulo 2^32

		"state-machine#accept":      "ESTABLISHED", // accept() is no part of the handshake
		"state-machine#half-closed": "CLOSE-WAIT",
		"state-machine#who-waits":   "TIME-WAIT", // it was the first to close

		"tcpdump-and-ss#plain-ack": "2435987032", // 2435987031 + 1

		"agreed-in-the-syn#client-piece": "2449", // 1001 + 1460 - 12
		"agreed-in-the-syn#server-piece": "6289", // 5001 + 1300 - 12
		"agreed-in-the-syn#no-mss":       "1537", // 1001 + 536
		"agreed-in-the-syn#tiny-window":  "1165", // 1101 + 64

		"lost-segments#third":     "3.05s",       // 50 ms + 1 s + 2 s
		"lost-segments#heals":     "ACK",         // of the text, whose own ACK has opened the server
		"lost-segments#alone":     "ESTABLISHED", // it waits for nothing
		"lost-segments#end-of-it": "131s",        // 67 s + 64 s
		"lost-segments#classic":   "63s",         // 1 + 2 + 4 + 8 + 16 + 32
		"lost-segments#letter":    "ETIMEDOUT",
		"lost-segments#linear":    "3s", // tcp_syn_linear_timeouts 4

		"refused#no-listener":      "RST-ACK", // 9293:3.10.7.1
		"refused#which-error":      "ECONNREFUSED",
		"refused#dropped":          "ETIMEDOUT",
		"refused#rejected":         "ECONNREFUSED",
		"refused#prohibited":       "EHOSTUNREACH", // type 3 code 13, on Linux
		"refused#soft-state":       "SYN-SENT",     // 9293:3.9.2.2
		"forged-segments#outside":  "ESTABLISHED",  // 50 lies outside the window: 9293:3.10.7.4, first
		"forged-segments#inside":   "ACK",          // a challenge: 5961:3.2
		"forged-segments#bytes":    "1019",         // 1001 + 18, and nothing of what acknowledges 3,000,000,000
		"forged-segments#next-isn": "64001",        // 1 + 64,000

		"queues-and-cookies#no-room":        "SYN-ACK",    // its timer
		"queues-and-cookies#when-in":        "67.3s",      // the eleventh SYN, 1 + 1 + 1 + 1 + 1 + 2 + 4 + 8 + 16 + 32 s after 200 ms, and 100 ms
		"queues-and-cookies#cookie-of-1300": "1400586798", // 1400586800 for an MSS of 1460, number 3; 1300 is number 1
		"queues-and-cookies#mute-server":    "LISTEN",     // nothing was kept

		"strange-openings#old-answer":   "SYN-ACK",      // 9293:3.10.7.2
		"strange-openings#old-refused":  "RST",          // 9293:3.10.7.3, first
		"strange-openings#both-state":   "SYN-RECEIVED", // 9293:3.5, figure 7
		"strange-openings#both-seq":     "100",
		"strange-openings#crash-answer": "ACK", // 5961:4.2
		"strange-openings#crash-rst":    "100", // SEG.ACK: 9293:3.10.7.3, first

		"latency#first-byte": "200ms",        // two round trips
		"latency#lost-syn":   "1.1s",         // 1 s and a round trip
		"latency#tls-answer": "300ms",        // three round trips
		"latency#fast-state": "SYN-RECEIVED", // RFC 7413 section 4.2

		"saying-goodbye#after-fin":      "FIN-WAIT-2",
		"saying-goodbye#fin-counts":     "113", // 100 + 12 + 1
		"saying-goodbye#crossing-state": "CLOSING",
		"saying-goodbye#last-ack":       "FIN-ACK",
		"saying-goodbye#unread":         "RST", // 9293:3.6.1

		"dead-peers#two-hours":    "ESTABLISHED",
		"dead-peers#still-trying": "ESTABLISHED", // fifteen retransmissions, 994.65 s
		"dead-peers#probe-seq":    "1000",        // SND.NXT - 1
		"dead-peers#window-probe": "ESTABLISHED", // 9293:3.8.6.1

		"linux-is-not-the-rfc#syn-again":   "108ms", // two ticks of 4 ms after the RST
		"linux-is-not-the-rfc#for-nobody":  "RST",
		"linux-is-not-the-rfc#which-errno": "EPIPE",
		"linux-is-not-the-rfc#no-patience": "CLOSED",  // after 60 s
		"linux-is-not-the-rfc#tw-flags":    "SYN-ACK", // 90000000 is larger than all before
		"linux-is-not-the-rfc#tw-isn":      "70539",   // 5000 + 2 + 65537
		"linux-is-not-the-rfc#syn-fin":     "LISTEN",
	}
	for _, l := range loadCourse(t).Lessons {
		for _, p := range l.Parts {
			if p.Predict == nil {
				continue
			}
			name := l.Slug + "#" + p.Predict.ID
			if p.Predict.key.right != want[name] {
				t.Errorf("the answer to %s is %s, want %s", name, p.Predict.key.right, want[name])
			}
			delete(want, name)
			v := p.Predict.Check(p.Predict.key.right)
			if !v.OK || v.Code != "right" || v.Feedback == "" {
				t.Errorf("%s: the right answer gets %+v", name, v)
			}
			for _, c := range p.Predict.Choices {
				if v := p.Predict.Check(c.Value); v.OK != (c.Value == p.Predict.key.right) || v.Feedback == "" || v.Code == "unreadable" {
					t.Errorf("%s: the choice %s gets %+v", name, c.Value, v)
				}
			}
		}
	}
	for name := range want {
		t.Errorf("there is no prediction %s", name)
	}
}

const (
	plainSetup = "client 192.0.2.10:52431 isn 1000\nserver 198.51.100.20:80 isn 5000\ndelay 50ms\n"
	wrapSetup  = "client 192.0.2.10:52431 isn 4294967295\nserver 198.51.100.20:80 isn 5000\ndelay 50ms\n"
	lostSetup  = "client 192.0.2.10:52431 isn 1000 rto 10s\nserver 198.51.100.20:80 isn 5000\ndelay 50ms\nrule drop 1st SYN-ACK\nrule drop 2nd SYN-ACK\n"
	openIt     = "server listen\nclient connect\nstep until quiet\n"
	sendIt     = openIt + "client send 18\nstep until quiet\n"
)

// What each misconception makes of a run, worked out by hand.
func TestMisconceptions(t *testing.T) {
	tests := []struct{ name, scenario, ask, right, wrong string }{
		{"ack-equals-seq", plainSetup + openIt, "ack of SYN-ACK", "1001", "1000"},
		{"ack-equals-seq", plainSetup + openIt, "ack of ACK", "5001", "5000"},
		{"ack-equals-seq", plainSetup + sendIt, "ack of ACK#3", "1019", "1001"},
		{"syn-not-counted", plainSetup + openIt, "ack of SYN-ACK", "1001", "1000"},
		{"syn-not-counted", plainSetup + openIt, "seq of ACK", "1001", "1000"},
		{"own-number-acknowledged", plainSetup + openIt, "ack of SYN-ACK", "1001", "5001"},
		{"relative-numbers", plainSetup + openIt, "ack of ACK", "5001", "1"},
		{"relative-numbers", plainSetup + openIt, "seq of SYN", "1000", "0"},
		{"no-wrap-around", wrapSetup + openIt, "ack of SYN-ACK", "0", "4294967296"},
		{"no-wrap-around", wrapSetup + openIt, "seq of ACK", "0", "4294967296"},
		{"ack-takes-a-number", plainSetup + sendIt, "seq of ACK#2", "1001", "1002"},
		{"segments-counted", plainSetup + sendIt, "ack of ACK#3", "1019", "1002"},
		{"segments-counted", plainSetup + sendIt + "client send 5\nstep until quiet\n", "seq of ACK#4", "1019", "1002"},
		{"last-byte-acknowledged", plainSetup + sendIt, "ack of ACK#3", "1019", "1018"},
		{"retransmission-takes-next", lostSetup + openIt, "seq of SYN-ACK#2", "5000", "5001"},
		{"syn-without-ack", plainSetup + openIt, "flags of next from server", "SYN-ACK", "SYN"},
		{"ack-without-syn", plainSetup + openIt, "flags of next from server", "SYN-ACK", "ACK"},
		{"syn-again", plainSetup + openIt, "flags of ACK", "ACK", "SYN-ACK"},
		{"rst-on-loss", lostSetup + openIt, "flags of SYN-ACK#2", "SYN-ACK", "RST"},
		{"server-starts-closed", plainSetup + openIt, "state of server at 0ms", "LISTEN", "CLOSED"},
		{"open-too-early", plainSetup + openIt, "state of server after SYN arrived", "SYN-RECEIVED", "ESTABLISHED"},
		{"open-too-late", plainSetup + openIt, "state of client after SYN-ACK arrived", "ESTABLISHED", "SYN-SENT"},
		{"open-too-late", plainSetup + openIt, "state of server", "ESTABLISHED", "SYN-RECEIVED"},
		{"same-state-on-both-sides", plainSetup + openIt, "state of server after SYN-ACK arrived", "SYN-RECEIVED", "ESTABLISHED"},
		{"loss-closes", lostSetup + openIt, "state of client after SYN-ACK#1 lost", "SYN-SENT", "CLOSED"},
		{"timer-not-doubled", lostSetup + openIt, "time of SYN-ACK#3", "3.05s", "2.05s"},
		{"timer-doubled-twice", lostSetup + openIt, "time of SYN-ACK#3", "3.05s", "5.05s"},
		{"timer-from-first-copy", lostSetup + openIt, "time of SYN-ACK#3", "3.05s", "2.05s"},
		{"timer-from-loss", lostSetup + openIt, "time of SYN-ACK#3", "3.05s", "3.09s"},
		{"timer-from-loss", lostSetup + openIt, "time of SYN-ACK#2", "1.05s", "1.09s"},
		{"sent-again-at-once", lostSetup + openIt, "time of SYN-ACK#2", "1.05s", "90ms"},
		{"peers-timer", lostSetup + openIt, "time of SYN-ACK#2", "1.05s", "10s"},
		{"arrives-at-once", plainSetup + openIt, "time of SYN-ACK arrived", "100ms", "50ms"},
		{"refused-by-silence", plainSetup + "rule drop every SYN\nserver listen\nclient connect\nstep until quiet\n", "errno of client", "ETIMEDOUT", "ECONNREFUSED"},
		{"timeout-in-spite-of-answer", plainSetup + "client connect\nstep until quiet\n", "errno of client", "ECONNREFUSED", "ETIMEDOUT"},
		{"reset-before-open", plainSetup + "client connect\nstep until quiet\n", "errno of client", "ECONNREFUSED", "ECONNRESET"},
	}
	const (
		linux   = "client 192.0.2.10:52431 isn 1000 profile linux\nserver 198.51.100.20:80 isn 5000 profile linux\ndelay 50ms\n"
		closing = plainSetup + openIt + "client close\nstep until quiet\n"
	)
	tests = append(tests, []struct{ name, scenario, ask, right, wrong string }{
		{"fin-not-counted", closing, "ack of ACK#2", "1002", "1001"},
		{"fin-not-counted", closing + "server close\nstep until quiet\n", "seq of ACK#3", "1002", "1001"},
		{"syn-data-not-acknowledged", strings.Replace(linux, "5000 profile linux", "5000 profile linux fastopen 3", 1) + "server listen\nserver set fastopen 16\nclient connect fastopen \"GET /1\"\nstep until server told readable\n" +
			"server accept\nserver recv\nclient close\nserver close\nstep until client TIME-WAIT\nclient connect fastopen \"GET /2\"\nstep until server told readable\nstep 4\n", "ack of SYN-ACK#2", "3586416773", "3586416767"},
		{"second-syn-takes-next", plainSetup + "client connect\nserver connect\nstep until quiet\n", "seq of SYN-ACK#1", "1000", "1001"},
		{"probe-takes-next", linux + openIt + "client set keepalive 10s 10s 3\nwait 11s\n", "seq of ACK#2", "1000", "1001"},
		{"reset-behind-fin", linux + openIt + "server close\nstep until quiet\nforge to client RST seq=5002\nstep until quiet\n", "errno of client", "EPIPE", "ECONNRESET"},
		{"refusal-has-a-number", plainSetup + "client connect\nstep until quiet\n", "seq of RST-ACK", "0", "1001"},
		{"syn-window-scaled", linux + openIt, "window of SYN", "64240", "62"},
		{"window-not-scaled", linux + openIt, "window of ACK", "63", "64512"},
		{"options-not-counted", linux + openIt + "client send 3000\nstep until quiet\n", "length of ACK#2", "1448", "1460"},
		{"mss-counts-headers", linux + openIt, "mss of SYN", "1460", "1500"},
		{"mss-counts-headers", linux + openIt + "client send 3000\nstep until quiet\n", "length of ACK#2", "1448", "1408"},
		{"rst-without-ack", plainSetup + "client connect\nstep until quiet\n", "flags of next from server", "RST-ACK", "RST"},
		{"rst-with-ack", plainSetup + "server listen\nforge to server ACK seq=7 ack=9\nstep until quiet\n", "flags of next from server", "RST", "RST-ACK"},
		{"challenge-is-reset", plainSetup + openIt + "forge to server SYN seq=9\nstep until quiet\n", "flags of ACK#2", "ACK", "RST"},
		{"full-queue-resets", plainSetup + openIt, "flags of next from server", "SYN-ACK", "RST"},
		{"fin-without-ack", closing, "flags of FIN-ACK", "FIN-ACK", "FIN"},
		{"reset-closes-listener", plainSetup + "server listen\nforge to server SYN seq=90\nstep until SYN-ACK sent\nforge to server RST seq=91\nstep until quiet\n", "state of server", "LISTEN", "CLOSED"},
		{"close-is-immediate", closing + "server close\nwait 200ms\n", "state of client", "TIME-WAIT", "CLOSED"},
		{"passive-side-waits", closing + "server close\nwait 10ms\n", "state of server", "LAST-ACK", "TIME-WAIT"},
		{"fin-closes-both-ways", closing, "state of server", "CLOSE-WAIT", "CLOSED"},
		{"bsd-connect-timer", linux + "rule drop every SYN\nserver listen\nclient connect\nstep until quiet\n", "time of client told ETIMEDOUT", "131s", "75s"},
		{"three-minutes", linux + "rule drop every SYN\nserver listen\nclient connect\nstep until quiet\n", "time of client told ETIMEDOUT", "131s", "180s"},
		{"doubled-from-the-start", linux + "rule drop every SYN\nserver listen\nclient connect\nstep until quiet\n", "time of client told ETIMEDOUT", "131s", "127s"},
	}...)
	tested := map[string]bool{}
	for _, test := range tests {
		tested[test.name] = true
		t.Run(test.name+"/"+test.ask, func(t *testing.T) {
			p := one(t, fmt.Sprintf("```tcpsim {#sim}\n%s```\n\n```predict {#q of=sim}\nWhat?\n\nask: %s\n%s:\n```\n", test.scenario, test.ask, test.name)).Predict("q")
			if p.key.right != test.right || p.key.wrong[0].value != test.wrong {
				t.Fatalf("right is %s and wrong %s, want %s and %s", p.key.right, p.key.wrong[0].value, test.right, test.wrong)
			}
			if v := p.Check(test.wrong); v.OK || v.Code != test.name || v.Feedback == "" {
				t.Errorf("the wrong answer gets %+v", v)
			}
		})
	}
	for _, m := range Misconceptions() {
		if !tested[m.Name] {
			t.Errorf("the misconception %s is not tested", m.Name)
		}
		if html := (&draft{}).defaultHTML(m.Text); !strings.HasPrefix(html, "<p>") || strings.Contains(html, "raw HTML") {
			t.Errorf("the text of %s becomes %s", m.Name, html)
		}
	}
}

// The engine looks at what would happen if, not only at the run that is on the page.
func TestPredictionsWithActionsLeaveTheScenario(t *testing.T) {
	sim := "```tcpsim {#sim}\n" + plainSetup + sendIt + "```\n\n"
	tests := []struct{ at, do, ask, want string }{
		{"60ms", "do: edit SYN-ACK ack=1000", "flags of next from client", "RST"},
		{"60ms", "do: edit SYN-ACK ack=1000", "seq of next from client", "1000"},
		{"60ms", "do: hold SYN-ACK\ndo: wait 1s\ndo: release SYN-ACK#1", "state of client", "ESTABLISHED"},
		{"10ms", "do: drop SYN", "time of SYN", "1s"},
		{"10ms", "do: drop SYN", "time of ACK arrived", "1.15s"},
		{"100ms", "do: forge to server RST seq=1001", "state of server at 150ms", "LISTEN"},
		{"140ms", "do: client send 5", "ack of next from server", "1006"},
	}
	for _, test := range tests {
		wrong := map[string]string{"flags": "FIN", "state": "FIN-WAIT-1", "seq": "7", "ack": "7", "time": "7ms"}[strings.Fields(test.ask)[0]]
		p := one(t, fmt.Sprintf("%s```predict {#q of=sim at=%s}\nWhat?\n\n%s\nask: %s\nwrong %s: No.\n```\n", sim, test.at, test.do, test.ask, wrong)).Predict("q")
		if p.key.right != test.want {
			t.Errorf("at %s, %s: %s is %s, want %s", test.at, test.do, test.ask, p.key.right, test.want)
		}
		if len(p.Do) == 0 {
			t.Errorf("the page is not told what to do: %+v", p)
		}
	}
}

// What a box sends is there like what a host sends: it has no host to come from, and counts with its kind.
func TestPredictionsAboutBoxes(t *testing.T) {
	refused := plainSetup + "box firewall reject RST port 80\nserver listen\nclient connect\nstep until quiet\n"
	for _, test := range []struct{ at, ask, want, wrong string }{
		{" at=10ms", "flags of next", "RST-ACK", "SYN-ACK"},
		{"", "seq of RST-ACK", "0", "1"},
		{"", "ack of RST-ACK#1", "1001", "1000"},
		{"", "time of RST-ACK arrived", "50ms", "100ms"}, // the box stands half way
	} {
		p := one(t, fmt.Sprintf("```tcpsim {#sim}\n%s```\n\n```predict {#q of=sim%s}\nWhat?\n\nask: %s\nwrong %s: No.\n```\n", refused, test.at, test.ask, test.wrong)).Predict("q")
		if p.key.right != test.want {
			t.Errorf("%s is %s, want %s", test.ask, p.key.right, test.want)
		}
	}
}

func TestTypedAnswersAreReadAsPeopleWriteThem(t *testing.T) {
	p := one(t, "```tcpsim {#sim}\n"+lostSetup+openIt+"```\n\n```predict {#q of=sim input=free}\nWhen?\n\nask: time of SYN-ACK#3\ntimer-not-doubled:\nother: No idea.\n```\n").Predict("q")
	for answer, code := range map[string]string{
		"3050": "right", "3,050 ms": "right", "3.05s": "right", " 3050ms ": "right", "3.05 s": "right",
		"2050": "timer-not-doubled", "4000": "wrong", "soon": "unreadable", "": "unreadable", "-1": "unreadable", strings.Repeat("9", 400): "unreadable",
	} {
		if v := p.Check(answer); v.Code != code || v.OK != (code == "right") || v.Feedback == "" {
			t.Errorf("%q gets %+v, want %s", answer, v, code)
		}
	}
	if len(p.Choices) != 0 || !p.Free {
		t.Errorf("there are choices: %+v", p)
	}
	flags := one(t, exampleSim+"```predict {#q at=0ms}\nWhat?\n\nask: flags of next\nrst-on-loss:\n```\n").Predict("q")
	for answer, ok := range map[string]bool{"SYN-ACK": true, "syn,ack": true, "ACK SYN": true, "SYN": false, "SYNC": false} {
		if v := flags.Check(answer); v.OK != ok {
			t.Errorf("%q gets %+v", answer, v)
		}
	}
}

func TestQuizVerdicts(t *testing.T) {
	q := one(t, "```quiz {#q}\nWhich?\n\n- [x] One\n  > First.\n- [ ] Two\n  > No, not two.\n- [x] Three\n```\n").Quiz("q")
	tests := []struct {
		picked []int
		ok     bool
		code   string
		says   string
	}{
		{[]int{0, 2}, true, "right", "First."},
		{[]int{2}, false, "partly", "not all"},
		{[]int{0, 1, 2}, false, "wrong", "not two"},
		{[]int{1}, false, "wrong", "not two"},
		{nil, false, "unreadable", "Pick"},
		{[]int{7}, false, "unreadable", "no such"},
		{[]int{-1}, false, "unreadable", "no such"},
	}
	for _, test := range tests {
		if v := q.Check(test.picked); v.OK != test.ok || v.Code != test.code || !strings.Contains(v.Feedback, test.says) {
			t.Errorf("%v gets %+v, want %s with %q", test.picked, v, test.code, test.says)
		}
	}
	if q.Kind != Many {
		t.Error("it does not say that there is more than one right option")
	}
}
