// What the browser adds to a run that is taken along: words in a PNG, and what a picture says of itself.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crc32, withWords } from '../../../static/js/sim/png.js';
import { dataURL, words } from '../../../static/js/sim/take.js';

// One transparent pixel.
const PIXEL = Uint8Array.from(atob('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=='), (c) => c.charCodeAt(0));

/** The chunks of a PNG, each with the checksum that it should have. @param {Uint8Array} png */
function chunks(png) {
  const list = [], view = new DataView(png.buffer, png.byteOffset);
  for (let at = 8; at < png.length;) {
    const n = view.getUint32(at), type = String.fromCharCode(...png.subarray(at + 4, at + 8));
    assert.equal(view.getUint32(at + 8 + n), crc32(png.subarray(at + 4, at + 8 + n)), `the checksum of ${type}`);
    list.push({ type, data: png.subarray(at + 8, at + 8 + n) });
    at += 12 + n;
  }
  return list;
}

test('the checksum is that of the PNG specification', () => {
  assert.equal(crc32(new TextEncoder().encode('IEND')), 0xAE426082);
});

test('a picture carries its title and its description, and is the same picture', () => {
  const named = withWords(PIXEL, { Title: 'Lost', Description: 'Client → server, “SYN”' });
  const list = chunks(named);
  assert.deepEqual(list.map((c) => c.type), ['IHDR', 'iTXt', 'iTXt', 'IDAT', 'IEND']);
  const text = list.filter((c) => c.type === 'iTXt').map((c) => new TextDecoder().decode(c.data).split('\0'));
  assert.deepEqual(text.map((t) => [t[0], t.at(-1)]), [['Title', 'Lost'], ['Description', 'Client → server, “SYN”']]);
  assert.deepEqual(chunks(PIXEL).map((c) => c.type), ['IHDR', 'IDAT', 'IEND']);
});

test('the words of a picture are those of its title and description', () => {
  const svg = '<svg xmlns="http://www.w3.org/2000/svg"><title id="title">A &lt;b&gt; &amp; &#34;c&#34;</title><desc id="desc">Two hosts.</desc><text>x</text></svg>';
  assert.deepEqual(words(svg), { Title: 'A <b> & "c"', Description: 'Two hosts.' });
  assert.equal(decodeURIComponent(dataURL(svg).split(',').slice(1).join(',')), svg);
});
