package main

import (
	"context"
	"errors"
	"iter"
	"log/slog"
	"net"
	"net/http"
	"runtime"
	"time"

	"github.com/handshakelab/lab/engine"
	"github.com/handshakelab/lab/web/store"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// serveMetrics answers Prometheus on an address of its own, until ctx ends.
func serveMetrics(ctx context.Context, addr string, registry *prometheus.Registry, log *slog.Logger) error {
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		return explainListen(addr, err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	server := newServer(mux, log)
	log.Info("metrics", "at", address(ln.Addr(), "/metrics"))
	go func() { _ = server.Serve(ln) }()
	context.AfterFunc(ctx, func() { _ = server.Close() })
	return nil
}

// newRegistry has what every program has.
func newRegistry(more ...prometheus.Collector) *prometheus.Registry {
	info := prometheus.NewGauge(prometheus.GaugeOpts{Name: "lab_build_info", Help: "Always 1; what runs stands in the labels.",
		ConstLabels: prometheus.Labels{"version": versionText(), "engine": engine.Version, "go": runtime.Version()}})
	info.Set(1)
	r := prometheus.NewRegistry()
	r.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), info)
	r.MustRegister(more...)
	return r
}

// measured is a store whose operations are counted.
type measured struct {
	store.Store
	seconds *prometheus.HistogramVec
}

func measure(s store.Store) measured {
	return measured{s, prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "lab_store_seconds", Help: "How long operations of the store took, by operation and result.",
		Buckets: []float64{.0002, .001, .005, .02, .1, .5, 2, 10}}, []string{"op", "result"})}
}

func (m measured) since(began time.Time, op string, err error) {
	result := "ok"
	switch {
	case err == nil:
	case errors.Is(err, store.ErrNotFound):
		result = "not_found"
	case errors.Is(err, store.ErrConflict):
		result = "conflict"
	case errors.Is(err, store.ErrFull):
		result = "full"
	case errors.Is(err, context.Canceled):
		result = "canceled"
	default:
		result = "failed"
	}
	m.seconds.WithLabelValues(op, result).Observe(time.Since(began).Seconds())
}

func (m measured) Records() store.Records { return measuredRecords{m.Store.Records(), m} }
func (m measured) Passing() store.Records { return measuredRecords{m.Store.Passing(), m} }

func (m measured) Append(ctx context.Context, log string, after uint64, id string, data []byte) (uint64, error) {
	began := time.Now()
	seq, err := m.Store.Append(ctx, log, after, id, data)
	m.since(began, "append", err)
	return seq, err
}

func (m measured) Last(ctx context.Context, log string) (uint64, error) {
	began := time.Now()
	seq, err := m.Store.Last(ctx, log)
	m.since(began, "last", err)
	return seq, err
}

func (m measured) Read(ctx context.Context, log string, after uint64) iter.Seq2[store.Entry, error] {
	return func(yield func(store.Entry, error) bool) {
		began := time.Now()
		var err error
		defer func() { m.since(began, "read", err) }()
		for e, e2 := range m.Store.Read(ctx, log, after) {
			if err = e2; !yield(e, e2) {
				return
			}
		}
	}
}

func (m measured) Erase(ctx context.Context, log string) error {
	began := time.Now()
	err := m.Store.Erase(ctx, log)
	m.since(began, "erase", err)
	return err
}

func (m measured) Check(ctx context.Context) error {
	began := time.Now()
	err := m.Store.Check(ctx)
	m.since(began, "check", err)
	return err
}

type measuredRecords struct {
	store.Records
	m measured
}

func (r measuredRecords) Get(ctx context.Context, key string) (store.Record, error) {
	began := time.Now()
	v, err := r.Records.Get(ctx, key)
	r.m.since(began, "get", err)
	return v, err
}

func (r measuredRecords) Put(ctx context.Context, key string, value []byte, rev uint64) (uint64, error) {
	began := time.Now()
	rev, err := r.Records.Put(ctx, key, value, rev)
	r.m.since(began, "put", err)
	return rev, err
}

func (r measuredRecords) Delete(ctx context.Context, key string) error {
	began := time.Now()
	err := r.Records.Delete(ctx, key)
	r.m.since(began, "delete", err)
	return err
}

func (r measuredRecords) List(ctx context.Context, prefix string) ([]store.Record, error) {
	began := time.Now()
	list, err := r.Records.List(ctx, prefix)
	r.m.since(began, "list", err)
	return list, err
}
