// The time below a ladder: what is drawn stays where it is, and seconds are within reach of a hand.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { beyond, room } from '../../../static/js/sim/beyond.js'
import { timeAt, yAt } from '../../../static/js/sim/geometry.js'

/** @import { Layout } from '../../../static/js/sim/model.js' */

/** A ladder of 100 ms with a band that goes on and one that does not. */
const ladder = /** @type {Layout} */ (/** @type {unknown} */ ({
  height: 520, bottom: 500, knots: [[0, 30], [100_000, 480], [114_000, 500]], moments: [], ticks: [{ t: 100_000, y: 480, text: '100' }],
  bands: [{ y0: 14, y1: 500 }, { y0: 14, y1: 200 }], timers: [{ y0: 100, y1: 500 }],
}))
const grown = (/** @type {number} */ y) => beyond(ladder, 50_000, y, 60_000_000)

test('what is drawn stays where it is; only what goes on becomes longer', () => {
  assert.equal(beyond(ladder, 50_000, 500, 60_000_000), ladder, 'within the drawing')
  assert.equal(beyond(ladder, 50_000, 900, 100_000), ladder, 'nothing below what is drawn can be reached')
  const l = grown(600)
  assert.equal(l.bottom, 600)
  assert.equal(l.height, 620)
  for (const t of [0, 50_000, 100_000]) assert.equal(yAt(l, { t }), yAt(ladder, { t }))
  assert.deepEqual(l.bands.map((b) => b.y1), [600, 200])
  assert.deepEqual(l.timers.map((b) => b.y1), [600])
})

test('the first stretch has the scale of the ladder, each one below ten times the time', () => {
  const l = grown(5000)
  assert.equal(timeAt(l, 710), 264_000)
  assert.equal(timeAt(l, 920), 1_764_000)
  assert.equal(timeAt(l, 1130), 16_764_000)
  // and back
  for (const t of [150_000, 1_000_000, 10_000_000]) assert.ok(Math.abs(timeAt(l, yAt(l, { t })) - t) <= 1)
})

test('it ends at the limit', () => {
  const l = grown(100_000)
  assert.equal(timeAt(l, l.bottom), 60_000_000)
  assert.equal(yAt(l, { t: 60_000_000 }), l.bottom)
})

test('its ticks are round times, in order, and do not touch', () => {
  const ticks = grown(5000).ticks
  assert.deepEqual(ticks.slice(0, 5).map((k) => k.text), ['100', '150', '200', '250', '500'])
  assert.ok(ticks.every((k, i) => !i || k.y - (ticks[i - 1]?.y ?? 0) >= 17))
  assert.ok((ticks.at(-1)?.t ?? 0) >= 50_000_000)
})

test('a box stands below its pill, else above it, else below all that is in its way', () => {
  const pill = (/** @type {number} */ y, x = 100) => ({ x, y, w: 100, h: 40 }), at = (/** @type {{ x: number, y: number, w: number, h: number }[]} */ ...others) => room(others, 150, 200, 40, 120, 36)
  assert.equal(at(), 246)
  assert.equal(at(pill(300), pill(110)), 246, 'others are far enough away')
  assert.equal(at(pill(250, 400)), 246, 'beside it')
  assert.equal(at(pill(248)), 158)
  assert.equal(at(pill(248), pill(152)), 294)
  assert.equal(at(pill(248), pill(296), pill(152)), 342)
  assert.equal(room([pill(48)], 150, 0, 40, 120, 36), 94, 'not above the diagram')
})
