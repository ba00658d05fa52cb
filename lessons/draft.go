package lessons

import (
	"bytes"
	"context"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/yuin/goldmark/ast"

	"github.com/handshakelab/lab/engine"
	"github.com/handshakelab/lab/engine/wire"
)

// A draft is a lesson on its way from text to Lesson.
type draft struct {
	faults
	shelf    *shelf
	cache    *runCache
	ctx      context.Context   // of whoever waits for a text that is being written; nil for a file
	raw      []byte            // the file as it is
	uses     map[string]string // the files that it looks at, by name: what it found there
	readable bool              // its text can be parsed
	parsed   bool              // it is, or cannot be
	genre    genre
	lesson   *Lesson
	card     *Card // that the lesson is part of; nil for another genre
	meta     meta
	of       string // of a translation: the file of its original
	original *draft // of a translation: nil when there is none

	anchors    map[string]bool // headings and blocks; nil until it is parsed
	sims       map[string]*Sim
	badSims    map[string]bool // simulators that are there and do not run
	heads      []head          // without the title
	infos      []info          // of all blocks
	crossLinks []crossLink
	quoted     []span // examples of markdown in a fence, which claim nothing
	claims     []claim
	runs       [][]engine.Event // every run of the lesson
	varied     [][]engine.Event // those whose numbers are other ones for each learner
	said       []said
	writes     map[string]string  // the texts of a question that may have variants, rendered
	written    map[string]string  // in a variant: those of the question, which are not rendered again where they are the same
	asked      map[string]string  // the simulators that predictions are about
	rendered   memory             // what html fills
	plays      map[string]*played // runs that marks have asked about, by the block
}

// A block is a fence that is not plain code.
type block struct {
	info
	node *ast.FencedCodeBlock
	body span // all its lines
	line int  // of the first of them
	sim  *Sim
}

