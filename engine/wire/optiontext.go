package wire

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
)

// String returns the options exactly as tcpdump lists them between its brackets, "mss 1460,sackOK,TS val 1 ecr 0,nop,wscale
// 7", with absolute numbers in SACK blocks. It is for reading: tcpdump prints nothing of what stands behind eol, gives up
// at "[bad opt]", and at " [|tcp]" where the bytes end. [ParseOptions] reads the list back when every option in it is well
// formed and of a kind that handshakes use. To keep options as text, use [Options.Text]. Multipath TCP (kind 30) is the one
// option whose details tcpdump prints and String does not.
func (o Options) String() string {
	b, _ := appendOptionList(nil, o.b[:o.n], false, 0)
	return string(b)
}

// Text returns the options as text for the scenario language, from which [ParseOptions] always makes the same bytes. It is
// what String prints where that is enough, "unknown-77 0x0102" for every option that has a sound length and no better text,
// "eol" for each zero byte of padding, and "raw 0a0b0c" for bytes that are no options at all.
func (o Options) Text() string {
	var b []byte
	for opt := range o.All() {
		if opt.At > 0 {
			b = append(b, ',')
		}
		b = opt.appendText(b)
	}
	return string(b)
}

func (opt Option) appendText(b []byte) []byte {
	switch {
	case opt.Bad:
		return fmt.Appendf(b, "raw %02x%x", opt.Kind, opt.Data)
	case opt.Kind == KindEOL:
		b = append(b, "eol"...)
		if strings.Trim(string(opt.Data), "\x00") != "" {
			return fmt.Appendf(b, ",raw %x", opt.Data)
		}
		return append(b, strings.Repeat(",eol", len(opt.Data))...)
	case opt.Kind == KindFastOpen && len(opt.Data) == 0:
		return append(b, "tfo cookiereq"...) // tcpdump sets two blanks
	case opt.Kind == KindFastOpen && soundCookie(opt.Data):
		return fmt.Appendf(b, "tfo cookie %x", opt.Data)
	case opt.plain():
		raw := append([]byte{opt.Kind, byte(2 + len(opt.Data))}, opt.Data...)
		b, _ = appendOptionList(b, raw[:opt.Len()], false, 0)
		return b
	case len(opt.Data) == 0:
		return fmt.Appendf(b, "unknown-%d", opt.Kind)
	}
	return fmt.Appendf(b, "unknown-%d 0x%x", opt.Kind, opt.Data)
}

// plain reports whether tcpdump's text of the option says all that is in it, in words that ParseOptions knows.
func (opt Option) plain() bool {
	switch opt.Kind {
	case KindNOP:
		return true
	case KindMSS:
		return len(opt.Data) == 2
	case KindWindowScale:
		return len(opt.Data) == 1
	case KindSACKPermitted:
		return len(opt.Data) == 0
	case KindSACK:
		return len(opt.Data) > 0 && len(opt.Data)%8 == 0
	case KindTimestamps:
		return len(opt.Data) == 8
	}
	return false
}

// soundCookie reports whether b is as long as a Fast Open cookie may be (RFC 7413 section 4.1.1).
func soundCookie(b []byte) bool { return len(b) >= 4 && len(b) <= 16 && len(b)%2 == 0 }

// How tcpdump ended an option list.
type listEnd uint8

const (
	listWhole    listEnd = iota
	listBadFirst         // "[bad opt]" before one option was complete; tcpdump forgets to close its bracket then
	listBad              // "[bad opt]" later
	listCut              // " [|tcp]": the packet ended where a length byte was wanted
)

// appendOptionList appends what tcpdump prints for the option bytes b between its brackets, and does so by the same steps
// (print-tcp.c), since they show: after a known option with a length that is not its own, tcpdump goes on behind the bytes
// that the kind should have had, not behind those that it says it has. more says that payload follows in the packet; base
// is subtracted from the edges of SACK blocks.
func appendOptionList(dst, b []byte, more bool, base Seq) ([]byte, listEnd) {
	bad := listBadFirst
	for len(b) > 0 {
		if bad == listBad {
			dst = append(dst, ',')
		}
		kind, size, head := b[0], 1, 1
		if kind != KindEOL && kind != KindNOP {
			if len(b) == 1 && !more {
				return append(dst, " [|tcp]"...), listCut
			}
			var ok bool
			if size, ok = optionSize(b); !ok {
				return append(dst, "[bad opt]"...), bad
			}
			head = 2
		}
		b = b[head:]
		// Known kinds read as many bytes as they should have, which may be more than size says or than there are.
		want := size - head
		if n, fixed := optionData(kind); fixed {
			want = n
		}
		dst = appendOptionName(dst, kind)
		if want > len(b) || kind == KindExperiment && want < 2 {
			return append(dst, "[bad opt]"...), bad
		}
		dst = appendOptionData(dst, kind, b[:want], base)
		b = b[want:]
		if head+want != size {
			dst = fmt.Appendf(dst, "[len %d]", size)
		}
		bad = listBad
		if kind == KindEOL {
			break
		}
	}
	return dst, listWhole
}

