package packetdrill

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// A snippet is a small part of Python: assert, assignment, print and pass over numbers, texts, tuples and truth values. What is
// more than that (import, def, if, loops) is reported as unsupported.

// A statement is one line of a snippet.
type statement struct {
	pos   Pos
	kind  statementKind
	names []string // of an assignment
	op    string   // of an assignment: "" or "+" for +=
	x     *node    // of an assert, an assignment, a print
	note  *node    // of an assert: what to say, may be nil
	what  string   // of one that is unsupported
}

type statementKind uint8

const (
	assertStatement statementKind = iota
	assignStatement
	printStatement
	exprStatement
	passStatement
	unsupportedStatement
)

// A node is an expression of a snippet.
type node struct {
	pos  Pos
	op   string // "num", "str", "name", "tuple", "call", "index", "not", "neg", "~", "cmp", "if", or a binary operator
	val  value
	name string
	args []*node
	ops  []string // of cmp: the operators between args
}

// A value is an int64, a float64, a string, a bool, a []value or nil (None).
type value any

// parseCode takes a snippet apart.
func parseCode(p *parser, t token) (*Code, error) {
	c := &Code{Pos: t.pos, Text: t.text}
	s := codeScanner{src: t.text, line: t.pos.Line, col: t.pos.Col + len("%{"), p: p}
	return c, s.statements(c)
}

// A codeScanner reads a snippet.
type codeScanner struct {
	src       string
	at        int
	line, col int // of the first character
	p         *parser
	depth     int // of expressions in one another
	brackets  int // that are open: inside them a line end is a blank
}

func (s *codeScanner) pos(at int) Pos {
	line, col, from := s.line, s.col, 0
	if i := strings.LastIndexByte(s.src[:at], '\n'); i >= 0 {
		line, col, from = s.line+strings.Count(s.src[:at], "\n"), 1, i+1
	}
	col += len([]rune(s.src[from:at]))
	return Pos{line, col, col + 1}
}

func (s *codeScanner) fail(message string) error {
	return s.p.fail(s.pos(min(s.at, len(s.src))), "code", message, "")
}

// blanks goes over blanks and comments, and over line ends inside brackets.
func (s *codeScanner) blanks() {
	for s.at < len(s.src) {
		switch c := s.src[s.at]; {
		case c == ' ' || c == '\t' || c == '\r' || c == '\n' && s.brackets > 0:
			s.at++
		case c == '\\' && strings.HasPrefix(s.src[s.at+1:], "\n"):
			s.at += 2
		case c == '#':
			for s.at < len(s.src) && s.src[s.at] != '\n' {
				s.at++
			}
		default:
			return
		}
	}
}

// take goes over a mark when it comes next.
func (s *codeScanner) take(mark string) bool {
	s.blanks()
	if !strings.HasPrefix(s.src[s.at:], mark) {
		return false
	}
	end := s.at + len(mark)
	if isWord(rune(mark[0])) && end < len(s.src) && isWord(rune(s.src[end])) {
		return false
	}
	s.at = end
	return true
}

// end reports whether the line ends here.
func (s *codeScanner) end() bool {
	s.blanks()
	return s.at >= len(s.src) || s.src[s.at] == '\n'
}

// foreignWords begin what is more Python than there is here.
var foreignWords = []string{"import", "from", "def", "class", "if", "elif", "else", "for", "while", "try", "except", "finally", "with", "return", "raise", "del", "global", "lambda", "exec"}

