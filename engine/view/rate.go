package view

import (
	"github.com/handshakelab/lab/engine"
	"github.com/handshakelab/lab/engine/tcp"
	"github.com/handshakelab/lab/engine/wire"
)

// How fast a socket sends, as the kernel reckons it: the rate that it would pace itself to (tcp_update_pacing_rate), the rate at which
// the peer got what was sent (net/ipv4/tcp_rate.c, draft-cheng-iccrg-delivery-rate-estimation), and how long it had something to
// send (tcp_chrono).

// rates are the kernel's notes for that.
type rates struct {
	pacing uint64 // bytes per second, 0 before the first acknowledgment

	sentAt      engine.Time // when the latest segment was sent of those that an acknowledgment has covered
	deliveredAt engine.Time // when anything was last delivered
	bubble      uint64      // how much is delivered when what the application had too little of is through, 0 for nothing
	sample      sample      // of the acknowledgment at hand
	best        sample      // what is shown

	since engine.Time // when there was something to send, Never while there is not
	busy  engine.Time // for how long there was before, in whole ticks of the kernel's clock
}

// A sample is how much was delivered in which time.
type sample struct {
	ok        bool
	delivered uint64
	interval  engine.Time
	limited   bool // by the application

	prior   uint64      // how much was delivered when its segment was sent
	priorAt engine.Time // and when that was
	lastAt  engine.Time // when its segment was sent
	lastEnd wire.Seq
}

// A stamp is what is noted of a segment when it is sent.
type stamp struct {
	sentAt      engine.Time
	firstAt     engine.Time // rates.sentAt then
	delivered   uint64
	deliveredAt engine.Time
	limited     bool
	none        bool // a SYN, or taken already
}

func newRates() rates { return rates{since: engine.Never, best: sample{limited: true}} }

// stamp notes the sending of a segment; flying is how many were out before it.
func (f *flow) stamp(now engine.Time, flying int) stamp {
	r := &f.rates
	if flying == 0 {
		r.sentAt, r.deliveredAt = now, now
	}
	return stamp{sentAt: now, firstAt: r.sentAt, delivered: f.delivered, deliveredAt: r.deliveredAt, limited: r.bubble > 0}
}

// through takes a segment that the acknowledgment at hand covers, also by SACK: the sample is of the one sent last.
func (f *flow) through(p *piece) {
	if p.stamp.none {
		return
	}
	s := &f.rates.sample
	if newer := p.stamp.sentAt > s.lastAt || p.stamp.sentAt == s.lastAt && s.lastEnd.Less(p.end); !s.ok || newer {
		*s = sample{ok: true, prior: p.stamp.delivered, priorAt: p.stamp.deliveredAt, limited: p.stamp.limited,
			lastAt: p.stamp.sentAt, lastEnd: p.end, interval: p.stamp.sentAt - p.stamp.firstAt}
		f.rates.sentAt = p.stamp.sentAt
	}
	p.stamp.none = true
}

// measure ends the sample of an acknowledgment.
func (f *flow) measure(now engine.Time, before uint64) {
	r := &f.rates
	if f.delivered > before {
		r.deliveredAt = now
	}
	if f.delivered > r.bubble {
		r.bubble = 0
	}
	if r.sample.ok {
		r.sample.delivered = f.delivered - r.sample.prior
		r.sample.interval = max(r.sample.interval, now-r.sample.priorAt)
	}
}

// settle takes the sample over when the acknowledgment is dealt with, for which the round trip had to be known: not one that is
// shorter, and none that the application had limited unless it shows more.
func (f *flow) settle() {
	r := &f.rates
	if s := r.sample; s.ok && s.interval > 0 && s.interval >= f.minRTT &&
		(!s.limited || s.delivered*uint64(r.best.interval) >= r.best.delivered*uint64(s.interval)) {
		r.best = s
	}
	r.sample = sample{}
}

// pace sets the rate to pace at, from the congestion window, the segments out and the round trip.
func (f *flow) pace(p *tcp.Profile) {
	t := f.vars
	if t.SRTT == 0 || t.Cwnd == 0 {
		return
	}
	f.rates.pacing = pacingRate(sendMSS(t, p), int(t.Cwnd)/sendMSS(t, p), int(t.SSThresh)/sendMSS(t, p), f.flying, float64(t.SRTT))
}

// pacingRate is in bytes per second: twice what slow start needs, or a fifth more than what is sent in a round trip of srtt µs
// (tcp_pacing_ss_ratio, tcp_pacing_ca_ratio).
func pacingRate(mss, cwnd, thresh, flying int, srtt float64) uint64 {
	percent := 120
	if cwnd < thresh/2 {
		percent = 200
	}
	return uint64(float64(mss*max(cwnd, flying)*percent) * 1e4 / srtt)
}

// delivery is the rate to show, in bytes per second, 0 for none.
func (r *rates) delivery(mss int) uint64 {
	if r.best.interval == 0 {
		return 0
	}
	return r.best.delivered * uint64(mss) * uint64(tcp.Second) / uint64(r.best.interval)
}

// send notes that the application sends: what the kernel has had too little of to fill the congestion window, it was the
// application that limited it (tcp_rate_check_app_limited).
func (f *flow) send(p *tcp.Profile) {
	t := f.vars
	if mss := sendMSS(t, p); t.State.Synchronized() && unsent(t) < mss && len(f.out)*mss < int(t.Cwnd) {
		f.rates.bubble = max(f.delivered+uint64(len(f.out)), 1)
	}
}

// work notes whether there is something to send or to be acknowledged behind the SYN.
func (f *flow) work(now engine.Time) {
	r, t := &f.rates, f.vars
	waits := t.State.Synchronized() && (unacknowledged(t) > 0 || t.FinQueued && !t.FinSent)
	switch {
	case waits && r.since == engine.Never:
		r.since = now
	case !waits && r.since != engine.Never:
		r.busy, r.since = r.worked(now), engine.Never
	}
}

// worked is for how long there was something to send, counted in ticks of the kernel's clock.
func (r *rates) worked(now engine.Time) engine.Time {
	if r.since == engine.Never {
		return r.busy
	}
	return r.busy + (now/jiffy-r.since/jiffy)*jiffy
}
