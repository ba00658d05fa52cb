package web

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"
	"rsc.io/qr"

	"github.com/handshakelab/lab/engine/share"
	"github.com/handshakelab/lab/engine/tcp"
	"github.com/handshakelab/lab/lessons"
	"github.com/handshakelab/lab/lessons/gallery"
	"github.com/handshakelab/lab/web/account"
	"github.com/handshakelab/lab/web/class"
	"github.com/handshakelab/lab/web/i18n"
	"github.com/handshakelab/lab/web/limit"
	"github.com/handshakelab/lab/web/live"
	"github.com/handshakelab/lab/web/pages"
	"github.com/handshakelab/lab/web/store"
)

// A classroom is what the site knows of classes, apart from their rooms.
type classroom struct {
	*class.Classes
	accounts *account.Accounts

	guesses *limit.Limiter // wrong codes, by address
	reports *limit.Limiter // of where somebody is and what they answer, by member
	shown   *limit.Limiter // of where somebody is whose run everybody sees, by member
}

func newClassroom(s store.Store, accounts *account.Accounts) *classroom {
	return &classroom{
		Classes: class.New(s), accounts: accounts,
		// A school is one address: that many pupils may mistype at the beginning of a lesson. Of all codes a guesser sees fewer than one in
		// a thousand in a day.
		guesses: limit.New(time.Second, 300),
		reports: limit.New(time.Second/2, 20),
		shown:   limit.New(time.Second/5, 20),
	}
}

func (s *Site) routesOfClasses(r routes) {
	r.get("/teach", s.require(account.Instructor, s.teachPage))
	r.post("/teach", s.require(account.Instructor, s.openClass))
	r.get("/teach/{id}", s.require(account.Instructor, s.leadPage))
	r.post("/api/class/{id}/act", s.require(account.Instructor, s.act))
	r.Get("/api/class/{id}/roster", s.handle(s.require(account.Instructor, s.roster)))

	r.get("/join", s.joinPage)
	r.get("/join/{code}", s.joinPage)
	r.post("/join", s.join)
	r.get("/class/{id}", s.classPage)
	r.post("/class/{id}/leave", s.leaveClass)
	r.Get("/api/class/{id}", s.handle(s.classNow))
	r.post("/api/class/{id}/where", s.where)
	r.post("/api/class/{id}/answer", s.answerQuestion)
}

// seats says who is in which room.
type seats struct{ *classroom }

// Member says who a request is from in a room: the instructor whose class it is, or one of its members.
func (c seats) Member(r *http.Request, room string) (live.Member, error) {
	v, err := c.accounts.Visitor(r)
	if err != nil {
		return live.Member{}, err
	}
	if v.Account != nil {
		in, err := c.Get(r.Context(), room)
		if err == nil && leads(v.Account, in) {
			return live.Member{Name: v.Account.Name, Lead: true, Who: v.Account.ID}, nil
		}
		if err != nil {
			return live.Member{}, notThere(err)
		}
	}
	m, err := c.Seat(r.Context(), room, v.Learner)
	if err != nil {
		return live.Member{}, notThere(err)
	}
	return live.Member{ID: m.ID, Name: m.Name, Who: v.Learner}, nil
}

func notThere(err error) error {
	if errors.Is(err, class.ErrNotFound) {
		return store.ErrNotFound
	}
	return err
}

// leads reports whether a class is one of an account.
func leads(a *account.Account, in *class.Class) bool {
	return a.ID == in.Teacher || a.Role.Includes(account.Admin)
}

// ---- the instructor ----

func (s *Site) teachPage(w http.ResponseWriter, r *http.Request) error {
	return s.showTeach(w, r, "", nil)
}

func (s *Site) showTeach(w http.ResponseWriter, r *http.Request, typed string, fault *refusal) error {
	v, err := s.accounts.Visitor(r)
	if err != nil {
		return err
	}
	list, err := s.classes.Of(r.Context(), v.Account.ID)
	if err != nil {
		return err
	}
	words := s.language(r)
	data := pages.TeachData{Page: s.at(words, pages.Elsewhere, words.T("class.teach")), Account: v.Account.Name, Name: typed}
	for _, c := range list {
		n, err := s.classes.Size(r.Context(), c.ID)
		if err != nil {
			return err
		}
		row := pages.ClassRow{ID: c.ID, Title: c.Title, Code: c.Code, Opened: day(c.Opened), Members: n}
		if c.Over() {
			row.Ended = day(c.Ended)
		}
		data.Classes = append(data.Classes, row)
	}
	status := http.StatusOK
	if fault != nil {
		data.Fault, status = fault.text, fault.status
	}
	return s.show(w, r, status, pages.Teach(data))
}

func day(t time.Time) string { return t.Format(time.DateOnly) }

func (s *Site) openClass(w http.ResponseWriter, r *http.Request) error {
	in, err := form(r)
	if err != nil {
		return err
	}
	v, err := s.accounts.Visitor(r)
	if err != nil {
		return err
	}
	words := s.language(r)
	c, err := s.classes.Open(r.Context(), v.Account.ID, in.Get("title"), words.Lang)
	if errors.Is(err, class.ErrTitle) {
		return s.showTeach(w, r, in.Get("title"), &refusal{http.StatusUnprocessableEntity, words.T("class.fault.title", "n", class.MaxTitle), "title"})
	}
	if err != nil {
		return err
	}
	s.cfg.Log.Info("a class was opened", "class", c.ID)
	s.seeOther(w, r, "teach/"+c.ID)
	return nil
}

