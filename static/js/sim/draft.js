// A header as a learner writes it: what each field may be, what it means at this instant, its bytes, and the line of the
// scenario language that makes a segment so. No document is needed for any of it.
import { ranges } from '../limits.js';
import { FLAGS, addrOf, fieldsOf, flagsOf, more, portOf, t } from './sentence.js';

/** @import { End, HostAt, Model, Wire } from './model.js' */
/** @typedef {'recompute' | 'keep' | 'own'} Sum what becomes of the checksum */
/** @typedef {{ id: number, kind: string, a: string, b: string }} Option one option, its numbers as they are written */
/** @typedef {Record<Name, string> & { flags: string[], options: Option[], sum: Sum }} Draft offset: "" for the right one */
/** @typedef {'sport' | 'dport' | 'seq' | 'ack' | 'offset' | 'reserved' | 'window' | 'checksum' | 'urgent' | 'payload' | 'ttl' | 'src' | 'dst'} Name */
/** @typedef {{ name: string, from: number, to: number }} Place where on a line a field stands, in columns */
/** Both ends of the way as they are now; here: the receiver's address. @typedef {{ from: End, to: End, sender: HostAt, receiver: HostAt, here: string }} Ends */

await more();

const BITS = { sport: 16, dport: 16, seq: 32, ack: 32, offset: 4, reserved: 4, window: 16, checksum: 16, urgent: 16, ttl: 8 };
/** The fields that are numbers. @typedef {keyof typeof BITS} Numeric */
export const widths = /** @type {Record<Numeric, number>} */ (BITS);
const NUMBERS = /** @type {Numeric[]} */ (Object.keys(BITS));
/** In the order in which a line names them. */
const ORDER = /** @type {const} */ (['sport', 'dport', 'seq', 'ack', 'offset', 'reserved', 'flags', 'window', 'urgent', 'options', 'payload', 'ttl', 'src', 'dst']);
/** What says which connection a segment belongs to. */
const PAIR = /** @type {const} */ (['src', 'sport', 'dst', 'dport']);
/** The order in which people say the flags. */
const SAID = ['SYN', 'FIN', 'RST', 'PSH', 'ACK', 'URG', 'ECE', 'CWR'];

/** The variables of the connection that a host has now; those of one that is gone mean nothing any more. @param {HostAt} host */
const live = (host) => (host.state === 'CLOSED' || host.state === 'LISTEN' ? null : host.vars);

/** @param {number} n @param {number} bits */
export const hex = (n, bits) => `0x${n.toString(16).padStart(Math.ceil(bits / 4), '0')}`;
/** A whole number, decimal or with 0x; NaN for anything else. @param {string} s */
export const number = (s) => (/^\s*(\d{1,15}|0x[0-9a-f]{1,12})\s*$/i.test(s) ? Number(s) : NaN);
/** @param {string} name @returns {[number, number]} */
export const rangeOf = (name) => ranges[name] ?? [0, 0];

// ---------------------------------------------------------------- the payload

/** Bytes, a character each, as they are written: what cannot be seen as an escape. @param {string} bytes */
export const escaped = (bytes) => bytes.replace(/[\\\x00-\x1f\x7f-\xff]/g, (c) => ({ '\\': '\\\\', '\r': '\\r', '\n': '\\n', '\t': '\\t' })[c] ?? `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`);

/** The bytes of what was written, a character each; null where an escape is none. @param {string} text */
export function unescaped(text) {
  let bad = false;
  const bytes = text.replace(/\\(x[0-9a-f]{2}|[\s\S]?)|[^\x00-\x7f]+/gi, (all, escape) => {
    if (escape === undefined) return String.fromCharCode(...new TextEncoder().encode(all));
    if (/^x./i.test(escape)) return String.fromCharCode(Number.parseInt(escape.slice(1), 16));
    const c = { '\\': '\\', r: '\r', n: '\n', t: '\t', '"': '"' }[/** @type {string} */ (escape)];
    bad ||= c === undefined;
    return c ?? '';
  });
  return bad ? null : bytes;
}

