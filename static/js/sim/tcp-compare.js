// <tcp-compare>: two runs side by side at the same virtual time. A is the branch that is shown, B another branch of the run; or
// either is the same actions with other profiles, which the engine plays as a run of its own. One slider moves both.
import { html, nothing, svg } from '../../vendor/lit.js';
import { effect } from '../../vendor/signals.js';
import { differences as known, profiles } from '../differences.en.js';
import { across, against, behind, common, differences, placeOf, replay, scale, sentence, timeAt } from './compare.js';
import { fold, index, seek } from './fold.js';
import { arrows, rove, stay } from './keys.js';
import { relative } from './numbers.js';
import { branchName } from './rules.js';
import { more, ms, ruleOf, t } from './sentence.js';
import { use } from './tcp-header.js';
import './tcp-ladder.js';
import { Slider, cut, mark, marks, pc } from './tcp-timeline.js';

/** @import { Difference, Known, Pair, Scale } from './compare.js' */
/** @import { Index, LabEvent, Model, Position } from './model.js' */
/** @import { Run } from './socket.js' */
/** @import { Store } from './store.js' */
/** @import { Mark } from './tcp-timeline.js' */
/** @typedef {{ text: string, run: Run, state: 'loading' | 'there' | 'failed', events: readonly LabEvent[], fault: string }} Other */
/** @typedef {'A' | 'B'} Side */
/** Known differences of the profiles of a host, or of both. @typedef {{ host: 'client' | 'server' | undefined, a: string, b: string, list: readonly Known[] }} Set */
/** sameA, sameB: how many events at the start they have in common with the run @typedef {{ a: Index, b: Index, pairs: string, all: Difference[], sameA: number, sameB: number, scale: Scale, touched: Set[], cause: Set[] }} Made */

await more();

/** So many differences are listed. */
const LISTED = 60;

export class TcpCompare extends Slider {
  static properties = { store: { attribute: false }, ix: { attribute: false }, blocked: { attribute: false }, from: { state: true }, with: { state: true }, chosenA: { state: true }, chosenB: { state: true } };

  constructor() {
    super();
    /** @type {Store | null} */
    this.store = null;
    /** @type {Index | null} */
    this.ix = null;
    this.blocked = '';
    /** @type {(text: string) => void} */
    this.say = () => {};
    /** What A is: "" for the branch that is shown, or "p:CLIENT,SERVER". */
    this.from = '';
    /** What B is: "b:TIP" or "p:CLIENT,SERVER", '' before the learner has chosen. */
    this.with = '';
    /** The tip of A when it was last drawn. */
    this.tip = 0;
    /** The segments that are chosen in a run with other profiles. */
    this.chosenA = 0;
    this.chosenB = 0;
    /** The time of both while it is behind the end of A: it holds as long as A stands there. @type {{ pos: Position, t: number } | null} */
    this.late = null;
    /** @type {Record<Side, Other | null>} */
    this.other = { A: null, B: null };
    /** @type {Made | null} */
    this.made = null;
    /** Both as they were drawn last. @type {Record<Side, { of: Index, at: Position, model: Model } | null>} */
    this.folded = { A: null, B: null };
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
    this.forget('A');
    this.forget('B');
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
    if (this.with.startsWith('b:') ? !this.options('B').some((o) => o.value === this.with) : !this.with) this.with = this.otherwise();
    this.need('A');
    this.need('B');
    this.make();
  }

  updated() {
    for (const bar of this.querySelectorAll('[data-rove]')) rove(bar);
  }

  // ---------------------------------------------------------------- what A and B are

