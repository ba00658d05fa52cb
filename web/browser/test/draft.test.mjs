// A header as a learner writes it: its bytes are those of the engine, its limits those of the parser, its meaning that of the instant.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { test } from 'node:test';
import {
  addressBytes, bytesOf, checksum, draftOf, editLine, escaped, faults, flipped, forgeLine, fresh, meaning, option, optionBytes, optionFault, optionRoom, optionsOf, optionsText, sumOf, turned, unescaped, verdict,
} from '../../../static/js/sim/draft.js';
import { fold, index, seek } from '../../../static/js/sim/fold.js';
import { land, landed, swap } from '../../../static/js/sim/order.js';
import { ranges } from '../../../static/js/limits.js';

const folder = new URL('../../ladder/testdata/', import.meta.url);
const runs = readdirSync(folder).filter((f) => f.endsWith('.json')).map((f) => ({ name: f, events: JSON.parse(readFileSync(new URL(f, folder), 'utf8')).events }));
const run = (/** @type {string} */ name) => runs.find((r) => r.name === `${name}.json`).events;
const wires = runs.flatMap((r) => r.events.flatMap((e) => (e.wire && !e.wire.icmp ? [e.wire] : [])));

/** Of client and server. */
const hosts = [{ addr: '192.0.2.10:52431' }, { addr: '198.51.100.20:80' }];
const at = (/** @type {string} */ name, /** @type {number} */ us) => fold(index(run(name)), seek(index(run(name)), us));
const ends = (/** @type {any} */ m, /** @type {string} */ to) => ({ from: to === 'client' ? 'server' : 'client', to, sender: m.hosts[to === 'client' ? 'server' : 'client'], receiver: m.hosts[to], here: hosts[to === 'client' ? 0 : 1].addr.split(':')[0] });
const syn = run('lost-syn-ack').find((e) => e.kind === 'sent').wire;

test('the checksum is the engine’s for every segment of every fixture', () => {
  assert.ok(wires.length > 50);
  for (const w of wires) {
    const d = draftOf(w);
    assert.equal(checksum(d) === w.checksum, w.sumok, `${w.flags} ${w.seq}`);
    assert.equal(bytesOf(d).length, 4 * (w.offset >= 5 ? w.offset : 5) + w.payload.length);
  }
});

