package engine

import "github.com/handshakelab/lab/engine/wire"

// logged is what the run remembers of a segment after it has left the wire: enough to answer conditions and to say why a
// segment is gone.
type logged struct {
	born wire.Flags // flags when it came on the wire, without PSH
	last wire.Flags // flags when it left the wire, without PSH
	src  source
	fate fate
	icmp bool // it is an ICMP error; the flags mean nothing
}

type source uint8

const (
	sentByClient source = iota // a host sent it
	sentByServer
	forged
	copied
	injected            // a box of the path sent it
	repeated source = 8 // added: the host sent it because a timer fired
)

type fate uint8

const (
	flying fate = iota
	arrived
	lost
)

// segmentLog has an entry for each segment that ever came on the wire. It is a value: copies share the full pages, which are never
// changed, so that a world with a long past is copied as fast as one without.
type segmentLog struct {
	count int              // of all segments
	page  [pageSize]logged // the newest, count % pageSize of them
	past  *logPage         // all others
}

// pageSize is how many entries fill a page.
const pageSize = 32

type logPage struct {
	page [pageSize]logged
	past *logPage
}

// add begins the entry of the next segment and returns its number.
func (s *segmentLog) add(x logged) SegID {
	s.page[s.count%pageSize] = x
	if s.count++; s.count%pageSize == 0 {
		s.past = &logPage{s.page, s.past}
		s.page = [pageSize]logged{}
	}
	return SegID(s.count)
}

// of returns the entry of a segment that came on the wire.
func (s *segmentLog) of(id SegID) logged {
	i := int(id) - 1
	if i/pageSize == s.count/pageSize {
		return s.page[i%pageSize]
	}
	c := s.past
	for n := s.count/pageSize - 1; n > i/pageSize; n-- {
		c = c.past
	}
	return c.page[i%pageSize]
}

// end notes how a segment left the wire.
func (s *segmentLog) end(id SegID, last wire.Flags, how fate) {
	i := int(id) - 1
	x := &s.page[i%pageSize]
	if i/pageSize != s.count/pageSize {
		// The pages from the newest to the segment's are made anew: a segment seldom stays so long on the wire.
		at := &s.past
		for n := s.count/pageSize - 1; ; n-- {
			again := **at
			*at = &again
			if n == i/pageSize {
				break
			}
			at = &again.past
		}
		x = &(*at).page[i%pageSize]
	}
	x.last, x.fate = last, how
}

// number returns how many entries is says yes to.
func (s *segmentLog) number(is func(*logged) bool) int {
	n := 0
	s.backward(func(_ SegID, x *logged) bool {
		if is(x) {
			n++
		}
		return true
	})
	return n
}

// backward goes through the entries, the newest first.
func (s *segmentLog) backward(yield func(SegID, *logged) bool) {
	now, past := &s.page, s.past
	for id := s.count; id > 0; id-- {
		i := (id - 1) % pageSize
		if i == pageSize-1 { // a full page is in the past
			now, past = &past.page, past.past
		}
		if !yield(SegID(id), &now[i]) {
			return
		}
	}
}
