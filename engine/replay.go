package engine

import "fmt"

// Replay makes a new world from s and does the actions in order. It returns the world and all events. When an action fails
// it returns the world and the events as they were before that action, and an error that wraps the *ActionError or
// *ExpectError and says which action it was, from 1.
func Replay(s Setup, actions []Action) (World, []Event, error) {
	w, err := New(s)
	if err != nil {
		return World{}, nil, err
	}
	var rec Recorder
	for i := range actions {
		if err := w.Do(&actions[i], &rec); err != nil {
			return w, rec.Events, fmt.Errorf("action %d: %w", i+1, err)
		}
	}
	return w, rec.Events, nil
}
