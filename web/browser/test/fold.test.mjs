// What a run looks like at a position: fold.js over runs that the engine made.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { after, back, changed, fold, index, next, seek, segmentAt } from '../../../static/js/sim/fold.js';

const load = (name) => index(JSON.parse(readFileSync(new URL(`../../ladder/testdata/${name}.json`, import.meta.url), 'utf8')).events);
const lost = load('lost-syn-ack'), hand = load('by-hand'), rules = load('rules');
const at = (ix, ms) => fold(ix, seek(ix, ms * 1000));

test('the states and variables of both hosts, as in the lesson', () => {
  const m = at(lost, 1075);
  assert.equal(m.hosts.client.state, 'SYN-SENT');
  assert.equal(m.hosts.server.state, 'SYN-RECEIVED');
  assert.equal(m.hosts.server.since, 50_000);
  assert.deepEqual([m.hosts.client.vars.iss, m.hosts.client.vars['snd.una'], m.hosts.client.vars['snd.nxt'], m.hosts.client.vars.irs], [1000, 1000, 1001, undefined]);
  assert.equal(m.hosts.server.vars.rto, 2_000_000);
  assert.equal(m.hosts.server.before.rto, 1_000_000, 'what the step changed can be told from what was before it');
  assert.ok(changed(m.hosts.server.vars, m.hosts.server.before).includes('rto'));
  assert.deepEqual(m.hosts.server.timers.map((s) => s.due), [3_050_000]);
});

test('a server that listens says so before the first segment', () => {
  assert.equal(at(lost, 0).hosts.server.state, 'LISTEN');
  assert.equal(fold(lost, after(lost, -1)).hosts.server.state, 'CLOSED');
});

test('a segment in flight is where its time says', () => {
  const m = at(lost, 1075);
  assert.deepEqual(m.segments.map((s) => s.phase), ['arrived', 'lost', 'flight', 'future', 'future', 'future']);
  assert.equal(m.segments[2].f, 0.5);
  assert.deepEqual(m.flying.map((s) => [s.id, s.due]), [[3, 1_100_000]]);
  assert.equal(m.segments[1].f, 0.8, 'what the path loses dies after four fifths of its way');
  assert.equal(m.segments[2].seg.again, 2);
  assert.equal(m.segments[3].seg.again, 0);
});

test('several events at one instant are steps of their own', () => {
  const k = lost.events.findIndex((e) => e.kind === 'arrived' && e.seg === 3), t = lost.events[k].t;
  assert.equal(segmentAt(lost.segment.get(3), { t, k }).phase, 'flight');
  assert.equal(segmentAt(lost.segment.get(3), { t, k: k + 1 }).phase, 'arrived');
  assert.equal(fold(lost, { t, k: k + 1 }).hosts.client.state, 'SYN-SENT');
  assert.equal(fold(lost, { t, k: lost.events.length }).hosts.client.state, 'ESTABLISHED');
});

test('next and back walk the same steps and stop at both ends', () => {
  for (const ix of [lost, hand, rules]) {
    const there = [after(ix, -1)];
    for (let pos = next(ix, there[0]); pos.k !== there.at(-1).k; pos = next(ix, pos)) there.push(pos);
    assert.equal(there.length, ix.steps.length + 1);
    assert.deepEqual(there.at(-1), { t: ix.times.at(-1), k: ix.events.length });
    const home = [there.at(-1)];
    for (let pos = back(ix, home[0]); pos.k !== home.at(-1).k; pos = back(ix, pos)) home.push(pos);
    assert.deepEqual(home.reverse(), there);
    assert.deepEqual(ix.steps.map((s) => s.k0), [0, ...ix.steps.slice(0, -1).map((s) => s.k1)], 'every event is in one step');
  }
});

test('back from between two steps goes to the end of the one before', () => {
  const pos = seek(lost, 1_075_000);
  assert.deepEqual(back(lost, pos), { t: 1_050_000, k: pos.k });
});

test('a step is one due thing with what follows from it', () => {
  const step = lost.steps.find((s) => s.t === 1_050_000);
  assert.deepEqual([step.kind, step.host, step.sent], ['timer-fired', 'server', [3]]);
  const first = rules.steps.find((s) => s.kind === 'called' && s.sent.length);
  assert.deepEqual(rules.events.slice(first.k0, first.k1).filter((e) => e.kind === 'delayed').length, 1, 'a rule of the path that delays a segment belongs to its sending');
});

test('what the hand does: copies start where the original is, held ones stay, edits keep what was', () => {
  const copy = hand.segment.get(3);
  assert.equal(copy.of, 2);
  assert.equal(copy.legs[0].f0, 2000);
  const held = at(hand, 1060).segments[2];
  assert.deepEqual([held.phase, held.due, held.f], ['held', null, at(hand, 1021).segments[2].f]);
  const released = at(hand, 1115).segments[2];
  assert.equal(released.phase, 'flight');
  assert.ok(released.f > held.f && released.f < 1);
  const [before, later] = [at(hand, 1060).segments[3], at(hand, 1075).segments[3]];
  assert.deepEqual([before.wire.ack, before.was, before.edited], [1001, null, []]);
  assert.deepEqual([later.wire.ack, later.was.ack, later.edited], [305, 1001, ['ack']]);
  assert.equal(at(hand, 1130).segments[5].seg.forged, true);
});

test('a thrown away segment is told from one that was taken, but not before it arrived', () => {
  const k = hand.events.findIndex((e) => e.kind === 'discarded'), seg = hand.events[k].seg;
  assert.equal(segmentAt(hand.segment.get(seg), { t: hand.times[k], k }).discarded, false);
  assert.equal(segmentAt(hand.segment.get(seg), { t: hand.times[k], k: k + 1 }).discarded, true);
  assert.equal(at(lost, 2000).segments[0].discarded, false);
});

test('the model at a position is that of the events so far, whatever comes after', () => {
  for (const ix of [lost, hand, rules]) {
    for (let k = 0; k <= ix.events.length; k++) {
      const t = ix.times[Math.max(0, k - 1)] ?? 0, whole = fold(ix, { t, k }), sofar = fold(index(ix.events.slice(0, k)), { t, k });
      for (const host of ['client', 'server']) assert.deepEqual([whole.hosts[host].state, whole.hosts[host].vars], [sofar.hosts[host].state, sofar.hosts[host].vars], `${host} after ${k} events`);
      // inside a step a rule of the path may not have had its say yet
      if (!ix.steps.some((s) => s.k1 === k)) continue;
      assert.deepEqual(whole.flying.map((s) => [s.id, s.phase, s.due, s.f]), sofar.flying.map((s) => [s.id, s.phase, s.due, s.f]), `on the wire after ${k} events`);
    }
  }
});

test('ten thousand events are read once, and folded at any place', () => {
  const events = [];
  for (let i = 0; events.length < 10_000; i++) {
    const wire = { ...lost.events.find((e) => e.wire).wire, seq: i };
    events.push({ n: events.length, t: i * 1000, kind: 'sent', host: 'client', seg: i + 1, due: i * 1000 + 50_000, wire });
    if (i >= 50) events.push({ n: events.length, t: i * 1000, kind: 'arrived', host: 'server', seg: i - 49 });
  }
  const ix = index(events);
  for (let i = 0; i < 100; i++) {
    const at = seek(ix, i * 50_000);
    assert.equal(fold(ix, at).segments.filter((s) => s.phase !== 'future').length, events.filter((e) => e.kind === 'sent' && e.t <= at.t).length);
  }
  assert.equal(index(events), ix, 'an array is read once');
});
