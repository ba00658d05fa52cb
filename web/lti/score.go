package lti

import (
	"bytes"
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

func lineKey(learner, lesson string) string { return store.Key("lti-line", learner, lesson) }

// Remember keeps where the score of a learner in a lesson goes. The newest launch counts.
func (t *Tool) Remember(ctx context.Context, learner, lesson string, line *Line) error {
	for {
		rec, err := t.store.Records().Get(ctx, lineKey(learner, lesson))
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		if err := store.PutJSON(ctx, t.store.Records(), lineKey(learner, lesson), line, rec.Rev); !errors.Is(err, store.ErrConflict) {
			return err
		}
	}
}

// Forget removes all places where scores of a learner go.
func Forget(ctx context.Context, s store.Store, learner string) error {
	lines, err := s.Records().List(ctx, store.Key("lti-line", learner))
	for _, line := range lines {
		err = errors.Join(err, s.Records().Delete(ctx, line.Key))
	}
	return err
}

// Score tells the platform how a learner stands with a lesson, when the learner has come to it from there: so many exercises are solved
// of so many.
func (t *Tool) Score(ctx context.Context, learner, lesson string, solved, of int) error {
	if !store.Valid(lesson) || of == 0 {
		return nil
	}
	rec, err := t.store.Records().Get(ctx, lineKey(learner, lesson))
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	var line Line
	if err := json.Unmarshal(rec.Value, &line); err != nil {
		return err
	}
	p := t.platform(line.Issuer, line.Client)
	if p == nil {
		return nil // no longer registered
	}
	token, err := t.token(ctx, p)
	if err != nil {
		return err
	}
	u, err := url.Parse(line.URL)
	if err != nil {
		return err
	}
	u.Path += "/scores"
	activity := "InProgress"
	if solved == of {
		activity = "Completed"
	}
	body, err := json.Marshal(map[string]any{
		"timestamp": time.Now().UTC().Format(time.RFC3339Nano), "userId": line.Subject, "scoreGiven": solved, "scoreMaximum": of,
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
	req.Header.Set("Authorization", "Bearer "+token)
	_, err = t.ask(req)
	return err
}

// token asks a platform for leave to write scores.
func (t *Tool) token(ctx context.Context, p *Platform) (string, error) {
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
	}
	if err := json.Unmarshal(b, &answer); err != nil || answer.Token == "" {
		return "", errors.New("lti: the platform has given no token")
	}
	return answer.Token, nil
}

// ask sends a request to a platform. What it answers besides the status is not told: there may be secrets in it.
func (t *Tool) ask(req *http.Request) ([]byte, error) {
	resp, err := t.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, maxToken))
	if err == nil && resp.StatusCode/100 != 2 {
		err = fmt.Errorf("lti: %s answers %s", req.URL.Host, resp.Status)
	}
	return b, err
}
