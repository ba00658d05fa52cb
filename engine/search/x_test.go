package search

import (
	"testing"
	"time"
	"github.com/handshakelab/lab/engine/tcp"
)

func TestX(t *testing.T) {
	for i := range 8 {
		b := tcp.Broken(1<<i)
		p, list := Parse(examples[b])
		if len(list) > 0 { t.Fatal(list) }
		t0 := time.Now()
		r := p.Search(Limits{}, nil)
		t.Logf("%v: %v %+v %v in %v", b, r.End, r.Progress, r.Violation, time.Since(t0))
		if r.Scenario != nil { t.Log("\n"+r.Scenario.String()) 
		t0 = time.Now()
		r = p.Unbroken().Search(Limits{Depth: r.Progress.Depth}, nil)
		t.Logf("unbroken: %v %+v %v in %v", r.End, r.Progress, r.Violation, time.Since(t0))
		if r.Scenario != nil { t.Log("\n"+r.Scenario.String()) }
		}
	}
}