func (s *codeScanner) statements(c *Code) error {
	for {
		for s.take("\n") || s.take(";") {
		}
		if s.end() {
			return nil
		}
		st := statement{pos: s.pos(s.at)}
		var err error
		foreign := ""
		for _, w := range foreignWords {
			if at := s.at; s.take(w) {
				foreign, s.at = w, at
			}
		}
		switch {
		case foreign != "":
			st.kind, st.what = unsupportedStatement, "Python's "+foreign
			s.at = len(s.src)
		case s.take("assert"):
			st.kind = assertStatement
			if st.x, err = s.expression(); err == nil && s.take(",") {
				st.note, err = s.tuple()
			}
		case s.take("pass"):
			st.kind = passStatement
		default:
			if name, op, ok := s.target(); ok {
				st.kind, st.names, st.op = assignStatement, []string{name}, op
				st.x, err = s.tuple()
				break
			}
			at := s.at
			st.kind = exprStatement
			if s.take("print") {
				st.kind = printStatement
				if s.at < len(s.src) && s.src[s.at] == ' ' && !strings.HasPrefix(strings.TrimSpace(s.src[s.at:]), "(") {
					st.x, err = s.tuple() // print x, as Python 2 had it
					break
				}
				s.at = at + len("print")
				if st.x, err = s.tuple(); err == nil && st.x.op != "tuple" {
					st.x = &node{pos: st.pos, op: "tuple", args: []*node{st.x}}
				}
				break
			}
			st.x, err = s.tuple()
		}
		if err != nil {
			return err
		}
		c.prog = append(c.prog, st)
		if !s.end() && s.src[s.at] != ';' {
			line, _, _ := strings.Cut(s.src[s.at:], "\n")
			return s.fail("found " + clip(line) + " where the statement should end")
		}
	}
}

// target takes the left side of an assignment.
func (s *codeScanner) target() (name, op string, ok bool) {
	at := s.at
	name = s.word()
	if name != "" {
		for _, op := range []string{"", "+", "-", "*"} {
			back := s.at
			if s.take(op+"=") && !strings.HasPrefix(s.src[s.at:], "=") {
				return name, op, true
			}
			s.at = back
		}
	}
	s.at = at
	return "", "", false
}

func (s *codeScanner) word() string {
	s.blanks()
	start := s.at
	for s.at < len(s.src) && isWord(rune(s.src[s.at])) && !(s.at == start && isDigit(rune(s.src[s.at]))) {
		s.at++
	}
	return s.src[start:s.at]
}

// tuple takes expressions with commas between them.
func (s *codeScanner) tuple() (*node, error) {
	s.blanks()
	t := &node{pos: s.pos(s.at), op: "tuple"}
	x, err := s.expression()
	if err != nil {
		return nil, err
	}
	t.args = append(t.args, x)
	comma := false
	for s.take(",") {
		comma = true
		if s.end() || s.src[s.at] == ')' || s.src[s.at] == ']' || s.src[s.at] == ';' {
			break
		}
		if x, err = s.expression(); err != nil {
			return nil, err
		}
		t.args = append(t.args, x)
	}
	if !comma {
		return x, nil
	}
	return t, nil
}

// expression takes a conditional: X if C else Y.
func (s *codeScanner) expression() (*node, error) {
	s.depth++
	defer func() { s.depth-- }()
	if s.depth > maxDepth {
		return nil, s.fail("the expression is nested too deeply")
	}
	s.blanks()
	pos := s.pos(s.at)
	x, err := s.binary(0)
	if err != nil || !s.take("if") {
		return x, err
	}
	cond, err := s.binary(0)
	if err != nil {
		return nil, err
	}
	if !s.take("else") {
		return nil, s.fail("else is missing")
	}
	y, err := s.expression()
	return &node{pos: pos, op: "if", args: []*node{x, cond, y}}, err
}

// levels are Python's binary operators, those that bind least first. Level 2 is not, level 3 the comparisons.
var levels = [][]string{{"or"}, {"and"}, nil, {"==", "!=", "<=", ">=", "<<", ">>", "<", ">", "not in", "in", "is not", "is"}, {"|"}, {"^"}, {"&"}, {"<<", ">>"},
	{"+", "-"}, {"//", "*", "/", "%"}}

func (s *codeScanner) binary(level int) (*node, error) {
	if level == 2 {
		s.blanks()
		pos := s.pos(s.at)
		if s.take("not") {
			s.depth++
			defer func() { s.depth-- }()
			if s.depth > maxDepth {
				return nil, s.fail("the expression is nested too deeply")
			}
			x, err := s.binary(2)
			return &node{pos: pos, op: "not", args: []*node{x}}, err
		}
		level++
	}
	if level >= len(levels) {
		return s.unary()
	}
	s.blanks()
	pos := s.pos(s.at)
	x, err := s.binary(level + 1)
	if err != nil {
		return nil, err
	}
	var chain *node
	for {
		op := s.operator(levels[level])
		if op == "" {
			return x, nil
		}
		y, err := s.binary(level + 1)
		if err != nil {
			return nil, err
		}
		if level == 3 {
			if chain == nil {
				chain = &node{pos: pos, op: "cmp", args: []*node{x}}
				x = chain
			}
			chain.args, chain.ops = append(chain.args, y), append(chain.ops, op)
			continue
		}
		x = &node{pos: pos, op: op, args: []*node{x, y}}
	}
}