// led returns the class of a request by the instructor whose class it is. For everybody else there is none.
func (s *Site) led(r *http.Request) (*class.Class, error) {
	v, err := s.accounts.Visitor(r)
	if err != nil {
		return nil, err
	}
	c, err := s.classes.Get(r.Context(), chi.URLParam(r, "id"))
	if errors.Is(err, class.ErrNotFound) || err == nil && (v.Account == nil || !leads(v.Account, c)) {
		return nil, errNotFound
	}
	return c, err
}

func (s *Site) leadPage(w http.ResponseWriter, r *http.Request) error {
	return s.showLead(w, r, nil)
}

func (s *Site) showLead(w http.ResponseWriter, r *http.Request, fault *refusal) error {
	c, err := s.led(r)
	if err != nil {
		return err
	}
	words := s.language(r)
	data := pages.LeadData{Page: s.at(words, pages.Elsewhere, c.Title), ID: c.ID, Class: c.Title, Code: c.Code, Course: s.Course(), Gallery: s.gallery}
	if !c.Over() {
		link := s.absolute(r, "join/"+c.Code)
		data.Address = strings.TrimPrefix(strings.TrimPrefix(s.absolute(r, "join"), "https://"), "http://")
		code, err := qr.Encode(link, qr.M)
		if err != nil {
			return fmt.Errorf("the QR code of a class: %w", err)
		}
		data.QR = "data:image/svg+xml;base64," + base64.StdEncoding.EncodeToString(qrSVG(code, link))
		if data.Room, err = s.roomView(r.Context(), words, c.ID, ""); err != nil {
			return err
		}
	}
	members, err := s.classes.Rows(r.Context(), c.ID)
	if err != nil {
		return err
	}
	for _, row := range members {
		m := pages.MemberRow{ID: row.ID, Name: row.Name}
		if row.Where != nil {
			m.Where, m.Stuck = s.whereTitle(words, row.Where.Lesson), !c.Over() && row.Where.Stuck(time.Now())
		}
		data.Members = append(data.Members, m)
	}
	status := http.StatusOK
	if fault != nil {
		data.Fault, status = fault.text, fault.status
	}
	return s.show(w, r, status, pages.Lead(data))
}

// whereTitle is the lesson that somebody is in, or "" for none.
func (s *Site) whereTitle(words *i18n.Catalog, slug string) string {
	if l := s.Course().Find(slug); l != nil {
		return l.In(words.Lang).Title
	}
	return ""
}

// roomView is the room of a class as a page without a script shows it.
func (s *Site) roomView(ctx context.Context, words *i18n.Catalog, id, member string) (pages.RoomView, error) {
	state, err := s.hub.RoomState(ctx, id)
	if err != nil {
		return pages.RoomView{}, err
	}
	view := pages.RoomView{Frozen: state.Frozen, Ended: state.Ended}
	if state.Run == "" && state.Lesson != "" {
		view.Lesson = s.Course().Find(state.Lesson)
	}
	if state.Run != "" {
		text, err := s.hub.RoomRun(ctx, id)
		if err != nil {
			return view, err
		}
		// A run that cannot be played once more is on the page only with a script.
		if sim, err := newSim(text); err == nil {
			sim.Title = state.Title
			if sim.Title == "" {
				sim.Title = words.T("class.run")
			}
			view.Sim = sim
		}
	}
	if q := state.Question; q != nil {
		view.Question = &pages.QuestionView{Number: q.Number, Text: q.Text, Form: string(q.Form), Options: q.Options, Revealed: state.Histogram != nil}
		for _, b := range state.Histogram {
			view.Question.Bars = append(view.Question.Bars, pages.Bar{Value: b.Value, Count: b.Count, Right: b.Right})
		}
		if member != "" {
			if view.Question.Mine, err = s.classes.Answered(ctx, id, q.Number, member); err != nil {
				return view, err
			}
		}
	}
	return view, nil
}

// A deed is what an instructor does in a class.
type deed struct {
	ID   string  `json:"id"`   // drawn by the page, so that it can be sent again
	Seen *uint64 `json:"seen"` // of the room; without it the deed comes behind whatever others did
	Kind string  `json:"kind"`

	// push
	Show     string `json:"show"` // "lesson:SLUG", "block:SLUG#ID" or "gallery:SLUG"
	Scenario string `json:"scenario"`
	Title    string `json:"title"`

	On bool `json:"on"` // freeze

	Drivers []struct {
		Member string    `json:"member"`
		Role   live.Role `json:"role"`
	} `json:"drivers"` // drive

	Member string `json:"member"` // spotlight

	// ask
	Predict string   `json:"predict"` // "SLUG#ID" of a prediction
	Text    string   `json:"text"`
	Options []string `json:"options"` // those that begin with "*" are right
	Next    string   `json:"next"`    // one of lessons.Asks, about the shared run
	Form    string   `json:"form"`    // "number", or "" for words
	Right   string   `json:"right"`   // the right number or words; "" when there is no such thing
}

