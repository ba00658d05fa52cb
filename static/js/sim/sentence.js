// What a run says: the sentence of an event and of a step, the sentence of a rule with its numbers, and how times and
// numbers are written. web/i18n/sentence.go is the same in Go; both are held to web/i18n/testdata/sentences.json.
import { signal } from '../../vendor/signals.js';
import { ackOf, paramOf, relative, seqOf } from './numbers.js';

/** @import { LabEvent, Wire, Host } from './model.js' */
/** @typedef {Record<string, string | number>} Args */
/** @typedef {{ source: string, section?: string, title: string, url?: string, params?: string[], pass?: string, fail?: string, lang?: string }} Rule */

/** @typedef {Record<string, string | Record<string, string>>} Messages */

// The server names the language of the page and preloads its catalogue, and puts the rules that the runs of the page follow into
// it. All else comes when it is first needed.
const page = globalThis.document;
const lang = page?.documentElement.lang || 'en';
/** @type {{ locale: string, messages: Messages }} */
const first = await import(`../catalog.${lang}.js`);
/** @type {Messages} */
const messages = { ...first.messages };
/** @type {Record<string, Rule>} */
const rules = JSON.parse(page?.getElementById('rules')?.textContent || '{}');
/** Grows when there are more words than before, so that whoever was short of them says it again. */
export const learned = signal(0);
/** @type {Promise<void> | undefined} */
let rest;

/** The messages of the parts that are loaded late, and all rules. A part that is loaded late waits for them. */
export function more() {
  rest ??= import(`../more.${lang}.js`).then((/** @type {{ messages: Messages, rules: Record<string, Rule> }} */ m) => {
    Object.assign(rules, m.rules);
    learn(m.messages);
  }, () => {
    rest = undefined; // the network may come back
  });
  return rest;
}

const plural = new Intl.PluralRules(first.locale);

/** The names of the control bits in the order of the header. */
export const FLAGS = ['CWR', 'ECE', 'URG', 'ACK', 'PSH', 'RST', 'SYN', 'FIN'];

/**
 * The message of a key, its placeholders filled; one with plural forms takes that of args.n.
 * @param {string} key @param {Args} [args]
 */
export function t(key, args = {}) {
  const m = messages[key];
  if (m === undefined) {
    void more();
    return key;
  }
  const text = typeof m === 'string' ? m : m[plural.select(Number(args.n))] ?? m.other ?? key;
  return fill(text, args);
}

/** Takes in the messages of a part that is not on every page, or others in the place of some. @param {object} more */
export function learn(more) {
  Object.assign(messages, more);
  memo = [new WeakMap(), new WeakMap()];
  learned.value++;
}

/** Whether there is a message of that key. @param {string} key */
export const has = (key) => Object.hasOwn(messages, key);

/** @param {string} text @param {Args} args */
function fill(text, args) {
  return text.replace(/\{([^}]*)\}/g, (all, name) => (Object.hasOwn(args, name) ? String(args[name]) : all));
}

/**
 * A number with at most three decimals and the separators of the language: "65,535". As on the server, by the catalogue: to make an
 * Intl.NumberFormat takes a browser longer than to draw a simulator.
 * @param {number} n
 */
export function grouped(n) {
  const [whole = '', decimals] = String(Number(Math.abs(n).toFixed(3))).split('.');
  const text = whole.length < Number(t('number.least')) ? whole : whole.replace(/\B(?=(\d{3})+$)/g, t('number.group'));
  return (n < 0 ? '-' : '') + text + (decimals ? t('number.decimal') + decimals : '');
}

/** An instant in microseconds as a number of milliseconds: "1,075". @param {number | null | undefined} us */
export function ms(us) {
  return us == null ? t('time.never') : grouped(us / 1000);
}

/** A length of time in microseconds in the unit that suits it: "1.5 s". @param {number | null | undefined} us */
export function time(us) {
  if (us == null) return t('time.never');
  const size = Math.abs(us);
  if (size >= 1e6) return t('time.s', { n: grouped(us / 1e6) });
  if (size >= 1000 || us === 0) return t('time.ms', { n: grouped(us / 1000) });
  return t('time.us', { n: grouped(us) });
}

/** The set flags of a segment. @param {{ flags?: string }} wire @returns {string[]} */
export const flagsOf = (wire) => (!wire.flags || wire.flags === 'none' ? [] : wire.flags.split(','));

