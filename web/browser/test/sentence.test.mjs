// The browser's narrator is held to the fixture that the one in Go is held to: web/i18n/testdata/sentences.json.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { test } from 'node:test';
import { Narrator, grouped, has, kindOf, ms, nth, parseTime, pathRule, t, time, learn } from '../../../static/js/sim/sentence.js';

const fixture = JSON.parse(readFileSync(new URL('../../i18n/testdata/sentences.json', import.meta.url), 'utf8'));

test('numbers and times', () => {
  for (const [us, text] of fixture.numbers.time) assert.equal(time(us), text);
  for (const [us, text] of fixture.numbers.ms) assert.equal(ms(us), text);
  assert.equal(ms(null), 'never');
  const intl = new Intl.NumberFormat('en', { maximumFractionDigits: 3 });
  for (const n of [0, 1, 999, 1000, 65535, 4294967295, 0.5, 0.001, 0.0004, 999.9996, 1234567.25, -1, -65536.25]) assert.equal(grouped(n), intl.format(n));
  assert.equal(parseTime('1.05s'), 1050000);
  assert.equal(parseTime('soon'), 0);
});

for (const c of fixture.cases) {
  test(`sentences: ${c.name}`, () => {
    const one = new Narrator(), all = new Narrator();
    for (const s of c.steps) {
      assert.deepEqual(s.events.map((e) => one.event({ n: 0, t: 0, ...e })), s.say);
      assert.equal(all.step(s.events.map((e) => ({ n: 0, t: 0, ...e }))).text, s.text);
    }
  });
}

test('what is said begins with what changed', () => {
  const steps = fixture.cases[0].steps, n = new Narrator();
  const said = steps.map((s) => n.step(s.events));
  assert.equal(said[5].spoken, 'Client ESTABLISHED. Client received SYN-ACK, sent ACK, seq 1001, ack 5001.');
  assert.deepEqual(said.map((s) => s.key), [true, true, true, true, true, true, true, false, false], 'changes of state, losses and timers are key events');
});

test('words for a rule of the path', () => {
  assert.equal(pathRule('drop 1st SYN-ACK'), 'drop the 1st SYN-ACK');
  assert.equal(pathRule('drop every segment from client'), 'drop every segment from the client');
  assert.equal(pathRule('something else'), 'something else');
  assert.deepEqual([1, 2, 3, 4, 11, 12, 13, 21, 102, 111].map(nth), ['1st', '2nd', '3rd', '4th', '11th', '12th', '13th', '21st', '102nd', '111th']);
});

test('a message with plural forms, a message that is missing', () => {
  assert.equal(t('bytes', { n: 1 }), '1 byte');
  assert.equal(t('bytes', { n: 18 }), '18 bytes');
  assert.equal(t('no such key'), 'no such key');
  assert.equal(kindOf({ flags: 'none' }), 'segment without flags');
});

test('every message that a module asks for by name exists', async () => {
  const folder = new URL('../../../static/js/', import.meta.url);
  // those of parts that are fetched when they are first used
  for (const part of readdirSync(folder).filter((f) => /^catalog\.\w+\.en\.js$/.test(f))) learn((await import(new URL(part, folder).href)).messages);
  const asked = readdirSync(folder, { recursive: true }).filter((f) => f.endsWith('.js') && !f.startsWith('catalog')).flatMap((f) => {
    const source = readFileSync(new URL(f, folder), 'utf8');
    return [...source.matchAll(/\bt\('([\w.-]+)'/g), ...source.matchAll(/\bt\([^'`]*\? '([\w.-]+)' : '([\w.-]+)'/g)].flatMap((m) => m.slice(1).filter(Boolean)).map((key) => `${f}: ${key}`);
  });
  assert.ok(asked.length > 100, 'the pattern finds them');
  assert.deepEqual(asked.filter((a) => !has(a.split(': ')[1])), []);
});
