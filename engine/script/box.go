package script

import (
	"fmt"
	"strings"

	"github.com/handshakelab/lab/engine/diag"
	"github.com/handshakelab/lab/engine/network"
	"github.com/handshakelab/lab/engine/wire"
)

// boxNames are the boxes, the MTU apart, which is a line of its own.
var boxNames = []string{"firewall", "nat", "strip", "shift-seq", "syn-proxy"}

// icmpNames are the ICMP errors; those with which a firewall can answer are all but the one about the MTU.
var icmpNames, rejections = func() (all, answers []string) {
	for k := wire.NetUnreachable; k < wire.NumICMPKinds; k++ {
		if all = append(all, k.String()); k != wire.TooBig {
			answers = append(answers, k.String())
		}
	}
	return all, append([]string{"RST"}, answers...)
}()

// optionSynonyms are the names that options have elsewhere.
var optionSynonyms = map[string]string{"ts": "timestamps", "timestamp": "timestamps", "ws": "wscale", "sackok": "sack", "fo": "fastopen", "tfo": "fastopen"}

// mtu reads "1400" or "1400 silent" behind "mtu".
func (s *parser) mtu() network.Box {
	b := network.Box{Kind: network.Narrow}
	if t, ok := s.want("a number of bytes"); ok {
		n, _ := s.number(t.whole(), "an MTU", network.MinMTU, 65535)
		b.MTU = uint16(n)
	}
	b.Silent = s.take("silent")
	return b
}

// pathBox reads what follows "box", or "mtu"; ok is false when it is no box.
func (s *parser) pathBox(name token) (b network.Box, ok bool) {
	if name.lower() == "mtu" {
		return s.mtu(), true
	}
	t, ok := s.want("one of " + strings.Join(boxNames, ", "))
	if !ok {
		return b, false
	}
	switch t.lower() {
	case "firewall":
		b = s.firewall()
	case "nat":
		b.Kind = network.NAT
		if s.word("timeout") {
			if t, ok := s.want("a time"); ok {
				b.Timeout, _ = s.time(t.whole(), "the timeout of a NAT", 1, network.MaxNATTimeout)
			}
		}
	case "strip":
		b.Kind = network.Strip
		b.Options = s.optionSet()
	case "shift-seq":
		b.Kind = network.ShiftSeq
		if t, ok := s.want("a number"); ok {
			n, _ := s.number(t.whole(), "what is added to sequence numbers", 0, 1<<32-1)
			b.By = uint32(n)
		}
		if s.take("sack") {
			if t, ok := s.want("on or off"); ok {
				on, ok := s.onOff(t.whole(), "sack")
				b.SACKOff = ok && !on
			}
		}
	case "syn-proxy":
		b.Kind = network.SynProxy
		if s.take("isn") {
			if t, ok := s.want("a number"); ok {
				n, _ := s.number(t.whole(), "an ISN", 0, 1<<32-1)
				b.HasISN, b.ISN = true, wire.Seq(n)
			}
		}
	default:
		hint := diag.DidYouMean("the boxes are "+strings.Join(boxNames, ", "), t.text, boxNames...)
		if t.lower() == "mtu" {
			hint = "write it without box: mtu 1400"
		}
		s.reject(t.whole(), "unknown-box", quoted(t.text)+" is no box of the path", hint)
		s.pos = len(s.toks)
		return b, false
	}
	return b, true
}

// word takes a word that must stand here.
func (s *parser) word(word string) bool {
	if s.take(word) {
		return true
	}
	if t, ok := s.at(0); ok {
		s.reject(t.whole(), "unexpected-word", "here must stand "+word+", not "+quoted(t.text), s.write())
		s.pos = len(s.toks)
	} else {
		s.missing(word)
	}
	return false
}

// box reads a box of the set-up.
func (s *setupParser) box(name token) {
	b, ok := s.pathBox(name)
	if !ok {
		return
	}
	s.finish()
	if len(s.setup.Path.Boxes) == network.MaxBoxes {
		s.reject(name.whole(), "too-many", fmt.Sprintf("a path has at most %d boxes, those of mtu lines included", network.MaxBoxes), "")
		return
	}
	if !s.bad {
		s.setup.Path.Boxes = append(s.setup.Path.Boxes, b)
		s.boxLines = append(s.boxLines, s.line)
	}
}

// firewall reads "drop SYN port 80 from client", "reject RST port 80" or "drop ICMP".
func (s *parser) firewall() network.Box {
	b := network.Box{Kind: network.Firewall, Any: true}
	t, ok := s.want("drop or reject")
	if !ok {
		return b
	}
	switch t.lower() {
	case "drop":
	case "reject":
		if t, ok = s.want("one of " + strings.Join(rejections, ", ")); !ok {
			return b
		}
		kind, known := wire.ParseICMPKind(t.lower())
		switch {
		case t.lower() == "rst":
			b.Answer = network.WithRST
		case known && kind != wire.TooBig:
			b.Answer, b.ICMP = network.WithICMP, kind
		default:
			s.reject(t.whole(), "bad-box", "a firewall does not reject with "+quoted(t.text), diag.DidYouMean("it rejects with one of "+strings.Join(rejections, ", "), t.text, rejections...))
			return b
		}
	default:
		s.reject(t.whole(), "bad-box", "a firewall cannot "+quoted(t.text)+": it drops or rejects", diag.DidYouMean("", t.text, "drop", "reject"))
		return b
	}
	if t, ok := s.at(0); ok && t.lower() == "icmp" && b.Answer == network.NoAnswer {
		s.pos++
		b.AboutICMP, b.Any = true, false
	} else if ok && t.lower() != "port" && t.lower() != "from" {
		s.pos++
		b.Flags, b.Any = s.kind(t.whole()), false
	}
	if !b.AboutICMP && s.take("port") {
		if t, ok := s.want("a port"); ok {
			n, _ := s.number(t.whole(), "a port", 1, 65535)
			b.Port = uint16(n)
		}
	}
	if s.take("from") {
		if t, ok := s.want("client or server"); ok {
			id, ok := hostByName(t.lower())
			if !ok {
				s.reject(t.whole(), "unknown-host", quoted(t.text)+" is neither client nor server", diag.DidYouMean("", t.text, "client", "server"))
			}
			b.From = 1 + int8(id)
		}
	}
	return b
}

// optionSet reads "sack,timestamps". A blank may follow a comma.
func (s *parser) optionSet() network.OptionSet {
	var set network.OptionSet
	names := network.OptionNames()
	for {
		t, ok := s.want("one of " + strings.Join(names, ", "))
		if !ok {
			return set
		}
		for _, name := range strings.Split(strings.TrimSuffix(t.lower(), ","), ",") {
			if long, ok := optionSynonyms[name]; ok {
				name = long
			}
			o, ok := network.OptionByName(name)
			if !ok {
				s.reject(t.whole(), "bad-box", quoted(name)+" is no option that a box can take out", diag.DidYouMean("the options are "+strings.Join(names, ", "), name, names...))
				return set
			}
			set |= o
		}
		if !strings.HasSuffix(t.text, ",") {
			return set
		}
	}
}
