package web

import (
	"context"
	"bytes"
	"testing"
	"syscall"
	"testing/fstest"
	"log/slog"
	"github.com/handshakelab/lab/lessons"
	"github.com/handshakelab/lab/static"
)

func cpu(b *testing.B, f func()) {
	var r0, r1 syscall.Rusage
	syscall.Getrusage(0, &r0)
	n := 0
	for b.Loop() { f(); n++ }
	syscall.Getrusage(0, &r1)
	b.ReportMetric(float64(r1.Utime.Nano()+r1.Stime.Nano()-r0.Utime.Nano()-r0.Stime.Nano())/1e6/float64(n), "cpu-ms/op")
}

func BenchmarkNewSite(b *testing.B) {
	a, _ := static.New("/", static.Embedded(), false)
	mk := func(c Config) *Site { c.Base, c.Assets, c.Log = "/", a, slog.New(slog.DiscardHandler); s, err := New(c); if err != nil { b.Fatal(err) }; return s }
	b.Run("assets", func(b *testing.B) { cpu(b, func() { static.New("/", static.Embedded(), false) }) })
	b.Run("course", func(b *testing.B) { cpu(b, func() { mk(Config{Lessons: lessons.Builtin()}) }) })
	b.Run("none", func(b *testing.B) { cpu(b, func() { mk(Config{Lessons: fstest.MapFS{}}) }) })
	b.Run("load", func(b *testing.B) { cpu(b, func() { lessons.Load(lessons.Builtin()) }) })
	s := mk(Config{Lessons: lessons.Builtin()})
	e := s.edition.Load()
	b.Log(len(e.runs), len(e.embeds), len(e.texts), len(e.pages))
	b.Run("laters", func(b *testing.B) { cpu(b, func() {
		for _, l := range []map[string]*later{s.scenarioPages(), s.embedPages(e.course), s.besidePages(e)} { for _, p := range l { for _, f := range p.files { f() } } } }) })
	_ = context.Background
	_ = bytes.NewReader
}
