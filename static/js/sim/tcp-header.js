// The chosen segment as the header figure of RFC 9293: read it, and while it is in flight change any bit of it.
import { LitElement, html, nothing } from '../../vendor/lit.js';
import { ackOf, relative, seqOf } from './numbers.js';
import { FLAGS, flagsOf, kindOf, ms, ruleOf, ruleSentence, t } from './sentence.js';
import { arrows, rove, stay } from './keys.js';
import { fate } from './tcp-log.js';

/** @import { End, Index, LabEvent, Model, SegmentAt, Wire } from './model.js' */
/** @import { ErrorFrame } from '../protocol.js' */
/** @typedef {{ name: string, width: 4 | 16 | 32, max: number, hex?: boolean, text?: boolean }} Spec */
/** @typedef {Record<string, string>} Draft */

const U16 = 0xffff, U32 = 0xffffffff;
/** @type {Record<string, Spec>} */
const SPECS = {
  sport: { name: 'sport', width: 16, max: U16 }, dport: { name: 'dport', width: 16, max: U16 }, seq: { name: 'seq', width: 32, max: U32 }, ack: { name: 'ack', width: 32, max: U32 },
  offset: { name: 'offset', width: 4, max: 15 }, reserved: { name: 'reserved', width: 4, max: 15 }, window: { name: 'window', width: 16, max: U16 },
  checksum: { name: 'checksum', width: 16, max: U16, hex: true }, urgent: { name: 'urgent', width: 16, max: U16 },
  options: { name: 'options', width: 32, max: 0, text: true }, payload: { name: 'payload', width: 32, max: 0, text: true },
};
const MAX_DELAY = 60000;

/** @param {number} n */
const hex4 = (n) => `0x${n.toString(16).padStart(4, '0')}`;
/** @param {string} addr */
const port = (addr) => addr.slice(addr.lastIndexOf(':') + 1);

/** The fields of a segment as a learner would type them. @param {Wire} w @returns {Draft} */
export function draftOf(w) {
  return {
    sport: port(w.src), dport: port(w.dst), seq: String(w.seq), ack: String(w.ack), offset: String(w.offset), reserved: String(w.reserved), flags: flagsOf(w).join(',') || 'none',
    window: String(w.window), checksum: hex4(w.checksum), urgent: String(w.urgent), options: w.options, payload: w.payload,
  };
}

/** The same to read: sequence numbers as the learner wants to see them. A form has those of the wire. @param {Wire} w @returns {Draft} */
const shownOf = (w) => ({ ...draftOf(w), seq: String(seqOf(w)), ack: String(ackOf(w)) });

/** A whole number, decimal or with 0x; NaN for anything else. @param {string} s */
const number = (s) => (/^(\d+|0x[0-9a-f]+)$/i.test(s.trim()) ? Number(s.trim()) : NaN);

/** What is wrong with a draft, by field. @param {Draft} draft @param {'recompute' | 'keep' | 'own'} sum @returns {Record<string, string>} */
export function faults(draft, sum) {
  /** @type {Record<string, string>} */
  const bad = {};
  for (const { name, max, text } of Object.values(SPECS)) {
    if (text || (name === 'checksum' && sum !== 'own')) continue;
    const v = number(draft[name] ?? '');
    if (!(v >= 0 && v <= max)) bad[name] = t('field.bad', { field: t(`field.${name}`), min: 0, max });
  }
  return bad;
}

/**
 * The line of the scenario language that makes the segment what the draft says, and where in it each field stands.
 * '' when nothing is changed.
 * @param {number} seg @param {Wire} wire @param {Draft} draft @param {'recompute' | 'keep' | 'own'} sum
 */
