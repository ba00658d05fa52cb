package pages

// lines is the scenario language on half a page, for the sandbox; package script has all of it. A test parses each.
var lines = []struct{ text, means string }{
	{"client 192.0.2.10:52431 isn 1000 profile linux", "the client: address and port, then, as you like, its initial sequence numbers, its profile (rfc9293, linux or linux-classic), mss, wscale, sack, timestamps, rto"},
	{"server 198.51.100.20:80 isn 5000 rto 1s", "the server, likewise"},
	{"delay 50ms", "how long a segment travels; two times mean to the server and to the client"},
	{"loss 10%", "chance that a segment is lost; seed 7 chooses another luck"},
	{"mtu 1400", "larger packets do not fit, and ICMP says so; mtu 1400 silent loses them without a word"},
	{"box firewall drop port 80", "something half way along the path: firewall drop or reject, nat timeout 60s, strip sack, shift-seq 1000, syn-proxy"},
	{"rule drop 1st SYN-ACK", "a rule on the wire"},
	{"server listen backlog 4", "a passive open"},
	{"client connect", "an active open"},
	{"client send 18", "18 bytes of data; send \"text\" sends those very bytes"},
	{"server accept", "a socket call, as are recv, shutdown, close and abort; client set keepalive 1s 1s 3 sets an option"},
	{"step", "the next thing that is due happens; step 3, step until SYN-ACK sent"},
	{"wait 1s", "one second passes"},
	{"drop SYN-ACK", "lose the newest SYN-ACK on the wire; #3 names segment 3"},
	{"delay SYN-ACK 200ms", "let it arrive later; hold and release stop it and let it go on"},
	{"duplicate SYN-ACK after 10ms", "a copy arrives later"},
	{"edit SYN-ACK ack=305 flags=SYN,ACK", "change fields of its header; checksum=keep leaves the old one"},
	{"forge to server SYN seq=90", "a segment out of nowhere"},
	{"expect server SYN-RECEIVED", "must hold here"},
}
