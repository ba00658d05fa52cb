// The drawing of a run is computed twice, here and in Go (web/ladder). Both must give what the fixtures say, to the tenth of a pixel.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { test } from 'node:test';
import { layout, partOf, timeAt, timeOfPart, yAt } from '../../../static/js/sim/geometry.js';

const dir = new URL('../../ladder/testdata/', import.meta.url);
const fixtures = readdirSync(dir).filter((f) => f.endsWith('.json')).map((f) => ({ name: f.replace('.json', ''), ...JSON.parse(readFileSync(new URL(f, dir), 'utf8')) }));
const plain = (v) => JSON.parse(JSON.stringify(v));
const lost = fixtures.find((f) => f.name === 'lost-syn-ack');
const all = fixtures.flatMap((f) => f.layouts.map((l) => [`${f.name} at ${l.width} px`, l, f]));

for (const f of fixtures) {
  for (const want of f.layouts) {
    test(`${f.name} at ${want.width} px is drawn as in Go`, () => assert.deepEqual(plain(layout(f.events, want.width)), want));
  }
}

test('no two pills overlap and none leaves the space between the lanes', () => {
  for (const [name, l] of all) {
    const pills = l.segments.map((s) => s.pills.at(-1)).sort((a, b) => a.y - b.y);
    pills.forEach((p, i) => {
      assert.ok(p.x >= l.client + 6 && p.x + p.w <= l.server - 6, `${name}: pill at ${p.x} to ${p.x + p.w}, lanes at ${l.client} and ${l.server}`);
      assert.ok(p.y >= l.top && p.y + p.h <= l.height, `${name}: pill at ${p.y} in a drawing of ${l.height}`);
      const next = pills[i + 1];
      if (next) assert.ok(next.y >= p.y + p.h + 4, `${name}: a pill ends at ${p.y + p.h}, the next begins at ${next.y}`);
    });
  }
});

test('a pill stands on the line of its segment', () => {
  for (const [name, l] of all) {
    for (const s of l.segments) {
      if (s.ghost.length) continue;
      const p = s.pills.at(-1), mid = p.y + p.h / 2, ys = s.points.map((q) => q[1]);
      assert.ok(mid >= Math.min(...ys) && mid <= Math.max(...ys), `${name}: segment ${s.id} runs from ${Math.min(...ys)} to ${Math.max(...ys)}, its pill is at ${mid}`);
    }
  }
});

test('what is written beside a lane does not overlap', () => {
  for (const [name, l] of all) {
    for (const side of ['start', 'end']) {
      const ys = l.labels.filter((v) => !v.turned && v.anchor === side).map((v) => v.y);
      ys.forEach((y, i) => assert.ok(!i || y - ys[i - 1] >= 15, `${name}: texts at ${ys[i - 1]} and ${y}`));
    }
    const ticks = l.ticks.filter((k) => k.text).map((k) => k.y);
    ticks.forEach((y, i) => assert.ok(!i || y - ticks[i - 1] >= 15, `${name}: times at ${ticks[i - 1]} and ${y}`));
  }
});

test('time never runs upwards, and the place of a time leads back to it', () => {
  for (const [name, l, f] of all) {
    l.knots.forEach((k, i) => assert.ok(!i || (k[0] >= l.knots[i - 1][0] && k[1] >= l.knots[i - 1][1]), `${name}: knot ${i}`));
    for (const e of f.events) {
      const y = yAt(l, { t: e.t }), span = Math.max(...l.knots.map((k, i) => (i && k[1] > l.knots[i - 1][1] ? (k[0] - l.knots[i - 1][0]) / (k[1] - l.knots[i - 1][1]) : 0)));
      assert.ok(Math.abs(timeAt(l, y) - e.t) <= span * 0.01 + 1, `${name}: ${e.t} is at ${y}, where the time is ${timeAt(l, y)}`);
      assert.ok(Math.abs(timeOfPart(l, partOf(l, { t: e.t })) - e.t) <= span * 0.01 + 1, name);
    }
  }
});

test('silence is cut out and says how long it was', () => {
  const l = layout(lost.events, 542);
  assert.deepEqual(l.breaks.map((b) => b.text), ['960 ms of silence']);
  assert.ok(yAt(l, { t: 1_050_000 }) - yAt(l, { t: 90_000 }) < 140);
  const far = fixtures.find((f) => f.name === 'unfinished');
  assert.match(layout(far.events, 542).breaks[0].text, /later$/, 'a segment is on the wire all the time: that is no silence');
});

test('events at one instant have one place, unless a segment takes no time', () => {
  const l = layout(lost.events, 542), at = lost.events.findIndex((e) => e.t === 1_100_000);
  assert.equal(yAt(l, { t: 1_100_000, k: at + 1 }), yAt(l, { t: 1_100_000, k: at + 3 }));
  const instant = fixtures.find((f) => f.name === 'refused'), flat = layout(instant.events, 542);
  assert.ok(yAt(flat, { t: 0, k: instant.events.length }) - yAt(flat, { t: 0, k: 1 }) >= 90, 'two segments without delay, one below the other');
});

test('an accessible name begins with the visible text, word for word', () => {
  for (const [name, l] of all) for (const s of l.segments) assert.ok(s.name.startsWith(s.text), `${name}: "${s.name}" and "${s.text}"`);
  assert.equal(layout(lost.events, 542).segments[2].name, 'SYN ACK again seq 5000 ack 1001, segment 3 from the server, sent at 1,050 ms, arrived at 1,100 ms');
});

test('an empty run is lanes without anything', () => {
  const l = layout([], 542);
  assert.deepEqual([l.segments, l.breaks, l.timers], [[], [], []]);
  assert.deepEqual(l.bands.map((b) => b.state), ['CLOSED', 'CLOSED']);
});
