package packetdrill

import (
	"strconv"
	"strings"

	"github.com/handshakelab/lab/engine/tcp"
)

// settings are what sysctls and options of the script make of the host under test.
type settings struct {
	profile   tcp.Profile
	rcvBuf    int64 // tcp_rmem[1]
	keepIdle  tcp.Time
	keepIntvl tcp.Time
	keepCount int64
	fastAll   bool // every listener takes Fast Open, with a queue as long as its backlog
}

func newSettings(p tcp.Profile) settings {
	return settings{profile: p, rcvBuf: 131072, keepIdle: 7200 * tcp.Second, keepIntvl: 75 * tcp.Second, keepCount: 9}
}

// set makes a sysctl. It reports whether the model can do as the value says.
func (s *settings) set(name, value string) bool {
	if _, known := ignored[name]; !known && sysctls[name] == nil {
		return false
	}
	var v []int64
	for f := range strings.FieldsSeq(value) {
		n, err := strconv.ParseInt(f, 0, 64)
		if err != nil && sysctls[name] != nil {
			return false
		}
		v = append(v, n)
	}
	if len(v) == 0 {
		return false
	}
	if only := ignored[name]; only != "" {
		if !containsWord(only, value) {
			return false
		}
	} else if set := sysctls[name]; set != nil && !set(s, v) {
		return false
	}
	return true
}

func containsWord(list, w string) bool {
	for f := range strings.FieldsSeq(list) {
		if f == w {
			return true
		}
	}
	return false
}

// sysctls are those that the profile has a field for.
var sysctls = map[string]func(s *settings, v []int64) bool{
	"tcp_timestamps":          func(s *settings, v []int64) bool { s.profile.Timestamps = v[0] != 0; return v[0] >= 0 && v[0] <= 2 },
	"tcp_sack":                func(s *settings, v []int64) bool { s.profile.SACK = v[0] != 0; return v[0] == 0 || v[0] == 1 },
	"tcp_window_scaling":      func(s *settings, v []int64) bool { s.profile.ScaleOn = v[0] != 0; return v[0] == 0 || v[0] == 1 },
	"tcp_syn_retries":         func(s *settings, v []int64) bool { return small(&s.profile.SynRetries, v[0], 1) },
	"tcp_synack_retries":      func(s *settings, v []int64) bool { return small(&s.profile.SynAckRetry, v[0], 1) },
	"tcp_syn_linear_timeouts": func(s *settings, v []int64) bool { return small(&s.profile.SynLinear, v[0], 0) },
	"tcp_retries2":            func(s *settings, v []int64) bool { return small(&s.profile.Retries, v[0], 1) },
	"tcp_fin_timeout":         func(s *settings, v []int64) bool { s.profile.FinWait = tcp.Time(v[0]) * tcp.Second; return v[0] > 0 },
	"tcp_invalid_ratelimit": func(s *settings, v []int64) bool {
		s.profile.RateLimit = tcp.Time(v[0]) * tcp.Millisecond
		return v[0] >= 0
	},
	"tcp_rmem":             (*settings).rmem,
	"tcp_wmem":             (*settings).wmem,
	"tcp_keepalive_time":   func(s *settings, v []int64) bool { s.keepIdle = tcp.Time(v[0]) * tcp.Second; return v[0] > 0 },
	"tcp_keepalive_intvl":  func(s *settings, v []int64) bool { s.keepIntvl = tcp.Time(v[0]) * tcp.Second; return v[0] > 0 },
	"tcp_keepalive_probes": func(s *settings, v []int64) bool { return v[0] > 0 && v[0] < 128 && setTo(&s.keepCount, v[0]) },
	"tcp_rto_min_us":       func(s *settings, v []int64) bool { s.profile.RTOMin = tcp.Time(v[0]); return v[0] > 0 },
	"tcp_rto_max_ms": func(s *settings, v []int64) bool {
		s.profile.RTOMax = tcp.Time(v[0]) * tcp.Millisecond
		return v[0] > 0
	},
	"tcp_tw_reuse":   func(s *settings, v []int64) bool { return oneOf(&s.profile.TWReuse, v[0], 2) },
	"tcp_syncookies": func(s *settings, v []int64) bool { return oneOf(&s.profile.SynCookies, v[0], 2) },
	"tcp_ecn":        func(s *settings, v []int64) bool { return oneOf(&s.profile.ECN, v[0], 2) },
	"tcp_abort_on_overflow": func(s *settings, v []int64) bool {
		s.profile.AbortOnOverflow = v[0] != 0
		return v[0] == 0 || v[0] == 1
	},
	"tcp_orphan_retries": func(s *settings, v []int64) bool {
		s.profile.OrphanRetry = uint8(v[0])
		return v[0] > 0 && v[0] < 256 || v[0] == 0 && setTo8(&s.profile.OrphanRetry, 8)
	},
	"tcp_slow_start_after_idle": func(s *settings, v []int64) bool { s.profile.IdleRestart = v[0] != 0; return v[0] == 0 || v[0] == 1 },
	"tcp_fastopen":              (*settings).fastOpen,
	"tcp_fastopen_blackhole_timeout_sec": func(s *settings, v []int64) bool {
		s.profile.FastOpenPause = tcp.Time(v[0]) * tcp.Second
		return v[0] >= 0 && v[0] <= 1<<31
	},
}