// checkText reports text that is no text.
func (d *draft) checkText() (ok bool) {
	for i := 0; i < len(d.text); {
		if c := d.text[i]; c >= ' ' && c < 0x7f { // most of them
			i++
			continue
		}
		r, n := utf8.DecodeRune(d.text[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			d.add("not-text", i, i, "save the file as UTF-8", "the file is not UTF-8 text")
			return false
		case r < ' ' && r != '\n' && r != '\t' && r != '\r' || r == 0x7f:
			d.add("not-text", i, i+1, "remove it", "the file has the control character U+%04X", r)
			return false
		}
		i += n
	}
	return true
}

// parse does all that needs no other lesson.
func (d *draft) parse() {
	keys, needed := genres[d.genre].keys, genres[d.genre].needed
	if d.of != "" {
		keys, needed = translationKeys, translationKeys
	}
	metaAt, rest, ok := cutMeta(d.text)
	if !ok {
		d.add("front-matter", 0, 0, "begin with a line ---, then "+strings.Join(needed, ": …, ")+": …, then a line ---", "the file has no front matter")
		return
	}
	d.meta = d.readMeta(metaAt, keys, needed)
	l := d.lesson
	l.Title, l.Summary, l.Order, l.Minutes = d.meta.title, d.meta.summary, d.meta.order, d.meta.minutes
	l.Needs, l.Tags, l.Sources, l.Level = d.meta.needs, d.meta.tags, d.meta.sources, d.meta.level

	fr := d.fragment(prose, span{rest, len(d.text)})
	d.anchors, d.sims, d.badSims = map[string]bool{}, map[string]*Sim{}, map[string]bool{}
	d.plays, d.asked = map[string]*played{}, map[string]string{}
	title := d.headings(fr)
	blocks := d.blocks(fr)

	// Simulators first: links and questions are about their runs.
	for i := range blocks {
		if blocks[i].kind == "tcpsim" && !d.abandoned() {
			blocks[i].sim = d.readSim(&blocks[i])
		}
	}
	byNode := map[ast.Node]*block{}
	for i := range blocks {
		byNode[blocks[i].node] = &blocks[i]
	}
	if title != nil {
		d.checkProse(fr, title, false)
		l.TitleHTML = d.inlineHTML(fr, title)
	}
	var run []byte
	flush := func() {
		if len(bytes.TrimSpace(run)) > 0 {
			l.Parts = append(l.Parts, Part{HTML: string(run)})
		}
		run = nil
	}
	for n := fr.doc.FirstChild(); n != nil && !d.abandoned(); {
		next := n.NextSibling() // checkProse may replace n
		switch b := byNode[n]; {
		case n == title:
		case b != nil:
			flush()
			if p := d.readBlock(b); p != (Part{}) {
				l.Parts = append(l.Parts, p)
			}
		default:
			prev := n.PreviousSibling()
			d.checkProse(fr, n, false)
			if n.Parent() == nil { // it became an aside
				if prev == nil {
					n = fr.doc.FirstChild()
				} else {
					n = prev.NextSibling()
				}
			}
			run = append(run, d.html(fr, n)...)
		}
		n = next
	}
	flush()
	parts := l.Parts
	l.sections = sync.OnceValue(func() []Section { return readSections(parts) })
	d.checkRFCs()
	d.checkClaims()
	d.checkSaid()
	d.checkTranslation()
	if d.card != nil {
		d.readCard()
	}
}

// abandoned reports whether nobody waits for the lesson any more.
func (d *draft) abandoned() bool { return d.ctx != nil && d.ctx.Err() != nil }

func (d *draft) readBlock(b *block) (p Part) {
	switch b.kind {
	case "tcpsim":
		p.Sim = b.sim
	case "predict":
		p.Predict = d.readPredict(b)
	case "quiz":
		p.Quiz = d.readQuiz(b)
	case "challenge":
		p.Challenge = d.readChallenge(b)
	case "ticket":
		p.Ticket = d.readTicket(b)
	case "capture":
		p.Capture = d.readCapture(b)
	}
	return p
}

// headings collects the anchors of the headings and returns the title, nil when there is none.
func (d *draft) headings(fr fragment) (title *ast.Heading) {
	level, begun := 1, false
	for n := fr.doc.FirstChild(); n != nil; n = n.NextSibling() {
		h, ok := n.(*ast.Heading)
		if n.Kind() == ast.KindLinkReferenceDefinition {
			continue // it shows nothing
		}
		if !begun {
			begun = true
			switch {
			case !ok || h.Level != 1:
				at := fr.base + max(n.Pos(), 0)
				d.add("title-heading", at, at, "begin with # "+d.meta.title, "the lesson does not begin with its title")
			case d.meta.title != "" && plain(h, fr.text) != d.meta.title:
				d.addSpan("title-heading", d.meta.titleAt, "make them the same", "the title is %q and the heading says %q", d.meta.title, plain(h, fr.text))
			}
			if ok && h.Level == 1 {
				title = h
				continue
			}
		}
		if !ok {
			continue
		}
		at := fr.base + max(n.Pos(), 0)
		switch {
		case h.Level == 1:
			d.add("title-heading", at, at, "begin it with ##", "the lesson has a second title")
		case h.Level > level+1:
			d.add("heading-level", at, at, "readers who jump from heading to heading expect the levels in order", "a heading of level %d follows one of level %d", h.Level, level)
		}
		level = h.Level
		if id, ok := h.AttributeString("id"); ok {
			if b, ok := id.([]byte); ok {
				anchor := d.anchorOf(string(b), h.Level, at)
				h.SetAttributeString("id", []byte(anchor))
				d.anchors[anchor] = true
			}
		}
	}
	if !begun {
		d.add("title-heading", fr.base, fr.base, "begin with # "+d.meta.title, "the lesson is empty")
	}
	return title
}

// blocks finds the blocks of the lesson.
func (d *draft) blocks(fr fragment) (list []block) {
	// The walk also finds blocks where they must not be.
	_ = ast.Walk(fr.doc, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		f, ok := n.(*ast.FencedCodeBlock)
		if !ok || !entering {
			return ast.WalkContinue, nil
		}
		d.checkFence(fr, f)
		if f.Info == nil {
			return ast.WalkContinue, nil
		}
		line := span{fr.base + f.Info.Segment.Start, fr.base + f.Info.Segment.Stop}
		if n := f.Lines().Len(); n > 0 && string(f.Language(fr.text)) == "markdown" {
			d.quoted = append(d.quoted, span{fr.base + f.Lines().At(0).Start, fr.base + f.Lines().At(n-1).Stop})
		}
		in, ok := d.readInfo(line)
		if !ok {
			if in.kind == "tcpsim" && in.id != "" {
				d.badSims[in.id] = true
			}
			return ast.WalkContinue, nil
		}
		if in.id != "" {
			if d.anchors[in.id] {
				d.addSpan("id-twice", in.idAt, "choose another name", "the lesson already has a block or a heading #%s", in.id)
			}
			d.anchors[in.id] = true
		}
		row, _ := d.place(line.start)
		if f.Parent() != fr.doc || d.text[d.lines[row-1]] != '`' && d.text[d.lines[row-1]] != '~' {
			d.addSpan("nested-block", in.kindAt, "begin its lines at the left margin", "a %s block cannot stand inside something else", in.kind)
			if in.kind == "tcpsim" {
				d.badSims[in.id] = true
			}
			return ast.WalkContinue, nil
		}
		body := span{line.end + 1, line.end + 1}
		if n := f.Lines().Len(); n > 0 {
			body = span{fr.base + f.Lines().At(0).Start, fr.base + f.Lines().At(n-1).Stop}
		}
		body.start = min(body.start, len(d.text))
		body.end = min(body.end, len(d.text))
		if len(list) == maxBlocks {
			d.addSpan("too-many-blocks", in.kindAt, "split the lesson", "the lesson has more than %d blocks", maxBlocks)
		}
		if len(list) < maxBlocks {
			d.infos = append(d.infos, in)
			list = append(list, block{info: in, node: f, body: body, line: row + 1})
		}
		return ast.WalkContinue, nil
	})
	return list
}

