// A run as something to take along: what the server makes of its text, and what the browser makes of that.
import { t } from './sentence.js';
import { withWords } from './png.js';

/** @typedef {{ name: string, type: string, blob: Blob }} Taken */

/** Says in a sentence why there is no such file. */
export class TakeError extends Error {}

/**
 * Asks the server for a file.
 * @param {string} base @param {Record<string, string | string[]>} fields of api/export @returns {Promise<Taken>} rejects with a TakeError
 */
export async function take(base, fields) {
  const form = new URLSearchParams();
  for (const [name, value] of Object.entries(fields)) for (const v of [value].flat()) form.append(name, v);
  let answer;
  try {
    answer = await fetch(`${base}api/export`, { method: 'POST', body: form });
  } catch {
    throw new TakeError(t('panel.take.offline'));
  }
  if (!answer.ok) {
    const why = await answer.json().catch(() => null);
    throw new TakeError(why?.message ?? t('panel.take.offline'));
  }
  const name = /filename="([^"]*)"/.exec(answer.headers.get('content-disposition') ?? '')?.[1] ?? 'run';
  return { name, type: answer.headers.get('content-type') ?? '', blob: await answer.blob() };
}

/** An address that a picture in the page may have. @param {string} svg */
export const dataURL = (svg) => `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;

const ENTITIES = /** @type {Record<string, string>} */ ({ lt: '<', gt: '>', amp: '&', '#34': '"', '#39': "'" });

/** The title and the description of a picture of ours. (A parser of the browser would refuse its styles, by the page's policy.) @param {string} svg */
export function words(svg) {
  const text = (/** @type {string} */ tag) => (new RegExp(`<${tag}[^>]*>([^<]*)</${tag}>`).exec(svg)?.[1] ?? '').replace(/&([^;]+);/g, (all, name) => ENTITIES[name] ?? all);
  return { Title: text('title'), Description: text('desc') };
}

/** How much larger than the drawing a PNG is: sharp on paper and on screens of today. */
const SCALE = 2;
/** What browsers allow of a canvas. */
const MOST = 16384;

/** An SVG as a PNG of twice its size. @param {Taken} file @returns {Promise<Taken>} */
export async function toPNG(file) {
  const svg = await file.blob.text();
  const img = new Image();
  img.src = dataURL(svg);
  await img.decode();
  const scale = Math.min(SCALE, MOST / Math.max(img.naturalWidth, img.naturalHeight));
  const canvas = document.createElement('canvas');
  canvas.width = Math.round(img.naturalWidth * scale);
  canvas.height = Math.round(img.naturalHeight * scale);
  const pen = canvas.getContext('2d');
  if (!pen) throw new TakeError(t('panel.take.nopng'));
  pen.drawImage(img, 0, 0, canvas.width, canvas.height);
  /** @type {Blob | null} */
  const blob = await new Promise((done) => canvas.toBlob(done, 'image/png'));
  if (!blob) throw new TakeError(t('panel.take.nopng'));
  const named = withWords(new Uint8Array(await blob.arrayBuffer()), words(svg));
  return { name: file.name.replace(/\.svg$/, '.png'), type: 'image/png', blob: new Blob([named], { type: 'image/png' }) };
}

/** Lets the browser save a file. @param {Taken} file */
export function save(file) {
  const a = document.createElement('a'), url = URL.createObjectURL(file.blob);
  a.href = url;
  a.download = file.name;
  document.body.append(a);
  a.click();
  a.remove();
  // the browser has taken it by then
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
