package search

import "github.com/handshakelab/lab/engine/tcp"

// An Example is a problem that shows what a protection is for.
type Example struct {
	Broken tcp.Broken // the protection that is missing
	Text   string     // a scenario for Parse
	Limits Limits     // in which something goes wrong without the protection and nothing goes wrong with it
}

// ExampleOf returns the example of a missing protection.
func ExampleOf(b tcp.Broken) (Example, bool) {
	for _, e := range examples {
		if e.Broken == b {
			return e, true
		}
	}
	return Example{}, false
}

// Examples returns an example of each protection that can be missing.
func Examples() []Example { return examples }

var examples = []Example{
	{tcp.TwoWayHandshake, `title Why three: in two steps the server believes an old SYN
client 192.0.2.1:40001 isn 100
server 192.0.2.2:80 isn 300,400 broken two-way-handshake
delay 10ms
server listen
client connect
client send "pay 5"
client close
server recv
server recv
server close
`, Limits{Copies: 1}},
	{tcp.FixedISN, `title The same initial number again: old text fits into a new connection
client 192.0.2.1:40001 broken fixed-isn
server 192.0.2.2:80 isn 300,400
delay 10ms
server listen
client connect
client send "pay 5"
client abort
client connect
`, Limits{Want: OldText, Timers: -1}},
	{tcp.NoSynSentCheck, `title Any ACK opens: the client takes an old SYN-ACK for the answer to its SYN
client 192.0.2.1:40001 isn 100,200 broken no-syn-sent-check
server 192.0.2.2:80 isn 300
delay 10ms
server listen
server accept
server send "hello"
client connect
client abort
client connect
`, Limits{}},
	{tcp.NoSynReceivedCheck, `title Any ACK opens: an old SYN and old text make an order twice
client 192.0.2.1:40001 isn 100
server 192.0.2.2:80 isn 300,400 broken no-syn-received-check
delay 10ms
server listen
client connect
client send "pay 5"
server recv
server abort
`, Limits{}},
	{tcp.NoTimeWait, `title No TIME-WAIT: old text fits into the next connection between the same ports
client 192.0.2.1:40001 isn 100,97 broken no-time-wait
server 192.0.2.2:80 isn 300,400
delay 10ms
server listen
client connect
client send "old"
client close
client connect from 40001
client send "new"
server recv
server recv
server close
`, Limits{Copies: 1, Drops: -1, Timers: -1}},
	{tcp.NoRST, `title No RST: the server does not hear that the client has left
client 192.0.2.1:40001 isn 100 broken no-rst
server 192.0.2.2:80 isn 300
delay 10ms
server listen
client connect
client abort
`, Limits{}},
	{tcp.NoRSTCheck, `title Any RST is believed: an old one ends a new connection
client 192.0.2.1:40001 isn 100,200
server 192.0.2.2:80 isn 300,400 broken no-rst-check
delay 10ms
server listen
client connect
client abort
client connect
`, Limits{}},
	{tcp.NoWindowCheck, `title Any number is taken: what comes twice is read twice
client 192.0.2.1:40001 isn 100
server 192.0.2.2:80 isn 300 broken no-window-check
delay 10ms
server listen
client connect
client send "pay 5"
`, Limits{}},
}
