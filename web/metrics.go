package web

import (
	"net/http"
	"strconv"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/handshakelab/lab/engine/diag"
	"github.com/prometheus/client_golang/prometheus"
)

// requests counts what was answered, by the pattern of the route: an address may name a person.
type requests struct {
	total   *prometheus.CounterVec
	seconds *prometheus.HistogramVec
}

func newRequests() requests {
	return requests{
		total: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "lab_http_requests_total", Help: "HTTP requests, by method, route and status; 101 is an opened socket."}, []string{"method", "route", "status"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "lab_http_request_seconds", Help: "How long HTTP requests took, by route.",
			Buckets: []float64{.001, .005, .02, .1, .5, 2, 10}}, []string{"route"}),
	}
}

// measure counts a request and writes it to the log, if that is wanted.
func (s *Site) measure(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began, t := time.Now(), &tracker{ResponseWriter: w}
		status := http.StatusInternalServerError // of a panic
		defer func() {
			route := routeOf(r)
			took := time.Since(began)
			s.requests.total.WithLabelValues(method(r), route, strconv.Itoa(status)).Inc()
			s.requests.seconds.WithLabelValues(route).Observe(took.Seconds())
			s.cfg.Log.DebugContext(r.Context(), "request", "method", method(r), "route", route, "status", status, "took", took)
		}()
		next.ServeHTTP(t, r)
		status = t.status()
	})
}

// routeOf is the pattern of the route of a request.
func routeOf(r *http.Request) string {
	if c := chi.RouteContext(r.Context()); c != nil {
		if pattern := c.RoutePattern(); pattern != "" {
			return pattern
		}
	}
	return "none"
}

// method is that of a request, or of all that nobody has heard of.
func method(r *http.Request) string {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodPost:
		return r.Method
	}
	return "other"
}

var (
	lessonsNow     = prometheus.NewDesc("lab_lessons", "Lessons, by state: served or broken.", []string{"state"}, nil)
	diagnosticsNow = prometheus.NewDesc("lab_lesson_diagnostics", "What lab check would tell of the lessons, by severity.", []string{"severity"}, nil)
)

// Describe is for Prometheus.
func (s *Site) Describe(ch chan<- *prometheus.Desc) { prometheus.DescribeByCollect(s, ch) }

// Collect is for Prometheus.
func (s *Site) Collect(ch chan<- prometheus.Metric) {
	course := s.Course()
	gauge := func(desc *prometheus.Desc, n int, label string) {
		ch <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, float64(n), label)
	}
	gauge(lessonsNow, len(course.Lessons), "served")
	gauge(lessonsNow, len(course.Broken), "broken")
	errors := len(course.Diagnostics.Errors())
	gauge(diagnosticsNow, errors, string(diag.Error))
	gauge(diagnosticsNow, len(course.Diagnostics)-errors, string(diag.Warning))
	s.requests.total.Collect(ch)
	s.requests.seconds.Collect(ch)
	s.hub.Collect(ch)
}
