import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Link, backoff } from '../../../static/js/sim/socket.js';
import { dropped, handshake, network, settled, welcome } from './double.mjs';

const source = { scenario: 'server listen\nclient connect\n', ahead: true };

/** A page with one run that stands. */
async function standing() {
  const net = network(), link = new Link(net.env), run = link.open(source);
  net.socket.give(welcome, ...handshake('R'));
  await run.ready;
  return { net, link, run };
}

test('an open is sent after the welcome, and the run stands when it is done', async () => {
  const net = network(), link = new Link(net.env), run = link.open(source);
  assert.equal(net.socket.protocol, 'tcplab.v1');
  assert.deepEqual(net.socket.sent, [], 'nothing before the welcome');
  net.socket.give(welcome);
  assert.deepEqual(net.socket.sent, [{ type: 'open', id: 1, ...source, commands: [] }]);
  assert.equal(link.state.value, 'open');
  net.socket.give(...handshake('R'));
  await run.ready;
  assert.equal(run.nodes.size, 5);
  assert.equal(run.n, 6);
});

test('runs are opened one after the other, because a run frame does not name its command', async () => {
  const net = network(), link = new Link(net.env), a = link.open(source), b = link.open({ scenario: 'other' });
  net.socket.give(welcome);
  assert.equal(net.socket.sent.length, 1);
  net.socket.give(...handshake('A'));
  await a.ready;
  assert.equal(net.socket.sent[1].scenario, 'other');
  net.socket.give({ type: 'error', re: net.socket.sent[1].id, code: 'unknown-verb', message: 'No.', line: 1, faults: [] });
  await assert.rejects(b.ready, (e) => e.code === 'unknown-verb');
  assert.equal(a.id, 'A', 'the other run does not suffer');
});

test('a run that is forgotten while it is opened leaves its frames to nobody', async () => {
  const net = network(), link = new Link(net.env), a = link.open(source);
  net.socket.give(welcome);
  link.forget(a);
  const b = link.open({ scenario: 'other' });
  assert.equal(net.socket.sent.length, 1, 'the next one waits for the answer to the first');
  net.socket.give(...handshake('A'));
  assert.deepEqual(net.socket.sent.slice(1).map((f) => [f.type, f.run ?? f.scenario]), [['close', 'A'], ['open', 'other']]);
  net.socket.give(...handshake('B', { re: net.socket.sent[2].id }));
  await b.ready;
  assert.equal(b.id, 'B');
});

test('a command is answered by its number', async () => {
  const { net, run } = await standing();
  const done = run.do({ at: 3, wait: 25000, line: 'drop #2', ahead: true });
  const sent = net.socket.sent.at(-1);
  assert.deepEqual(sent, { type: 'do', id: 2, run: 'R', at: 3, wait: 25000, line: 'drop #2', ahead: true });
  net.socket.give(...dropped('R', 2));
  assert.equal((await done).last, 8);
  assert.equal(run.commands.length, 1);
  const refused = run.do({ at: 8, line: 'drop #2' });
  net.socket.give({ type: 'error', run: 'R', n: 10, re: 3, code: 'segment_gone', message: 'Segment 2 is gone.' });
  await assert.rejects(refused, (e) => e.code === 'segment_gone');
  assert.equal(run.commands.length, 1, 'what was refused is no part of the run');
});

test('after a break the page asks for what it missed and repeats what was not answered', async () => {
  const { net, link, run } = await standing();
  const done = run.do({ at: 3, wait: 25000, line: 'drop #2', ahead: true });
  const frames = dropped('R', 2);
  net.socket.give(frames[0]);
  net.socket.fail();
  assert.equal(link.state.value, 'retry');
  net.clock.turn(500);
  assert.equal(net.sockets.length, 2);
  net.socket.give(welcome);
  assert.deepEqual(net.socket.sent, [{ type: 'resume', id: 3, run: 'R', after: 7 }]);
  net.socket.give({ type: 'resumed', run: 'R', n: 10, re: 3 });
  assert.equal(net.socket.sent[1].id, 2, 'the same number: it is not done twice');
  net.socket.give(...frames); // with one that is known already
  assert.equal((await done).digest, 'd2');
  assert.equal(run.nodes.size, 8);
});

test('a long run comes in one frame when it is opened', async () => {
  const net = network(), link = new Link(net.env), run = link.open(source);
  const [first, ...nodes] = handshake('R'), done = nodes.pop();
  net.socket.give(welcome, { ...first, type: 'snapshot', n: 6, nodes, done });
  await run.ready;
  assert.equal(run.id, 'R');
  assert.equal(run.nodes.size, 5);
  assert.equal(link.opening, null, 'the next run can be opened');
});

test('a snapshot stands for the frames before it', async () => {
  const { net, run } = await standing();
  const done = run.do({ at: 3, line: 'drop #2', ahead: true });
  net.socket.fail();
  net.clock.turn(500);
  net.socket.give(welcome, { type: 'resumed', run: 'R', n: 10, re: 3 });
  const [first, ...nodes] = handshake('R'), more = dropped('R', 2);
  net.socket.give({ ...first, type: 'snapshot', n: 10, nodes: [...nodes.slice(0, 5), ...more.slice(0, 3)], done: more[3] });
  assert.equal((await done).last, 8);
  assert.equal(run.n, 10);
  assert.equal(run.nodes.size, 8);
});

