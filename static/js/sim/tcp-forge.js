// A segment that nobody sent: the same figure, filled with the numbers of this instant or with those of an old segment.
import { html } from '../../vendor/lit.js';
import { addrOf, kindOf, numbers, t } from './sentence.js';
import { draftOf, forgeLine, fresh, turned } from './draft.js';
import { TcpEdit } from './tcp-edit.js';

/** @import { End, SegmentAt } from './model.js' */
/** @import { Draft, Sum } from './draft.js' */

const ENDS = /** @type {const} */ (['client', 'server']);

export class TcpForge extends TcpEdit {
  static properties = { ...TcpEdit.properties, to: { state: true }, base: { state: true } };

  constructor() {
    super();
    /** @type {End} */
    this.to = 'server';
    /** The segment that it began as, 0 for none. */
    this.base = 0;
  }

  /** Begins anew. @param {number} base @param {End} [to] */
  from(base, to) {
    const s = this.find(base);
    this.base = s ? base : 0;
    this.to = to ?? s?.seg.to ?? this.to;
    this.draft = null;
    this.bad = {};
    this.requestUpdate();
  }

  /** @param {number} id @returns {SegmentAt | undefined} */
  find(id) {
    return this.known.find((s) => s.id === id);
  }

  /** The segments that there are by now. */
  get known() {
    return this.model?.segments.filter((s) => s.phase !== 'future' && !s.wire.icmp) ?? [];
  }

  begin() {
    if (!this.model) return;
    const s = this.find(this.base);
    this.was = null;
    this.draft = fresh(this.to, this.model, this.hosts);
    if (!s) return;
    const d = draftOf(s.wire);
    this.draft = { .../** @type {any} */ (s.seg.to === this.to ? d : turned(d)), sum: 'recompute' };
    this.was = { .../** @type {any} */ (this.draft) };
  }

  /** @param {Draft} d */
  line(d) {
    const [client = '', server = ''] = this.hosts.map((h) => addrOf(h.addr));
    return forgeLine(this.to, d, this.to === 'client' ? { src: server, dst: client } : { src: client, dst: server });
  }

  get toward() {
    return this.to;
  }

  get onWire() {
    return null;
  }

  get heading() {
    return t('hand.form.forge');
  }

  get verb() {
    return t('hand.do.forge');
  }

  /** @returns {readonly Sum[]} */
  get sums() {
    return ['recompute', 'own'];
  }

  head() {
    return html`<div class="forgehead">
      <label>${t('hand.base')} <select name="base" @change=${(/** @type {Event} */ e) => this.from(Number(/** @type {HTMLSelectElement} */ (e.target).value))}>
        <option value="0" .selected=${this.base === 0}>${t('hand.base.none')}</option>
        ${this.known.map((s) => html`<option value=${s.id} .selected=${s.id === this.base}>${t('hand.base.segment', { seg: s.id, text: t('hand.base.text', { kind: kindOf(s.wire), numbers: numbers(s.wire) }) })}</option>`)}
      </select></label>
      <fieldset><legend>${t('hand.to')}</legend>${ENDS.map((to) => html`<label><input type="radio" name="${this.id0}-to" .checked=${this.to === to} @change=${() => this.from(this.base, to)}> ${t(`host.${to}`)}</label>`)}</fieldset>
    </div>`;
  }
}

customElements.define('tcp-forge', TcpForge);
