package lessons

import (
	"errors"
	"fmt"
	"hash/fnv"
	"maps"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/handshakelab/lab/engine"
	"github.com/handshakelab/lab/engine/diag"
	"github.com/handshakelab/lab/engine/script"
	"github.com/handshakelab/lab/engine/wire"
)

// Variants is how many variants a question or a simulator with vary has, the one that is written among them.
const Variants = 8

// Variant returns the question with the numbers of a variant: 0 is the question itself, as is one that does not exist.
func (p *Predict) Variant(n int) *Predict {
	if n < 1 || n > len(p.Variants) {
		return p
	}
	return p.Variants[n-1]
}

// Variant returns the text of the run with the numbers of a variant: 0 is the one that is written, as is one that does not exist.
func (s *Sim) Variant(n int) string {
	if n < 1 || n > len(s.Variants) {
		return s.Source
	}
	return s.Variants[n-1]
}

// varies reports whether the run has other numbers for each learner.
func (s *Sim) varies() bool { return s.isn || s.port }

// varies reads the attribute vary. A question about a simulator that varies does so too, or it would be about another run.
func (d *draft) varies(b *block, sim *Sim) (isn, port bool) {
	if sim.varies() {
		return sim.isn, sim.port
	}
	a, ok := b.values["vary"]
	if !ok {
		return false, false
	}
	for what := range strings.SplitSeq(a.text, ",") {
		switch strings.TrimSpace(what) {
		case "isn":
			isn = true
		case "port":
			port = true
		default:
			d.addSpan("attribute-value", a.at, `write vary=isn, vary=port or vary="isn,port"`, "%q cannot be varied", strings.TrimSpace(what))
			return false, false
		}
	}
	return isn, port
}

// readVariants reads a question again with other numbers in its run and in its text.
func (d *draft) readVariants(p *Predict, b *block, sim *Sim) {
	isn, port := d.varies(b, sim)
	if !isn && !port {
		return
	}
	at := b.kindAt
	if a, ok := b.values["vary"]; ok {
		at = a.at
	}
	if !sim.varies() && !d.canVary(sim, isn, at) {
		return
	}
	for n := 1; n < Variants; n++ {
		v, why := d.variant(b, sim, n, isn, port)
		if why == "" && !sim.varies() && v.key.right != p.key.right && v.asks() == p.asks() {
			why = "the answer is " + v.key.right + ", and the learner sees no number that tells it, for #" + sim.ID + " has others"
		}
		if why != "" {
			d.addSpan("variant", at, "leave vary out, or write into the question, in backquotes, the numbers from which the answer follows", "with other numbers it is another question: %s", why)
			p.Variants = nil
			return
		}
		p.Variants = append(p.Variants, v)
	}
}

// asks is what the learner sees of the question.
func (p *Predict) asks() string { return p.Question + strings.Join(p.Do, "\n") }

// canVary reports a run that has no numbers of its own to put others in the place of.
func (d *draft) canVary(sim *Sim, isn bool, at span) bool {
	given := sim.Scenario.Setup.Hosts
	if isn && len(given[engine.Client].ISNs)+len(given[engine.Server].ISNs) == 0 {
		d.addSpan("attribute-value", at, "write isn 1000 behind a host of the simulator", "no initial sequence number is given that could be another one")
		return false
	}
	return true
}

// varySim makes the variants of a simulator with vary.
func (d *draft) varySim(s *Sim, b *block) {
	isn, port := d.varies(b, s)
	if !isn && !port {
		return
	}
	at := b.values["vary"].at
	if !d.canVary(s, isn, at) {
		return
	}
	for n := 1; n < Variants; n++ {
		varied, err := d.variedRun(s, n, isn, port)
		if err == nil {
			if _, why := renumbering(s.Events, varied.Events); why != "" {
				err = errors.New(why)
			}
		}
		if err != nil {
			d.addSpan("variant", at, "leave vary out, or write a run in which the numbers do not matter", "with other numbers it is another run: %s", err)
			s.Variants = nil
			return
		}
		s.Variants = append(s.Variants, varied.Source)
	}
	s.isn, s.port = isn, port
}

// variedRun is a simulator with the numbers of variant n.
func (d *draft) variedRun(sim *Sim, n int, isn, port bool) (*Sim, error) {
	varied := *sim
	varied.Scenario = d.variedScenario(sim, n, isn, port)
	varied.Source = script.Format(varied.Scenario.Setup, varied.Scenario.Actions)
	type result struct {
		world  engine.World
		events []engine.Event
		err    error
	}
	r := cached(d.cache, "varied\x00"+varied.Source, func() (r result) {
		var list diag.List
		r.world, r.events, list = script.Run(varied.Scenario)
		r.err = list.Err()
		return r
	})
	varied.World, varied.Events = r.world, r.events
	return &varied, r.err
}

// variant reads a question with the numbers of variant n. The second result is why that is not possible.
func (d *draft) variant(b *block, sim *Sim, n int, isn, port bool) (v *Predict, why string) {
	varied, err := d.variedRun(sim, n, isn, port)
	if err != nil {
		return nil, err.Error()
	}
	numbers, why := renumbering(sim.Events, varied.Events)
	if why != "" {
		return nil, why
	}
	text := numbers.rewrite(string(d.text[b.body.start:b.body.end]))
	own := draft{faults: faults{source: newSource(d.file, []byte(text))}, shelf: d.shelf, lesson: d.lesson, anchors: d.anchors,
		sims: maps.Clone(d.sims), badSims: d.badSims, plays: map[string]*played{}, asked: map[string]string{}, cache: d.cache, written: d.writes}
	own.sims[sim.ID] = varied
	block := *b
	block.body = span{0, len(text)}
	v = own.readQuestion(&block)
	if faults := own.list.Errors(); len(faults) > 0 {
		return nil, faults[0].Message
	}
	if v == nil {
		return nil, "it cannot be asked"
	}
	v.Scenario = script.Format(varied.Scenario.Setup, own.plays[b.id].way)
	return v, ""
}