// operator takes one of these operators. Shifts stand among the comparisons only so that < does not take half of one.
func (s *codeScanner) operator(ops []string) string {
	at := s.at
	comparing := len(ops) > 5
	for _, op := range ops {
		if !s.take(op) {
			continue
		}
		if comparing && (op == "<<" || op == ">>") || op == "*" && strings.HasPrefix(s.src[s.at:], "*") {
			s.at = at
			return ""
		}
		return op
	}
	return ""
}

func (s *codeScanner) unary() (*node, error) {
	s.depth++
	defer func() { s.depth-- }()
	if s.depth > maxDepth {
		return nil, s.fail("the expression is nested too deeply")
	}
	s.blanks()
	pos := s.pos(s.at)
	for _, op := range []string{"-", "~", "+"} {
		if s.take(op) {
			x, err := s.unary()
			return &node{pos: pos, op: "unary" + op, args: []*node{x}}, err
		}
	}
	x, err := s.primary()
	if err != nil {
		return nil, err
	}
	if s.take("**") {
		y, err := s.unary()
		return &node{pos: pos, op: "**", args: []*node{x, y}}, err
	}
	return x, nil
}

func (s *codeScanner) primary() (*node, error) {
	s.blanks()
	pos := s.pos(s.at)
	rest := s.src[s.at:]
	switch {
	case rest == "" || rest[0] == '\n':
		return nil, s.fail("the line ends where a value should be")
	case rest[0] == '(' || rest[0] == '[':
		end := map[byte]string{'(': ")", '[': "]"}[rest[0]]
		s.at++
		s.brackets++
		defer func() { s.brackets-- }()
		if s.take(end) {
			return &node{pos: pos, op: "tuple"}, nil
		}
		x, err := s.tuple()
		if err != nil {
			return nil, err
		}
		if !s.take(end) {
			return nil, s.fail(end + " is missing")
		}
		if end == "]" && x.op != "tuple" {
			x = &node{pos: pos, op: "tuple", args: []*node{x}}
		}
		return x, nil
	case rest[0] == '"' || rest[0] == '\'':
		text := ""
		for s.at < len(s.src) && s.src[s.at] == rest[0] && len(text) < maxOutput {
			end := strings.IndexByte(s.src[s.at+1:], rest[0])
			if end < 0 {
				return nil, s.fail("the text that begins here has no end")
			}
			text += s.src[s.at+1 : s.at+1+end]
			s.at += end + 2
			s.blanks()
		}
		return &node{pos: pos, op: "str", val: strings.ReplaceAll(text, `\n`, "\n")}, nil
	case isDigit(rune(rest[0])) || rest[0] == '.' && len(rest) > 1 && isDigit(rune(rest[1])):
		return s.literal(pos)
	}
	name := s.word()
	if name == "" {
		return nil, s.fail("found " + clip(rest[:1]) + " where a value should be")
	}
	switch name {
	case "True", "False":
		return &node{pos: pos, op: "num", val: name == "True"}, nil
	case "None":
		return &node{pos: pos, op: "num"}, nil
	}
	x := &node{pos: pos, op: "name", name: name}
	if s.take("(") {
		x.op = "call"
		s.brackets++
		defer func() { s.brackets-- }()
		for !s.take(")") {
			a, err := s.expression()
			if err != nil {
				return nil, err
			}
			x.args = append(x.args, a)
			if !s.take(",") {
				if s.take(")") {
					break
				}
				return nil, s.fail(") is missing")
			}
		}
	}
	return x, nil
}

func (s *codeScanner) literal(pos Pos) (*node, error) {
	start := s.at
	for s.at < len(s.src) && (isWord(rune(s.src[s.at])) || s.src[s.at] == '.' ||
		(s.src[s.at] == '-' || s.src[s.at] == '+') && (s.src[s.at-1] == 'e' || s.src[s.at-1] == 'E') && !strings.HasPrefix(s.src[start:], "0x")) {
		s.at++
	}
	digits := s.src[start:s.at]
	if n, err := strconv.ParseInt(strings.TrimRight(digits, "lL"), 0, 64); err == nil {
		return &node{pos: pos, op: "num", val: n}, nil
	}
	f, err := strconv.ParseFloat(digits, 64)
	if err != nil {
		s.at = start
		return nil, s.fail(clip(digits) + " is no number")
	}
	return &node{pos: pos, op: "num", val: f}, nil
}

