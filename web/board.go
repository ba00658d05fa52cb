package web

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha1"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"

	"github.com/handshakelab/lab/engine/script"
	"github.com/handshakelab/lab/engine/share"
	"github.com/handshakelab/lab/lessons"
	"github.com/handshakelab/lab/web/account"
	"github.com/handshakelab/lab/web/class"
	"github.com/handshakelab/lab/web/i18n"
	"github.com/handshakelab/lab/web/live"
	"github.com/handshakelab/lab/web/pages"
	"github.com/handshakelab/lab/web/progress"
)

func (s *Site) routesOfBoard(r routes) {
	lead := func(pattern string, h handler) { r.get(pattern, s.require(account.Instructor, h)) }
	lead("/teach/{id}/board", s.boardPage)
	lead("/teach/{id}/board/events", s.boardEvents)
	lead("/teach/{id}/learner/{member}", s.learnerPage)
	lead("/teach/{id}/learner/{member}/run/{seq}", s.learnerRun)
	lead("/teach/{id}/export/{format}", s.exportClass)
}

// A board is how a class stands.
type board struct {
	class   *class.Class
	members []*class.Member
	stands  map[string]map[string]map[string]*progress.Standing // by learner, lesson and exercise
}

func newBoard(in *class.Class, members []*class.Member) *board {
	b := &board{class: in, members: members, stands: map[string]map[string]map[string]*progress.Standing{}}
	for _, m := range members {
		b.stands[m.Learner] = map[string]map[string]*progress.Standing{}
	}
	return b
}

// take takes in how somebody stands now. It reports whether they are a member.
func (b *board) take(c *progress.Change) (member bool) {
	mine := b.stands[c.Learner]
	if mine == nil {
		return false
	}
	if mine[c.Lesson] == nil {
		mine[c.Lesson] = map[string]*progress.Standing{}
	}
	if c.Gone {
		delete(mine[c.Lesson], c.Block)
	} else {
		st := c.Standing
		mine[c.Lesson][c.Block] = &st
	}
	return true
}

// knows reports whether somebody has been at a lesson.
func (b *board) knows(lesson string) bool {
	for _, mine := range b.stands {
		if len(mine[lesson]) > 0 {
			return true
		}
	}
	return false
}

