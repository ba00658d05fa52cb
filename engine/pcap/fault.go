package pcap

import (
	"fmt"

	"github.com/handshakelab/lab/engine"
)

// Limits of what is read and written.
const (
	MaxSize       = 16 << 20              // bytes of a file
	MaxPackets    = 2000                  // of a capture; a file of Write may have as many as a run has events
	MaxInterfaces = 64                    // of all sections
	MaxBlocks     = 25_000                // of a pcapng file, those that are skipped too
	MaxOptions    = engine.MaxEvents + 10 // of one pcapng block: all that can happen to a segment is a comment of its packet
)

// Codes of an Error. They are stable.
const (
	Empty             = "empty"               // the file has no bytes
	NotACapture       = "not-a-capture"       // it begins like neither pcap nor pcapng
	Compressed        = "compressed"          // it is packed; unpack it first
	TooLarge          = "too-large"           // more than MaxSize
	TooManyPackets    = "too-many-packets"    // more than MaxPackets
	TooManyInterfaces = "too-many-interfaces" // more than MaxInterfaces
	TooManyBlocks     = "too-many-blocks"     // more than MaxBlocks
	TooManyOptions    = "too-many-options"    // more than MaxOptions
	Truncated         = "truncated"           // it ends, or its block ends, in the middle of something
	BadLength         = "bad-length"          // a length that cannot be
	BadVersion        = "bad-version"         // of the format
	BadInterface      = "bad-interface"       // a packet of an interface that was not described
	BadTime           = "bad-time"            // a time or a unit of time beyond what can be counted
	ReadFailed        = "read-failed"         // the reader failed; Err is its error
)

// An Error is why a file could not be read, or not to its end.
type Error struct {
	Code   string // one of the codes above
	Packet int    // number of the packet that would have come next, from 1; 0 when the file as a whole is at fault
	Offset int    // of the record or block at fault, in bytes from the beginning of the file
	Reason string // in words, for the one who chose the file
	Err    error  // what the reader returned, or nil
}

// Error returns the reason with its place.
func (e *Error) Error() string {
	if e.Packet == 0 {
		return "the capture cannot be read: " + e.Reason
	}
	return fmt.Sprintf("the capture cannot be read beyond packet %d: %s (at byte %d of the file)", e.Packet-1, e.Reason, e.Offset)
}

// Unwrap returns the error of the reader, if it was that.
func (e *Error) Unwrap() error { return e.Err }

func whole(code, format string, args ...any) *Error {
	return &Error{Code: code, Reason: fmt.Sprintf(format, args...)}
}
