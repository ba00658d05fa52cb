package engine

import (
	"bytes"
	"net/netip"
	"reflect"
	"testing"

	"github.com/handshakelab/lab/engine/network"
	"github.com/handshakelab/lab/engine/tcp"
	"github.com/handshakelab/lab/engine/wire"
)

// leaves calls change for each value inside v that can be changed by itself; change must see it changed and is then
// told which it was.
func leaves(t *testing.T, v reflect.Value, path string, changed func(path string)) {
	t.Helper()
	set := func(to any) {
		old := reflect.ValueOf(v.Interface())
		v.Set(reflect.ValueOf(to).Convert(v.Type()))
		changed(path)
		v.Set(old)
	}
	switch x := v.Interface().(type) {
	case netip.AddrPort:
		set(netip.AddrPortFrom(netip.AddrFrom4([4]byte{203, 0, 113, 1}), x.Port()))
		set(netip.AddrPortFrom(x.Addr(), x.Port()+1))
		return
	case wire.Options:
		set(x.WithNOP())
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			leaves(t, v.Field(i), path+"."+v.Type().Field(i).Name, changed)
		}
	case reflect.Array, reflect.Slice:
		if v.Len() == 0 {
			t.Errorf("%s is empty: give it an element", path)
		}
		for i := range v.Len() {
			leaves(t, v.Index(i), path+"[]", changed)
		}
	case reflect.Bool:
		set(!v.Bool())
	case reflect.String:
		set(v.String() + "x")
	case reflect.Int, reflect.Int8, reflect.Int64:
		set(v.Int() + 1)
	case reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		set(v.Uint() + 1)
	default:
		t.Errorf("%s: a %v is not known to this test", path, v.Type())
	}
}

var testSegment = wire.Segment{Src: netip.MustParseAddrPort("192.0.2.1:1"), Dst: netip.MustParseAddrPort("192.0.2.2:2")}

func TestDigestCoversSegment(t *testing.T) {
	s := testSegment
	encode := func() []byte {
		var e encoder
		e.segment(&s)
		return e.b
	}
	before := encode()
	leaves(t, reflect.ValueOf(&s).Elem(), "Segment", func(path string) {
		if bytes.Equal(encode(), before) {
			t.Errorf("%s is not encoded", path)
		}
	})
}

func TestDigestCoversSetup(t *testing.T) {
	s := Setup{Path: network.Setup{Rules: []network.Rule{{Verb: network.Drop}}, Boxes: []network.Box{{Kind: network.Firewall}}}}
	for h := range s.Hosts {
		s.Hosts[h] = HostSetup{Addr: testSegment.Src, Profile: "linux", ISNs: []wire.Seq{1}}
	}
	// The path is in the digest of the world by its own encoding.
	encode := func() []byte {
		p, err := network.New(s.Path, s.Seed)
		if err != nil {
			return []byte(err.Error())
		}
		d := s.digest()
		return p.AppendBinary(d[:])
	}
	before := encode()
	leaves(t, reflect.ValueOf(&s).Elem(), "Setup", func(path string) {
		if bytes.Equal(encode(), before) {
			t.Errorf("%s is not in the digest", path)
		}
	})
}

// TestDigestCoversWorld changes what a World is made of, one thing at a time. Hosts and path encode themselves and are tested
// where they are made.
func TestDigestCoversWorld(t *testing.T) {
	fresh := func() World {
		w, err := New(Setup{Hosts: [2]HostSetup{
			{Addr: netip.MustParseAddrPort("192.0.2.1:1"), Profile: "linux"},
			{Addr: netip.MustParseAddrPort("192.0.2.2:2"), Profile: "linux"},
		}})
		if err != nil {
			t.Fatal(err)
		}
		f := w.launch(&testSegment, sentByClient)
		f.was, f.text, f.dies, f.mid = &testSegment, "rule", 0, 0
		return w
	}
	base := fresh()
	before := base.Digest()
	changes := map[string]map[string]func(*World){
		"World": {
			"setup":   func(w *World) { w.setup.digest[0]++ },
			"now":     func(w *World) { w.now++ },
			"hosts":   func(w *World) { w.hosts[1].Call(0, &tcp.Call{Verb: tcp.CallListen}, nil) },
			"path":    func(w *World) { w.path.Pass(network.ToClient, wire.SYN, nil) },
			"flights": func(w *World) { w.flights = nil },
			"log":     func(w *World) { w.log.add(logged{}) },
			"told":    func(w *World) { *w.told[1].of(tcp.Connected, 0)++; *w.told[1].of(0, tcp.ECONNRESET)++ },
			"events":  func(w *World) { w.events++ },
		},
		"flight": {
			"id":    func(w *World) { w.flights[0].id++ },
			"of":    func(w *World) { w.flights[0].of++ },
			"from":  func(w *World) { w.flights[0].from++ },
			"to":    func(w *World) { w.flights[0].to++ },
			"held":  func(w *World) { w.flights[0].held = true },
			"cause": func(w *World) { w.flights[0].cause++ },
			"sent":  func(w *World) { w.flights[0].sent++ },
			"due":   func(w *World) { w.flights[0].due++ },
			"dies":  func(w *World) { w.flights[0].dies++ },
			"mid":   func(w *World) { w.flights[0].mid++ },
			"text":  func(w *World) { w.flights[0].text += "x" },
			"seg":   func(w *World) { w.flights[0].seg = wire.Segment{} },
			"was":   func(w *World) { w.flights[0].was = nil },
		},
		"logged": {
			"born": func(w *World) { w.log.page[0].born++ },
			"last": func(w *World) { w.log.page[0].last++ },
			"src":  func(w *World) { w.log.page[0].src++ },
			"fate": func(w *World) { w.log.page[0].fate++ },
			"icmp": func(w *World) { w.log.page[0].icmp = true },
		},
	}
	for name, typ := range map[string]reflect.Type{"World": reflect.TypeFor[World](), "flight": reflect.TypeFor[flight](), "logged": reflect.TypeFor[logged]()} {
		for f := range typ.Fields() {
			field := f.Name
			change, known := changes[name][field]
			if !known {
				t.Errorf("%s.%s is new: put it into the digest, and a change of it here", name, field)
			}
			if change == nil {
				continue
			}
			w := fresh()
			change(&w)
			if w.Digest() == before {
				t.Errorf("%s.%s is not in the digest", name, field)
			}
		}
	}
}