// Kinds that nobody uses any more and tcpdump still names.
const (
	kindEcho      = 6
	kindEchoReply = 7
	kindCC        = 11
	kindCCNew     = 12
	kindCCEcho    = 13
	kindSCPS      = 20
)

// optionData is how many bytes tcpdump takes behind kind and length of a kind that has a fixed size.
func optionData(kind uint8) (n int, fixed bool) {
	switch kind {
	case KindEOL, KindNOP, KindSACKPermitted:
		return 0, true
	case KindWindowScale:
		return 1, true
	case KindMSS, KindUserTimeout, kindSCPS:
		return 2, true
	case kindEcho, kindEchoReply, kindCC, kindCCNew, kindCCEcho:
		return 4, true
	case KindTimestamps:
		return 8, true
	case KindMD5:
		return 16, true
	}
	return 0, false
}

// optionNames has no word for CC.ECHO because tcpdump 4.99 prints none, only its number.
var optionNames = map[uint8]string{
	KindEOL: "eol", KindNOP: "nop", KindMSS: "mss", KindWindowScale: "wscale", KindSACKPermitted: "sackOK", KindSACK: "sack",
	kindEcho: "echo", kindEchoReply: "echoreply", KindTimestamps: "TS", kindCC: "cc", kindCCNew: "ccnew", kindCCEcho: "",
	KindMD5: "md5", kindSCPS: "scps", KindUserTimeout: "uto", KindAO: "tcp-ao", KindFastOpen: "tfo", KindExperiment: "exp",
}

func appendOptionName(dst []byte, kind uint8) []byte {
	if name, ok := optionNames[kind]; ok {
		return append(dst, name...)
	}
	return fmt.Appendf(dst, "unknown-%d", kind)
}

func appendOptionData(dst []byte, kind uint8, data []byte, base Seq) []byte {
	switch kind {
	case KindEOL, KindNOP, KindSACKPermitted:
		return dst
	case KindMSS:
		return fmt.Appendf(dst, " %d", binary.BigEndian.Uint16(data))
	case KindWindowScale:
		return fmt.Appendf(dst, " %d", data[0])
	case KindSACK:
		if len(data)%8 != 0 {
			return append(dst, " invalid sack"...)
		}
		dst = fmt.Appendf(dst, " %d ", len(data)/8)
		for ; len(data) > 0; data = data[8:] {
			left, right := Seq(binary.BigEndian.Uint32(data)), Seq(binary.BigEndian.Uint32(data[4:]))
			dst = fmt.Appendf(dst, "{%d:%d}", left-base, right-base)
		}
		return dst
	case kindEcho, kindEchoReply, kindCC, kindCCNew, kindCCEcho:
		return fmt.Appendf(dst, " %d", binary.BigEndian.Uint32(data))
	case KindTimestamps:
		return fmt.Appendf(dst, " val %d ecr %d", binary.BigEndian.Uint32(data), binary.BigEndian.Uint32(data[4:]))
	case KindMD5:
		return fmt.Appendf(dst, " shared secret not supplied with -M, can't check - %x", data)
	case kindSCPS:
		return fmt.Appendf(dst, " cap %02x id %d", data[0], data[1])
	case KindUserTimeout:
		v := binary.BigEndian.Uint16(data)
		dst = fmt.Appendf(dst, " 0x%x", v)
		// RFC 5482 has the granularity bit on top; tcpdump looks for it at the bottom, and we print what it prints.
		if v&1 != 0 {
			return fmt.Appendf(dst, " %d", uint32(v>>1)*60)
		}
		return fmt.Appendf(dst, " %d", v>>1)
	case KindAO:
		if len(data) < 2 {
			return append(dst, " (invalid)"...)
		}
		dst = fmt.Appendf(dst, " keyid %d rnextkeyid %d", data[0], data[1])
		if len(data) > 2 {
			dst = fmt.Appendf(dst, " mac 0x%x", data[2:])
		}
		return dst
	case KindFastOpen:
		return appendCookie(append(dst, ' '), data)
	case KindExperiment:
		// An experiment has its own number in front (RFC 6994); Fast Open was one before it got its kind.
		if magic := binary.BigEndian.Uint16(data); magic != fastOpenMagic {
			return fmt.Appendf(dst, "-%04x", magic)
		}
		return appendCookie(append(dst, "-tfo"...), data[2:])
	}
	if len(data) > 0 {
		dst = fmt.Appendf(dst, " 0x%x", data)
	}
	return dst
}