// act answers POST api/class/{id}/act.
func (s *Site) act(w http.ResponseWriter, r *http.Request) error {
	c, err := s.led(r)
	if err != nil {
		return err
	}
	d, isForm, err := readDeed(r)
	if err != nil {
		return err
	}
	out, err := s.do(r.Context(), c, d)
	if err == nil {
		if isForm {
			s.seeOther(w, r, "teach/"+c.ID)
			return nil
		}
		writeJSON(w, http.StatusOK, out)
		return nil
	}
	why := s.explain(s.language(r), err)
	if why == nil {
		return err
	}
	if isForm {
		return s.showLead(w, r, &refusal{why.Status, why.Message, ""})
	}
	return why
}

func isForm(r *http.Request) bool {
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return kind == "application/x-www-form-urlencoded"
}

func readDeed(r *http.Request) (d *deed, fromForm bool, err error) {
	d = &deed{}
	if !isForm(r) {
		return d, false, readJSON(r, d)
	}
	in, err := form(r)
	if err != nil {
		return nil, true, err
	}
	d.Kind, d.Show, d.Scenario, d.Title, d.On = in.Get("kind"), in.Get("show"), strings.ReplaceAll(in.Get("scenario"), "\r\n", "\n"), in.Get("title"), in.Get("on") != ""
	d.Member, d.Predict, d.Text, d.Options = in.Get("member"), in.Get("predict"), in.Get("text"), linesOf(in.Get("options"))
	d.Next, d.Form, d.Right = in.Get("next"), in.Get("form"), in.Get("right")
	return d, true, nil
}

// explain puts into words why a deed was not done; nil when the reason is ours.
func (s *Site) explain(words *i18n.Catalog, err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	f, ok := errors.AsType[*live.ErrorFrame](err)
	if !ok {
		return nil
	}
	e := &Error{Status: http.StatusUnprocessableEntity, Code: f.Code, Message: f.Message}
	switch live.Code(f.Code) {
	case live.NotSaved:
		e.Status, e.Message = http.StatusServiceUnavailable, words.T("class.fault.saved")
	case live.Stale:
		e.Status, e.Message = http.StatusConflict, words.T("class.fault.stale")
	case live.Ended:
		e.Status, e.Message = http.StatusGone, words.T("class.fault.ended")
	case live.Internal:
		return nil
	default:
		if key := "class.refused." + f.Code; words.Lang != i18n.Languages[0] && words.Has(key) {
			e.Message = words.T(key, "message", f.Message)
		}
		if f.Line > 0 {
			e.Message = words.T("class.fault.line", "line", f.Line, "message", f.Message)
		}
	}
	return e
}

// A done deed is told with what its page does next.
type doneDeed struct {
	Seq uint64   `json:"seq"`
	Do  []string `json:"do,omitempty"` // what a prediction is about
}

// do does a deed.
func (s *Site) do(ctx context.Context, c *class.Class, d *deed) (doneDeed, error) {
	a := live.Act{ID: d.ID, Kind: live.ActKind(d.Kind), Seen: store.Anywhere}
	if a.ID == "" {
		a.ID = account.NewID()
	}
	if d.Seen != nil {
		a.Seen = *d.Seen
	}
	var out doneDeed
	var err error
	switch a.Kind {
	case live.ActPush:
		err = s.pushes(ctx, d, c.Language, &a)
	case live.ActFreeze:
		a.On = d.On
	case live.ActDrive:
		err = s.drives(ctx, c.ID, d, &a)
	case live.ActSpotlight:
		err = s.spotlights(ctx, c.ID, d, &a)
	case live.ActAsk:
		return s.ask(ctx, c, d, &a)
	case live.ActReveal:
		err = s.reveals(ctx, c, &a)
	case live.ActEnd:
		return out, s.endClass(ctx, c, &a)
	default:
		return out, badField("kind", "push, freeze, drive, spotlight, ask, reveal or end")
	}
	if err != nil {
		return out, err
	}
	out.Seq, err = s.hub.Act(ctx, c.ID, a)
	return out, err
}

var errNothingToShow = badField("show", "a lesson, a run of one or a scenario of the gallery that there is")

// pushes fills in what is to be shown.
func (s *Site) pushes(ctx context.Context, d *deed, lang string, a *live.Act) error {
	kind, what, _ := strings.Cut(d.Show, ":")
	switch kind {
	case "":
		a.Scenario, a.Title = d.Scenario, class.Clip(d.Title, maxOption)
		if strings.TrimSpace(a.Scenario) == "" {
			return badField("scenario", "a scenario")
		}
	case "lesson":
		l := s.Course().Find(what)
		if l == nil {
			return errNothingToShow
		}
		a.Lesson, a.Title = what, l.In(lang).Title
	case "block":
		slug, id, _ := strings.Cut(what, "#")
		l := s.Course().Find(slug)
		if l == nil || l.Sim(id) == nil {
			return errNothingToShow
		}
		a.Lesson, a.Block = slug, id
		return s.begins(ctx, l.In(lang).Sim(id), a)
	case "gallery":
		item := s.item(what)
		if item == nil {
			return errNothingToShow
		}
		item = item.In(lang)
		err := s.begins(ctx, item.Sim, a)
		a.Title = item.Title
		return err
	default:
		return errNothingToShow
	}
	return nil
}

