package search

import "github.com/handshakelab/lab/engine/tcp"

// Example returns a scenario to search for what a missing protection leads to.
func Example(b tcp.Broken) (string, bool) {
	text, ok := examples[b]
	return text, ok
}

var examples = map[tcp.Broken]string{
	tcp.TwoWayHandshake: `title Two-way handshake: an old SYN connects the server to nothing
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
`,
	tcp.FixedISN: `title The same initial number again: old text fits into a new connection
client 192.0.2.1:40001 broken fixed-isn
server 192.0.2.2:80 isn 300,400
delay 10ms
server listen
client connect
client send "old"
client abort
client connect
`,
	tcp.NoSynSentCheck: `title Any ACK will do: an old SYN-ACK opens a new connection
client 192.0.2.1:40001 isn 100,200 broken no-syn-sent-check
server 192.0.2.2:80 isn 300,400
delay 10ms
server listen
server accept
server send "old"
client connect
client abort
client connect
`,
	tcp.NoSynReceivedCheck: `title Any ACK will do: an old SYN and an old ACK connect the server to nothing
client 192.0.2.1:40001 isn 100
server 192.0.2.2:80 isn 300,400 broken no-syn-received-check
delay 10ms
server listen
client connect
client send "pay 5"
client abort
`,
	tcp.NoTimeWait: `title No TIME-WAIT: text of the connection before is taken for new
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
`,
	tcp.NoRST: `title No RST: the server does not hear that the client has left
client 192.0.2.1:40001 isn 100 broken no-rst
server 192.0.2.2:80 isn 300
delay 10ms
server listen
client connect
client abort
`,
	tcp.NoRSTCheck: `title Any RST is believed: an old one ends a new connection
client 192.0.2.1:40001 isn 100,200
server 192.0.2.2:80 isn 300,400 broken no-rst-check
delay 10ms
server listen
client connect
client abort
client connect
`,
	tcp.NoWindowCheck: `title Any number is taken: what comes twice is read twice
client 192.0.2.1:40001 isn 100
server 192.0.2.2:80 isn 300 broken no-window-check
delay 10ms
server listen
client connect
client send "pay 5"
`,
}
