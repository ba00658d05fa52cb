import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Link } from '../../../static/js/sim/socket.js';
import { difference, put, take } from '../../../static/js/sim/path.js';
import { Store, advance, gaps, onPath } from '../../../static/js/sim/store.js';
import { SETUP, dropped, handshake, network, settled, welcome } from './double.mjs';

/** A simulator whose run has arrived. @param {object} [options] */
async function loaded(options) {
  const net = network(), store = new Store(new Link(net.env));
  const ready = store.load({ scenario: 'x', ahead: true }, options);
  net.socket.give(welcome, ...handshake('R'));
  await ready;
  return { net, store };
}

test('a run opens at the asked time and does not move by itself', async () => {
  const { store } = await loaded({ at: 75000 });
  assert.equal(store.status.value, 'ready');
  assert.deepEqual(store.pos.value, { t: 75000, k: 6 });
  assert.equal(store.playing.value, false);
  assert.equal(store.selected.value, 2, 'the segment on the wire is the one that is shown');
});

test('next and back go by steps, to both ends and no further', async () => {
  const { store } = await loaded();
  store.start();
  assert.equal(store.model.value.step, -1);
  const seen = [];
  while (await store.next()) seen.push(store.model.value.step);
  assert.deepEqual(seen, [0, 1, 2, 3, 4]);
  assert.equal(store.atEnd, true);
  for (let i = 3; i >= -1; i--) {
    store.back();
    assert.equal(store.model.value.step, i);
  }
  store.back();
  assert.equal(store.model.value.step, -1);
});

test('looking back asks nobody', async () => {
  const { net, store } = await loaded();
  store.start();
  store.seek(120000);
  store.end();
  store.back();
  assert.equal(net.socket.sent.length, 1);
});

test('acting between two nodes waits the rest of the time there', async () => {
  const { net, store } = await loaded({ at: 75000 });
  assert.deepEqual(store.place(), { at: 3, wait: 25000 });
  const acting = store.act('drop #2');
  assert.equal(store.busy.value, true);
  assert.deepEqual(net.socket.sent.at(-1), { type: 'do', id: 2, run: 'R', at: 3, line: 'drop #2', ahead: true, wait: 25000 });
  net.socket.give(...dropped('R', 2));
  await acting;
  assert.equal(store.busy.value, false);
  assert.equal(store.tip.value, 8);
  assert.deepEqual(store.pos.value, { t: 75000, k: 7 }, 'the time is kept; what was done has happened');
  assert.equal(store.model.value.segments.find((s) => s.id === 2).phase, 'lost');
  assert.equal(store.events.value.at(-1).seg, 4, 'the new future is there');
});

test('acting at a node does not wait; acting before everything is acting at the set-up', async () => {
  const { store } = await loaded();
  store.step(2);
  assert.deepEqual(store.place(), { at: 3, wait: 0 });
  store.start();
  assert.deepEqual(store.place(), { at: 0, wait: 0 });
});

test('an action that is refused changes nothing', async () => {
  const { net, store } = await loaded({ at: 75000 });
  const before = [store.tip.value, store.pos.value, store.events.value];
  const acting = store.act('edit #2 seq=99999999999');
  net.socket.give({ type: 'error', run: 'R', n: 6, re: 2, code: 'out_of_range', message: 'No.', min: 0, max: 4294967295, col: 9 });
  await assert.rejects(acting, (e) => e.max === 4294967295);
  assert.deepEqual([store.tip.value, store.pos.value, store.events.value], before);
  assert.equal(store.busy.value, false);
});

test('the old branch stays and can be chosen; undo goes back through all of it', async () => {
  const { net, store } = await loaded({ at: 75000 });
  assert.equal(store.branches.value.length, 1);
  const acting = store.act('drop #2');
  net.socket.give(...dropped('R', 2));
  await acting;
  assert.deepEqual(store.branches.value.map((b) => [b.tip, b.first, b.line, b.at]), [[5, true, '', 0], [8, false, 'drop #2', 75000]]);
  store.choose(5);
  assert.equal(store.model.value.segments.find((s) => s.id === 2).phase, 'flight');
  assert.equal(store.pos.value.t, 75000, 'at the same time');
  assert.equal(store.undo(), true);
  assert.equal(store.tip.value, 8);
  assert.equal(store.undo(), true);
  assert.equal(store.tip.value, 5);
  assert.equal(store.undo(), false);
  store.choose(8);
  store.reset();
  assert.deepEqual([store.tip.value, store.pos.value.t], [5, 75000]);
});

test('the branch as a scenario: set-up, actions, steps put together', async () => {
  const { net, store } = await loaded({ at: 75000 });
  assert.equal(store.text(), `${SETUP}server listen\nclient connect\nstep 3\n`);
  const acting = store.act('drop #2');
  net.socket.give(...dropped('R', 2));
  await acting;
  assert.equal(store.text(), `${SETUP}server listen\nclient connect\nstep\nwait 25ms\ndrop #2\nstep\n`);
});