/** What people call the packet: "SYN-ACK", "ICMP port-unreachable". @param {{ flags?: string, icmp?: { kind: string } }} wire */
export const kindOf = (wire) => (wire.icmp ? t('icmp.kind', { what: wire.icmp.kind }) : '') || flagsOf(wire).join('-') || t('flags.none');

/** @param {string} addr "192.0.2.1:80", "[2001:db8::1]:80" */
export const addrOf = (addr) => addr.slice(0, addr.lastIndexOf(':')).replace(/^\[|\]$/g, '');
/** @param {string} addr */
export const portOf = (addr) => addr.slice(addr.lastIndexOf(':') + 1);

/** The fields of a segment as they are written. @param {Wire} w @returns {Record<string, string>} */
export function fieldsOf(w) {
  return {
    sport: portOf(w.src), dport: portOf(w.dst), seq: String(w.seq), ack: String(w.ack), offset: String(w.offset), reserved: String(w.reserved), flags: flagsOf(w).join('-') || t('options.none'),
    window: String(w.window), checksum: `0x${w.checksum.toString(16).padStart(4, '0')}`, urgent: String(w.urgent), options: w.options, payload: w.payload, ttl: String(w.ttl), src: addrOf(w.src), dst: addrOf(w.dst),
  };
}

/** "seq 5000, ack 1001". @param {Wire} wire */
export function numbers(wire) {
  const ack = flagsOf(wire).includes('ACK'), n = wire.payload?.length ?? 0;
  const args = { seq: seqOf(wire), ack: ackOf(wire), n };
  if (wire.icmp) return t('numbers.icmp', { ...args, kind: kindOf({ flags: wire.flags }) });
  if (n) return t(ack ? 'numbers.data' : 'numbers.seqdata', args);
  return t(ack ? 'numbers.ack' : 'numbers.seq', args);
}

/** "the flags, the window and the checksum". @param {string[]} names */
export function list(names) {
  return names.reduce((all, last, i) => (i === 0 ? last : t(i === names.length - 1 ? 'field.list.and' : 'field.list.comma', { list: all, last })), '');
}

/** @param {string} id @returns {Rule | undefined} */
export function ruleOf(id) {
  if (!rules[id]) void more();
  return rules[id];
}

/**
 * The sentence of a rule with the numbers of one event filled in.
 * @param {{ rule?: string, args?: number[], ok?: boolean, kind?: string }} e
 */
export function ruleSentence(e) {
  const r = e.rule ? ruleOf(e.rule) : undefined;
  if (!r) return '';
  const text = (e.kind === 'check' && !e.ok ? r.fail : '') || r.pass || r.title;
  /** @type {Args} */
  const args = {};
  (r.params ?? []).forEach((name, i) => {
    const v = e.args?.[i] ?? 0;
    args[name] = name.endsWith('.us') ? time(v) : paramOf(e, name, v);
  });
  return fill(text, args);
}

/** @typedef {{ wire: Wire, from: Host, to: Host, of: number }} Known what is known of a segment */
/** @typedef {{ text: string, spoken: string, host: Host, key: boolean, lead: LabEvent | undefined, wire: Wire | undefined, lost: boolean }} Told a step in words; key: a state changed, a segment was lost, a timer fired or the learner did it */

/** Tells the events of one branch in their order. */
export class Narrator {
  constructor() {
    /** @type {Map<number, Known>} */
    this.segments = new Map();
    /** @type {Set<string>} */
    this.sent = new Set();
  }

  /**
   * Takes an event in and returns what must be known to tell it.
   * @param {LabEvent} e @returns {{ known: Known | undefined, again: boolean }}
   */
  add(e) {
    let again = false;
    if (e.wire && e.seg) {
      const old = this.segments.get(e.seg);
      this.segments.set(e.seg, { wire: e.wire, from: old?.from ?? e.host ?? 'network', to: old?.to ?? e.toward ?? 'server', of: old?.of ?? e.of ?? 0 });
      if (e.kind === 'sent' && (e.wire.len ?? 0) > 0) {
        const key = [e.host, e.wire.src, e.wire.dst, e.wire.seq, e.wire.flags].join(' ');
        again = this.sent.has(key);
        this.sent.add(key);
      }
    }
    return { known: e.seg ? this.segments.get(e.seg) : undefined, again };
  }

  /** The sentence of the next event, "" for one that has nothing to say. @param {LabEvent} e */
  event(e) {
    return this.tell(e, this.add(e));
  }

