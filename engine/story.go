package engine

import "github.com/handshakelab/lab/engine/wire"

// A story is what the run remembers of a segment after it has left the wire: enough to answer conditions and to say why a
// segment is gone.
type story struct {
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

// stories are those of all segments that ever came on the wire. It is a value: copies share the chapters, which are never
// changed, so that a world with a long past is copied as fast as one without.
type stories struct {
	count int         // of all segments
	page  [page]story // the newest, count % page of them
	past  *chapter    // all others
}

// page is how many stories fill a chapter.
const page = 32

type chapter struct {
	page [page]story
	past *chapter
}

// add begins the story of the next segment and returns its number.
func (s *stories) add(x story) SegID {
	s.page[s.count%page] = x
	if s.count++; s.count%page == 0 {
		s.past = &chapter{s.page, s.past}
		s.page = [page]story{}
	}
	return SegID(s.count)
}

// of returns the story of a segment that came on the wire.
func (s *stories) of(id SegID) story {
	i := int(id) - 1
	if i/page == s.count/page {
		return s.page[i%page]
	}
	c := s.past
	for n := s.count/page - 1; n > i/page; n-- {
		c = c.past
	}
	return c.page[i%page]
}

// end ends the story of a segment.
func (s *stories) end(id SegID, last wire.Flags, how fate) {
	i := int(id) - 1
	x := &s.page[i%page]
	if i/page != s.count/page {
		// The chapters from the newest to the segment's are made anew: a segment seldom stays so long on the wire.
		at := &s.past
		for n := s.count/page - 1; ; n-- {
			again := **at
			*at = &again
			if n == i/page {
				break
			}
			at = &again.past
		}
		x = &(*at).page[i%page]
	}
	x.last, x.fate = last, how
}

// number returns how many stories is says yes to.
func (s *stories) number(is func(*story) bool) int {
	n := 0
	s.backward(func(_ SegID, x *story) bool {
		if is(x) {
			n++
		}
		return true
	})
	return n
}

// backward goes through the stories, the newest first.
func (s *stories) backward(yield func(SegID, *story) bool) {
	now, past := &s.page, s.past
	for id := s.count; id > 0; id-- {
		i := (id - 1) % page
		if i == page-1 { // a full page is in a chapter
			now, past = &past.page, past.past
		}
		if !yield(SegID(id), &now[i]) {
			return
		}
	}
}
