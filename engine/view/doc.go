// Package view shows an instant of a run as the tools of a host would show it: tcpdump, ss, /proc/net/tcp and nstat, in the
// bytes that they print.
//
// # Usage
//
//	v := view.At(&world, events)          // the world and all the events that led to it
//	fmt.Print(v.SS(engine.Server))        // ss -tan
//	fmt.Print(v.SSInfo(engine.Server))    // ss -tin
//	fmt.Print(v.ProcTCP(engine.Server))   // cat /proc/net/tcp
//	fmt.Print(v.Nstat(engine.Server))     // nstat -a
//	fmt.Print(view.Tcpdump(events, view.AtServer, true))
//
// [AtNode] does it for a node of a timeline, [Tcpdump] prints the lines of tcpdump. Nothing here keeps anything: a view is a
// function of the run. What a connection record does not hold, such as how many segments went out, is folded from the events.
//
// # What is imitated
//
// ss and nstat are those of iproute2 6.1, printing into a pipe: columns are as wide as what is in them, and lines have the
// blanks at their ends that ss leaves there. /proc/net/tcp is that of Linux 6.18. Hosts that follow the profile rfc9293
// are shown by the same tools. Sockets are listed as the kernel lists them, the listener first, then the connections by
// age, where the kernel has the order of its hash table.
//
// # Held to the truth
//
// TestTraces compares all counters with those of a real kernel at the end of each recorded scenario. TestLinux compares ss and
// /proc/net/tcp, stage by stage, with what they printed on Linux 6.18 while the same was done there, TestRates does so for the rates
// over a path with a delay, and TestICMPCounters for the counters of ICMP and IPv6; TestRealSS lays out anew what the ss of the
// machine prints.
//
// # Limitations
//
// What a kernel knows of itself and the engine does not have is left out, as the tools leave out what is zero. Of "ss -i" that is:
// rcv_rtt and rcv_ssthresh, and rcv_space once the application has read more than the kernel begins with, because the kernel's
// buffer grows by how much memory its packets take, and the engine's does not grow; rwnd_limited and sndbuf_limited, because which
// of its limits held text back the kernel asks itself at moments that are no events here; reordering and reord_seen, because the
// engine does not estimate it; qack, and what ss asks other options for. Of nstat it is every counter that is no
// [Counter]: those of the receive path (TCPHPHits), of memory, of packets that the network card cuts or joins. TcpCurrEstab goes up
// and down, so nstat never prints it; [View.CurrEstab] tells it.
//
// Rates are those of a socket that is never held back by its own host: what it sends leaves at once.
//
// The congestion control is called reno, which is what the engine's is (package tcp), though the default of Linux is
// cubic. Timeouts are rounded up to the kernel's clock of 4 ms. What was last sent or heard before anything was is as long
// ago as the run has lasted, as if the host had been started with it. Inode numbers are made up: they count from 10001. The
// addresses of sockets are all zero, as for readers who may not see them, and a timer that was stopped holds no reference.
package view
