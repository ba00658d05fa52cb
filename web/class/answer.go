package class

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/handshakelab/lab/web/store"
)

// An Answer is what a member said to a question of the instructor.
type Answer struct {
	Value string    `json:"value"`
	At    time.Time `json:"at"`
}

// MaxAnswer is how many characters an answer has at most.
const MaxAnswer = 180

// ErrAnswer is for an answer that is empty or too long.
var ErrAnswer = errors.New("class: an answer has 1 to " + strconv.Itoa(MaxAnswer) + " characters")

func answerKey(class string, question int, member string) string {
	return store.Key("answer", class, strconv.Itoa(question), member)
}

func splitAnswer(rest string) (question int, member string, err error) {
	number, member, ok := strings.Cut(rest, ".")
	question, err = strconv.Atoi(number)
	if !ok || err != nil {
		return 0, "", fmt.Errorf("class: no answer has the key %q", rest)
	}
	return question, member, nil
}

// Answer keeps what a member says to a question. A later answer takes the place of an earlier one.
func (c *Classes) Answer(ctx context.Context, class string, question int, member, value string) error {
	value, ok := clean(value, MaxAnswer)
	if !ok {
		return ErrAnswer
	}
	return store.ChangeJSON(ctx, c.store.Records(), answerKey(class, question, member), func(a *Answer, _ bool) (bool, error) {
		*a = Answer{value, now()}
		return true, nil
	})
}

// Answered returns what a member said to a question, or "".
func (c *Classes) Answered(ctx context.Context, class string, question int, member string) (string, error) {
	a, _, err := store.GetJSON[Answer](ctx, c.store.Records(), answerKey(class, question, member))
	if errors.Is(err, store.ErrNotFound) {
		return "", nil
	}
	return a.Value, err
}

// A Count is how many gave one answer.
type Count struct {
	Value string
	N     int
}

// Histogram counts the answers to a question, without who gave them: the most frequent first. What differs in upper and lower case alone
// is one answer.
func (c *Classes) Histogram(ctx context.Context, class string, question int) ([]Count, error) {
	recs, err := c.store.Records().List(ctx, store.Key("answer", class, strconv.Itoa(question)))
	if err != nil {
		return nil, err
	}
	counts := map[string]*Count{}
	for _, rec := range recs {
		var a Answer
		if err := json.Unmarshal(rec.Value, &a); err != nil {
			return nil, fmt.Errorf("class: the record %s: %w", rec.Key, err)
		}
		folded := strings.ToLower(a.Value)
		if counts[folded] == nil {
			counts[folded] = &Count{Value: a.Value}
		}
		counts[folded].N++
	}
	list := make([]Count, 0, len(counts))
	for _, n := range counts {
		list = append(list, *n)
	}
	slices.SortFunc(list, func(a, b Count) int { return cmp.Or(b.N-a.N, cmp.Compare(a.Value, b.Value)) })
	return list, nil
}

func keyKey(class string, question int) string {
	return store.Key("key", class, strconv.Itoa(question))
}

// Key keeps what only the instructor's side knows of a question. It may be changed until the question is asked.
func (c *Classes) Key(ctx context.Context, class string, question int, value []byte) error {
	return store.Change(ctx, c.store.Passing(), keyKey(class, question), func(store.Record) ([]byte, error) { return value, nil })
}

// KeyOf returns what was kept of a question, or nil.
func (c *Classes) KeyOf(ctx context.Context, class string, question int) ([]byte, error) {
	rec, err := c.store.Passing().Get(ctx, keyKey(class, question))
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	return rec.Value, err
}
