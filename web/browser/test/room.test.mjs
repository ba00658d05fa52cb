import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Audience, Room } from '../../../static/js/room.js';
import { refused } from '../../../static/js/sim/refused.js';
import { learn } from '../../../static/js/sim/sentence.js';
import { Link } from '../../../static/js/sim/socket.js';
import { Store } from '../../../static/js/sim/store.js';
import { dropped, handshake, network, settled, welcome } from './double.mjs';

const room = (more = {}) => ({ type: 'room', room: 'c', seq: 10, stage: 1, run: 'c.1', frozen: false, drivers: [], spotlight: null, question: null, histogram: null, ended: false, followers: 2, ...more });
const entered = (re, more = {}) => ({ type: 'entered', room: 'c', re, member: 'ada', name: 'Ada', lead: false, ...more });
/** The run as one gets it who enters. */
function snapshot(run, seq) {
  const [first, ...rest] = handshake(run, { re: seq }), done = rest.pop();
  return { ...first, type: 'snapshot', n: done.n, nodes: rest, done };
}

function page(me = {}, state = {}) {
  const net = network(), link = new Link(net.env), r = new Room(link, 'c', 'tab');
  net.socket.give(welcome);
  net.socket.give(entered(1, me), room(state), snapshot('c.1', 10));
  return { net, link, room: r, run: r.run.value };
}

const driver = { drivers: [{ member: 'ada', name: 'Ada', role: 'all' }] };

test('a page enters when there is a socket, and has the room and its run', async () => {
  const { net, room: r, run } = page();
  assert.deepEqual(net.socket.sent, [{ type: 'enter', id: 1, room: 'c', tab: 'tab' }]);
  assert.equal(r.state.value.seq, 10);
  await run.ready;
  assert.equal(run.nodes.size, 5);
  assert.equal(r.role.value, '', 'a follower may do nothing');
  net.socket.give(room({ seq: 11, ...driver }));
  assert.equal(r.role.value, 'all');
  net.socket.give(room({ seq: 12, ...driver, frozen: true }));
  assert.equal(r.role.value, '');
  net.socket.give(room({ seq: 11, ...driver }));
  assert.equal(r.state.value.seq, 12, 'what is older is no news');
});

test('a command is sent behind what was seen, one after the other, and ends with its own done', async () => {
  const { net, room: r, run } = page({}, driver);
  await run.ready;
  const one = run.do({ at: 3, wait: 25000, line: 'drop #2', ahead: true }), two = run.do({ at: 8, line: 'step' });
  assert.deepEqual(net.socket.sent.slice(1), [{ type: 'do', id: 2, run: 'c.1', seen: 10, at: 3, wait: 25000, line: 'drop #2', ahead: true }]);
  net.socket.give(...dropped('c.1', 15), { type: 'acted', room: 'c', re: 2, seq: 15 });
  assert.equal((await one).re, 15);
  assert.deepEqual(net.socket.sent.at(-1), { type: 'do', id: 3, run: 'c.1', seen: 15, at: 8, line: 'step' });
  net.socket.give({ type: 'error', run: 'c.1', re: 3, code: 'stale', message: 'others were faster' });
  await assert.rejects(two, (e) => e.code === 'stale');
  assert.equal(r.seq, 15);
});

test('who comes back asks for what is missing and sends the same command behind the same entry', async () => {
  const { net, run } = page({}, driver);
  await run.ready;
  const done = run.do({ at: 3, wait: 25000, line: 'drop #2', ahead: true });
  net.socket.fail();
  net.clock.turn(500);
  net.socket.give(welcome);
  const enter = net.socket.sent[0];
  assert.deepEqual(enter, { type: 'enter', id: 3, room: 'c', tab: 'tab', run: 'c.1', after: 6 });
  assert.equal(net.socket.sent.length, 1, 'nothing is done before one is inside');
  net.socket.give(entered(3), room({ ...driver, seq: 15 }), ...dropped('c.1', 15));
  assert.deepEqual(net.socket.sent.at(-1), { type: 'do', id: 2, run: 'c.1', seen: 10, at: 3, wait: 25000, line: 'drop #2', ahead: true });
  net.socket.give({ type: 'acted', room: 'c', re: 2, seq: 15 });
  assert.equal((await done).last, 8);
  assert.equal(run.nodes.size, 8);
});