// begins makes the run of a simulator the one to show, standing where its playhead stands at first: what comes then is not shown before
// somebody takes everybody there.
func (s *Site) begins(ctx context.Context, sim *lessons.Sim, a *live.Act) error {
	a.Scenario, a.Title, a.Ahead = sim.Source, sim.Title, sim.Ahead
	return s.standAt(ctx, a, sim.At)
}

// standAt lets the run that is to be shown stand at an instant.
func (s *Site) standAt(ctx context.Context, a *live.Act, at tcp.Time) error {
	tl, fault := s.hub.Play(ctx, &live.OpenCommand{Scenario: a.Scenario, Ahead: a.Ahead})
	if fault != nil {
		return fault
	}
	node := tl.At()
	for tl.Time(node) > at && tl.Parent(node) >= 0 {
		node = tl.Parent(node)
	}
	stand := int(node)
	a.Commands = []live.Do{{At: &stand}}
	return nil
}

// item finds a scenario of the gallery.
func (s *Site) item(slug string) *gallery.Item {
	for _, group := range s.gallery.Groups {
		for _, it := range group.Items {
			if it.Slug == slug {
				return it
			}
		}
	}
	return nil
}

func (s *Site) drives(ctx context.Context, id string, d *deed, a *live.Act) error {
	a.Drivers = []live.Driver{}
	for _, one := range d.Drivers {
		m, err := s.classes.Member(ctx, id, one.Member)
		if errors.Is(err, class.ErrNotFound) {
			return badField("drivers", "members of the class")
		}
		if err != nil {
			return err
		}
		a.Drivers = append(a.Drivers, live.Driver{Member: m.ID, Name: m.Name, Role: one.Role})
	}
	return nil
}

func (s *Site) spotlights(ctx context.Context, id string, d *deed, a *live.Act) error {
	m, err := s.classes.Member(ctx, id, d.Member)
	var w class.Where
	if err == nil {
		w, err = s.classes.WhereIs(ctx, id, d.Member)
	}
	if errors.Is(err, class.ErrNotFound) || err == nil && w.Run == "" {
		return &Error{Status: http.StatusNotFound, Code: "no_run", Message: "This member has no run to show."}
	}
	if err != nil {
		return err
	}
	a.Scenario, err = share.Decode(w.Run)
	if err != nil {
		return badField("run", "a run that can be read")
	}
	a.Member, a.Name = m.ID, m.Name
	return nil
}

// A questionKey is what the instructor's side knows of a question, and nobody else before it is revealed.
type questionKey struct {
	Lesson  string   `json:"lesson,omitempty"` // where it is from
	Block   string   `json:"block,omitempty"`
	Options []string `json:"options,omitempty"` // as they are shown
	Values  []string `json:"values,omitempty"`  // what the prediction takes for each of them
	Right   []string `json:"right,omitempty"`   // answers that are right, of a question of one's own or about the run
	Field   string   `json:"field,omitempty"`   // of a question about the run: what the answer is
}

// read reads an answer that somebody typed, and writes it as all who mean the same have it in common. ok is false for what is none.
func (k *questionKey) read(form live.Form, lang, typed string) (value string, ok bool) {
	switch {
	case form == live.FormNumber:
		return lessons.ReadNumber(lang, typed)
	case form == live.FormRun && k.Field != "":
		return lessons.ReadAnswer(k.Field, typed)
	}
	return typed, true
}

