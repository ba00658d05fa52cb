package live

import (
	"encoding/hex"
	"strconv"
	"unicode/utf8"

	"github.com/handshakelab/lab/engine"
	"github.com/handshakelab/lab/engine/rule"
	"github.com/handshakelab/lab/engine/tcp"
	"github.com/handshakelab/lab/engine/wire"
)

// The append functions write the JSON of the structs in protocol.go by hand, because encoding is most of what a step over a
// socket costs. A test holds them equal to encoding/json.

const hexDigits = "0123456789abcdef"

// appendString appends s as a JSON string. Bytes that are not UTF-8 become U+FFFD.
func appendString(b []byte, s string) []byte {
	b = append(b, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' && c < utf8.RuneSelf {
			i++
			continue
		}
		if c >= utf8.RuneSelf {
			if r, size := utf8.DecodeRuneInString(s[i:]); r != utf8.RuneError || size != 1 {
				i += size
				continue
			}
		}
		b = append(b, s[start:i]...)
		b = appendEscaped(b, c)
		i++
		start = i
	}
	b = append(b, s[start:]...)
	return append(b, '"')
}

func appendEscaped(b []byte, c byte) []byte {
	switch {
	case c == '"' || c == '\\':
		return append(b, '\\', c)
	case c == '\n':
		return append(b, '\\', 'n')
	case c >= utf8.RuneSelf:
		return append(b, `\ufffd`...)
	default:
		return append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&0xf])
	}
}

// appendBytes appends any bytes as a JSON string with one character a byte.
func appendBytes(b []byte, s string) []byte {
	b = append(b, '"')
	for i := range len(s) {
		switch c := s[i]; {
		case c >= utf8.RuneSelf:
			b = append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&0xf])
		case c < ' ' || c == '"' || c == '\\':
			b = appendEscaped(b, c)
		default:
			b = append(b, c)
		}
	}
	return append(b, '"')
}

// The key arguments below are whole: `,"seg":`.

func appendInt(b []byte, key string, v int64) []byte {
	return strconv.AppendInt(append(b, key...), v, 10)
}

func appendNonZero(b []byte, key string, v int64) []byte {
	if v == 0 {
		return b
	}
	return appendInt(b, key, v)
}

func appendText(b []byte, key, v string) []byte { return appendString(append(b, key...), v) }

func appendNonEmpty(b []byte, key, v string) []byte {
	if v == "" {
		return b
	}
	return appendText(b, key, v)
}

// appendName appends a text that is known to need no escapes.
func appendName(b []byte, key, v string) []byte {
	b = append(b, key...)
	b = append(b, '"')
	b = append(b, v...)
	return append(b, '"')
}

func appendBool(b []byte, key string, v bool) []byte {
	return strconv.AppendBool(append(b, key...), v)
}

func appendDue(b []byte, at engine.Time) []byte {
	if at == tcp.Never {
		return append(b, `,"due":null`...)
	}
	return appendInt(b, `,"due":`, int64(at))
}

func appendEvents(b []byte, events []engine.Event) []byte {
	b = append(b, '[')
	for i := range events {
		if i > 0 {
			b = append(b, ',')
		}
		b = AppendEvent(b, &events[i])
	}
	return append(b, ']')
}

// AppendEvent appends an event as the JSON of a RunEvent.
func AppendEvent(b []byte, e *engine.Event) []byte {
	b = appendInt(b, `{"n":`, int64(e.N))
	b = appendInt(b, `,"t":`, int64(e.At))
	b = appendName(b, `,"kind":`, e.Kind.String())
	b = appendName(b, `,"host":`, e.Host.String())
	b = appendNonZero(b, `,"conn":`, int64(e.Conn))
	b = appendNonZero(b, `,"seg":`, int64(e.Seg))
	b = appendNonZero(b, `,"of":`, int64(e.Of))
	// What may be zero and still mean something is written where the kind gives it a meaning.
	switch e.Kind {
	case engine.Checked:
		b = appendBool(b, `,"ok":`, e.OK)
	case engine.Changed:
		b = appendName(b, `,"from":`, e.From.String())
		b = appendName(b, `,"to":`, e.To.String())
	case engine.TimerSet, engine.TimerStopped, engine.TimerFired:
		b = appendName(b, `,"timer":`, e.Timer.String())
	}
	if e.Notice != tcp.NoNotice {
		b = appendName(b, `,"notice":`, e.Notice.String())
	}
	if e.Errno != tcp.OK {
		b = appendName(b, `,"errno":`, e.Errno.String())
	}
	b = appendNonZero(b, `,"bytes":`, int64(e.Bytes))
	b = appendNonZero(b, `,"count":`, int64(e.Count))
	switch e.Kind {
	case engine.TimerSet, engine.Delayed, engine.Released, engine.Held:
		b = appendDue(b, e.Due)
	case engine.Sent, engine.Forged, engine.Duplicated, engine.Injected:
		b = appendDue(b, e.Due)
		b = appendName(b, `,"toward":`, e.Toward.String())
	}
	if e.Rule != rule.None {
		b = appendText(b, `,"rule":`, e.Rule.String())
		b = appendArgs(b, e.Rule, &e.Args)
	}
	if e.Fields != 0 {
		b = appendFields(b, e.Fields)
	}
	b = appendNonEmpty(b, `,"call":`, e.Call)
	b = appendNonEmpty(b, `,"text":`, e.Text)
	if e.Wire != nil {
		b = appendWire(append(b, `,"wire":`...), e.Wire)
	}
	if e.Vars != nil {
		b = appendVars(append(b, `,"vars":`...), e.Vars)
	}
	return append(b, '}')
}

