// <tcp-compare>: two runs side by side at the same virtual time. A is the branch that is shown; B is another branch of the
// run, or the same actions with another profile, which the engine plays as a run of its own. One slider moves both.
import { html, nothing } from '../../vendor/lit.js';
import { effect } from '../../vendor/signals.js';
import { differences as known, profiles } from '../differences.en.js';
import { across, behind, common, differences, placeOf, replay, scale, sentence, timeAt } from './compare.js';
import { fold, index, seek } from './fold.js';
import { arrows, rove, stay } from './keys.js';
import { relative } from './numbers.js';
import { branchName } from './rules.js';
import { more, ms, ruleOf, t } from './sentence.js';
import { use } from './tcp-header.js';
import './tcp-ladder.js';
import { Slider, cut, mark, marks, pc } from './tcp-timeline.js';

/** @import { Difference, Known, Scale } from './compare.js' */
/** @import { Index, LabEvent, Model, Position } from './model.js' */
/** @import { Run } from './socket.js' */
/** @import { Store } from './store.js' */
/** @typedef {{ text: string, run: Run, state: 'loading' | 'there' | 'failed', events: readonly LabEvent[], fault: string }} Other */
/** @typedef {{ a: Index, b: Index, all: Difference[], same: number, scale: Scale, touched: readonly Known[], cause: readonly Known[] }} Made */

await more();

/** So many differences are listed. */
const LISTED = 60;

export class TcpCompare extends Slider {
  static properties = { store: { attribute: false }, ix: { attribute: false }, blocked: { attribute: false }, with: { state: true }, chosenB: { state: true } };

  constructor() {
    super();
    /** @type {Store | null} */
    this.store = null;
    /** @type {Index | null} */
    this.ix = null;
    this.blocked = '';
    /** @type {(text: string) => void} */
    this.say = () => {};
    /** What B is: "b:TIP" or "p:PROFILE", '' before the learner has chosen. */
    this.with = '';
    /** The tip of A when it was last drawn. */
    this.tip = 0;
    /** The segment that is chosen in B. */
    this.chosenB = 0;
    /** The time of both while it is behind the end of A: it holds as long as A stands there. @type {{ pos: Position, t: number } | null} */
    this.late = null;
    /** @type {Other | null} */
    this.other = null;
    /** @type {Made | null} */
    this.made = null;
    /** B as it was drawn last. @type {{ of: Index, at: Position, model: Model } | null} */
    this.folded = null;
    /** The events of the branch that B is, as of a version of the tree. */
    this.branchOf = 0;
    this.branchVersion = -1;
    /** @type {readonly LabEvent[]} */
    this.branchEvents = [];
    this.off = () => {};
  }

  createRenderRoot() {
    return this;
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.off();
    this.drop();
  }

  /** @param {Map<string, unknown>} changed */
  willUpdate(changed) {
    const s = this.store;
    if (!s) return;
    if (changed.has('store')) {
      this.off();
      this.off = effect(() => {
        void [s.pos.value, s.version.value, s.tip.value, s.selected.value, relative.value];
        this.requestUpdate();
      });
    }
    // when A becomes what B was, they change places
    const tip = s.tip.value;
    if (this.tip && tip !== this.tip && this.with === `b:${tip}` && s.branches.value.some((b) => b.tip === this.tip)) this.with = `b:${this.tip}`;
    this.tip = tip;
    if (!this.options().some((o) => o.value === this.with)) this.with = this.otherwise();
    this.need();
    this.make();
  }

  updated() {
    for (const bar of this.querySelectorAll('[data-rove]')) rove(bar);
  }

  // ---------------------------------------------------------------- what B is

  options() {
    const s = /** @type {Store} */ (this.store), [client, server] = s.first?.profiles ?? ['', ''];
    return [
      ...s.branches.value.filter((b) => b.tip !== s.tip.value).map((b) => ({ value: `b:${b.tip}`, text: branchName(b), group: 'branches' })),
      ...profiles.filter((p) => p !== client || p !== server).map((p) => ({ value: `p:${p}`, text: t('compare.profile', { profile: t(`profile.${p}`) }), group: 'profiles' })),
    ];
  }