export function editLine(seg, wire, draft, sum) {
  const was = draftOf(wire);
  let line = `edit #${seg}`;
  /** @type {{ name: string, from: number, to: number }[]} */
  const places = [];
  for (const name of ['sport', 'dport', 'seq', 'ack', 'offset', 'reserved', 'flags', 'window', 'urgent', 'options', 'payload']) {
    const now = draft[name] ?? '', spec = SPECS[name];
    const same = spec && !spec.text ? number(now) === number(was[name] ?? '') : now === was[name];
    if (same) continue;
    const from = line.length + 2;
    line += ` ${name}=${spec?.text ? quote(now) : spec ? number(now) : now}`;
    places.push({ name, from, to: line.length + 1 });
  }
  const from = line.length + 2;
  if (sum === 'own') line += ` checksum=${hex4(number(draft.checksum ?? ''))}`;
  else if (sum === 'keep' && places.length) line += ' checksum=keep';
  else if (!places.length) return { line: '', places };
  places.push({ name: 'checksum', from, to: line.length + 1 });
  return { line, places };
}

/** @param {string} s */
const quote = (s) => `"${s.replace(/[\\"]/g, '\\$&').replace(/\r/g, '\\r').replace(/\n/g, '\\n').replace(/\t/g, '\\t').replace(/[\x00-\x1f\x7f-\xff]/g, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`)}"`;

export class TcpHeader extends LitElement {
  static properties = {
    segment: { attribute: false }, model: { attribute: false }, ix: { attribute: false }, blocked: { attribute: false }, act: { attribute: false }, relative: { attribute: false },
    editing: { state: true }, draft: { state: true }, sum: { state: true }, bad: { state: true }, amount: { state: true }, note: { state: true },
  };

  constructor() {
    super();
    /** @type {SegmentAt | undefined} */
    this.segment = undefined;
    /** @type {Model | null} */
    this.model = null;
    /** @type {Index | null} */
    this.ix = null;
    /** Why nothing can be changed just now, whatever the segment: '' when all is well. */
    this.blocked = '';
    /** Does a line; rejects with the engine's error frame. @type {(line: string) => Promise<unknown>} */
    this.act = async () => {};
    this.relative = false;
    this.editing = false;
    /** @type {Draft} */
    this.draft = {};
    /** @type {'recompute' | 'keep' | 'own'} */
    this.sum = 'recompute';
    /** @type {Record<string, string>} */
    this.bad = {};
    /** @type {'' | 'delay' | 'duplicate'} */
    this.amount = '';
    this.note = '';
    /** What had the focus before a form opened; it gets it back. @type {Element | null} */
    this.opener = null;
    this.id0 = `h${Math.random().toString(36).slice(2, 8)}`;
  }

  createRenderRoot() {
    return this;
  }

  /** @param {Map<PropertyKey, unknown>} changed */
  willUpdate(changed) {
    const before = /** @type {SegmentAt | undefined} */ (changed.get('segment'));
    if (changed.has('segment') && (before?.id !== this.segment?.id || (this.editing && !this.flying))) {
      this.editing = false;
      this.amount = '';
      this.bad = {};
      this.note = '';
    }
  }

  get flying() {
    return this.segment?.phase === 'flight' || this.segment?.phase === 'held';
  }

  /** Why the segment cannot be changed now, '' when it can. */
  get why() {
    const s = this.segment;
    if (!s) return t('ui.why.none');
    if (this.blocked) return this.blocked;
    if (this.flying) return '';
    return t(`ui.why.${s.phase}`, { seg: s.id, from: ms(s.seg.t), to: ms(s.seg.end?.t ?? s.seg.legs[0]?.due) });
  }

  // ---------------------------------------------------------------- doing something

  /** Says why not, or does it. @param {() => void} action */
  try(action) {
    const why = this.why;
    this.note = why;
    if (why) this.dispatchEvent(new CustomEvent('sim-say', { bubbles: true, detail: { text: why } }));
    else action();
  }

