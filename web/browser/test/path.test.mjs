// A run with one thing on its path changed: whom "unrule 2" means stays the same, whatever number that is now.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { changed, offers, suggestions } from '../../../static/js/sim/path.js'
import { onPath } from '../../../static/js/sim/store.js'

const setup = 'client 192.0.2.1:54321\ndelay 50ms\nrule drop 1st SYN\nrule drop 1st SYN-ACK\nbox nat timeout 60s\n'
const actions = (/** @type {[number, string][]} */ ...list) => list.map(([at, line], i) => ({ node: i + 1, at, line }))
/** @param {ReturnType<typeof actions>} list @param {string} line */
const item = (list, line) => {
  const found = onPath(setup, /** @type {any} */ (list)).find((x) => x.line === line)
  assert.ok(found)
  return found
}
const lines = (/** @type {{ line: string }[]} */ list) => list.map((a) => a.line)

test('something more comes behind what was changed at the start, and before everything else', () => {
  const list = actions([0, 'rule drop 1st ACK'], [0, 'client connect'], [50, 'drop #2'])
  assert.deepEqual(changed(setup, list, { add: 'box syn-proxy' }), [
    { line: 'rule drop 1st ACK', at: 0 }, { line: 'box syn-proxy', at: 0, must: true }, { line: 'client connect', at: 0 }, { line: 'drop #2', at: 50 },
  ])
})

test('what is taken away later keeps its name when something comes before it', () => {
  const list = actions([0, 'client connect'], [50, 'rule drop every ACK'], [60, 'box syn-proxy'], [90, 'unrule 3'], [95, 'unbox 2'])
  assert.deepEqual(lines(changed(setup, list, { add: 'rule drop 1st FIN' })), ['rule drop 1st FIN', 'client connect', 'rule drop every ACK', 'box syn-proxy', 'unrule 4', 'unbox 2'])
  assert.deepEqual(lines(changed(setup, list, { add: 'box strip sack' })), ['box strip sack', 'client connect', 'rule drop every ACK', 'box syn-proxy', 'unrule 3', 'unbox 3'])
})

test('of the set-up it is taken away at the start; what was done is left out, with its end', () => {
  const list = actions([0, 'unrule 2'], [0, 'client connect'], [50, 'rule drop every ACK'], [90, 'unrule 2'])
  assert.deepEqual(lines(changed(setup, list, { without: item(list, 'rule drop 1st SYN') })), ['unrule 2', 'unrule 1', 'client connect', 'rule drop every ACK', 'unrule 1'])
  assert.deepEqual(lines(changed(setup, list, { without: item(list, 'rule drop every ACK') })), ['unrule 2', 'client connect'])
  assert.deepEqual(lines(changed(setup, list, { without: item(list, 'box nat timeout 60s') })), ['unrule 2', 'unbox 1', 'client connect', 'rule drop every ACK', 'unrule 2'])
  assert.deepEqual(lines(changed(setup, [], { without: item([], 'rule drop 1st SYN') })), ['unrule 1'])
})

test('rules on offer are about what is sent in the run, the SYN-ACK first, and none that is there', () => {
  const sent = (/** @type {string} */ flags) => /** @type {any} */ ({ kind: 'sent', wire: { flags } })
  const list = suggestions([sent('SYN'), sent('SYN,ACK'), sent('ACK')], ['drop 1st SYN'])
  assert.equal(list[0]?.line, 'drop 1st SYN-ACK')
  assert.ok(!list.some((r) => r.line === 'drop 1st SYN') && list.some((r) => r.line === 'drop 2nd SYN'))
  assert.ok(offers('8080').some((b) => b.line === 'box firewall drop port 8080'))
})