  /** Without a choice: the branch where the learner was before, else any other, else another profile. */
  otherwise() {
    const s = /** @type {Store} */ (this.store), options = this.options();
    const before = s.past.findLast((p) => options.some((o) => o.value === `b:${p.tip}`));
    return before ? `b:${before.tip}` : options[0]?.value ?? '';
  }

  get profile() {
    return this.with.startsWith('p:') ? this.with.slice(2) : '';
  }

  /** Asks the engine for the run of another profile, when that is B and it is not there yet. */
  need() {
    const s = /** @type {Store} */ (this.store);
    if (!this.profile) return this.drop();
    const end = s.ahead ? null : s.index.value.times.at(-1) ?? 0;
    const text = replay(s.first?.setup ?? '', this.profile, s.actions(), s.events.value, end);
    if (this.other?.text === text) return;
    this.drop();
    const run = s.link.open({ scenario: text, ahead: s.ahead });
    /** @type {Other} */
    const other = { text, run, state: 'loading', events: [], fault: '' };
    this.other = other;
    run.ready.then(() => {
      other.state = 'there';
      other.fault = run.fault?.message ?? '';
      // nothing was done to it but its own lines: its nodes are one path
      other.events = [...run.nodes.values()].sort((a, b) => a.node - b.node).flatMap((n) => n.events);
    }, (error) => {
      other.state = 'failed';
      other.fault = error.message;
    }).finally(() => this.requestUpdate());
  }

  drop() {
    if (this.other) this.store?.link.forget(this.other.run);
    this.other = null;
  }

  /** The events of B, null while they are not there. @returns {readonly LabEvent[] | null} */
  get events() {
    const s = /** @type {Store} */ (this.store);
    if (this.profile) return this.other?.state === 'there' ? this.other.events : null;
    const tip = Number(this.with.slice(2));
    if (this.branchOf !== tip || this.branchVersion !== s.version.value) {
      this.branchOf = tip;
      this.branchVersion = s.version.value;
      this.branchEvents = s.eventsOf(tip);
    }
    return this.branchEvents;
  }

  make() {
    const s = /** @type {Store} */ (this.store), events = this.events, a = s.index.value;
    if (!events) {
      this.made = null;
      return;
    }
    const b = index(events);
    if (this.made?.a === a && this.made.b === b) return;
    const all = differences(a, b), first = all[0];
    /** @param {readonly LabEvent[]} x @param {readonly LabEvent[]} y */
    const rules = (x, y) => {
      if (!this.profile) return [];
      // of a run with two profiles the one that is not B's has something to tell
      const mine = (s.first?.profiles ?? []).find((p) => p !== this.profile) ?? '';
      return behind(known, [profiles.indexOf(mine), profiles.indexOf(this.profile)], x, y);
    };
    /** @param {Index} ix @param {number} i */
    const step = (ix, i) => ix.events.slice(ix.steps[i]?.k0 ?? 0, ix.steps[i]?.k1 ?? 0);
    this.made = { a, b, all, same: common(a.events, b.events), scale: scale(a, b), touched: rules(a.events, b.events), cause: first ? rules(step(a, first.i), step(b, first.j)) : [] };
  }

  // ---------------------------------------------------------------- the time of both

  get time() {
    const pos = /** @type {Store} */ (this.store).pos.value;
    return this.late?.pos === pos ? this.late.t : pos.t;
  }

  /** Moves both. @param {number} time */
  go(time) {
    const s = /** @type {Store} */ (this.store), made = this.made;
    if (!made) return;
    const end = Math.max(made.a.times.at(-1) ?? 0, made.b.times.at(-1) ?? 0), last = made.a.times.at(-1) ?? 0, to = Math.min(Math.max(0, time), end);
    this.dispatchEvent(new CustomEvent('seek', { detail: seek(made.a, Math.min(to, last)), bubbles: true, composed: true }));
    this.late = to > last ? { pos: s.pos.value, t: to } : null;
    this.requestUpdate();
  }