// A codeFault is what stops a snippet: an assertion that does not hold, or a mistake in it.
type codeFault struct {
	pos     Pos
	message string
}

// An interpreter runs the snippets of a script, one after the other, with the variables of the ones before.
type interpreter struct {
	vars map[string]value
	out  strings.Builder
}

// maxOutput is how much a script may print.
const maxOutput = 1 << 16

func (in *interpreter) run(c *Code) *codeFault {
	for _, st := range c.prog {
		var x value
		var err *codeFault
		if st.x != nil {
			if x, err = in.eval(st.x); err != nil {
				return err
			}
		}
		switch st.kind {
		case assertStatement:
			if truth(x) {
				continue
			}
			msg := "the assertion does not hold: " + st.x.String() + in.explain(st.x)
			if st.note != nil {
				if n, err := in.eval(st.note); err == nil {
					msg += "; " + show(n, false)
				}
			}
			return &codeFault{st.pos, msg}
		case assignStatement:
			name := st.names[0]
			if st.op != "" {
				old, err := in.eval(&node{pos: st.pos, op: "name", name: name})
				if err != nil {
					return err
				}
				if x, err = binaryOp(st.pos, st.op, old, x); err != nil {
					return err
				}
			}
			in.vars[name] = x
		case printStatement:
			if in.out.Len() < maxOutput {
				parts := []string{}
				if t, ok := x.([]value); ok {
					for _, v := range t {
						parts = append(parts, show(v, false))
					}
				} else {
					parts = append(parts, show(x, false))
				}
				in.out.WriteString(strings.Join(parts, " ") + "\n")
			}
		}
	}
	return nil
}

// explain says what the variables in an assertion are.
func (in *interpreter) explain(n *node) string {
	var parts []string
	seen := map[string]bool{}
	var walk func(*node)
	walk = func(n *node) {
		if n.op == "name" && !seen[n.name] {
			seen[n.name] = true
			if v, ok := in.vars[n.name]; ok && strings.ToUpper(n.name) != n.name {
				parts = append(parts, n.name+" is "+show(v, true))
			}
		}
		for _, a := range n.args {
			walk(a)
		}
	}
	walk(n)
	if len(parts) == 0 {
		return ""
	}
	return ", where " + strings.Join(parts, " and ")
}

// String prints an expression about as it was written.
func (n *node) String() string {
	arg := func(i int) string { return n.args[i].String() }
	switch n.op {
	case "num", "str":
		return show(n.val, true)
	case "name":
		return n.name
	case "tuple", "call":
		parts := make([]string, len(n.args))
		for i := range n.args {
			parts[i] = arg(i)
		}
		return n.name + "(" + strings.Join(parts, ", ") + ")"
	case "not":
		return "not " + arg(0)
	case "if":
		return arg(0) + " if " + arg(1) + " else " + arg(2)
	case "cmp":
		s := arg(0)
		for i, op := range n.ops {
			s += " " + op + " " + arg(i+1)
		}
		return s
	}
	if strings.HasPrefix(n.op, "unary") {
		return n.op[len("unary"):] + arg(0)
	}
	return "(" + arg(0) + " " + n.op + " " + arg(1) + ")"
}

// show prints a value as Python does.
func show(v value, quoted bool) string {
	switch v := v.(type) {
	case nil:
		return "None"
	case bool:
		if v {
			return "True"
		}
		return "False"
	case string:
		if quoted {
			return "'" + v + "'"
		}
		return v
	case []value:
		parts := make([]string, len(v))
		for i := range v {
			parts[i] = show(v[i], true)
		}
		return "(" + strings.Join(parts, ", ") + ")"
	default:
		return fmt.Sprint(v)
	}
}

func truth(v value) bool {
	switch v := v.(type) {
	case bool:
		return v
	case int64:
		return v != 0
	case float64:
		return v != 0
	case string:
		return v != ""
	case []value:
		return len(v) > 0
	}
	return false
}

