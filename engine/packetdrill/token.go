package packetdrill

import (
	"strings"

	"github.com/handshakelab/lab/engine/diag"
)

// A Pos is where something stands in a script. Line and Col count from 1, columns in code points; End is the column after
// its last character in the line where it begins.
type Pos struct{ Line, Col, End int }

type tokenKind uint8

const (
	endOfScript tokenKind = iota
	word                  // socket, SOCK_STREAM, S, 2abc
	integer               // 12, -1
	hexInteger            // 0x1f
	decimal               // 0.1, .1
	text                  // "text"
	backquoted            // `shell`
	snippet               // %{ code }%
	option                // --name
	address4              // 192.0.2.1
	address6              // 2001:db8::1
	ellipsis              // ...
	punct                 // any other single character
)

var tokenNames = [...]string{"the end of the script", "a word", "a number", "a hexadecimal number", "a decimal number", "a string",
	"a shell command", "a code snippet", "an option", "an IPv4 address", "an IPv6 address", "...", "a character"}

// A token is one word of the language. text is without quotes.
type token struct {
	kind  tokenKind
	text  string
	pos   Pos
	first bool // nothing but blanks stands before it in its line
}

// is reports whether the token is this punctuation or this word.
func (t token) is(s string) bool { return (t.kind == punct || t.kind == word) && t.text == s }

func (t token) String() string {
	switch t.kind {
	case endOfScript, ellipsis:
		return tokenNames[t.kind]
	case backquoted, snippet:
		return tokenNames[t.kind]
	case text:
		return `"` + clip(t.text) + `"`
	default:
		return clip(t.text)
	}
}

// clip shortens a text for a message.
func clip(s string) string {
	if r := []rune(s); len(r) > 40 {
		return string(r[:37]) + "..."
	}
	return s
}

// A scanner splits a script into tokens. The longest token that begins at a place is taken, as flex does.
type scanner struct {
	src       []rune
	at        int
	line, col int
	first     bool
	tokens    []token
	faults    *faults
}

func scan(src string, f *faults) []token {
	s := scanner{src: []rune(strings.ReplaceAll(src, "\r\n", "\n")), line: 1, col: 1, first: true, faults: f}
	for s.next() {
	}
	s.tokens = append(s.tokens, token{kind: endOfScript, pos: Pos{s.line, s.col, s.col}, first: true})
	return s.tokens
}

func (s *scanner) peek(n int) rune {
	if s.at+n < len(s.src) {
		return s.src[s.at+n]
	}
	return 0
}

// advance goes over n characters and returns them.
func (s *scanner) advance(n int) string {
	got := s.src[s.at : s.at+n]
	for _, r := range got {
		s.col++
		if r == '\n' {
			s.line, s.col, s.first = s.line+1, 1, true
		}
	}
	s.at += n
	return string(got)
}

// next takes one token, comment or blank. It reports whether there was one.
func (s *scanner) next() bool {
	c := s.peek(0)
	switch {
	case s.at >= len(s.src):
		return false
	case c == ' ' || c == '\t' || c == '\n' || c == '\r':
		s.advance(1)
	case c == '/' && s.peek(1) == '/':
		n := 2
		for s.at+n < len(s.src) && s.src[s.at+n] != '\n' {
			n++
		}
		s.advance(n)
	case c == '/' && s.peek(1) == '*':
		s.delimited(punct, "/*", "*/", "comment", false)
	case c == '%' && s.peek(1) == '{':
		s.delimited(snippet, "%{", "}%", "code snippet", false)
	case c == '"':
		s.delimited(text, `"`, `"`, "string", true)
	case c == '`':
		s.delimited(backquoted, "`", "`", "shell command", true)
	case c == '-' && s.peek(1) == '-' && isWord(s.peek(2)):
		n := 2
		for isWord(s.peek(n)) {
			n++
		}
		s.add(option, n, 2)
	default:
		s.plain(c)
	}
	return true
}

// delimited takes a token between two marks; a comment is no token.
func (s *scanner) delimited(kind tokenKind, open, end, name string, escapes bool) {
	line, col, first := s.line, s.col, s.first
	n := len(open)
	for ; ; n++ {
		if s.at+n >= len(s.src) {
			s.faults.add(Pos{line, col, col + len(open)}, "unclosed", "the "+name+" that begins here has no end", "close it with "+end)
			s.advance(len(s.src) - s.at)
			return
		}
		if escapes && s.peek(n) == '\\' {
			n++
			continue
		}
		if strings.HasPrefix(string(s.src[s.at+n:min(s.at+n+len(end), len(s.src))]), end) {
			break
		}
	}
	whole := s.advance(n + len(end))
	if kind == punct {
		s.first = first && s.first
		return
	}
	pos := Pos{line, col, col + len([]rune(whole))}
	if i := strings.IndexByte(whole, '\n'); i >= 0 {
		pos.End = col + len([]rune(whole[:i]))
	}
	s.tokens = append(s.tokens, token{kind, whole[len(open) : len(whole)-len(end)], pos, first})
	s.first = false
}