  /** @param {string} line @returns {Promise<boolean>} */
  async send(line) {
    try {
      await this.act(line);
      this.note = '';
      this.amount = '';
      return true;
    } catch (e) {
      const error = /** @type {ErrorFrame} */ (e);
      this.note = error.hint ? `${error.message} ${t('ui.hint', { hint: error.hint })}` : error.message;
      this.dispatchEvent(new CustomEvent('sim-say', { bubbles: true, detail: { text: this.note } }));
      return false;
    }
  }

  drop() {
    this.try(() => this.send(`drop #${this.segment?.id}`));
  }

  hold() {
    this.try(() => this.send(`${this.segment?.phase === 'held' ? 'release' : 'hold'} #${this.segment?.id}`));
  }

  /** @param {'delay' | 'duplicate'} what */
  ask(what) {
    this.try(async () => {
      this.editing = false;
      this.opener = document.activeElement;
      this.amount = this.amount === what ? '' : what;
      await this.updateComplete;
      const input = this.querySelector('.amount input');
      if (input instanceof HTMLInputElement) input.select();
    });
  }

  /** @param {string} [field] which gets the focus */
  edit(field = 'seq') {
    this.try(async () => {
      if (!this.segment) return;
      this.draft = draftOf(this.segment.wire);
      this.opener = document.activeElement;
      this.sum = 'recompute';
      this.bad = {};
      this.amount = '';
      this.editing = true;
      this.dispatchEvent(new CustomEvent('sim-pause', { bubbles: true }));
      await this.updateComplete;
      this.focusField(field);
    });
  }

  /** @param {string} field */
  focusField(field) {
    const input = this.querySelector(`[name="${field}"]`);
    if (!(input instanceof HTMLElement)) return;
    input.focus();
    if (input instanceof HTMLInputElement) input.select();
  }

  async cancel() {
    this.editing = false;
    this.amount = '';
    await this.updateComplete;
    this.focusBack();
  }

  focusBack() {
    const back = this.opener;
    if ((back instanceof HTMLElement || back instanceof SVGElement) && back.isConnected && back !== document.body) back.focus();
    else this.focusTool();
  }

  focusTool() {
    const tool = this.querySelector('.pacts [data-stop]');
    if (tool instanceof HTMLElement) tool.focus();
  }

  /** @param {SubmitEvent} e */
  async submitEdit(e) {
    e.preventDefault();
    const s = this.segment;
    if (!s) return;
    this.bad = faults(this.draft, this.sum);
    const { line, places } = editLine(s.id, s.wire, this.draft, this.sum);
    if (Object.keys(this.bad).length) return this.focusBad();
    if (!line) return this.cancel();
    try {
      await this.act(line);
      this.note = '';
      await this.cancel();
    } catch (err) {
      const error = /** @type {ErrorFrame} */ (err);
      const message = error.hint ? `${error.message} ${t('ui.hint', { hint: error.hint })}` : error.message;
      const place = places.find((p) => error.col && error.col >= p.from && error.col <= p.to) ?? places.find((p) => p.name === error.field);
      if (place) this.bad = { [place.name]: message };
      else this.note = message;
      this.dispatchEvent(new CustomEvent('sim-say', { bubbles: true, detail: { text: message } }));
      if (place) await this.focusBad();
    }
  }

  async focusBad() {
    await this.updateComplete;
    const first = this.querySelector('[aria-invalid=true]');
    if (first instanceof HTMLElement) first.focus();
  }

  /** @param {SubmitEvent} e */
  async submitAmount(e) {
    e.preventDefault();
    const input = /** @type {HTMLInputElement} */ (this.querySelector('.amount input'));
    const n = Number(input.value.trim().replace(',', '.'));
    if (input.value.trim() === '' || !(n >= 0 && n <= MAX_DELAY)) {
      this.bad = { amount: t('ui.amount.bad', { max: MAX_DELAY }) };
      await this.updateComplete;
      input.focus();
      return;
    }
    this.bad = {};
    const us = `${Math.round(n * 1000)}us`, length = n * 1000 % 1000 === 0 ? `${n}ms` : us;
    if (await this.send(this.amount === 'delay' ? `delay #${this.segment?.id} ${length}` : `duplicate #${this.segment?.id} after ${length}`)) this.focusBack();
  }