// checkFence reports a fence at the left margin that no line of backquotes or tildes closes: it takes in all that follows.
func (d *draft) checkFence(fr fragment, f *ast.FencedCodeBlock) {
	start := fr.base + f.Pos()
	end, body := start, 0
	for end < len(d.text) && d.text[end] == d.text[start] {
		end++
	}
	if n := f.Lines().Len(); n > 0 {
		body = fr.base + f.Lines().At(n-1).Stop
	} else if i := bytes.IndexByte(d.text[end:], '\n'); i >= 0 {
		body = end + i + 1
	} else {
		body = len(d.text)
	}
	after := bytes.TrimLeft(d.text[min(body, len(d.text)):], " ")
	if f.Parent() == fr.doc && !bytes.HasPrefix(after, d.text[start:end]) {
		d.add("unclosed-block", start, end, "end it with a line of backquotes", "the block is not closed")
	}
}

// checkClaims compares the numbers in the prose with the runs. A lesson with errors may lack some of its runs.
func (d *draft) checkClaims() {
	if len(d.runs)+len(d.varied) == 0 || len(d.list.Errors()) > 0 {
		return
	}
	fixed, varied := numbersOf(d.runs), numbersOf(d.varied)
	for _, c := range d.claims {
		switch it := (claim{what: c.what, n: c.n}); {
		case fixed[it], c.varied && varied[it]:
		case varied[it]:
			d.add("number-not-in-run", c.at, c.at, "leave the number out, or vary out of the simulator", "each learner has another number than %s %d", c.what, c.n)
		default:
			d.add("number-not-in-run", c.at, c.at, "compare it with the run, or write it without backquotes", "no segment of a run in this lesson has %s %d", c.what, c.n)
		}
	}
}

// knows remembers a run of a simulator, for the numbers in the prose.
func (d *draft) knows(s *Sim, events []engine.Event) {
	if s.varies() {
		d.varied = append(d.varied, events)
		return
	}
	d.runs = append(d.runs, events)
}

// numbersOf are the sequence and acknowledgment numbers of all segments of some runs.
func numbersOf(runs [][]engine.Event) map[claim]bool {
	known := map[claim]bool{}
	for _, events := range runs {
		for i := range events {
			switch e := &events[i]; e.Kind {
			case engine.Sent, engine.Forged, engine.Edited, engine.Duplicated:
				known[claim{what: "seq", n: uint64(e.Wire.Seq)}] = true
				if e.Wire.Flags.Has(wire.ACK) {
					known[claim{what: "ack", n: uint64(e.Wire.Ack)}] = true
				}
			}
		}
	}
	return known
}

func (d *draft) anchorNames() []string { return mapKeys(d.anchors) }
func (d *draft) simNames() []string    { return mapKeys(d.sims) }
