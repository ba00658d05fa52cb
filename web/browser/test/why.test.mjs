// The path of a segment through the checks of RFC 9293 section 3.10.7, the number lines beside it, and relative numbers.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { afterEach, test } from 'node:test';
import { index } from '../../../static/js/sim/fold.js';
import { ahead, draw, inside } from '../../../static/js/sim/line.js';
import { ackOf, paramOf, relative, seqOf } from '../../../static/js/sim/numbers.js';
import { ruleSentence, told } from '../../../static/js/sim/sentence.js';
import { pathOf, receiveLine, sendLine } from '../../../static/js/sim/why.js';

const load = (name) => index(JSON.parse(readFileSync(new URL(`../../ladder/testdata/${name}.json`, import.meta.url), 'utf8')).events);
const lost = load('lost-syn-ack'), hand = load('by-hand');
const path = (ix, seg, k = ix.events.length) => pathOf(ix, ix.segment.get(seg), k);
const marks = (p) => p.steps.map((s) => `${s.n} ${s.status}`).join(', ');
afterEach(() => { relative.value = false; });

test('a segment that has not arrived has no path, nor one that is lost', () => {
  const arrives = lost.segment.get(1).end.k;
  assert.equal(path(lost, 1, arrives), null);
  assert.ok(path(lost, 1, arrives + 1));
  assert.equal(path(lost, 2), null, 'the SYN-ACK was dropped');
});

test('a SYN at a listener: third check of section 3.10.7.2', () => {
  const p = path(lost, 1);
  assert.deepEqual([p.host, p.state, p.section, p.fate, p.end], ['server', 'LISTEN', '2', 'accepted', 3]);
  assert.equal(marks(p), '0 pass, 1 pass, 2 pass, 3 pass, 4 rest');
  assert.deepEqual(p.answers.map((s) => s.id), [2]);
  assert.deepEqual(p.after.filter((e) => e.kind === 'state').map((e) => [e.from, e.to]), [['LISTEN', 'SYN-RECEIVED']]);
  assert.equal(receiveLine(p), null, 'a listener has no window');
});

test('a SYN-ACK in SYN-SENT opens; what is not of the list stands apart', () => {
  const p = path(lost, 3);
  assert.deepEqual([p.state, p.section, p.fate, p.end], ['SYN-SENT', '3', 'accepted', 4]);
  assert.equal(marks(p), '0 pass, 1 pass, 2 pass, 3 over, 4 pass, 5 rest');
  assert.ok(p.steps[4].notes.some((e) => e.rule === '9293:3.7.1/mss') && p.steps[4].checks.every((e) => e.rule.startsWith('9293:3.10.7.3/')));
  const line = sendLine(p);
  assert.deepEqual(line.points.map((q) => [q.name, q.v]), [['SND.UNA', 1000], ['SND.NXT', 1001], ['SEG.ACK', 1001]]);
});

test('an ACK goes through all eight', () => {
  const p = path(lost, 4);
  assert.deepEqual([p.state, p.section, p.fate, p.end], ['SYN-RECEIVED', '4', 'accepted', 8]);
  assert.equal(marks(p), '0 pass, 1 pass, 2 pass, 3 over, 4 pass, 5 pass, 6 over, 7 over, 8 over');
  const line = receiveLine(p);
  assert.deepEqual(line.points.map((q) => [q.name, q.v]), [['RCV.NXT', 1001], ['RCV.NXT+RCV.WND', 66536], ['SEG.SEQ', 1001]]);
});

test('in the middle of a step the path goes as far as the playhead', () => {
  const end = lost.segment.get(4).end.k, second = lost.events.findIndex((e) => e.n > end && e.rule === '9293:3.10.7.4/2') + 1;
  const p = path(lost, 4, second);
  assert.deepEqual([p.fate, p.end, p.after], ['open', 2, []]);
  assert.equal(marks(p), '0 pass, 1 pass, 2 pass, 3 rest, 4 rest, 5 rest, 6 rest, 7 rest, 8 rest');
});

test('what is unacceptable ends at the first check and is answered', () => {
  const [seg] = hand.events.filter((e) => e.kind === 'discarded' && e.rule === '9293:3.10.7.4/1').map((e) => e.seg);
  const p = path(hand, seg);
  assert.deepEqual([p.fate, p.end, p.answers.length], ['dropped', 1, 1]);
  assert.equal(marks(p), '0 pass, 1 fail, 2 rest, 3 rest, 4 rest, 5 rest, 6 rest, 7 rest, 8 rest');
  const wrong = hand.events.find((e) => e.kind === 'discarded' && e.rule === '9293:3.10.7.3/1');
  assert.equal(marks(path(hand, wrong.seg)), '0 pass, 1 fail, 2 rest, 3 rest, 4 rest, 5 rest');
});

