// Two runs side by side: which steps belong together, where they part, and what is known to be behind it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { differences as known, profiles } from '../../../static/js/differences.en.js';
import { across, against, behind, common, differences, pairs, placeOf, replay, scale, sentence, timeAt } from '../../../static/js/sim/compare.js';
import { index } from '../../../static/js/sim/fold.js';
import { ruleOf } from '../../../static/js/sim/sentence.js';
import { difference } from '../../../static/js/sim/path.js';
import { SETUP, dropped, handshake } from './double.mjs';

/** @param {object[]} frames */
const events = (frames) => frames.flatMap((f) => f.events ?? []);
const whole = events(handshake('R'));
const lost = [...events(handshake('R').slice(0, 4)), ...events(dropped('R', 2))];

/** The run with some events another way. @param {(e: object) => object} change */
const changed = (change) => whole.map((e) => change(structuredClone(e)));

test('steps belong together as often as they can', () => {
  assert.deepEqual(pairs(['a', 'b', 'c'], ['a', 'c']), [[0, 0], [2, 1]]);
  assert.deepEqual(pairs(['a', 'x', 'b', 'c'], ['a', 'b', 'y', 'c']), [[0, 0], [2, 1], [3, 3]]);
  assert.deepEqual(pairs([], ['a']), []);
  const many = Array.from({ length: 2000 }, (_, i) => `${i}`);
  assert.equal(pairs(many, many).length, 2000, 'equal runs of any length');
  assert.equal(pairs(['a', ...many], ['a', 'b', ...many]).length, 1, 'two long rests are not compared');
});

test('equal runs do not differ, whatever their rules are', () => {
  assert.deepEqual(differences(index(whole), index(whole.map((e) => ({ ...e })))), []);
  const ruled = [{ n: 0, t: 0, kind: 'rule-added', host: 'network', text: 'drop 9th SYN', count: 1 }, ...whole];
  assert.deepEqual(differences(index(whole), index(ruled)), []);
});

test('a lost segment is the first difference, at the time at which the store says so too', () => {
  const a = index(whole), b = index(lost), all = differences(a, b);
  assert.deepEqual([all[0].kind, all[0].t, all[0].i], ['b', 75000, -1]);
  assert.equal(all[0].t, difference(whole, lost));
  assert.match(sentence(all[0], a, b), /^At 75 ms, only in B: .*segment 2/);
  assert.deepEqual(all.map((d) => d.t), [...all.map((d) => d.t)].sort((x, y) => x - y), 'by time');
  assert.ok(all.some((d) => d.kind === 'a' && d.t === 100000), 'what does not happen any more is a difference too');
});

test('the same step with other contents names them, once', () => {
  const b = changed((e) => {
    if (e.wire) e.wire.window = 64240;
    if (e.seg === 1 && e.wire) e.wire.options = 'mss 1460,sackOK,TS val 77 ecr 0,nop,wscale 10';
    return e;
  });
  const all = differences(index(whole), index(b));
  assert.deepEqual(all.map((d) => [d.kind, d.t, d.fields.map((f) => [f.a, f.b])]), [['content', 0, [['65535', '64240'], ['none', 'mss 1460,sackOK,TS,nop,wscale 10']]]]);
  const text = sentence(all[0], index(whole), index(b));
  assert.match(text, /the window \(65535 in A, 64240 in B\) and the options \(none in A, mss 1460,sackOK,TS,nop,wscale 10 in B\)/);
});

test('a step at another time is told once; what follows at the same distance is not', () => {
  const b = changed((e) => ({ ...e, t: e.t >= 100000 ? e.t + 30000 : e.t }));
  const all = differences(index(whole), index(b));
  assert.deepEqual(all.map((d) => [d.kind, d.t]), [['time', 100000]]);
  assert.match(sentence(all[0], index(whole), index(b)), /At 100 ms in A, at 130 ms in B\.$/);
});

test('the same thing at the same time with another outcome is one difference', () => {
  const b = changed((e) => (e.kind === 'sent' && e.seg === 3 ? { ...e, wire: { ...e.wire, flags: 'RST', ack: 0 } } : e));
  const all = differences(index(whole), index(b)).filter((d) => d.t === 100000);
  assert.equal(all.length, 1);
  assert.match(sentence(all[0], index(whole), index(b)), /^At 100 ms, in A: Client received SYN-ACK, sent ACK.* In B: Client received SYN-ACK, sent RST/);
});