// ask puts a question. Of a prediction of a lesson it shows the run first, unless it is there already.
func (s *Site) ask(ctx context.Context, c *class.Class, d *deed, a *live.Act) (doneDeed, error) {
	var out doneDeed
	key := questionKey{}
	words := i18n.Lookup(c.Language)
	switch {
	case d.Next != "":
		run, err := s.hub.RoomRun(ctx, c.ID)
		if err != nil {
			return out, err
		}
		leave, ok := s.hub.Enter(ctx)
		if !ok {
			return out, ctx.Err()
		}
		f, err := lessons.Foresee(run, d.Next)
		leave()
		if err != nil {
			return out, &Error{Status: http.StatusUnprocessableEntity, Code: "no_answer", Message: words.T("class.fault.foresee")}
		}
		a.Text, a.Form = words.T("class.next."+d.Next), live.FormRun
		key.Field, key.Right = f.Field, []string{f.Right}
	case d.Predict != "":
		slug, id, _ := strings.Cut(d.Predict, "#")
		l := s.Course().Find(slug)
		if l == nil || l.Predict(id) == nil {
			return out, badField("predict", "a prediction of a lesson")
		}
		l = l.In(c.Language)
		p := l.Predict(id)
		key.Lesson, key.Block = slug, id
		a.Text, a.Form, out.Do = class.Clip(lessons.PlainText(p.Question), maxQuestion), live.FormText, p.Do
		for _, choice := range p.Choices {
			key.Options = append(key.Options, class.Clip(lessons.PlainText(choice.HTML), maxOption))
			key.Values = append(key.Values, choice.Value)
		}
		if err := s.stage(ctx, c, slug, p, a.ID); err != nil {
			return out, err
		}
	default:
		a.Text, a.Form = class.Clip(d.Text, maxQuestion), live.FormText
		if d.Form == string(live.FormNumber) && len(d.Options) == 0 {
			a.Form = live.FormNumber
		}
		if right := class.Clip(d.Right, maxOption); right != "" && len(d.Options) == 0 {
			right, ok := key.read(a.Form, c.Language, right)
			if !ok {
				return out, &Error{Status: http.StatusUnprocessableEntity, Code: "bad_field", Message: words.T("class.fault.number")}
			}
			key.Right = []string{right}
		}
		for _, o := range d.Options {
			o, right := strings.CutPrefix(o, "*")
			o = class.Clip(o, maxOption)
			key.Options = append(key.Options, o)
			if right {
				key.Right = append(key.Right, o)
			}
		}
	}
	if len(key.Options) > 0 {
		a.Form, a.Options = live.FormOne, key.Options
	}
	b, err := json.Marshal(key)
	if err != nil {
		return out, err
	}
	// What is right is kept under the number of the question before it is asked, so the number must not be another's meanwhile.
	for range tries {
		state, err := s.hub.RoomState(ctx, c.ID)
		if err != nil {
			return out, err
		}
		n := 1
		if state.Question != nil {
			n = state.Question.Number + 1
		}
		if err := s.classes.Key(ctx, c.ID, n, b); err != nil {
			return out, err
		}
		a.Seen = state.Seq
		out.Seq, err = s.hub.Act(ctx, c.ID, *a)
		if f, ok := errors.AsType[*live.ErrorFrame](err); !ok || live.Code(f.Code) != live.Stale {
			return out, err
		}
	}
	return out, &live.ErrorFrame{Code: string(live.Stale)}
}

const (
	maxQuestion = 2000 // bytes
	maxOption   = 180
	tries       = 8 // of a change against others who are faster
)

// stage shows the run that a prediction is about, at its instant. One that is there already may have been changed, so it begins anew.
func (s *Site) stage(ctx context.Context, c *class.Class, slug string, p *lessons.Predict, id string) error {
	a := live.Act{ID: id + "-run", Kind: live.ActPush, Seen: store.Anywhere}
	if err := s.pushes(ctx, &deed{Show: "block:" + slug + "#" + p.Of}, c.Language, &a); err != nil {
		return err
	}
	if err := s.standAt(ctx, &a, p.At); err != nil {
		return err
	}
	_, err := s.hub.Act(ctx, c.ID, a)
	return err
}

// maxBars is how many different answers are shown; the others are counted together.
const maxBars = 12

// reveals counts the answers to the newest question.
func (s *Site) reveals(ctx context.Context, c *class.Class, a *live.Act) error {
	state, err := s.hub.RoomState(ctx, c.ID)
	if err != nil {
		return err
	}
	if state.Question == nil {
		return &Error{Status: http.StatusConflict, Code: "no_question", Message: "No question was asked."}
	}
	a.Question = state.Question.Number
	counts, err := s.classes.Histogram(ctx, c.ID, a.Question)
	if err != nil {
		return err
	}
	key, err := s.keyOf(ctx, c.ID, a.Question)
	if err != nil {
		return err
	}
	a.Histogram = s.bars(c, state.Question, counts, &key)
	return nil
}

// bars are those of a histogram: of options all, in their order, else the most frequent answers.
func (s *Site) bars(c *class.Class, q *live.Question, counts []class.Count, key *questionKey) []live.Bar {
	right := func(value string) bool {
		return slices.ContainsFunc(key.Right, func(r string) bool { return strings.EqualFold(r, value) })
	}
	if l := s.Course().Find(key.Lesson); l != nil {
		if p := l.In(c.Language).Predict(key.Block); p != nil {
			right = func(value string) bool {
				if i := slices.Index(key.Options, value); i >= 0 {
					value = key.Values[i]
				}
				return p.Check(value).OK
			}
		}
	}
	bars := []live.Bar{}
	if q.Form == live.FormOne {
		for _, o := range q.Options {
			n := 0
			for _, count := range counts {
				if strings.EqualFold(count.Value, o) {
					n += count.N
				}
			}
			bars = append(bars, live.Bar{Value: o, Count: n, Right: right(o)})
		}
		return bars
	}
	others := 0
	for i, count := range counts {
		if i >= maxBars {
			others += count.N
			continue
		}
		bars = append(bars, live.Bar{Value: class.Clip(count.Value, maxOption), Count: count.N, Right: right(count.Value)})
	}
	// What the engine did is shown even when nobody has foreseen it.
	if q.Form == live.FormRun && !slices.ContainsFunc(bars, func(b live.Bar) bool { return b.Right }) {
		for _, r := range key.Right {
			bars = append(bars, live.Bar{Value: r, Right: true})
		}
	}
	if others > 0 {
		bars = append(bars, live.Bar{Count: others})
	}
	return bars
}

