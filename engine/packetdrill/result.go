package packetdrill

import (
	"strings"

	"github.com/handshakelab/lab/engine/diag"
	"github.com/handshakelab/lab/engine/tcp"
	"github.com/handshakelab/lab/engine/wire"
)

// Outcome is how a script ended.
type Outcome uint8

// The outcomes.
const (
	Pass        Outcome = iota
	Fail                // the host did something else than the script expects
	Unsupported         // the script needs what the lab does not have; it was not run
)

var outcomeNames = [...]string{"pass", "fail", "unsupported"}

// String returns the name of the outcome, "pass".
func (o Outcome) String() string { return outcomeNames[o] }

// A Result is what came of running a script.
type Result struct {
	Outcome Outcome
	Faults  diag.List // of Fail the one thing that went wrong, of Unsupported each feature that is missing
	Detail  string    // of Fail: what was expected and what happened, one below the other, lines with a line end; may be empty

	Segments []Segment // all that was on the wire, in order
	Left     []string  // segments that the host sent and that no line of the script took, as the script would write them
	Output   string    // what the snippets printed
}

// A Segment is a segment on the wire with the time when it was there.
type Segment struct {
	At  tcp.Time // since the first event
	Out bool     // the host under test sent it
	Seg wire.Segment
}

// A Failure ends a run: what went wrong, and where the script says otherwise.
type Failure struct {
	Pos     Pos
	Code    string
	Message string
	Detail  string
}

// columns sets rows of cells below each other, each column as wide as its widest cell.
func columns(rows ...[]string) string {
	var width []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(width) {
				width = append(width, 0)
			}
			width[i] = max(width[i], len([]rune(cell)))
		}
	}
	var b strings.Builder
	for _, row := range rows {
		line := "   "
		for i, cell := range row {
			line += " " + cell + strings.Repeat(" ", width[i]-len([]rune(cell)))
		}
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	return b.String()
}