func (s *Site) board(ctx context.Context, in *class.Class) (*board, error) {
	members, err := s.classes.Members(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	b := newBoard(in, members)
	list, err := s.records.List(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	for i := range list {
		b.take(&list[i])
	}
	return b, nil
}

// lessonsOf are the lessons that somebody has been at, in the order of the course.
func (s *Site) lessonsOf(b *board) []string {
	seen := map[string]bool{}
	for _, mine := range b.stands {
		for slug, blocks := range mine {
			if len(blocks) > 0 {
				seen[slug] = true
			}
		}
	}
	return slices.SortedFunc(maps.Keys(seen), s.inOrder())
}

// inOrder compares lessons, by their names, as they come in the course. What has left it comes last.
func (s *Site) inOrder() func(a, b string) int {
	course := s.Course().Lessons
	place := map[string]int{}
	for i, l := range course {
		place[l.Slug] = i - len(course)
	}
	return func(a, b string) int { return cmp.Or(cmp.Compare(place[a], place[b]), cmp.Compare(a, b)) }
}

// exercisesOf are those of a lesson: of today's, and those that it once had and somebody was at.
func (s *Site) exercisesOf(b *board, slug string) []string {
	var list []string
	if l := s.lesson(slug); l != nil {
		list = pages.ExercisesOf(l)
	}
	var old []string
	for _, mine := range b.stands {
		for block := range mine[slug] {
			if !slices.Contains(list, block) && !slices.Contains(old, block) {
				old = append(old, block)
			}
		}
	}
	slices.Sort(old)
	return append(list, old...)
}

// cell is how a learner stands with a column: a lesson, or an exercise of the only lesson.
func (s *Site) cell(b *board, m *class.Member, only, column string) pages.BoardCell {
	c := pages.BoardCell{ID: "c-" + m.ID + "-" + strings.ReplaceAll(column, "/", "_")}
	if only == "" {
		c.Tally = s.tally(column, b.stands[m.Learner][column])
	} else if st := b.stands[m.Learner][only][column]; st != nil {
		c.Tally = tally(map[string]*progress.Standing{column: st})
	}
	return c
}

// tally counts how somebody stands with a lesson, whose exercises are today's, or more when some have left it.
func (s *Site) tally(slug string, blocks map[string]*progress.Standing) pages.Tally {
	t := tally(blocks)
	if l := s.lesson(slug); l != nil {
		t.Of = max(t.Of, len(pages.ExercisesOf(l)))
	}
	return t
}

func tally(blocks map[string]*progress.Standing) pages.Tally {
	t := pages.Tally{Of: len(blocks)}
	for _, st := range blocks {
		if st.Solved {
			t.Solved++
		}
		t.Points += st.Best
		t.OfPoints += st.Of
		t.Attempts += st.Attempts
	}
	return t
}

// data is what the page of a board shows.
func (s *Site) boardData(words *i18n.Catalog, b *board, only string) pages.BoardData {
	d := pages.BoardData{Page: s.at(words, pages.Elsewhere, words.T("record.board")), ID: b.class.ID, Name: b.class.Title, Only: only, OnlyName: only}
	title := func(slug string) string {
		if l := s.lesson(slug); l != nil {
			return l.In(words.Lang).Title
		}
		return slug
	}
	for _, slug := range s.lessonsOf(b) {
		d.Lessons = append(d.Lessons, pages.BoardColumn{ID: slug, Title: title(slug), Short: title(slug)})
	}
	if only != "" {
		d.OnlyName = title(only)
		for _, block := range s.exercisesOf(b, only) {
			d.Columns = append(d.Columns, pages.BoardColumn{ID: block, Title: block, Short: block})
		}
	} else {
		d.Columns = d.Lessons
	}
	d.Late = s.late(b)
	for _, m := range b.members {
		row := pages.BoardRow{Member: m.ID, Name: m.Name}
		for _, c := range d.Columns {
			row.Cells = append(row.Cells, s.cell(b, m, only, c.ID))
		}
		d.Rows = append(d.Rows, row)
	}
	return d
}

// late are the members of a class whose platform could not be told their score.
func (s *Site) late(b *board) (names []string) {
	for _, x := range s.lti.Troubles() {
		if x.Of.Class != b.class.ID {
			continue
		}
		if i := slices.IndexFunc(b.members, func(m *class.Member) bool { return m.Learner == x.Learner }); i >= 0 {
			names = append(names, b.members[i].Name)
		}
	}
	return names
}

func (s *Site) boardPage(w http.ResponseWriter, r *http.Request) error {
	in, err := s.led(r)
	if err != nil {
		return err
	}
	b, err := s.board(r.Context(), in)
	if err != nil {
		return err
	}
	return s.show(w, r, http.StatusOK, pages.Board(s.boardData(s.language(r), b, s.onlyLesson(r, b))))
}

// onlyLesson is the lesson that a board is asked to show alone.
func (s *Site) onlyLesson(r *http.Request, b *board) string {
	only := r.URL.Query().Get("lesson")
	if only != "" && !slices.Contains(s.lessonsOf(b), only) && s.lesson(only) == nil {
		return ""
	}
	return only
}

// boardEvents follows a board as server-sent events: a cell whenever it changes, and a word when the table itself does.
func (s *Site) boardEvents(w http.ResponseWriter, r *http.Request) error {
	in, err := s.led(r)
	if err != nil {
		return err
	}
	members, err := s.classes.Members(r.Context(), in.ID)
	if err != nil {
		return err
	}
	out, err := openStream(w, 3*time.Second)
	if err != nil {
		return err
	}
	words, only := s.language(r), r.URL.Query().Get("lesson")
	ctx, stop := context.WithCancel(r.Context())
	defer stop()
	type news struct {
		change progress.Change
		joined bool
		err    error
	}
	// Both watches go on as long as this one takes what they have.
	heard := make(chan news)
	tell := func(n news) bool {
		select {
		case heard <- n:
			return true
		case <-ctx.Done():
			return false
		}
	}
	go func() {
		for c, err := range s.records.Watch(ctx, in.ID) {
			if !tell(news{change: c, err: err}) {
				return
			}
		}
	}()
	go func() {
		current := false
		for u, err := range s.cfg.Store.Records().Watch(ctx, "member."+in.ID) {
			switch {
			case err != nil:
				tell(news{err: err})
				return
			case u.Current:
				current = true
			case current && !tell(news{joined: true}):
				return
			}
		}
	}()
	b, current := newBoard(in, members), false
	byLearner := map[string]*class.Member{}
	for _, m := range members {
		byLearner[m.Learner] = m
	}
	alive := time.NewTicker(20 * time.Second)
	defer alive.Stop()
	ended := s.endings.of(r)
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-s.going:
			return nil
		case <-ended:
			return nil // who may still see it asks again
		case <-alive.C:
			if out.send("alive", nil) != nil {
				return nil
			}
		case n := <-heard:
			switch {
			case n.err != nil:
				return nil // the browser asks again
			case n.joined:
				// Everything follows from the members: the page asks for all of it, and then for this stream, anew.
				_ = out.send("table", nil)
				return nil
			case n.change.Current:
				current = true
				// What has changed since the page was made is in what the page can fetch now.
				if out.send("current", nil) != nil {
					return nil
				}
				continue
			}
			known := b.knows(n.change.Lesson)
			switch member := b.take(&n.change); {
			case !current || !member:
				continue
			case !known && only == "":
				_ = out.send("table", nil)
				return nil
			case only != "" && n.change.Lesson != only:
				continue
			}
			m, column := byLearner[n.change.Learner], n.change.Lesson
			if only != "" {
				column = n.change.Block
			}
			c := s.cell(b, m, only, column)
			var html bytes.Buffer
			p := s.blank(words)
			if err := pages.BoardMark(p, c).Render(ctx, &html); err != nil {
				return nil
			}
			if out.send("cell", map[string]string{"id": c.ID, "html": html.String(), "name": m.Name, "column": column}) != nil {
				return nil
			}
		}
	}
}

