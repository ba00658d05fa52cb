package packetdrill

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/handshakelab/lab/engine/diag"
)

// A callKind is what there is to know of a call before it is made.
type callKind struct {
	least, most int // arguments
	here        bool
}

// calls are the calls of packetdrill; those that are here can be made.
var calls = map[string]callKind{
	"socket": {3, 3, true}, "bind": {3, 3, true}, "listen": {2, 2, true}, "accept": {3, 3, true}, "connect": {3, 3, true},
	"read": {3, 3, true}, "readv": {3, 3, true}, "recv": {4, 4, true}, "recvfrom": {6, 6, true}, "recvmsg": {3, 3, true},
	"write": {3, 3, true}, "writev": {3, 3, true}, "send": {4, 4, true}, "sendto": {6, 6, true}, "sendmsg": {3, 3, true},
	"fcntl": {2, 3, true}, "ioctl": {2, 3, true}, "close": {1, 1, true}, "shutdown": {2, 2, true},
	"getsockopt": {5, 5, true}, "setsockopt": {5, 5, true}, "poll": {3, 3, true},
	"cap_set": {3, 3, false}, "open": {2, 3, false}, "sendfile": {4, 4, false}, "epoll_create": {1, 1, true}, "epoll_ctl": {4, 4, true},
	"epoll_wait": {4, 4, true}, "pipe": {1, 1, false}, "splice": {6, 6, false}, "psp_rx_assoc": {2, 2, false}, "psp_tx_assoc": {2, 2, false},
}

// checkCall reports what is wrong with a call whatever the host does.
func checkCall(p *parser, c *Call) error {
	k, ok := calls[c.Name]
	if !ok {
		return p.fail(c.Pos, "unknown-call", c.Name+" is no system call that scripts can make", diag.DidYouMean("", c.Name, slices.Sorted(maps.Keys(calls))...))
	}
	if !k.here {
		return nil
	}
	if n := len(c.Args); n < k.least || n > k.most {
		want := strconv.Itoa(k.least)
		if k.most > k.least {
			want += " or " + strconv.Itoa(k.most)
		}
		return p.fail(c.Pos, "arguments", fmt.Sprintf("%s takes %s arguments, and here are %d", c.Name, want, n), "")
	}
	if err := checkNames(p, append(c.Args[:len(c.Args):len(c.Args)], c.Result)...); err != nil {
		return err
	}
	if _, ok := c.Result.number(); !ok && c.Result.Kind != Ellipsis {
		return p.fail(c.Result.Pos, "result", "what a call returns is a number", "")
	}
	if c.Name == "socket" {
		return nil
	}
	if _, ok := c.Args[0].number(); !ok && c.Name != "poll" {
		return p.fail(c.Args[0].Pos, "descriptor", "the first argument of "+c.Name+" is a file descriptor, a number", "")
	}
	return nil
}

// An optionKind is what an option of the command line takes.
type optionKind struct {
	value string                   // what it is, "" for none
	check func(v string) bool      // nil takes anything
	here  func(v string) (ok bool) // nil is always here
}

func never(string) bool { return false }

func between(least, most int64) func(string) bool {
	return func(v string) bool {
		n, err := strconv.ParseInt(v, 10, 64)
		return err == nil && n >= least && n <= most
	}
}

func percent(v string) bool {
	f, err := strconv.ParseFloat(v, 64)
	return err == nil && f >= 0 && f <= 100
}

func isAddress(v string) bool {
	_, ok := parseAddress(v)
	return ok
}

// parseAddress reads an address with or without the length of its prefix.
func parseAddress(v string) (netip.Addr, bool) {
	host, _, _ := strings.Cut(v, "/")
	a, err := netip.ParseAddr(host)
	return a, err == nil
}

// options are those of packetdrill's command line, which a script may begin with.
var options = map[string]optionKind{
	"ip_version": {"a version of IP", func(v string) bool { return v == "ipv4" || v == "ipv4-mapped-ipv6" || v == "ipv6" }, nil},
	"bind_port":  {"a port", between(1, 65535), nil}, "connect_port": {"a port", between(1, 65535), nil},
	"local_ip": {"an address", isAddress, nil}, "remote_ip": {"an address", isAddress, nil},
	"gateway_ip": {"an address", isAddress, nil}, "netmask_ip": {"an address", isAddress, nil},
	"speed": {"a number", between(0, 1<<32-1), nil}, "mss": {"a number of bytes", between(1, 65535), nil}, "mtu": {"a number of bytes", between(0, 65535), mtuHere},
	"tolerance_usecs": {"a number of microseconds", between(1, 1<<40), nil}, "tolerance_percent": {"a percentage", percent, nil},
	"tcp_ts_ecr_scaled": {}, "tcp_ts_tick_usecs": {"a number of microseconds", between(0, 1000000), nil}, "strict_segments": {}, "verbose": {}, "debug": {},
	"send_omit_free": {}, "define": {value: "NAME=VALUE"}, "code_command": {value: "a command"}, "code_format": {"python", func(v string) bool { return v == "python" }, nil},
	"code_sockopt": {value: "TCP_INFO", here: func(v string) bool { return v == "TCP_INFO" || v == "" }},
	"init_scripts": {value: "files", here: never}, "non_fatal": {value: "packet,syscall", here: never}, "dry_run": {here: never}, "is_anyip": {here: never},
	"wire_client": {here: never}, "wire_server": {here: never}, "wire_server_ip": {value: "an address", here: never}, "wire_server_at": {value: "an address", here: never},
	"wire_server_port": {value: "a port", here: never}, "wire_client_dev": {value: "a device", here: never}, "wire_server_dev": {value: "a device", here: never},
	"so_filename": {value: "a file", here: never}, "so_flags": {value: "flags", here: never},
}

// mtuHere: the MSS that is announced is what a packet of this size has room for.
func mtuHere(v string) bool {
	n, err := strconv.Atoi(v)
	return err == nil && (n == 0 || n >= 60+48)
}

func checkOption(p *parser, o Option) error {
	k, ok := options[o.Name]
	switch {
	case !ok:
		return p.fail(o.Pos, "unknown-option", "--"+o.Name+" is no option of packetdrill", diag.DidYouMean("", o.Name, slices.Sorted(maps.Keys(options))...))
	case k.value != "" && !o.Has:
		return p.fail(o.Pos, "option-value", "--"+o.Name+" needs "+k.value, "write --"+o.Name+"=VALUE")
	case k.value == "" && o.Has:
		return p.fail(o.Pos, "option-value", "--"+o.Name+" takes no value", "")
	case k.check != nil && !k.check(o.Value):
		return p.fail(o.Pos, "option-value", clip(o.Value)+" is not "+k.value+" that --"+o.Name+" could take", "")
	}
	return nil
}