/** A text as the scenario language quotes it. @param {string} bytes */
const quote = (bytes) => `"${escaped(bytes).replace(/"/g, '\\"')}"`;

// ---------------------------------------------------------------- options

/** The options that can be added, in the order of a menu. */
export const KINDS = ['mss', 'wscale', 'sackOK', 'sack', 'TS', 'tfo', 'nop', 'eol', 'unknown', 'raw'];
/** Those with numbers, and the names of these. @type {Record<string, string[]>} */
export const PARTS = { mss: ['size'], wscale: ['shift'], sack: ['blocks'], TS: ['val', 'ecr'], tfo: ['cookie'], unknown: ['kind', 'data'], raw: ['bytes'] };
/** What a new one says. @type {Record<string, [string, string]>} */
const FIRST = { mss: ['1460', ''], wscale: ['7', ''], sack: ['1:2', ''], TS: ['1', '0'], tfo: ['', ''], unknown: ['254', '0x0001'], raw: ['02ff', ''] };
const KIND_BYTE = /** @type {Record<string, number>} */ ({ mss: 2, wscale: 3, sackOK: 4, sack: 5, TS: 8, tfo: 34 });

let made = 0;
/** @param {string} kind @param {string} [a] @param {string} [b] @returns {Option} */
export const option = (kind, a = FIRST[kind]?.[0] ?? '', b = FIRST[kind]?.[1] ?? '') => ({ id: ++made, kind, a, b });

/** Options as the engine writes them: "mss 1460,sackOK,TS val 1 ecr 0". @param {string} text @returns {Option[]} */
export function optionsOf(text) {
  return text.split(',').filter(Boolean).map((item) => {
    const [name = '', ...args] = item.trim().split(' '), rest = args.join(' ');
    const unknown = /^unknown-(\d+)$/.exec(name);
    if (unknown) return option('unknown', unknown[1], rest);
    if (name === 'TS') return option('TS', args[1], args[3]);
    if (name === 'sack') return option('sack', [...rest.matchAll(/\{(\d+:\d+)\}/g)].map((m) => m[1]).join(' '), '');
    if (name === 'tfo') return option('tfo', args[1] ?? '', '');
    return KINDS.includes(name) ? option(name, rest, '') : option('raw', '', '');
  });
}

/** @param {string} s */
const hexBytes = (s) => (s.replace(/^0x/i, '').replace(/\s/g, '').match(/../g) ?? []).map((b) => Number.parseInt(b, 16));
/** @param {string} s */
const isHex = (s) => /^(0x)?(\s*[0-9a-f]{2})*\s*$/i.test(s);
/** @param {string} s */
const blocks = (s) => s.trim().split(/[\s,]+/).map((b) => b.split(':').map(number));
/** @param {number} n */
const u32 = (n) => [n >>> 24, n >>> 16 & 255, n >>> 8 & 255, n & 255];

/** What is wrong with an option, '' for nothing. @param {Option} o */
export function optionFault({ kind, a, b }) {
  const within = (/** @type {string} */ s, /** @type {number} */ lo, /** @type {number} */ hi) => (number(s) >= lo && number(s) <= hi ? '' : t('hand.option.number', { min: lo, max: hi }));
  const U32 = rangeOf('seq')[1];
  switch (kind) {
    case 'mss': return within(a, 0, 65535);
    case 'wscale': return within(a, 0, 255);
    case 'TS': return within(a, 0, U32) || within(b, 0, U32);
    case 'sack': {
      const list = blocks(a);
      return list.length <= 4 && list.every((p) => p.length === 2 && p.every((n) => n >= 0 && n <= U32)) ? '' : t('hand.option.blocks');
    }
    case 'tfo': {
      const n = hexBytes(a).length;
      return isHex(a) && (!a.trim() || (n >= 4 && n <= 16 && n % 2 === 0)) ? '' : t('hand.option.cookie');
    }
    case 'unknown': return within(a, 2, 255) || (isHex(b) ? '' : t('hand.option.hex'));
    case 'raw': return a.trim() && isHex(a) ? '' : t('hand.option.hex');
    default: return '';
  }
}