// plain takes a number, an address, a word, an ellipsis or a single character.
func (s *scanner) plain(c rune) {
	kind, n := punct, 1
	longer := func(k tokenKind, m int) {
		if m > n || m == n && kind == punct {
			kind, n = k, m
		}
	}
	if c == '.' && s.peek(1) == '.' && s.peek(2) == '.' {
		longer(ellipsis, 3)
	}
	if m := s.number(); m > 0 {
		longer(integer, m)
	}
	if m := s.decimal(); m > 0 {
		longer(decimal, m)
	}
	if c == '0' && s.peek(1) == 'x' && isHex(s.peek(2)) {
		m := 3
		for isHex(s.peek(m)) {
			m++
		}
		longer(hexInteger, m)
	}
	m := 0
	for isWord(s.peek(m)) {
		m++
	}
	if m > n {
		longer(word, m)
	} else if m == n && (kind == punct) {
		kind = word
	}
	if m := s.ipv4(); m > 0 {
		longer(address4, m)
	}
	if m := s.ipv6(); m > 0 {
		longer(address6, m)
	}
	s.add(kind, n, 0)
}

func (s *scanner) add(kind tokenKind, n, skip int) {
	pos := Pos{s.line, s.col, s.col + n}
	first := s.first
	t := s.advance(n)
	s.first = false
	s.tokens = append(s.tokens, token{kind, t[skip:], pos, first})
}

// number is the length of an integer here.
func (s *scanner) number() int {
	n := 0
	if s.peek(0) == '-' {
		n = 1
	}
	start := n
	for isDigit(s.peek(n)) {
		n++
	}
	if n == start {
		return 0
	}
	return n
}

// decimal is the length of a number with a point here: digits must follow the point.
func (s *scanner) decimal() int {
	n := s.number()
	if n == 0 && s.peek(0) == '-' {
		n = 1
	}
	if s.peek(n) != '.' || !isDigit(s.peek(n+1)) {
		return 0
	}
	n++
	for isDigit(s.peek(n)) {
		n++
	}
	return n
}

// ipv4 is the length of four numbers with points between them here.
func (s *scanner) ipv4() int {
	n := 0
	for part := range 4 {
		if part > 0 {
			if s.peek(n) != '.' {
				return 0
			}
			n++
		}
		start := n
		for isDigit(s.peek(n)) {
			n++
		}
		if n == start {
			return 0
		}
	}
	return n
}

// ipv6 is the length of an IPv6 address here: groups with :: somewhere, or eight of them. 1:1001 is none.
func (s *scanner) ipv6() int {
	n, groups, gap := 0, 0, false
	for {
		m := n
		for isHex(s.peek(m)) && m-n < 4 {
			m++
		}
		if m > n {
			groups++
		}
		n = m
		if s.peek(n) != ':' {
			break
		}
		if s.peek(n+1) == ':' && !gap {
			gap = true
			n += 2
			continue
		}
		if !isHex(s.peek(n + 1)) {
			break
		}
		n++
	}
	if gap && groups > 0 && groups < 8 || groups == 8 && !gap {
		return n
	}
	return 0
}

func isDigit(r rune) bool { return r >= '0' && r <= '9' }

func isHex(r rune) bool { return isDigit(r) || r >= 'a' && r <= 'f' || r >= 'A' && r <= 'F' }

func isWord(r rune) bool {
	return isDigit(r) || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == '_'
}

// faults collects what is wrong with a script.
type faults struct {
	file string
	list diag.List
}

// maxFaults is how many faults of one script are reported: a hostile text must not make a list longer than itself.
const maxFaults = 100

func (f *faults) add(p Pos, code, message, hint string) {
	if len(f.list) >= maxFaults {
		return
	}
	f.list = append(f.list, diag.Diagnostic{File: f.file, Line: p.Line, Col: p.Col, EndCol: p.End, Severity: diag.Error, Code: code,
		Message: message, Hint: hint})
}
