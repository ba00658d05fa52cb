// A run as the text of a link and back: "1." and the scenario, deflated, in base64url. engine/share is the same in Go.
import { more, t } from './sentence.js';

await more();

export const MAX_LINK = 64 << 10, MAX_TEXT = 256 << 10;
const VERSION = '1.';

/** Says in a sentence what is wrong with a link. */
export class LinkError extends Error {
  /** @param {string} code @param {Record<string, string | number>} [args] */
  constructor(code, args) {
    super(t(`share.${code}`, args));
    this.code = code;
  }
}

/** @param {Uint8Array<ArrayBuffer>} bytes @param {CompressionStream | DecompressionStream} through @param {number} most */
async function pump(bytes, through, most) {
  const reader = new Blob([bytes]).stream().pipeThrough(through).getReader();
  /** @type {Uint8Array[]} */
  const parts = [];
  let size = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    size += value.length;
    if (size > most) {
      await reader.cancel().catch(() => {});
      throw new LinkError('too-big', { n: most >> 10 });
    }
    parts.push(value);
  }
  const all = new Uint8Array(size);
  let at = 0;
  for (const p of parts) {
    all.set(p, at);
    at += p.length;
  }
  return all;
}

/** The text of a link to a scenario. @param {string} text */
export async function encode(text) {
  const bytes = new TextEncoder().encode(text);
  if (bytes.length > MAX_TEXT) throw new LinkError('run-too-big', { n: MAX_TEXT >> 10 });
  const packed = await pump(bytes, new CompressionStream('deflate-raw'), Infinity);
  let binary = '';
  for (const b of packed) binary += String.fromCharCode(b);
  const link = VERSION + btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
  if (link.length > MAX_LINK) throw new LinkError('run-too-big', { n: MAX_LINK >> 10 });
  return link;
}

/**
 * The scenario of a link's text. What follows an "&" (the time at which the link opens) does not belong to it.
 * @param {string} link @returns {Promise<string>} rejects with a LinkError
 */
export async function decode(link) {
  const code = (link.split('&')[0] ?? '').trim();
  if (!code) throw new LinkError('empty');
  if (code.length > MAX_LINK) throw new LinkError('too-long', { n: MAX_LINK >> 10 });
  const other = /^(\d{1,3})\./.exec(code);
  if (!code.startsWith(VERSION)) {
    if (other) throw new LinkError('version', { theirs: `${other[1]}.`, ours: VERSION });
    throw new LinkError(VERSION.startsWith(code) ? 'cut-short' : 'no-link', { ours: VERSION });
  }
  const body = code.slice(VERSION.length);
  const bad = /[^A-Za-z0-9_-]/u.exec(body);
  if (bad) throw new LinkError('character', { c: bad[0] });
  if (!body || body.length % 4 === 1) throw new LinkError('cut-short');
  const bytes = Uint8Array.from(atob(body.replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0));
  /** @type {Uint8Array} */
  let text;
  try {
    text = await pump(bytes, new DecompressionStream('deflate-raw'), MAX_TEXT);
  } catch (error) {
    if (error instanceof LinkError) throw error;
    throw new LinkError('damaged');
  }
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(text);
  } catch {
    throw new LinkError('not-text');
  }
}

/** The time at which a link opens, in µs. @param {string} hash "#s=1.…&at=1075000" */
export function timeOf(hash) {
  const m = /[#&]at=(\d{1,12})(?:&|$)/.exec(hash);
  return m ? Number(m[1]) : null;
}

/**
 * The address of a run. @param {string} base absolute @param {string} text @param {number} at µs
 */
export async function link(base, text, at) {
  return `${base}sandbox#s=${await encode(text)}${at > 0 ? `&at=${Math.floor(at)}` : ''}`;
}