  /** One instant on or back, at which something happens in either. @param {1 | -1} by */
  step(by) {
    const times = this.made?.scale.times ?? [], now = this.time;
    const to = by > 0 ? times.find((v) => v > now) : times.findLast((v) => v < now);
    if (to !== undefined) this.go(to);
    return to !== undefined;
  }

  /** @param {1 | -1} by */
  walk(by) {
    this.say(this.step(by) ? this.value() : t(by > 0 ? 'ui.why.end' : 'ui.why.start'));
  }

  /** To a difference; the segments that it is about are chosen in both. @param {Difference} d */
  goto(d) {
    const s = /** @type {Store} */ (this.store), made = /** @type {Made} */ (this.made);
    this.go(d.t);
    /** @param {Index} ix @param {number} i */
    const seg = (ix, i) => ix.steps[i]?.sent.at(-1) || ix.steps[i]?.seg || 0;
    const a = seg(made.a, d.i);
    if (a) s.select(a);
    this.chosenB = seg(made.b, d.j);
    this.say(sentence(d, made.a, made.b));
  }

  value() {
    const { a, b } = this.models();
    return t('compare.value', { t: ms(Math.floor(this.time)), ac: a.hosts.client.state, as: a.hosts.server.state, bc: b.hosts.client.state, bs: b.hosts.server.state });
  }

  /** Where both are, and what they look like there. @returns {{ a: Model, b: Model, at: Position }} */
  models() {
    const s = /** @type {Store} */ (this.store), made = /** @type {Made} */ (this.made), at = across(made.b, s.pos.value, this.time, made.same);
    if (this.folded?.of !== made.b || this.folded.at.t !== at.t || this.folded.at.k !== at.k) this.folded = { of: made.b, at, model: fold(made.b, at) };
    return { a: s.model.value, b: this.folded.model, at };
  }

  /** @param {PointerEvent} e */
  point(e) {
    const track = this.querySelector('.both .track'), made = this.made;
    if (!track || !made) return;
    const box = track.getBoundingClientRect(), wide = Math.max(1, box.width);
    this.go(timeAt(made.scale, Math.min(1, Math.max(0, (e.clientX - box.left) / wide)), 5 / wide));
  }

  /** @param {KeyboardEvent} e */
  key(e) {
    if (e.altKey || e.ctrlKey || e.metaKey) return;
    const by = { ArrowRight: 1, ArrowUp: 1, PageUp: 1, ArrowLeft: -1, ArrowDown: -1, PageDown: -1 }[e.key];
    if (by && e.shiftKey) this.go(this.time + by * 10000);
    else if (by) for (let i = 0; i < (e.key.startsWith('Page') ? 5 : 1); i++) this.step(by > 0 ? 1 : -1);
    else if (e.key === 'Home') this.go(0);
    else if (e.key === 'End') this.go(Infinity);
    else return;
    e.preventDefault();
    e.stopPropagation();
  }

  // ---------------------------------------------------------------- rendering

  render() {
    const s = this.store;
    if (!s) return null;
    const options = this.options(), made = this.made;
    /** @param {string} group */
    const group = (group) => {
      const list = options.filter((o) => o.group === group);
      return list.length ? html`<optgroup label=${t(`compare.${group}`)}>${list.map((o) => html`<option value=${o.value} .selected=${o.value === this.with}>${o.text}</option>`)}</optgroup>` : nothing;
    };
    return html`<div class="compare">
      <label class="pick"><span>${t('compare.intro')}</span> <select @change=${(/** @type {Event} */ e) => { this.with = /** @type {HTMLSelectElement} */ (e.target).value; this.chosenB = 0; }}>${group('branches')}${group('profiles')}</select></label>
      ${this.profile ? html`<p class="hint">${t('compare.isn')}</p>` : nothing}
      ${this.other?.state === 'loading' ? html`<p role="status">${this.blocked || t('compare.loading')}</p>` : nothing}
      ${this.other?.fault ? html`<p class="notice bad" role="alert">${t('compare.fault', { message: this.other.fault })}</p>` : nothing}
      ${made ? html`${this.first(made)}${this.both(made)}${this.sides(made)}${this.lists(made)}` : nothing}
    </div>`;
  }