test('a command that cannot be saved is tried again with its number, and then given back', async () => {
  const { net, room: r, run } = page({}, driver);
  await run.ready;
  const done = run.do({ at: 5, line: 'client close' }), refuse = () => net.socket.give({ type: 'error', run: 'c.1', re: 2, code: 'not_saved', message: 'not saved' });
  refuse();
  assert.equal(r.unsaved.value, true);
  for (let tries = 2; tries <= 6; tries++) {
    net.clock.turn(10000);
    assert.equal(net.socket.sent.length, 1 + tries);
    assert.equal(net.socket.sent.at(-1).id, 2);
    refuse();
  }
  await assert.rejects(done, (e) => e.code === 'not_saved');
  assert.equal(r.unsaved.value, false);
});

test('who plays a host acts here and now while another has the network', async () => {
  const drivers = [{ member: 'ada', name: 'Ada', role: 'client' }, { member: 'bob', name: 'Bob', role: 'network' }];
  const { net, run } = page({}, { drivers });
  await run.ready;
  run.do({ at: 3, wait: 5, line: 'client close', ahead: true }).catch(() => {});
  assert.deepEqual(net.socket.sent.at(-1), { type: 'do', id: 2, run: 'c.1', seen: 10, line: 'client close' });
});

test('a command without an answer is marked as not saved after a second, until it is', async () => {
  const { net, room: r, run } = page({}, driver);
  await run.ready;
  const done = run.do({ at: 5, line: 'client close' });
  net.clock.turn(999);
  assert.equal(r.unsaved.value, false);
  net.clock.turn(1);
  assert.equal(r.unsaved.value, true);
  net.socket.give(...dropped('c.1', 15), { type: 'acted', room: 'c', re: 2, seq: 15 });
  await done;
  assert.equal(r.unsaved.value, false);
  const next = run.do({ at: 8, line: 'step' });
  net.socket.give({ type: 'acted', room: 'c', re: 3, seq: 16 });
  await next;
  net.clock.turn(5000);
  assert.equal(r.unsaved.value, false, 'what was answered in time is not marked');
});

test('the next run takes the place of the one before', async () => {
  const { net, room: r, run } = page({}, driver);
  await run.ready;
  const done = run.do({ line: 'step' });
  net.socket.give(room({ seq: 20, stage: 2, run: 'c.2' }), snapshot('c.2', 20));
  await assert.rejects(done, (e) => e.code === 'stale');
  assert.equal(r.run.value.id, 'c.2');
  await r.run.value.ready;
  net.socket.give(room({ seq: 21, stage: 2, run: undefined, lesson: 'why-a-handshake' }));
  assert.equal(r.run.value, null);
});

test('a full room is tried again, a room that is not there is not', () => {
  const net = network(), link = new Link(net.env), r = new Room(link, 'c', 'tab');
  net.socket.give(welcome);
  net.socket.give({ type: 'error', re: 1, code: 'room_full', message: 'full' });
  assert.equal(r.trouble.value.code, 'room_full');
  net.clock.turn(10000);
  assert.deepEqual(net.socket.sent.map((f) => f.id), [1, 2]);
  net.socket.give({ type: 'error', re: 2, code: 'no_such_room', message: 'none' });
  net.clock.turn(60000);
  assert.equal(net.socket.sent.length, 2);
});

/** A simulator as far as a room needs it. */
function simulator(link) {
  const store = new Store(link);
  return { store, get time() { return Math.floor(store.pos.value.t); }, record: (run) => store.load(run, { at: 0 }), requestUpdate: () => {} };
}

test('a follower goes where everybody goes, unless they look back', async () => {
  const { net, link, room: r, run } = page(), sim = simulator(link), audience = new Audience(sim, r);
  await settled();
  assert.equal(sim.store.tip.value, 5);
  assert.notEqual(run.barred, '', 'a follower may not make the run go on');
  net.socket.give(...dropped('c.1', 15));
  assert.equal(sim.store.tip.value, 8);
  assert.equal(sim.store.pos.value.t, 75000, 'where the command ended');
  assert.equal(audience.behind.value, false);
  sim.store.start();
  assert.equal(audience.behind.value, true);
  net.socket.give({ type: 'node', run: 'c.1', n: 11, node: 9, parent: 8, line: 'step', at: 1100000, events: [{ n: 9, t: 1100000, kind: 'arrived', host: 'client', seg: 4 }] }, { type: 'done', run: 'c.1', n: 12, re: 16, node: 9, last: 9, digest: 'd3', quiet: false });
  assert.equal(sim.store.pos.value.t, 0, 'who looks back is left alone');
  assert.equal(audience.behind.value, true);
  audience.goLive();
  assert.equal(sim.store.pos.value.t, 1100000);
  assert.equal(audience.behind.value, false);
  assert.deepEqual(net.socket.sent.filter((f) => f.type === 'do'), [], 'a follower moves nobody');
  net.socket.give(room({ seq: 17, ...driver }));
  assert.equal(run.barred, '', 'who drives may');
  audience.stop();
});

