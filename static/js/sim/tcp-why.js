// See why: what the receiver of the chosen segment checked, in the order of RFC 9293 section 3.10.7, and what came of it.
import { LitElement, html, nothing, repeat } from '../../vendor/lit.js';
import { count } from './fold.js';
import { ahead } from './line.js';
import { ackOf, basesOf, seqOf, seqText } from './numbers.js';
import { lines } from './lines.js';
import { flagsOf, grouped, kindOf, ms, ruleOf, ruleSentence, t } from './sentence.js';
import { ruleLink, says } from './tcp-header.js';
import './tcp-line.js';
import { pathOf, receiveLine, sendLine } from './why.js';

/** @import { Index, Model, RunEvent, SegmentAt } from './model.js' */
/** @import { Store } from './store.js' */
/** @import { Check, Path } from './why.js' */
/** @typedef {{ title: string, url: string, t: number }} Run */

/** A rule of each section: the catalogue knows where it stands. */
const SECTIONS = { 1: '9293:3.10.7.1/rst', 2: '9293:3.10.7.2/1', 3: '9293:3.10.7.3/1', 4: '9293:3.10.7.4/1' };
const MARKS = { pass: '✓', fail: '✕', over: '·', rest: '' };

export class TcpWhy extends LitElement {
  static properties = {
    store: { attribute: false }, model: { attribute: false }, ix: { attribute: false }, relative: { attribute: false }, chosen: { attribute: false }, rule: { state: true }, runs: { state: true }, elsewhere: { state: true },
  };

  constructor() {
    super();
    /** @type {Store | null} */
    this.store = null;
    /** @type {Model | null} */
    this.model = null;
    /** @type {Index | null} */
    this.ix = null;
    this.relative = false;
    /** The chosen segment; the store has it, and this makes its change known. */
    this.chosen = 0;
    /** Whether the learner wants to know where else the rules are at work, and which one was chosen. */
    this.elsewhere = false;
    this.rule = '';
    /** @type {Map<string, Run[] | null>} by rule; null: it could not be asked */
    this.runs = new Map();
  }

  createRenderRoot() {
    return this;
  }

  render() {
    const { store, model, ix } = this;
    if (!store || !model || !ix) return null;
    const s = model.segments.find((x) => x.id === store.selected.value);
    if (!s) return html`<p class="none">${t('panel.why.none')}</p>`;
    const path = pathOf(ix, s.seg, model.k);
    return html`${this.head(s, model)}${path ? this.path(path, s, ix) : this.waiting(s)}`;
  }

  /** @param {SegmentAt} s @param {Model} model */
  head(s, model) {
    const known = model.segments.filter((x) => x.phase !== 'future' || x.id === s.id);
    return html`<header class="whyhead"><label>${t('panel.why.choose')}
      <select @change=${(/** @type {Event} */ e) => this.store?.select(Number(/** @type {HTMLSelectElement} */ (e.target).value))}>
        ${repeat(known, (x) => x.id, (x) => html`<option value=${x.id} .selected=${x.id === s.id}>${t('panel.why.option', { seg: x.id, kind: kindOf(x.wire), host: t(`host.${x.seg.to}`), fate: t(`panel.why.phase.${x.phase}`) })}</option>`)}
      </select></label></header>`;
  }

  /** A segment that has not arrived, or never will. @param {SegmentAt} s */
  waiting(s) {
    const due = s.seg.end?.fate === 'arrived' ? s.seg.end.t : null;
    return html`<p class="waiting">${t(`panel.why.wait.${s.phase}`, { seg: s.id, host: t(`host.${s.seg.to}`), n: ms(due ?? s.due) })}
      ${due !== null ? html`<button type="button" @click=${() => this.goTo(s)}>${t('panel.why.go', { n: ms(due) })}</button>` : nothing}</p>`;
  }

  /** To the end of the step in which the segment arrives; it stays chosen. @param {SegmentAt} s */
  goTo(s) {
    const { store, ix } = this, k = s.seg.end?.k ?? 0;
    if (!store || !ix) return;
    store.select(s.id);
    store.step(count(ix.steps, (step) => step.k0 <= k) - 1);
  }

