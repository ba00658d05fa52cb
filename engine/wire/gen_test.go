package wire

import (
	"net/netip"
	"strings"

	"pgregory.net/rapid"
)

var (
	client = netip.MustParseAddrPort("192.0.2.1:54321")
	server = netip.MustParseAddrPort("198.51.100.20:80")
)

// genSeq likes the places where arithmetic goes wrong.
func genSeq() *rapid.Generator[Seq] {
	return rapid.OneOf(
		rapid.SampledFrom([]Seq{0, 1, 1<<31 - 1, 1 << 31, 1<<31 + 1, 1<<32 - 1}),
		rapid.Custom(func(t *rapid.T) Seq { return Seq(rapid.Uint32().Draw(t, "seq")) }),
	)
}

// genOptions draws option bytes: lists of the With methods, and bytes of any kind, near misses of real options first.
func genOptions() *rapid.Generator[Options] {
	return rapid.OneOf(genSoundOptions(), rapid.Custom(func(t *rapid.T) Options {
		kind := rapid.OneOf(
			rapid.SampledFrom([]byte{0, 1, 2, 3, 4, 5, 6, 8, 10, 14, 18, 19, 20, 28, 29, 34, 254}), rapid.Byte())
		o, err := RawOptions(rapid.SliceOfN(kind, 0, MaxOptions).Draw(t, "raw"))
		if err != nil {
			t.Fatal(err)
		}
		return o
	}))
}

func genSoundOptions() *rapid.Generator[Options] {
	return rapid.Custom(func(t *rapid.T) Options {
		var o Options
		for range rapid.IntRange(0, 8).Draw(t, "options") {
			switch rapid.IntRange(0, 8).Draw(t, "option") {
			case 0:
				o = o.WithMSS(rapid.Uint16().Draw(t, "mss"))
			case 1:
				o = o.WithWindowScale(rapid.Uint8().Draw(t, "shift"))
			case 2:
				o = o.WithSACKPermitted()
			case 3:
				o = o.WithTimestamps(rapid.Uint32().Draw(t, "val"), rapid.Uint32().Draw(t, "ecr"))
			case 4:
				o = o.WithSACK(rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Block {
					return Block{genSeq().Draw(t, "left"), genSeq().Draw(t, "right")}
				}), 0, 4).Draw(t, "blocks")...)
			case 5, 6:
				o = o.WithNOP()
			case 7:
				kind := rapid.Uint8Range(2, 255).Draw(t, "kind")
				o = o.WithRaw(kind, rapid.SliceOfN(rapid.Byte(), 0, 18).Draw(t, "data"))
			case 8:
				if rapid.Bool().Draw(t, "end") {
					o = o.WithEOL()
				}
			}
		}
		return o
	})
}

func genPayload() *rapid.Generator[string] {
	return rapid.OneOf(
		rapid.Just(""),
		rapid.SampledFrom([]string{
			"GET / HTTP/1.0\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\nhello", "HTTP/1.1 2000 OK\r\n", "get", "GET \tx\n", "x 200\n", "x\t200\n",
			"SSH-2.0-OpenSSH_9.9\r\n", "SSH-2.0-x", "SS", "220 ready\r\n", "USER\rx\n", "caf\xc3\xa9\n", "\x00\x01\x02", "\n", " GET /\n",
			strings.Repeat("x", 128) + " 200\n", strings.Repeat("x", 129) + " 200\n",
		}),
		rapid.Map(rapid.SliceOfN(rapid.Byte(), 0, 60), func(b []byte) string { return string(b) }),
		rapid.StringMatching(`[A-Z]{2,4} [ -~]{0,20}(\r?\n)?`),
	)
}

// genSegment draws any segment at all, over IPv4 or IPv6, and ICMP errors about them.
func genSegment() *rapid.Generator[Segment] {
	four, six := genSegmentOf(genAddr4()), genSegmentOf(genAddr6())
	return rapid.Custom(func(t *rapid.T) Segment {
		s := rapid.OneOf(four, four, six).Draw(t, "of one version")
		if rapid.IntRange(0, 5).Draw(t, "an error about it") == 0 {
			s.ICMP = ICMP{
				Kind:   ICMPKind(rapid.IntRange(1, int(NumICMPKinds)-1).Draw(t, "kind")),
				Router: rapid.Uint8().Draw(t, "router"),
				MTU:    rapid.Uint16().Draw(t, "mtu"),
			}
		}
		return s
	})
}

func genAddr6() *rapid.Generator[netip.AddrPort] {
	return rapid.Custom(func(t *rapid.T) netip.AddrPort {
		ip := rapid.SampledFrom([]string{"2001:db8::1", "2001:db8:0:1::20", "::", "::1", "ff02::1"}).Draw(t, "ip")
		port := rapid.OneOf(rapid.SampledFrom([]uint16{80, 54321}), rapid.Uint16()).Draw(t, "port")
		return netip.AddrPortFrom(netip.MustParseAddr(ip), port)
	})
}

// genAddr4 draws mostly two ends that meet again.
func genAddr4() *rapid.Generator[netip.AddrPort] {
	return rapid.OneOf(rapid.SampledFrom([]netip.AddrPort{client, server}), rapid.Custom(func(t *rapid.T) netip.AddrPort {
		ip := rapid.SampledFrom([]string{"192.0.2.1", "198.51.100.20", "0.0.0.0", "255.255.255.255"}).Draw(t, "ip")
		port := rapid.OneOf(rapid.SampledFrom([]uint16{80, 8080, 25, 21, 43, 22, 54321}), rapid.Uint16()).Draw(t, "port")
		return netip.AddrPortFrom(netip.MustParseAddr(ip), port)
	}))
}

func genSegmentOf(addr *rapid.Generator[netip.AddrPort]) *rapid.Generator[Segment] {
	flags := rapid.OneOf(rapid.SampledFrom([]Flags{SYN, SYN | ACK, ACK, PSH | ACK, FIN | ACK, RST, RST | ACK}),
		rapid.Map(rapid.Byte(), func(b byte) Flags { return Flags(b) }))
	return rapid.Custom(func(t *rapid.T) Segment {
		s := NewSegment(addr.Draw(t, "src"), addr.Draw(t, "dst"))
		s.Seq, s.Ack = genSeq().Draw(t, "seq"), genSeq().Draw(t, "ack")
		s.Flags = flags.Draw(t, "flags")
		s.Window, s.Urgent = rapid.Uint16().Draw(t, "window"), rapid.Uint16().Draw(t, "urgent")
		s.Options = genOptions().Draw(t, "options")
		s.Payload = genPayload().Draw(t, "payload")
		if rapid.IntRange(0, 3).Draw(t, "odd") == 0 {
			s.Offset = rapid.Uint8().Draw(t, "offset")
			s.Reserved = rapid.Uint8().Draw(t, "reserved")
			s.FixedSum = rapid.Bool().Draw(t, "fixed")
			s.Checksum = rapid.Uint16().Draw(t, "checksum")
			s.TTL, s.TOS = rapid.Uint8().Draw(t, "ttl"), rapid.Uint8().Draw(t, "tos")
			s.Flow = rapid.Uint32().Draw(t, "flow")
			s.IPID, s.DF = rapid.Uint16().Draw(t, "ipid"), rapid.Bool().Draw(t, "df")
		}
		return s
	})
}