  // ---------------------------------------------------------------- rendering

  render() {
    const s = this.segment;
    if (!s || !this.model || !this.ix) return html`<div class="card insp"><p class="none">${t('ui.segment.none')}</p></div>`;
    return html`<div class="card insp" role="group" aria-label=${t('ui.segment', { seg: s.id })}>
      <header>
        <h3>${t('ui.segment', { seg: s.id })} ${s.wire.icmp ? kindOf(s.wire) : ''} ${flagsOf(s.wire).map((f) => html`<b class="chip ${f.toLowerCase()}">${f}</b>`)}<span>${t('ui.segment.from', { host: t(`host.${s.seg.from}`), fate: fate(s) })}</span></h3>
        ${this.tools(s)}
      </header>
      ${this.amount ? this.amountForm() : nothing}
      <p class="note" ?hidden=${!this.note}>${this.note} ${!this.flying && this.note && !this.blocked ? html`<button type="button" class="link" @click=${() => this.goThere(s)}>${t('ui.goto')}</button>` : nothing}</p>
      ${this.editing ? this.form(s) : this.figure(s)}
      ${this.reasons(s)}
    </div>`;
  }

  updated() {
    const bar = this.querySelector('.pacts');
    if (bar) rove(bar);
    const flags = this.querySelector('.flags[role=toolbar]');
    if (flags) rove(flags);
  }

  /** To the middle of the segment's way. @param {SegmentAt} s */
  goThere(s) {
    const to = s.seg.end?.t ?? s.seg.legs[0]?.due ?? s.seg.t;
    this.note = '';
    this.dispatchEvent(new CustomEvent('seek', { bubbles: true, detail: { t: Math.floor((s.seg.t + to) / 2) } }));
  }

  /** @param {SegmentAt} s */
  tools(s) {
    const off = this.why !== '';
    /** @param {string} name @param {string} icon @param {() => void} action @param {string} [cls] @param {boolean} [pressed] */
    const tool = (name, icon, action, cls = '', pressed) => html`<button type="button" class=${cls} aria-disabled=${off} aria-expanded=${pressed === undefined ? nothing : pressed} title=${off ? this.why : nothing} @click=${action}>${use(icon)}${t(name)}</button>`;
    return html`<div class="pacts" role="toolbar" aria-label=${t('ui.segment.tools', { seg: s.id })} @keydown=${arrows} @focusin=${stay}>
      ${tool('ui.drop', 'drop', () => this.drop(), 'danger')}
      ${tool('ui.delay.do', 'delay', () => this.ask('delay'), '', this.amount === 'delay')}
      ${tool('ui.duplicate', 'dup', () => this.ask('duplicate'), '', this.amount === 'duplicate')}
      ${s.phase === 'held' ? tool('ui.release', 'release', () => this.hold()) : tool('ui.hold', 'hold', () => this.hold())}
      ${tool('ui.edit', 'edit', () => this.edit(), '', this.editing)}
    </div>`;
  }

  amountForm() {
    const preset = this.amount === 'delay' ? Math.round((this.ix?.delay ?? 50000) / 1000) * 2 : 10;
    return html`<form class="amount" novalidate @submit=${this.submitAmount} @keydown=${this.escape}>
      <label>${t(`ui.amount.${this.amount}`)} <input type="text" inputmode="decimal" autocomplete="off" .defaultValue=${String(preset)} aria-invalid=${this.bad.amount ? 'true' : nothing} aria-describedby=${this.bad.amount ? `${this.id0}-amount` : nothing}></label>
      <button type="submit" class="solid">${t('ui.amount.ok')}</button><button type="button" class="quiet" @click=${this.cancel}>${t('ui.cancel')}</button>
      ${this.bad.amount ? html`<p class="bad" id="${this.id0}-amount">${this.bad.amount}</p>` : nothing}
    </form>`;
  }

