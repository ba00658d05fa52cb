package tcp

import (
	"encoding/binary"
	"net/netip"

	"github.com/handshakelab/lab/engine/wire"
)

// opening is the input that begins the host's next connection.
func (h *Host) opening(kind InputKind, seg *wire.Segment, now Time, local, remote netip.AddrPort) Input {
	iss, drawn := h.nextISN(now, local, remote)
	in := Input{Kind: kind, Seg: seg, ISS: iss, Drawn: drawn}
	if h.cfg.Profile.Timestamps {
		in.TSOffset = h.tsOffset(local, remote)
	}
	return in
}

// nextISN is the initial sequence number of the host's next connection, and whether it was generated.
func (h *Host) nextISN(now Time, local, remote netip.AddrPort) (isn wire.Seq, drawn bool) {
	if h.cfg.Profile.Broken.Has(FixedISN) {
		return 0, true
	}
	if h.isnsUsed < len(h.cfg.ISNs) {
		return h.cfg.ISNs[h.isnsUsed], false
	}
	// RFC 6528 section 3: ISN = M + F(localip, localport, remoteip, remoteport, secret). M ticks every 4 microseconds
	// (RFC 9293 section 3.4.1), Linux's every 64 nanoseconds.
	m := uint32(now / 4)
	if h.cfg.Profile.Linux {
		m = uint32(uint64(now) * 1000 / 64)
	}
	return wire.Seq(m + uint32(keyedHash(h.cfg.Secret, 1, local, remote))), true
}

// tsOffset is what a connection adds to the host's millisecond clock, so that nobody can read from a timestamp how long the
// host has been up (RFC 7323 section 5.4).
func (h *Host) tsOffset(local, remote netip.AddrPort) uint32 {
	return uint32(keyedHash(h.cfg.Secret, 2, local, remote))
}

// keyedHash mixes a secret, a purpose and the four-tuple. It is no cryptographic hash: the secrets of a simulated world
// are in its set-up for all to see, and what matters is that equal inputs give equal numbers on every machine.
func keyedHash(secret, purpose uint64, local, remote netip.AddrPort) uint64 {
	h := mix(secret ^ purpose*0x9e3779b97f4a7c15)
	for _, a := range [2]netip.AddrPort{local, remote} {
		b := a.Addr().As16()
		h = mix(h ^ binary.BigEndian.Uint64(b[:8]))
		h = mix(h ^ binary.BigEndian.Uint64(b[8:]))
		h = mix(h ^ uint64(a.Port()))
	}
	return h
}

// mix is the finaliser of SplitMix64: every bit of the input moves about half the bits of the output.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
