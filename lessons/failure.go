package lessons

import (
	"github.com/handshakelab/lab/engine/diag"
	"github.com/handshakelab/lab/engine/script"
)

// failure reports an action that a run refused, at the place where the author wrote it.
func (d *draft) failure(at span, err error) {
	f := script.Failure(err)
	line, col := d.place(at.start)
	_, end := d.place(at.end)
	f.File, f.Line, f.Col, f.EndCol = d.file, line, col, max(col, end)
	d.list = append(d.list, f)
}

// inLine reports a fault that another package found in a text that stands at the given place of one line.
func (d *draft) inLine(at span, fault diag.Diagnostic) {
	line, col := d.place(at.start)
	d.list = append(d.list, diag.List{fault}.In(d.file, line, col-1)...)
}
