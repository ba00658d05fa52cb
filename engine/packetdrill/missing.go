package packetdrill

import (
	"slices"
	"strings"

	"github.com/handshakelab/lab/engine/diag"
	"github.com/handshakelab/lab/engine/tcp"
)

// missing lists what the script needs and the lab does not have. It is found before the run: half a run would prove nothing.
func (s *Script) missing() diag.List {
	m := finder{script: s, list: slices.Clone(s.unknown)}
	m.set = newSettings(tcp.Linux)
	for _, o := range s.Options {
		if k := options[o.Name]; k.here != nil && !k.here(o.Value) {
			m.add(o.Pos, "--"+o.Name+"="+o.Value)
		}
		if a, ok := parseAddress(o.Value); ok && (o.Name == "local_ip" || o.Name == "remote_ip") && a.Is4() == (s.version() == "ipv6") {
			m.add(o.Pos, "--"+o.Name+"="+o.Value+" with --ip_version="+s.version())
		}
	}
	for i := range s.Init {
		m.shell(&s.Init[i])
	}
	for i := range s.Events {
		e := &s.Events[i]
		switch {
		case e.Packet != nil && e.Packet.Unsupported != "":
			m.add(e.Packet.Pos, e.Packet.Unsupported)
		case e.Call != nil:
			m.call(e.Call)
		case e.Shell != nil:
			m.shell(e.Shell)
		case e.Code != nil:
			m.code(e.Code)
		}
	}
	m.list.Sort()
	return m.list
}

type finder struct {
	script *Script
	set    settings
	list   diag.List
}

func (m *finder) add(p Pos, what string) {
	m.list = append(m.list, lacking(m.script.Name, p, what))
}

func lacking(file string, p Pos, what string) diag.Diagnostic {
	return diag.Diagnostic{File: file, Line: p.Line, Col: p.Col, EndCol: p.End, Severity: diag.Error, Code: "unsupported",
		Message: "the lab does not have " + what}
}

func (m *finder) shell(s *Shell) {
	for _, c := range s.commands() {
		if c.unsupported != "" {
			m.add(c.pos, "the command "+clip(c.unsupported))
		}
		for _, set := range c.set {
			if !m.set.set(set.name, set.value) {
				m.add(set.pos, "the setting "+clip(set.name+"="+set.value))
			}
		}
	}
}

func (m *finder) call(c *Call) {
	if !calls[c.Name].here {
		m.add(c.Pos, "the call "+c.Name)
		return
	}
	switch c.Name {
	case "socket":
		m.socket(c)
	case "setsockopt", "getsockopt":
		level, okLevel := c.Args[1].number()
		name, okName := c.Args[2].number()
		if _, ok := sockoptKinds[optionName{level, name}]; okLevel && okName && !ok {
			m.add(c.Args[2].Pos, "the socket option "+c.Args[2].Text)
		}
		if o := (optionName{level, name}); o == (optionName{ipprotoTCP, tcpCongestion}) && c.Args[3].Kind == String && !containsWord("cubic reno", c.Args[3].Text) {
			m.add(c.Args[3].Pos, "the congestion control "+clip(c.Args[3].Text))
		}
	case "recv", "recvfrom", "send", "sendto":
		m.flags(c.Args[3])
	case "recvmsg", "sendmsg":
		m.flags(c.Args[2])
		m.control(c)
	case "fcntl":
		if n, ok := c.Args[1].number(); ok && n != fGetfl && n != fSetfl {
			m.add(c.Args[1].Pos, "this fcntl")
		}
	case "ioctl":
		if n, ok := c.Args[1].number(); ok && n != siocinq && n != siocoutq && n != siocoutqnsd {
			m.add(c.Args[1].Pos, "this ioctl")
		}
	}
}

// control finds control messages. How much is left to read is the one that the lab gives.
func (m *finder) control(c *Call) {
	f := c.Args[1].field("msg_control")
	if f == nil {
		return
	}
	if c.Name == "sendmsg" {
		m.add(f.Pos, "control messages")
		return
	}
	for _, item := range f.Items {
		if t := item.field("cmsg_type"); t == nil || t.Text != "TCP_CM_INQ" {
			m.add(item.Pos, "control messages of this type")
		}
	}
}

func (m *finder) socket(c *Call) {
	family, also := int64(afInet), int64(afInet)
	switch m.script.version() {
	case "ipv6":
		family, also = afInet6, afInet6
	case "ipv4-mapped-ipv6":
		also = afInet6
	}
	if n, ok := c.Args[0].number(); ok && n != family && n != also {
		m.add(c.Args[0].Pos, "sockets of this family")
	}
	if n, ok := c.Args[1].number(); ok && n&^(oNonblock|oCloexec) != sockStream {
		m.add(c.Args[1].Pos, "sockets of this type")
	}
	if n, ok := c.Args[2].number(); ok && n != ipprotoTCP && n != 0 {
		m.add(c.Args[2].Pos, "sockets of this protocol")
	}
}

// flags finds flags of send and recv that are not here.
func (m *finder) flags(e *Expr) {
	const here = msgPeek | msgDontwait | msgWaitall | msgNosignal | msgZerocopy | msgFastopen
	if n, ok := e.number(); ok && n&^here != 0 {
		m.add(e.Pos, "the flags "+bitNames(n&^here, "MSG_OOB", "MSG_TRUNC", "MSG_EOR", "MSG_MORE", "MSG_ZEROCOPY", "MSG_ERRQUEUE"))
	}
}

func (m *finder) code(c *Code) {
	for _, st := range c.prog {
		if st.kind == unsupportedStatement {
			m.add(st.pos, st.what)
		}
	}
	c.names(func(n *node) {
		switch {
		case n.op == "call" && !slices.Contains(knownCalls, n.name):
			m.add(n.pos, "Python's "+n.name+"()")
		case n.op == "name" && strings.HasPrefix(n.name, "tcpi_") && infoFields[n.name] == nil:
			m.add(n.pos, n.name+" of TCP_INFO")
		}
	})
}

// setsBuffers reports whether the script says how large buffers may be.
func (s *Script) setsBuffers() bool {
	sets := func(sh *Shell) bool {
		for _, c := range sh.commands() {
			if slices.ContainsFunc(c.set, func(s sysctlSetting) bool { return s.name == "tcp_rmem" }) {
				return true
			}
		}
		return false
	}
	for i := range s.Init {
		if sets(&s.Init[i]) {
			return true
		}
	}
	return slices.ContainsFunc(s.Events, func(e Event) bool { return e.Shell != nil && sets(e.Shell) })
}

// guessScale takes the window scale of the host from the first SYN that a script expects, when the script does not set the buffers which
// decide it: 6 to 10 is what Linux offers by default, by its version and the memory of the machine that the script was written on.
func (s *Script) guessScale(set *settings) {
	for i := range s.Events {
		p := s.Events[i].Packet
		if p == nil || !p.Out {
			continue
		}
		if o := p.Options.Parse(); o.HasWindowScale {
			if o.WindowScale >= 6 && o.WindowScale <= 10 {
				set.profile.Scale = o.WindowScale
			}
			return
		}
	}
}
