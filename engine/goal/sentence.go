package goal

import (
	"strconv"

	"github.com/handshakelab/lab/engine"
	"github.com/handshakelab/lab/engine/network"
	"github.com/handshakelab/lab/engine/tcp"
)

// Sentence returns a condition as a sentence without a full stop, for people who do not know the scenario language: "the
// server is in ESTABLISHED", "at least 2 SYN-ACKs are lost".
func Sentence(c engine.Cond) string {
	is, does := "is", ""
	if c.Not {
		is, does = "is not", "does not "
	}
	switch c.Kind {
	case engine.InState:
		return "the " + c.Host.String() + " " + is + " in " + c.State.String()
	case engine.WasTold:
		what := c.Errno.String()
		if c.Errno == tcp.OK {
			what = map[tcp.Notice]string{tcp.Connected: "that it is connected", tcp.Acceptable: "that a connection waits to be accepted",
				tcp.Accepted: "which connection it accepted", tcp.Readable: "that there is data to read", tcp.PeerClosed: "that the other side has closed"}[c.Notice]
		}
		return "the application on the " + c.Host.String() + " " + is + " told " + what + howOften(c)
	case engine.Quiet:
		if c.Not {
			return "something is still due"
		}
		return "nothing is due any more"
	case engine.RetransmitOf:
		verb := "sends"
		if c.Not {
			verb = does + "send"
		}
		return "the " + c.Host.String() + " " + verb + " " + article(c.Seg.Flags.Kind()) + " again"
	case engine.Happened:
		return happened(c)
	}
	return c.String()
}

// howOften returns "", or " at least 2 times".
func howOften(c engine.Cond) string {
	if c.Cmp == 0 {
		return ""
	}
	return " " + bounds[c.Cmp] + amount(c.Count, "time")
}

var bounds = map[engine.Cmp]string{engine.AtLeast: "at least ", engine.Exactly: "exactly ", engine.AtMost: "at most "}

func happened(c engine.Cond) string {
	// "is sent", "arrives", "is lost", for one and for many.
	one, many := "is lost", "are lost"
	switch c.What {
	case engine.WasSent:
		one, many = "is sent", "are sent"
	case engine.HasArrived:
		one, many = "arrives", "arrive"
	}
	kind := c.Seg.Flags.Kind()
	not := ""
	if c.Not {
		not = "it is not so that "
	}
	switch {
	case c.Seg.ID != 0:
		return not + "segment " + c.Seg.ID.String() + " " + one
	case c.Seg.Nth != 0:
		return not + "the " + network.Ordinal(c.Seg.Nth) + " " + kind + " " + one
	case c.Cmp == engine.AtLeast && c.Count <= 1:
		if c.Not {
			return "no " + kind + " " + one
		}
		return article(kind) + " " + one
	case c.Count == 0: // = 0 and <= 0
		if c.Not {
			return article(kind) + " " + one
		}
		return "no " + kind + " " + one
	}
	if c.Count == 1 {
		many = one
	}
	return not + bounds[c.Cmp] + amount(c.Count, kind) + " " + many
}

// article returns "a SYN-ACK", "an RST" (people say the letters: a SYN, an ACK, an RST, a FIN).
func article(kind string) string {
	switch kind[0] {
	case 'A', 'R', 'E':
		return "an " + kind
	}
	if kind == "none" {
		return "a segment without flags"
	}
	return "a " + kind
}

func amount(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return strconv.Itoa(n) + " " + what + "s"
}