// appendArgs appends as many numbers as the rule has parameters, and none for a rule without.
func appendArgs(b []byte, id rule.ID, args *[rule.MaxParams]int64) []byte {
	n := paramCounts[id]
	for i := range n {
		if i == 0 {
			b = append(b, `,"args":[`...)
		} else {
			b = append(b, ',')
		}
		b = strconv.AppendInt(b, args[i], 10)
	}
	if n > 0 {
		b = append(b, ']')
	}
	return b
}

// paramCounts are how many parameters each rule has.
var paramCounts = func() (counts [rule.NumIDs]int) {
	for _, r := range rule.All() {
		counts[r.ID] = len(r.Params)
	}
	return counts
}()

// fieldWords are the names of the engine's fields, from the lowest bit.
var fieldWords = [...]Field{FieldSport, FieldDport, FieldSeq, FieldAck, FieldOffset, FieldReserved, FieldFlags, FieldWindow,
	FieldChecksum, FieldUrgent, FieldOptions, FieldPayload, FieldTTL, FieldSrc, FieldDst}

func appendFields(b []byte, set engine.Field) []byte {
	b = append(b, `,"fields":[`...)
	for i, name := range fieldWords {
		if set&(1<<i) == 0 {
			continue
		}
		if b[len(b)-1] != '[' {
			b = append(b, ',')
		}
		b = appendName(b, "", string(name))
	}
	return append(b, ']')
}

func appendWire(b []byte, s *wire.Segment) []byte {
	b = append(b, `{"src":"`...)
	b = s.Src.AppendTo(b)
	b = append(b, `","dst":"`...)
	b = s.Dst.AppendTo(b)
	b = appendInt(b, `","seq":`, int64(s.Seq))
	b = appendInt(b, `,"ack":`, int64(s.Ack))
	b = appendName(b, `,"flags":`, s.Flags.String())
	b = appendInt(b, `,"window":`, int64(s.Window))
	b = appendInt(b, `,"urgent":`, int64(s.Urgent))
	b = appendInt(b, `,"offset":`, int64(s.HeaderWords()))
	b = appendInt(b, `,"reserved":`, int64(s.Reserved))
	b = appendInt(b, `,"checksum":`, int64(s.Sum()))
	b = appendBool(b, `,"sumok":`, !s.FixedSum || s.SumOK())
	b = appendText(b, `,"options":`, s.Options.Text())
	b = append(b, `,"optionsHex":"`...)
	b = hex.AppendEncode(b, s.Options.Bytes())
	b = append(b, `","payload":`...)
	b = appendBytes(b, s.Payload)
	b = appendInt(b, `,"len":`, int64(s.Len()))
	b = appendInt(b, `,"ttl":`, int64(s.TTL))
	b = appendInt(b, `,"ipid":`, int64(s.IPID))
	b = appendBool(b, `,"df":`, s.DF)
	b = appendInt(b, `,"tos":`, int64(s.TOS))
	if s.ICMP.Kind != wire.NoICMP {
		b = appendName(b, `,"icmp":{"kind":`, s.ICMP.Kind.String())
		b = append(b, `,"from":"`...)
		b = s.Sayer().AppendTo(b)
		b = appendInt(b, `","mtu":`, int64(s.ICMP.MTU))
		b = append(b, '}')
	}
	return append(b, '}')
}

func appendVars(b []byte, t *tcp.TCB) []byte {
	b = appendName(b, `{"state":`, t.State.String())
	b = append(b, `,"local":"`...)
	if t.Local.IsValid() {
		b = t.Local.AppendTo(b)
	}
	b = append(b, `","remote":"`...)
	if t.Remote.IsValid() {
		b = t.Remote.AppendTo(b)
	}
	b = appendBool(b, `","passive":`, t.Passive)
	b = appendInt(b, `,"iss":`, int64(t.ISS))
	b = appendInt(b, `,"snd.una":`, int64(t.SndUna))
	b = appendInt(b, `,"snd.nxt":`, int64(t.SndNxt))
	b = appendInt(b, `,"snd.wnd":`, int64(t.SndWnd))
	if heard(t) {
		b = appendInt(b, `,"irs":`, int64(t.IRS))
	}
	b = appendInt(b, `,"rcv.nxt":`, int64(t.RcvNxt))
	b = appendInt(b, `,"rcv.wnd":`, int64(t.RcvWnd))
	b = appendInt(b, `,"mss":`, int64(t.SendMSS))
	b = appendInt(b, `,"snd.scale":`, int64(t.SndScale))
	b = appendInt(b, `,"rcv.scale":`, int64(t.RcvScale))
	b = appendBool(b, `,"scale":`, t.ScaleOK)
	b = appendBool(b, `,"sack":`, t.SACKOK)
	b = appendBool(b, `,"ts":`, t.TSOK)
	b = appendInt(b, `,"ts.recent":`, int64(t.TSRecent))
	b = appendInt(b, `,"rto":`, int64(t.RTO))
	b = appendInt(b, `,"srtt":`, int64(t.SRTT))
	b = appendInt(b, `,"retries":`, int64(t.Retries))
	return append(b, '}')
}

// heard reports whether the peer's SYN has arrived, so that IRS means something. A connection that was closed in between
// has lost its state but not its numbers.
func heard(t *tcp.TCB) bool {
	switch t.State {
	case tcp.Listen, tcp.SynSent:
		return false
	case tcp.Closed:
		return t.IRS != 0 || t.RcvNxt != 0
	default:
		return true
	}
}
