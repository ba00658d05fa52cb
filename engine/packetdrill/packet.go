package packetdrill

import (
	"cmp"
	"encoding/hex"
	"strconv"
	"strings"

	"github.com/handshakelab/lab/engine/diag"
	"github.com/handshakelab/lab/engine/wire"
)

// The option kind under which Fast Open was tried out, and the number that tells it from other experiments (RFC 7413 section 7).
const fastOpenMagic = 0xF989

// packet takes a segment.
func (p *parser) packet() (*Packet, error) {
	t := p.take()
	pk := &Packet{Pos: t.pos, Out: t.is(">"), Window: -1}
	if err := p.encapsulation(pk); err != nil {
		return nil, err
	}
	if err := p.ipInfo(pk); err != nil {
		return nil, err
	}
	switch t := p.peek(); {
	case t.is("icmp"):
		return pk, p.icmp(pk)
	case t.is("udp") || (t.kind == integer && p.second().is(">") && p.tokens[min(p.at+3, len(p.tokens)-1)].is("udp")):
		return pk, p.foreign(pk, "UDP")
	}
	if p.peek().kind == integer && p.second().is(">") {
		src, err := p.unsigned(16, "a port")
		if err != nil {
			return nil, err
		}
		p.take()
		dst, err := p.unsigned(16, "a port")
		if err != nil {
			return nil, err
		}
		pk.SrcPort, pk.DstPort = uint16(src), uint16(dst)
	}
	for _, part := range []func(*Packet) error{p.flags, p.seq, p.fieldsOf, p.options, p.fuzz} {
		if err := part(pk); err != nil {
			return nil, err
		}
	}
	if pk.Unsupported != "" {
		return pk, nil
	}
	if pk.Window < 0 && !pk.Out {
		return nil, p.fail(pk.Pos, "no-window", "an inbound segment must say its window", "add win N behind the numbers")
	}
	if 40+pk.Options.Len()+pk.Len > 65535 {
		return nil, p.fail(pk.Pos, "too-long", "the segment does not fit into an IP packet", "")
	}
	return pk, nil
}

// foreign notes a packet that is neither TCP nor an ICMP error, and goes to the end of it.
func (p *parser) foreign(pk *Packet, what string) error {
	if pk.Unsupported == "" {
		pk.Unsupported = what + " packets"
		pk.Pos = p.peek().pos
	}
	p.take()
	for t := p.peek(); t.kind != endOfScript && !t.first; t = p.peek() {
		p.at++
	}
	return nil
}

// encapsulation takes outer headers. None is supported.
func (p *parser) encapsulation(pk *Packet) error {
	for {
		t := p.peek()
		switch {
		case t.is("ipv4"), t.is("ipv6"), t.is("gre"), t.is("GREv0"), t.is("mpls"):
		default:
			return nil
		}
		if pk.Unsupported == "" {
			pk.Unsupported = map[string]string{"ipv4": "IPv4 in IP", "ipv6": "IPv6"}[t.text]
			if pk.Unsupported == "" {
				pk.Unsupported = strings.ToUpper(t.text[:3]) + t.text[3:] + " tunnels"
			}
			pk.Pos = t.pos
		}
		for p.take(); !p.accept(":"); p.at++ {
			if t := p.tokens[p.at]; t.kind == endOfScript || t.first {
				return p.unexpected(":")
			}
		}
	}
}

// ipInfo takes [ect0], (tos 0x10), [ttl 64], [flowlabel 0x1].
func (p *parser) ipInfo(pk *Packet) error {
	end := ""
	switch t := p.peek(); {
	case t.is("["):
		end = "]"
	case t.is("("):
		end = ")"
	default:
		return nil
	}
	p.take()
	for {
		t := p.take()
		switch {
		case t.is("noecn"):
			pk.TOS = tosCheck{tosECN, 0}
		case t.is("ect0"):
			pk.TOS = tosCheck{tosECN, 2}
		case t.is("ect1"):
			pk.TOS = tosCheck{tosECN, 1}
		case t.is("ce"):
			pk.TOS = tosCheck{tosECN, 3}
		case t.is("ect01"):
			if !pk.Out {
				return p.fail(t.pos, "ect01", "ect01 can only be said of an outbound segment", "say ect0 or ect1")
			}
			pk.TOS = tosCheck{tosECT, 0}
		case t.is("tos"):
			n, err := p.unsigned(8, "a type of service")
			if err != nil {
				return err
			}
			pk.TOS = tosCheck{tosByte, uint8(n)}
		case t.is("ttl"):
			n, err := p.unsigned(8, "a time to live")
			if err != nil {
				return err
			}
			pk.TTL = uint8(n)
		case t.is("flowlabel"):
			if _, err := p.unsigned(20, "a flow label"); err != nil {
				return err
			}
			pk.Unsupported, pk.Pos = "IPv6 flow labels", t.pos
		default:
			return p.fail(t.pos, "ip-info", "found "+t.String()+" where something about the IP header should be",
				"noecn, ect0, ect1, ect01, ce, tos 0x10 or ttl 64")
		}
		if p.accept(end) {
			return nil
		}
		if err := p.expect(","); err != nil {
			return err
		}
	}
}