  /** @param {LabEvent} e @param {{ known: Known | undefined, again: boolean }} facts @returns {string} */
  tell(e, { known, again }) {
    const wire = e.wire ?? known?.wire;
    const lab = e.rule?.startsWith('lab:') ? e.rule.slice(4) : '';
    /** @type {Args} */
    const a = {
      host: t(`host.${e.host ?? 'network'}`), Host: t(`Host.${e.host ?? 'network'}`), due: ms(e.due), call: e.call ?? '', text: e.text ?? '', of: e.of ?? 0, n: e.count ?? 0,
      from: e.from ?? '', to: e.to ?? '', timer: t(`timer.${e.timer ?? 'retransmit'}`),
      kind: wire ? kindOf(wire) : '', numbers: wire ? numbers(wire) : '',
    };
    a.segment = wire ? t('segment.kind', { seg: e.seg ?? 0, kind: a.kind ?? '' }) : t('segment', { seg: e.seg ?? 0 });
    a.Segment = t('Segment.kind', { seg: e.seg ?? 0, kind: a.kind ?? '' });
    // a box of the path is named as a rule of the path is
    const byBox = (e.kind === 'edited' || e.kind === 'lost') && !!e.text && e.rule !== 'lab:rule';
    switch (e.kind) {
      case 'called': {
        const key = `event.called.${(e.call ?? '').split(' ')[0]}`;
        return t(has(key) ? key : 'event.called', a);
      }
      case 'told':
        if (e.errno) return t('event.told.errno', { ...a, errno: e.errno, meaning: t(`errno.${e.errno}`) });
        return t(`event.told.${e.notice}`, { ...a, n: e.bytes ?? 0 });
      case 'sent': return t(again ? 'event.sent.again' : 'event.sent', a);
      case 'forged': case 'injected': return t(`event.${e.kind}`, { ...a, toward: t(`host.${e.toward ?? 'server'}`) });
      case 'edited': return t(byBox ? 'event.edited.box' : 'event.edited', { ...a, fields: list((e.fields ?? []).map((f) => t(`name.${f}`))), why: ruleSentence(e) });
      case 'delayed': case 'duplicated': case 'lost':
        if (byBox) return t(`event.${e.kind}.box`, { ...a, why: ruleSentence(e) });
        return t(has(`event.${e.kind}.${lab}`) ? `event.${e.kind}.${lab}` : `event.${e.kind}`, a);
      case 'discarded': return t(e.seg ? 'event.discarded' : 'event.discarded.none', a);
      case 'box-added': case 'box-removed': return t(`event.${e.kind}`, { ...a, box: (e.text ?? '').replace(/^box /, '') });
      case 'rule-added': case 'rule-removed': return t(`event.${e.kind}`, { ...a, rule: pathRule(e.text ?? '') });
      case 'check': return t(e.ok ? 'event.check.pass' : 'event.check.fail', { ...a, text: ruleSentence(e) });
      default: return t(`event.${e.kind}`, a);
    }
  }