// variedScenario is the scenario of a simulator with other initial sequence numbers, or another port of the client.
func (d *draft) variedScenario(sim *Sim, n int, isn, port bool) *script.Scenario {
	draw := func(what string) uint32 {
		h := fnv.New32a()
		_, _ = fmt.Fprintf(h, "%s#%s %s %d", d.lesson.Slug, sim.ID, what, n)
		return h.Sum32() * 0x9E3779B1
	}
	varied := *sim.Scenario
	for h := range varied.Setup.Hosts {
		host := &varied.Setup.Hosts[h]
		if isn && len(host.ISNs) > 0 {
			// Numbers that a person can add up, and never those of another variant.
			by := wire.Seq(draw(engine.HostID(h).String())%90_000+uint32(n)*100_000) - host.ISNs[0]
			host.ISNs = slices.Clone(host.ISNs)
			for i := range host.ISNs {
				host.ISNs[i] += by
			}
		}
	}
	if client := &varied.Setup.Hosts[engine.Client]; port {
		client.Addr = netip.AddrPortFrom(client.Addr.Addr(), uint16(49152+draw("port")%(65536-49152)))
	}
	return &varied
}

// numbers are the numbers of a run, and what they are in a variant of it.
type numbers struct{ seq, port, all map[uint64]uint64 }

// renumbering compares a run with its variant, which must be the same but for its numbers.
func renumbering(base, varied []engine.Event) (m numbers, why string) {
	m = numbers{map[uint64]uint64{}, map[uint64]uint64{}, map[uint64]uint64{}}
	if len(base) != len(varied) {
		return m, "the run goes another way"
	}
	put := func(to map[uint64]uint64, old, now uint64) {
		for _, to := range []map[uint64]uint64{to, m.all} {
			if was, known := to[old]; known && was != now && why == "" {
				why = fmt.Sprintf("%d is the number of more than one thing", old)
			}
			to[old] = now
		}
	}
	for i := range base {
		x, y := &base[i], &varied[i]
		if x.Kind != y.Kind || x.At != y.At || x.Host != y.Host || x.From != y.From || x.To != y.To || x.Errno != y.Errno || (x.Wire == nil) != (y.Wire == nil) {
			return m, "the run goes another way"
		}
		if x.Wire == nil {
			continue
		}
		if x.Wire.Flags != y.Wire.Flags || len(x.Wire.Payload) != len(y.Wire.Payload) {
			return m, "the run goes another way"
		}
		put(m.seq, uint64(x.Wire.Seq), uint64(y.Wire.Seq))
		if x.Wire.Flags.Has(wire.ACK) {
			put(m.seq, uint64(x.Wire.Ack), uint64(y.Wire.Ack))
		}
		put(m.port, uint64(x.Wire.Src.Port()), uint64(y.Wire.Src.Port()))
		put(m.port, uint64(x.Wire.Dst.Port()), uint64(y.Wire.Dst.Port()))
	}
	return m, why
}

var (
	codeSpans   = regexp.MustCompile("`[^`\n]+`")
	namedNumber = regexp.MustCompile(`\b(seq|ack|isn|port)([ =])([0-9]+)\b`)
	bareNumber  = regexp.MustCompile("^`([0-9]+)`$")
	wrongLine   = regexp.MustCompile(`^wrong +[0-9,]+ *:`)
	digits      = regexp.MustCompile(`[0-9,]+`)
)

// rewrite puts the numbers of the variant into the text of a question.
func (m *numbers) rewrite(text string) string {
	named := func(s string) string {
		if !strings.ContainsAny(s, "0123456789") {
			return s
		}
		return namedNumber.ReplaceAllStringFunc(s, func(s string) string {
			g := namedNumber.FindStringSubmatch(s)
			table := m.seq
			if g[1] == "port" {
				table = m.port
			}
			return g[1] + g[2] + renumbered(table, g[3])
		})
	}
	text = codeSpans.ReplaceAllStringFunc(text, func(s string) string {
		if g := bareNumber.FindStringSubmatch(s); g != nil {
			return "`" + renumbered(m.all, g[1]) + "`"
		}
		return named(s)
	})
	var b strings.Builder
	b.Grow(len(text))
	for line := range strings.Lines(text) {
		switch {
		case strings.HasPrefix(line, "do:"):
			line = named(line)
		case strings.HasPrefix(line, "wrong "):
			line = wrongLine.ReplaceAllStringFunc(line, func(s string) string {
				return digits.ReplaceAllStringFunc(s, func(s string) string { return renumbered(m.all, strings.ReplaceAll(s, ",", "")) })
			})
		}
		b.WriteString(line)
	}
	return b.String()
}

// renumbered is a number in a variant: itself when the run does not have it.
func renumbered(table map[uint64]uint64, s string) string {
	n, err := strconv.ParseUint(s, 10, 64)
	if now, ok := table[n]; ok && err == nil {
		return strconv.FormatUint(now, 10)
	}
	return s
}
