// Words inside a PNG: its title and what it shows, for those who get the file and not the page (PNG specification, section 11.3.4).

const table = Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let k = 0; k < 8; k++) c = c & 1 ? 0xEDB88320 ^ (c >>> 1) : c >>> 1;
  return c >>> 0;
});

/** @param {Uint8Array} bytes */
export function crc32(bytes) {
  let c = 0xFFFFFFFF;
  for (const b of bytes) c = (table[(c ^ b) & 255] ?? 0) ^ (c >>> 8);
  return (c ^ 0xFFFFFFFF) >>> 0;
}

/** Where the chunk behind the header begins: the signature has 8 bytes, and IHDR 25. */
const BEHIND_HEADER = 33;

/**
 * The picture with an iTXt chunk for each keyword.
 * @param {Uint8Array} png @param {Record<string, string>} words "Title" and "Description" say what programs look for
 * @returns {Uint8Array<ArrayBuffer>}
 */
export function withWords(png, words) {
  const enc = new TextEncoder();
  const chunks = Object.entries(words).map(([keyword, text]) => {
    // keyword, no compression, no language, no translated keyword
    const data = [...enc.encode(keyword), 0, 0, 0, 0, 0], body = enc.encode(text);
    const chunk = new Uint8Array(12 + data.length + body.length), view = new DataView(chunk.buffer);
    view.setUint32(0, data.length + body.length);
    chunk.set(enc.encode('iTXt'), 4);
    chunk.set(data, 8);
    chunk.set(body, 8 + data.length);
    view.setUint32(chunk.length - 4, crc32(chunk.subarray(4, chunk.length - 4)));
    return chunk;
  });
  const all = new Uint8Array(png.length + chunks.reduce((n, c) => n + c.length, 0));
  all.set(png.subarray(0, BEHIND_HEADER));
  let at = BEHIND_HEADER;
  for (const c of chunks) {
    all.set(c, at);
    at += c.length;
  }
  all.set(png.subarray(BEHIND_HEADER), at);
  return all;
}
