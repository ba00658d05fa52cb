package wire

import (
	"errors"
	"net/netip"
	"strings"
	"testing"
)

// TestDumpOfOtherApplications: a text on a port whose protocol is not printed, and SSH that is none.
func TestDumpOfOtherApplications(t *testing.T) {
	for _, test := range []struct {
		port    uint16
		payload string
		want    string
	}{
		{23, "login:", "length 6"},
		{6379, "PING", "length 4"},
		{6653, "hello", "length 5"},
		{22, "SSH-2.0\x01\n", "length 9"},
		{22, "SSH-2.0", "length 7"},
	} {
		s := NewSegment(netip.MustParseAddrPort("192.0.2.1:40001"), netip.AddrPortFrom(netip.MustParseAddr("192.0.2.2"), test.port))
		s.Flags, s.Payload = ACK, test.payload
		var d Dump
		if got := d.Line(0, s); !strings.HasSuffix(got, test.want) {
			t.Errorf("port %d, %q: %q does not end in %q", test.port, test.payload, got, test.want)
		}
	}
}

// TestOptionError: the message says whose it is.
func TestOptionError(t *testing.T) {
	_, err := ParseOptions("mss")
	var e *OptionError
	if !errors.As(err, &e) || err.Error() != "wire: "+e.Reason {
		t.Error(err)
	}
}

// TestOverlongCookie: a cookie that no header has room for is left out.
func TestOverlongCookie(t *testing.T) {
	if got := (Options{}).WithFastOpenExperiment(make([]byte, 41)); got.Len() != 0 {
		t.Errorf("%d bytes", got.Len())
	}
}
