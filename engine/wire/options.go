package wire

import (
	"encoding/binary"
	"fmt"
	"iter"
)

// Options are the option bytes of a TCP header exactly as they stand on the wire, at most 40 (RFC 9293 section 3.1). They
// are a plain comparable value, and the zero value has none.
//
// The Add methods append one option. One that would not fit into the 40 bytes is left out whole, and the others stay. Each has
// a With method that leaves o as it is and returns the result, for expressions. No method adds padding: MUST-64 does not ask for alignment, and a
// stack that wants it says WithNOP. Only at the end must the header be a whole number of 32-bit words, which
// [Segment.AppendIPv4] ensures with zero bytes (End of Option List, MUST-69).
type Options struct {
	n uint8
	b [MaxOptions]byte // bytes from n on are zero, so that == compares options
}

// MaxOptions is how many option bytes fit: a header of 15 words less the 20 fixed bytes.
const MaxOptions = 40

// Option kinds (IANA TCP parameters).
const (
	KindEOL           = 0
	KindNOP           = 1
	KindMSS           = 2
	KindWindowScale   = 3
	KindSACKPermitted = 4
	KindSACK          = 5
	KindTimestamps    = 8
	KindMD5           = 19
	KindUserTimeout   = 28
	KindAO            = 29
	KindMultipath     = 30
	KindFastOpen      = 34
	KindExperiment    = 254
)

// MaxWindowScale is the largest shift that a TCP may use; it takes a larger one as this (RFC 7323 section 2.3).
const MaxWindowScale = 14

// RawOptions returns options of exactly these bytes, whatever they mean. The only error is more than 40 bytes.
func RawOptions(b []byte) (Options, error) {
	if len(b) > MaxOptions {
		return Options{}, fmt.Errorf("wire: %d option bytes, and a TCP header has room for %d", len(b), MaxOptions)
	}
	var o Options
	o.n = uint8(copy(o.b[:], b))
	return o, nil
}

// AddMSS appends the maximum segment size that the sender can receive, in bytes of data (RFC 9293 section 3.7.1; only
// right in a SYN, MUST-65).
func (o *Options) AddMSS(v uint16) {
	if b := o.next(KindMSS, 4); b != nil {
		binary.BigEndian.PutUint16(b, v)
	}
}

// AddWindowScale appends the shift that the sender wants for its own later windows (RFC 7323 section 2.2). A TCP sends
// 0 to 14; larger values are written too, for whoever wants to see what the peer makes of them.
func (o *Options) AddWindowScale(s uint8) {
	if b := o.next(KindWindowScale, 3); b != nil {
		b[0] = s
	}
}

// AddSACKPermitted appends the offer to receive selective acknowledgments (RFC 2018 section 2; only right in a SYN).
func (o *Options) AddSACKPermitted() { o.next(KindSACKPermitted, 2) }

// AddTimestamps appends the timestamps option (RFC 7323 section 3.2). val is the clock of the sender, in ticks of a length
// that is the sender's affair, and ecr the value that it echoes, which means something only in a segment with ACK.
func (o *Options) AddTimestamps(val, ecr uint32) {
	if b := o.next(KindTimestamps, 10); b != nil {
		binary.BigEndian.PutUint32(b, val)
		binary.BigEndian.PutUint32(b[4:], ecr)
	}
}

// AddSACK appends selective acknowledgments (RFC 2018 section 3): as many of the blocks as fit, from the first, which
// should be the newest. There is room for four, or three beside timestamps. Without any block nothing is appended.
func (o *Options) AddSACK(blocks ...Block) {
	room := (MaxOptions - int(o.n) - 2) / 8
	blocks = blocks[:max(0, min(len(blocks), room))]
	if len(blocks) == 0 {
		return
	}
	b := o.next(KindSACK, uint8(2+8*len(blocks)))
	for i, block := range blocks {
		binary.BigEndian.PutUint32(b[8*i:], uint32(block.Left))
		binary.BigEndian.PutUint32(b[8*i+4:], uint32(block.Right))
	}
}