  /** @param {Path} p @param {SegmentAt} s @param {Index} ix */
  path(p, s, ix) {
    const host = t(`host.${p.host}`), at = ms(s.seg.end?.t);
    return html`<div class="whygrid">
      <section aria-label=${t('panel.why.path')}>
        <p class="lead">${t('panel.why.arrived', { host, state: p.state, n: at, kind: kindOf(p.wire) })}</p>
        ${p.wire.icmp ? html`<p>${t('panel.why.icmp')}</p>` : html`<p class="section"><a href=${ruleOf(SECTIONS[p.section])?.url ?? nothing}>${t('panel.why.section', { n: p.section })}</a> ${t(`panel.why.section.${p.section}`)}</p>`}
        <ol class="path">${p.steps.filter((c) => !p.wire.icmp || c.checks.length || c.notes.length).map((c) => this.check(c, p))}</ol>
      </section>
      <div class="whyside">
        <section class="verdict ${p.fate}"><h4>${t('panel.why.verdict')}</h4><p class="fate"><i aria-hidden="true"></i><b>${t(`panel.why.fate.${p.fate}`)}</b></p>${this.outcome(p, ix)}</section>
        ${this.windows(p, host)}
        ${this.others(p)}
      </div></div>`;
  }

  /** @param {Check} c @param {Path} p */
  check(c, p) {
    const title = t(c.n ? `panel.why.step.${p.section}.${c.n}` : 'panel.why.step.0');
    return html`<li class=${c.status} aria-current=${c.n === p.end && (c.status === 'fail' || c.checks.length) ? 'step' : nothing}>
      <i aria-hidden="true">${MARKS[c.status]}</i>
      <div><p class="t"><span class="nth">${t(`panel.why.nth.${c.n}`)}</span> <b>${title}</b> <span class="word">${t(`panel.why.word.${c.status}`)}</span></p>
        ${c.checks.map((e) => html`<p>${ruleSentence(e) === `${title}.` ? ruleLink(e.rule) : says(e)}</p>`)}
        ${c.status === 'over' || (!c.n && !c.checks.length) ? html`<p class="dim">${t(overText(c, p))}</p>` : nothing}
        ${c.notes.length ? html`<details class="more"><summary>${t('panel.why.notes', { n: c.notes.length })}</summary>${c.notes.map((e) => html`<p><b lang=${ruleOf(e.rule ?? '')?.lang ?? nothing}>${ruleOf(e.rule ?? '')?.title ?? ''}</b> ${says(e)}</p>`)}</details>` : nothing}
      </div></li>`;
  }

  /** What followed: answers, state, timers, what the application was told. @param {Path} p @param {Index} ix */
  outcome(p, ix) {
    const say = lines(ix);
    return html`<ul class="after">
      ${p.answers.map((seg) => html`<li><button type="button" @click=${() => this.store?.select(seg.id)}>${t('panel.why.answer', { seg: seg.id, kind: kindOf(seg.contents[0]?.wire ?? p.wire) })}</button></li>`)}
      ${p.after.filter((e) => e.kind === 'state').map((e) => html`<li class="change"><b>${e.from}</b> <span aria-hidden="true">→</span><span class="vh">${t('panel.why.to')}</span> <b>${e.to}</b> ${ruleLink(e.rule)}</li>`)}
      ${p.after.filter((e) => e.kind !== 'state' && e.kind !== 'opened').map((e) => (say[e.n] ? html`<li>${say[e.n]}</li>` : nothing))}
      ${p.answers.length || p.after.length ? nothing : html`<li class="dim">${t('panel.why.nothing')}</li>`}
    </ul>`;
  }

  /** The numbers that the checks compared. @param {Path} p @param {string} host */
  windows(p, host) {
    const { wire, vars } = p, rcv = receiveLine(p), snd = sendLine(p), { own, theirs } = basesOf(wire);
    // the segment came from the peer: what is its own is theirs here
    const mine = (/** @type {number} */ v) => String(seqText(v, theirs)), peers = (/** @type {number} */ v) => String(seqText(v, own));
    const nxt = vars?.['rcv.nxt'] ?? 0, wnd = vars?.['rcv.wnd'] ?? 0;
    return html`
      <section><h4>${t('panel.why.rcv', { host })}</h4>
        ${rcv ? html`<tcp-line .line=${rcv} .number=${peers} .label=${t('panel.line.rcv', { nxt: peers(nxt), n: grouped(wnd), edge: peers((nxt + wnd) >>> 0), seq: seqOf(wire), len: wire.len, off: grouped(Math.abs(ahead(nxt, wire.seq))) })}></tcp-line>
          ${wnd ? nothing : html`<p class="dim">${t('panel.why.shut')}</p>`}` : html`<p class="dim">${t(p.wire.icmp ? 'panel.why.norcv.icmp' : 'panel.why.norcv', { state: p.state })}</p>`}
      </section>
      ${snd ? html`<section><h4>${t('panel.why.snd', { host })}</h4>
        <tcp-line .line=${snd} .number=${mine} .label=${t('panel.line.snd', { una: mine(vars?.['snd.una'] ?? 0), nxt: mine(vars?.['snd.nxt'] ?? 0), ack: ackOf(wire) })}></tcp-line></section>`
        : flagsOf(wire).includes('ACK') || !vars ? nothing : html`<section><h4>${t('panel.why.snd', { host })}</h4><p class="dim">${t('panel.why.noack')}</p></section>`}`;
  }

