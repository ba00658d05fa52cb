package class_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/handshakelab/lab/server/jetstream"
	"github.com/handshakelab/lab/web/account"
	"github.com/handshakelab/lab/web/class"
	"github.com/handshakelab/lab/web/store"
)

func open(t *testing.T) (*class.Classes, store.Store) {
	t.Helper()
	s, err := jetstream.Open(t.Context(), jetstream.Options{Folder: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return class.New(s), s
}

func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func TestOpenFindEnd(t *testing.T) {
	c, s := open(t)
	ctx, teacher := t.Context(), account.NewID()
	one := must[*class.Class](t)(c.Open(ctx, teacher, "  Networks,\n9b ", "de"))
	two := must[*class.Class](t)(c.Open(ctx, teacher, "Another", "en"))
	if one.Title != "Networks, 9b" || len(one.Code) != class.CodeLength || strings.Trim(one.Code, class.Letters) != "" || one.Code == two.Code {
		t.Errorf("opened %+v and %+v", one, two)
	}
	if found := must[*class.Class](t)(c.Find(ctx, one.Code)); *found != *one {
		t.Errorf("found %+v, opened %+v", found, one)
	}
	if err := c.End(ctx, one.ID); err != nil {
		t.Fatal(err)
	}
	ended := must[*class.Class](t)(c.Get(ctx, one.ID))
	if !ended.Over() || ended.Code != "" {
		t.Errorf("ended as %+v", ended)
	}
	if _, err := c.Find(ctx, one.Code); !errors.Is(err, class.ErrNotFound) {
		t.Errorf("the code of a class that has ended: %v", err)
	}
	if _, err := s.Records().Put(ctx, store.Key("code", one.Code), []byte("x"), 0); err != nil {
		t.Errorf("its code is not free: %v", err)
	}
	if err := c.End(ctx, one.ID); err != nil {
		t.Errorf("ending it again: %v", err)
	}
	if again := must[*class.Class](t)(c.Get(ctx, one.ID)); !again.Ended.Equal(ended.Ended) {
		t.Error("ending it again moves its end")
	}
	if _, err := c.Join(ctx, ended, account.NewID(), "Ada"); !errors.Is(err, class.ErrEnded) {
		t.Errorf("joining what has ended: %v", err)
	}
	list := must[[]*class.Class](t)(c.Of(ctx, teacher))
	if len(list) != 2 || list[0].ID != two.ID || list[1].ID != one.ID {
		t.Errorf("classes of the account: %+v", list)
	}
	if list := must[[]*class.Class](t)(c.Of(ctx, account.NewID())); len(list) != 0 {
		t.Errorf("classes of another account: %+v", list)
	}
	for _, title := range []string{"", " \n", "\u200b", strings.Repeat("x", class.MaxTitle+1), "a\xffb"} {
		if _, err := c.Open(ctx, teacher, title, "en"); !errors.Is(err, class.ErrTitle) {
			t.Errorf("title %q: %v", title, err)
		}
	}
}

func TestReadCode(t *testing.T) {
	for typed, want := range map[string]string{
		"ABCDEF": "ABCDEF", "abcdef": "ABCDEF", " abc def ": "ABCDEF", "abc-def": "ABCDEF", "A.B.C.D.E.F": "ABCDEF", "abc\u2013def\u00a0": "ABCDEF",
		"": "", "ABCDE": "", "ABCDEFG": "", "ABCDE0": "", "ABCDEO": "", "ABCDÉF": "", "АВСДЕГ": "", strings.Repeat(" ", 100) + "ABCDEF": "",
	} {
		code, ok := class.ReadCode(typed)
		if ok != (want != "") || ok && code != want {
			t.Errorf("%q is read as %q, %v; want %q", typed, code, ok, want)
		}
	}
}

func FuzzReadCode(f *testing.F) {
	f.Add("abc-def")
	f.Fuzz(func(t *testing.T, typed string) {
		code, ok := class.ReadCode(typed)
		if !ok {
			return
		}
		if len(code) != class.CodeLength || strings.Trim(code, class.Letters) != "" {
			t.Errorf("%q is read as %q", typed, code)
		}
		if again, ok := class.ReadCode(code); !ok || again != code {
			t.Errorf("%q is read as %q", code, again)
		}
	})
}

func TestJoin(t *testing.T) {
	c, _ := open(t)
	ctx, learner := t.Context(), account.NewID()
	in := must[*class.Class](t)(c.Open(ctx, account.NewID(), "Networks", "en"))
	other := must[*class.Class](t)(c.Open(ctx, account.NewID(), "Other", "en"))

	// Many requests at once, as of an impatient learner, are one member.
	var wg sync.WaitGroup
	ids := make([]string, 8)
	for i := range ids {
		wg.Go(func() {
			if m, err := c.Join(ctx, in, learner, "Ada"); err != nil {
				t.Error(err)
			} else {
				ids[i] = m.ID
			}
		})
	}
	wg.Wait()
	for _, id := range ids {
		if id != ids[0] {
			t.Fatalf("members %v", ids)
		}
	}
	renamed := must[*class.Member](t)(c.Join(ctx, in, learner, " Ada\u202e Lovelace "))
	if renamed.ID != ids[0] || renamed.Name != "Ada Lovelace" {
		t.Errorf("with a new name: %+v", renamed)
	}
	elsewhere := must[*class.Member](t)(c.Join(ctx, other, learner, "Ada"))
	if elsewhere.ID == ids[0] {
		t.Error("a learner is the same member in two classes")
	}
	if seat := must[*class.Member](t)(c.Seat(ctx, in.ID, learner)); *seat != *renamed {
		t.Errorf("seat %+v, member %+v", seat, renamed)
	}
	must[*class.Member](t)(c.Join(ctx, in, account.NewID(), "Ben"))
	list := must[[]*class.Member](t)(c.Members(ctx, in.ID))
	if len(list) != 2 || list[0].ID != ids[0] || list[1].Name != "Ben" {
		t.Errorf("members: %+v", list)
	}
	for _, name := range []string{"", "\t", "\u202e", strings.Repeat("x", class.MaxName+1)} {
		if _, err := c.Join(ctx, in, learner, name); !errors.Is(err, class.ErrName) {
			t.Errorf("name %q: %v", name, err)
		}
	}
	if m, err := c.Join(ctx, in, account.NewID(), "</script>🤝"); err != nil || m.Name != "</script>🤝" {
		t.Errorf("a strange name: %+v, %v", m, err)
	}
	for _, id := range []string{"", "a.b", "*", ">", "x"} {
		if _, err := c.Seat(ctx, id, learner); !errors.Is(err, class.ErrNotFound) {
			t.Errorf("seat in class %q: %v", id, err)
		}
		if _, err := c.Seat(ctx, in.ID, id); !errors.Is(err, class.ErrNotFound) {
			t.Errorf("seat of learner %q: %v", id, err)
		}
	}
}

// Fault 74: a class is full.
func TestFull(t *testing.T) {
	c, s := open(t)
	ctx := t.Context()
	in := must[*class.Class](t)(c.Open(ctx, account.NewID(), "Networks", "en"))
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for n := i; n < class.MaxMembers; n += 8 {
				if _, err := s.Records().Put(ctx, store.Key("member", in.ID, fmt.Sprint(n)), []byte(`{}`), 0); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if _, err := c.Join(ctx, in, account.NewID(), "Late"); !errors.Is(err, class.ErrFull) {
		t.Errorf("joining a class of %d: %v", class.MaxMembers, err)
	}
}

func TestHistogram(t *testing.T) {
	c, _ := open(t)
	ctx := t.Context()
	in := must[*class.Class](t)(c.Open(ctx, account.NewID(), "Networks", "en"))
	members := make([]*class.Member, 5)
	for i, value := range []string{"301", "300", "Lost", "lost", "301"} {
		members[i] = must[*class.Member](t)(c.Join(ctx, in, account.NewID(), fmt.Sprint("Learner ", i)))
		if err := c.Answer(ctx, in.ID, 1, members[i].ID, value); err != nil {
			t.Fatal(err)
		}
	}
	// Another mind, and another question.
	if err := errors.Join(c.Answer(ctx, in.ID, 1, members[1].ID, " 301 "), c.Answer(ctx, in.ID, 12, members[1].ID, "0")); err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprint(must[[]class.Count](t)(c.Histogram(ctx, in.ID, 1)))
	if got != "[{301 3} {Lost 2}]" && got != "[{301 3} {lost 2}]" {
		t.Errorf("histogram %s", got)
	}
	if got := must[string](t)(c.Answered(ctx, in.ID, 1, members[1].ID)); got != "301" {
		t.Errorf("answered %q", got)
	}
	if got := must[string](t)(c.Answered(ctx, in.ID, 2, members[1].ID)); got != "" {
		t.Errorf("answered %q to what was not asked", got)
	}
	if err := c.Answer(ctx, in.ID, 1, members[0].ID, strings.Repeat("9", class.MaxAnswer+1)); !errors.Is(err, class.ErrAnswer) {
		t.Errorf("a long answer: %v", err)
	}
}

func TestWatch(t *testing.T) {
	c, _ := open(t)
	ctx, cancel := context.WithCancel(t.Context())
	in := must[*class.Class](t)(c.Open(ctx, account.NewID(), "Networks", "en"))
	learner := account.NewID()
	ada := must[*class.Member](t)(c.Join(ctx, in, learner, "Ada"))
	news := make(chan class.News)
	ended := make(chan error, 1)
	go func() {
		for n, err := range c.Watch(ctx, in.ID) {
			if err != nil {
				ended <- err
				return
			}
			news <- n
		}
	}()
	// next is the row of a member once it is as it should be.
	next := func(id string, good func(class.Row) bool) class.Row {
		t.Helper()
		for {
			select {
			case n := <-news:
				for _, row := range n.Changed {
					if row.ID == id && good(row) {
						return row
					}
				}
			case <-time.After(10 * time.Second):
				t.Fatal("no such news")
			}
		}
	}
	first := <-news
	if len(first.Changed) != 1 || first.Changed[0].Name != "Ada" || first.Changed[0].Where != nil {
		t.Fatalf("the first news: %+v", first)
	}
	if err := c.Report(ctx, in.ID, ada.ID, class.Where{Lesson: "lost-segments", Block: "third", Wrong: 1}); err != nil {
		t.Fatal(err)
	}
	began := next(ada.ID, func(r class.Row) bool { return r.Where != nil }).Where
	if err := errors.Join(
		c.Report(ctx, in.ID, ada.ID, class.Where{Lesson: "lost-segments", Block: "third", Wrong: 3}),
		c.Answer(ctx, in.ID, 2, ada.ID, "301"),
	); err != nil {
		t.Fatal(err)
	}
	row := next(ada.ID, func(r class.Row) bool { return r.Where.Wrong == 3 && len(r.Answered) == 1 })
	if !row.Where.Since.Equal(began.Since) || !row.Where.Stuck(row.Where.Seen) || began.Stuck(began.Seen) || row.Answered[0] != 2 {
		t.Errorf("the row is %+v, where %+v, before %+v", row, row.Where, began)
	}
	ben := must[*class.Member](t)(c.Join(ctx, in, account.NewID(), "Ben"))
	next(ben.ID, func(r class.Row) bool { return r.Name == "Ben" })

	if err := c.Forget(ctx, learner); err != nil {
		t.Fatal(err)
	}
	for gone := []string(nil); !slices.Equal(gone, []string{ada.ID}); { // where she was may be gone earlier
		select {
		case n := <-news:
			gone = append(gone, n.Gone...)
		case <-time.After(10 * time.Second):
			t.Fatalf("Ada was forgotten, and gone are %q", gone)
		}
	}
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("the watch ended with %v", err)
	}
}

func TestForget(t *testing.T) {
	c, s := open(t)
	ctx, learner := t.Context(), account.NewID()
	ben := account.NewID()
	for _, title := range []string{"One", "Two"} {
		in := must[*class.Class](t)(c.Open(ctx, account.NewID(), title, "en"))
		for _, who := range []string{learner, ben} {
			m := must[*class.Member](t)(c.Join(ctx, in, who, "Somebody"))
			if err := errors.Join(c.Answer(ctx, in.ID, 1, m.ID, "1"), c.Report(ctx, in.ID, m.ID, class.Where{Lesson: "x"})); err != nil {
				t.Fatal(err)
			}
		}
	}
	// The store has a record of its own, that of its format.
	own := 0
	if _, err := s.Records().Get(ctx, "format"); err == nil {
		own++
	}
	count := func() (records, passing int) {
		return len(must[[]store.Record](t)(s.Records().List(ctx, ""))) - own, len(must[[]store.Record](t)(s.Passing().List(ctx, "")))
	}
	if err := c.Forget(ctx, learner); err != nil {
		t.Fatal(err)
	}
	// Of two classes each: the class, its code, its teacher; and of Ben a member, a seat and an answer.
	if records, passing := count(); records != 12 || passing != 2 {
		t.Errorf("%d records and %d passing ones are left, want 12 and 2", records, passing)
	}
	if err := c.Forget(ctx, ben); err != nil {
		t.Fatal(err)
	}
	if records, passing := count(); records != 6 || passing != 0 {
		t.Errorf("%d records and %d passing ones are left, want 6 and none", records, passing)
	}
}