// ---- one learner ----

func (s *Site) memberOf(r *http.Request, in *class.Class) (*class.Member, error) {
	m, err := s.classes.Member(r.Context(), in.ID, chi.URLParam(r, "member"))
	if errors.Is(err, class.ErrNotFound) {
		return nil, errNotFound
	}
	return m, err
}

// onePage is how many attempts a page shows.
const onePage = 100

func (s *Site) learnerPage(w http.ResponseWriter, r *http.Request) error {
	in, err := s.led(r)
	if err != nil {
		return err
	}
	m, err := s.memberOf(r, in)
	if err != nil {
		return err
	}
	before, _ := strconv.ParseUint(r.URL.Query().Get("before"), 10, 64)
	words := s.language(r)
	d := pages.LearnerData{Page: s.at(words, pages.Elsewhere, m.Name), ID: in.ID, Class: in.Title, Member: m.ID, Name: m.Name}
	var shown []*progress.Entry
	for e, err := range s.records.Entries(r.Context(), m.Learner, 0) {
		if err != nil {
			return err
		}
		// What they do on their own, or in another class, is nobody's business here.
		if e.Class != in.ID {
			continue
		}
		if before > 0 && e.Seq >= before {
			break
		}
		shown = append(shown, e)
	}
	if n := len(shown); n > onePage {
		shown = shown[n-onePage:]
		d.Older = shown[0].Seq
	}
	for _, e := range slices.Backward(shown) {
		d.Attempts = append(d.Attempts, s.attemptRow(words, e))
	}
	return s.show(w, r, http.StatusOK, pages.Learner(d))
}

// attemptRow is an attempt as the instructor sees it: what was asked, what was answered and, when that was wrong, what would be right.
func (s *Site) attemptRow(words *i18n.Catalog, e *progress.Entry) pages.AttemptRow {
	row := pages.AttemptRow{
		Seq: e.Seq, When: e.Kept.Format("2006-01-02 15:04"), At: e.Kept.Format(time.RFC3339), Slug: e.Lesson, Lesson: e.Lesson, Block: e.Block, Kind: e.Kind,
		OK: e.Grade.OK, Points: e.Grade.Points, Of: e.Grade.Of, Answer: []string{said(e)},
	}
	l := s.lesson(e.Lesson)
	if l == nil {
		return row
	}
	l = l.In(words.Lang)
	row.Lesson = l.Title
	var right []string
	switch e.Kind {
	case "challenge":
		if c := l.Challenge(e.Block); c != nil {
			row.Run, row.Asked = true, c.Title
		}
		row.Answer = nil
		if e.Grade.Steps > 0 {
			row.Answer = []string{words.T("record.steps", "n", e.Grade.Steps)}
		}
	case "predict":
		if p := l.Predict(e.Block); p != nil {
			p = p.Variant(e.Variant)
			row.Run, row.Asked, right = true, lessons.PlainText(p.Question), []string{p.Solution()}
		}
	case "quiz":
		if q := l.Quiz(e.Block); q != nil {
			row.Asked, right, row.Ordered = lessons.PlainText(q.Question), q.Solution(), q.Kind == lessons.Order
			row.Answer = picked(e, q.Options, row.Answer)
		}
	case "ticket":
		if t := l.Ticket(e.Block); t != nil {
			row.Run, row.Asked, right = true, t.Title, []string{t.Solution()}
			row.Answer = picked(e, t.Causes, row.Answer)
			for _, i := range e.Seen {
				if i >= 0 && i < len(t.Looks) {
					row.Looked = append(row.Looked, t.Looks[i].Name())
				}
			}
		}
	}
	row.Asked = class.Clip(row.Asked, maxAsked)
	if !e.Grade.OK {
		row.Right = right
	}
	return row
}

