package script

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/handshakelab/lab/engine/diag"
)

// The limits of a scenario. They keep a hostile text from costing more than it can be worth; no lesson comes near them.
const (
	MaxText  = 256 << 10 // bytes of a scenario
	MaxLines = 5000      // lines of a scenario
	MaxLine  = 16 << 10  // bytes of a line
	maxDiags = 1000      // faults that are told of one text; then reading stops
)

// A faults gathers what is wrong with a text, up to maxDiags.
type faults struct {
	list diag.List
	more bool // there was one more
}

func (f *faults) add(d diag.Diagnostic) {
	if len(f.list) >= maxDiags {
		f.more = true
		return
	}
	f.list = append(f.list, d)
}

// sorted returns the faults in the order of the text.
func (f *faults) sorted() diag.List {
	f.list.Sort()
	if f.more {
		last := f.list[len(f.list)-1]
		f.list = append(f.list, diag.Diagnostic{Line: last.Line, Col: last.EndCol, EndCol: last.EndCol, Severity: diag.Error, Code: "too-many-faults",
			Message: fmt.Sprintf("there are more faults than these %d", maxDiags), Hint: "mend these first"})
	}
	return f.list
}

// A token is a run of characters without a blank, in which blanks may stand only between quotes: drop, #5, seq=5,
// "GET /", payload="GET /".
type token struct {
	text   string // as it is written
	eq     int    // where the = of key=value is in text, -1 when it is no such thing
	quoted bool   // the token, or what is behind its =, is in quotes
	str    string // what stands between the quotes, escapes resolved
	col    int    // the column of its first character
	end    int    // the column after its last one
}

// A value is a word, or what stands behind the = of a token.
type value struct {
	text     string // without quotes and escapes
	quoted   bool
	col, end int
}

func (t token) whole() value {
	if t.quoted && t.eq < 0 {
		return value{t.str, true, t.col, t.end}
	}
	return value{t.text, false, t.col, t.end}
}

// key and val are the two sides of a token that has a =.
func (t token) key() value {
	return value{t.text[:t.eq], false, t.col, t.col + utf8.RuneCountInString(t.text[:t.eq])}
}

func (t token) val() value {
	col := t.col + utf8.RuneCountInString(t.text[:t.eq+1])
	if t.quoted {
		return value{t.str, true, col, t.end}
	}
	return value{t.text[t.eq+1:], false, col, t.end}
}

// lower is the token as a keyword: learners write on phones, which like to begin a line with a capital.
func (t token) lower() string { return strings.ToLower(t.text) }

// A scanner cuts one line into tokens.
type scanner struct {
	src  string
	i    int // byte offset
	col  int
	line int
	out  *faults
}

// scan returns the tokens of a line. A # begins a comment at the start of a line, and behind a blank unless a digit
// follows: #5 is a segment. With whole set the text is not a line of its own, so that a # with a digit is a segment at
// its start, too.
func scan(src string, line int, whole bool, out *faults) []token {
	s := &scanner{src: src, col: 1, line: line, out: out}
	s.checkCharacters()
	var toks []token
	for {
		s.blanks()
		if s.i == len(s.src) || s.src[s.i] == '#' && (len(toks) == 0 && !whole || !s.digitAt(s.i+1)) {
			return toks
		}
		toks = append(toks, s.token())
	}
}

func (s *scanner) digitAt(i int) bool {
	return i < len(s.src) && '0' <= s.src[i] && s.src[i] <= '9'
}

// checkCharacters finds the characters that no line may hold: what is not UTF-8, what a terminal would obey, and what
// makes a text read differently from how it is written. Each sort is told once a line.
func (s *scanner) checkCharacters() {
	col, told := 1, [2]bool{}
	for i, r := range s.src {
		switch {
		case r == utf8.RuneError && isBadByte(s.src[i:]) && !told[0]:
			told[0] = true
			s.fault(col, col+1, "not-utf8", fmt.Sprintf("the byte 0x%02x is not UTF-8 text", s.src[i]),
				`save the text as UTF-8; in quotes, write such a byte as \x`+fmt.Sprintf("%02x", s.src[i]))
		case isControl(r) && !told[1]:
			told[1] = true
			s.fault(col, col+1, "control-character", fmt.Sprintf("the invisible character %U has no place here", r),
				`delete it; in quotes, write its bytes as \xHH`)
		}
		col++
	}
}

func isBadByte(s string) bool {
	_, size := utf8.DecodeRuneInString(s)
	return size == 1
}