/** @param {Option} o @returns {number[]} */
export function optionBytes({ kind, a, b }) {
  const data = {
    mss: () => [number(a) >> 8 & 255, number(a) & 255], wscale: () => [number(a) & 255], sackOK: () => [], sack: () => blocks(a).flat().flatMap(u32),
    TS: () => [...u32(number(a)), ...u32(number(b))], tfo: () => hexBytes(a), unknown: () => hexBytes(b),
  }[kind];
  if (kind === 'raw') return hexBytes(a);
  if (!data) return [kind === 'nop' ? 1 : 0];
  const bytes = data();
  return [KIND_BYTE[kind] ?? number(a) & 255, (2 + bytes.length) & 255, ...bytes];
}

/** What an option does, in a few words. @param {Option} o */
export function optionMeaning(o) {
  if (optionFault(o)) return '';
  const n = number(o.a);
  if (o.kind === 'wscale') return n > 14 ? t('hand.option.wscale.much') : t('hand.option.wscale.means', { n: 2 ** n });
  if (o.kind === 'tfo') return t(o.a.trim() ? 'hand.option.tfo.cookie' : 'hand.option.tfo.request');
  return t(`hand.option.${o.kind}.means`, { n });
}

/** @param {Option} o as the scenario language writes it */
function optionText({ kind, a, b }) {
  switch (kind) {
    case 'mss': case 'wscale': return `${kind} ${number(a)}`;
    case 'TS': return `TS val ${number(a)} ecr ${number(b)}`;
    case 'sack': return `sack ${blocks(a).length} ${blocks(a).map((p) => `{${p.join(':')}}`).join('')}`;
    case 'tfo': return a.trim() ? `tfo cookie ${bytesHex(hexBytes(a))}` : 'tfo cookiereq';
    case 'unknown': return hexBytes(b).length ? `unknown-${number(a)} 0x${bytesHex(hexBytes(b))}` : `unknown-${number(a)}`;
    case 'raw': return `raw ${bytesHex(hexBytes(a))}`;
    default: return kind;
  }
}

/** @param {Option[]} list */
export const optionsText = (list) => list.map(optionText).join(',');
/** @param {number[]} bytes */
const bytesHex = (bytes) => bytes.map((b) => b.toString(16).padStart(2, '0')).join('');
/** @param {number[]} bytes "02 04 05 b4" */
export const spacedHex = (bytes) => bytes.map((b) => b.toString(16).padStart(2, '0')).join(' ');

/** How long the options are, and the padding behind them; whether they fit. @param {Draft} d */
export function optionRoom(d) {
  const bytes = d.options.flatMap((o) => (optionFault(o) ? [] : optionBytes(o))), n = bytes.length;
  return { n, pad: -n & 3, most: rangeOf('options')[1], bytes };
}

// ---------------------------------------------------------------- the draft

/** A segment as a learner would write it. @param {Wire} w @returns {Draft} */
export function draftOf(w) {
  const f = fieldsOf(w), d = /** @type {Draft} */ ({
    sport: portOf(w.src), dport: portOf(w.dst), src: addrOf(w.src), dst: addrOf(w.dst), seq: f.seq, ack: f.ack, offset: f.offset, reserved: f.reserved, window: f.window,
    checksum: f.checksum, urgent: f.urgent, ttl: f.ttl, payload: escaped(w.payload), flags: flagsOf(w), options: optionsOf(w.options), sum: w.sumok ? 'recompute' : 'keep',
  });
  if (w.offset === rightOffset(d)) d.offset = '';
  return d;
}

/** The data offset that fits the options. @param {Draft} d */
export function rightOffset(d) {
  const { n, pad } = optionRoom(d);
  return Math.min(15, 5 + (n + pad) / 4);
}

/** The number in a field, NaN when there is none. @param {Draft} d @param {Numeric} name */
export function valueOf(d, name) {
  if (name === 'offset' && d.offset.trim() === '') return rightOffset(d);
  if (name === 'checksum' && d.sum === 'recompute') return checksum(d);
  return number(d[name]);
}

