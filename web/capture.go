package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/handshakelab/lab/engine"
	"github.com/handshakelab/lab/engine/pcap"
	"github.com/handshakelab/lab/engine/rule"
	"github.com/handshakelab/lab/engine/tcp"
	"github.com/handshakelab/lab/engine/wire"
	"github.com/handshakelab/lab/web/i18n"
	"github.com/handshakelab/lab/web/live"
	"github.com/handshakelab/lab/web/pages"
)

// Limits of captures. What comes in is kept in memory until it is answered, and nowhere else.
const (
	maxCapture  = pages.MaxCapture // bytes of a file
	maxUploads  = 8                // files that come in at once
	maxListed   = 200              // conversations that are listed
	maxExpected = 4                // segments that the model would have sent, which are told
	uploadTime  = 60 * time.Second // for a file to come in
)

// captured is what the lab says of a capture.
type captured struct {
	Packets       int            `json:"packets"`
	Other         int            `json:"other"`              // packets that are not TCP, or cannot be read
	Damage        string         `json:"damage,omitempty"`   // why the file was not read to its end
	Scenario      string         `json:"scenario,omitempty"` // of a file that the lab wrote: the run itself, and nothing below
	Conversations []conversation `json:"conversations"`
	More          int            `json:"more"` // conversations that are not listed
	Replay        *replayed      `json:"replay,omitempty"`
}

// A conversation is all that was captured between two ports.
type conversation struct {
	Client  string      `json:"client"`
	Server  string      `json:"server"`
	Place   string      `json:"place,omitempty"` // the interface where it was captured, when there are several
	Packets int         `json:"packets"`
	At      engine.Time `json:"at"` // of its first packet, in µs since the first of the capture
}

// replayed is a conversation that was followed, as a run without set-up and actions.
type replayed struct {
	Conversation int             `json:"conversation"`
	Frame        json.RawMessage `json:"frame"` // a live.RunFrame
	Outcome      string          `json:"outcome"`
	Followed     int             `json:"followed"` // segments that the model explains
	Odd          *odd            `json:"odd,omitempty"`
	ToClient     engine.Time     `json:"toClient"` // how long a segment is reckoned to take from the place of the capture, in µs
	ToServer     engine.Time     `json:"toServer"`
	Measured     bool            `json:"measured"`
	From         int             `json:"from"` // which segments of the conversation are told, from 1
	To           int             `json:"to"`
}

// odd is the first segment that the model would not have sent.
type odd struct {
	Seg      engine.SegID `json:"seg"`
	Packet   int          `json:"packet"` // its number in the file
	Host     string       `json:"host"`   // who sent it
	State    string       `json:"state"`  // of its sender before
	Code     string       `json:"code"`
	Reason   string       `json:"reason"`
	Rule     *ruling      `json:"rule,omitempty"` // that it is against
	Expected []string     `json:"expected"`       // what the model would have sent, as tcpdump writes it
}

type ruling struct {
	Source string `json:"source"` // "RFC 9293 section 3.10.7.4"
	URL    string `json:"url,omitempty"`
}

// capture answers POST api/capture: the body is a file, the query says which of its conversations to follow (conv, from 0) and what to
// hold it against (profile). Nothing is stored.
func (s *Site) capture(w http.ResponseWriter, r *http.Request) error {
	query := r.URL.Query()
	profile, known := tcp.Linux, true
	if name := query.Get("profile"); name != "" {
		profile, known = tcp.ProfileByName(name)
	}
	if !known {
		return badField("profile", "%s", strings.Join(tcp.ProfileNames(), ", "))
	}
	conv := 0
	if text := query.Get("conv"); text != "" {
		var err error
		if conv, err = strconv.Atoi(text); err != nil || conv < 0 {
			return badField("conv", "the number of a conversation, from 0")
		}
	}
	file, err := s.upload(w, r)
	if err != nil {
		return err
	}
	leave, ok := s.hub.Enter(r.Context())
	if !ok {
		return &Error{Status: http.StatusServiceUnavailable, Code: "slow_down", Message: "Too much is going on; try again in a moment.", Words: "page.fault.busy"}
	}
	defer leave()
	c, err := pcap.Read(bytes.NewReader(file))
	fault, damaged := errors.AsType[*pcap.Error](err)
	if damaged && len(c.Packets) == 0 {
		return &Error{Status: http.StatusUnprocessableEntity, Code: fault.Code, Message: damage(s.language(r), fault)}
	}
	answer := captured{Packets: len(c.Packets), Conversations: []conversation{}}
	if damaged {
		answer.Damage = damage(s.language(r), fault)
	}
	if c.Scenario != nil && !damaged {
		answer.Scenario = c.Scenario.String()
		writeJSON(w, http.StatusOK, &answer)
		return nil
	}
	for i := range c.Packets {
		if c.Packets[i].Unread != "" {
			answer.Other++
		}
	}
	for i := range c.Conversations[:min(len(c.Conversations), maxListed)] {
		talk := &c.Conversations[i]
		found := conversation{Client: talk.Client.String(), Server: talk.Server.String(), Packets: len(talk.Packets), At: c.Packets[talk.Packets[0]].At}
		if len(c.Interfaces) > 1 {
			found.Place = c.Interfaces[talk.Interface].Name
		}
		answer.Conversations = append(answer.Conversations, found)
	}
	answer.More = len(c.Conversations) - len(answer.Conversations)
	switch {
	case len(c.Conversations) == 0:
		return &Error{Status: http.StatusUnprocessableEntity, Code: "no_tcp",
			Message: fmt.Sprintf("There is no TCP in this capture: none of its packets (%d) can be followed. The first one: %s.", len(c.Packets), c.Packets[0].Unread)}
	case conv >= len(c.Conversations):
		return badField("conv", "less than %d", len(c.Conversations))
	}
	gone := r.Context().Done()
	replay := c.Replay(conv, profile, profile, func() bool {
		select {
		case <-gone:
			return true
		default:
			return false
		}
	})
	if replay.Cancelled {
		return &Error{Status: http.StatusServiceUnavailable, Code: "cancelled", Message: "The request went away."}
	}
	answer.Replay = newReplayed(c, conv, profile, &replay)
	writeJSON(w, http.StatusOK, &answer)
	return nil
}