  /** @param {Made} made */
  first(made) {
    const d = made.all[0];
    if (!d) return html`<p class="first">${t('compare.first.none')}</p>`;
    return html`<div class="first"><h3>${t('compare.first')} <i aria-hidden="true">≠</i></h3>
      <p>${sentence(d, made.a, made.b)}</p>
      ${made.cause.length ? html`<h4>${t('compare.behind', { n: made.cause.length })}</h4>${this.table(made.cause)}` : nothing}
      <button type="button" @click=${() => this.goto(d)}>${t('compare.goto')}</button></div>`;
  }

  /** What each profile says. @param {readonly Known[]} list */
  table(list) {
    const s = /** @type {Store} */ (this.store), mine = (s.first?.profiles ?? []).find((p) => p !== this.profile) ?? '';
    const p = profiles.indexOf(mine), q = profiles.indexOf(this.profile);
    return html`<div class="knownbox"><table class="known"><thead><tr><th scope="col">${t('compare.known.about')}</th><th scope="col">A: ${t(`profile.${mine}`)}</th><th scope="col">B: ${t(`profile.${this.profile}`)}</th><th scope="col">${t('compare.known.rule')}</th></tr></thead>
      <tbody>${list.map((d) => {
        const r = ruleOf(d.rule), name = r?.section ? t('ui.why.section', { source: r.source, section: r.section }) : r?.source ?? d.rule;
        return html`<tr><th scope="row">${d.about}</th><td>${d.says[p]}</td><td>${d.says[q]}</td><td>${r?.url ? html`<a href=${r.url} rel="external">${name}</a>` : name}</td></tr>`;
      })}</tbody></table></div>`;
  }

  /** The slider of both: the steps of A above its line, those of B below. @param {Made} made */
  both(made) {
    const { at } = this.models(), s = /** @type {Store} */ (this.store), { scale: x } = made, now = placeOf(x, this.time), last = x.times.at(-1) ?? 0;
    const place = (/** @type {Position} */ pos) => placeOf(x, pos.t);
    return html`<div class="both">
      <div class="btns" role="toolbar" aria-label=${t('compare.tools')} data-rove @keydown=${arrows} @focusin=${stay}>
        <button type="button" class="icon" aria-label=${t('compare.back')} title=${t('compare.back')} @click=${() => this.walk(-1)}>${use('back')}</button>
        <button type="button" class="icon" aria-label=${t('compare.on')} title=${t('compare.on')} @click=${() => this.walk(1)}>${use('fwd')}</button>
      </div>
      <div class="timeline" role="slider" tabindex="0" aria-label=${t('compare.time.label')} aria-orientation="horizontal" aria-valuemin="0" aria-valuemax=${last / 1000} aria-valuenow=${this.time / 1000} aria-valuetext=${this.value()}
          @pointerdown=${this.grab} @pointermove=${this.drag} @pointerup=${this.drop} @pointercancel=${this.drop} @keydown=${this.key}>
        <svg class="track" width="100%" height="52" aria-hidden="true" focusable="false">
          <svg y="-7"><rect class="rail" x="0" y="15" width="100%" height="4" rx="2"></rect><rect class="rail played" x="0" y="15" width=${pc(now)} height="4" rx="2"></rect>
            ${x.cuts.map((i) => cut(x.at[i - 1] ?? 0, x.at[i] ?? 0, now))}${marks(made.a, place, s.pos.value).map((m) => mark(m))}</svg>
          <svg y="21"><rect class="rail" x="0" y="15" width="100%" height="4" rx="2"></rect><rect class="rail played" x="0" y="15" width=${pc(now)} height="4" rx="2"></rect>
            ${x.cuts.map((i) => cut(x.at[i - 1] ?? 0, x.at[i] ?? 0, now))}${marks(made.b, place, at).map((m) => mark(m))}</svg>
          <svg class="now" x=${pc(now)} y="0" width="1" height="1"><rect x="-7" y="1" width="14" height="50" rx="4"></rect></svg>
        </svg>
      </div>
      <p class="readout"><b>${ms(Math.floor(this.time))}</b> ms</p>
    </div>`;
  }

