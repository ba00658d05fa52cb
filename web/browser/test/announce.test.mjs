import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Announcer } from '../../../static/js/sim/announce.js';
import { clock } from './double.mjs';


function setup() {
  const regions = [0, 1, 2, 3].map(() => ({ textContent: '' })), c = clock();
  return { regions, c, a: new Announcer(regions, c), heard: () => regions.map((r) => r.textContent) };
}

test('a text waits 200 ms in an empty region, stays 1 s, and is taken away', () => {
  const { a, c, heard } = setup();
  a.say('one');
  assert.deepEqual(heard(), ['', '', '', '']);
  c.turn(199);
  assert.deepEqual(heard(), ['', '', '', '']);
  c.turn(1);
  assert.deepEqual(heard(), ['one', '', '', '']);
  c.turn(999);
  assert.deepEqual(heard(), ['one', '', '', '']);
  c.turn(1);
  assert.deepEqual(heard(), ['', '', '', '']);
});

test('texts follow each other in order, through the four regions in turn', () => {
  const { a, c, heard } = setup();
  const seen = [];
  for (const text of ['one', 'two', 'three']) a.say(text);
  for (let i = 0; i < 3; i++) {
    c.turn(200);
    seen.push(heard());
    c.turn(1000);
  }
  a.say('four');
  c.turn(200);
  seen.push(heard());
  c.turn(1000);
  a.say('five');
  c.turn(200);
  seen.push(heard());
  assert.deepEqual(seen, [['one', '', '', ''], ['', 'two', '', ''], ['', '', 'three', ''], ['', '', '', 'four'], ['five', '', '', '']]);
});

test('a newer text of a group takes the place of one that waits', () => {
  const { a, c, heard } = setup();
  a.say('running');
  a.say('at 10', { group: 'time' });
  a.say('at 20', { group: 'time' });
  c.turn(1400);
  assert.deepEqual(heard(), ['', 'at 20', '', '']);
  c.turn(1200);
  assert.deepEqual(heard(), ['', '', '', '']);
});

test('too much at once becomes a summary', () => {
  const { a, c, heard } = setup();
  const summary = (n) => `${n} events`;
  for (let i = 0; i < 6; i++) a.say(`event ${i}`, { summary });
  c.turn(200);
  assert.equal(heard()[0], 'event 0', 'what is being said is not interrupted');
  c.turn(1200);
  assert.equal(heard()[1], '4 events');
  c.turn(1200);
  assert.equal(heard()[2], 'event 5');
});

test('nothing is said while state is restored, nor afterwards of what came then', () => {
  const { a, c, heard } = setup();
  a.hush(true);
  a.say('old news');
  a.hush(false);
  c.turn(5000);
  assert.deepEqual(heard(), ['', '', '', '']);
  a.say('news');
  c.turn(200);
  assert.deepEqual(heard(), ['news', '', '', '']);
  a.stop();
  assert.deepEqual(heard(), ['', '', '', '']);
});
