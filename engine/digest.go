package engine

import (
	"crypto/sha256"
	"encoding/binary"
	"net/netip"

	"github.com/handshakelab/lab/engine/wire"
)

// Version is the version of the engine's behaviour. Two engines of the same version make the same run of the same set-up
// and actions. It is part of every digest.
const Version = "1"

// Digest is a fingerprint of all that the future of the run depends on: the set-up, the time, both hosts, the path, the
// wire, and what conditions remember of the past. Two worlds with the same digest answer every action in the same way.
// It is the first half of the SHA-256 of a canonical encoding: numbers big-endian and of fixed width, texts and lists
// behind their length.
func (w World) Digest() [16]byte {
	room := make([]byte, 0, 4096)
	return w.DigestIn(&room)
}

// DigestIn is Digest with room for the encoding, which becomes larger if need be.
func (w *World) DigestIn(room *[]byte) [16]byte {
	e := encoder{b: (*room)[:0]}
	e.b = append(e.b, w.setup.digest[:]...)
	e.time(w.now)
	e.u64(uint64(w.events))
	for h := range w.hosts {
		e.b = w.hosts[h].AppendBinary(e.b)
		for _, n := range w.told[h].errnos {
			e.u16(n)
		}
		for _, n := range w.told[h].notices {
			e.u16(n)
		}
	}
	e.b = w.path.AppendBinary(e.b)
	e.u32(uint32(len(w.flights)))
	for i := range w.flights {
		e.flight(&w.flights[i], w.now)
	}
	e.u32(uint32(w.log.count))
	for _, s := range w.log.backward {
		e.b = append(e.b, byte(s.born), byte(s.last), byte(s.src), byte(s.fate))
		e.bool(s.icmp)
	}
	*room = e.b
	return half(sha256.Sum256(e.b))
}

func (s *Setup) digest() [16]byte {
	var e encoder
	e.str(Version)
	e.u64(s.Seed)
	for h := range s.Hosts {
		host := &s.Hosts[h]
		e.addr(host.Addr)
		e.str(host.Profile)
		e.u32(uint32(len(host.ISNs)))
		for _, n := range host.ISNs {
			e.u32(uint32(n))
		}
		o := &host.Options
		e.u16(o.MSS)
		e.bool(o.Window.Set)
		e.u16(o.Window.V)
		e.bool(o.Scale.Set)
		e.u8(o.Scale.V)
		e.bool(o.ScaleOff)
		e.bool(o.SACK.Set)
		e.bool(o.SACK.V)
		e.bool(o.Timestamps.Set)
		e.bool(o.Timestamps.V)
		e.time(o.RTO)
		e.bool(o.SynRetries.Set)
		e.u8(o.SynRetries.V)
		e.bool(o.SynLinear.Set)
		e.u8(o.SynLinear.V)
		e.bool(o.TWReuse.Set)
		e.u8(o.TWReuse.V)
		e.bool(o.SynCookies.Set)
		e.u8(o.SynCookies.V)
		e.bool(o.AbortOnOverflow.Set)
		e.bool(o.AbortOnOverflow.V)
		e.bool(o.ECN.Set)
		e.u8(o.ECN.V)
		e.bool(o.FastOpen.Set)
		e.u8(o.FastOpen.V)
		e.bool(o.SynAckRetries.Set)
		e.u8(o.SynAckRetries.V)
		e.bool(o.Retries.Set)
		e.u8(o.Retries.V)
		e.bool(o.OrphanRetries.Set)
		e.u8(o.OrphanRetries.V)
		e.bool(o.RFC1337.Set)
		e.bool(o.RFC1337.V)
		e.u8(uint8(o.ISN))
		e.time(o.UTO)
		e.time(o.FinTimeout)
		e.time(o.FastOpenPause)
		e.u16(o.MaxSynBacklog)
		e.u16(o.Ports)
		e.u16(uint16(o.Broken))
	}
	// The path encodes itself with each digest, its set-up included.
	return half(sha256.Sum256(e.b))
}

func half(sum [32]byte) [16]byte { return [16]byte(sum[:16]) }

// An encoder appends values in their canonical form.
type encoder struct{ b []byte }

func (e *encoder) u8(v uint8)     { e.b = append(e.b, v) }
func (e *encoder) u16(v uint16)   { e.b = binary.BigEndian.AppendUint16(e.b, v) }
func (e *encoder) u32(v uint32)   { e.b = binary.BigEndian.AppendUint32(e.b, v) }
func (e *encoder) u64(v uint64)   { e.b = binary.BigEndian.AppendUint64(e.b, v) }
func (e *encoder) time(v Time)    { e.u64(uint64(v)) }
func (e *encoder) seq(v wire.Seq) { e.u32(uint32(v)) }

func (e *encoder) bool(v bool) {
	if v {
		e.u8(1)
	} else {
		e.u8(0)
	}
}

func (e *encoder) str(s string) {
	e.u32(uint32(len(s)))
	e.b = append(e.b, s...)
}

func (e *encoder) addr(a netip.AddrPort) {
	e.ip(a.Addr())
	e.u16(a.Port())
}

func (e *encoder) ip(a netip.Addr) {
	sixteen := a.As16()
	e.u8(uint8(a.BitLen()))
	e.b = append(e.b, sixteen[:]...)
}

func (e *encoder) flight(f *flight, now Time) {
	e.u32(uint32(f.id))
	e.u32(uint32(f.of))
	e.u8(uint8(f.from))
	e.u8(uint8(f.to))
	e.bool(f.held)
	e.u8(uint8(f.cause))
	e.time(f.sent)
	e.time(f.due)
	e.time(f.dies)
	e.time(f.middle(now))
	e.str(f.text)
	e.segment(&f.seg)
	e.bool(f.was != nil)
	if f.was != nil {
		e.segment(f.was)
	}
}

// segment encodes a segment. TestDigestCoversSegment fails when a field is forgotten here.
func (e *encoder) segment(s *wire.Segment) {
	e.addr(s.Src)
	e.addr(s.Dst)
	e.seq(s.Seq)
	e.seq(s.Ack)
	e.u8(uint8(s.Flags))
	e.u16(s.Window)
	e.u16(s.Urgent)
	options := s.Options.Bytes()
	e.u8(uint8(len(options)))
	e.b = append(e.b, options...)
	e.str(s.Payload)
	e.u8(s.Offset)
	e.u8(s.Reserved)
	e.bool(s.FixedSum)
	e.u16(s.Checksum)
	e.u8(s.TTL)
	e.u8(s.TOS)
	e.u16(s.IPID)
	e.bool(s.DF)
	e.u32(s.Flow)
	e.u8(uint8(s.ICMP.Kind))
	e.u8(s.ICMP.Router)
	e.u16(s.ICMP.MTU)
}