// keyOf is what the instructor's side knows of a question.
func (s *Site) keyOf(ctx context.Context, id string, question int) (key questionKey, err error) {
	b, err := s.classes.KeyOf(ctx, id, question)
	if err == nil && b != nil {
		err = json.Unmarshal(b, &key)
	}
	return key, err
}

// endClass ends a class for all who follow it, and frees its code.
func (s *Site) endClass(ctx context.Context, c *class.Class, a *live.Act) error {
	_, err := s.hub.Act(ctx, c.ID, *a)
	// It may have been ended before without its code being freed.
	if f, ok := errors.AsType[*live.ErrorFrame](err); err != nil && (!ok || live.Code(f.Code) != live.Ended) {
		return err
	}
	if err := s.classes.End(ctx, c.ID); err != nil {
		return err
	}
	// Platforms get the scores as they stand at the end.
	if err := s.lti.TouchClass(ctx, c.ID); err != nil {
		s.cfg.Log.Warn("a platform may not hear of the end of a class", "class", c.ID, "error", err)
	}
	s.cfg.Log.Info("a class has ended", "class", c.ID)
	return nil
}

// A rosterRow is a member as the instructor's page shows them.
type rosterRow struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Joined   int64  `json:"joined"` // ms, as all times here
	Lesson   string `json:"lesson,omitempty"`
	Title    string `json:"title,omitempty"` // of the lesson
	Block    string `json:"block,omitempty"`
	Since    int64  `json:"since,omitempty"`
	Seen     int64  `json:"seen,omitempty"`
	Wrong    int    `json:"wrong,omitempty"`
	Stuck    bool   `json:"stuck,omitempty"`
	Run      bool   `json:"run,omitempty"`
	Answered []int  `json:"answered,omitempty"`
}

// roster answers GET api/class/{id}/roster with server-sent events: who is in the class and where, and then what changes.
func (s *Site) roster(w http.ResponseWriter, r *http.Request) error {
	c, err := s.led(r)
	if err != nil {
		return err
	}
	words := s.language(r)
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	ended := s.endings.of(r)
	go func() {
		select {
		case <-s.going:
		case <-ended:
		case <-ctx.Done():
		}
		cancel()
	}()
	out, err := openStream(w, time.Second)
	if err != nil {
		return err
	}
	first := true
	for news, err := range s.classes.Watch(ctx, c.ID) {
		if err != nil {
			if ctx.Err() == nil {
				s.cfg.Log.Warn("a roster has ended", "class", c.ID, "error", err)
			}
			return nil // the page asks again
		}
		told := struct {
			All  bool        `json:"all,omitempty"` // these are all that there are
			Now  int64       `json:"now"`
			Rows []rosterRow `json:"rows"`
			Gone []string    `json:"gone,omitempty"`
		}{All: first, Now: time.Now().UnixMilli(), Rows: []rosterRow{}, Gone: news.Gone}
		first = false
		for _, row := range news.Changed {
			told.Rows = append(told.Rows, s.rosterRow(words, row))
		}
		if out.send("", told) != nil {
			return nil // the page is gone
		}
	}
	return nil
}

func (s *Site) rosterRow(words *i18n.Catalog, row class.Row) rosterRow {
	out := rosterRow{ID: row.ID, Name: row.Name, Joined: row.Joined.UnixMilli(), Answered: row.Answered}
	if w := row.Where; w != nil {
		out.Lesson, out.Block, out.Wrong, out.Run = w.Lesson, w.Block, w.Wrong, w.Run != ""
		out.Title, out.Stuck = s.whereTitle(words, w.Lesson), w.Stuck(time.Now())
		out.Since, out.Seen = w.Since.UnixMilli(), w.Seen.UnixMilli()
	}
	return out
}

// ---- the learner ----

// classCookie says that the browser is in a class, for pages that are the same for everybody: they fetch what members see. It is no
// secret and proves nothing.
const classCookie = "lab_class"

// attending is how long a browser is taken to be in a class.
const attending = 12 * time.Hour

func (s *Site) setClassCookie(w http.ResponseWriter, r *http.Request, id string, age time.Duration) {
	account.SetCookie(w, r, &http.Cookie{Name: classCookie, Value: id, Path: s.cfg.Base, MaxAge: int(age.Seconds()), SameSite: http.SameSiteLaxMode})
}

func (s *Site) joinPage(w http.ResponseWriter, r *http.Request) error {
	typed := chi.URLParam(r, "code")
	if typed == "" {
		return s.showJoin(w, r, pages.JoinData{}, nil)
	}
	in, fault, err := s.findClass(w, r, typed)
	if err != nil {
		return err
	}
	data := pages.JoinData{Code: typed}
	if in != nil {
		data.Class = in.Title
	}
	return s.showJoin(w, r, data, fault)
}

func (s *Site) showJoin(w http.ResponseWriter, r *http.Request, data pages.JoinData, fault *refusal) error {
	words := s.language(r)
	data.Page = s.at(words, pages.Elsewhere, words.T("class.join"))
	status := http.StatusOK
	if fault != nil {
		data.Fault, data.Field, status = fault.text, fault.field, fault.status
	}
	return s.show(w, r, status, pages.Join(data))
}