  /** @param {Made} made */
  sides(made) {
    const s = /** @type {Store} */ (this.store), { a, b, at } = this.models(), d = made.all[0], line = d ? d.t : null;
    const own = s.first?.profiles ?? ['', ''], branch = branchName(s.branches.value.find((v) => v.tip === s.tip.value));
    const mine = own[0] === own[1] ? t(`profile.${own[0]}`) : t('ui.profile.two', { a: t(`profile.${own[0]}`), b: t(`profile.${own[1]}`) });
    const names = this.profile ? [mine, t(`profile.${this.profile}`)] : [branch, branchName(s.branches.value.find((v) => `b:${v.tip}` === this.with))];
    /** @param {string} side @param {Model} m @param {string | undefined} name @param {Index} ix */
    const head = (side, m, name, ix) => html`<h3><i aria-hidden="true">${side}</i><span class="vh">${t('compare.side', { side, name: name ?? '' })}</span><span aria-hidden="true">${name}</span></h3>
      <p>${t('compare.states', { client: m.hosts.client.state, server: m.hosts.server.state })}${this.time > (ix.times.at(-1) ?? 0) ? html` <span>${t('compare.over')}</span>` : nothing}</p>`;
    return html`<div class="sides">
      <section aria-label=${t('compare.side', { side: 'A', name: names[0] ?? '' })}>${head('A', a, names[0], made.a)}
        <div class="ladderbox"><tcp-ladder .events=${made.a.events} .position=${this.late && this.time > s.pos.value.t ? { t: this.time, k: made.a.events.length } : s.pos.value} .selection=${s.selected.value} .mark=${line} .relative=${relative.value}></tcp-ladder></div></section>
      <section data-other aria-label=${t('compare.side', { side: 'B', name: names[1] ?? '' })} @focusin=${(/** @type {Event} */ e) => e.stopPropagation()}
          @segment-select=${(/** @type {CustomEvent} */ e) => { e.stopPropagation(); this.chosenB = e.detail.id; }} @seek=${(/** @type {CustomEvent} */ e) => { e.stopPropagation(); this.go(e.detail.t); }}>${head('B', b, names[1], made.b)}
        <div class="ladderbox"><tcp-ladder .events=${made.b.events} .position=${at} .selection=${this.chosenB} .mark=${line} .relative=${relative.value}></tcp-ladder></div></section>
    </div>`;
  }

  /** @param {Made} made */
  lists(made) {
    const now = this.time, all = made.all.slice(0, LISTED), beyond = made.all.length - all.length;
    return html`
      ${made.all.length > 1 ? html`<details class="all"><summary>${t('compare.all', { n: made.all.length })}</summary>
        <ol>${all.map((d) => html`<li class=${d.t === now ? 'now' : ''}><button type="button" @click=${() => this.goto(d)}>${sentence(d, made.a, made.b)}</button></li>`)}</ol>
        ${beyond ? html`<p>${t('compare.more', { n: beyond })}</p>` : nothing}</details>` : nothing}
      ${made.touched.length ? html`<details class="all"><summary>${t('compare.known', { n: made.touched.length })}</summary>${this.table(made.touched)}</details>` : nothing}`;
  }
}

customElements.define('tcp-compare', TcpCompare);
