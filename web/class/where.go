package class

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"slices"
	"time"

	"github.com/handshakelab/lab/web/store"
)

// A Where says where in the course a member is.
type Where struct {
	Lesson string    `json:"lesson,omitempty"` // slug; "" on the page of the class
	Block  string    `json:"block,omitempty"`  // the exercise or simulator that they are at
	Since  time.Time `json:"since"`            // they have been there
	Wrong  int       `json:"wrong,omitempty"`  // answers there that were not right
	Done   bool      `json:"done,omitempty"`   // and then one that was
	Run    string    `json:"run,omitempty"`    // what they have on their simulator, as the text of a link
	Seen   time.Time `json:"seen"`             // when they last said so
}

// Stuck reports whether somebody has tried in vain for a while: three wrong answers, or two within as many minutes of trying.
func (w *Where) Stuck(at time.Time) bool {
	return !w.Done && (w.Wrong >= 3 || w.Wrong >= 2 && at.Sub(w.Since) >= 2*time.Minute)
}

// MaxRun is the longest text of a run that is taken, in bytes.
const MaxRun = 32 << 10

func whereKey(class, member string) string { return store.Key("where", class, member) }

// Report keeps where a member is. The time since when is that of the first report from there.
func (c *Classes) Report(ctx context.Context, class, member string, w Where) error {
	return store.ChangeJSON(ctx, c.store.Passing(), whereKey(class, member), func(is *Where, there bool) (bool, error) {
		w.Seen = now()
		w.Since = w.Seen
		if there && is.Lesson == w.Lesson && is.Block == w.Block {
			w.Since = is.Since
		}
		*is = w
		return true, nil
	})
}

// WhereIs returns where a member is, or ErrNotFound when they have not said.
func (c *Classes) WhereIs(ctx context.Context, class, member string) (Where, error) {
	if !store.Valid(class) || !store.Valid(member) {
		return Where{}, ErrNotFound
	}
	w, _, err := store.GetJSON[Where](ctx, c.store.Passing(), whereKey(class, member))
	return w, missing(err)
}

// A Row is a member, where they are, and what they have answered.
type Row struct {
	Member
	Where    *Where // nil: they have not said
	Answered []int  // questions
}

// News are what has changed in a class since the last news.
type News struct {
	Changed []Row
	Gone    []string // IDs of members that were erased
}

// Watch yields all members of a class, and then those that have changed, until ctx ends. What changes at about the same time comes
// together. It yields an error once, as the last thing.
func (c *Classes) Watch(ctx context.Context, class string) iter.Seq2[News, error] {
	return func(yield func(News, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		type event struct {
			kind   string
			update store.Update
			err    error
		}
		events := make(chan event)
		follow := func(kind string, records store.Records) {
			for u, err := range records.Watch(ctx, store.Key(kind, class)) {
				select {
				case events <- event{kind, u, err}:
				case <-ctx.Done():
					return
				}
			}
		}
		kinds := map[string]store.Records{"member": c.store.Records(), "where": c.store.Passing(), "answer": c.store.Records()}
		for kind, records := range kinds {
			go follow(kind, records)
		}
		rows, changed, gone := map[string]*Row{}, map[string]bool{}, map[string]bool{}
		behind := len(kinds)
		pulse := time.NewTicker(beat)
		defer pulse.Stop()
		for {
			select {
			case <-ctx.Done():
				yield(News{}, ctx.Err())
				return
			case e := <-events:
				switch {
				case e.err != nil:
					yield(News{}, e.err)
					return
				case e.update.Current:
					behind--
				default:
					id, err := apply(rows, e.kind, class, e.update)
					if err != nil {
						yield(News{}, err)
						return
					}
					changed[id] = true
					if e.kind == "member" && e.update.Deleted {
						gone[id] = true
					}
				}
				// The first news come as soon as they are whole, later ones with the beat.
				if behind > 0 || !e.update.Current {
					continue
				}
			case <-pulse.C:
				if behind > 0 || len(changed) == 0 {
					continue
				}
			}
			var n News
			for _, id := range slices.Sorted(maps.Keys(changed)) {
				if row := rows[id]; row != nil && row.ID != "" {
					n.Changed = append(n.Changed, *row)
				}
			}
			n.Gone = slices.Sorted(maps.Keys(gone))
			clear(changed)
			clear(gone)
			if !yield(n, nil) {
				return
			}
		}
	}
}

// Rows returns all members of a class as they are now, in the order in which they came.
func (c *Classes) Rows(ctx context.Context, class string) ([]Row, error) {
	members, err := c.Members(ctx, class)
	if err != nil {
		return nil, err
	}
	wheres, err := c.store.Passing().List(ctx, store.Key("where", class))
	if err != nil {
		return nil, err
	}
	at := map[string]*Where{}
	for _, rec := range wheres {
		w := &Where{}
		if err := json.Unmarshal(rec.Value, w); err != nil {
			return nil, fmt.Errorf("class: the record %s: %w", rec.Key, err)
		}
		at[rec.Key] = w
	}
	rows := make([]Row, len(members))
	for i, m := range members {
		rows[i] = Row{Member: *m, Where: at[whereKey(class, m.ID)]}
	}
	return rows, nil
}

// beat is how often news come at most.
const beat = 250 * time.Millisecond

// apply puts a record into the rows, and says of which member it is.
func apply(rows map[string]*Row, kind, class string, u store.Update) (member string, err error) {
	rest := u.Key[len(kind)+1+len(class)+1:]
	question := 0
	member = rest
	if kind == "answer" {
		if question, member, err = splitAnswer(rest); err != nil {
			return "", err
		}
	}
	row := rows[member]
	if row == nil {
		row = &Row{}
		rows[member] = row
	}
	switch {
	case kind == "member" && u.Deleted:
		row.Member = Member{}
	case kind == "member":
		err = json.Unmarshal(u.Value, &row.Member)
	case kind == "where" && u.Deleted:
		row.Where = nil
	case kind == "where":
		row.Where = &Where{} // the old one may be with whoever got it
		err = json.Unmarshal(u.Value, row.Where)
	default:
		row.Answered = slices.DeleteFunc(slices.Clone(row.Answered), func(n int) bool { return n == question })
		if !u.Deleted {
			row.Answered = append(row.Answered, question)
		}
	}
	if err != nil {
		err = fmt.Errorf("class: the record %s: %w", u.Key, err)
	}
	return member, err
}