// AddFastOpen appends a Fast Open cookie of 4 to 16 bytes, or with none the request for one (RFC 7413 section 4.1.1).
func (o *Options) AddFastOpen(cookie []byte) { o.AddRaw(KindFastOpen, cookie) }

// AddFastOpenExperiment appends the same in the form from before Fast Open had a kind of its own (RFC 6994).
func (o *Options) AddFastOpenExperiment(cookie []byte) {
	if len(cookie) > MaxOptions {
		return
	}
	var b [4 + MaxOptions]byte
	b[0], b[1], b[2], b[3] = KindExperiment, byte(4+len(cookie)), fastOpenMagic>>8, fastOpenMagic&0xff
	o.add(append(b[:4], cookie...)...)
}

// fastOpenMagic is the number of the Fast Open experiment.
const fastOpenMagic = 0xf989

// AddUserTimeout appends a user timeout in seconds, or with minutes set in minutes; v has 15 bits (RFC 5482 section 2).
func (o *Options) AddUserTimeout(v uint16, minutes bool) {
	v &= 1<<15 - 1
	if minutes {
		v |= 1 << 15
	}
	if b := o.next(KindUserTimeout, 4); b != nil {
		binary.BigEndian.PutUint16(b, v)
	}
}

// AddNOP appends n bytes of filling, which may stand between any two options (RFC 9293 section 3.2).
func (o *Options) AddNOP(n int) {
	for range n {
		if o.n < MaxOptions {
			o.b[o.n] = KindNOP
			o.n++
		}
	}
}

// AddEOL appends the end of the option list, behind which a TCP reads no further (RFC 9293 section 3.2).
func (o *Options) AddEOL() { o.add(KindEOL) }

// AddRaw appends an option of any kind with the right length byte in front of data. Kinds 0 and 1 have no length byte
// (MUST-68); for them data is appended behind the kind byte as it is.
func (o *Options) AddRaw(kind uint8, data []byte) {
	if len(data) > MaxOptions {
		return
	}
	var b [2 + MaxOptions]byte
	b[0] = kind
	head := b[:1]
	if kind != KindEOL && kind != KindNOP {
		b[1] = byte(2 + len(data))
		head = b[:2]
	}
	o.add(append(head, data...)...)
}

// next appends the kind and the length of an option of size bytes and returns the bytes behind them, to be filled in; nil when
// there is no room for it.
func (o *Options) next(kind, size uint8) []byte {
	if int(o.n)+int(size) > MaxOptions {
		return nil
	}
	b := o.b[o.n : o.n+size]
	b[0], b[1] = kind, size
	o.n += size
	return b[2:]
}

func (o *Options) add(b ...byte) {
	if int(o.n)+len(b) <= MaxOptions {
		o.n += uint8(copy(o.b[o.n:], b))
	}
}

// With methods, for expressions: o and one option more.

// WithMSS is AddMSS on a copy.
func (o Options) WithMSS(v uint16) Options { o.AddMSS(v); return o }

// WithWindowScale is AddWindowScale on a copy.
func (o Options) WithWindowScale(s uint8) Options { o.AddWindowScale(s); return o }

// WithSACKPermitted is AddSACKPermitted on a copy.
func (o Options) WithSACKPermitted() Options { o.AddSACKPermitted(); return o }

// WithTimestamps is AddTimestamps on a copy.
func (o Options) WithTimestamps(val, ecr uint32) Options { o.AddTimestamps(val, ecr); return o }

// WithSACK is AddSACK on a copy.
func (o Options) WithSACK(blocks ...Block) Options { o.AddSACK(blocks...); return o }

// WithFastOpen is AddFastOpen on a copy.
func (o Options) WithFastOpen(cookie []byte) Options { o.AddFastOpen(cookie); return o }