// maxAsked is how much of a question stands in a list, in bytes.
const maxAsked = 240

// picked are the options of an answer that counts them; else it is as it was said.
func picked(e *progress.Entry, options []string, said []string) (list []string) {
	var at []int
	var one int
	switch {
	case json.Unmarshal(e.Answer, &at) == nil:
	case json.Unmarshal(e.Answer, &one) == nil:
		at = []int{one}
	default:
		return said
	}
	for _, i := range at {
		if i < 0 || i >= len(options) {
			return said // the lesson had others then
		}
		list = append(list, class.Clip(lessons.PlainText(options[i]), maxAsked))
	}
	return list
}

// said is an answer in a line.
func said(e *progress.Entry) string {
	var text string
	if json.Unmarshal(e.Answer, &text) == nil {
		return clip(text)
	}
	var list []int
	if json.Unmarshal(e.Answer, &list) == nil {
		var parts []string
		for _, n := range list {
			parts = append(parts, strconv.Itoa(n+1)) // as people count
		}
		return clip(strings.Join(parts, ", "))
	}
	var n int
	if json.Unmarshal(e.Answer, &n) == nil && len(e.Answer) > 0 {
		return strconv.Itoa(n + 1)
	}
	return ""
}

// learnerRun leads to the sandbox with the run of an attempt.
func (s *Site) learnerRun(w http.ResponseWriter, r *http.Request) error {
	in, err := s.led(r)
	if err != nil {
		return err
	}
	m, err := s.memberOf(r, in)
	if err != nil {
		return err
	}
	seq, err := strconv.ParseUint(chi.URLParam(r, "seq"), 10, 64)
	if err != nil || seq == 0 {
		return errNotFound
	}
	for e, err := range s.records.Entries(r.Context(), m.Learner, seq-1) {
		switch {
		case err != nil:
			return err
		case e.Seq != seq || e.Class != in.ID:
			return errNotFound
		}
		text, at, err := s.run(r.Context(), e)
		if err != nil {
			return err
		}
		link, err := share.Encode(text)
		if err != nil {
			return &Error{Status: http.StatusUnprocessableEntity, Code: "too_large", Message: "The run is too large for a link."}
		}
		to := "sandbox#s=" + link
		if at > 0 {
			to += fmt.Sprintf("&at=%d", at)
		}
		s.seeOther(w, r, to)
		return nil
	}
	return errNotFound
}

// run is an attempt as a scenario, and the instant that it was about, in microseconds.
func (s *Site) run(ctx context.Context, e *progress.Entry) (text string, at int64, err error) {
	l := s.lesson(e.Lesson)
	if l == nil {
		return "", 0, errNoLesson
	}
	switch e.Kind {
	case "challenge":
		c := l.Challenge(e.Block)
		if c == nil {
			return "", 0, errNoBlock("challenge")
		}
		sim := l.Sim(c.From)
		if sim == nil {
			return "", 0, errNoBlock("challenge")
		}
		commands, err := commandsOf(&e.Attempt)
		if err != nil && len(e.Commands) > 0 {
			return "", 0, err
		}
		tl, fault := s.hub.Play(ctx, &live.OpenCommand{ID: 1, Lesson: e.Lesson, Block: e.Block, Ahead: sim.Ahead, Commands: commands})
		if fault != nil {
			return "", 0, &Error{Status: http.StatusUnprocessableEntity, Code: fault.Code, Message: "What was done cannot be played any more: " + fault.Message + "."}
		}
		return script.Format(sim.Scenario.Setup, tl.Path(tl.At())), 0, nil
	case "predict":
		p := l.Predict(e.Block)
		if p == nil {
			return "", 0, errNoBlock("prediction")
		}
		v := p.Variant(e.Variant)
		if v.Scenario != "" {
			return v.Scenario, int64(v.At), nil
		}
		sim := l.Sim(p.Of)
		if sim == nil {
			return "", 0, errNoBlock("prediction")
		}
		return strings.TrimRight(sim.Source, "\n") + "\n", int64(v.At), nil
	case "ticket":
		t := l.Ticket(e.Block)
		if t == nil {
			return "", 0, errNoBlock("ticket")
		}
		return t.Run(), 0, nil
	}
	return "", 0, errNotFound
}

