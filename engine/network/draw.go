package network

// Draw returns the nth number that a run draws for a purpose. It is a hash, not a stream: who asks first, or whether
// anybody else asks at all, changes nothing, so a new use somewhere never moves the numbers of another, and a branch of a
// run has the luck of its parent.
func Draw(seed uint64, purpose string, n uint64) uint64 {
	h := mix(seed ^ 0x6a09e667f3bcc908)
	for i := range len(purpose) {
		h = mix(h ^ uint64(purpose[i]))
	}
	return mix(h ^ n)
}

// mix is a bijection of 64-bit numbers in which every bit of x moves about half of the bits of the result: two rounds of
// multiply and fold, after a step that keeps 0 from staying 0.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15 // 2^64 / golden ratio, odd
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// millionths are the unit of chances.
const millionths = 1_000_000

// happens reports whether a draw falls within a chance in millionths.
func happens(draw uint64, chance uint32) bool { return draw%millionths < uint64(chance) }
