// All connections of a host, its queues and its socket calls, as the events tell them; and the passport.
import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { index } from '../../../static/js/sim/fold.js';
import { hostState, receiveSpace, sendSpace } from '../../../static/js/sim/hosts.js';
import { POSSIBLE, forget, nameOf, nearest, stamp, stamps, wayTo } from '../../../static/js/sim/passport.js';
import { has } from '../../../static/js/sim/sentence.js';

const vars = (n, state) => ({ state, local: '192.0.2.2:80', remote: `192.0.2.1:${5000 + n}`, passive: true, iss: 1, 'snd.una': 1, 'snd.nxt': 2, 'snd.wnd': 100, irs: 7, 'rcv.nxt': 8, 'rcv.wnd': 50 });
/** @param {object[]} list */
const run = (list) => index(list.map((e, n) => ({ n, t: n, host: 'server', ...e })));
const server = (ix, k = ix.events.length) => hostState(ix, 'server', k, 80);
const listen = [{ kind: 'called', call: 'listen backlog 1' }, { kind: 'state', from: 'CLOSED', to: 'LISTEN', args: [1] }];
const syn = (n) => [{ kind: 'opened', conn: n, vars: vars(n, 'SYN-RECEIVED') }, { kind: 'state', conn: n, from: 'LISTEN', to: 'SYN-RECEIVED' }];

test('who is in which queue', () => {
  const ix = run([...listen, ...syn(1), ...syn(2), { kind: 'state', conn: 1, from: 'SYN-RECEIVED', to: 'ESTABLISHED' }, { kind: 'told', conn: 1, notice: 'acceptable' },
    { kind: 'discarded', seg: 9, rule: 'linux:syn-queue' }, { kind: 'called', call: 'accept' }, { kind: 'told', conn: 1, notice: 'accepted', rule: 'lab:accept', t: 9 }, { kind: 'removed', conn: 2 }]);
  const [l] = server(ix, 9).listeners;
  assert.deepEqual([l.port, l.backlog, l.syn.map((c) => c.id), l.accept.map((c) => c.id)], [80, 1, [2], [1]]);
  assert.equal(server(ix, 9).turned.syn, 1);
  const end = server(ix);
  assert.deepEqual([end.listeners[0].syn, end.listeners[0].accept, end.conns.map((c) => [c.id, c.state])], [[], [], [[1, 'ESTABLISHED']]]);
  assert.deepEqual(end.lane.filter((c) => c.verb === 'accept').map((c) => c.end.conn), [1]);
});

test('a call on a descriptor waits until it returns', () => {
  const ix = run([{ kind: 'called', call: 'socket' }, { kind: 'told', notice: 'returned', rule: 'lab:socket', args: [3, 3] }, { kind: 'called', call: 'bind 8080 fd 3' }, { kind: 'told', notice: 'returned', rule: 'lab:socket', args: [3, 0] },
    { kind: 'called', call: 'listen backlog 2 fd 3' }, { kind: 'state', from: 'CLOSED', to: 'LISTEN', args: [2] }, { kind: 'told', notice: 'returned', rule: 'lab:socket', args: [3, 0] },
    { kind: 'called', call: 'accept fd 3' }, { kind: 'called', call: 'recv fd 4' }, { kind: 'told', errno: 'ECONNRESET', rule: 'lab:socket', args: [4, -1] }, { kind: 'told', notice: 'returned', rule: 'lab:socket', args: [3, 5] },
    { kind: 'called', call: 'close fd 3' }, { kind: 'state', from: 'LISTEN', to: 'CLOSED' }]);
  assert.equal(server(ix, 7).listeners[0].port, 8080);
  const open = (k) => server(ix, k).lane.filter((c) => 'end' in c && !c.end).map((c) => c.text);
  assert.deepEqual(open(8), ['accept fd 3']);
  assert.deepEqual(open(9), ['accept fd 3', 'recv fd 4']);
  assert.deepEqual(open(11), []);
  const ends = server(ix, 11).lane.map((c) => [c.verb, c.end.value, c.end.errno]);
  assert.deepEqual(ends, [['socket', 3, ''], ['bind', 0, ''], ['listen', 0, ''], ['accept', 5, ''], ['recv', -1, 'ECONNRESET']]);
  assert.deepEqual(server(ix).listeners, []);
});