  // ---------------------------------------------------------------- where else

  /** The rules on the path, the one that decided first. @param {Path} p */
  rules(p) {
    const all = p.steps.flatMap((c) => c.checks), last = p.steps.find((c) => c.n === p.end)?.checks ?? [];
    /** @type {RunEvent[]} */
    const order = [...last.filter((e) => !e.ok), ...p.after.filter((e) => e.kind === 'state'), ...all.filter((e) => !e.ok), ...all.toReversed()];
    return [...new Set(order.map((e) => e.rule ?? ''))].filter((id) => ruleOf(id));
  }

  /** @param {Path} p */
  others(p) {
    const rules = this.rules(p), rule = rules.includes(this.rule) ? this.rule : rules[0] ?? '';
    if (!rule) return nothing;
    if (this.elsewhere) void this.ask(rule);
    const runs = this.runs.get(rule);
    return html`<section class="others"><details .open=${this.elsewhere} @toggle=${(/** @type {Event} */ e) => { this.elsewhere = /** @type {HTMLDetailsElement} */ (e.target).open; }}>
      <summary>${t('panel.why.elsewhere')}</summary>
      <label>${t('panel.why.rule')} <select @change=${(/** @type {Event} */ e) => { this.rule = /** @type {HTMLSelectElement} */ (e.target).value; }}>${repeat(rules, (id) => id, (id) => html`<option value=${id} .selected=${id === rule}>${ruleOf(id)?.title}</option>`)}</select></label>
      <p><a href=${`${document.documentElement.dataset.base ?? '/'}rules/${rule}`}>${t('panel.why.page')}</a></p>
      <div aria-live="polite">${runs === undefined ? html`<p class="dim">${t('panel.why.asking')}</p>` : runs === null ? html`<p class="dim">${t('panel.why.offline')}</p>`
        : runs.length ? html`<ul>${runs.map((r) => html`<li><a href=${r.url}>${r.title}</a> <span class="dim">${t('panel.why.at', { n: ms(r.t) })}</span></li>`)}</ul>` : html`<p class="dim">${t('panel.why.nowhere')}</p>`}</div>
    </details></section>`;
  }

  /** @param {string} rule */
  async ask(rule) {
    const known = this.runs.get(rule);
    if (this.runs.has(rule) && known !== null || this.asking === rule) return;
    this.asking = rule;
    /** @type {Run[] | null} */
    let runs = null;
    try {
      const r = await fetch(`${document.documentElement.dataset.base ?? '/'}api/rules?id=${encodeURIComponent(rule)}`);
      if (r.ok) runs = (await r.json()).runs;
    } catch {
      // the list says that it could not be asked
    }
    this.asking = runs ? '' : rule;
    this.runs = new Map(this.runs).set(rule, runs);
  }

  /** The rule that is being asked about, or that could not be. */
  asking = '';
}

/** Why there was nothing to check. @param {Check} c @param {Path} p */
function overText(c, p) {
  if (c.n === 0) return 'panel.why.over.0';
  const key = `${p.section}.${c.n}`, flags = flagsOf(p.wire);
  if (key === '4.6' && flags.includes('URG')) return 'panel.why.over.urgent';
  if (key === '4.7' && p.wire.payload) return 'panel.why.over.text';
  if (key === '4.8' && flags.includes('FIN')) return 'panel.why.over.fin';
  if (key === '1.1' && flags.includes('RST')) return 'panel.why.over.rst';
  if (key === '1.2') return flags.includes('ACK') ? 'panel.why.over.1.ack' : 'panel.why.over.1.noack';
  return ['1.1', '3.1', '3.3', '4.3', '4.6', '4.7', '4.8'].includes(key) ? `panel.why.over.${key}` : 'panel.why.over';
}

customElements.define('tcp-why', TcpWhy);