// ---- to take along ----

func (s *Site) exportClass(w http.ResponseWriter, r *http.Request) error {
	in, err := s.led(r)
	if err != nil {
		return err
	}
	if s.records.exports.Take(in.ID) > 0 {
		return errOften
	}
	b, err := s.board(r.Context(), in)
	if err != nil {
		return err
	}
	name := "class-" + in.ID
	switch chi.URLParam(r, "format") {
	case "csv":
		data, err := s.boardCSV(b)
		if err != nil {
			return err
		}
		writeFile(w, "text/csv; charset=utf-8", "attachment", name+".csv", data)
		return nil
	case "json":
		return writeDownload(w, "application/json", name+".json", s.boardJSON(b))
	case "xapi":
		list, err := s.statements(r, b)
		if err != nil {
			return err
		}
		return writeDownload(w, "application/json", name+"-xapi.json", list)
	}
	return errNotFound
}

// writeDownload answers with a file of JSON.
func writeDownload(w http.ResponseWriter, kind, name string, v any) error {
	data, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		return err
	}
	writeFile(w, kind, "attachment", name, append(data, '\n'))
	return nil
}

// plain keeps what people have written from being a formula for a spreadsheet.
func plain(text string) string {
	if text != "" && strings.ContainsRune("=+-@\t\r\n", rune(text[0])) || strings.HasPrefix(text, "＝") || strings.HasPrefix(text, "＋") || strings.HasPrefix(text, "－") || strings.HasPrefix(text, "＠") {
		return "'" + text
	}
	return text
}

// each calls f with all that members have done, in the order of the table.
func (s *Site) each(b *board, f func(m *class.Member, st *progress.Standing) error) error {
	order := s.lessonsOf(b)
	blocks := map[string][]string{}
	for _, slug := range order {
		blocks[slug] = s.exercisesOf(b, slug)
	}
	for _, m := range b.members {
		for _, slug := range order {
			for _, block := range blocks[slug] {
				if st := b.stands[m.Learner][slug][block]; st != nil {
					if err := f(m, st); err != nil {
						return err
					}
				}
			}
		}
	}
	return nil
}

func (s *Site) boardCSV(b *board) ([]byte, error) {
	var out bytes.Buffer
	w := csv.NewWriter(&out)
	if err := w.Write([]string{"member", "name", "lesson", "exercise", "kind", "solved", "points", "of", "attempts", "first", "last"}); err != nil {
		return nil, err
	}
	err := s.each(b, func(m *class.Member, st *progress.Standing) error {
		row := []string{m.ID, m.Name, st.Lesson, st.Block, st.Kind, strconv.FormatBool(st.Solved), strconv.Itoa(st.Best), strconv.Itoa(st.Of), strconv.Itoa(st.Attempts),
			st.First.Format(time.RFC3339), st.Last.Format(time.RFC3339)}
		for i := range row {
			row[i] = plain(row[i])
		}
		return w.Write(row)
	})
	w.Flush()
	return out.Bytes(), errors.Join(err, w.Error())
}

// A classJSON is a class as it can be taken along.
type classJSON struct {
	Class   string       `json:"class"`
	Title   string       `json:"title"`
	Opened  time.Time    `json:"opened"`
	Ended   time.Time    `json:"ended,omitzero"`
	Members []memberJSON `json:"members"`
}

type memberJSON struct {
	Member   string               `json:"member"`
	Name     string               `json:"name"`
	Joined   time.Time            `json:"joined"`
	Progress []*progress.Standing `json:"progress"`
}

func (s *Site) boardJSON(b *board) classJSON {
	out := classJSON{Class: b.class.ID, Title: b.class.Title, Opened: b.class.Opened, Ended: b.class.Ended, Members: []memberJSON{}}
	at := map[string]int{}
	for _, m := range b.members {
		at[m.ID] = len(out.Members)
		out.Members = append(out.Members, memberJSON{Member: m.ID, Name: m.Name, Joined: m.Joined, Progress: []*progress.Standing{}})
	}
	_ = s.each(b, func(m *class.Member, st *progress.Standing) error {
		st.IDs = nil
		out.Members[at[m.ID]].Progress = append(out.Members[at[m.ID]].Progress, st)
		return nil
	})
	return out
}