func (in *interpreter) eval(n *node) (value, *codeFault) {
	fault := func(format string, args ...any) (value, *codeFault) {
		return nil, &codeFault{n.pos, fmt.Sprintf(format, args...)}
	}
	switch n.op {
	case "num", "str":
		return n.val, nil
	case "name":
		v, ok := in.vars[n.name]
		if !ok {
			return fault("%s is not defined", n.name)
		}
		return v, nil
	case "and", "or", "if":
		return in.choose(n)
	}
	args := make([]value, len(n.args))
	for i := range n.args {
		v, err := in.eval(n.args[i])
		if err != nil {
			return nil, err
		}
		args[i] = v
	}
	switch n.op {
	case "tuple":
		return args, nil
	case "call":
		return call(n, args)
	case "not":
		return !truth(args[0]), nil
	case "cmp":
		for i, op := range n.ops {
			ok, err := compare(n.pos, op, args[i], args[i+1])
			if err != nil || !ok {
				return false, err
			}
		}
		return true, nil
	case "unary-", "unary+", "unary~":
		return unaryOp(n.pos, n.op[len("unary"):], args[0])
	}
	return binaryOp(n.pos, n.op, args[0], args[1])
}

// choose evaluates what does not evaluate all its parts.
func (in *interpreter) choose(n *node) (value, *codeFault) {
	if n.op == "if" {
		c, err := in.eval(n.args[1])
		if err != nil {
			return nil, err
		}
		if truth(c) {
			return in.eval(n.args[0])
		}
		return in.eval(n.args[2])
	}
	x, err := in.eval(n.args[0])
	if err != nil || truth(x) == (n.op == "or") {
		return x, err
	}
	return in.eval(n.args[1])
}

func call(n *node, args []value) (value, *codeFault) {
	if len(args) == 1 {
		switch n.name {
		case "abs":
			if less, err := compare(n.pos, "<", args[0], int64(0)); err == nil && less {
				return unaryOp(n.pos, "-", args[0])
			}
			return args[0], nil
		case "int":
			if f, ok := args[0].(float64); ok {
				return int64(f), nil
			}
			return args[0], nil
		case "float":
			f, ok := float(args[0])
			if !ok {
				break
			}
			return f, nil
		case "bool":
			return truth(args[0]), nil
		case "str":
			return show(args[0], false), nil
		case "len":
			switch v := args[0].(type) {
			case string:
				return int64(len(v)), nil
			case []value:
				return int64(len(v)), nil
			}
		case "min", "max":
			if t, ok := args[0].([]value); ok {
				args = t
			}
		}
	}
	if (n.name == "min" || n.name == "max") && len(args) > 0 {
		best := args[0]
		for _, a := range args[1:] {
			less, err := compare(n.pos, "<", a, best)
			if err != nil {
				return nil, err
			}
			if less == (n.name == "min") {
				best = a
			}
		}
		return best, nil
	}
	return nil, &codeFault{n.pos, n.name + "() is not known here"}
}

// knownCalls are the functions that a snippet may call.
var knownCalls = []string{"abs", "int", "float", "bool", "str", "len", "min", "max"}

func float(v value) (float64, bool) {
	switch v := v.(type) {
	case int64:
		return float64(v), true
	case float64:
		return v, true
	case bool:
		if v {
			return 1, true
		}
		return 0, true
	}
	return 0, false
}

func whole(v value) (int64, bool) {
	switch v := v.(type) {
	case int64:
		return v, true
	case bool:
		if v {
			return 1, true
		}
		return 0, true
	}
	return 0, false
}

func compare(pos Pos, op string, x, y value) (bool, *codeFault) {
	switch op {
	case "in", "not in":
		t, ok := y.([]value)
		if !ok {
			return false, &codeFault{pos, "in needs a tuple or a list"}
		}
		found := false
		for _, v := range t {
			found = found || equal(x, v)
		}
		return found == (op == "in"), nil
	case "==", "is":
		return equal(x, y), nil
	case "!=", "is not":
		return !equal(x, y), nil
	}
	a, okA := float(x)
	b, okB := float(y)
	if s, ok := x.(string); ok {
		if t, ok := y.(string); ok {
			a, b, okA, okB = float64(strings.Compare(s, t)), 0, true, true
		}
	}
	if !okA || !okB {
		return false, &codeFault{pos, "cannot compare " + show(x, true) + " with " + show(y, true)}
	}
	switch op {
	case "<":
		return a < b, nil
	case "<=":
		return a <= b, nil
	case ">":
		return a > b, nil
	default:
		return a >= b, nil
	}
}

