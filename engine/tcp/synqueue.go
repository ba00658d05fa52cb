package tcp

// A SYN queue in need (Linux).

// crowded reports whether without SYN cookies the last quarter of tcp_max_syn_backlog is reached, which is kept for peers that have
// been here before (tcp_conn_request). Nobody is known here.
func (h *Host) crowded(l *listener) bool {
	most := int(h.cfg.Profile.MaxSynBacklog)
	return h.cfg.Profile.Linux && most > 0 && most-h.embryonic(l) < most/4
}

// patience is how often a SYN-ACK of an embryonic connection is sent again. Where the SYN queue is more than half full, half of it is
// kept for the young, those whose timer has not fired: old ones are given up the sooner, the fewer of these there are
// (reqsk_timer_handler).
func (h *Host) patience(t *TCB) int {
	limit := int(h.cfg.Profile.SynAckRetry)
	l := h.listener(t.Local.Port())
	if !h.cfg.Profile.Linux || !t.embryonic() || l == nil {
		return limit
	}
	queued := h.embryonic(l)
	if 2*queued <= max(8, l.backlog) {
		return limit
	}
	young := 2 * h.count(l, func(t *TCB) bool { return t.embryonic() && t.Retries == 0 })
	for limit > 2 && queued >= young {
		limit--
		young *= 2
	}
	return limit
}