test('where the other run is: inside an instant as long as both are equal, then by time', () => {
  const b = index(lost), same = common(whole, lost);
  assert.equal(same, 6);
  assert.deepEqual(across(b, { t: 50000, k: 5 }, 50000, same), { t: 50000, k: 5 });
  assert.deepEqual(across(b, { t: 100000, k: 9 }, 100000, same), { t: 100000, k: 7 });
  assert.deepEqual(across(b, { t: 150000, k: 10 }, 1050000, same), { t: 1050000, k: 9 }, 'A is over, time goes on');
});

test('one scale for both, silence cut out, there and back', () => {
  const s = scale(index(whole), index(lost));
  assert.deepEqual(s.times, [0, 50000, 75000, 100000, 150000, 1050000]);
  assert.deepEqual(s.cuts, [5]);
  assert.equal(placeOf(s, 0), 0);
  assert.equal(placeOf(s, 1050000), 1);
  for (const t of [0, 12000, 50000, 75000, 600000, 1050000]) assert.equal(timeAt(s, placeOf(s, t), 0), t);
  assert.equal(timeAt(s, placeOf(s, 75000) + 0.004, 0.005), 75000, 'close to something that happened, that');
});

test('the same actions with another profile, at their times and with the same first numbers', () => {
  const opened = { n: 0, t: 0, kind: 'opened', host: 'client', conn: 1, vars: { state: 'SYN-SENT', iss: 77 } };
  assert.equal(replay('client 192.0.2.10:52431 profile rfc9293 mss 1400\nserver 198.51.100.20:80 isn 5000\ndelay 50ms\n', ['linux', 'linux-classic'], [{ line: 'client connect', at: 0 }, { line: 'drop #2', at: 75000 }], [opened], null),
    'client 192.0.2.10:52431 profile linux mss 1400 isn 77\nserver 198.51.100.20:80 isn 5000 profile linux-classic\ndelay 50ms\nclient connect\nwait 75000us\ndrop #2\n');
  assert.equal(replay(SETUP, ['linux', 'linux'], [], [], 90_000_000_000).split('\n').slice(3).join(';'), 'wait 86400000000us;wait 3600000000us;', 'no wait is longer than a day');
});

test('the known differences that show: offers in the SYN, numbers, and nothing that Linux merely looked at', () => {
  const syn = (options, window) => [{ n: 0, t: 0, kind: 'sent', host: 'client', seg: 1, rule: '9293:3.10.1/active', args: [1000], wire: { flags: 'SYN', options, window } }];
  const looked = { n: 1, t: 50, kind: 'check', host: 'server', ok: true, rule: 'linux:listen-fin' };
  const rtt = (rto) => ({ n: 2, t: 100, kind: 'check', host: 'client', ok: true, rule: '6298:2.2', args: [100000, 100000, rto] });
  const a = [...syn('mss 1460', 65535), rtt(1000000)], b = [...syn('mss 1460,sackOK,TS val 5 ecr 0,nop,wscale 10', 64240), looked, rtt(300000)];
  assert.deepEqual(behind(known, [0, 1], a, b).map((d) => d.about), ['window scale', 'selective acknowledgments', 'timestamps', 'first window', 'shortest retransmission timeout']);
  assert.deepEqual(behind(known, [0, 1], a, a), []);
  assert.deepEqual(behind(known, [1, 1], a, b), [], 'a profile does not differ from itself');
  assert.deepEqual(behind(known, [0, 1], a, b, 'server'), [], 'the client does all of it');
  assert.equal(behind(known, [0, 1], a, b, 'client').length, 5);
  const refused = { ...looked, ok: false };
  assert.deepEqual(behind(known, [0, 1], a, [...a, refused]).map((d) => d.about), ['SYN with FIN for a listener']);
});

test('profiles are set against each other once for both hosts, else for each that differs', () => {
  assert.deepEqual(against(['rfc9293', 'rfc9293'], ['linux', 'linux']), [{ host: undefined, a: 'rfc9293', b: 'linux' }]);
  assert.deepEqual(against(['rfc9293', 'rfc9293'], ['linux', 'rfc9293']), [{ host: 'client', a: 'rfc9293', b: 'linux' }]);
  assert.deepEqual(against(['linux', 'rfc9293'], ['linux-classic', 'linux']).map((v) => [v.host, v.a, v.b]), [['client', 'linux', 'linux-classic'], ['server', 'rfc9293', 'linux']]);
  assert.deepEqual(against(['linux', 'linux'], ['linux', 'linux']), []);
});

test('each known difference has a rule in the catalogue and a word for each profile', () => {
  for (const d of known) {
    assert.equal(d.says.length, profiles.length, d.about);
    assert.ok(ruleOf(d.rule), `${d.about}: ${d.rule}`);
  }
});
