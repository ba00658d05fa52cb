package packetdrill

import (
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/handshakelab/lab/engine/tcp"
)

// A command is what one command of a shell line comes to. Nothing is executed.
type command struct {
	pos         Pos
	set         []sysctlSetting
	saves       bool // the settings are noted, for restore to undo
	restore     bool
	sleep       tcp.Time
	noTSO       bool   // the interface is to cut nothing up: each segment of text is a packet of its own
	unsupported string // the command, when it means nothing here
}

// A sysctlSetting is one name=value, the name without net.ipv4.
type sysctlSetting struct {
	pos         Pos
	name, value string
}

// standard are the settings that the scripts named defaults.sh make before every test of packetdrill, as far as they differ from
// those of the kernel.
var standard = []sysctlSetting{
	{name: "tcp_rmem", value: "4096 540000 15728640"},
	{name: "tcp_wmem", value: "4096 262144 4194304"},
	{name: "tcp_timestamps", value: "1"},
	{name: "tcp_syn_retries", value: "5"},
	{name: "tcp_synack_retries", value: "5"},
	{name: "tcp_sack", value: "1"},
	{name: "tcp_ecn", value: "0"},
	{name: "tcp_slow_start_after_idle", value: "0"},
	{name: "tcp_fastopen", value: "0x70403"},
	{name: "tcp_syncookies", value: "1"},
}

// commands takes a shell line apart.
func (s Shell) commands() []command {
	var out []command
	for _, c := range splitCommands(s) {
		if len(c.words) > 0 {
			out = append(out, interpret(c))
		}
	}
	return out
}

// A shellCommand is the words of one command.
type shellCommand struct {
	words []shellWord
}

type shellWord struct {
	text string
	pos  Pos
}

// splitCommands splits a line at line ends, ;, && and ||, and each command at blanks that are not quoted.
func splitCommands(s Shell) []shellCommand {
	out := []shellCommand{{}}
	line, col := s.Pos.Line, s.Pos.Col+1
	var w []rune
	start := Pos{}
	inWord := false
	depth := 0
	quote := rune(0)
	finish := func() {
		if inWord {
			start.End = col
			last := &out[len(out)-1]
			last.words = append(last.words, shellWord{string(w), start})
		}
		w, inWord = nil, false
	}
	runes := []rune(s.Text)
	for i := 0; i < len(runes); i++ {
		c := runes[i]
		next := rune(0)
		if i+1 < len(runes) {
			next = runes[i+1]
		}
		switch {
		case quote != 0:
			if c == quote {
				quote = 0
			} else {
				w = append(w, c)
			}
		case depth == 0 && (c == '"' || c == '\''):
			if !inWord {
				start, inWord = Pos{Line: line, Col: col}, true
			}
			quote = c
		case depth == 0 && !inWord && c == '#':
			for i+1 < len(runes) && runes[i+1] != '\n' {
				i++
				col++
			}
		case depth == 0 && c == '\\' && next == '\n':
			i++
			line, col = line+1, 0
		case depth == 0 && (c == '\n' || c == ';' || c == '&' && next == '&' || c == '|' && next == '|'):
			finish()
			out = append(out, shellCommand{})
			if c == '&' || c == '|' {
				i++
				col++
			}
		case depth == 0 && (c == ' ' || c == '\t'):
			finish()
		default:
			if !inWord {
				start, inWord = Pos{Line: line, Col: col}, true
			}
			switch c {
			case '(':
				depth++
			case ')':
				depth = max(0, depth-1)
			}
			w = append(w, c)
		}
		col++
		if c == '\n' {
			line, col = line+1, 1
		}
	}
	finish()
	return out
}

// harmless are commands that change nothing that the model has.
var harmless = []string{"true", ":", "sync", "date", "nstat", "ss", "cat", "ip tcp_metrics", "tc qdisc", "modprobe", "exit", "set"}

// procPrefix is where the sysctls are as files.
const procPrefix = "/proc/sys/net/ipv4/"