// upload reads the file of a request. So many come in at once and no more, each in its time: the memory for them is bounded.
func (s *Site) upload(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	tooLarge := &Error{Status: http.StatusRequestEntityTooLarge, Code: "too_large", Message: fmt.Sprintf(
		"The capture has more than %d MiB. tcpdump -r FILE -c 1000 -w SMALLER takes the first packets out of it.", maxCapture>>20)}
	if r.ContentLength > maxCapture {
		return nil, tooLarge
	}
	select {
	case s.uploads <- struct{}{}:
		defer func() { <-s.uploads }()
	case <-r.Context().Done():
		return nil, &Error{Status: http.StatusServiceUnavailable, Code: "slow_down", Message: "Too many captures come in at once; try again in a moment.", Words: "page.fault.captures"}
	}
	// A test's recorder has no deadlines; a connection always has.
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(uploadTime))
	b, err := io.ReadAll(r.Body)
	_ = http.NewResponseController(w).SetReadDeadline(time.Time{})
	_, large := errors.AsType[*http.MaxBytesError](err)
	switch {
	case large || len(b) > maxCapture:
		return nil, tooLarge
	case err != nil:
		return nil, &Error{Status: http.StatusBadRequest, Code: "cut_short", Message: "The file did not arrive whole; try again.", Words: "page.fault.cut"}
	}
	return b, nil
}

// sentence makes one of an error.
func sentence(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:] + "."
}

func newReplayed(c *pcap.Capture, conv int, p tcp.Profile, r *pcap.Replay) *replayed {
	talk := &c.Conversations[conv]
	out := &replayed{Conversation: conv, Outcome: r.Outcome.String(), Followed: len(r.Steps), ToClient: r.Way[engine.Client], ToServer: r.Way[engine.Server],
		Measured: r.Measured, From: r.From, To: r.To, Frame: live.AppendRecorded(nil, [2]live.RunHost{{Addr: talk.Client.String(), Profile: p.Name}, {Addr: talk.Server.String(), Profile: p.Name}}, r.Events)}
	if r.Odd == 0 {
		return out
	}
	o := &odd{Seg: r.Odd, Packet: r.Packet, Host: r.Report.From.String(), State: r.States[r.Report.From].String(), Code: r.Code, Reason: r.Reason, Expected: []string{}}
	if known, ok := rule.Lookup(r.Rule); ok {
		o.Rule = &ruling{strings.TrimSpace(known.Source + " " + known.Section), known.URL}
	}
	dump := wire.Dump{Absolute: true}
	for i := range r.Expected[:min(len(r.Expected), maxExpected)] {
		line := dump.Line(0, r.Expected[i])
		_, text, _ := strings.Cut(line, ": ") // without time and addresses, which are the conversation's
		o.Expected = append(o.Expected, text)
	}
	out.Odd = o
	return out
}

// damage says in the language of whoever brought a capture why it cannot be read, or how far. The reader of captures knows English, and
// there it says more.
func damage(words *i18n.Catalog, fault *pcap.Error) string {
	if words.Lang == i18n.Languages[0] {
		return sentence(fault.Error())
	}
	key := "page.fault.pcap.broken"
	switch fault.Code {
	case pcap.Empty, pcap.NotACapture, pcap.Compressed, pcap.TooLarge, pcap.ReadFailed:
		key = "page.fault.pcap." + fault.Code
	case pcap.TooManyPackets, pcap.TooManyInterfaces, pcap.TooManyBlocks, pcap.TooManyOptions:
		key = "page.fault.pcap.too-many"
	}
	said := words.T(key)
	if fault.Packet > 0 {
		said += " " + words.T("page.fault.pcap.until", "packet", fault.Packet-1, "offset", fault.Offset)
	}
	return said
}