/** The payload, a character a byte. @param {Draft} d */
export const payloadOf = (d) => unescaped(d.payload) ?? '';

/** The control bits as a number. @param {string[]} flags */
export const flagByte = (flags) => flags.reduce((n, f) => n | 1 << (7 - FLAGS.indexOf(f)), 0);
/** @param {string[]} flags @param {string} f */
export const flipped = (flags, f) => SAID.filter((x) => flags.includes(x) !== (x === f));

/** SEG.LEN. @param {Draft} d */
export const lengthOf = (d) => payloadOf(d).length + Number(d.flags.includes('SYN')) + Number(d.flags.includes('FIN'));

/** What is wrong with a draft, by field; options by "options" and by "option-" and the place in the list. @param {Draft} d @returns {Record<string, string>} */
export function faults(d) {
  /** @type {Record<string, string>} */
  const bad = {};
  for (const name of NUMBERS) {
    const fault = fieldFault(d, name);
    if (fault) bad[name] = fault;
  }
  for (const name of /** @type {const} */ (['src', 'dst'])) if (!addressBytes(d[name])) bad[name] = t('hand.address.bad');
  d.options.forEach((o) => {
    const fault = optionFault(o);
    if (fault) bad[`option-${o.id}`] = fault;
  });
  const room = optionRoom(d);
  if (room.n > room.most) bad.options = t('hand.options.long', { n: room.n, max: room.most });
  const bytes = unescaped(d.payload), most = rangeOf('payload')[1];
  if (bytes === null) bad.payload = t('hand.payload.escape');
  else if (bytes.length > most) bad.payload = t('hand.payload.long', { n: bytes.length, max: most });
  return bad;
}

/** @param {Draft} d @param {Numeric} name */
export function fieldFault(d, name) {
  if (name === 'checksum' && d.sum !== 'own') return '';
  const v = valueOf(d, name), [min, max] = rangeOf(name);
  return v >= min && v <= max ? '' : t('hand.field.bad', { field: t(`field.${name}`), min, max });
}

// ---------------------------------------------------------------- bytes

/** An address as bytes, null when it is none. @param {string} addr @returns {number[] | null} */
export function addressBytes(addr) {
  const s = addr.trim();
  if (/^\d{1,3}(\.\d{1,3}){3}$/.test(s)) {
    const bytes = s.split('.').map(Number);
    return bytes.every((b) => b < 256) ? bytes : null;
  }
  if (!/^[0-9a-f:]+$/i.test(s) || !s.includes(':')) return null;
  const [head = '', tail, more] = s.split('::');
  const words = (/** @type {string} */ part) => (part ? part.split(':') : []);
  const a = words(head), b = words(tail ?? ''), gap = 8 - a.length - b.length;
  if (more !== undefined || (tail === undefined ? gap !== 0 : gap < 1)) return null;
  const all = [...a, ...Array(gap).fill('0'), ...b];
  return all.every((w) => /^[0-9a-f]{1,4}$/i.test(w)) ? all.flatMap((w) => [Number.parseInt(w, 16) >> 8, Number.parseInt(w, 16) & 255]) : null;
}

/** The segment as it would be on the wire, with 0 for the checksum; NaN is 0. @param {Draft} d @returns {number[]} */
export function bytesOf(d) {
  const n = (/** @type {Numeric} */ name) => valueOf(d, name) || 0, u16 = (/** @type {number} */ v) => [v >> 8 & 255, v & 255], room = optionRoom(d);
  return [
    ...u16(n('sport')), ...u16(n('dport')), ...u32(n('seq')), ...u32(n('ack')), n('offset') << 4 & 240 | n('reserved') & 15, flagByte(d.flags), ...u16(n('window')), 0, 0, ...u16(n('urgent')),
    ...room.bytes, ...Array(room.pad).fill(0), ...[...payloadOf(d)].map((c) => c.charCodeAt(0)),
  ];
}