// WithFastOpenExperiment is AddFastOpenExperiment on a copy.
func (o Options) WithFastOpenExperiment(cookie []byte) Options {
	o.AddFastOpenExperiment(cookie)
	return o
}

// WithUserTimeout is AddUserTimeout on a copy.
func (o Options) WithUserTimeout(v uint16, minutes bool) Options {
	o.AddUserTimeout(v, minutes)
	return o
}

// WithNOP is AddNOP(1) on a copy.
func (o Options) WithNOP() Options { o.AddNOP(1); return o }

// WithEOL is AddEOL on a copy.
func (o Options) WithEOL() Options { o.AddEOL(); return o }

// WithRaw is AddRaw on a copy.
func (o Options) WithRaw(kind uint8, data []byte) Options { o.AddRaw(kind, data); return o }

// Len is the number of option bytes, 0 to 40, without the padding that the wire may add.
func (o Options) Len() int { return int(o.n) }

// Bytes returns a copy of the option bytes, without the padding that the wire may add.
func (o Options) Bytes() []byte { return o.Append(nil) }

// Append appends the option bytes, without padding, to b.
func (o Options) Append(b []byte) []byte { return append(b, o.b[:o.n]...) }

// Padded returns o filled up with zero bytes to a whole number of 32-bit words, as it is on the wire.
func (o Options) Padded() Options {
	o.n = (o.n + 3) &^ 3
	return o
}

// A Block is one SACK block: the numbers from Left up to but not including Right (RFC 2018 section 3).
type Block struct{ Left, Right Seq }

// An Option is one option as All finds it.
type Option struct {
	Kind uint8
	At   int    // index of the kind byte in the option bytes, 0 to 39
	Data []byte // without kind and length; behind EOL the padding; of a malformed option all that is left
	Bad  bool   // the length byte is missing, is 0 or 1, or points past the end; it is the last then
}

// Len is how many bytes the option occupies, its kind and length bytes included.
func (o Option) Len() int {
	if o.Kind == KindEOL || o.Kind == KindNOP || o.Bad {
		return 1 + len(o.Data)
	}
	return 2 + len(o.Data)
}

// All yields the options in their order. Every byte belongs to exactly one: the padding behind EOL is its data, and when a
// length makes no sense the rest of the bytes is the data of that last, bad option, its length byte included.
func (o Options) All() iter.Seq[Option] {
	return func(yield func(Option) bool) {
		b := o.Bytes()
		for at := 0; at < len(b); {
			opt := Option{Kind: b[at], At: at}
			size, ok := optionSize(b[at:])
			switch {
			case !ok:
				opt.Bad, opt.Data = true, b[at+1:]
			case opt.Kind == KindEOL:
				opt.Data = b[at+1:]
			case opt.Kind != KindNOP:
				opt.Data = b[at+2 : at+size]
			}
			if !yield(opt) {
				return
			}
			at += opt.Len()
		}
	}
}

// optionSize is how many bytes the first option in b occupies, by its own word. It is not ok when that word is missing or
// cannot be true. b is not empty.
func optionSize(b []byte) (size int, ok bool) {
	if b[0] == KindEOL || b[0] == KindNOP {
		return 1, true
	}
	if len(b) < 2 || b[1] < 2 || int(b[1]) > len(b) {
		return 0, false
	}
	return int(b[1]), true
}

// An OptionSet is what a TCP understands of the options of a segment.
type OptionSet struct {
	MSS            uint16 // of 0 to 65535 as it was sent; what to make of 0 is for the stack to say
	HasMSS         bool
	WindowScale    uint8 // as it was sent; more than 14 counts as 14 (RFC 7323 section 2.3)
	HasWindowScale bool
	SACKPermitted  bool
	HasTimestamps  bool
	TSVal, TSEcr   uint32
	Blocks         [4]Block // SACK blocks
	NumBlocks      uint8
	HasFastOpen    bool  // Fast Open, as a request when CookieLen is 0
	FastOpenExp    bool  // it came in the form of the experiment
	CookieLen      uint8 // 0 or 4 to 16, even
	Cookie         [MaxCookie]byte
	HasUserTimeout bool
	UserTimeout    uint32 // seconds
	Unknown        uint8  // how many options of unknown kind were skipped by their length (MUST-6)
	Ignored        uint8  // how many options of a kind above had a length that is not theirs, and were skipped
	Malformed      bool   // a length of 0 or 1 or past the end: reading stopped there (MUST-7)
}

