// Sequence numbers as they are on the wire, or counted from the initial sequence number of their direction: one switch for the
// whole page, kept in this browser. Whatever shows a sequence number asks here.
import { signal } from '../../vendor/signals.js';

/** @import { RunEvent, Vars, Wire } from '../protocol.js' */
/** @typedef {{ own: number | null, theirs: number | null }} Bases initial numbers of a host and of its peer, null while they are not known */

const KEY = 'lab.numbers';

function stored() {
  try {
    return localStorage.getItem(KEY) === 'relative';
  } catch {
    return false;
  }
}

/** Whether numbers are counted from the start of the connection. */
export const relative = signal(stored());

/** @param {boolean} on */
export function setRelative(on) {
  relative.value = on;
  try {
    localStorage.setItem(KEY, on ? 'relative' : 'absolute');
  } catch {
    // it holds for this page, then
  }
}

/** What a number's base is: by the contents of a segment, and by an event for the numbers of its rule. */
/** @type {WeakMap<object, Bases>} */
const bases = new WeakMap();
/** @type {Bases} */
const none = { own: null, theirs: null };

/** @param {number} n @param {number | null | undefined} base */
export const seqText = (n, base) => (relative.value && base != null ? (n - base) >>> 0 : n);
/** SEG.SEQ as it is shown. @param {Wire} w */
export const seqOf = (w) => seqText(w.seq ?? 0, bases.get(w)?.own);
/** SEG.ACK as it is shown. @param {Wire} w */
export const ackOf = (w) => seqText(w.ack ?? 0, bases.get(w)?.theirs);
/** The bases of a host at an event of it, or of a segment's contents. @param {object} of */
export const basesOf = (of) => bases.get(of) ?? none;

/** Rules about the choice of an initial number: there the number itself is the point. */
const CHOICE = /^(6528:|793:|lab:isn|lab:fixed-isn|linux:isn|linux:syncookie)/;
/** Rules whose SEG.SEQ is of a segment that the host sends. */
const SENDS = new Set(['9293:3.10.2/send', '9293:3.10.7.4/5.send', '9293:3.10.4/fin', '9293:3.10.5/abort', '9293:3.6.1/unread', '6582:3.2', '8985:7.2', '5927:4.1', '1191:6.4', 'lab:no-rst']);
const OWN = new Set(['SEG.ACK', 'ISS', 'SND.UNA', 'SND.NXT', 'Recover']), THEIRS = new Set(['SEG.SEQ', 'SEG.FIN', 'RCV.NXT', 'left', 'right']);

/**
 * A parameter of a rule as it is shown.
 * @param {{ rule?: string }} e @param {string} name @param {number} v
 */
export function paramOf(e, name, v) {
  if (!relative.value || CHOICE.test(e.rule ?? '')) return v;
  const { own, theirs } = basesOf(e);
  if (name === 'SEG.SEQ' && SENDS.has(e.rule ?? '')) return seqText(v, own);
  return OWN.has(name) ? seqText(v, own) : THEIRS.has(name) ? seqText(v, theirs) : v;
}

/** Learns the initial numbers of all connections from the events of a branch, in their order. */
export class Learner {
  constructor() {
    /** @type {Map<string, number>} "from to" to the initial number of that direction */
    this.isn = new Map();
    /** @type {Map<string, [own: string, theirs: string]>} the directions of a connection of a host */
    this.ways = new Map();
    /** @type {Map<number, Wire>} contents of the segments */
    this.wires = new Map();
  }

  /** @param {RunEvent} e */
  add(e) {
    const { wire, vars } = e, id = `${e.host} ${e.conn ?? 0}`;
    if (wire && !wire.icmp) {
      const way = `${wire.src} ${wire.dst}`, syn = wire.flags.split(',').includes('SYN');
      if (syn && (e.kind === 'sent' || !this.isn.has(way))) this.isn.set(way, wire.seq);
    }
    if (wire && e.seg) this.wires.set(e.seg, wire);
    if (vars?.remote) {
      const own = `${vars.local} ${vars.remote}`, theirs = `${vars.remote} ${vars.local}`;
      this.ways.set(id, [own, theirs]);
      if (!this.isn.has(own)) this.isn.set(own, vars.iss);
      if (vars.irs !== undefined && !this.isn.has(theirs)) this.isn.set(theirs, vars.irs);
    }
    if (wire) bases.set(wire, this.between(`${wire.src} ${wire.dst}`, `${wire.dst} ${wire.src}`));
    if (!e.args) return;
    const about = wire ?? (e.seg ? this.wires.get(e.seg) : undefined), ways = this.ways.get(id);
    // a segment that is about to open the connection comes before its record
    if (ways && e.conn) bases.set(e, this.between(ways[0], ways[1]));
    else if (about) bases.set(e, e.kind === 'sent' ? basesOf(about) : this.between(`${about.dst} ${about.src}`, `${about.src} ${about.dst}`));
  }

  /** @param {string} own @param {string} theirs @returns {Bases} */
  between(own, theirs) {
    return { own: this.isn.get(own) ?? null, theirs: this.isn.get(theirs) ?? null };
  }
}