/** The right checksum (RFC 9293 section 3.1): over addresses, protocol, length and the segment. @param {Draft} d */
export function checksum(d) {
  const bytes = bytesOf(d), pseudo = [...addressBytes(d.src) ?? [], ...addressBytes(d.dst) ?? [], ...u32(6), ...u32(bytes.length)];
  const all = [...pseudo, ...bytes];
  let sum = 0;
  for (let i = 0; i < all.length; i += 2) sum += (all[i] ?? 0) << 8 | (all[i + 1] ?? 0);
  while (sum > 65535) sum = (sum & 65535) + (sum >> 16);
  return ~sum & 65535;
}

/** The checksum that the segment gets, and whether it is right. @param {Draft} d */
export function sumOf(d) {
  const right = checksum(d), v = d.sum === 'recompute' ? right : number(d.checksum);
  return { v, right: v === right, wanted: right };
}

// ---------------------------------------------------------------- the line

class Line {
  /** @param {string} text */
  constructor(text) {
    this.text = text;
    /** @type {Place[]} */
    this.places = [];
  }

  /** @param {string} name @param {string | number} value */
  add(name, value) {
    const from = this.text.length + 2;
    this.text += ` ${name}=${value}`;
    this.places.push({ name, from, to: this.text.length + 1 });
  }
}

/** How a line names the value of a field. @param {Draft} d @param {typeof ORDER[number]} name */
function said(d, name) {
  if (name === 'flags') return d.flags.join(',') || 'none';
  if (name === 'options') return quote(optionsText(d.options));
  if (name === 'payload') return quote(payloadOf(d));
  if (name === 'src' || name === 'dst') return d[name].trim();
  if (name === 'offset' && (d.offset.trim() === '' || valueOf(d, 'offset') === rightOffset(d))) return 'right';
  return String(valueOf(d, name));
}

/**
 * The line of the scenario language that makes a segment what the draft says; '' when that changes nothing.
 * @param {number} seg @param {Wire} wire @param {Draft} draft
 */
export function editLine(seg, wire, draft) {
  const was = draftOf(wire), line = new Line(`edit #${seg}`);
  for (const name of ORDER) {
    const value = said(draft, name);
    if (value !== said(was, name)) line.add(name, value);
  }
  const changed = line.places.length > 0, { v } = sumOf(draft);
  if (draft.sum === 'own' ? changed || v !== wire.checksum : draft.sum === 'recompute' && !changed && !wire.sumok) line.add('checksum', hex(v, 16));
  else if (draft.sum === 'keep' && changed) line.add('checksum', 'keep');
  return { line: line.places.length ? line.text : '', places: line.places };
}

/**
 * The line that puts a new segment on the wire.
 * @param {End} to @param {Draft} draft @param {{ src: string, dst: string }} usual the addresses that it has when the line names none
 */
export function forgeLine(to, draft, usual) {
  const line = new Line(`forge to ${to} ${said(draft, 'flags')}`), plain = { ...blank, src: usual.src, dst: usual.dst };
  for (const name of ORDER) {
    if (name === 'flags') continue;
    const value = said(draft, name);
    if (name === 'sport' || name === 'dport' || name === 'seq' || value !== said(plain, name)) line.add(name, value);
  }
  if (draft.sum === 'own') line.add('checksum', hex(number(draft.checksum), 16));
  return { line: line.text, places: line.places };
}

/** What the engine writes into a forged segment of which nothing is said. @type {Draft} */
const blank = { sport: '0', dport: '0', seq: '0', ack: '0', offset: '', reserved: '0', window: '65535', checksum: '', urgent: '0', payload: '', ttl: '64', src: '', dst: '', flags: [], options: [], sum: 'recompute' };

/**
 * A new segment with the numbers that the other end would use now.
 * @param {End} to @param {Pick<Model, 'hosts'>} model @param {readonly { addr: string }[]} hosts client, server
 * @returns {Draft}
 */