// findClass returns the class with a code, or what to say to somebody who has none. What is no code, what never was one and what is no
// longer one are answered alike.
func (s *Site) findClass(w http.ResponseWriter, r *http.Request, typed string) (*class.Class, *refusal, error) {
	words, from := s.language(r), clientAddress(r)
	if !s.classes.guesses.Left(from) {
		w.Header().Set("Retry-After", "2")
		return nil, &refusal{http.StatusTooManyRequests, words.T("class.fault.guess"), "code"}, nil
	}
	code, ok := class.ReadCode(typed)
	in, err := (*class.Class)(nil), error(class.ErrNotFound)
	if ok {
		in, err = s.classes.Find(r.Context(), code)
	}
	if errors.Is(err, class.ErrNotFound) || err == nil && in.Over() {
		s.classes.guesses.Take(from)
		return nil, &refusal{http.StatusUnprocessableEntity, words.T("class.fault.code"), "code"}, nil
	}
	return in, nil, err
}

func (s *Site) join(w http.ResponseWriter, r *http.Request) error {
	typed, err := form(r)
	if err != nil {
		return err
	}
	data := pages.JoinData{Code: typed.Get("code"), Name: typed.Get("name")}
	in, fault, err := s.findClass(w, r, data.Code)
	if err != nil {
		return err
	}
	if fault != nil {
		return s.showJoin(w, r, data, fault)
	}
	data.Class = in.Title
	words := s.language(r)
	if !class.ValidName(data.Name) { // nobody is enrolled for a name that is none
		return s.showJoin(w, r, data, &refusal{http.StatusUnprocessableEntity, words.T("class.fault.name", "n", class.MaxName), "name"})
	}
	learner, err := s.accounts.Enroll(w, r)
	if err != nil {
		return err
	}
	_, err = s.classes.Join(r.Context(), in, learner, data.Name)
	switch {
	case errors.Is(err, class.ErrFull):
		w.Header().Set("Retry-After", "60")
		return s.showJoin(w, r, data, &refusal{http.StatusServiceUnavailable, words.T("class.fault.full"), "code"})
	case errors.Is(err, class.ErrEnded):
		return s.showJoin(w, r, data, &refusal{http.StatusUnprocessableEntity, words.T("class.fault.code"), "code"})
	case err != nil:
		return err
	}
	s.setClassCookie(w, r, in.ID, attending)
	s.seeOther(w, r, "class/"+in.ID)
	return nil
}

// seat returns the class of a request and which member of it sends it. For others there is no such class.
func (s *Site) seat(r *http.Request) (*class.Class, *class.Member, error) {
	v, err := s.accounts.Visitor(r)
	if err != nil {
		return nil, nil, err
	}
	id := chi.URLParam(r, "id")
	m, err := s.classes.Seat(r.Context(), id, v.Learner)
	var in *class.Class
	if err == nil {
		in, err = s.classes.Get(r.Context(), id)
	}
	if errors.Is(err, class.ErrNotFound) {
		return nil, nil, errNoSeat
	}
	return in, m, err
}

var errNoSeat = &Error{Status: http.StatusNotFound, Code: "no_such_class", Message: "You are not in this class; join it with its code.", Words: "page.fault.seat"}

func (s *Site) classPage(w http.ResponseWriter, r *http.Request) error {
	in, m, err := s.seat(r)
	if errors.Is(err, errNoSeat) {
		s.seeOther(w, r, "join")
		return nil
	}
	if err != nil {
		return err
	}
	return s.showClass(w, r, in, m, nil, "")
}

func (s *Site) showClass(w http.ResponseWriter, r *http.Request, in *class.Class, m *class.Member, fault *refusal, done string) error {
	words := s.language(r)
	data := pages.ClassData{Page: s.at(words, pages.Elsewhere, in.Title), ID: in.ID, Class: in.Title, Member: m.Name, Done: done}
	var err error
	if data.Room, err = s.roomView(r.Context(), words, in.ID, m.ID); err != nil {
		return err
	}
	data.Room.Ended = data.Room.Ended || in.Over()
	if data.Room.Ended {
		s.setClassCookie(w, r, "", -time.Second)
	} else {
		s.setClassCookie(w, r, in.ID, attending)
	}
	status := http.StatusOK
	if fault != nil {
		data.Fault, status = fault.text, fault.status
	}
	return s.show(w, r, status, pages.Class(data))
}

// leaveClass makes the browser one that is in no class. What its learner did in the class stays.
func (s *Site) leaveClass(w http.ResponseWriter, r *http.Request) error {
	s.setClassCookie(w, r, "", -time.Second)
	s.seeOther(w, r, "")
	return nil
}

// classNow answers GET api/class/{id}: what a page elsewhere in the lab says about the class of its reader.
func (s *Site) classNow(w http.ResponseWriter, r *http.Request) error {
	in, m, err := s.seat(r)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, map[string]any{"title": in.Title, "name": m.Name, "ended": in.Over()})
	return nil
}

// A report says where a member is.
type report struct {
	Lesson string `json:"lesson"`
	Block  string `json:"block"`
	Wrong  int    `json:"wrong"`
	Done   bool   `json:"done"`
	Run    string `json:"run"`
	Shown  bool   `json:"shown"` // everybody sees what they have, and shall see what they have now
}