  /** @param {Side} side */
  options(side) {
    const s = /** @type {Store} */ (this.store), own = this.own, now = this.pair(side), what = side === 'A' ? this.from : this.with;
    const both = profiles.filter((p) => side === 'A' || this.from || p !== own[0] || p !== own[1]).map((p) => ({ value: `p:${p},${p}`, text: t('compare.profile', { profile: t(`profile.${p}`) }), group: 'profiles' }));
    if (what.startsWith('p:') && !both.some((o) => o.value === what)) both.push({ value: what, text: pairText(now), group: 'profiles' });
    if (side === 'A') return [{ value: '', text: t('compare.shown', { profiles: pairText(own) }), group: 'branches' }, ...both];
    return [...s.branches.value.filter((b) => b.tip !== s.tip.value).map((b) => ({ value: `b:${b.tip}`, text: branchName(b), group: 'branches' })), ...both];
  }

  /** Without a choice: the branch where the learner was before, else any other, else another profile. */
  otherwise() {
    const s = /** @type {Store} */ (this.store), options = this.options('B');
    const before = s.past.findLast((p) => options.some((o) => o.value === `b:${p.tip}`));
    return before ? `b:${before.tip}` : options[0]?.value ?? '';
  }

  /** The profiles of the run. @returns {Pair} */
  get own() {
    return this.store?.first?.profiles ?? ['rfc9293', 'rfc9293'];
  }

  /** The profiles of the hosts of A or B. @param {Side} side @returns {Pair} */
  pair(side) {
    const m = /^p:(.*),(.*)$/.exec(side === 'A' ? this.from : this.with);
    return m ? [m[1] ?? '', m[2] ?? ''] : this.own;
  }

  /** Whether A or B is a run of its own. @param {Side} side */
  plays(side) {
    return (side === 'A' ? this.from : this.with).startsWith('p:');
  }

  /** @param {Side} side @param {string} value */
  choose(side, value) {
    if (side === 'A') this.from = value;
    else this.with = value;
    this[`chosen${side}`] = 0;
  }

