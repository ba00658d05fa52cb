package live

import (
	"bytes"
	"testing"
)

func TestARunOverASocket(t *testing.T) {
	p := open(t, Config{})
	b := p.dial()
	frames := b.openRun(1, lost)
	for _, f := range frames {
		t.Logf("%s", f.raw)
	}
	run, done := frames[0], last(frames)
	if run.Type != "run" || run.N != 0 || run.Node != 0 || run.Setup == "" {
		t.Fatalf("the first frame is %s", run.raw)
	}
	if done.Type != "done" || done.Node != len(frames)-2 || done.Last != done.Node || len(done.Digest) != 32 || done.Quiet {
		t.Fatalf("the last frame is %s", done.raw)
	}
	frames = b.do(2, run.Run, done.Last, "drop SYN-ACK")
	if len(frames) != 2 || frames[0].Type != "node" || frames[0].Parent != done.Last || frames[0].Line != "drop #2" && frames[0].Line != "drop SYN-ACK" {
		t.Fatalf("drop brought %s", bytes.Join([][]byte{frames[0].raw, last(frames).raw}, []byte("\n")))
	}
}