// A statement is what a learner did, for a learning record store (IEEE 9274.1.1, which is xAPI 2.0, and xAPI 1.0.3). Learners are
// anonymous: an account of this lab whose name is the ID of the member.
type statement struct {
	ID        string           `json:"id"`
	Actor     statementActor   `json:"actor"`
	Verb      statementVerb    `json:"verb"`
	Object    statementObject  `json:"object"`
	Result    statementResult  `json:"result"`
	Context   statementContext `json:"context"`
	Timestamp time.Time        `json:"timestamp"`
	Version   string           `json:"version"`
}

type statementActor struct {
	ObjectType string           `json:"objectType"`
	Account    statementAccount `json:"account"`
}

type statementAccount struct {
	HomePage string `json:"homePage"`
	Name     string `json:"name"`
}

type statementVerb struct {
	ID      string            `json:"id"`
	Display map[string]string `json:"display"`
}

type statementObject struct {
	ObjectType string               `json:"objectType"`
	ID         string               `json:"id"`
	Definition *statementDefinition `json:"definition,omitempty"`
}

type statementDefinition struct {
	Type string            `json:"type"`
	Name map[string]string `json:"name,omitempty"`
}

type statementResult struct {
	Success  bool           `json:"success"`
	Score    statementScore `json:"score"`
	Response string         `json:"response,omitempty"`
}

type statementScore struct {
	Scaled float64 `json:"scaled"`
	Raw    int     `json:"raw"`
	Min    int     `json:"min"`
	Max    int     `json:"max"`
}

type statementContext struct {
	Language   string                       `json:"language,omitempty"`
	Platform   string                       `json:"platform"`
	Activities map[string][]statementObject `json:"contextActivities"`
}

// statements are all attempts of a class.
func (s *Site) statements(r *http.Request, b *board) ([]statement, error) {
	list := []statement{}
	home := s.absolute(r, "")
	activity := func(path, kind string, name map[string]string) statementObject {
		return statementObject{"Activity", s.absolute(r, path), &statementDefinition{Type: kind, Name: name}}
	}
	room := activity("class/"+b.class.ID, "http://adlnet.gov/expapi/activities/course", nil)
	for _, m := range b.members {
		for e, err := range s.records.Entries(r.Context(), m.Learner, 0) {
			if err != nil {
				return nil, err
			}
			if e.Class != b.class.ID {
				continue
			}
			var name map[string]string
			if l := s.lesson(e.Lesson); l != nil {
				name = map[string]string{cmp.Or(l.Lang, lessons.Languages[0]): l.Title}
			}
			st := statement{
				ID:     uuidOf(s.absolute(r, "class"), b.class.ID, m.ID, e.ID),
				Actor:  statementActor{"Agent", statementAccount{home, m.ID}},
				Verb:   statementVerb{"http://adlnet.gov/expapi/verbs/answered", map[string]string{"en": "answered"}},
				Object: activity("lessons/"+e.Lesson+"#"+e.Block, "http://adlnet.gov/expapi/activities/question", nil),
				Result: statementResult{Success: e.Grade.OK, Score: statementScore{Raw: e.Grade.Points, Max: e.Grade.Of}, Response: said(e)},
				Context: statementContext{Language: e.Lang, Platform: "Handshake Lab", Activities: map[string][]statementObject{
					"parent": {activity("lessons/"+e.Lesson, "http://adlnet.gov/expapi/activities/lesson", name)}, "grouping": {room},
				}},
				Timestamp: e.Kept, Version: "1.0.3",
			}
			if e.Grade.Of > 0 {
				st.Result.Score.Scaled = float64(e.Grade.Points) / float64(e.Grade.Of)
			}
			list = append(list, st)
		}
	}
	return list, nil
}

// uuidOf is a UUID of version 5 (RFC 9562) in the namespace of addresses: the same for the same attempt, so that a store that gets it twice
// knows it.
func uuidOf(parts ...string) string {
	sum := sha1.Sum(append([]byte("\x6b\xa7\xb8\x11\x9d\xad\x11\xd1\x80\xb4\x00\xc0\x4f\xd4\x30\xc8"), strings.Join(parts, "/")...))
	b := sum[:16]
	b[6], b[8] = b[6]&0x0f|0x50, b[8]&0x3f|0x80
	x := hex.EncodeToString(b)
	return x[:8] + "-" + x[8:12] + "-" + x[12:16] + "-" + x[16:20] + "-" + x[20:]
}
