package lti

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/handshakelab/lab/web/store"
)

// A Target is what a platform links to: a lesson, an exercise of one, or a class.
type Target struct {
	Lesson, Block string
	Class         string // then the others are ""
}

// part is a target in a key.
func (of Target) part() string {
	switch {
	case of.Class != "":
		return "=" + of.Class
	case of.Block != "":
		return of.Lesson + "=" + of.Block
	}
	return of.Lesson
}

// Valid reports whether a score can be kept of the target.
func (of Target) Valid() bool {
	return store.Valid(of.part()) && !strings.Contains(of.Lesson+of.Block+of.Class, "=")
}

func targetOf(part string) Target {
	if class, ok := strings.CutPrefix(part, "="); ok {
		return Target{Class: class}
	}
	lesson, block, _ := strings.Cut(part, "=")
	return Target{Lesson: lesson, Block: block}
}

// A Score is how somebody stands with a target.
type Score struct {
	Given     int  `json:"given"`
	Of        int  `json:"of"` // 0: there is nothing to tell yet
	Completed bool `json:"completed,omitempty"`
}

// A Line is a line in the grade book of a platform, for one person.
type Line struct {
	Issuer  string `json:"issuer"`
	Client  string `json:"client"`
	Subject string `json:"subject"`
	URL     string `json:"url"`
}

// A delivery is a line with what is to be told there. It is a record, so that a score outlives the node which was to deliver it, and one
// of all nodes delivers it: the one that has written Claim.
type delivery struct {
	Line
	Sent *Score `json:"sent,omitempty"` // the one that was delivered last

	Due   time.Time `json:"due,omitzero"`    // when the score is to be told; zero: there is nothing new
	Claim time.Time `json:"claim,omitzero"`  // until then somebody is telling it; zero: nobody
	Tries int       `json:"tries,omitempty"` // in vain
	Since time.Time `json:"since,omitzero"`  // of the first of them
	Fault string    `json:"fault,omitempty"` // of the last of them
	Over  bool      `json:"over,omitempty"`  // nobody tries again, unless there is something new
}

// next is when somebody has to look; zero: there is nothing to do.
func (d delivery) next() time.Time {
	if d.Claim.After(d.Due) {
		return d.Claim // whoever has it may die with it
	}
	return d.Due
}

// How a score is delivered that could not be delivered: the wait doubles from the shortest to the longest.
const (
	claimLasts   = time.Minute      // longer than a try takes
	unsureLasts  = 30 * time.Second // longer than an attempt takes to be kept
	shortestWait = 15 * time.Second
	longestWait  = time.Hour
	giveUpAfter  = 48 * time.Hour
)

// waitAfter is how long to wait after so many tries.
func waitAfter(tries int) time.Duration { return min(shortestWait<<min(tries-1, 16), longestWait) }

func lineKey(learner string, of Target) string { return store.Key("lti-line", learner, of.part()) }

func splitLine(key string) (learner string, of Target) {
	learner, part, _ := strings.Cut(strings.TrimPrefix(key, "lti-line."), ".")
	return learner, targetOf(part)
}

// change changes a delivery, or does nothing when there is none. With how false, nothing is written.
func (t *Tool) change(ctx context.Context, key string, how func(*delivery) bool) error {
	return store.ChangeJSON(ctx, t.store.Records(), key, func(d *delivery, there bool) (bool, error) {
		return there && how(d), nil
	})
}

// Remember keeps where the score of a learner in a target goes. The newest launch counts; what it has not been told yet is told soon.
func (t *Tool) Remember(ctx context.Context, learner string, of Target, line Line) error {
	return store.ChangeJSON(ctx, t.store.Records(), lineKey(learner, of), func(d *delivery, there bool) (bool, error) {
		if there && d.Line == line {
			return false, nil
		}
		*d = delivery{Line: line, Due: time.Now()}
		return true, nil
	})
}

// Forget removes all places where scores of a learner go.
func Forget(ctx context.Context, s store.Store, learner string) error {
	lines, err := s.Records().List(ctx, store.Key("lti-line", learner))
	for _, line := range lines {
		err = errors.Join(err, s.Records().Delete(ctx, line.Key))
	}
	return err
}

// Announce says that the score of a learner may be about to change; Touch has to follow when it has. Should the node be stopped in
// between, another one looks.
func (t *Tool) Announce(ctx context.Context, learner string, of Target) error {
	return t.change(ctx, lineKey(learner, of), func(d *delivery) bool {
		if d.Due.IsZero() {
			d.Due = time.Now().Add(unsureLasts)
		}
		return true // who is just delivering notices that there may be something new
	})
}

// Touch says that the score of a learner may have changed.
func (t *Tool) Touch(ctx context.Context, learner string, of Target) error {
	return t.change(ctx, lineKey(learner, of), touch)
}

func touch(d *delivery) bool {
	if d.Over {
		*d = delivery{Line: d.Line, Sent: d.Sent}
	}
	if d.Fault != "" {
		return true // its next try is due soon enough, and tells what is so then
	}
	d.Due = time.Now()
	return true
}

// A Scorer says how a learner stands with a target.
type Scorer func(ctx context.Context, learner string, of Target) (Score, error)