  /**
   * One step in words: something that was due, or that the learner did, with all that came of it.
   * @param {readonly LabEvent[]} events @returns {Told}
   */
  step(events) {
    /** @typedef {{ e: LabEvent, facts: { known: Known | undefined, again: boolean } }} Item */
    /** @type {Item | undefined} */
    let lead;
    /** @type {Item[]} */
    const sent = [], more = [];
    /** @type {Map<Host, LabEvent>} */
    const states = new Map();
    /** @type {LabEvent[]} */
    const told = [];
    let discarded = false, rto = 0;
    for (const e of events) {
      const item = { e, facts: this.add(e) };
      switch (e.kind) {
        case 'sent': sent.push(item); break;
        case 'state': states.set(e.host ?? 'network', e); break;
        case 'discarded': discarded = true; break;
        case 'told': if (e.errno) told.push(e); break;
        case 'vars': rto = e.vars?.rto ?? rto; break;
        case 'check': case 'opened': case 'removed': case 'timer-set': case 'timer-stopped': break;
        default: if (lead) more.push(item); else lead = item;
      }
    }
    /** @type {string[]} */
    const say = [];
    let rest = sent;
    const first = sent[0]?.e.wire, host = lead?.e.host ?? sent[0]?.e.host ?? [...states.keys()][0] ?? 'network';
    const a = { Host: t(`Host.${host}`), kind: first ? kindOf(first) : '', numbers: first ? numbers(first) : '' };
    let listening = false;
    if (lead?.e.kind === 'called') {
      const verb = (lead.e.call ?? '').split(' ')[0];
      listening = verb === 'listen';
      say.push(t(listening ? 'step.listen' : !first ? 'step.called' : verb === 'connect' ? 'step.connect' : 'step.called.sent', { ...a, call: lead.e.call ?? '' }));
      rest = sent.slice(1);
    } else if (lead?.e.kind === 'arrived') {
      const wire = lead.facts.known?.wire;
      const got = wire ? kindOf(wire) : t('flags.none');
      if (first) say.push(t('step.answered', { ...a, kind: got, answer: a.kind }));
      else say.push(t(discarded ? 'step.discarded' : 'step.received', { ...a, kind: got, numbers: wire ? numbers(wire) : '' }));
      rest = sent.slice(1);
    } else if (lead?.e.kind === 'timer-fired') {
      if (sent[0]?.facts.again) {
        say.push(t('step.again', a));
        rest = sent.slice(1);
      } else say.push(this.tell(lead.e, lead.facts));
      if (rto && sent.length && lead.e.timer === 'retransmit') say.push(t('step.rto', { rto: time(rto) }));
    } else if (lead) say.push(this.tell(lead.e, lead.facts));
    for (const i of rest) say.push(this.tell(i.e, i.facts));
    for (const i of more) say.push(this.tell(i.e, i.facts));
    for (const e of told) say.push(t('step.told', { errno: e.errno ?? '', meaning: t(`errno.${e.errno}`) }));
    const now = listening ? [] : [...states.values()];
    const plain = say.join(' ');
    for (const e of now) say.push(t('step.state', { to: e.to ?? '' }));
    const lost = lead?.e.kind === 'lost';
    return {
      text: say.join(' '),
      spoken: [...now.map((e) => t('say.state', { Host: t(`Host.${e.host ?? 'network'}`), to: e.to ?? '' })), plain].filter(Boolean).join(' '),
      host, lead: lead?.e, wire: first ?? lead?.facts.known?.wire, lost,
      key: states.size > 0 || lost || told.length > 0 || !!lead && !['arrived', 'called'].includes(lead.e.kind),
    };
  }
}

const RULE = /^(drop|delay|duplicate)\s+(?:(\d+)(?:st|nd|rd|th)|(every))\s+(\S+)(?:\s+(?:from\s+)?(client|server))?(?:\s+(?:by\s+|after\s+)?(\d[\d.]*(?:us|ms|s|min)))?$/;
/** @type {Record<string, number>} */
const UNITS = { us: 1, ms: 1e3, s: 1e6, min: 6e7 };

/** A length of time as the scenario language writes it, "1.5s", in µs; 0 for what is none. @param {string} text */
export function parseTime(text) {
  const m = /^(\d+(?:\.\d+)?)(us|ms|s|min)$/.exec(text);
  return m ? Math.round(Number(m[1]) * (UNITS[m[2] ?? 'ms'] ?? 1)) : 0;
}

/** A number of times: "1st". @param {number} n */
export const nth = (n) => t(n % 100 < 11 || n % 100 > 13 ? (n % 10 >= 1 && n % 10 <= 3 ? `nth.${n % 10}` : 'nth.n') : 'nth.n', { n });

/** A rule of the path in words: "drop the 1st SYN-ACK". What it cannot read it returns as it is. @param {string} line */
export function pathRule(line) {
  const m = RULE.exec(line.trim());
  if (!m) return line;
  const [, verb, n, every, segment, from, length] = m;
  const kind = segment === 'segment' || segment === 'any' ? t('rule.segment') : segment ?? '';
  const d = length ? time(parseTime(length)) : '';
  const text = every ? t(`rule.${verb}.every`, { kind, d }) : t(`rule.${verb}`, { which: t('rule.which', { nth: nth(Number(n)), kind }), d });
  return from ? t('rule.from', { rule: text, host: t(`host.${from}`) }) : text;
}

/** With the numbers of the wire, and relative ones. @type {WeakMap<object, Told[]>[]} */
let memo = [new WeakMap(), new WeakMap()];

/**
 * All steps of a branch in words; made once.
 * @param {{ events: readonly LabEvent[], steps: readonly { k0: number, k1: number }[] }} ix @returns {Told[]}
 */
export function told(ix) {
  const made = /** @type {WeakMap<object, Told[]>} */ (memo[Number(relative.value)]);
  let all = made.get(ix);
  if (!all) {
    const n = new Narrator();
    made.set(ix, all = ix.steps.map((s) => n.step(ix.events.slice(s.k0, s.k1))));
  }
  return all;
}

// Without a page there is no first screen to be quick for.
if (!page) await more();
