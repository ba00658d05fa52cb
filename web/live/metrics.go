package live

import "github.com/prometheus/client_golang/prometheus"

// What happens, of all hubs of this process together.
var (
	commandsDone = prometheus.NewCounterVec(prometheus.CounterOpts{Name: "lab_commands_total", Help: "Commands that sockets have brought, by type."}, []string{"type"})
	refusals     = prometheus.NewCounterVec(prometheus.CounterOpts{Name: "lab_refusals_total", Help: "Errors told to sockets, by code."}, []string{"code"})
	turnedAway   = prometheus.NewCounterVec(prometheus.CounterOpts{Name: "lab_sockets_refused_total", Help: "Sockets that were refused with 503, by reason: full, memory or going_down."}, []string{"reason"})
	resyncs      = prometheus.NewCounter(prometheus.CounterOpts{Name: "lab_resyncs_total", Help: "Backlogs that were thrown away for a snapshot, because a socket was too slow."})
)

func init() {
	for _, reason := range []string{"full", "memory", "going_down"} {
		turnedAway.WithLabelValues(reason) // a rate wants the zero before the one
	}
}

// What there is, of one hub.
var (
	runsNow      = prometheus.NewDesc("lab_runs", "Runs in memory.", nil, nil)
	nodesNow     = prometheus.NewDesc("lab_run_nodes", "Nodes of all runs in memory.", nil, nil)
	socketsNow   = prometheus.NewDesc("lab_sockets", "Open sockets.", nil, nil)
	roomsNow     = prometheus.NewDesc("lab_rooms", "Rooms that are followed here.", nil, nil)
	followersNow = prometheus.NewDesc("lab_room_followers", "Sockets that follow a room here.", nil, nil)
)

// Describe is for Prometheus.
func (h *Hub) Describe(ch chan<- *prometheus.Desc) { prometheus.DescribeByCollect(h, ch) }

// Collect is for Prometheus.
func (h *Hub) Collect(ch chan<- prometheus.Metric) {
	h.mu.Lock()
	now := map[*prometheus.Desc]int{runsNow: h.order.Len(), nodesNow: h.nodes, socketsNow: len(h.sockets), roomsNow: len(h.rooms), followersNow: 0}
	rooms := make([]*room, 0, len(h.rooms))
	for _, r := range h.rooms {
		rooms = append(rooms, r)
	}
	h.mu.Unlock()
	for _, r := range rooms {
		r.mu.Lock()
		now[followersNow] += len(r.following)
		r.mu.Unlock()
	}
	for desc, n := range now {
		ch <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, float64(n))
	}
	commandsDone.Collect(ch)
	refusals.Collect(ch)
	turnedAway.Collect(ch)
	resyncs.Collect(ch)
}

func nameOf(command Command) string {
	switch command.(type) {
	case *OpenCommand:
		return "open"
	case *DoCommand:
		return "do"
	case *ResumeCommand:
		return "resume"
	case *CloseCommand:
		return "close"
	case *EnterCommand:
		return "enter"
	case *LeaveCommand:
		return "leave"
	}
	return "other"
}