func appendCookie(dst, cookie []byte) []byte {
	switch {
	case len(cookie) == 0:
		return append(dst, " cookiereq"...)
	case !soundCookie(cookie):
		return append(dst, " (invalid)"...)
	}
	return fmt.Appendf(dst, " cookie %x", cookie)
}

// An OptionError says where and why a text is not a list of options.
type OptionError struct {
	At, End int    // the bytes of the text at fault: from At up to but not including End
	Reason  string // for people: "mss: 70000 is more than 65535"
}

func (e *OptionError) Error() string { return "wire: " + e.Reason }

// ParseOptions reads a list of options, separated by commas: what [Options.Text] prints, and what tcpdump prints as far as
// [Options.String] promises. Names may be in either case and blanks may surround them. The empty text is no options.
//
//	nop   eol   mss 1460   wscale 7   sackOK   TS val 1 ecr 0   sack 1 {100:200}   tfo cookiereq   tfo cookie 0011223344556677
//	echo 1   echoreply 1   cc 1   ccnew 1   unknown-77 0x0102   raw 0a0b0c
//
// unknown-K takes any kind from 2 to 255, the named ones too, and writes the right length byte; raw takes any bytes. An
// error is an [*OptionError]: a name or a number that is none, a number out of its range, or more than 40 bytes in all.
func ParseOptions(s string) (Options, error) {
	if strings.TrimSpace(s) == "" {
		return Options{}, nil
	}
	var b []byte
	at := 0
	for item := range strings.SplitSeq(s, ",") {
		text := strings.TrimSpace(item)
		start := at + strings.Index(item, text)
		at += len(item) + 1
		var reason string
		if b, reason = appendOption(b, text); reason != "" {
			return Options{}, &OptionError{At: start, End: start + len(text), Reason: reason}
		}
	}
	o, err := RawOptions(b)
	if err != nil {
		return Options{}, &OptionError{At: 0, End: len(s), Reason: strings.TrimPrefix(err.Error(), "wire: ")}
	}
	return o, nil
}

// appendOption appends the bytes of one option, or says what is wrong with its text.
func appendOption(b []byte, text string) (_ []byte, reason string) {
	words := strings.Fields(text)
	if len(words) == 0 {
		return b, "an option is missing between two commas"
	}
	name, args := strings.ToLower(words[0]), words[1:]
	if kind, ok := strings.CutPrefix(name, "unknown-"); ok {
		return appendUnknown(b, kind, args)
	}
	switch name {
	case "raw":
		data, err := hex.DecodeString(strings.Join(args, ""))
		if err != nil || len(data) == 0 {
			return b, "raw: bytes in hexadecimal must follow, two digits each"
		}
		return append(b, data...), ""
	case "nop":
		return append(b, KindNOP), tooMany(name, args)
	case "eol":
		return append(b, KindEOL), tooMany(name, args)
	case "sackok":
		return append(b, KindSACKPermitted, 2), tooMany("sackOK", args)
	case "mss":
		v, reason := oneNumber(name, args, 16)
		return append(b, KindMSS, 4, byte(v>>8), byte(v)), reason
	case "wscale":
		v, reason := oneNumber(name, args, 8)
		return append(b, KindWindowScale, 3, byte(v)), reason
	case "ts":
		return appendTimestamps(b, args)
	case "sack":
		return appendBlocks(b, strings.Join(args, " "))
	case "tfo":
		return appendFastOpen(b, args)
	}
	for _, kind := range [...]uint8{kindEcho, kindEchoReply, kindCC, kindCCNew} {
		if name == optionNames[kind] {
			v, reason := oneNumber(name, args, 32)
			return binary.BigEndian.AppendUint32(append(b, kind, 6), uint32(v)), reason
		}
	}
	return b, fmt.Sprintf("no option is called %q; there are mss, wscale, sackOK, sack, TS, tfo, nop, eol, unknown-N and raw",
		shorten(words[0]))
}

