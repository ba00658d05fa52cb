// The history of a run: its tree as a picture, on until something happens, walking by checks.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CHECKS, backCheck, checkAt, nextCheck } from '../../../static/js/sim/checks.js';
import { index } from '../../../static/js/sim/fold.js';
import { tree } from '../../../static/js/sim/history.js';
import { Link } from '../../../static/js/sim/socket.js';
import { Store, advance, gaps } from '../../../static/js/sim/store.js';
import { MOST, find, go } from '../../../static/js/sim/until.js';
import { dropped, handshake, network, settled, welcome } from './double.mjs';

/** A simulator whose run has arrived. @param {object} [options] */
async function loaded(options, source = { scenario: 'x', ahead: true }, frames = handshake('R')) {
  const net = network(), store = new Store(new Link(net.env));
  const ready = store.load(source, options);
  net.socket.give(welcome, ...frames);
  await ready;
  return { net, store };
}

const branch = (tip, from, at, first = false) => ({ tip, from, at, first, line: first ? '' : 'drop #1', rule: '' });

test('a branch knows which one it left', async () => {
  const { net, store } = await loaded({ at: 75000 });
  const acting = store.act('drop #2');
  net.socket.give(...dropped('R', 2));
  await acting;
  assert.deepEqual(store.branches.value.map((b) => [b.tip, b.from]), [[5, 0], [8, 5]]);
  // a branch of the branch: it leaves the second, not the first
  const again = store.act('hold #4');
  net.socket.give({ type: 'node', run: 'R', n: 11, node: 9, parent: 7, line: 'client close', at: 75000, events: [] }, { type: 'done', run: 'R', n: 12, re: 3, node: 9, last: 9, digest: 'x', quiet: true });
  await again;
  assert.deepEqual(store.branches.value.map((b) => [b.tip, b.from]), [[5, 0], [8, 5], [9, 8]]);
});

test('the picture of the tree: the branch that leaves last stands next, so that no lines cross', () => {
  const { rows, columns } = tree([branch(5, 0, 0, true), branch(8, 5, 20), branch(11, 5, 75), branch(14, 11, 90)], 14);
  assert.deepEqual(rows.map((r) => r.branch.tip), [5, 11, 14, 8]);
  assert.deepEqual(rows.map((r) => r.x), [0, 2, 3, 1]);
  assert.equal(columns, 4);
  assert.deepEqual(rows.map((r) => r.leaves), [[2, 1], [3], [], []]);
  assert.deepEqual(rows.map((r) => r.through), [[], [1], [1], []], 'the line of the last row passes both rows above it');
  for (const [i, r] of rows.entries()) for (const c of r.through) assert.ok(c < r.x, `row ${i} is not crossed`);
});

test('the picture of the tree: the branch that is shown is marked back to its beginning', () => {
  const branches = [branch(5, 0, 0, true), branch(8, 5, 20), branch(11, 5, 75), branch(14, 11, 90)];
  assert.deepEqual(tree(branches, 14).rows.map((r) => r.on), [[0, 2], [2, 3], [3, Infinity], null]);
  assert.deepEqual(tree(branches, 14).rows.map((r) => r.down), [[2], [3], [], []]);
  assert.deepEqual(tree(branches, 8).rows.map((r) => r.on), [[0, 1], null, null, [1, Infinity]]);
  assert.deepEqual(tree(branches, 8).rows.map((r) => r.down), [[1], [1], [1], []]);
  assert.deepEqual(tree(branches, 5).rows.map((r) => r.on), [[0, Infinity], null, null, null]);
});

test('on until: what is known is found at once, and nobody is asked', async () => {
  const { net, store } = await loaded();
  store.start();
  const ix = store.index.value;
  assert.deepEqual(find(ix, { t: 0, k: 0 }, 'sent'), { t: 0, k: 4 }, 'the whole step in which it happens');
  assert.deepEqual(find(ix, { t: 0, k: 4 }, 'sent'), { t: 50000, k: 6 }, 'a new one, not the one before');
  assert.deepEqual(find(ix, { t: 0, k: 0 }, 'arrived'), { t: 50000, k: 6 });
  assert.deepEqual(find(ix, { t: 0, k: 4 }, 'state'), { t: 100000, k: 9 });
  assert.equal(find(ix, { t: 0, k: 0 }, 'lost'), null);
  assert.equal(await go(store, 'state', new AbortController().signal, () => assert.fail('nobody has to be asked')), 'found');
  assert.deepEqual(store.pos.value, { t: 0, k: 4 });
  assert.equal(await go(store, 'lost', new AbortController().signal, () => {}), 'end');
  assert.deepEqual(store.pos.value, { t: 0, k: 4 }, 'what does not come moves nothing');
  assert.equal(net.socket.sent.length, 1);
});

/** A server that answers each command with its steps, in which nothing is told, up to a last one; more than that it refuses. */
function serve(net, { first, last = Infinity, event }) {
  let node = first, n = first, at = 0;
  return async () => {
    for (let asked = net.socket.sent.length - 1; ; asked++) {
      await settled();
      const c = net.socket.sent[asked];
      if (c?.type !== 'do') return node - first;
      const steps = Number(c.line.split(' ')[1] ?? 1);
      if (node + steps > last) {
        net.socket.give({ type: 'error', run: 'R', n, re: c.id, code: 'quiet', message: 'Nothing is due any more.' });
        continue;
      }
      for (let i = 0; i < steps; i++) {
        at += 1000;
        node++;
        const events = node === last ? [event] : [{ kind: 'timer-set', host: 'client', timer: 'keepalive', due: at + 1000 }];
        net.socket.give({ type: 'node', run: 'R', n: ++n, node, parent: node - 1, line: 'step', at, events: events.map((e) => ({ n: 0, t: at, ...e })) });
      }
      net.socket.give({ type: 'done', run: 'R', n: ++n, re: c.id, node, last: node, digest: 'x', quiet: node === last });
    }
  };
}

