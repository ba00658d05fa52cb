package main

import (
	"bufio"
	"bytes"
	"io/fs"
	"log/slog"
	"math"
	"path"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Of the memory that there may be, in percent. Below a limit the collector works harder the nearer it comes; above these shares it would do
// little else, and the next thing to come would be the end by the hand of the kernel.
const (
	goShare    = 75 // of a control group: the limit that the runtime gets when nobody has set one; the rest is for the kernel's side of sockets
	scarceAt   = 80 // of the limit of the runtime: what is alive
	groupAt    = 90 // of the control group: all that cannot be given back
	enoughAt   = 75 // of the limit, when it was scarce before
	memoryEach = 20 * time.Millisecond
)

// A memory knows how much of it this program may have, and how much of that it needs.
type memory struct {
	limit uint64 // of the runtime, in bytes; math.MaxInt64 is none
	group *controlGroup
	log   *slog.Logger

	mu        sync.Mutex
	looked    time.Time
	collected time.Time
	needed    uint64
	short     bool
}

// newMemory finds out the limits: GOMEMLIMIT, and that of the control group that the program runs in, as a container does. With the latter
// alone it sets the limit of the runtime. root is the file system of the machine.
func newMemory(root fs.FS, log *slog.Logger) *memory {
	m := &memory{limit: uint64(debug.SetMemoryLimit(-1)), group: findControlGroup(root), log: log}
	if m.group != nil && m.limit == math.MaxInt64 {
		m.limit = m.group.max / 100 * goShare
		debug.SetMemoryLimit(int64(m.limit))
	}
	return m
}

// scarce reports whether there is too little memory for another session. It may be asked at any rate.
func (m *memory) scarce() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if now := time.Now(); now.Sub(m.looked) >= memoryEach || m.looked.IsZero() {
		m.looked = now
		m.look()
		if m.short && now.Sub(m.collected) >= time.Second {
			// Who has left may not have been noticed: where nobody is let in, little happens that would bring a collection about.
			m.collected = now
			go runtime.GC()
		}
	}
	return m.short
}

func (m *memory) look() {
	m.needed = alive()
	share := uint64(scarceAt)
	if m.short {
		share = enoughAt
	}
	short := m.needed > m.limit/100*share
	if !short && m.group != nil {
		used, err := m.group.used()
		short = err == nil && used > m.group.max/100*groupAt
	}
	if short != m.short {
		if m.short = short; short {
			m.log.Warn("memory is short: nobody new is let in", "bytes", m.needed, "limit", m.limit)
		} else {
			m.log.Info("there is memory again")
		}
	}
}

// alive is what the program could not do without: what the last collection has left of the heap, and what is not heap.
func alive() uint64 {
	names := []string{"/gc/heap/live:bytes", "/memory/classes/total:bytes", "/memory/classes/heap/objects:bytes",
		"/memory/classes/heap/unused:bytes", "/memory/classes/heap/free:bytes", "/memory/classes/heap/released:bytes"}
	samples := make([]metrics.Sample, len(names))
	for i, name := range names {
		samples[i].Name = name
	}
	metrics.Read(samples)
	bytes := samples[0].Value.Uint64() + samples[1].Value.Uint64()
	for _, heap := range samples[2:] {
		bytes -= heap.Value.Uint64()
	}
	return bytes
}

// A controlGroup is one of Linux, with a limit of memory.
type controlGroup struct {
	root             fs.FS
	max              uint64 // bytes
	usage, stat, key string // files, and the key in the latter of what the kernel can take back
}

// findControlGroup returns the group with the tightest limit that this program is in, or nil.
func findControlGroup(root fs.FS) (tightest *controlGroup) {
	b, err := fs.ReadFile(root, "proc/self/cgroup")
	if err != nil {
		return nil
	}
	for line := range strings.Lines(string(b)) {
		_, rest, _ := strings.Cut(strings.TrimSpace(line), ":")
		controllers, dir, _ := strings.Cut(rest, ":")
		mount, max, usage, key := "sys/fs/cgroup", "memory.max", "memory.current", "inactive_file"
		switch controllers {
		case "": // version 2
		case "memory":
			mount, max, usage, key = "sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"
		default:
			continue
		}
		// A container may see the name that its group has outside, where that leads nowhere: then its own is the root of the mount.
		for dir = path.Clean("/" + dir); ; dir = path.Dir(dir) {
			at := path.Join(mount, dir)
			if n, err := readNumber(root, path.Join(at, max)); err == nil && n < 1<<60 && (tightest == nil || n < tightest.max) {
				tightest = &controlGroup{root, n, path.Join(at, usage), path.Join(at, "memory.stat"), key}
			}
			if dir == "/" {
				break
			}
		}
	}
	return tightest
}

// used is what the group has and the kernel cannot take back at will.
func (g *controlGroup) used() (uint64, error) {
	used, err := readNumber(g.root, g.usage)
	if err != nil {
		return 0, err
	}
	stat, err := fs.ReadFile(g.root, g.stat)
	if err != nil {
		return 0, err
	}
	for lines := bufio.NewScanner(bytes.NewReader(stat)); lines.Scan(); {
		if key, value, _ := strings.Cut(lines.Text(), " "); key == g.key {
			if n, err := strconv.ParseUint(value, 10, 64); err == nil && n < used {
				return used - n, nil
			}
		}
	}
	return used, nil
}

func readNumber(root fs.FS, name string) (uint64, error) {
	b, err := fs.ReadFile(root, name)
	if err != nil {
		return 0, err
	}
	return strconv.ParseUint(strings.TrimSpace(string(b)), 10, 64)
}

var (
	memoryNeeded = prometheus.NewDesc("lab_memory_bytes", "Memory that is needed: what the last collection has left of the heap, and what is not heap.", nil, nil)
	memoryLimit  = prometheus.NewDesc("lab_memory_limit_bytes", "Memory that there may be, by GOMEMLIMIT or the control group; at four fifths of it nobody new is let in.", nil, nil)
	memoryShort  = prometheus.NewDesc("lab_memory_short", "1 while nobody new is let in, because memory is short.", nil, nil)
)

// Describe is for Prometheus.
func (m *memory) Describe(ch chan<- *prometheus.Desc) { prometheus.DescribeByCollect(m, ch) }

// Collect is for Prometheus.
func (m *memory) Collect(ch chan<- prometheus.Metric) {
	short := 0.0
	if m.scarce() {
		short = 1
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	ch <- prometheus.MustNewConstMetric(memoryNeeded, prometheus.GaugeValue, float64(m.needed))
	ch <- prometheus.MustNewConstMetric(memoryLimit, prometheus.GaugeValue, float64(m.limit))
	ch <- prometheus.MustNewConstMetric(memoryShort, prometheus.GaugeValue, short)
}