/** The place to which somebody took everybody. */
const moved = (node, n, re) => ({ type: 'done', run: 'c.1', n, re, node, last: node, digest: 'd', quiet: false });

test('what nobody has seen yet is veiled, and who moves time takes everybody along', async () => {
  const { net, link, room: r } = page(), sim = simulator(link), audience = new Audience(sim, r);
  await settled();
  net.socket.give(moved(2, 7, 11));
  assert.equal(sim.store.path.value.at(-1).node, 5, 'what was seen can be looked at again');
  assert.equal(sim.store.place().at, 2);
  audience.stop();

  // who comes later has not seen it
  const late = page(), other = simulator(late.link), hall = new Audience(other, late.room);
  late.net.socket.give(moved(2, 7, 11));
  await settled();
  assert.equal(other.store.place().at, 2);
  assert.equal(other.store.path.value.at(-1).node, 2);
  late.net.socket.give(moved(3, 8, 12));
  assert.equal(other.store.path.value.at(-1).node, 3);
  assert.equal(other.store.hidden, false, 'a follower cannot lift the veil');

  // who is asked to drive can
  late.net.socket.give(room({ seq: 13, ...driver }));
  assert.equal(other.store.path.value.at(-1).node, 3);
  assert.equal(other.store.hidden, true);
  await other.store.next();
  const [, tells] = late.net.socket.sent;
  assert.deepEqual({ ...tells, id: 0 }, { type: 'do', id: 0, run: 'c.1', seen: 13, at: 4, line: '' });
  late.net.socket.give(moved(4, 9, 14), { type: 'acted', room: 'c', re: tells.id, seq: 14 });
  await settled();
  assert.equal(late.net.socket.sent.length, 2, 'once');
  late.net.socket.give(room({ seq: 15 }));
  assert.equal(other.store.path.value.at(-1).node, 4);
  assert.equal(other.store.hidden, false);
  hall.stop();
});

test('a follower branches off and comes back', async () => {
  const { net, link, room: r } = page(), sim = simulator(link), audience = new Audience(sim, r);
  await settled();
  const off = audience.branchOff();
  const open = net.socket.sent.find((f) => f.type === 'open');
  assert.match(open.scenario, /^client 192\.0\.2\.10:52431 isn 1000\n[^]*server listen\nclient connect\n$/, 'up to where one stands');
  net.socket.give(...handshake('mine', { re: open.id }));
  await off;
  assert.equal(sim.store.run.id, 'mine');
  net.socket.give(...dropped('c.1', 15));
  assert.equal(sim.store.run.nodes.size, 5, 'what the others do does not concern a run of one\'s own');
  audience.comeBack();
  await settled();
  assert.equal(sim.store.run.id, 'c.1');
  assert.equal(sim.store.tip.value, 8);
  audience.stop();
});

test('a refusal is told in the language of the page, and in English as the engine says it', async () => {
  const bad = /** @type {any} */ ({ type: 'error', code: 'bad_call', message: 'EISCONN', hint: 'close it first' })
  assert.equal(await refused(bad), bad)
  learn({ 'class.refused.bad_call': 'Abgelehnt: {message}.', 'class.refused.stale': 'Andere waren schneller.', 'class.refused.otherwise': 'So nicht: {message}' })
  const page = /** @type {any} */ (globalThis), had = page.document
  page.document = { documentElement: { lang: 'de' } }
  /** @param {any} e @param {boolean} [shared] */
  const told = async (e, shared) => {
    const { message, english, hint } = await refused({ ...bad, ...e }, shared)
    return [message, english, hint]
  }
  try {
    assert.deepEqual(await told({}), ['Abgelehnt: EISCONN.', 'EISCONN', undefined])
    assert.deepEqual(await told({ code: 'nobody-knows' }), ['So nicht: EISCONN (close it first)', 'EISCONN (close it first)', undefined], 'what nobody has put into words has at least a sentence around it')
    assert.deepEqual(await told({ code: 'stale', hint: undefined }, true), ['Andere waren schneller.', '', undefined])
    assert.deepEqual(await told({ code: 'stale', hint: undefined }), ['So nicht: EISCONN', 'EISCONN', undefined], 'alone, there are no others')
  } finally {
    page.document = had
  }
})

test('whoever is dismissed is in the room no longer, and is not let in by a retry', () => {
  const { net, room: r } = page()
  assert.ok(r.run.value)
  net.socket.give({ type: 'left', room: 'c', re: 0 })
  assert.equal(r.trouble.value?.code, 'no_such_room')
  assert.equal(r.run.value, null)
  assert.equal(r.inside, false)
})