// where answers POST api/class/{id}/where.
func (s *Site) where(w http.ResponseWriter, r *http.Request) error {
	in, m, err := s.seat(r)
	if err != nil {
		return err
	}
	var at report
	if err := readJSON(r, &at); err != nil {
		return err
	}
	limiter := s.classes.reports
	if at.Shown {
		limiter = s.classes.shown
	}
	switch {
	case in.Over():
		return errClassOver
	case limiter.Take(m.ID) > 0:
		w.Header().Set("Retry-After", "2")
		return &Error{Status: http.StatusTooManyRequests, Code: "slow_down", Message: "Too many reports; wait a moment."}
	case at.Lesson != "" && s.Course().Find(at.Lesson) == nil:
		return errNoLesson
	case len(at.Block) > 100:
		return badField("block", "the name of a block")
	case at.Wrong < 0 || at.Wrong > 10_000:
		return badField("wrong", "0 to 10,000")
	case len(at.Run) > class.MaxRun:
		return badField("run", "at most %d bytes", class.MaxRun)
	}
	if at.Shown && at.Run != "" {
		if err := s.mirror(r.Context(), in.ID, m.ID, at.Run); err != nil {
			return err
		}
	}
	if err := s.classes.Report(r.Context(), in.ID, m.ID, class.Where{Lesson: at.Lesson, Block: at.Block, Wrong: at.Wrong, Done: at.Done, Run: at.Run}); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// mirror lets everybody see what somebody has who is in the spotlight. What cannot be shown is not; an error says that it shall be sent again.
func (s *Site) mirror(ctx context.Context, id, member, run string) error {
	text, err := share.Decode(run)
	if err != nil {
		return badField("run", "a run that can be read")
	}
	err = s.hub.Mirror(ctx, id, member, text)
	if f, ok := errors.AsType[*live.ErrorFrame](err); ok && f.Code != string(live.NotSaved) && f.Code != string(live.SlowDown) {
		return nil
	}
	return err
}

var errClassOver = &Error{Status: http.StatusGone, Code: "ended", Message: "The class is over.", Words: "page.fault.over"}

// answerQuestion answers POST api/class/{id}/answer, by a script or by a form.
func (s *Site) answerQuestion(w http.ResponseWriter, r *http.Request) error {
	in, m, err := s.seat(r)
	if err != nil {
		return err
	}
	var given struct {
		Question int    `json:"question"`
		Value    string `json:"value"`
	}
	words, byForm := s.language(r), isForm(r)
	if byForm {
		typed, err := form(r)
		if err != nil {
			return err
		}
		given.Question, _ = strconv.Atoi(typed.Get("question")) // 0 is no question
		given.Value = typed.Get("value")
	} else if err := readJSON(r, &given); err != nil {
		return err
	}
	err = s.takeAnswer(r.Context(), words, in, m, given.Question, given.Value)
	why, ok := errors.AsType[*Error](err)
	switch {
	case err == nil && byForm:
		return s.showClass(w, r, in, m, nil, words.T("class.answer.given", "value", given.Value))
	case err == nil:
		w.WriteHeader(http.StatusNoContent)
		return nil
	case ok && byForm:
		return s.showClass(w, r, in, m, &refusal{why.Status, why.Message, ""}, "")
	}
	return err
}

func (s *Site) takeAnswer(ctx context.Context, words *i18n.Catalog, in *class.Class, m *class.Member, question int, value string) error {
	if s.classes.reports.Take(m.ID) > 0 {
		return &Error{Status: http.StatusTooManyRequests, Code: "slow_down", Message: words.T("class.fault.slow")}
	}
	state, err := s.hub.RoomState(ctx, in.ID)
	if err != nil {
		return err
	}
	q := state.Question
	switch {
	case in.Over() || state.Ended:
		return &Error{Status: http.StatusGone, Code: "ended", Message: words.T("class.fault.ended")}
	case q == nil || q.Number != question || state.Histogram != nil:
		return &Error{Status: http.StatusConflict, Code: "not_asked", Message: words.T("class.fault.asked")}
	case q.Form == live.FormOne && !slices.Contains(q.Options, value):
		return &Error{Status: http.StatusUnprocessableEntity, Code: "bad_field", Message: words.T("class.fault.option")}
	}
	if q.Form == live.FormNumber || q.Form == live.FormRun {
		key, err := s.keyOf(ctx, in.ID, question)
		if err != nil {
			return err
		}
		read, ok := key.read(q.Form, words.Lang, value)
		if !ok {
			return &Error{Status: http.StatusUnprocessableEntity, Code: "bad_field", Message: howTo(words, q.Form, key.Field)}
		}
		value = read
	}
	err = s.classes.Answer(ctx, in.ID, question, m.ID, value)
	if errors.Is(err, class.ErrAnswer) {
		return &Error{Status: http.StatusUnprocessableEntity, Code: "bad_field", Message: words.T("class.fault.answer", "n", class.MaxAnswer)}
	}
	return err
}

// howTo says what an answer has to be.
func howTo(words *i18n.Catalog, form live.Form, field string) string {
	if form == live.FormRun && (field == "flags" || field == "state") {
		return words.T("class.fault." + field)
	}
	return words.T("class.fault.number")
}