// deliver delivers a score that is due, unless another node does. It returns an error of the store or of the scorer.
func (t *Tool) deliver(ctx context.Context, key string, score Scorer) error {
	var d delivery
	now, ours := time.Now(), false
	// Whoever writes first has it. Whoever has it and dies leaves it to the others after a while.
	err := store.ChangeJSON(ctx, t.store.Records(), key, func(is *delivery, _ bool) (bool, error) {
		ours = !is.next().IsZero() && !is.next().After(now) // not when there is none
		is.Due, is.Claim = time.Time{}, now.Add(claimLasts)
		d = *is
		return ours, nil
	})
	if err != nil || !ours {
		return err
	}
	learner, of := splitLine(key)
	p, err := t.platform(ctx, d.Issuer, d.Client)
	if err != nil {
		return err
	}
	var sc Score
	if p != nil {
		if sc, err = score(ctx, learner, of); err != nil {
			return err
		}
	}
	if p != nil && sc.Of > 0 && (d.Sent == nil || *d.Sent != sc) {
		err = t.tell(ctx, p, &d.Line, sc)
		if ctx.Err() != nil {
			return nil
		}
		if err == nil {
			d.Sent = &sc
		}
	}
	host := ""
	if u, e := url.Parse(d.URL); e == nil {
		host = u.Hostname()
	}
	result := func(to *delivery) {
		to.Sent, to.Claim = d.Sent, time.Time{}
		if err == nil {
			to.Tries, to.Since, to.Fault, to.Over = 0, time.Time{}, "", false
			return
		}
		if to.Since.IsZero() {
			to.Since = now
		}
		to.Tries++
		to.Fault = clip(err.Error())
		to.Due = time.Now().Add(waitAfter(to.Tries))
		if to.Over = time.Since(to.Since) >= giveUpAfter; to.Over {
			to.Due = time.Time{}
		}
	}
	result(&d)
	switch {
	case d.Over:
		t.log.Error("a score was not returned to a platform, and nobody tries any more", "platform", host, "tries", d.Tries, "error", err)
	case err != nil:
		t.log.Warn("a score was not returned to a platform; it is tried again", "platform", host, "tries", d.Tries, "again", d.Due, "error", err)
	}
	return t.change(ctx, key, func(is *delivery) bool {
		if is.Line != d.Line {
			return false // it goes elsewhere now
		}
		result(is) // what has come meanwhile stays due
		return true
	})
}

// tell tells a platform a score.
func (t *Tool) tell(ctx context.Context, p *Platform, line *Line, sc Score) error {
	bearer, err := t.token(ctx, p)
	if err != nil {
		return err
	}
	u, err := url.Parse(line.URL)
	if err != nil {
		return errors.New("lti: the line has no address")
	}
	u.Path += "/scores"
	activity := "InProgress"
	if sc.Completed {
		activity = "Completed"
	}
	body, err := json.Marshal(map[string]any{
		"timestamp": time.Now().UTC().Format(time.RFC3339Nano), "userId": line.Subject, "scoreGiven": sc.Given, "scoreMaximum": sc.Of,
		"activityProgress": activity, "gradingProgress": "FullyGraded",
	})
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", scoreType)
	req.Header.Set("Authorization", "Bearer "+bearer)
	_, err = t.ask(req)
	if err != nil {
		t.dropToken(p)
	}
	return err
}

// A token lets the lab write scores.
type token struct {
	text string
	ends time.Time
}

// token returns leave of a platform to write scores, which is asked for when there is none that is good for a while.
func (t *Tool) token(ctx context.Context, p *Platform) (string, error) {
	t.mu.Lock()
	known := t.tokens[p.ID()]
	t.mu.Unlock()
	if time.Until(known.ends) > answers {
		return known.text, nil
	}
	assertion, err := t.sign(ctx, jwt.Claims{Issuer: p.ClientID, Subject: p.ClientID, Audience: jwt.Audience{p.TokenURL}}, nil)
	if err != nil {
		return "", err
	}
	form := url.Values{
		"grant_type": {"client_credentials"}, "scope": {scoreScope}, "client_assertion": {assertion},
		"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.TokenURL, strings.NewReader(form.Encode()))
	if err != nil {
		return "", err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	b, err := t.ask(req)
	if err != nil {
		return "", err
	}
	var answer struct {
		Token string `json:"access_token"`
		Lasts int    `json:"expires_in"` // seconds
	}
	if err := json.Unmarshal(b, &answer); err != nil || answer.Token == "" {
		return "", errors.New("lti: the platform has given no token")
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.tokens[p.ID()] = token{answer.Token, time.Now().Add(time.Duration(min(answer.Lasts, 3600)) * time.Second)}
	return answer.Token, nil
}

func (t *Tool) dropToken(p *Platform) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.tokens, p.ID())
}

// ask sends a request to a platform. What it answers besides the status is not told: there may be secrets in it.
func (t *Tool) ask(req *http.Request) ([]byte, error) {
	resp, err := t.client.Do(req)
	if err != nil {
		var u *url.Error
		if errors.As(err, &u) {
			err = fmt.Errorf("lti: %s cannot be reached: %w", req.URL.Host, u.Err)
		}
		return nil, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, maxToken))
	if err == nil && resp.StatusCode/100 != 2 {
		err = fmt.Errorf("lti: %s answers %s", req.URL.Host, resp.Status)
	}
	return b, err
}

// A Trouble is a score that could not be delivered.
type Trouble struct {
	Learner string
	Of      Target
	Line    Line
	Since   time.Time
	Tries   int
	Fault   string
	Over    bool // nobody tries any more
}

func (t *Trouble) compare(o *Trouble) int {
	return cmp.Or(t.Since.Compare(o.Since), cmp.Compare(t.Learner, o.Learner), cmp.Compare(t.Of.part(), o.Of.part()))
}