  /** @param {KeyboardEvent} e */
  escape(e) {
    if (e.key !== 'Escape') return;
    e.stopPropagation();
    void this.cancel();
  }

  /** @param {unknown} content @param {SegmentAt} s @param {string} label */
  frame(content, s, label) {
    return html`<div class="hdr" role="group" aria-label=${label}>
      <div class="ruler" aria-hidden="true"><span>0</span><span>8</span><span>16</span><span>24</span><span>31</span></div>${content}</div>`;
  }

  /** The header as it is, to read. @param {SegmentAt} s */
  figure(s) {
    const w = s.wire, was = s.was ? shownOf(s.was) : null, now = shownOf(w), caps = captions(s, /** @type {Index} */ (this.ix));
    /** @param {string} name @param {string} value @param {unknown} [more] */
    const field = (name, value, more) => {
      const spec = SPECS[name], changed = was && was[name] !== now[name];
      const caption = changed ? t('field.was', { old: was[name] || t('options.none') }) : caps[name];
      return html`<div class="f w${spec?.width ?? 16} ${changed ? 'changed' : caps[name] ? 'hl' : ''}" @dblclick=${() => this.flying && this.edit(name)}><span class="k">${t(`field.${name}`)}</span>${changed ? html`<del class="vh">${was[name]}</del>` : nothing}<span class="v">${value}</span>${caption ? html`<small>${caption}</small>` : nothing}${more ?? nothing}</div>`;
    };
    const options = w.options ? w.options.split(',') : [];
    const wasOptions = was && was.options !== now.options ? html`<small>${t('field.was', { old: was.options || t('options.none') })}</small>` : nothing;
    const byte = flagsOf(w).reduce((n, f) => n | 1 << (7 - FLAGS.indexOf(f)), 0);
    return this.frame(html`
      ${field('sport', now.sport ?? '')}${field('dport', now.dport ?? '')}${field('seq', now.seq ?? '')}${field('ack', now.ack ?? '')}
      ${field('offset', now.offset ?? '')}${field('reserved', now.reserved ?? '')}<div class="f w8 ${was && was.flags !== now.flags ? 'changed' : ''}"><span class="k">${t('field.flags')}</span><span class="v">0x${byte.toString(16).padStart(2, '0')}</span></div>${field('window', now.window ?? '')}
      <div class="f w32 flags" role="img" aria-label=${t('flags.list', { flags: flagsOf(w).map((f) => t(`flag.${f}`)).join('; ') || t('flags.none') })}>${FLAGS.map((f) => {
        const on = flagsOf(w).includes(f), before = s.was ? flagsOf(s.was).includes(f) : on;
        return html`<b class="${on ? `on b-${f.toLowerCase()}` : ''} ${before !== on ? 'flipped' : ''}">${f}</b>`;
      })}</div>
      ${field('checksum', now.checksum ?? '', html`<small class=${w.sumok ? '' : 'loss'}>${w.sumok ? t('checksum.decimal', { n: w.checksum }) : t('checksum.bad')}</small>`)}${field('urgent', now.urgent ?? '')}
      ${options.length === 1 ? html`<div class="f w32 ${was && was.options !== now.options ? 'changed' : ''}"><span class="k">${optionName(w.options)}</span><span class="v">${optionValue(w.options)}</span><small>${spaced(w.optionsHex)}</small>${wasOptions}</div>`
        : options.length ? html`<div class="f w32 ${was && was.options !== now.options ? 'changed' : ''}"><span class="k">${t('field.options')}</span><ul class="opts">${options.filter((o) => o !== 'nop').map((o) => html`<li><span class="v">${o}</span></li>`)}</ul><small class="hex">${spaced(w.optionsHex)}</small>${wasOptions}</div>`
        : was?.options ? html`<div class="f w32 changed"><span class="k">${t('field.options')}</span><span class="v">${t('options.none')}</span>${wasOptions}</div>` : nothing}
      ${w.payload ? html`<div class="f w32 ${was && was.payload !== now.payload ? 'changed' : ''}"><span class="k">${t('field.payload')}</span><span class="v payload">${printable(w.payload)}</span><small>${t('bytes', { n: w.payload.length })}</small></div>` : nothing}`, s, t('ui.header', { seg: s.id }));
  }