export function fresh(to, model, hosts) {
  const from = to === 'client' ? 'server' : 'client', v = live(model.hosts[to]), mine = live(model.hosts[from]);
  const here = hosts[to === 'client' ? 0 : 1]?.addr ?? '', there = hosts[to === 'client' ? 1 : 0]?.addr ?? '';
  const src = v?.remote || there, dst = v?.remote ? v.local : here;
  const d = { ...blank, sport: portOf(src), dport: portOf(dst), src: addrOf(src), dst: addrOf(dst) };
  if (v?.irs !== undefined) return { ...d, flags: ['ACK'], seq: String(v['rcv.nxt']), ack: String(v['snd.nxt']) };
  const seq = String(mine?.iss ?? 0);
  // nobody knows the other's numbers yet: what would be next in a handshake
  return v?.state === 'SYN-SENT' ? { ...d, flags: ['SYN', 'ACK'], seq, ack: String(v['snd.nxt']) } : { ...d, flags: ['SYN'], seq };
}

/** The same segment the other way. @param {Draft} d @returns {Draft} */
export const turned = (d) => ({ ...d, sport: d.dport, dport: d.sport, src: d.dst, dst: d.src });

// ---------------------------------------------------------------- meaning

/** A difference of sequence numbers, from -2^31. @param {number} a @param {number} b */
const minus = (a, b) => (a - b) | 0;

/** What a field means at this instant, a sentence each. @param {Numeric} name @param {Draft} d @param {Ends} ends @returns {string[]} */
export function meaning(name, d, ends) {
  const v = valueOf(d, name), [min, max] = rangeOf(name);
  if (!(v >= min && v <= max)) return [];
  const mine = live(ends.sender), theirs = live(ends.receiver), args = { from: t(`host.${ends.from}`), to: t(`host.${ends.to}`), v };
  switch (name) {
    case 'seq': return [...origin(v, mine?.iss, args.from), ...place(v, theirs, args.to)];
    case 'ack': {
      if (!d.flags.includes('ACK')) return v ? [t('caption.ack.off')] : [];
      return [...origin(v, theirs?.iss, args.to), ...acknowledged(v, theirs, args.to)];
    }
    case 'sport': case 'dport': {
      const wanted = Number(portOf((name === 'sport' ? theirs?.remote : theirs?.local) || ''));
      return wanted && wanted !== v ? [t(`hand.port.${name}`, { ...args, n: wanted })] : [];
    }
    case 'offset': {
      const right = rightOffset(d), how = v < 5 ? 'short' : v < right ? 'less' : v > right ? 'more' : 'right';
      return [t(`hand.offset.${how}`, { n: 4 * v, right: 4 * right })];
    }
    case 'reserved': return v ? [t('hand.reserved')] : [];
    case 'window': {
      if (v === 0) return [t('hand.window.zero', args)];
      if (d.flags.includes('SYN')) return [t('hand.window.syn', { n: v })];
      const shift = mine?.scale ? mine['rcv.scale'] : 0;
      return [shift ? t('hand.window.scaled', { v, shift, n: v * 2 ** shift }) : t('hand.window', { n: v })];
    }
    case 'urgent': return d.flags.includes('URG') ? [t('hand.urgent', { n: (valueOf(d, 'seq') + v) >>> 0 })] : v ? [t('hand.urgent.off')] : [];
    case 'checksum': {
      const sum = sumOf(d);
      return [t(sum.right ? 'hand.checksum.right' : 'hand.checksum.wrong', { right: hex(sum.wanted, 16) })];
    }
    default: return [];
  }
}

/** How far from an ISN. @param {number} v @param {number | undefined} iss @param {string} host */
function origin(v, iss, host) {
  const n = iss === undefined ? -1 : minus(v, iss);
  if (n === 0) return [t('hand.iss', { host })];
  return n > 0 && n < 1 << 24 ? [t('hand.iss.plus', { host, n })] : [];
}

/** @typedef {import('./model.js').Vars} Vars */

/** Where in the receiver's window a number is. @param {number} v @param {Vars | null} to @param {string} host */
function place(v, to, host) {
  if (to?.irs === undefined) return [];
  const n = minus(v, to['rcv.nxt']), wnd = to['rcv.wnd'];
  if (n === 0) return [t('hand.seq.next', { host })];
  if (n < 0) return [t('hand.seq.before', { host, n: -n })];
  return [n < wnd ? t('hand.seq.in', { host, n }) : t('hand.seq.beyond', { host, n: n - wnd + 1 })];
}