test('connect without a descriptor returns when the handshake is complete, or fails', () => {
  const opened = (n) => [{ kind: 'called', call: 'connect' }, { kind: 'opened', conn: n, vars: { ...vars(n, 'SYN-SENT'), passive: false }, t: 2 * n - 2 }];
  const ix = run([...opened(1), ...opened(2), { kind: 'told', conn: 2, errno: 'ECONNREFUSED' }, { kind: 'told', conn: 1, notice: 'connected' }, { kind: 'told', conn: 1, notice: 'readable', bytes: 5 }]);
  const lane = server(ix).lane;
  assert.deepEqual(lane.slice(0, 2).map((c) => [c.conn, c.end.t, c.end.errno]), [[1, 5, ''], [2, 4, 'ECONNREFUSED']]);
  assert.equal(lane[2].told.notice, 'readable');
});

test('the stretches of the sequence spaces are those of RFC 9293 figures 3 and 4', () => {
  const t = (key) => key, v = vars(1, 'ESTABLISHED');
  assert.deepEqual(sendSpace(v, t).stretches.map((s) => [s.from, s.to]), [[null, 1], [1, 2], [2, 101], [101, null]]);
  assert.deepEqual(receiveSpace(v, t).stretches.map((s) => [s.from, s.to]), [[null, 8], [8, 58], [58, null]]);
  assert.deepEqual(sendSpace({ ...v, 'snd.wnd': 0 }, t).stretches.map((s) => [s.from, s.to]), [[null, 1], [1, 2], [2, null]], 'a shut window leaves no room');
  assert.equal(receiveSpace({ ...v, irs: undefined }, t), null);
});

// ---------------------------------------------------------------- the passport

/** @type {Map<string, string>} */
const memory = new Map();
globalThis.localStorage = /** @type {any} */ ({ getItem: (/** @type {string} */ k) => memory.get(k) ?? null, setItem: (/** @type {string} */ k, /** @type {string} */ v) => memory.set(k, v) });
beforeEach(() => memory.clear());

test('a transition is stamped once and for good', () => {
  assert.deepEqual(stamp([{ from: 'CLOSED', to: 'SYN-SENT' }, { from: 'CLOSED', to: 'SYN-SENT' }, { from: 'CLOSED', to: 'TIME-WAIT' }]), ['CLOSED>SYN-SENT']);
  assert.deepEqual(stamp([{ from: 'CLOSED', to: 'SYN-SENT' }]), []);
  assert.deepEqual([...stamps()], ['CLOSED>SYN-SENT']);
  forget();
  assert.equal(stamps().size, 0);
  memory.set('lab.passport', '{"not":"a list"}');
  assert.equal(stamps().size, 0, 'what somebody else wrote there is no passport');
});

test('the way to a missing transition is the shortest, and each of its steps has words', () => {
  const goal = (name) => POSSIBLE.find((e) => nameOf(e[0], e[1]) === name);
  const names = (way) => way.map((e) => nameOf(e[0], e[1]));
  assert.deepEqual(names(wayTo('ESTABLISHED', goal('CLOSING>TIME-WAIT'))), ['ESTABLISHED>FIN-WAIT-1', 'FIN-WAIT-1>CLOSING', 'CLOSING>TIME-WAIT']);
  assert.deepEqual(names(wayTo('CLOSED', goal('LISTEN>SYN-RECEIVED'))), ['CLOSED>LISTEN', 'LISTEN>SYN-RECEIVED']);
  const all = new Set(POSSIBLE.map((e) => nameOf(e[0], e[1])));
  assert.equal(nearest({ client: 'ESTABLISHED', server: 'ESTABLISHED' }, all), null);
  all.delete('TIME-WAIT>CLOSED');
  assert.deepEqual(names(nearest({ client: 'FIN-WAIT-2', server: 'CLOSED' }, all).way), ['FIN-WAIT-2>TIME-WAIT', 'TIME-WAIT>CLOSED']);
  for (const e of POSSIBLE) {
    assert.ok(has(`panel.how.${nameOf(e[0], e[1])}`), `no words for ${nameOf(e[0], e[1])}`);
    assert.ok(wayTo('CLOSED', e), `no way to ${nameOf(e[0], e[1])}`);
  }
});
