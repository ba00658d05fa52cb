// A SYN cookie in its parts, read off the checks that tell of it: those of the SYN that was answered with it and those of the ACK
// that brings it back. No DOM in here.

/** @import { Index, LabEvent, Segment } from './model.js' */
/**
 * @typedef {object} Cookie
 * @property {'syn' | 'made' | 'back'} at the segment: the SYN that was answered with it, the SYN-ACK, the ACK
 * @property {boolean} good
 * @property {number} number
 * @property {number} hash of addresses, ports and a secret
 * @property {number} isn the client's
 * @property {number} minute eight bits
 * @property {number} low 24 bits: another hash, with the minute in it, and the number of the MSS
 * @property {string} rest the number without hash and ISN, 32 bits
 * @property {{ index: number, mss: number, hash: number } | null} mss null for what is no cookie
 * @property {number} age in minutes, of one that is brought back
 * @property {{ clock: number, value: number, offset: number, bits: string, scale: number, sack: boolean, ecn: boolean } | null} stamp null without timestamps
 */

const SUM = 'linux:syncookie-sum', SENT = 'linux:syncookie-sent', STAMP = 'linux:syncookie-timestamp', GOOD = 'linux:syncookie-ack';

/** Whether a check says that there is a cookie to open. @param {LabEvent} e */
export const opens = (e) => e.rule === SUM;

/**
 * The cookie that a segment has to do with, by event k; null without one.
 * @param {Index} ix @param {Segment} seg @param {number} k @returns {Cookie | null}
 */
export function cookieOf(ix, seg, k) {
  const step = ix.steps.find((s) => s.sent.includes(seg.id)), made = ix.events[seg.k]?.rule === SENT;
  const from = made ? ix.segment.get(step?.seg ?? 0) : seg, checks = (from?.checks ?? []).flatMap((i) => (i < k ? ix.events[i] ?? [] : []));
  const args = (/** @type {string} */ rule) => checks.find((e) => e.kind === 'check' && e.rule === rule)?.args;
  const sum = args(SUM), sent = args(SENT), good = checks.find((e) => e.rule === GOOD);
  if (!sum) return null;
  const [hash = 0, isn = 0, minute = 0, low = 0] = sum, number = (hash + isn + minute * 2 ** 24 + low) % 2 ** 32;
  const [index = 0, mss = 0] = sent ? [sent[1], sent[2]] : [good?.args?.[2], good?.args?.[3]], ok = !good || !!good.ok;
  const answer = made ? seg : ix.segments.find((s) => ix.events[s.k]?.rule === SENT && ix.events[s.k]?.args?.[0] === number);
  const wire = (good ? seg : answer)?.contents[0]?.wire, [, value, echo] = /TS val (\d+) ecr (\d+)/.exec(wire?.options ?? '') ?? [], stamp = args(STAMP), clock = Number(good ? echo : value);
  const [offset = 0, scale = 0, sack = 0, ecn = 0] = stamp ?? [];
  return {
    at: made ? 'made' : good ? 'back' : 'syn', good: ok, number, hash, isn, minute, low, rest: (minute * 2 ** 24 + low).toString(2).padStart(32, '0'),
    mss: ok ? { index, mss, hash: (low - index + 2 ** 24) % 2 ** 24 } : null, age: good?.args?.[1] ?? 0,
    stamp: stamp && value ? { clock: (clock - offset + 2 ** 32) % 2 ** 32, value: clock, offset, bits: (((clock - offset) >>> 0) & 63).toString(2).padStart(6, '0'), scale, sack: !!sack, ecn: !!ecn } : null,
  };
}
