package pages

import (
	"fmt"
	"strconv"

	"github.com/handshakelab/lab/engine/tcp"
	"github.com/handshakelab/lab/web/flood"
)

// FloodData is a SYN flood, played without and with SYN cookies.
type FloodData struct {
	Page
	Off, On *flood.Result
}

// The size of the diagram of the queue.
const (
	floodWide = 640
	floodHigh = 150
)

// FloodView is what the page's script gets of a run: with the diagram drawn and the cookie opened.
type FloodView struct {
	*flood.Result
	Path  string            `json:"path"`
	Parts map[string]string `json:"parts"` // of the cookie, by the names that the table has for them

	Outcome map[string]string `json:"outcome"` // by the names of the rows of the comparison
}

// NewFloodView returns what a script gets.
func NewFloodView(r *flood.Result) FloodView {
	return FloodView{r, r.QueuePath(floodWide, floodHigh), cookieParts(r.Cookie), floodOutcome(r)}
}

func floodBox() string { return fmt.Sprintf("0 0 %d %d", floodWide, floodHigh) }

// cookieParts are the parts of a cookie as text.
func cookieParts(c *flood.Cookie) map[string]string {
	if c == nil {
		return nil
	}
	u := func(n uint32) string { return strconv.FormatUint(uint64(n), 10) }
	rest, bits := c.Rest(), c.Bits()
	m := map[string]string{
		"number": u(c.Number), "hash": u(c.Hash), "isn": u(c.ISN), "minute": u(c.Minute), "shifted": u(c.Minute << 24), "lowhash": u(c.LowHash()),
		"index": strconv.Itoa(c.Index), "mss": strconv.Itoa(c.MSS), "minutebits": rest[:8], "lowbits": rest[9:],
		"tsval": u(c.TSVal), "offset": u(c.Offset), "clock": u(c.TSVal - c.Offset), "scale": strconv.Itoa(c.Scale),
		"ecnbit": bits[:1], "sackbit": bits[1:2], "scalebits": bits[2:],
	}
	if c.Scale == 15 {
		m["scale"] = "15, none"
	}
	return m
}

// floodRow is a line of the comparison.
type floodRow struct{ id, name, off, on string }

func (f FloodData) rows() []floodRow {
	var rows []floodRow
	off, on := floodOutcome(f.Off), floodOutcome(f.On)
	for _, r := range []struct{ id, name string }{
		{"syns", "SYNs that arrived"}, {"dropped", "SYNs dropped"}, {"cookies", "SYN-ACKs that are cookies"}, {"tries", "SYNs that the honest client sent"}, {"connected", "Honest client ESTABLISHED after"},
	} {
		rows = append(rows, floodRow{r.id, r.name, off[r.id], on[r.id]})
	}
	return rows
}

// floodOutcome is how a flood ended, by the names of the rows of the comparison.
func floodOutcome(r *flood.Result) map[string]string {
	last := r.Last()
	connected := "never"
	if c := r.Client; c.Connected > 0 {
		connected = duration(tcp.Time(c.Connected - c.SYNs[0]))
	}
	return map[string]string{
		"syns": strconv.Itoa(last.SYNs), "dropped": strconv.Itoa(last.Dropped), "cookies": strconv.Itoa(last.Cookies), "tries": strconv.Itoa(len(r.Client.SYNs)), "connected": connected,
	}
}

func (f FloodData) cookie() map[string]string { return cookieParts(f.On.Cookie) }