/** A run of which nobody knows how it goes on. */
const open = (ahead = false) => loaded({}, { scenario: 'x', ahead }, [...handshake('R').slice(0, 3), { type: 'done', run: 'R', n: 2, re: 1, node: 2, last: 2, digest: 'a', quiet: false }]);

test('on until: behind the known end the engine is asked, for more and more at once', async () => {
  const { net, store } = await open(true);
  store.end();
  const pos = store.pos.value, counts = [];
  const going = go(store, 'lost', new AbortController().signal, (n) => counts.push(n));
  await serve(net, { first: 2, last: 9, event: { kind: 'lost', host: 'network', seg: 1 } })();
  assert.equal(await going, 'found');
  assert.notEqual(store.pos.value, pos);
  assert.equal(store.events.value[store.pos.value.k - 1].kind, 'lost');
  assert.deepEqual(net.socket.sent.slice(1).map((c) => c.line), ['step', 'step 2', 'step 4'], 'seven steps');
  assert.deepEqual(counts, [1, 3, 7]);
});

test('on until: when fewer steps are left than asked for, they are taken one by one', async () => {
  const { net, store } = await open(true);
  store.end();
  const going = go(store, 'lost', new AbortController().signal, () => {});
  await serve(net, { first: 2, last: 4, event: { kind: 'lost', host: 'network', seg: 1 } })();
  assert.equal(await going, 'found');
  assert.deepEqual(net.socket.sent.slice(1).map((c) => c.line), ['step', 'step 2', 'step']);
});

test('on until: whoever must not see the future gets no step too many', async () => {
  const { net, store } = await open(false);
  store.end();
  const going = go(store, 'lost', new AbortController().signal, () => {});
  await serve(net, { first: 2, last: 9, event: { kind: 'lost', host: 'network', seg: 1 } })();
  assert.equal(await going, 'found');
  assert.deepEqual(net.socket.sent.slice(1).map((c) => c.line), Array(7).fill('step'));
});

test('on until: the learner can stop it, and stays where they were', async () => {
  const { net, store } = await open();
  store.end();
  const pos = store.pos.value, stop = new AbortController();
  const going = go(store, 'lost', stop.signal, (n) => n === 3 && stop.abort());
  await serve(net, { first: 2 })();
  assert.equal(await going, 'stopped');
  assert.equal(store.pos.value, pos);
  assert.equal(net.socket.sent.length, 4);
});

test('on until: it has a bound', async () => {
  const { net, store } = await open(true);
  store.end();
  const going = go(store, 'lost', new AbortController().signal, () => {});
  assert.equal(await serve(net, { first: 2 })(), MOST);
  assert.equal(await going, 'far');
});

test('by checks: a stop behind each check of an arrival, then at its end', () => {
  const ix = index([
    { n: 0, t: 0, kind: 'called', host: 'client', call: 'connect' },
    { n: 1, t: 50, kind: 'arrived', host: 'server', seg: 1 },
    { n: 2, t: 50, kind: 'check', host: 'server', seg: 1, ok: true, rule: '9293:3.10.7.2/1' },
    { n: 3, t: 50, kind: 'check', host: 'server', seg: 1, ok: false, rule: '9293:3.10.7.2/2' },
    { n: 4, t: 50, kind: 'state', host: 'server', from: 'LISTEN', to: 'SYN-RECEIVED' },
    { n: 5, t: 90, kind: 'lost', host: 'network', seg: 2 },
  ]);
  const seen = [];
  for (let pos = { t: 0, k: 0 }, on = nextCheck(ix, pos); on !== pos; pos = on, on = nextCheck(ix, pos)) seen.push(on);
  assert.deepEqual(seen, [{ t: 0, k: 1 }, { t: 50, k: 3 }, { t: 50, k: 4 }, { t: 50, k: 5 }, { t: 90, k: 6 }]);
  const back = [];
  for (let pos = { t: 90, k: 6 }; pos.k; pos = backCheck(ix, pos)) back.push(pos);
  assert.deepEqual(back, [...seen].reverse());
  assert.deepEqual(backCheck(ix, { t: 70, k: 5 }), { t: 50, k: 5 }, 'from between two steps to the end of the one before');
  assert.deepEqual([checkAt(ix, { t: 50, k: 3 }), checkAt(ix, { t: 50, k: 4 })].map((c) => [c.i, c.of, c.event.ok]), [[1, 2, true], [2, 2, false]]);
  assert.equal(checkAt(ix, { t: 50, k: 5 }), null, 'at its end a step is told as a whole');
  assert.equal(checkAt(ix, { t: 60, k: 4 }), null);
});

test('next and back follow the switch between events and checks', async () => {
  const { store } = await loaded();
  store.walk.value = CHECKS;
  store.start();
  while (await store.next());
  assert.equal(store.atEnd, true, 'steps without checks are one stop each');
  store.back();
  assert.equal(store.model.value.step, 3);
});

test('silence is folded at every speed', () => {
  const times = [0, 50000, 7_200_000_000], list = gaps(times, 50000);
  for (const speed of [0.001, 1, 10]) {
    let t = list[0].from, real = 0;
    while (t < list[0].to) {
      t = advance(t, 16, speed, list);
      real += 16;
    }
    assert.ok(real <= 1016, `two hours of silence take ${real} ms at ${speed}`);
  }
});