/** What the receiver hears from an acknowledgment number. @param {number} v @param {Vars | null} to @param {string} host */
function acknowledged(v, to, host) {
  if (!to) return [];
  const una = minus(v, to['snd.una']), nxt = minus(v, to['snd.nxt']);
  if (nxt > 0) return [t('hand.ack.beyond', { host, n: nxt })];
  if (una < 0) return [t('hand.ack.old', { host, n: -una })];
  return [una === 0 ? t('hand.ack.nothing', { host }) : nxt === 0 ? t('hand.ack.all', { host }) : t('hand.ack.some', { host, n: una })];
}

/**
 * What the receiver would look at first if the segment arrived in its present state (RFC 9293 section 3.10.7); null when that
 * is not known.
 * @param {Draft} d @param {Ends} ends @param {Draft | null} [was] the segment as it is: who it is for need not be asked unless that changed
 * @returns {{ ok: boolean, text: string } | null}
 */
export function verdict(d, ends, was = null) {
  const v = live(ends.receiver), state = ends.receiver.state, host = t(`Host.${ends.to}`), flags = d.flags;
  /** @param {boolean} ok @param {string} key @param {import('./sentence.js').Args} [args] */
  const says = (ok, key, args = {}) => ({ ok, text: t(`hand.verdict.${key}`, { host, state, ...args }) });
  if (!was || PAIR.some((name) => d[name].trim() !== was[name])) {
    if (d.dst.trim() !== (v ? addrOf(v.local) : ends.here)) return says(false, 'nowhere');
    if (v && (Number(portOf(v.local)) !== valueOf(d, 'dport') || Number(portOf(v.remote)) !== valueOf(d, 'sport') || addrOf(v.remote) !== d.src.trim())) return says(false, 'other');
  }
  if (!sumOf(d).right) return says(false, 'checksum');
  if (state === 'CLOSED') return says(false, flags.includes('RST') ? 'closed.rst' : 'closed');
  if (state === 'LISTEN') return says(flags.includes('SYN') && !flags.includes('ACK') && !flags.includes('RST'), flags.includes('RST') ? 'listen.rst' : flags.includes('ACK') ? 'listen.ack' : flags.includes('SYN') ? 'listen.syn' : 'listen.none');
  if (!v) return null;
  const seq = valueOf(d, 'seq'), ack = valueOf(d, 'ack');
  if (state === 'SYN-SENT') {
    if (flags.includes('ACK') && (minus(ack, v.iss) <= 0 || minus(ack, v['snd.nxt']) > 0)) return says(false, 'synsent.ack', { n: (v.iss + 1) >>> 0 });
    if (flags.includes('RST')) return says(flags.includes('ACK'), flags.includes('ACK') ? 'synsent.rst' : 'synsent.rst.no');
    return says(flags.includes('SYN'), flags.includes('SYN') ? 'synsent.syn' : 'synsent.none');
  }
  const len = lengthOf(d), nxt = v['rcv.nxt'], wnd = v['rcv.wnd'];
  const inside = (/** @type {number} */ n) => minus(n, nxt) >= 0 && minus(n, nxt) < wnd;
  const ok = wnd === 0 ? len === 0 && seq === nxt : inside(seq) || (len > 0 && inside((seq + len - 1) >>> 0));
  const args = { seq, nxt, last: (nxt + Math.max(wnd, 1) - 1) >>> 0 };
  if (!ok) return says(false, wnd === 0 ? 'full' : flags.includes('RST') ? 'outside.rst' : 'outside', args);
  if (flags.includes('RST')) return says(seq === nxt, seq === nxt ? 'rst' : 'rst.challenge', args);
  if (flags.includes('SYN')) return says(false, state === 'SYN-RECEIVED' && v.passive ? 'syn.passive' : 'syn', args);
  if (!flags.includes('ACK')) return says(false, 'noack');
  if (minus(ack, v['snd.nxt']) > 0) return says(false, 'ack', { ack, n: v['snd.nxt'] });
  return says(true, 'ok', args);
}