func equal(x, y value) bool {
	if a, ok := float(x); ok {
		b, ok := float(y)
		return ok && a == b
	}
	a, okA := x.([]value)
	b, okB := y.([]value)
	if okA || okB {
		if len(a) != len(b) || okA != okB {
			return false
		}
		for i := range a {
			if !equal(a[i], b[i]) {
				return false
			}
		}
		return true
	}
	return x == y
}

func unaryOp(pos Pos, op string, x value) (value, *codeFault) {
	if n, ok := whole(x); ok {
		switch op {
		case "-":
			return -n, nil
		case "~":
			return ^n, nil
		}
		return n, nil
	}
	if f, ok := x.(float64); ok && op != "~" {
		if op == "-" {
			return -f, nil
		}
		return f, nil
	}
	return nil, &codeFault{pos, op + " cannot be applied to " + show(x, true)}
}

func binaryOp(pos Pos, op string, x, y value) (value, *codeFault) {
	fault := func(why string) (value, *codeFault) { return nil, &codeFault{pos, why} }
	if s, ok := x.(string); ok {
		switch t, isText := y.(string); {
		case op == "+" && isText && len(s)+len(t) <= maxOutput:
			return s + t, nil
		case op == "%":
			return format(s, y), nil
		}
		return fault(op + " cannot join " + show(x, true) + " and " + show(y, true))
	}
	a, okA := whole(x)
	b, okB := whole(y)
	if okA && okB {
		switch op {
		case "|":
			return a | b, nil
		case "^":
			return a ^ b, nil
		case "&":
			return a & b, nil
		case "<<", ">>":
			if b < 0 || b > 62 {
				return fault("a shift by " + show(b, true) + " bits")
			}
			if op == "<<" {
				return a << b, nil
			}
			return a >> b, nil
		case "+":
			return a + b, nil
		case "-":
			return a - b, nil
		case "*":
			return a * b, nil
		case "//", "%":
			if b == 0 {
				return fault("division by zero")
			}
			if b == -1 { // the smallest number has no opposite
				if op == "%" {
					return int64(0), nil
				}
				return -a, nil
			}
			q, r := a/b, a%b
			if r != 0 && (r < 0) != (b < 0) {
				q, r = q-1, r+b
			}
			if op == "//" {
				return q, nil
			}
			return r, nil
		}
	}
	f, okF := float(x)
	g, okG := float(y)
	if !okF || !okG {
		return fault(op + " cannot join " + show(x, true) + " and " + show(y, true))
	}
	switch op {
	case "+":
		return f + g, nil
	case "-":
		return f - g, nil
	case "*":
		return f * g, nil
	case "/":
		if g == 0 {
			return fault("division by zero")
		}
		return f / g, nil
	case "//":
		if g == 0 {
			return fault("division by zero")
		}
		return math.Floor(f / g), nil
	case "**":
		r := math.Pow(f, g)
		if okA && okB && b >= 0 && math.Abs(r) < 1<<53 {
			return int64(r), nil
		}
		return r, nil
	}
	return fault(op + " cannot join " + show(x, true) + " and " + show(y, true))
}

// format is Python's "..." % values, with %d, %s, %x, %f and the like.
func format(s string, y value) string {
	args, ok := y.([]value)
	if !ok {
		args = []value{y}
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '%' || i+1 == len(s) {
			b.WriteByte(s[i])
			continue
		}
		i++
		for i+1 < len(s) && strings.IndexByte("0123456789.-+ #", s[i]) >= 0 {
			i++
		}
		switch {
		case s[i] == '%':
			b.WriteByte('%')
		case len(args) == 0:
			b.WriteByte('?')
		default:
			if n, ok := whole(args[0]); ok && s[i] == 'x' {
				b.WriteString(strconv.FormatInt(n, 16))
			} else {
				b.WriteString(show(args[0], false))
			}
			args = args[1:]
		}
	}
	return b.String()
}