test('a rule is added at the start, and everything else is done again after it', async () => {
  const { net, store } = await loaded({ at: 120000 });
  const sent = [];
  let node = 5, n = 6;
  // a server that answers each command with one node without events
  const serve = async () => {
    for (;;) {
      await settled();
      const c = net.socket.sent.at(-1);
      if (c.type !== 'do' || sent.includes(c)) return;
      sent.push(c);
      node++;
      net.socket.give({ type: 'node', run: 'R', n: ++n, node, parent: c.at, line: c.line || 'step', at: 0, events: [] }, { type: 'done', run: 'R', n: ++n, re: c.id, node, last: node, digest: 'x', quiet: true });
    }
  };
  const adding = put(store, 'rule drop 1st SYN');
  await serve();
  const { gone, differs } = await adding;
  assert.deepEqual(sent.map(({ at, wait, line, ahead }) => ({ at, wait, line, ahead })), [
    { at: 0, wait: undefined, line: 'rule drop 1st SYN', ahead: undefined }, { at: 6, wait: undefined, line: 'server listen', ahead: undefined },
    { at: 7, wait: undefined, line: 'client connect', ahead: undefined }, { at: 8, wait: undefined, line: '', ahead: true },
  ]);
  assert.deepEqual([gone, differs], [0, 0]);
  assert.deepEqual(store.onPath.value.map((r) => [r.line, r.node]), [['rule drop 1st SYN', 6]]);
  // without that rule the run is the first one again: that branch is shown, nothing is played again
  const back = await take(store, store.onPath.value[0]);
  assert.equal(store.tip.value, 5);
  assert.equal(sent.length, 4);
  assert.equal(back.differs, 0);
});

test('what stood on the path of a branch, from when to when, and by which number', () => {
  const path = [
    { node: 1, at: 5, line: 'rule drop 1st ACK' }, { node: 2, at: 10, line: 'unrule 1' }, { node: 3, at: 10, line: 'step' }, { node: 4, at: 20, line: 'box syn-proxy' },
    { node: 5, at: 30, line: 'unbox 1' }, { node: 6, at: 30, line: 'mtu 600' }, { node: 7, at: 40, line: 'unbox 9' },
  ];
  assert.deepEqual(onPath('delay 50ms\nrule drop 1st SYN-ACK\nbox nat timeout 60s\n', path).map((x) => [x.line, x.node, x.n, x.from, x.until]), [
    ['rule drop 1st SYN-ACK', 0, 0, 0, 10], ['box nat timeout 60s', 0, 0, 0, 30], ['rule drop 1st ACK', 1, 1, 5, null], ['box syn-proxy', 4, 2, 20, null],
    ['mtu 600', 6, 1, 30, null], // in the place that had become free
  ]);
});

test('the future that is not known is made a step at a time', async () => {
  const net = network(), store = new Store(new Link(net.env));
  const ready = store.load({ scenario: 'x', ahead: false });
  const frames = handshake('R');
  net.socket.give(welcome, ...frames.slice(0, 3), { type: 'done', run: 'R', n: 2, re: 1, node: 2, last: 2, digest: 'a', quiet: false });
  await ready;
  store.end();
  assert.equal(store.more.value, true);
  const next = store.next();
  assert.deepEqual(net.socket.sent.at(-1), { type: 'do', id: 2, run: 'R', at: 2, line: 'step', ahead: false });
  net.socket.give(frames[3], { type: 'done', run: 'R', n: 4, re: 2, node: 3, last: 3, digest: 'b', quiet: false });
  assert.equal(await next, true);
  assert.equal(store.pos.value.t, 50000);
});

test('playing: virtual time at the chosen speed, an end, and no jump after a hidden tab', async () => {
  const { store } = await loaded();
  store.start();
  store.speed.value = 0.05;
  store.play();
  store.tick(100);
  assert.equal(store.pos.value.t, 5000);
  store.tick(3000);
  assert.equal(store.pos.value.t, 5000, 'half a second without a frame is a hidden tab');
  for (let i = 0; i < 40; i++) store.tick(100);
  assert.equal(store.playing.value, false);
  assert.equal(store.atEnd, true);
  store.play();
  assert.equal(store.pos.value.t, 0, 'playing at the end begins again');
});

test('silence is crossed in about a second whatever its length', () => {
  const list = gaps([0, 50000, 90000, 1050000], 50000);
  assert.deepEqual(list, [{ from: 102500, to: 1037500 }]);
  let t = 102500, ms = 0;
  while (t < 1037500) {
    t = advance(t, 10, 0.05, list);
    ms += 10;
  }
  assert.ok(ms >= 990 && ms <= 1010, `${ms} ms`);
  assert.equal(advance(100000, 50, 0.05, list), 102500, 'and not before it begins');
  assert.equal(advance(0, 100, 10, []), 1000000);
});

test('where two runs begin to differ', () => {
  const a = [{ n: 0, t: 0, kind: 'called', host: 'server', call: 'listen' }, { n: 1, t: 50, kind: 'arrived', host: 'server', seg: 1 }];
  const b = [{ n: 0, t: 0, kind: 'rule-added', host: 'network', text: 'x' }, { n: 1, t: 0, kind: 'called', host: 'server', call: 'listen' }, { n: 2, t: 40, kind: 'lost', host: 'network', seg: 1 }];
  assert.equal(difference(a, b), 40);
  assert.equal(difference(a, a.map((e) => ({ ...e, n: e.n + 1 }))), null);
  assert.equal(difference(a, a.slice(0, 1)), 50);
});

test('without a view ahead the run is there, and shown only as far as the learner has come', async () => {
  const net = network(), store = new Store(new Link(net.env));
  const ready = store.load({ scenario: 'x', ahead: false }, { at: 60000 });
  net.socket.give(welcome, ...handshake('R'));
  await ready;
  assert.equal(store.events.value.at(-1).seg, 2);
  assert.deepEqual([store.atEnd, store.more.value], [true, true]);
  assert.equal(await store.next(), true);
  assert.equal(store.pos.value.t, 100000);
  assert.equal(await store.next(), true);
  assert.equal(await store.next(), false);
  assert.equal(net.socket.sent.length, 1, 'nobody had to be asked');
});
