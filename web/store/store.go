// Package store says what the lab needs of a place that keeps things: records, each of which is changed as a whole by
// whoever has seen it last, and logs, which only grow and have one order for all who write and read them. Classes, accounts and
// progress are built on nothing else, so they work alike on one machine and on many; package jetstream is the place itself.
package store

import (
	"context"
	"errors"
	"iter"
	"strings"
	"time"
)

// Errors that callers act on. All others, and ErrAway, mean that the store cannot be reached or cannot write; whether a write that ended
// in such an error was done is not known, and an Append with an ID, or reading the record again, finds out.
var (
	ErrNotFound = errors.New("store: there is no such record")
	ErrConflict = errors.New("store: somebody else was faster")
	ErrFull     = errors.New("store: there is no room for it")
	ErrAway     = errors.New("store: it does not answer now") // and will, when its machines have found together again
)

// MaxValue is the largest value of a record or entry of a log, in bytes.
const MaxValue = 512 << 10

// A Store keeps records and logs. A write is acknowledged when it is on disk, of most machines if there are several.
// All methods can be called at once, and end with their context.
type Store interface {
	// Records are kept until they are deleted.
	Records() Records
	// Passing are records that are forgotten a while after they were last written: sessions, one-time secrets. They are not exported.
	Passing() Records
	Logs
	// Export yields all records as they are at one instant, and then all logs up to an instant behind that. What changes meanwhile comes
	// again, so of a key the last Item holds.
	Export(ctx context.Context) iter.Seq2[Item, error]
	// Check writes something and reads it again.
	Check(ctx context.Context) error
}

// A Record is a value under a key. Keys are made by Key.
type Record struct {
	Key   string
	Value []byte
	Rev   uint64 // grows with each change of any record; 0 is none
	Time  time.Time
}

// An Item is a record, or an entry of a log.
type Item struct {
	Log     string // "": it is a record
	Record         // of an entry of a log: its Value and Time
	Deleted bool   // a record that was there when the Export began is gone
}

// Records are values under keys. Reading sees every write that was acknowledged before.
type Records interface {
	// Get returns a record, or ErrNotFound.
	Get(ctx context.Context, key string) (Record, error)
	// Put writes a record if its newest revision is rev, where 0 means that there is none yet, or returns ErrConflict.
	Put(ctx context.Context, key string, value []byte, rev uint64) (uint64, error)
	// Delete removes a record, and what it once was. Removing what is not there is no error.
	Delete(ctx context.Context, key string) error
	// List returns the records below a prefix, which consists of whole parts of a key; "" is all.
	List(ctx context.Context, prefix string) ([]Record, error)
	// Watch yields the records below a prefix, then one Update that says so, then each change from there on, without a gap, until
	// ctx ends. It yields an error once, as the last thing.
	Watch(ctx context.Context, prefix string) iter.Seq2[Update, error]
}

// An Update is what Watch yields.
type Update struct {
	Record
	Deleted bool
	Current bool // no record: all there were have come, and what follows are changes
}

// An Entry is what stands in a log.
type Entry struct {
	Seq  uint64 // grows within a log, with gaps
	Data []byte
	Time time.Time
}

// Anywhere is for an Append that wants its entry at the end, whatever stands there.
const Anywhere = ^uint64(0)

// Logs are sequences of entries under names that Key has made.
type Logs interface {
	// Append adds an entry if the last one is after, where 0 means that the log is empty, or returns ErrConflict. An id that is not
	// empty makes it safe to try again: within two minutes an entry with the same one is there once, and its Seq is returned.
	Append(ctx context.Context, log string, after uint64, id string, data []byte) (seq uint64, err error)
	// Last returns the Seq of the last entry, or 0.
	Last(ctx context.Context, log string) (uint64, error)
	// Read yields the entries behind the given one up to the end as it is now.
	Read(ctx context.Context, log string, after uint64) iter.Seq2[Entry, error]
	// Follow yields the entries behind the given one, and those to come, until ctx ends. It yields an error once, as the last thing.
	Follow(ctx context.Context, log string, after uint64) iter.Seq2[Entry, error]
	// Strike removes an entry of a log for good, or does nothing when there is none. The others stay where they are.
	Strike(ctx context.Context, log string, seq uint64) error
	// Erase removes a log.
	Erase(ctx context.Context, log string) error
}

// Key joins parts to a key or the name of a log. It panics when a part is empty or has other characters than letters, digits, "-",
// "_" and "=": what a user has written belongs into a value, or is checked before.
func Key(parts ...string) string {
	for _, part := range parts {
		if !Valid(part) {
			panic("store: no part of a key: " + part)
		}
	}
	return strings.Join(parts, ".")
}

// Valid reports whether a text can be a part of a key.
func Valid(part string) bool {
	for i := range len(part) {
		switch c := part[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_', c == '=':
		default:
			return false
		}
	}
	return part != "" && len(part) <= 128
}