  /** The header as a form. @param {SegmentAt} s */
  form(s) {
    const d = this.draft, was = draftOf(s.wire);
    /** @param {string} name @param {string} value */
    const set = (name, value) => {
      this.draft = { ...this.draft, [name]: value };
      if (this.bad[name]) {
        const { [name]: _, ...rest } = this.bad;
        this.bad = rest;
      }
    };
    /** @param {string} name @param {unknown} [more] */
    const field = (name, more) => {
      const spec = SPECS[name], bad = this.bad[name], changed = d[name] !== was[name];
      const hint = spec?.text ? (name === 'options' ? t('options.hint') : '') : t('field.range', { min: 0, max: spec?.hex ? '0xffff' : spec?.max ?? 0 });
      const own = name !== 'checksum' || this.sum === 'own';
      return html`<div class="f w${spec?.width ?? 16} ${changed && own ? 'changed' : ''}">
        <label for="${this.id0}-${name}">${t(`field.${name}`)}</label>
        <input id="${this.id0}-${name}" name=${name} type="text" inputmode=${spec?.text || spec?.hex ? 'text' : 'numeric'} autocomplete="off" spellcheck="false" .value=${d[name] ?? ''} ?readonly=${!own}
          aria-invalid=${bad ? 'true' : nothing} aria-describedby="${this.id0}-${name}-hint${bad ? ` ${this.id0}-${name}-bad` : ''}" @input=${(/** @type {InputEvent} */ e) => set(name, /** @type {HTMLInputElement} */ (e.target).value)}>
        <small id="${this.id0}-${name}-hint" class=${spec?.width === 4 ? 'vh' : ''}>${changed && own ? t('field.was', { old: was[name] || t('options.none') }) : hint}</small>
        ${more ?? nothing}${bad ? html`<p class="bad" id="${this.id0}-${name}-bad">${bad}</p>` : nothing}</div>`;
    };
    const on = d.flags === 'none' ? [] : (d.flags ?? '').split(',');
    /** @param {string} f */
    const flip = (f) => {
      const next = on.includes(f) ? on.filter((x) => x !== f) : [...on, f];
      set('flags', ['SYN', 'FIN', 'RST', 'PSH', 'ACK', 'URG', 'ECE', 'CWR'].filter((x) => next.includes(x)).join(',') || 'none');
    };
    const byte = on.reduce((n, f) => n | 1 << (7 - FLAGS.indexOf(f)), 0);
    const sums = /** @type {const} */ (['recompute', 'keep', 'own']);
    return html`<form class="edit" novalidate @submit=${this.submitEdit} @keydown=${this.escape}>${this.frame(html`
      ${field('sport')}${field('dport')}${field('seq')}${field('ack')}${field('offset')}${field('reserved')}
      <div class="f w8 ${d.flags !== was.flags ? 'changed' : ''}"><span class="k">${t('field.flags')}</span><span class="v">0x${byte.toString(16).padStart(2, '0')}</span></div>${field('window')}
      <div class="f w32 flags" role="toolbar" aria-label=${t('field.flags')} @keydown=${arrows} @focusin=${stay}>${FLAGS.map((f) => html`<button type="button" class=${on.includes(f) ? `on b-${f.toLowerCase()}` : ''} aria-pressed=${on.includes(f)} aria-label=${t(`flag.${f}`)} @click=${() => flip(f)}>${f}</button>`)}</div>
      ${field('checksum')}${field('urgent')}
      <fieldset class="f w32 sums"><legend>${t('checksum.how')}</legend>${sums.map((v) => html`<label><input type="radio" name="${this.id0}-sum" .checked=${this.sum === v} @change=${() => { this.sum = v; }}> ${t(`checksum.${v}`)}</label>`)}</fieldset>
      ${field('options')}${field('payload')}`, s, t('ui.header', { seg: s.id }))}
      <div class="row"><button type="submit" class="solid" aria-disabled=${this.why !== ''}>${t('ui.send')}</button><button type="button" @click=${this.cancel}>${t('ui.cancel')}</button></div></form>`;
  }

