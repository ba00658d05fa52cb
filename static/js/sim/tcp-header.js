// The chosen segment as the header figure of RFC 9293: read it, and while it is in flight change any bit of it.
import { LitElement, html, nothing } from '../../vendor/lit.js';
import { ackOf, relative, seqOf } from './numbers.js';
import { FLAGS, fieldsOf, flagsOf, kindOf, ms, ruleOf, ruleSentence, t } from './sentence.js';
import { arrows, rove, stay, stopOf } from './keys.js';
import { fate } from './tcp-log.js';

/** @import { End, Index, LabEvent, Model, SegmentAt, Wire } from './model.js' */
/** @import { ErrorFrame, RunHost } from '../protocol.js' */
/** @import { TcpEdit } from './tcp-edit.js' */

/** How many of the 32 columns a field has. @type {Record<string, number>} */
const COLUMNS = { seq: 32, ack: 32, offset: 4, reserved: 4, options: 32, payload: 32 };
const MAX_DELAY = 60000;

/** The fields as a learner reads them: sequence numbers as they were chosen to be shown; a form has those of the wire. @param {Wire} w @returns {Record<string, string>} */
const shownOf = (w) => ({ ...fieldsOf(w), seq: String(seqOf(w)), ack: String(ackOf(w)) });

export class TcpHeader extends LitElement {
  static properties = {
    segment: { attribute: false }, model: { attribute: false }, ix: { attribute: false }, blocked: { attribute: false }, act: { attribute: false }, relative: { attribute: false },
    hosts: { attribute: false }, form: { state: true }, bad: { state: true }, amount: { state: true }, note: { state: true },
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
    /** @type {readonly RunHost[]} */
    this.hosts = [];
    /** Which form stands in the place of the figure. @type {'' | 'edit' | 'forge'} */
    this.form = '';
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
    if (changed.has('segment') && (before?.id !== this.segment?.id || (this.form === 'edit' && !this.flying))) {
      if (this.form === 'edit') this.form = '';
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
      this.form = '';
      this.opener = document.activeElement;
      this.amount = this.amount === what ? '' : what;
      await this.updateComplete;
      const input = this.querySelector('.amount input');
      if (input instanceof HTMLInputElement) input.select();
    });
  }

  /** @param {string} [field] which gets the focus */
  edit(field = 'seq') {
    this.try(() => void this.show('edit', field));
  }

  /** A new segment. */
  async forge() {
    if (!this.blocked) return this.show('forge', 'base');
    this.note = this.blocked;
    this.tell(this.blocked);
  }

  /** Fetches a form and shows it in the place of the figure. @param {'edit' | 'forge'} form @param {string} field */
  async show(form, field) {
    const opener = document.activeElement, seg = this.segment?.id;
    this.dispatchEvent(new CustomEvent('sim-pause', { bubbles: true }));
    try {
      await (form === 'edit' ? import('./tcp-edit.js') : import('./tcp-forge.js'));
    } catch {
      this.tell(t('ui.panel.failed'));
      return;
    }
    // another segment was chosen while the form was on its way
    if (form === 'edit' && (this.segment?.id !== seg || !this.flying)) return;
    this.opener = opener;
    this.amount = '';
    this.note = '';
    this.form = form;
    await this.updateComplete;
    const shown = /** @type {TcpEdit | null} */ (this.querySelector('tcp-edit, tcp-forge'));
    await shown?.focusField(field);
  }

  /** @param {string} text */
  tell(text) {
    this.dispatchEvent(new CustomEvent('sim-say', { bubbles: true, detail: { text } }));
  }

  async cancel() {
    this.form = '';
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
    stopOf(this.querySelector('.pacts'))?.focus();
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
    if (!this.model || !this.ix || (!s && this.form !== 'forge')) return html`<div class="card insp"><p class="none">${t('ui.segment.none')}</p>${this.model ? html`<div class="pacts"><button type="button" aria-disabled=${this.blocked !== ''} @click=${() => this.forge()}>${use('plus')}${t('ui.forge')}</button></div>` : nothing}</div>`;
    if (this.form === 'forge' || !s) {
      return html`<div class="card insp" role="group" aria-label=${t('ui.forge')}><header><h3>${t('ui.forge')}</h3></header>
        <tcp-forge .model=${this.model} .ix=${this.ix} .hosts=${this.hosts} .blocked=${this.blocked} .act=${this.act} @edit-close=${this.cancel}></tcp-forge></div>`;
    }
    return html`<div class="card insp" role="group" aria-label=${t('ui.segment', { seg: s.id })}>
      <header>
        <h3>${t('ui.segment', { seg: s.id })} ${s.wire.icmp ? kindOf(s.wire) : ''} ${flagsOf(s.wire).map((f) => html`<b class="chip ${f.toLowerCase()}">${f}</b>`)}<span>${t('ui.segment.from', { host: t(`host.${s.seg.from}`), fate: fate(s) })}</span></h3>
        ${this.tools(s)}
      </header>
      ${this.amount ? this.amountForm() : nothing}
      <p class="note" ?hidden=${!this.note}>${this.note} ${!this.flying && this.note && !this.blocked ? html`<button type="button" class="link" @click=${() => this.goThere(s)}>${t('ui.goto')}</button>` : nothing}</p>
      ${this.form === 'edit' ? html`<tcp-edit .segment=${s} .model=${this.model} .ix=${this.ix} .hosts=${this.hosts} .blocked=${this.why} .act=${this.act} @edit-close=${this.cancel}></tcp-edit>` : this.figure(s)}
      ${this.reasons(s)}
    </div>`;
  }

  updated() {
    const bar = this.querySelector('.pacts');
    if (bar) rove(bar);
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
      ${tool('ui.edit', 'edit', () => this.edit(), '', this.form === 'edit')}
      <button type="button" aria-disabled=${this.blocked !== ''} title=${this.blocked || nothing} @click=${() => this.forge()}>${use('plus')}${t('ui.forge')}</button>
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

  /** The header as it is, to read; what was edited shows what it was, too. @param {SegmentAt} s */
  figure(s) {
    const w = s.wire, now = shownOf(w), was = s.was ? shownOf(s.was) : now, caps = captions(s, /** @type {Index} */ (this.ix)), options = w.options ? w.options.split(',') : [];
    const changed = (/** @type {string} */ name) => was[name] !== now[name];
    const before = (/** @type {string} */ name) => (changed(name) ? html`<small class="old">${t('field.was', { old: (name === 'payload' ? printable(was[name] ?? '') : was[name]) || t('options.none') })}</small>` : nothing);
    /** @param {string} name @param {unknown} [more] @param {unknown} [label] @param {unknown} [value] */
    const field = (name, more = nothing, label = t(`field.${name}`), value = html`<span class="v">${now[name]}</span>`) => html`<div class="f w${COLUMNS[name] ?? 16} ${name} ${changed(name) ? 'changed' : caps[name] ? 'hl' : ''}" @dblclick=${() => this.flying && this.edit(name)}>
      <span class="k">${label}</span>${value}${before(name)}${caps[name] ? html`<small>${caps[name]}</small>` : nothing}${more}</div>`;
    const byte = (/** @type {Wire} */ x) => `0x${flagsOf(x).reduce((n, f) => n | 1 << (7 - FLAGS.indexOf(f)), 0).toString(16).padStart(2, '0')}`;
    return html`${['src', 'dst', 'ttl'].some(changed) ? html`<p class="iphdr">${['src', 'dst', 'ttl'].map((name) => html`<span class=${changed(name) ? 'changed' : ''}><b>${t(`field.${name}`)}</b> <span class="v">${now[name]}</span> ${before(name)}</span>`)}</p>` : nothing}
    <div class="hdr" role="group" aria-label=${t('ui.header', { seg: s.id })}>
      <div class="ruler" aria-hidden="true"><span>0</span><span>8</span><span>16</span><span>24</span><span>31</span></div>
      ${['sport', 'dport', 'seq', 'ack', 'offset', 'reserved'].map((name) => field(name))}
      <div class="f w8 ${changed('flags') ? 'changed' : ''}"><span class="k">${t('field.flags')}</span><span class="v">${byte(w)}</span>${changed('flags') ? html`<small class="old">${t('field.was', { old: byte(/** @type {Wire} */ (s.was)) })}</small>` : nothing}</div>${field('window')}
      <div class="f w32 flags" role="img" aria-label=${t('flags.list', { flags: flagsOf(w).map((f) => t(`flag.${f}`)).join('; ') || t('flags.none') })}>${FLAGS.map((f) => {
        const on = flagsOf(w).includes(f), flipped = s.was && flagsOf(s.was).includes(f) !== on;
        return html`<b class="${on ? `on b-${f.toLowerCase()}` : ''} ${flipped ? 'flipped' : ''}">${f}</b>`;
      })}</div>
      ${changed('flags') ? html`<div class="f w32 changed">${before('flags')}</div>` : nothing}
      ${field('checksum', html`<small class=${w.sumok ? '' : 'loss'}>${w.sumok ? t('checksum.decimal', { n: w.checksum }) : t('checksum.bad')}</small>`)}${field('urgent')}
      ${options.length === 1 && !changed('options') ? field('options', html`<small>${spaced(w.optionsHex)}</small>`, optionName(w.options), html`<span class="v">${optionValue(w.options)}</span>`)
        : options.length ? field('options', html`<small class="hex">${spaced(w.optionsHex)}</small>`, t('field.options'), html`<ul class="opts">${options.filter((o) => o !== 'nop' || changed('options')).map((o) => html`<li><span class="v">${o}</span></li>`)}</ul>`)
        : changed('options') ? field('options', nothing, t('field.options'), html`<span class="v">${t('options.none')}</span>`) : nothing}
      ${w.payload || changed('payload') ? field('payload', html`<small>${t('bytes', { n: w.payload.length })}</small>`, t('field.payload'), html`<span class="v payload">${printable(w.payload)}</span>`) : nothing}</div>`;
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
    // a SYN cookie can be opened
    const cookie = [...before, ...after].some((e) => e.rule === 'linux:syncookie-sum');
    if (cookie) void import('./tcp-cookie.js').catch(() => {}); // without the network the sentences below must do
    return html`<div class="why">
      ${cookie ? html`<tcp-cookie .segment=${s.seg} .ix=${ix} .k=${k}></tcp-cookie>` : nothing}
      ${because.length ? html`<p><b>${t('ui.why')}</b> ${because.map(says)}</p>` : nothing}
      ${gone ? html`<p><b>${t('ui.why.gone')}</b> ${says(gone)}</p>` : nothing}
      ${verdict ? html`<p><b>${t('ui.why.outcome')}</b> ${says(verdict)}</p>` : nothing}
      ${checks('ui.why.details', before)}${checks('ui.why.receiver', after)}
    </div>`;
  }
}

/** @param {string} key @param {LabEvent[]} list */
function checks(key, list) {
  if (!list.length) return nothing;
  return html`<details class="checks"><summary>${t(key, { n: list.length })}</summary><ol>${list.map((e) => {
    const rule = ruleOf(e.rule ?? '');
    return html`<li class=${e.ok ? 'pass' : 'fail'}><i aria-hidden="true">${e.ok ? '✓' : '✗'}</i><div><b lang=${rule?.lang ?? nothing}>${rule?.title ?? t('ui.why.unknown', { id: e.rule ?? '' })}</b> <span class="vh">${t(e.ok ? 'ui.check.pass' : 'ui.check.fail')}</span><p>${says(e)}</p></div></li>`;
  })}</ol></details>`;
}

/** What a rule says, marked as English where the page is not, and its place. @param {LabEvent} e */
export const says = (e) => html`<span lang=${ruleOf(e.rule ?? '')?.lang ?? nothing}>${ruleSentence(e)}</span> ${ruleLink(e.rule)} `;

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