test('a run that is too large for the queue arrives as a snapshot, as the answer to its open', async () => {
  const net = network(), link = new Link(net.env), run = link.open(source);
  net.socket.give(welcome);
  const [first, ...rest] = handshake('R');
  net.socket.give({ ...first, type: 'snapshot', n: 6, nodes: rest.slice(0, 5), done: rest[5] });
  assert.equal(await run.ready, run);
  assert.deepEqual([run.id, run.n, run.nodes.size, run.first.n, run.done.last], ['R', 6, 5, 0, 5]);
  const done = run.do({ at: 3, line: 'drop #2', ahead: true });
  net.socket.give(...dropped('R', 2));
  assert.equal((await done).last, 8);
});

for (const [same, digest] of [[true, 'd2'], [false, 'other']]) {
  test(`a server that forgot the run gets the page's copy; ${same ? 'it comes out the same' : 'a difference is told'}`, async () => {
    const { net, run } = await standing();
    const done = run.do({ at: 3, wait: 25000, line: 'drop #2', ahead: true });
    net.socket.give(...dropped('R', 2));
    await done;
    let told;
    run.onreopen = (s) => { told = s; };
    net.socket.fail();
    net.clock.turn(500);
    net.socket.give(welcome, { type: 'error', re: 3, code: 'no_such_run', message: 'No such run.' });
    const open = net.socket.sent.at(-1);
    assert.deepEqual(open, { type: 'open', id: 4, ...source, commands: [{ at: 3, wait: 25000, line: 'drop #2', ahead: true }] });
    const late = run.do({ at: 8, line: 'step' });
    const all = [...handshake('Q').slice(0, 6), ...dropped('Q', 4, { digest, n: 6 })];
    net.socket.give(...all);
    assert.equal(told, same);
    assert.equal(run.id, 'Q');
    assert.equal(net.socket.sent.at(-1).run, 'Q', 'what waited is done on the new run');
    net.socket.give({ type: 'done', run: 'Q', n: 10, re: 5, node: 8, last: 8, digest: 'd3', quiet: true });
    await late;
  });
}

test('it comes back after 0.5 s, then later and later, at most every 10 s, never all at once', () => {
  assert.deepEqual([0, 1, 2, 3, 4, 5, 50].map((n) => backoff(n, () => 1)), [500, 1000, 2000, 4000, 8000, 10000, 10000]);
  assert.equal(backoff(0, () => 0), 250);
});

test('a server that says goodbye says when to come back', async () => {
  const { net, link } = await standing();
  net.socket.give({ type: 'bye', retry: 1000 });
  assert.equal(link.state.value, 'retry');
  net.clock.turn(1499);
  assert.equal(net.sockets.length, 1);
  net.clock.turn(1);
  assert.equal(net.sockets.length, 2);
});

test('a network that went away is tried again as soon as it is back', async () => {
  const { net, link } = await standing();
  link.online(false);
  assert.equal(link.state.value, 'retry');
  link.online(true);
  assert.equal(net.sockets.length, 2);
});

test('too many commands: the refused one is given again a little later', async () => {
  const { net, run } = await standing();
  const done = run.do({ at: 3, line: 'drop #2', ahead: true });
  net.socket.give({ type: 'error', run: 'R', n: 6, re: 2, code: 'slow_down', message: 'Too many.' });
  assert.equal(net.socket.sent.length, 2);
  net.clock.turn(1500);
  assert.equal(net.socket.sent.at(-1).id, 2);
  net.socket.give(...dropped('R', 2));
  await done;
});

test('where sockets are blocked, commands go by POST, the whole list each time', async () => {
  const net = network(), link = new Link(net.env), run = link.open(source);
  net.socket.fail();
  net.clock.turn(3000);
  assert.equal(link.state.value, 'http');
  assert.deepEqual(net.posts[0].body, { ...source, commands: [] });
  net.posts[0].answer(handshake('P'));
  await run.ready;
  const done = run.do({ at: 3, wait: 25000, line: 'drop #2', ahead: true });
  await settled();
  assert.deepEqual(net.posts[1].body.commands, [{ at: 3, wait: 25000, line: 'drop #2', ahead: true }]);
  net.posts[1].answer([...handshake('P').slice(0, 6), ...dropped('P', 2)]);
  assert.equal((await done).last, 8);
  // a command that is refused is not kept
  const bad = run.do({ at: 8, line: 'drop #2' });
  await settled();
  net.posts[2].answer([...handshake('P').slice(0, 6), ...dropped('P', 2), { type: 'error', code: 'segment_gone', message: 'Gone.' }]);
  await assert.rejects(bad, (e) => e.code === 'segment_gone');
  assert.equal(run.commands.length, 1);
  // and when a socket comes up after all, the run moves there
  let told;
  run.onreopen = (s) => { told = s; };
  net.clock.turn(20000);
  net.socket.give(welcome);
  assert.equal(net.socket.sent.at(-1).type, 'open');
  net.socket.give(...handshake('S').slice(0, 6), ...dropped('S', net.socket.sent.at(-1).id, { n: 6 }));
  assert.equal(told, true);
  assert.equal(link.state.value, 'open');
});

test('no way to the engine at all is told, and tried again', async () => {
  const net = network(), link = new Link(net.env), run = link.open(source);
  net.clock.turn(3000);
  net.posts[0].fail();
  await settled();
  assert.equal(link.state.value, 'down');
  net.clock.turn(10000);
  assert.equal(net.posts.length, 2);
  net.posts[1].answer(handshake('P'));
  await run.ready;
  assert.equal(link.state.value, 'http');
});
