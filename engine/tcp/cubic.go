package tcp

// CUBIC (RFC 9438), how Linux opens the window in congestion avoidance: along a cubic curve of the time since the last loss, which is
// flat where that loss was, and never slower than RFC 5681 would. Windows are counted in segments and times as the kernel does it
// (tcp_cubic.c). Left out is HyStart, which ends slow start before anything is lost (RFC 9406).

// A cubic is what CUBIC remembers.
type cubic struct {
	max      uint32 // W_max: the window at the last loss, 0 before the first
	origin   uint32 // where the curve is flat
	k        uint32 // when it gets there, in units of 1/1024 s
	reno     uint32 // what the window would be by RFC 5681
	acked    uint32 // segments acknowledged that count towards reno
	every    uint32 // so many acknowledged segments open the window by one
	count    uint32 // of those that were not used yet
	last     uint32 // the window of the last reckoning
	lastAt   Time   // when that was
	epoch    Time   // when congestion avoidance began, 0 before
	shortest Time   // round trip
}

const (
	cubicBeta    = 717         // of 1024: 0.7 (RFC 9438 section 4.6)
	cubicC       = 410         // of 1024: 0.4 (RFC 9438 section 5.1)
	cubicReno    = 15          // of 8: segments per segment that reno grows by (RFC 9438 section 4.3)
	cubicUnknown = 20          // acknowledged segments a step while no loss was seen
	cubicAgain   = Second / 32 // how long a reckoning holds for the same window
	cubicTick    = Millisecond // a reckoning a tick at most
	cubicFactor  = (1 << 40) / cubicC
)

// lost notes the window at a loss. Fast convergence: one that is smaller than at the last loss makes room for others
// (RFC 9438 section 4.7).
func (c *cubic) lost(cwnd uint32) {
	c.epoch = 0
	if cwnd < c.max {
		cwnd = cwnd * (1024 + cubicBeta) / 2048
	}
	c.max = cwnd
}

// measured takes a round-trip time. Right after a loss it says little.
func (c *cubic) measured(now, rtt Time) {
	if c.epoch != 0 && now-c.epoch < Second {
		return
	}
	if c.shortest == 0 || rtt < c.shortest {
		c.shortest = rtt
	}
}

// paused moves the curve on by a time in which nothing was sent.
func (c *cubic) paused(now, idle Time) {
	if c.epoch != 0 {
		c.epoch = min(c.epoch+idle, now)
	}
}

// reckon says for a window how many acknowledged segments open it by one (bictcp_update).
func (c *cubic) reckon(now Time, cwnd, acked uint32) {
	c.acked += acked
	if c.last == cwnd && now-c.lastAt <= cubicAgain {
		return
	}
	if c.epoch == 0 || now/cubicTick != c.lastAt/cubicTick {
		c.curve(now, cwnd, acked)
	}
	// RFC 9438 section 4.3: the Reno-friendly region.
	for step := cwnd * cubicReno >> 3; step > 0 && c.acked > step; c.acked -= step {
		c.reno++
	}
	if c.reno > cwnd {
		c.every = min(c.every, cwnd/(c.reno-cwnd))
	}
	c.every = max(c.every, 2)
}

// curve is W_cubic(t) = C*(t-K)^3 + W_max (RFC 9438 section 4.2).
func (c *cubic) curve(now Time, cwnd, acked uint32) {
	c.last, c.lastAt = cwnd, now
	if c.epoch == 0 {
		c.epoch, c.acked, c.reno, c.k, c.origin = now, acked, cwnd, 0, cwnd
		if c.max > cwnd {
			c.k, c.origin = cubeRoot(cubicFactor*uint64(c.max-cwnd)), c.max
		}
	}
	t := uint64((now-c.epoch+c.shortest)/cubicTick) << 10 / 1000
	offs := min(max(t, uint64(c.k))-min(t, uint64(c.k)), 1<<17) // beyond two minutes the window is as wide as can be
	delta := uint32(cubicC * offs * offs * offs >> 40)
	target := c.origin + delta
	if t < uint64(c.k) {
		target = c.origin - min(delta, c.origin)
	}
	if c.every = 100 * cwnd; target > cwnd {
		c.every = cwnd / (target - cwnd)
	}
	if c.max == 0 {
		c.every = min(c.every, cubicUnknown)
	}
}

// cubeRoot is the largest number whose cube is not above n.
func cubeRoot(n uint64) uint32 {
	root := uint64(0)
	for bit := uint64(1) << 20; bit > 0; bit >>= 1 {
		if r := root | bit; r*r*r <= n {
			root = r
		}
	}
	return uint32(root)
}

// avoid opens the window in congestion avoidance (tcp_cong_avoid_ai).
func (s *step) avoid(delivered uint32) {
	c, mss := &s.t.cubic, uint32(s.mss())
	c.reckon(s.now, s.t.Cwnd/mss, delivered)
	if c.count >= c.every {
		c.count = 0
		s.t.Cwnd += mss
	}
	c.count += delivered
	s.t.Cwnd += c.count / c.every * mss
	c.count %= c.every
}

func (c *cubic) appendBinary(b []byte) []byte {
	return appendInts(b, int64(c.max), int64(c.origin), int64(c.k), int64(c.epoch), int64(c.reno), int64(c.acked), int64(c.every), int64(c.count),
		int64(c.last), int64(c.lastAt), int64(c.shortest))
}
