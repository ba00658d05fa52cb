import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { MAX_LINK, MAX_TEXT, decode, encode, link, timeOf } from '../../../static/js/sim/share.js';

const data = new URL('../../../engine/share/testdata/', import.meta.url);

test('what was encoded is decoded', async () => {
  for (const text of ['client connect\n', '# ü ✓\n', '', 'step\n'.repeat(5000)]) {
    if (text) assert.equal(await decode(await encode(text)), text);
  }
});

test('links of the past, made here and by the engine', async () => {
  const text = readFileSync(new URL('design.lab', data), 'utf8');
  for (const name of ['design.browser.link', 'design.go.link']) assert.equal(await decode(readFileSync(new URL(name, data), 'utf8')), text);
});

test('the time at which a link opens stands behind it', async () => {
  const address = await link('https://lab.example/base/', 'client connect\n', 1075000.7);
  assert.match(address, /^https:\/\/lab\.example\/base\/sandbox#s=1\.[\w-]+&at=1075000$/);
  const hash = new URL(address).hash;
  assert.equal(timeOf(hash), 1075000);
  assert.equal(await decode(hash.slice('#s='.length)), 'client connect\n');
  assert.equal(timeOf('#s=1.abc'), null);
});

for (const [code, text] of Object.entries({
  empty: '', version: '2.abc', 'no-link': 'hello', character: '1.ab!c', 'cut-short': '1.', damaged: '1.____', 'too-long': `1.${'a'.repeat(MAX_LINK)}`,
})) {
  test(`a link that cannot be read says why: ${code}`, async () => {
    await assert.rejects(decode(text), (e) => e.code === code && /[.\d]$/.test(e.message));
  });
}

test('a small link may not become a large text', async () => {
  const bomb = new Blob(['a'.repeat(MAX_TEXT + 1)]).stream().pipeThrough(new CompressionStream('deflate-raw'));
  const packed = Buffer.from(await new Response(bomb).arrayBuffer()).toString('base64url');
  await assert.rejects(decode(`1.${packed}`), (e) => e.code === 'too-big');
  await assert.rejects(encode('a'.repeat(MAX_TEXT + 1)), (e) => e.code === 'run-too-big');
});