// Parse reads the options as a robust TCP does, and as Linux does. It never fails: unknown kinds are skipped by their
// length (MUST-6), a known kind with a length that is not its own is ignored, of an option that comes twice the last one
// counts, End of Option List ends the reading, and an impossible length ends it too and sets Malformed (MUST-7). Whether
// an option may stand in this segment (MSS only in a SYN, for example) is for the caller to say. Parse does not allocate.
func (o *Options) Parse() (set OptionSet) {
	set.Read(o)
	return set
}

// Read is Parse into a set that is empty.
func (set *OptionSet) Read(o *Options) {
	b := o.b[:o.n]
	for at := 0; at < len(b); {
		kind := b[at]
		if kind == KindNOP {
			at++
			continue
		}
		if kind == KindEOL {
			break
		}
		size, ok := optionSize(b[at:])
		if !ok {
			set.Malformed = true
			break
		}
		set.take(kind, b[at+2:at+size])
		at += size
	}
}

// MaxCookie is the length of the longest Fast Open cookie (RFC 7413 section 4.1.1).
const MaxCookie = 16

// take notes one option. One of the wrong length is counted and changes nothing.
func (set *OptionSet) take(kind uint8, data []byte) {
	right := false // the length is
	switch kind {
	case KindMSS:
		if right = len(data) == 2; right {
			set.MSS, set.HasMSS = binary.BigEndian.Uint16(data), true
		}
	case KindWindowScale:
		if right = len(data) == 1; right {
			set.WindowScale, set.HasWindowScale = data[0], true
		}
	case KindSACKPermitted:
		if right = len(data) == 0; right {
			set.SACKPermitted = true
		}
	case KindTimestamps:
		if right = len(data) == 8; right {
			set.TSVal, set.TSEcr = binary.BigEndian.Uint32(data), binary.BigEndian.Uint32(data[4:])
			set.HasTimestamps = true
		}
	case KindSACK:
		// At most 38 bytes of data fit behind kind and length, so at most four blocks do.
		if right = len(data) > 0 && len(data)%8 == 0; right {
			set.Blocks, set.NumBlocks = [4]Block{}, uint8(len(data)/8)
			for i := range int(set.NumBlocks) {
				set.Blocks[i] = Block{
					Left:  Seq(binary.BigEndian.Uint32(data[8*i:])),
					Right: Seq(binary.BigEndian.Uint32(data[8*i+4:])),
				}
			}
		}
	case KindUserTimeout:
		if right = len(data) == 2; right {
			v := uint32(binary.BigEndian.Uint16(data))
			set.HasUserTimeout, set.UserTimeout = true, v&(1<<15-1)
			if v>>15 != 0 { // RFC 5482 section 2: the granularity bit says that it counts minutes
				set.UserTimeout *= 60
			}
		}
	case KindFastOpen:
		right = set.takeCookie(data, false)
	case KindExperiment:
		if len(data) < 2 || binary.BigEndian.Uint16(data) != fastOpenMagic {
			set.Unknown++
			return
		}
		right = set.takeCookie(data[2:], true)
	default:
		set.Unknown++
		return
	}
	if !right {
		set.Ignored++
	}
}

func (set *OptionSet) takeCookie(data []byte, experiment bool) bool {
	if len(data) > 0 && !soundCookie(data) {
		return false
	}
	set.HasFastOpen, set.FastOpenExp = true, experiment
	set.Cookie = [MaxCookie]byte{}
	set.CookieLen = uint8(copy(set.Cookie[:], data))
	return true
}
