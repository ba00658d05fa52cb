// Package archive writes all that a store keeps as lines of JSON, and reads them into another one: backup, the way from the store of one
// process into a cluster and back, and fixtures of tests.
//
// The first line says what it is, the last one how much came before it, so that a file that was cut short is known as such. Between them
// stands a record or an entry of a log a line: first all records as they were at one instant, then the logs. A key may come more than once;
// the last line counts.
//
//	{"export":"handshake-lab","version":1,"format":1,"at":"2026-01-02T03:04:05Z"}
//	{"key":"class.x","value":{"id":"x"}}
//	{"key":"code.ABCDEF","text":"x"}
//	{"key":"session.y","deleted":true}
//	{"log":"room.x","value":{"kind":"freeze"}}
//	{"end":true,"records":3,"entries":1}
package archive

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/handshakelab/lab/web/store"
)

// Version is the number of this way to write an archive.
const Version = 1

const (
	magic    = "handshake-lab"
	maxLine  = 4 << 20 // a value of the largest size, in whatever way it is written
	maxName  = 512     // bytes of a key
	maxParts = 8
)

// A header is the first line.
type header struct {
	Export  string    `json:"export"`
	Version int       `json:"version"`
	Format  int       `json:"format"` // of the store; see store.Upgrade
	At      time.Time `json:"at"`
}

// A line is a record, an entry of a log, or the end.
type line struct {
	Key     string          `json:"key,omitempty"`
	Log     string          `json:"log,omitempty"`
	Value   json.RawMessage `json:"value,omitempty"` // JSON that is written again as it was
	Text    *string         `json:"text,omitempty"`
	Bytes   []byte          `json:"bytes,omitempty"`
	Deleted bool            `json:"deleted,omitempty"`

	End     bool `json:"end,omitempty"`
	Records int  `json:"records,omitempty"`
	Entries int  `json:"entries,omitempty"`
}

// formatKey is the record with the number of the store's format.
const formatKey = "format"

func formatOf(ctx context.Context, s store.Store) (int, error) {
	rec, err := s.Records().Get(ctx, formatKey)
	if errors.Is(err, store.ErrNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return readFormat(rec.Value)
}

func readFormat(value []byte) (int, error) {
	var f struct {
		Format int `json:"format"`
	}
	if err := json.Unmarshal(value, &f); err != nil {
		return 0, fmt.Errorf("the format of the store cannot be read: %w", err)
	}
	return f.Format, nil
}

// A Summary counts what was written or read.
type Summary struct {
	Records int `json:"records"`
	Entries int `json:"entries"` // of logs
	Left    int `json:"left"`    // records and entries that an import left as the store had them
}

// Export writes all that a store keeps. It tells tick, which may be nil, how many lines there are so far.
func Export(ctx context.Context, s store.Store, w io.Writer, tick func(lines int)) (Summary, error) {
	var sum Summary
	format, err := formatOf(ctx, s)
	if err != nil {
		return sum, err
	}
	out := bufio.NewWriterSize(w, 64<<10)
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(header{magic, Version, format, time.Now().UTC().Truncate(time.Second)}); err != nil {
		return sum, err
	}
	for i, err := range s.Export(ctx) {
		if err != nil {
			return sum, err
		}
		l := line{Key: i.Key, Log: i.Log, Deleted: i.Deleted}
		if l.Log != "" {
			l.Key = ""
			sum.Entries++
		} else {
			sum.Records++
		}
		if !i.Deleted {
			l.set(i.Value)
		}
		if err := enc.Encode(l); err != nil {
			return sum, err
		}
		if tick != nil {
			tick(sum.Records + sum.Entries)
		}
	}
	if err := enc.Encode(line{End: true, Records: sum.Records, Entries: sum.Entries}); err != nil {
		return sum, err
	}
	return sum, out.Flush()
}

// set takes a value in the most readable way that gives it back to the byte.
func (l *line) set(value []byte) {
	var b bytes.Buffer
	switch text := string(value); {
	case len(value) > 0 && json.Compact(&b, value) == nil && bytes.Equal(b.Bytes(), value) && string(value) != "null" && !strings.ContainsAny(text, "\u2028\u2029") && utf8.Valid(value):
		l.Value = value
	case utf8.Valid(value):
		l.Text = &text
	default:
		l.Bytes = value
	}
}

func (l *line) get() []byte {
	switch {
	case l.Value != nil:
		return l.Value
	case l.Text != nil:
		return []byte(*l.Text)
	}
	return l.Bytes
}

// check says what is wrong with a line between the first and the last.
func (l *line) check() error {
	values := 0
	for _, there := range []bool{l.Value != nil, l.Text != nil, l.Bytes != nil, l.Deleted} {
		if there {
			values++
		}
	}
	name := l.Key + l.Log
	switch {
	case l.Key != "" && l.Log != "" || name == "":
		return errors.New("a line must have either a key or a log")
	case values != 1:
		return errors.New("a line must have one of value, text, bytes and deleted")
	case l.Log != "" && l.Deleted:
		return errors.New("an entry of a log cannot be deleted")
	case l.Records != 0 || l.Entries != 0:
		return errors.New("only the last line counts")
	case len(name) > maxName || strings.Count(name, ".") >= maxParts:
		return errors.New("the name is too long")
	case len(l.get()) > store.MaxValue:
		return fmt.Errorf("the value has more than %d bytes", store.MaxValue)
	}
	for part := range strings.SplitSeq(name, ".") {
		if !store.Valid(part) {
			return fmt.Errorf("%.80q cannot be a name", name)
		}
	}
	return nil
}

// A reader reads an archive line by line.
type reader struct {
	in *bufio.Scanner
	n  int // number of the line
}

func newReader(r io.Reader) *reader {
	in := bufio.NewScanner(r)
	in.Buffer(make([]byte, 64<<10), maxLine)
	return &reader{in: in}
}

// at says where an error is.
func (r *reader) at(err error) error { return fmt.Errorf("line %d: %w", r.n, err) }

// next reads a line into v. It returns io.EOF behind the last one.
func (r *reader) next(v any) error {
	r.n++
	if !r.in.Scan() {
		err := r.in.Err()
		switch {
		case errors.Is(err, bufio.ErrTooLong):
			return r.at(fmt.Errorf("it has more than %d bytes", maxLine))
		case err != nil:
			return r.at(err)
		}
		return io.EOF
	}
	d := json.NewDecoder(bytes.NewReader(r.in.Bytes()))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return r.at(err)
	}
	if d.More() {
		return r.at(errors.New("there is something behind the object"))
	}
	return nil
}

// header reads the first line.
func (r *reader) header() (h header, err error) {
	switch err := r.next(&h); {
	case errors.Is(err, io.EOF):
		return h, errors.New("there is nothing to import")
	case err != nil || h.Export != magic:
		return h, errors.New("this is no export of the lab: its first line does not say so")
	case h.Version != Version:
		return h, fmt.Errorf("the export has version %d; this lab reads version %d", h.Version, Version)
	}
	return h, nil
}
