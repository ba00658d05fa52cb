package pages

// lines is the scenario language on half a page, for the sandbox; package script has all of it. A test parses each.
var lines = []struct {
	text  string
	means string // key in the catalogue, behind "language."
}{
	{"client 192.0.2.10:52431 isn 1000 profile linux", "client"},
	{"server 198.51.100.20:80 isn 5000 rto 1s", "server"},
	{"delay 50ms", "delay"},
	{"loss 10%", "loss"},
	{"mtu 1400", "mtu"},
	{"box firewall drop port 80", "box"},
	{"rule drop 1st SYN-ACK", "rule"},
	{"server listen backlog 4", "listen"},
	{"client connect", "connect"},
	{"client send 18", "send"},
	{"server accept", "accept"},
	{"step", "step"},
	{"wait 1s", "wait"},
	{"drop SYN-ACK", "drop"},
	{"delay SYN-ACK 200ms", "hold"},
	{"duplicate SYN-ACK after 10ms", "duplicate"},
	{"edit SYN-ACK ack=305 flags=SYN,ACK", "edit"},
	{"forge to server SYN seq=90", "forge"},
	{"expect server SYN-RECEIVED", "expect"},
}
