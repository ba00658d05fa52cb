package packetdrill

import (
	"maps"
	"slices"
	"strings"

	"github.com/handshakelab/lab/engine/diag"
	"github.com/handshakelab/lab/engine/wire"
)

// icmpCodes are the errors of ICMP and ICMPv6 by the names of packetdrill, type and code; NoICMP are those that the lab does not have.
// Without a code they mean code 0.
var icmpCodes = map[bool]map[string]map[string]wire.ICMPKind{
	false: {
		"unreachable": {"": wire.NetUnreachable, "net_unreachable": wire.NetUnreachable, "host_unreachable": wire.HostUnreachable,
			"protocol_unreachable": wire.ProtocolUnreachable, "port_unreachable": wire.PortUnreachable, "frag_needed": wire.TooBig,
			"packet_filtered": wire.AdminProhibited, "source_route_failed": wire.NoICMP, "net_unknown": wire.NoICMP, "host_unknown": wire.NoICMP,
			"source_host_isolated": wire.NoICMP, "net_prohibited": wire.NoICMP, "host_prohibited": wire.NoICMP, "net_unreachable_for_tos": wire.NoICMP,
			"host_unreachable_for_tos": wire.NoICMP, "precedence_violation": wire.NoICMP, "precedence_cutoff": wire.NoICMP},
		"time_exceeded": {"": wire.TimeExceeded},
		"echo_reply":    {}, "source_quench": {}, "redirect": {}, "echo_request": {}, "parameter_problem": {}, "timestamp_request": {}, "timestamp_reply": {},
		"information_request": {}, "information_reply": {}, "address_mask_request": {}, "address_mask_reply": {},
	},
	true: {
		"unreachable": {"": wire.NetUnreachable, "net_unreachable": wire.NetUnreachable, "no_route": wire.NetUnreachable,
			"admin_prohibited": wire.AdminProhibited, "address_unreachable": wire.HostUnreachable, "port_unreachable": wire.PortUnreachable,
			"not_neighbour": wire.NoICMP},
		"packet_too_big":    {"": wire.TooBig},
		"time_exceeded":     {"": wire.TimeExceeded, "exceeded_hop_limit": wire.TimeExceeded, "exceeded_frag_time": wire.NoICMP},
		"parameter_problem": {"unknown_next_header": wire.ProtocolUnreachable, "header_field": wire.NoICMP, "unknown_option": wire.NoICMP},
		"echo_request":      {}, "echo_reply": {},
	},
}

// icmp takes icmp unreachable frag_needed mtu 1200 [1:1001(1000)]. Without a segment it quotes number 0.
func (p *parser) icmp(pk *Packet) error {
	at := p.take().pos
	types := icmpCodes[p.script.version() == "ipv6"]
	name := p.peek()
	codes, known := types[name.text]
	if !known {
		return p.fail(name.pos, "icmp", name.String()+" is no type of ICMP message",
			diag.DidYouMean("", name.text, slices.Sorted(maps.Keys(types))...))
	}
	p.take()
	what := "ICMP " + name.text
	code := ""
	if t := p.peek(); t.kind == word && !t.first && !t.is("mtu") && !t.is("id") {
		p.take()
		code = t.text
		if _, known = codes[code]; !known && len(codes) > 0 {
			return p.fail(t.pos, "icmp", t.String()+" is no code of ICMP "+name.text, diag.DidYouMean("", code, slices.Sorted(maps.Keys(codes))...))
		}
		what += " " + code
	}
	pk.ICMP.Kind = codes[code]
	if pk.Out || pk.ICMP.Kind == wire.NoICMP {
		if pk.Out {
			what = "ICMP messages of the host"
		}
		pk.Unsupported, pk.Pos = strings.TrimSpace(what), at
	}
	if m := p.peek(); p.accept("mtu") {
		n, err := p.unsigned(16, "an MTU")
		if err != nil {
			return err
		}
		if pk.ICMP.Kind != wire.TooBig && pk.Unsupported == "" {
			return p.fail(m.pos, "icmp", "this message tells no MTU", "unreachable frag_needed does, of ICMPv6 packet_too_big")
		}
		pk.ICMP.MTU = uint16(n)
	}
	if p.accept("id") {
		if _, err := p.unsigned(16, "the number of an echo"); err != nil {
			return err
		}
	}
	return p.quote(pk)
}

// quote takes [1:1001(1000)], the segment that the message is about.
func (p *parser) quote(pk *Packet) error {
	if t := p.tokens[p.at]; t.first || !p.accept("[") {
		return nil
	}
	if t := p.peek(); t.is("udp") || t.is("raw") {
		if pk.Unsupported == "" {
			pk.Unsupported, pk.Pos = "ICMP messages about anything but TCP", t.pos
		}
		for !p.accept("]") {
			if t := p.tokens[p.at]; t.kind == endOfScript || t.first {
				return p.unexpected("]")
			}
			p.at++
		}
		return nil
	}
	if err := p.seq(pk); err != nil {
		return err
	}
	return p.expect("]")
}