func appendUnknown(b []byte, kind string, args []string) ([]byte, string) {
	k, err := strconv.ParseUint(kind, 10, 8)
	if err != nil || k < 2 {
		return b, fmt.Sprintf("unknown-%s: an option kind with a length is a number from 2 to 255", shorten(kind))
	}
	digits, prefixed := strings.CutPrefix(strings.Join(args, ""), "0x")
	data, err := hex.DecodeString(digits)
	if err != nil || len(args) > 0 && !prefixed {
		return b, fmt.Sprintf("unknown-%d: the data must be 0x and two hexadecimal digits a byte", k)
	}
	if len(data) > MaxOptions-2 {
		return b, fmt.Sprintf("unknown-%d: %d bytes of data, and there is room for %d", k, len(data), MaxOptions-2)
	}
	return append(append(b, byte(k), byte(2+len(data))), data...), ""
}

func appendTimestamps(b []byte, args []string) ([]byte, string) {
	const form = "TS: the form is TS val 1 ecr 0"
	if len(args) != 4 || !strings.EqualFold(args[0], "val") || !strings.EqualFold(args[2], "ecr") {
		return b, form
	}
	val, reason := oneNumber("TS val", args[1:2], 32)
	if reason != "" {
		return b, reason
	}
	ecr, reason := oneNumber("TS ecr", args[3:], 32)
	b = binary.BigEndian.AppendUint32(append(b, KindTimestamps, 10), uint32(val))
	return binary.BigEndian.AppendUint32(b, uint32(ecr)), reason
}

func appendBlocks(b []byte, text string) ([]byte, string) {
	const form = "sack: the form is sack 2 {100:200}{300:400}, with the number of blocks in front or without, one to four"
	count, list, found := strings.Cut(text, "{")
	list, closed := strings.CutSuffix(list, "}")
	if !found || !closed {
		return b, form
	}
	var blocks []Block
	for block := range strings.SplitSeq(list, "}") {
		left, right, ok := strings.Cut(strings.TrimPrefix(strings.TrimSpace(block), "{"), ":")
		if !ok {
			return b, form
		}
		l, reason := oneNumber("sack", []string{left}, 32)
		if reason != "" {
			return b, reason
		}
		r, reason := oneNumber("sack", []string{right}, 32)
		if reason != "" {
			return b, reason
		}
		blocks = append(blocks, Block{Seq(l), Seq(r)})
	}
	if len(blocks) > 4 {
		return b, form
	}
	if count = strings.TrimSpace(count); count != "" && count != strconv.Itoa(len(blocks)) {
		return b, fmt.Sprintf("sack: %s blocks are announced and %d follow", shorten(count), len(blocks))
	}
	return append(b, Options{}.WithSACK(blocks...).Bytes()...), ""
}

func appendFastOpen(b []byte, args []string) ([]byte, string) {
	if len(args) == 1 && strings.EqualFold(args[0], "cookiereq") {
		return append(b, KindFastOpen, 2), ""
	}
	if len(args) == 2 && strings.EqualFold(args[0], "cookie") {
		if cookie, err := hex.DecodeString(args[1]); err == nil && soundCookie(cookie) {
			return append(append(b, KindFastOpen, byte(2+len(cookie))), cookie...), ""
		}
	}
	return b, "tfo: the form is tfo cookiereq, or tfo cookie and 4 to 16 bytes in hexadecimal, an even number of them"
}

// oneNumber reads the only word behind an option's name, a decimal number of the given width.
func oneNumber(name string, args []string, bits int) (uint64, string) {
	most := uint64(1)<<bits - 1
	if len(args) != 1 {
		return 0, fmt.Sprintf("%s: one number from 0 to %d must follow", name, most)
	}
	v, err := strconv.ParseUint(args[0], 10, 64)
	if err != nil {
		return 0, fmt.Sprintf("%s: %q is not a number from 0 to %d", name, shorten(args[0]), most)
	}
	if v > most {
		return 0, fmt.Sprintf("%s: %d is more than %d", name, v, most)
	}
	return v, ""
}

func tooMany(name string, args []string) string {
	if len(args) == 0 {
		return ""
	}
	return fmt.Sprintf("%s: nothing may follow, and %q does", name, shorten(strings.Join(args, " ")))
}

// shorten keeps messages about long nonsense readable.
func shorten(s string) string {
	if len(s) <= 32 {
		return s
	}
	return s[:32] + "..."
}
