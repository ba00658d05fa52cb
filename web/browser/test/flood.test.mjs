// What the page of the flood tells, from what the server has counted.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { milestones, sampleAt } from '../../../static/js/flood/story.js'

/** @type {import('../../../static/js/flood/story.js').Run} */
const run = {
  length: 10e6, room: 2, path: '', parts: null, outcome: {},
  samples: [{ at: 50, queue: 1, syns: 1, dropped: 0, cookies: 0 }, { at: 150, queue: 2, syns: 2, dropped: 0, cookies: 0 }, { at: 250, queue: 2, syns: 3, dropped: 1, cookies: 0 }],
  client: { syns: [2e6, 3e6], connected: 0, served: 0 },
}

test('how things stand is what came last', () => {
  assert.equal(sampleAt(run, 0).queue, 0)
  assert.equal(sampleAt(run, 50).queue, 1)
  assert.equal(sampleAt(run, 249).syns, 2)
  assert.equal(sampleAt(run, 9e6).dropped, 1)
  assert.equal(sampleAt({ ...run, samples: [] }, 9e6).queue, 0)
})

test('the story of a client that stays outside, and of one that comes in', () => {
  assert.deepEqual(milestones(run).map((m) => [m.at, m.what]), [[0, 'begins'], [150, 'full'], [250, 'first-drop'], [2e6, 'connect'], [3e6, 'again'], [10e6, 'never']])
  const cookies = { ...run, samples: [...run.samples.slice(0, 2), { at: 250, queue: 2, syns: 3, dropped: 0, cookies: 1 }], client: { syns: [2e6], connected: 2.1e6, served: 2.15e6 } }
  assert.deepEqual(milestones(cookies).map((m) => m.what), ['begins', 'full', 'first-cookie', 'connect', 'connected', 'served'])
})
