// A capture as a run: it is looked at like any other, and nothing can be done to it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Recorded } from '../../../static/js/sim/recorded.js';
import { Link } from '../../../static/js/sim/socket.js';
import { Store } from '../../../static/js/sim/store.js';
import { handshake, network } from './double.mjs';

async function captured(odd = 0) {
  const net = network(), link = new Link(net.env), store = new Store(link);
  const [first, ...rest] = handshake('R');
  const events = rest.flatMap((f) => f.events ?? []);
  const run = new Recorded(link, { conversation: 0, frame: { ...first, run: '', setup: '', events }, outcome: odd ? 'departs' : 'follows', followed: 3, toClient: 0, toServer: 50000, measured: true, from: 1, to: 3,
    ...(odd ? { odd: { seg: odd, packet: 9, host: 'server', state: 'LISTEN', code: 'wrong-ack', reason: 'Why.', expected: [] } } : {}) }, { title: 'Capture: x', profile: 'linux', segments: 3 });
  await store.load(run, { at: run.oddAt ?? 0 });
  return { net, link, store, run };
}

test('it is there at once, and nobody is asked for it', async () => {
  const { net, store } = await captured();
  assert.equal(store.status.value, 'ready');
  assert.equal(store.more.value, false, 'nothing comes behind its end');
  assert.ok(store.model.value.segments.length >= 3);
  assert.equal(store.first?.title, 'Capture: x');
  assert.equal(net.socket?.sent.length ?? 0, 0);
});

test('it opens where the odd segment is sent', async () => {
  const { store, run } = await captured(2);
  assert.equal(run.oddAt, store.pos.value.t);
  assert.ok(store.model.value.segments.some((s) => s.id === 2 && s.phase === 'flight'));
});

test('doing something is refused with the reason, and changes nothing', async () => {
  const { store, run } = await captured();
  assert.ok(store.recorded.length > 20);
  const before = store.pos.value;
  await assert.rejects(store.act('drop #1'), { message: run.recorded });
  assert.equal(store.branches.value.length, 1);
  assert.deepEqual(store.pos.value, before);
  assert.equal(store.busy.value, false);
});

test('another run takes its place', async () => {
  const { link, store } = await captured();
  void store.load({ scenario: 'x', ahead: true });
  assert.equal(store.recorded, '');
  assert.equal(link.runs.length, 1);
});