  /** Why the segment was sent, what became of it, and the checks on the way. @param {SegmentAt} s */
  reasons(s) {
    const ix = /** @type {Index} */ (this.ix), k = this.model?.k ?? 0;
    if (s.phase === 'future') return nothing;
    const step = ix.steps.find((x) => x.k0 <= s.seg.k && s.seg.k < x.k1);
    const around = step ? ix.events.slice(step.k0, step.k1) : [];
    const sent = ix.events[s.seg.k];
    // what is sent because a check failed: the check has the sentence and the numbers
    const failed = around.findLast((e) => e.kind === 'check' && !e.ok && e.host === sent?.host && e.rule === sent?.rule && e.n < (sent?.n ?? 0));
    /** @type {LabEvent[]} */
    const because = sent?.rule ? [failed ?? sent] : [];
    // the timer that this sending started or doubled belongs to the reason
    const timer = around.find((e) => e.kind === 'timer-set' && e.rule && e.rule !== sent?.rule && e.host === sent?.host);
    if (timer) because.push(timer);
    const end = s.seg.end, gone = end && end.k < k && end.fate === 'lost' ? ix.events[end.k] : undefined;
    const before = around.filter((e) => e.kind === 'check' && e.host === s.seg.from && e.n <= (sent?.n ?? 0));
    const after = s.seg.checks.filter((i) => i < k).map((i) => /** @type {LabEvent} */ (ix.events[i]));
    const landing = end && end.fate === 'arrived' && end.k < k ? ix.steps.find((x) => x.k0 <= end.k && end.k < x.k1) : undefined;
    const outcome = landing ? ix.events.slice(end?.k, landing.k1).find((e) => (e.kind === 'state' || e.kind === 'discarded') && e.rule) : undefined;
    // a segment that failed a check: the check has the sentence and the numbers
    const verdict = outcome && (after.findLast((e) => e.rule === outcome.rule && !e.ok) ?? outcome);
    return html`<div class="why">
      ${because.length ? html`<p><b>${t('ui.why')}</b> ${because.map((e) => html`${ruleSentence(e)} ${ruleLink(e.rule)} `)}</p>` : nothing}
      ${gone ? html`<p><b>${t('ui.why.gone')}</b> ${ruleSentence(gone)} ${ruleLink(gone.rule)}</p>` : nothing}
      ${verdict ? html`<p><b>${t('ui.why.outcome')}</b> ${ruleSentence(verdict)} ${ruleLink(verdict.rule)}</p>` : nothing}
      ${checks('ui.why.details', before)}${checks('ui.why.receiver', after)}
    </div>`;
  }
}

/** @param {string} key @param {LabEvent[]} list */
function checks(key, list) {
  if (!list.length) return nothing;
  return html`<details class="checks"><summary>${t(key, { n: list.length })}</summary><ol>${list.map((e) => {
    const rule = ruleOf(e.rule ?? '');
    return html`<li class=${e.ok ? 'pass' : 'fail'}><i aria-hidden="true">${e.ok ? '✓' : '✗'}</i><div><b>${rule?.title ?? t('ui.why.unknown', { id: e.rule ?? '' })}</b> <span class="vh">${t(e.ok ? 'ui.check.pass' : 'ui.check.fail')}</span><p>${ruleSentence(e)} ${ruleLink(e.rule)}</p></div></li>`;
  })}</ol></details>`;
}