  /** Asks the engine for the run of other profiles, when that is A or B and it is not there yet. @param {Side} side */
  need(side) {
    const s = /** @type {Store} */ (this.store);
    if (!this.plays(side)) return this.forget(side);
    const end = s.ahead ? null : s.index.value.times.at(-1) ?? 0;
    const text = replay(s.first?.setup ?? '', this.pair(side), s.actions(), s.events.value, end);
    if (this.other[side]?.text === text) return;
    this.forget(side);
    const run = s.link.open({ scenario: text, ahead: s.ahead });
    /** @type {Other} */
    const other = { text, run, state: 'loading', events: [], fault: '' };
    this.other[side] = other;
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

  /** @param {Side} side */
  forget(side) {
    const other = this.other[side];
    if (other) this.store?.link.forget(other.run);
    this.other[side] = null;
  }

  /** The events of A or B, null while they are not there. @param {Side} side @returns {readonly LabEvent[] | null} */
  events(side) {
    const s = /** @type {Store} */ (this.store), other = this.other[side];
    if (this.plays(side)) return other?.state === 'there' ? other.events : null;
    if (side === 'A') return s.events.value;
    const tip = Number(this.with.slice(2));
    if (this.branchOf !== tip || this.branchVersion !== s.version.value) {
      this.branchOf = tip;
      this.branchVersion = s.version.value;
      this.branchEvents = s.eventsOf(tip);
    }
    return this.branchEvents;
  }

  make() {
    const s = /** @type {Store} */ (this.store), x = this.events('A'), y = this.events('B'), run = s.index.value.events;
    if (!x || !y) {
      this.made = null;
      return;
    }
    const a = index(x), b = index(y), pairs = [this.pair('A'), this.pair('B')].join();
    if (this.made?.a === a && this.made.b === b && this.made.pairs === pairs) return;
    const all = differences(a, b), first = all[0], sets = against(this.pair('A'), this.pair('B'));
    /** @param {readonly LabEvent[]} x @param {readonly LabEvent[]} y */
    const rules = (x, y) => sets.flatMap((v) => {
      const list = behind(known, [profiles.indexOf(v.a), profiles.indexOf(v.b)], x, y, v.host);
      return list.length ? [{ ...v, list }] : [];
    });
    /** @param {Index} ix @param {number} i */
    const step = (ix, i) => ix.events.slice(ix.steps[i]?.k0 ?? 0, ix.steps[i]?.k1 ?? 0);
    this.made = { a, b, pairs, all, sameA: common(run, x), sameB: common(run, y), scale: scale(a, b), touched: rules(x, y), cause: first ? rules(step(a, first.i), step(b, first.j)) : [] };
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
    const end = Math.max(made.a.times.at(-1) ?? 0, made.b.times.at(-1) ?? 0), last = s.index.value.times.at(-1) ?? 0, to = Math.min(Math.max(0, time), end);
    this.dispatchEvent(new CustomEvent('seek', { detail: seek(s.index.value, Math.min(to, last)), bubbles: true, composed: true }));
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
    if (this.plays('A')) this.chosenA = a;
    else if (a) s.select(a);
    this.chosenB = seg(made.b, d.j);
    this.say(sentence(d, made.a, made.b));
  }

  value() {
    const { A: { model: a }, B: { model: b } } = this.models();
    return t('compare.value', { t: ms(Math.floor(this.time)), ac: a.hosts.client.state, as: a.hosts.server.state, bc: b.hosts.client.state, bs: b.hosts.server.state });
  }

  /** Where both are, and what they look like there. @returns {Record<Side, { at: Position, model: Model }>} */
  models() {
    const s = /** @type {Store} */ (this.store), made = /** @type {Made} */ (this.made);
    /** @param {Side} side @param {Index} ix @param {number} same */
    const one = (side, ix, same) => {
      const before = this.folded[side], at = ix === s.index.value && !this.late ? s.pos.value : across(ix, s.pos.value, this.time, same);
      return before?.of === ix && before.at.t === at.t && before.at.k === at.k ? before : this.folded[side] = { of: ix, at, model: fold(ix, at) };
    };
    return { A: one('A', made.a, made.sameA), B: one('B', made.b, made.sameB) };
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
    const made = this.made, others = [this.other.A, this.other.B], fault = others.find((o) => o?.fault);
    return html`<div class="compare">
      <div class="picks">${this.pick('A')}${this.pick('B')}</div>
      ${this.plays('A') || this.plays('B') ? html`<p class="hint">${t('compare.isn')}</p>` : nothing}
      ${others.some((o) => o?.state === 'loading') ? html`<p role="status">${this.blocked || t('compare.loading')}</p>` : nothing}
      ${fault ? html`<p class="notice bad" role="alert">${t('compare.fault', { side: fault === others[0] ? 'A' : 'B', message: fault.fault })}</p>` : nothing}
      ${made ? html`${this.first(made)}${this.both(made)}${this.sides(made)}${this.lists(made)}` : nothing}
    </div>`;
  }

  /** What A or B is: a branch, or a profile for each host. @param {Side} side */
  pick(side) {
    const options = this.options(side), now = side === 'A' ? this.from : this.with, pair = this.pair(side);
    /** @param {string} group */
    const group = (group) => {
      const list = options.filter((o) => o.group === group);
      return list.length ? html`<optgroup label=${t(`compare.${group}`)}>${list.map((o) => html`<option value=${o.value} .selected=${o.value === now}>${o.text}</option>`)}</optgroup>` : nothing;
    };
    /** @param {0 | 1} i */
    const host = (i) => html`<label><span>${t(i ? 'ui.server' : 'ui.client')}</span> <select @change=${(/** @type {Event} */ e) => {
      const { value } = /** @type {HTMLSelectElement} */ (e.target);
      this.choose(side, i ? `p:${pair[0]},${value}` : `p:${value},${pair[1]}`);
    }}>${profiles.map((p) => html`<option value=${p} .selected=${p === pair[i]}>${t(`profile.${p}`)}</option>`)}</select></label>`;
    return html`<div class="pick" role="group" aria-label=${side}>
      <label><span><i aria-hidden="true">${side}</i> ${t('compare.is', { side })}</span> <select @change=${(/** @type {Event} */ e) => this.choose(side, /** @type {HTMLSelectElement} */ (e.target).value)}>${group('branches')}${group('profiles')}</select></label>
      ${this.plays(side) ? html`${host(0)}${host(1)}` : nothing}
    </div>`;
  }

  /** @param {Made} made */
  first(made) {
    const d = made.all[0];
    if (!d) return html`<p class="first">${t('compare.first.none')}</p>`;
    return html`<div class="first"><h3>${t('compare.first')} <i aria-hidden="true">≠</i></h3>
      <p>${sentence(d, made.a, made.b)}</p>
      ${made.cause.length ? html`<h4>${t('compare.behind', { n: many(made.cause) })}</h4>${this.table(made.cause)}` : nothing}
      <button type="button" @click=${() => this.goto(d)}>${t('compare.goto')}</button></div>`;
  }

  /** What each profile says. @param {readonly Set[]} sets */
  table(sets) {
    return sets.map(({ host, a, b, list }) => html`<div class="knownbox"><table class="known">${host ? html`<caption>${t(host === 'client' ? 'ui.client' : 'ui.server')}</caption>` : nothing}<thead><tr><th scope="col">${t('compare.known.about')}</th><th scope="col">A: ${t(`profile.${a}`)}</th><th scope="col">B: ${t(`profile.${b}`)}</th><th scope="col">${t('compare.known.rule')}</th></tr></thead>
      <tbody>${list.map((d) => {
        const r = ruleOf(d.rule), name = r?.section ? t('ui.why.section', { source: r.source, section: r.section }) : r?.source ?? d.rule;
        return html`<tr><th scope="row">${d.about}</th><td>${d.says[profiles.indexOf(a)]}</td><td>${d.says[profiles.indexOf(b)]}</td><td>${r?.url ? html`<a href=${r.url} rel="external">${name}</a>` : name}</td></tr>`;
      })}</tbody></table></div>`);
  }

  /** The slider of both: the steps of A above its line, those of B below. @param {Made} made */
  both(made) {
    const { A, B } = this.models(), { scale: x } = made, now = placeOf(x, this.time), last = x.times.at(-1) ?? 0;
    const place = (/** @type {Position} */ pos) => placeOf(x, pos.t);
    const at = (/** @type {Mark} */ m, /** @type {Position} */ pos) => svg`<svg x=${pc(m.x)} width="1" height="1" overflow="visible">${mark(m, 0, pos.k)}</svg>`;
    return html`<div class="both">
      <div class="btns" role="toolbar" aria-label=${t('compare.tools')} data-rove @keydown=${arrows} @focusin=${stay}>
        <button type="button" class="icon" aria-label=${t('compare.back')} title=${t('compare.back')} @click=${() => this.walk(-1)}>${use('back')}</button>
        <button type="button" class="icon" aria-label=${t('compare.on')} title=${t('compare.on')} @click=${() => this.walk(1)}>${use('fwd')}</button>
      </div>
      <div class="timeline" role="slider" tabindex="0" aria-label=${t('compare.time.label')} aria-orientation="horizontal" aria-valuemin="0" aria-valuemax=${last / 1000} aria-valuenow=${this.time / 1000} aria-valuetext=${this.value()}
          @pointerdown=${this.grab} @pointermove=${this.drag} @pointerup=${this.drop} @pointercancel=${this.drop} @keydown=${this.key}>
        <svg class="track" width="100%" height="52" aria-hidden="true" focusable="false">
          <svg y="-7"><rect class="rail" x="0" y="15" width="100%" height="4" rx="2"></rect><rect class="rail played" x="0" y="15" width=${pc(now)} height="4" rx="2"></rect>
            ${x.cuts.map((i) => cut(x.at[i - 1] ?? 0, x.at[i] ?? 0, now))}${marks(made.a, place).map((m) => at(m, A.at))}</svg>
          <svg y="21"><rect class="rail" x="0" y="15" width="100%" height="4" rx="2"></rect><rect class="rail played" x="0" y="15" width=${pc(now)} height="4" rx="2"></rect>
            ${x.cuts.map((i) => cut(x.at[i - 1] ?? 0, x.at[i] ?? 0, now))}${marks(made.b, place).map((m) => at(m, B.at))}</svg>
          <svg class="now" x=${pc(now)} y="0" width="1" height="1"><rect x="-7" y="1" width="14" height="50" rx="4"></rect></svg>
        </svg>
      </div>
      <p class="readout"><b>${ms(Math.floor(this.time))}</b> ms</p>
    </div>`;
  }

  /** @param {Made} made */
  sides(made) {
    const s = /** @type {Store} */ (this.store), models = this.models(), d = made.all[0], line = d ? d.t : null;
    const branch = (/** @type {number} */ tip) => branchName(s.branches.value.find((v) => v.tip === tip)), played = this.plays('A') || this.plays('B');
    /** @param {Side} side @param {Index} ix @param {number} chosen */
    const one = (side, ix, chosen) => {
      const { at, model: m } = models[side], own = side === 'A' && !this.plays('A');
      const name = played ? pairText(this.pair(side)) : branch(side === 'A' ? s.tip.value : Number(this.with.slice(2)));
      return html`<section ?data-other=${!own} aria-label=${t('compare.side', { side, name })} @focusin=${(/** @type {Event} */ e) => { if (!own) e.stopPropagation(); }}
          @segment-select=${(/** @type {CustomEvent} */ e) => {
            if (own) return;
            e.stopPropagation();
            this[`chosen${side}`] = e.detail.id;
          }} @seek=${(/** @type {CustomEvent} */ e) => {
            if (own) return;
            e.stopPropagation();
            this.go(e.detail.t);
          }}>
        <h3><i aria-hidden="true">${side}</i><span class="vh">${t('compare.side', { side, name })}</span><span aria-hidden="true">${name}</span></h3>
        <p>${t('compare.states', { client: m.hosts.client.state, server: m.hosts.server.state })}${this.time > (ix.times.at(-1) ?? 0) ? html` <span>${t('compare.over')}</span>` : nothing}</p>
        <div class="ladderbox"><tcp-ladder .events=${ix.events} .position=${at} .selection=${chosen} .mark=${line} .relative=${relative.value}></tcp-ladder></div></section>`;
    };
    return html`<div class="sides">${one('A', made.a, this.plays('A') ? this.chosenA : s.selected.value)}${one('B', made.b, this.chosenB)}</div>`;
  }

  /** @param {Made} made */
  lists(made) {
    const now = this.time, all = made.all.slice(0, LISTED), beyond = made.all.length - all.length;
    return html`
      ${made.all.length > 1 ? html`<details class="all"><summary>${t('compare.all', { n: made.all.length })}</summary>
        <ol>${all.map((d) => html`<li class=${d.t === now ? 'now' : ''}><button type="button" @click=${() => this.goto(d)}>${sentence(d, made.a, made.b)}</button></li>`)}</ol>
        ${beyond ? html`<p>${t('compare.more', { n: beyond })}</p>` : nothing}</details>` : nothing}
      ${made.touched.length ? html`<details class="all"><summary>${t('compare.known', { n: many(made.touched) })}</summary>${this.table(made.touched)}</details>` : nothing}`;
  }
}

/** Two profiles, or the one that both hosts have, in words. @param {Pair} pair */
const pairText = ([a, b]) => (a === b ? t(`profile.${a}`) : t('ui.profile.two', { a: t(`profile.${a}`), b: t(`profile.${b}`) }));

/** @param {readonly Set[]} sets */
const many = (sets) => sets.reduce((n, v) => n + v.list.length, 0);

customElements.define('tcp-compare', TcpCompare);