test('an RST in CLOSED is dropped, anything else is refused', () => {
  const wire = (flags) => ({ src: '192.0.2.1:1', dst: '192.0.2.2:2', seq: 7, ack: 9, flags, len: 0, payload: '' });
  const run = (flags, more) => index([
    { n: 0, t: 0, kind: 'forged', host: 'network', seg: 1, toward: 'server', due: 5, wire: wire(flags) }, { n: 1, t: 5, kind: 'arrived', host: 'server', seg: 1 }, ...more,
  ]);
  const rst = path(run('RST', [{ n: 2, t: 5, kind: 'discarded', host: 'server', seg: 1, rule: '9293:3.10.7.1/rst' }]), 1);
  assert.deepEqual([rst.section, rst.end, rst.fate, marks(rst)], ['1', 1, 'dropped', '0 pass, 1 fail, 2 rest']);
  const ack = path(run('ACK', [{ n: 2, t: 5, kind: 'sent', host: 'server', seg: 2, toward: 'client', due: 9, rule: '9293:3.10.7.1/ack', args: [9], wire: wire('RST') }]), 1);
  assert.deepEqual([ack.state, ack.section, ack.end, ack.answers.length], ['CLOSED', '1', 2, 1]);
});

// ---------------------------------------------------------------- number lines

const own = (v, name) => ({ v, name, side: 'above' }), seg = (v, name) => ({ v, name, side: 'below' });

test('points stand in their order, also where the numbers wrap around', () => {
  const d = draw({ origin: 4294967290, points: [own(4294967290, 'RCV.NXT'), own(65529, 'edge'), seg(4, 'SEG.SEQ')], stretches: [{ from: 4294967290, to: 65529, cls: 'window' }] }, 400, String);
  const x = Object.fromEntries(d.labels.map((l) => [l.name, l.x]));
  assert.ok(x['RCV.NXT'] < x['SEG.SEQ'] && x['SEG.SEQ'] < x.edge, JSON.stringify(x));
  assert.deepEqual(d.gaps.map((g) => g.n), [10, 65525]);
  assert.deepEqual([d.bands[0].x0, d.bands[0].x1], [x['RCV.NXT'], x.edge]);
  assert.equal(ahead(4294967295, 1), 2);
  assert.equal(ahead(1, 4294967295), -2);
  assert.ok(inside(3, 4294967290, 10) && !inside(4, 4294967290, 10));
});

test('what is far away is an arrow at its end, with the distance', () => {
  const d = draw({ origin: 1000, points: [own(1000, 'RCV.NXT'), own(66535, 'edge'), seg(3000000000, 'before'), seg(900000000, 'behind'), seg(500, 'near')], stretches: [] }, 400, String);
  const far = Object.fromEntries(d.labels.map((l) => [l.name, l.far]));
  assert.deepEqual(far, { 'RCV.NXT': 0, edge: 0, near: 0, before: ahead(1000, 3000000000), behind: 900000000 - 66535 });
  const x = Object.fromEntries(d.labels.map((l) => [l.name, l.x]));
  assert.ok(x.before < x.near && x.near < x['RCV.NXT'] && x.edge < x.behind);
});

test('labels do not lie on each other and stay inside, at every width', () => {
  for (const width of [260, 320, 420, 700]) {
    const d = draw({ origin: 0, points: [own(0, 'SND.UNA'), own(1, 'SND.NXT'), own(3, 'SND.UNA+SND.WND'), seg(2, 'SEG.ACK'), seg(2, 'SEG.SEQ')], stretches: [] }, width, String);
    for (const side of ['above', 'below']) {
      const labels = d.labels.filter((l) => l.side === side);
      for (const a of labels) {
        const w = 7.6 * a.name.length;
        assert.ok(a.left >= 0 && a.left + w <= width + 0.01, `${a.name} at ${a.left} of ${width}`);
        for (const b of labels) assert.ok(a === b || a.row !== b.row || a.left + w <= b.left || b.left + 7.6 * b.name.length <= a.left, `${a.name} and ${b.name} at ${width}`);
      }
    }
    assert.ok(d.labels.some((l) => l.name === 'SEG.ACK = SEG.SEQ'), 'one place, one label');
  }
});

// ---------------------------------------------------------------- relative numbers

test('relative numbers count from the SYN of each direction, in segments, sentences and rules', () => {
  const synAck = lost.segment.get(3).contents[0].wire, check = lost.events.find((e) => e.rule === '9293:3.10.7.4/1' && e.kind === 'check');
  assert.deepEqual([seqOf(synAck), ackOf(synAck)], [5000, 1001]);
  const before = told(lost).map((s) => s.text).join(' '), sentence = ruleSentence(check);
  assert.match(before, /seq 5000, ack 1001/);
  relative.value = true;
  assert.deepEqual([seqOf(synAck), ackOf(synAck)], [0, 1]);
  const after = told(lost).map((s) => s.text).join(' ');
  assert.match(after, /seq 0, ack 1/);
  assert.doesNotMatch(after, /5000|1001/);
  assert.match(sentence, /1001, 0 numbers long/);
  assert.match(ruleSentence(check), /^1, 0 numbers long, lies in the window that begins at 1 /);
  relative.value = false;
  assert.equal(told(lost).map((s) => s.text).join(' '), before);
});

test('where the choice of an initial number is the point, the number is that of the wire', () => {
  const open = lost.events.find((e) => e.rule === '9293:3.10.1/active');
  relative.value = true;
  assert.equal(paramOf(open, 'ISS', 1000), 0);
  assert.equal(paramOf({ ...open, rule: '6528:3' }, 'ISS', 1000), 1000);
  assert.equal(paramOf(open, 'count', 1000), 1000);
});
