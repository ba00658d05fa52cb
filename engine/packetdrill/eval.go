package packetdrill

import (
	"encoding/binary"
	"net/netip"

	"github.com/handshakelab/lab/engine/diag"
)

// number is the value of an expression that is one: a number, a symbol, several joined by |, htons(8080).
func (e *Expr) number() (int64, bool) {
	switch e.Kind {
	case Number:
		return e.Int, true
	case Word:
		return symbol(e.Text)
	case Or:
		var n int64
		for _, item := range e.Items {
			v, ok := item.number()
			if !ok {
				return 0, false
			}
			n |= v
		}
		return n, true
	case Apply:
		if len(e.Items) != 1 {
			return 0, false
		}
		switch e.Text {
		case "htons":
			v, ok := e.Items[0].number()
			return v, ok
		case "inet_addr":
			a, err := netip.ParseAddr(e.Items[0].Text)
			if err != nil || !a.Is4() {
				return 0, false
			}
			b := a.As4()
			return int64(binary.LittleEndian.Uint32(b[:])), true
		}
	}
	return 0, false
}

// bracketed is the number in [1].
func (e *Expr) bracketed() (int64, bool) {
	if e.Kind != List || len(e.Items) != 1 {
		return 0, false
	}
	return e.Items[0].number()
}

// names walks over the words of an expression.
func (e *Expr) names(visit func(*Expr)) {
	if e.Kind == Word {
		visit(e)
	}
	for _, item := range e.Items {
		item.names(visit)
	}
	for _, f := range e.Fields {
		f.Value.names(visit)
		for _, a := range f.Args {
			a.names(visit)
		}
	}
}

// checkNames reports the words in a call that mean nothing: a slip of the pen, or a constant of another kernel.
func checkNames(p *parser, list ...*Expr) error {
	var err error
	for _, e := range list {
		e.names(func(w *Expr) {
			if _, ok := symbol(w.Text); ok {
				return
			}
			if hint := diag.DidYouMean("", w.Text, symbolNames()...); hint != "" {
				err = p.fail(w.Pos, "unknown-symbol", w.Text+" is no constant that scripts can name", hint)
				return
			}
			p.script.unknown = append(p.script.unknown, lacking(p.script.Name, w.Pos, "the constant "+clip(w.Text)))
		})
	}
	return err
}