test('addresses of both versions, and what is none', () => {
  assert.deepEqual(addressBytes('192.0.2.1'), [192, 0, 2, 1]);
  assert.deepEqual(addressBytes('2001:db8::1'), [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
  assert.deepEqual(addressBytes('::'), Array(16).fill(0));
  for (const bad of ['', '1.2.3', '256.1.1.1', '1::2::3', '2001:db8', 'g::1', '1:2:3:4:5:6:7:8:9', 'fe80::1%eth0']) assert.equal(addressBytes(bad), null, bad);
});

test('bytes that cannot be seen are written as escapes and read back', () => {
  const all = String.fromCharCode(...Array.from({ length: 256 }, (_, i) => i));
  assert.equal(unescaped(escaped(all)), all);
  assert.equal(escaped('GET /\r\n'), 'GET /\\r\\n');
  assert.equal(unescaped('é→'), '\xc3\xa9\xe2\x86\x92', 'other characters are their UTF-8');
  for (const bad of ['50\\%', 'a\\', '\\x4']) assert.equal(unescaped(bad), null, bad);
});

test('options as text, as a list and as bytes', () => {
  const text = 'mss 1460,sackOK,TS val 1 ecr 0,nop,wscale 7,tfo cookiereq,tfo cookie 00112233,unknown-77 0x0102,unknown-78,eol';
  assert.equal(optionsText(optionsOf(text)), text);
  assert.equal(optionsText(optionsOf('nop,nop,sack 2 {100:200}{300:400}')), 'nop,nop,sack 2 {100:200}{300:400}');
  assert.equal(optionsText(optionsOf('raw 02ff')), 'raw 02ff');
  for (const w of wires) assert.equal(optionsOf(w.options).flatMap(optionBytes).map((b) => b.toString(16).padStart(2, '0')).join(''), w.optionsHex);
  for (const o of [option('mss', '65536'), option('mss', '-1'), option('wscale', 'x'), option('sack', '1'), option('sack', '1:2 3:4 5:6 7:8 9:10'), option('TS', '1', '4294967296'), option('tfo', '001'), option('unknown', '1', ''), option('raw', '0')]) {
    assert.notEqual(optionFault(o), '', `${o.kind} ${o.a} ${o.b}`);
  }
});

test('options that do not fit and options that do not end on a multiple of 4 are explained', () => {
  const d = draftOf(syn), ts = () => option('TS');
  d.options = [option('mss'), option('wscale')];
  assert.deepEqual([optionRoom(d).n, optionRoom(d).pad], [7, 1]);
  assert.equal(faults(d).options, undefined);
  d.options = [ts(), ts(), ts(), ts(), option('nop')];
  assert.match(faults(d).options, /41 bytes.*40/);
});

test('limits are those of the parser', () => {
  for (const [name, [min, max]] of Object.entries(ranges)) {
    if (name === 'options' || name === 'payload') continue;
    const d = { ...draftOf(syn), sum: 'own' };
    for (const [v, good] of [[min, true], [max, true], [max + 1, false], [min - 1, false]]) assert.equal(faults({ ...d, [name]: String(v) })[name] === undefined, good, `${name} ${v}`);
    assert.match(faults({ ...d, [name]: 'many' })[name], new RegExp(`${min} to ${max}`));
  }
});

test('a line says what changed and nothing else', () => {
  const line = (/** @type {object} */ change) => editLine(2, syn, { ...draftOf(syn), ...change }).line;
  assert.equal(line({}), '');
  assert.equal(line({ seq: ' 0x10 ' }), 'edit #2 seq=16');
  assert.equal(line({ flags: flipped(['SYN'], 'ACK'), ack: '305' }), 'edit #2 ack=305 flags=SYN,ACK');
  assert.equal(line({ flags: [] }), 'edit #2 flags=none');
  assert.equal(line({ offset: '15', reserved: '7', urgent: '1', ttl: '3' }), 'edit #2 offset=15 reserved=7 urgent=1 ttl=3');
  assert.equal(line({ payload: 'a "b"\\r\\n\\xff', sum: 'keep' }), 'edit #2 payload="a \\"b\\"\\r\\n\\xff" checksum=keep');
  assert.equal(line({ sum: 'own', checksum: '0xFFFF' }), 'edit #2 checksum=0xffff');
  assert.equal(line({ sum: 'keep' }), '', 'what was right stays right');
  assert.equal(line({ src: '203.0.113.5' }), 'edit #2 src=203.0.113.5');
  const { line: text, places } = editLine(2, syn, { ...draftOf(syn), seq: '1', options: [] });
  assert.deepEqual(places.map((p) => text.slice(p.from - 1, p.to - 1)), ['seq=1', 'options=""']);
  // a wrong checksum can be put right, an offset of its own can be taken back
  const broken = { ...syn, checksum: syn.checksum ^ 1, sumok: false, offset: 9 };
  assert.equal(editLine(2, broken, { ...draftOf(broken), offset: '' }).line, 'edit #2 offset=right checksum=keep');
  assert.match(editLine(2, syn, { ...draftOf(syn), sum: 'recompute' }).line, /^$/);
});

test('a new segment has the numbers of the instant', () => {
  const m = at('lost-syn-ack', 60_000), to = fresh('client', m, hosts), v = m.hosts.client.vars;
  assert.deepEqual(to.flags, ['SYN', 'ACK']);
  assert.equal(to.ack, String(v['snd.nxt']));
  assert.equal(`${to.dst}:${to.dport}`, v.local);
  const late = at('lost-syn-ack', 2_000_000), d = fresh('server', late, hosts);
  assert.deepEqual([d.flags, d.seq, d.ack], [['ACK'], String(late.hosts.server.vars['rcv.nxt']), String(late.hosts.server.vars['snd.nxt'])]);
  assert.equal(verdict(d, ends(late, 'server')).ok, true);
  const usual = { src: '192.0.2.10', dst: '198.51.100.20' };
  assert.equal(forgeLine('server', d, usual).line, `forge to server ACK sport=${d.sport} dport=80 seq=${d.seq} ack=${d.ack}`);
  assert.equal(forgeLine('server', { ...d, flags: ['RST'], ack: '0', window: '0', src: '203.0.113.9', sum: 'own', checksum: '1' }, usual).line, `forge to server RST sport=${d.sport} dport=80 seq=${d.seq} window=0 src=203.0.113.9 checksum=0x0001`);
  assert.deepEqual([turned(d).sport, turned(d).dst], [d.dport, d.src]);
});

test('what numbers mean: ISS plus so many, in the window, one beyond it, sent or never sent', () => {
  const m = at('lost-syn-ack', 2_000_000), e = ends(m, 'server'), v = m.hosts.server.vars, d = fresh('server', m, hosts);
  const says = (/** @type {any} */ name, /** @type {object} */ change) => meaning(name, { ...d, ...change }, e).join('; ');
  assert.match(says('seq', {}), /client’s ISS \+ \d+; just what the server expects/);
  assert.match(says('seq', { seq: String(v['rcv.nxt'] + v['rcv.wnd']) }), /; 1 beyond the server’s window/);
  assert.match(says('seq', { seq: String(v['rcv.nxt'] + 5) }), /in the server’s window, 5 beyond/);
  assert.match(says('seq', { seq: String(v['rcv.nxt'] - 1) }), /1 before what the server expects/);
  assert.match(says('ack', { ack: String(v['snd.nxt'] + 4) }), /4 beyond all that the server has sent/);
  assert.match(says('ack', { flags: [], ack: '7' }), /means nothing while ACK is off/);
  assert.match(says('offset', { offset: '4' }), /no header is shorter than 20/);
  assert.match(says('window', { window: '0' }), /must stop sending/);
  assert.match(says('checksum', { sum: 'own', checksum: '1' }), /wrong, 0x/);
  assert.equal(says('seq', { seq: 'x' }), '');
});

test('what the receiver would look at first', () => {
  const m = at('lost-syn-ack', 2_000_000), e = ends(m, 'server'), v = m.hosts.server.vars, d = fresh('server', m, hosts);
  const says = (/** @type {object} */ change) => verdict({ ...d, ...change }, e);
  assert.equal(sumOf(d).right, true);
  assert.deepEqual([says({ sum: 'own', checksum: '1' }).ok, says({ sport: '1' }).ok, says({ flags: [] }).ok, says({ flags: ['SYN'] }).ok], [false, false, false, false]);
  assert.equal(says({ flags: ['RST'] }).ok, true);
  assert.match(says({ flags: ['RST'], seq: String(v['rcv.nxt'] + 1) }).text, /challenge ACK/);
  assert.match(says({ seq: String(v['rcv.nxt'] + v['rcv.wnd']) }).text, /none of them/);
  assert.match(says({ dst: '203.0.113.1' }).text, /not its address/);
  assert.equal(verdict({ ...d, sport: '1' }, e, { ...d, sport: '1' }).ok, true, 'a segment on its way is for whom it is for, whatever a box made of it');
  // before the SYN arrives the server listens, and has no connection
  const early = at('lost-syn-ack', 10_000), hello = fresh('server', early, hosts);
  assert.deepEqual([hello.flags, verdict(hello, ends(early, 'server')).ok], [['SYN'], true]);
  assert.match(verdict({ ...hello, flags: ['ACK'] }, ends(early, 'server')).text, /LISTEN: it answers an ACK with an RST/);
  // the last byte of the segment before counts
  assert.equal(says({ seq: String(v['rcv.nxt'] - 1), payload: 'ab' }).ok, true);
  assert.match(verdict(fresh('client', at('lost-syn-ack', 60_000), hosts), ends(at('lost-syn-ack', 60_000), 'client')).text, /SYN-SENT/);
});

test('what shall arrive earlier lets the others wait', () => {
  const events = run('by-hand'), ix = index(events);
  const pos = ix.times.findIndex((_, k) => fold(ix, { t: ix.times[k], k: k + 1 }).flying.filter((s) => s.phase === 'flight').some((s, _, all) => all.some((o) => o !== s && o.seg.to === s.seg.to)));
  assert.ok(pos >= 0, 'at some instant two are on their way to the same host');
  const m = fold(ix, { t: ix.times[pos], k: pos + 1 }), first = m.flying.find((s) => m.flying.some((o) => o !== s && o.seg.to === s.seg.to && o.phase === 'flight'));
  const second = m.flying.find((o) => o !== first && o.seg.to === first.seg.to && o.phase === 'flight');
  const gap = second.due - first.due;
  assert.deepEqual(swap(m, ix, first.id, 1).lines, [`delay #${first.id} ${gap / 1000 + 1}ms`]);
  assert.deepEqual(swap(m, ix, second.id, -1).lines, swap(m, ix, first.id, 1).lines, 'moving one up is moving the other down');
  assert.deepEqual(swap(m, ix, second.id, 1).lines, []);
  assert.match(swap(m, ix, 999, 1).text, /not on the wire/);
  assert.deepEqual(land(m, ix, first, first.due + 2500).lines, [`delay #${first.id} 2500us`]);
  assert.deepEqual(land(m, ix, first, first.due - 1).lines, []);
  assert.match(landed(first, land(m, ix, first, first.due - 1)), /nothing arrives earlier/);
  const over = land(m, ix, second, first.due);
  assert.deepEqual(over.held.map((h) => h.seg.id), [first.id]);
  assert.equal(over.t, second.due);
});