// flags takes S, S., ., P., F., - and so on.
func (p *parser) flags(pk *Packet) error {
	t := p.peek()
	letters := ""
	switch {
	case t.is("-") || t.is("."):
		p.take()
		letters = t.text
	case t.kind == decimal && strings.HasPrefix(t.text, "."):
		p.take()
		letters = t.text
	case t.kind == word:
		p.take()
		letters = t.text
		if next := p.tokens[p.at]; next.is(".") || next.kind == decimal && strings.HasPrefix(next.text, ".") && next.pos.Col == t.pos.End {
			p.take()
			letters += next.text
		}
	default:
		return p.unexpected("the flags (S, S., ., P., F., R., -)")
	}
	if letters == "-" {
		return nil
	}
	for i, c := range letters {
		switch c {
		case '.':
			pk.Flags |= wire.ACK
		case 'F':
			pk.Flags |= wire.FIN
		case 'S':
			pk.Flags |= wire.SYN
		case 'R':
			pk.Flags |= wire.RST
		case 'P':
			pk.Flags |= wire.PSH
		case 'U':
			pk.Flags |= wire.URG
		case 'E':
			pk.Flags |= wire.ECE
		case 'W':
			pk.Flags |= wire.CWR
		case 'A', '0', '1', '2', '3', '4', '5', '6', '7':
			pk.Unsupported, pk.Pos = "accurate ECN", t.pos
		default:
			return p.fail(Pos{t.pos.Line, t.pos.Col + i, t.pos.Col + i + 1}, "unknown-flag", string(c)+" is no TCP flag",
				"the flags are F S R P . U E W, or - for none")
		}
	}
	return nil
}

// unsigned takes a number of so many bits.
func (p *parser) unsigned(bits int, what string) (uint64, error) {
	t := p.peek()
	if t.kind != integer && t.kind != hexInteger {
		return 0, p.unexpected(what)
	}
	p.take()
	base := 10
	digits := t.text
	if t.kind == hexInteger {
		base, digits = 16, t.text[2:]
	}
	n, err := strconv.ParseUint(digits, base, bits)
	if err != nil {
		return 0, p.fail(t.pos, "out-of-range", t.text+" is out of range for "+what, "it is 0 to "+strconv.FormatUint(1<<bits-1, 10))
	}
	return n, nil
}

// seq takes 1:1001(1000).
func (p *parser) seq(pk *Packet) error {
	pos := p.peek().pos
	from, err := p.unsigned(32, "a sequence number")
	if err != nil {
		return err
	}
	if err := p.expect(":"); err != nil {
		return err
	}
	to, err := p.unsigned(32, "a sequence number")
	if err != nil {
		return err
	}
	if err := p.expect("("); err != nil {
		return err
	}
	n, err := p.unsigned(16, "a payload length")
	if err != nil {
		return err
	}
	pos.End = p.peek().pos.End
	if err := p.expect(")"); err != nil {
		return err
	}
	if to != uint64(uint32(from+n)) && to != from+n {
		return p.fail(pos, "inconsistent", "the numbers do not fit the length: "+strconv.FormatUint(from, 10)+" and "+strconv.FormatUint(n, 10)+
			" bytes end at "+strconv.FormatUint(uint64(uint32(from+n)), 10), "SYN and FIN are not counted here")
	}
	pk.Seq, pk.Len = wire.Seq(from), int(n)
	return nil
}

// fieldsOf takes ack 1, win 65535, urg 0.
func (p *parser) fieldsOf(pk *Packet) error {
	if p.accept("ack") {
		n, err := p.unsigned(32, "an acknowledgment number")
		if err != nil {
			return err
		}
		pk.Ack = wire.Seq(n)
	}
	if p.accept("win") {
		n, err := p.unsigned(16, "a window")
		if err != nil {
			return err
		}
		pk.Window = int(n)
	}
	if p.accept("urg") {
		n, err := p.unsigned(16, "an urgent pointer")
		if err != nil {
			return err
		}
		pk.Urgent = uint16(n)
	}
	return nil
}