// isControl reports whether r is a control character other than a tab, or one that turns the direction of text around.
func isControl(r rune) bool {
	return r < ' ' && r != '\t' || 0x7f <= r && r < 0xa0 || r == 0x2028 || r == 0x2029 || r == 0xfeff ||
		0x200e <= r && r <= 0x200f || 0x202a <= r && r <= 0x202e || 0x2066 <= r && r <= 0x2069
}

// isBlank counts the no-break space as a blank: it comes along when a line is copied from a page.
func isBlank(r rune) bool { return r == ' ' || r == '\t' || r == '\u00a0' }

func (s *scanner) peek() rune {
	r, _ := utf8.DecodeRuneInString(s.src[s.i:])
	return r
}

func (s *scanner) step() {
	_, size := utf8.DecodeRuneInString(s.src[s.i:])
	s.i += size
	s.col++
}

func (s *scanner) blanks() {
	for s.i < len(s.src) && isBlank(s.peek()) {
		s.step()
	}
}

func (s *scanner) token() token {
	t := token{eq: -1, col: s.col}
	start := s.i
	for s.i < len(s.src) && !isBlank(s.peek()) {
		if s.src[s.i] == '"' && (s.i == start || s.i == start+t.eq+1 && t.eq > 0) {
			t.quoted = true
			t.str = s.quote()
			break
		}
		if s.src[s.i] == '=' && t.eq < 0 && isKey(s.src[start:s.i]) {
			t.eq = s.i - start
		}
		s.step()
	}
	if t.quoted && s.i < len(s.src) && !isBlank(s.peek()) {
		col := s.col
		for s.i < len(s.src) && !isBlank(s.peek()) {
			s.step()
		}
		s.fault(col, s.col, "bad-text", "a blank must follow the closing quote", `write a quote inside the text as \"`)
	}
	t.text, t.end = s.src[start:s.i], s.col
	return t
}

func isKey(s string) bool {
	for i := range len(s) {
		if c := s[i] | 0x20; (c < 'a' || c > 'z') && s[i] != '-' {
			return false
		}
	}
	return s != ""
}

// quote reads from the opening to the closing quote and returns what is between them.
func (s *scanner) quote() string {
	open := s.col
	var b strings.Builder
	for s.step(); s.i < len(s.src); {
		switch s.src[s.i] {
		case '"':
			s.step()
			return b.String()
		case '\\':
			s.escape(&b)
		default:
			i := s.i
			s.step()
			b.WriteString(s.src[i:s.i])
		}
	}
	s.fault(open, s.col, "open-quote", "the text that begins here has no closing quote", `end it with "`)
	return b.String()
}

// escape reads \" \\ \n \r \t or \xHH, one byte in hexadecimal.
func (s *scanner) escape(b *strings.Builder) {
	start, col := s.i, s.col
	s.step()
	if s.i < len(s.src) {
		c := s.src[s.i]
		s.step()
		switch c {
		case '"', '\\':
			b.WriteByte(c)
			return
		case 'n':
			b.WriteByte('\n')
			return
		case 'r':
			b.WriteByte('\r')
			return
		case 't':
			b.WriteByte('\t')
			return
		case 'x':
			if s.i+2 <= len(s.src) {
				if hi, lo := hexDigit(s.src[s.i]), hexDigit(s.src[s.i+1]); hi < 16 && lo < 16 {
					b.WriteByte(hi<<4 | lo)
					s.step()
					s.step()
					return
				}
			}
		}
	}
	s.fault(col, s.col, "bad-escape", quoted(s.src[start:s.i])+" is no escape", `write \" \\ \n \r \t, or \x and two hexadecimal digits for one byte`)
}

func hexDigit(c byte) byte {
	switch {
	case '0' <= c && c <= '9':
		return c - '0'
	case 'a' <= c|0x20 && c|0x20 <= 'f':
		return c | 0x20 - 'a' + 10
	}
	return 16
}

func (s *scanner) fault(col, end int, code, message, hint string) {
	s.out.add(diag.Diagnostic{Line: s.line, Col: col, EndCol: end, Severity: diag.Error, Code: code, Message: message, Hint: hint})
}

// quoted is a text as a message names it: in quotes, without what could upset a terminal, and not for ever.
func quoted(s string) string {
	const longest = 40
	if r := []rune(s); len(r) > longest {
		s = string(r[:longest]) + "…"
	}
	return fmt.Sprintf("%q", s)
}