func interpret(c shellCommand) command {
	words, target := redirections(c.words)
	for len(words) > 0 && (words[0].text == "sudo" || words[0].text == "source" || words[0].text == "." || words[0].text == "bash" || words[0].text == "sh") {
		words = words[1:]
	}
	if len(words) == 0 {
		return command{pos: c.words[0].pos}
	}
	out := command{pos: words[0].pos}
	line := words[0].text
	if len(words) > 1 {
		line += " " + words[1].text
	}
	switch base := path.Base(words[0].text); {
	case base == "defaults.sh":
		for _, s := range standard {
			s.pos = out.pos
			out.set = append(out.set, s)
		}
		if words[0].text == "./defaults.sh" { // that of the kernel's own tests, which lets listeners say whether they take Fast Open
			out.set = append(out.set, sysctlSetting{out.pos, "tcp_fastopen", "3"})
		}
	case base == "set_sysctls.py":
		out.saves = true
		for _, w := range words[1:] {
			out.sysctl(w)
		}
	case strings.HasPrefix(base, "sysctl_restore"):
		out.restore = true
	case base == "sysctl":
		for _, w := range words[1:] {
			if strings.Contains(w.text, "=") {
				out.sysctl(w)
			}
		}
	case base == "echo" && strings.HasPrefix(target, "/proc/sys/"):
		text := make([]string, 0, len(words))
		for _, w := range words[1:] {
			text = append(text, w.text)
		}
		out.sysctl(shellWord{target + "=" + strings.Join(text, " "), out.pos})
	case base == "echo" && target == "":
	case base == "sleep" && len(words) == 2:
		s, err := strconv.ParseFloat(words[1].text, 64)
		if err != nil || s < 0 || s > 3600 {
			out.unsupported = line
		}
		out.sleep = tcp.Time(s * float64(tcp.Second))
	case base == "ethtool":
		i := slices.IndexFunc(words, func(w shellWord) bool { return w.text == "tso" })
		out.noTSO = i >= 0 && i+1 < len(words) && words[i+1].text == "off"
	case base == "tc" && slices.ContainsFunc(words, func(w shellWord) bool { return w.text == "netem" || w.text == "limit" || w.text == "tbf" }):
		out.unsupported = "tc that drops or delays"
	default:
		for _, h := range harmless {
			if line == h || words[0].text == h {
				return out
			}
		}
		out.unsupported = line
	}
	return out
}

// redirections takes > file and 2>&1 away. It returns the file that the output goes to.
func redirections(words []shellWord) (rest []shellWord, target string) {
	for i := 0; i < len(words); i++ {
		w := words[i].text
		mark := strings.IndexByte(w, '>')
		if mark < 0 || strings.Trim(w[:mark], "0123456789&") != "" {
			rest = append(rest, words[i])
			continue
		}
		file := strings.TrimLeft(w[mark:], ">")
		if file == "" && i+1 < len(words) {
			i++
			file = words[i].text
		}
		if !strings.HasPrefix(file, "&") && file != "/dev/null" {
			target = file
		}
	}
	return rest, target
}

// sysctl notes a name=value.
func (c *command) sysctl(w shellWord) {
	name, value, ok := strings.Cut(w.text, "=")
	if !ok {
		c.unsupported = w.text
		return
	}
	switch {
	case strings.HasPrefix(name, procPrefix):
		name = name[len(procPrefix):]
	case strings.HasPrefix(name, "/proc/sys/"):
		name = strings.ReplaceAll(name[len("/proc/sys/"):], "/", ".")
	}
	name = strings.TrimPrefix(name, "net.ipv4.")
	c.set = append(c.set, sysctlSetting{w.pos, name, arithmetic(value)})
}

// arithmetic replaces $((15*1024*1024)) by its value. Only products are known.
func arithmetic(s string) string {
	for {
		i := strings.Index(s, "$((")
		if i < 0 {
			return s
		}
		j := strings.Index(s[i:], "))")
		if j < 0 {
			return s
		}
		n := int64(1)
		for f := range strings.SplitSeq(s[i+3:i+j], "*") {
			v, err := strconv.ParseInt(strings.TrimSpace(f), 0, 64)
			if err != nil {
				return s
			}
			n *= v
		}
		s = s[:i] + strconv.FormatInt(n, 10) + s[i+j+2:]
	}
}
