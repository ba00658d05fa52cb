package engine_test

import (
	"os"

	"github.com/handshakelab/lab/engine"
	"github.com/handshakelab/lab/engine/view"
)

// uncounted are counters of the kernel that package view leaves out, and why.
var uncounted = map[string]string{
	"TcpExtTcpTimeoutRehash":       "there is one path, so no other one is tried after a timeout",
	"TcpExtTCPDSACKIgnoredDubious": "the engine undoes no congestion response",
	"TcpExtTCPHPHits":              "whether the kernel copies on its fast path depends on its memory accounts",
	"TcpExtTCPRcvCoalesce":         "the engine has no socket buffers that could be joined",
}

// counters compares what package view counts with the counters of the kernel at the end of the trace. Of a trace from elsewhere a
// difference is only told: the kernel has more counters than the lab, and what is compared are segments, states and times.
func (r *replay) counters() {
	if r.silent || r.abandoned {
		return
	}
	report := r.Errorf
	if os.Getenv("LAB_KERNEL_DIR") != "" {
		report = r.Logf
	}
	v := view.At(&r.w, r.past)
	for h := engine.Client; h <= engine.Server; h++ {
		if letter(h) == r.tr.Raw || len(r.tr.Counters) == 0 {
			continue
		}
		got := map[string]uint64{"TcpCurrEstab": uint64(v.CurrEstab(h))}
		for c, n := range v.Counters(h) {
			got[view.Counter(c).String()] = n
		}
		want := r.tr.Counters[letter(h)]
		for name, n := range want {
			if _, known := got[name]; !known && uncounted[name] == "" {
				report("%s has %s %d, which package view does not count", letter(h), name, n)
			}
		}
		for name, n := range got {
			if n != want[name] && name[:2] != "Ip" { // the traces have no counters of IP
				report("%s: %s is %d, the kernel has %d", letter(h), name, n, want[name])
			}
		}
	}
}