// options takes <mss 1460,sackOK,TS val 100 ecr 0,nop,wscale 7>, or <...>.
func (p *parser) options(pk *Packet) error {
	t := p.tokens[p.at]
	if t.first || !p.accept("<") {
		return nil
	}
	if p.tokens[p.at].kind == ellipsis {
		p.take()
		pk.AnyOptions = true
		if err := p.expect(">"); err != nil {
			return err
		}
		if !pk.Out {
			return p.fail(t.pos, "any-options", "<...> can only stand in an outbound segment", "")
		}
		return nil
	}
	for {
		before := pk.Options.Len()
		at := p.peek().pos
		if err := p.option1(pk); err != nil {
			return err
		}
		if pk.Unsupported != "" {
			return p.skipOptions()
		}
		if pk.Options.Len() == before {
			return p.fail(at, "options-too-long", "the options are longer than 40 bytes", "")
		}
		if p.accept(">") {
			break
		}
		if !p.accept(",") {
			return p.unexpected(", or >")
		}
	}
	if n := pk.Options.Len() % 4; n != 0 {
		return p.fail(t.pos, "padding", "the options are "+strconv.Itoa(pk.Options.Len())+" bytes, and a TCP header is made of words of 4",
			"add "+strconv.Itoa(4-n)+" nop")
	}
	return nil
}

// skipOptions goes behind options that the lab does not know to read.
func (p *parser) skipOptions() error {
	for !p.accept(">") {
		if t := p.tokens[p.at]; t.kind == endOfScript || t.first {
			return p.unexpected(">")
		}
		p.at++
	}
	return nil
}

func (p *parser) option1(pk *Packet) error {
	t := p.take()
	o := &pk.Options
	switch {
	case t.is("nop"):
		*o = o.WithNOP()
	case t.is("eol"):
		*o = o.WithEOL()
	case t.is("sackOK"):
		*o = o.WithSACKPermitted()
	case t.is("mss"):
		n, err := p.unsigned(16, "an MSS")
		if err != nil {
			return err
		}
		*o = o.WithMSS(uint16(n))
	case t.is("wscale"):
		n, err := p.unsigned(8, "a window scale")
		if err != nil {
			return err
		}
		*o = o.WithWindowScale(uint8(n))
	case t.is("TS"):
		if err := p.expect("val"); err != nil {
			return err
		}
		val, err := p.unsigned(32, "a timestamp")
		if err != nil {
			return err
		}
		if err := p.expect("ecr"); err != nil {
			return err
		}
		ecr, err := p.unsigned(32, "a timestamp")
		if err != nil {
			return err
		}
		*o = o.WithTimestamps(uint32(val), uint32(ecr))
	case t.is("sack"):
		return p.sack(pk)
	case t.is("FO"), t.is("FOEXP"), t.is("md5"):
		return p.blob(pk, t)
	default:
		hint := diag.DidYouMean("", t.text, "mss", "wscale", "sackOK", "sack", "TS", "FO", "FOEXP", "md5", "nop", "eol")
		if hint != "" || t.kind != word {
			return p.fail(t.pos, "unknown-option", t.String()+" is no TCP option", cmp.Or(hint, "the options are mss, wscale, sackOK, sack, TS val N ecr N, FO, FOEXP, md5, nop and eol"))
		}
		pk.Unsupported, pk.Pos = "the TCP option "+clip(t.text), t.pos
	}
	return nil
}

func (p *parser) sack(pk *Packet) error {
	var data []byte
	for {
		for range 2 {
			n, err := p.unsigned(32, "a sequence number")
			if err != nil {
				return err
			}
			data = append(data, byte(n>>24), byte(n>>16), byte(n>>8), byte(n))
			if len(data)%8 == 4 {
				if err := p.expect(":"); err != nil {
					return err
				}
			}
		}
		if p.peek().kind != integer {
			break
		}
	}
	pk.Options = pk.Options.WithRaw(wire.KindSACK, data)
	return nil
}

// blob takes an option with hexadecimal data.
func (p *parser) blob(pk *Packet, name token) error {
	digits := ""
	t := p.peek()
	if t.kind == word || t.kind == integer || t.kind == hexInteger {
		p.take()
		digits = t.text
	}
	data, err := hex.DecodeString(digits)
	if err != nil {
		return p.fail(t.pos, "hex", clip(digits)+" is not a whole number of hexadecimal bytes", "")
	}
	switch name.text {
	case "FO":
		pk.Options = pk.Options.WithRaw(wire.KindFastOpen, data)
	case "FOEXP":
		pk.Options = pk.Options.WithRaw(wire.KindExperiment, append([]byte{fastOpenMagic >> 8, fastOpenMagic & 0xff}, data...))
	default:
		pk.Options = pk.Options.WithRaw(wire.KindMD5, data)
	}
	return nil
}

// fuzz takes { mut tcp mss }, which asks packetdrill to damage the segment at random.
func (p *parser) fuzz(pk *Packet) error {
	t := p.tokens[p.at]
	if t.first || !p.accept("{") {
		return nil
	}
	pk.Unsupported, pk.Pos = "random damage to segments", t.pos
	for !p.accept("}") {
		if p.peek().kind == endOfScript {
			return p.unexpected("}")
		}
		p.at++
	}
	return nil
}
