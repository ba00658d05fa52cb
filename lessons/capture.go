package lessons

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/handshakelab/lab/engine/diag"
	"github.com/handshakelab/lab/engine/pcap"
	"github.com/handshakelab/lab/engine/tcp"
)

// A Capture is a conversation of a capture file, followed by the model.
type Capture struct {
	ID           string
	Title        string
	File         string // its name in the lessons folder
	HTML         string // what there is to say
	Profile      string // the model at both ends
	Pcap         *pcap.Capture
	Conversation int // index into Pcap.Conversations
	Replay       pcap.Replay
}

// maxCapture is the largest capture that a lesson can have.
const maxCapture = 1 << 20

// readCapture reads a capture block and follows its file. It returns nil when that is not possible.
func (d *draft) readCapture(b *block) *Capture {
	c := &Capture{ID: b.id, Title: b.values["title"].text, Profile: "linux"}
	if c.Title == "" {
		d.addSpan("empty-block", b.kindAt, `write title="A connection to a closed port"`, "the capture has no title")
	}
	c.HTML = strings.TrimSpace(d.snippetHTML(b.body))
	profile, _ := tcp.ProfileByName(c.Profile)
	if name, ok := b.values["profile"]; ok {
		if profile, ok = tcp.ProfileByName(name.text); !ok {
			d.addSpan("attribute-value", name.at, diag.DidYouMean("there are "+strings.Join(tcp.ProfileNames(), ", "), name.text, tcp.ProfileNames()...), "there is no profile %s", name.text)
			return nil
		}
		c.Profile = profile.Name
	}
	c.Conversation = d.numberAttribute(b, "conversation", 1, pcap.MaxPackets) - 1
	file, ok := d.beside(b, "file", "captures/refused.pcapng", maxCapture)
	if !ok {
		return nil
	}
	c.File = b.values["file"].text
	at := b.values["file"].at
	read, err := pcap.Read(bytes.NewReader(file))
	if err != nil {
		message := err.Error()
		if fault, ok := errors.AsType[*pcap.Error](err); ok {
			message = fault.Reason
		}
		d.addSpan("bad-file", at, "", "%s is no capture that can be followed: %s", c.File, message)
		return nil
	}
	if c.Pcap = read; c.Conversation < 0 || c.Conversation >= len(read.Conversations) {
		d.addSpan("bad-file", at, fmt.Sprintf("they count from 1, and there are %d", len(read.Conversations)), "%s has no conversation %d", c.File, c.Conversation+1)
		return nil
	}
	c.Replay = read.Replay(c.Conversation, profile, profile, nil)
	d.runs = append(d.runs, c.Replay.Events)
	return c
}