/** The place of a rule in its RFC, as a link. @param {string | undefined} id */
export function ruleLink(id) {
  const rule = id ? ruleOf(id) : undefined;
  if (!rule || !rule.section) return nothing;
  const text = t('ui.why.section', { source: rule.source, section: rule.section });
  return rule.url ? html`<a href=${rule.url} title=${rule.title}>${text}</a>` : text;
}

/** A picture of the sprite. @param {string} name */
export function use(name) {
  return html`<svg class="i" viewBox="0 0 24 24" aria-hidden="true"><use href="${document.documentElement.dataset.static ?? ''}icons.svg#${name}"></use></svg>`;
}

/**
 * A caption for the fields whose number comes from somewhere.
 * @param {SegmentAt} s @param {Index} ix @returns {Record<string, string>}
 */
export function captions(s, ix) {
  /** @type {Record<string, string>} */
  const caps = {};
  const w = s.wire, flags = flagsOf(w), me = s.seg.from;
  if (relative.value) {
    if (seqOf(w) !== w.seq) caps.seq = t('caption.wire', { n: w.seq });
    if (ackOf(w) !== w.ack && flags.includes('ACK')) caps.ack = t('caption.wire', { n: w.ack });
    return caps;
  }
  if (s.seg.forged || s.seg.injected) return caps;
  const own = isn(ix, me, s.seg.k), theirs = isn(ix, me === 'client' ? 'server' : 'client', s.seg.k);
  const host = t(`host.${me}`), peer = t(`host.${me === 'client' ? 'server' : 'client'}`);
  if (own !== null && !flags.includes('RST')) {
    const n = (w.seq - own) >>> 0;
    const first = ix.segments.find((x) => x.from === me && x.id < s.id && !x.forged && !x.injected && x.contents[0]?.wire.seq === w.seq && flagsOf(x.contents[0].wire).includes('SYN'));
    if (n === 0) caps.seq = first && flags.includes('SYN') ? t('caption.iss.again', { host, seg: first.id }) : t('caption.iss', { host });
    else if (n < 1 << 24) caps.seq = t('caption.seq', { host, isn: own, n });
  }
  if (!flags.includes('ACK')) {
    if (w.ack) caps.ack = t('caption.ack.off');
  } else if (theirs !== null) {
    const n = (w.ack - theirs) >>> 0;
    if (n === 1) caps.ack = t('caption.ack.syn', { host: peer, isn: theirs });
    else if (n > 1 && n < 1 << 24) caps.ack = t('caption.ack', { host: peer, isn: theirs, n });
  }
  return caps;
}

/** The ISN in the newest SYN of a host before event k, null when it has sent none. @param {Index} ix @param {End} host @param {number} k */
function isn(ix, host, k) {
  const syn = ix.segments.findLast((s) => s.from === host && s.k <= k && !s.forged && !s.injected && s.contents[0] && flagsOf(s.contents[0].wire).includes('SYN'));
  return syn?.contents[0]?.wire.seq ?? null;
}

/** @param {string} option "mss 1460" */
function optionName(option) {
  const kind = option.split(' ')[0] ?? '';
  return t(['mss', 'wscale', 'sackOK', 'TS', 'nop', 'eol', 'sack'].includes(kind) ? `option.${kind}` : 'option.other');
}

/** @param {string} option */
const optionValue = (option) => option.split(' ').slice(1).join(' ') || option;
/** @param {string} hex */
const spaced = (hex) => hex.replace(/(..)(?=.)/g, '$1 ');
/** @param {string} s */
const printable = (s) => s.replace(/\r/g, '␍').replace(/\n/g, '␊').replace(/[\x00-\x1f\x7f-\xff]/g, '·');

customElements.define('tcp-header', TcpHeader);