func oneOf(p *uint8, v, most int64) bool {
	*p = uint8(v)
	return v >= 0 && v <= most
}

func setTo8(p *uint8, v uint8) bool { *p = v; return true }

func setTo(p *int64, v int64) bool { *p = v; return true }

func small(p *uint8, v, least int64) bool {
	if v < least || v > 255 {
		return false
	}
	*p = uint8(v)
	return true
}

func triple(v []int64) bool { return len(v) == 3 }

// fastOpen sets Fast Open: the lowest three bits are those of the profile, 0x400 lets every listener take it. A server that takes
// text without a cookie (0x200) is not modelled.
func (s *settings) fastOpen(v []int64) bool {
	s.profile.FastOpen = uint8(v[0] & 7)
	s.fastAll = v[0]&0x400 != 0
	return v[0] >= 0 && v[0]&0x200 == 0
}

// rmem sets the receive buffer: half of the default is what the first window may be, and the largest decides the window
// scale (tcp_select_initial_window of the kernel).
func (s *settings) rmem(v []int64) bool {
	if !triple(v) || v[1] <= 0 || v[2] < v[1] || v[2] > 1<<31 {
		return false
	}
	s.rcvBuf = v[1]
	s.profile.SetBuffer(v[1], v[2])
	return true
}

// wmem sets the send buffer: what it is to begin with, and how large it may grow by itself.
func (s *settings) wmem(v []int64) bool {
	if !triple(v) || v[1] <= 0 || v[2] < v[1] || v[2] > 1<<31 {
		return false
	}
	s.profile.SendBuf, s.profile.SendBufMax = uint32(v[1]), uint32(v[2])
	return true
}

// ignored are sysctls about what the model leaves out, with the values at which it behaves alike; "" is any.
var ignored = map[string]string{
	"tcp_fastopen_key": "", "tcp_frto": "", "tcp_fack": "", "tcp_dsack": "1", "tcp_reordering": "",
	"tcp_max_reordering": "", "tcp_congestion_control": "cubic reno", "tcp_recovery": "", "tcp_early_retrans": "",
	"tcp_tso_win_divisor": "", "tcp_pacing_ss_ratio": "", "tcp_pacing_ca_ratio": "", "tcp_notsent_lowat": "", "tcp_min_tso_segs": "",
	"tcp_limit_output_bytes": "", "tcp_autocorking": "", "tcp_no_metrics_save": "", "tcp_moderate_rcvbuf": "", "tcp_min_rtt_wlen": "", "tcp_mtu_probing": "0",
	"tcp_base_mss": "", "tcp_comp_sack_nr": "", "tcp_comp_sack_delay_ns": "", "tcp_challenge_ack_limit": "", "tcp_retries1": "", "tcp_rfc1337": "0",
	"tcp_tw_reuse_delay": "1000", "tcp_ecn_fallback": "1", "tcp_max_syn_backlog": "",
	"tcp_max_tw_buckets": "", "tcp_thin_linear_timeouts": "0", "tcp_adv_win_scale": "1", "tcp_app_win": "",
	"tcp_shrink_window": "0", "tcp_backlog_ack_defer": "", "tcp_tso_rtt_log": "", "tcp_probe_interval": "", "tcp_probe_threshold": "",
	"tcp_workaround_signed_windows": "0", "tcp_migrate_req": "", "tcp_plb_enabled": "0", "tcp_reflect_tos": "0", "tcp_l3mdev_accept": "",
	"ip_local_port_range": "", "ip_no_pmtu_disc": "", "tcp_available_congestion_control": "", "tcp_allowed_congestion_control": "",
	"net.mptcp.enabled": "", "net.core.somaxconn": "", "net.core.rmem_max": "", "net.core.wmem_max": "", "net.core.rmem_default": "",
	"net.core.wmem_default": "", "net.core.default_qdisc": "", "net.core.optmem_max": "", "net.core.netdev_max_backlog": "",
	"net.core.netdev_budget": "", "net.core.bpf_jit_enable": "",
}
