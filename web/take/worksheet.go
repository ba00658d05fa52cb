package take

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/handshakelab/lab/static"
	"github.com/handshakelab/lab/web/i18n"
	"github.com/handshakelab/lab/web/ladder"
)

// Fields are what a worksheet can leave blank, in the order in which they are offered.
var Fields = []string{"flags", "seq", "ack", "len", "time", "states", "fate", "why"}

// Blanks are what a worksheet leaves blank when nobody has chosen.
var Blanks = []string{"flags", "seq", "ack", "states"}

// own is the sheet that only worksheets have, and sheets are all that a worksheet needs, in their order.
const own = "css/worksheet.css"

var sheets = []string{"css/tokens.css", "css/base.css", "css/ladder.css", own}

// Sheets returns the addresses of the style sheets of a worksheet.
func Sheets(url func(name string) string) []string {
	return []string{url(static.Sheet), url(own)}
}

// Where something is to be written, in a lane and on the label of a segment.
const line, short = "______", "____"

// maxOnePage is the height of a ladder that is scaled down to fit one page; higher ones go over several.
const maxOnePage = 1500

// A sheet is one page of a worksheet: the one to fill in, or the key.
type sheet struct {
	key     bool
	id      string
	heading string
	layout  *ladder.Layout
	rows    []ladder.Row
	blank   []string
}

func (r *Run) worksheet(b *bytes.Buffer, o Options) error {
	blank := o.Blank
	for _, f := range blank {
		if !slices.Contains(Fields, f) {
			return fmt.Errorf("take: a worksheet has no field %q", f)
		}
	}
	var styles string
	if len(o.Sheets) == 0 {
		for _, name := range sheets {
			css, err := fs.ReadFile(static.Embedded(), name)
			if err != nil {
				return err
			}
			styles += string(css)
		}
	}
	c := o.words()
	run := ladder.Read(c, r.Events)
	open := sheet{id: "sheet", heading: r.title(o), layout: run.Layout(ladder.Wide), rows: run.Rows(), blank: blank}
	empty(c, open.layout, blank)
	for i := range open.rows {
		emptyRow(&open.rows[i], blank)
	}
	key := sheet{key: true, id: "key", heading: c.T("take.sheet.key", "title", r.title(o)), layout: run.Layout(ladder.Wide), rows: run.Rows(), blank: blank}
	return page(c, r.title(o), o.Sheets, styles, []sheet{open, key}).Render(context.Background(), b)
}

// long reports whether the ladder does not fit on one page.
func (s *sheet) long() bool { return s.layout.Height > maxOnePage }

// columns are those of the table. Why a segment was sent tells its numbers and flags, so the sheet has no such column where those are
// asked for.
func (s *sheet) columns() []string {
	all := []string{"number", "time", "from", "flags", "seq", "ack", "len", "fate", "why"}
	asked := slices.ContainsFunc(s.blank, func(f string) bool { return f != "time" && f != "fate" })
	if asked && !s.key && !slices.Contains(s.blank, "why") {
		return all[:len(all)-1]
	}
	return all
}

// cell is the class of a column: in the sheet it is to be filled in, in the key it stands out.
func (s *sheet) cell(field string) string {
	switch {
	case !slices.Contains(s.blank, field):
		return ""
	case s.key:
		return "answer"
	}
	return "blank"
}

// empty takes what is to be filled in out of a drawing.
func empty(c *i18n.Catalog, l *ladder.Layout, fields []string) {
	has := func(f string) bool { return slices.Contains(fields, f) }
	for i := range l.Labels {
		if v := &l.Labels[i]; has("states") && strings.HasPrefix(v.Cls, "state") {
			v.Text = line
		}
	}
	if has("states") {
		for i := range l.Bands {
			l.Bands[i].Cls = "closed" // patterns would tell
		}
	}
	if has("time") {
		for i := range l.Ticks {
			if l.Ticks[i].Text != "" {
				l.Ticks[i].Text = short
			}
		}
	}
	for i := range l.Segments {
		emptySegment(c, &l.Segments[i], has)
	}
}

func emptySegment(c *i18n.Catalog, s *ladder.Shape, has func(string) bool) {
	p := &s.Pills[len(s.Pills)-1]
	if has("flags") {
		// neither colour nor mark may say which flags there are
		s.Kind, s.Zigzag, s.Bars = "none", nil, nil
		first := p.Badges[0]
		first.W, first.Text, first.Cls = 560, "", "none"
		p.Badges = []ladder.Badge{first}
		p.FlagsEdited = false
	}
	if has("len") || has("fate") {
		p.Note, p.Pencil = "", false
	}
	numbers := []string{"seq", "ack"} // as they stand on the label, on one row or two
	for i, row := range p.Rows {
		for j := range row {
			if word := numbers[min(i+j, 1)]; has(word) {
				p.Rows[i][j].Text = c.T("ladder."+word, "n", short)
			}
		}
	}
	if has("ack") && has("flags") && len(p.Rows) == 1 && len(p.Rows[0]) == 1 {
		// that there is no acknowledgment number would say that there is no ACK flag
		p.Rows[0] = append(p.Rows[0], ladder.Span{Text: c.T("ladder.ack", "n", short)})
	}
}

// emptyRow takes what is to be filled in out of a row of the table.
func emptyRow(r *ladder.Row, fields []string) {
	for _, f := range fields {
		switch f {
		case "flags":
			r.Flags = nil
		case "seq":
			r.Seq = ""
		case "ack":
			r.Ack = ""
		case "len":
			r.Len = ""
		case "time":
			r.Time = ""
		case "fate":
			r.Fate = ""
		case "why":
			r.Why = ""
		}
	}
}
