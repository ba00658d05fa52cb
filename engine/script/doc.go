// Package script is the scenario language: a run as text. Lesson blocks, share links, tests, the command line and the
// console of the page all speak it, and a line of it is one action.
//
//	client 192.0.2.1:54321 isn 100 profile linux
//	server 192.0.2.2:80 isn 300
//	delay 50ms
//	server listen backlog 4
//	client connect
//	step until SYN-ACK sent
//	drop SYN-ACK
//	expect server SYN-RECEIVED
//
// [Parse] reads a text and finds everything that is wrong with it, [Format] writes the one text of a run, [Run] does what
// a text says. [ParseAction] and [FormatAction] do it for one line, [ParseCond] and [FormatCond] for a condition. Each code
// of a diagnostic stands with an example in [Codes].
//
// # Lines
//
// A line is a verb and what belongs to it. Keywords may be in capitals or not. A # begins a comment at the start of a line
// and behind a blank, unless a digit follows: #5 is a segment. Blank lines mean nothing. Columns of diagnostics count code
// points (package diag). A text has at most 256 KiB and 5000 lines, a line 16 KiB.
//
// # The two hosts
//
// Lines of the set-up stand before the first action. What is not set has a default: the hosts of [DefaultSetup], the profile
// rfc9293, initial sequence numbers drawn from the seed.
//
//	client 192.0.2.1:54321              # its address, and the port that it connects from
//	server 192.0.2.2:80                 # its address, and the port that it listens on
//	client [2001:db8::1]:52431          # with one of IPv6 the other host has one too
//	client isn 100                      # the initial sequence number of its first connection
//	server isn 300,400                  # of its first and its second; those after are generated
//	client isn counter                  # how they are made: keyed (the default), counter, clock
//	client isn 300,counter              # the first one, and how those after it are made
//	client profile linux                # rfc9293, linux (6.18) or linux-classic (before 6.5)
//	client mss 1400                     # the MSS that it announces
//	client window 4096                  # its receive buffer
//	client wscale 7                     # the window scale that it offers, 0 to 14
//	client wscale off
//	client sack on                      # whether it offers SACK
//	client timestamps off               # whether it offers timestamps
//	client rto 500ms                    # its first retransmission timeout
//	client syn-retries 2                # how often it sends a SYN again
//	client syn-linear 0                 # how many of these before the timeout doubles
//	server synack-retries 2             # how often it sends a SYN-ACK again
//	client retries 5                    # how often it sends text again
//	client orphan-retries 2             # likewise when the application has closed
//	client fin-timeout 5s               # how long it waits in FIN-WAIT-2 when the application has closed
//	client uto 5min                     # the user timeout that it tells the other (RFC 5482)
//	client rfc1337 on                   # an RST does not end TIME-WAIT
//	server max-syn-backlog 16           # without SYN cookies the last quarter of so many is kept free
//	server fastopen 3                   # Fast Open: 1 as a client, 2 as a server, 4 without a cookie, added up
//	client fastopen-pause 60min          # how long it leaves Fast Open alone when it has failed
//	server broken two-way-handshake     # a protection that it lacks on purpose, or several: no-rst,no-time-wait (package tcp)
//	server 192.0.2.2:80 isn 300 mss 536 # any of them on one line
//
// # The path
//
//	delay 50ms                          # one way, both ways the same
//	delay 50ms 80ms                     # to the server, to the client
//	jitter 5ms                          # each segment takes up to this much longer
//	loss 10%                            # the chance that a segment is lost
//	loss 10% 0%                         # on the way to the server, to the client
//	reorder 5% 20ms                     # the chance that a segment is held up for so long
//	duplicate 0.5%                      # the chance that it arrives twice
//	seed 7                              # what chance is drawn from
//	rule drop 1st SYN-ACK               # the first SYN-ACK that is sent is lost
//	rule drop every segment from client
//	rule delay 2nd ACK from server 200ms
//	rule duplicate every SYN after 10ms
//
// Half way between the hosts stand boxes, from the client to the server in the order of their lines. Each has the address
// 203.0.113.N or 2001:db8:113::N, where N is its number.
//
//	mtu 1400                            # a link that takes packets of 1400 bytes, whose router says so by ICMP
//	mtu 1400 silent                     # one whose router does not: a black hole
//	box firewall drop port 80           # what goes to port 80 vanishes
//	box firewall drop SYN from server   # all SYNs of the server
//	box firewall drop ICMP              # all ICMP errors
//	box firewall reject RST port 80     # answered with RST in the name of the other end
//	box firewall reject port-unreachable port 80
//	box firewall reject admin-prohibited SYN from client
//	box nat timeout 60s                 # the client behind a NAT that forgets a silent connection after 60 s
//	box strip sack,timestamps           # options are overwritten: mss, sack, timestamps, wscale, fastopen
//	box shift-seq 1000                  # the client's sequence numbers are moved
//	box shift-seq 1000 sack off         # and in SACK blocks not moved back
//	box syn-proxy                       # the box makes the handshake in the place of the server
//	box syn-proxy isn 700               # and begins with this number
//
// ICMP errors are net-unreachable, host-unreachable, protocol-unreachable, port-unreachable, too-big, admin-prohibited and
// time-exceeded.
//
// # Words beside the run
//
//	title When the SYN-ACK is lost
//	note The server does not know that its answer never came.
//	start                               # ends the set-up: a rule behind it is an action
//
// # Socket calls
//
//	server listen                       # backlog 128
//	server listen backlog 4
//	client connect                      # to the other host
//	server connect                      # with client connect: a simultaneous open
//	client connect to 192.0.2.2:81 from 1024
//	client connect fastopen "GET /"     # with the SYN if the server gave a cookie before, else behind the handshake
//	server set fastopen 16              # Fast Open for up to 16 connections at once that wait for their ACK
//	client set user-timeout 20s         # how long text may stay unacknowledged
//	client set keepalive 2min 75s 9     # probe after so long, that often, so many times; or off
//	client set nodelay on               # small segments do not wait
//	server set fastopen-key 7           # cookies that were given before are bad from now on
//	server set defer-accept 5s          # hear of a connection only when there is something to read, for so long
//	server accept
//	client send 18                      # 18 bytes of the alphabet
//	client send "GET /\r\n"
//	server send "hello" conn 2          # on the host's second connection rather than the newest
//	server recv                         # read all that has arrived
//	server recv 100 conn 1
//	client shutdown                     # send no more, but go on reading
//	client close
//	client abort                        # an RST, and nothing more
//
// A call that names no descriptor fails, and changes nothing, where it cannot be made at once. As a program sees it, calls are made on
// descriptors: one that cannot be made at once waits, or with nonblock returns EAGAIN or EINPROGRESS, and a failure is a result.
//
//	client socket                       # the first is 3; with nonblock none of its calls waits
//	client bind 5000 fd 3
//	client set reuseaddr on fd 3
//	client connect fd 3                 # returns when the connection is ESTABLISHED, or with an error
//	client connect nonblock fd 3        # returns EINPROGRESS
//	client connect unspec fd 3          # to no address: the connection is aborted, and the descriptor is as new
//	client get error fd 3               # SO_ERROR
//	client set nonblock on fd 3         # from now on
//	client set sndbuf 20000 fd 3        # how much text waits to be acknowledged, Linux doubles it
//	client set notsent 8000 fd 3        # how much of it may wait to be sent
//	client set rcvbuf 20000 fd 3        # likewise what waits to be read, before connect or listen
//	client set maxseg 1000 fd 3         # largest segment
//	client set syncnt 2 fd 3            # how often the SYN is sent again
//	client set linger2 5s fd 3          # how long FIN-WAIT-2 is after close
//	client set linger on fd 3           # close aborts the connection
//	client set fastopen-connect on fd 3 # connect leaves the SYN to the first send
//	client set local-ports 5000 5003 fd 3
//	server accept fd 3                  # returns the descriptor of the connection
//	client send "hello" fd 3
//	server recv nonblock fd 4
//	server recv 100 peek fd 4           # leaves them unread
//	server recv 100 waitall fd 4        # returns when there are so many
//	client shutdown read fd 3           # read no more; or both
//	client close fd 3
//
// # Time
//
//	step                                # the next thing that is due: an arrival, a loss, a timer
//	step 3
//	step until SYN-ACK sent             # a new one; see package engine for what is waited for
//	step until quiet
//	wait 50ms                           # 20us, 50ms, 1.5s, 2min
//
// # The learner's hand
//
// A segment is named by its number, by its kind (the newest of that kind on the wire), or as the nth of its kind that ever
// came on the wire.
//
//	drop SYN-ACK
//	drop SYN-ACK#2
//	drop #5
//	delay SYN-ACK 200ms                 # it arrives 200 ms later than it would
//	hold SYN                            # it stays where it is
//	release SYN                         # it goes on
//	duplicate SYN                       # a copy arrives right behind it
//	duplicate SYN after 10ms
//	edit SYN-ACK ack=305
//	edit #3 seq=5 ack=305 flags=SYN,ACK window=0 urgent=7 ttl=1
//	edit ACK sport=1 dport=2 src=203.0.113.5 dst=203.0.113.6
//	edit SYN options="mss 1460,nop,wscale 7" payload="GET /"
//	edit SYN options="raw 02ff"         # any bytes, broken ones too
//	edit SYN offset=15 reserved=15      # offset=right undoes it
//	edit SYN seq=5 checksum=keep        # the checksum of before, now wrong
//	edit SYN checksum=0xffff            # without one the checksum is computed
//	forge to server SYN seq=90          # a segment that nobody sent; it comes from the other host's address
//	forge to client RST-ACK seq=0 ack=101 window=0
//	forge to client ICMP port-unreachable SYN seq=100 # an error about a segment that the client is said to have sent
//	forge to client ICMP too-big 600 ACK seq=101
//	drop ICMP                           # an ICMP error is named like a kind of segment; an edit changes what it quotes
//	rule drop 1st SYN-ACK               # behind the first action: the path changes from now on
//	unrule 1                            # takes the first rule away
//	box nat timeout 60s                 # a box, or an mtu line, behind those that are there; it meets what is not half way yet
//	unbox 1                             # takes box number 1 away; the others keep their numbers
//
// # Expectations
//
// An expectation must hold where it stands; it changes nothing. Conditions are the same here, behind "step until", and in
// the goals of challenges.
//
//	expect SYN-ACK sent                 # sent, arrived or lost: at least once so far
//	expect 2nd SYN-ACK arrived          # the second one that was sent
//	expect #5 lost
//	expect ICMP arrived
//	expect lost SYN-ACK >= 2            # >=, = or <=
//	expect sent RST = 0
//	expect client ESTABLISHED           # the state of one of its connections
//	expect server LISTEN
//	expect client told connected        # what its application was told
//	expect client told ECONNREFUSED
//	expect server told readable >= 2    # >=, = or <=
//	expect server sent SYN-ACK again    # by a timer
//	expect quiet                        # nothing is due any more
//	expect not server ESTABLISHED
package script
