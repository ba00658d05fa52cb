package lessons

import (
	"errors"
	"slices"
	"strconv"

	"github.com/handshakelab/lab/engine"
	"github.com/handshakelab/lab/engine/script"
)

// A Foresight is a question about what comes next in a run, with the answer that the engine gives.
type Foresight struct {
	Field string // what the answer is, as in a Predict
	Right string // the answer, as ReadAnswer writes it
}

// Asks are what Foresee can be asked about any run: the text of an ask line, by a short name.
var Asks = []struct{ Name, Ask string }{
	{"flags", "flags of next"},
	{"from-client", "flags of next from client"},
	{"from-server", "flags of next from server"},
	{"seq", "seq of next"},
	{"ack", "ack of next"},
	{"client", "state of client after next arrived"},
	{"server", "state of server after next arrived"},
}

// ErrNoAnswer says that what was asked about does not happen in a run.
var ErrNoAnswer = errors.New("lessons: in the run that never happens")

// Foresee answers one of Asks about what happens in a scenario behind its end, when nobody does anything more.
func Foresee(scenario, name string) (Foresight, error) {
	i := slices.IndexFunc(Asks, func(a struct{ Name, Ask string }) bool { return a.Name == name })
	if i < 0 {
		return Foresight{}, ErrNoAnswer
	}
	q, fault, _ := parseAsk(Asks[i].Ask)
	if fault != "" {
		return Foresight{}, errors.New("lessons: " + fault)
	}
	sc, list := script.Parse(scenario)
	if errs := list.Errors(); len(errs) > 0 {
		return Foresight{}, errors.New("lessons: " + errs[0].Message)
	}
	tl, err := (&Sim{Scenario: sc}).timeline()
	if err != nil {
		return Foresight{}, err
	}
	cut := len(tl.History(tl.At()))
	if _, _, err := tl.Do(engine.Action{Kind: engine.StepUntil, Cond: engine.Cond{Kind: engine.Quiet}}); err != nil {
		return Foresight{}, err
	}
	posed, fault := q.pose(&played{events: tl.History(tl.At()), cut: cut, track: &track{tl: tl, path: pathTo(tl)}})
	if fault != "" {
		return Foresight{}, ErrNoAnswer
	}
	return Foresight{q.field, posed.right}, nil
}

// ReadAnswer reads an answer about a field as somebody types it, and writes it in the one way that all who mean the same have in common.
// ok is false for what is no such answer.
func ReadAnswer(field, typed string) (answer string, ok bool) { return canonical(field, typed) }

// ReadNumber is ReadAnswer for a number, with a unit or without, as it is written in a language.
func ReadNumber(lang, typed string) (number string, ok bool) {
	n, ok := readAmount(neutral(typed, lang))
	if !ok {
		return "", false
	}
	number = strconv.FormatFloat(n.value, 'f', -1, 64)
	if n.unit != "" {
		number += " " + n.unit
	}
	return number, true
}
