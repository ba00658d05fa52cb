// A SYN cookie in its parts, against what the engine made: each time they add up to the number on the wire.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { cookieOf } from '../../../static/js/sim/cookie.js'
import { index } from '../../../static/js/sim/fold.js'

/** @import { Segment } from '../../../static/js/sim/model.js' */

const ix = index(JSON.parse(readFileSync(new URL('../../ladder/testdata/cookies.json', import.meta.url), 'utf8')).events)
const seg = (/** @type {number} */ id) => /** @type {Segment} */ (ix.segment.get(id))
const open = (/** @type {number} */ id, k = ix.events.length) => cookieOf(ix, seg(id), k)
const sum = (/** @type {NonNullable<ReturnType<typeof open>>} */ c) => (c.hash + c.isn + c.minute * 2 ** 24 + (c.mss ? c.mss.hash + c.mss.index : c.low)) % 2 ** 32

test('the SYN, the SYN-ACK and the ACK tell of one cookie', () => {
  const all = [1, 2, 3].map((id) => open(id))
  assert.deepEqual(all.map((c) => c?.at), ['syn', 'made', 'back'])
  const wire = seg(2).contents[0]?.wire
  for (const c of all) {
    assert.ok(c?.good && c.mss && c.stamp)
    assert.equal(c.number, wire?.seq)
    assert.equal(sum(c), wire?.seq)
    assert.deepEqual([c.isn, c.minute, c.mss.index, c.mss.mss], [1000, 3, 3, 1460])
    assert.deepEqual([c.stamp.bits, c.stamp.scale, c.stamp.sack, c.stamp.ecn], ['011010', 10, true, false])
    assert.match(c.rest, /^00000011[01]{24}$/)
  }
  assert.equal(((seg(3).contents[0]?.wire.ack ?? 0) - 1) >>> 0, wire?.seq)
})

test('a number that the server never made is taken apart, and names no MSS', () => {
  const id = ix.segments.find((s) => s.forged && s.contents[0]?.wire.flags === 'ACK')?.id ?? 0, c = open(id)
  assert.ok(c)
  assert.deepEqual([c.at, c.good, c.number, c.isn, c.mss, c.stamp], ['back', false, 76, 500, null, null])
  assert.equal(sum(c), 76)
})

test('without timestamps there is only the number', () => {
  const syn = ix.segments.findLast((s) => s.forged && s.contents[0]?.wire.flags === 'SYN'), c = open(syn?.id ?? 0)
  assert.ok(c?.mss)
  assert.deepEqual([c.mss.mss, c.isn, c.stamp], [1300, 300, null])
})

test('before the server has looked there is nothing to open, nor in what has no cookie', () => {
  assert.equal(open(1, seg(1).end?.k ?? 0), null)
  const others = ix.segments.filter((s) => s.contents[0]?.wire.flags.includes('RST'))
  assert.ok(others.length)
  for (const s of others) assert.equal(open(s.id), null)
})
