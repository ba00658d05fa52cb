// The header figure as a form: a segment in flight, each bit of it to be changed in its place. Fetched when it is first opened.
import { LitElement, html, nothing, repeat } from '../../vendor/lit.js';
import {
  KINDS, PARTS, draftOf, editLine, faults, fieldFault, flagByte, flipped, hex, lengthOf, meaning, option, optionFault, optionMeaning, optionRoom, optionsText, payloadOf, rangeOf, rightOffset, spacedHex,
  sumOf, valueOf, verdict, widths,
} from './draft.js';
import { arrows, rove, stay, stopOf } from './keys.js';
import { sheet } from './panels.js';
import { FLAGS, addrOf, t } from './sentence.js';
import { use } from './tcp-header.js';

/** @import { Index, Model, SegmentAt } from './model.js' */
/** @import { ErrorFrame, RunHost } from '../protocol.js' */
/** @import { Draft, Ends, Name, Numeric, Option, Place, Sum } from './draft.js' */

await sheet('hand');

/** The figure's rows of numbers, and how many of the 32 columns each has. @type {Record<string, number>} */
const COLUMNS = { sport: 16, dport: 16, seq: 32, ack: 32, offset: 4, reserved: 4, window: 16, checksum: 16, urgent: 16 };

/** Whether the focus goes on to another field. What a pointer is about to press must not be moved away by a sentence. @param {FocusEvent} e */
const wentOn = ({ relatedTarget: to }) => to instanceof HTMLInputElement && to.type === 'text';

export class TcpEdit extends LitElement {
  static properties = {
    segment: { attribute: false }, model: { attribute: false }, ix: { attribute: false }, hosts: { attribute: false }, blocked: { attribute: false }, act: { attribute: false },
    draft: { state: true }, bad: { state: true }, bits: { state: true }, ipOpen: { state: true }, note: { state: true },
  };

  constructor() {
    super();
    /** @type {SegmentAt | undefined} */
    this.segment = undefined;
    /** @type {Model | null} */
    this.model = null;
    /** @type {Index | null} */
    this.ix = null;
    /** @type {readonly RunHost[]} */
    this.hosts = [];
    /** Why nothing can be sent just now, '' when all is well. */
    this.blocked = '';
    /** Does a line; rejects with the engine's error frame. @type {(line: string) => Promise<unknown>} */
    this.act = async () => {};
    /** @type {Draft | null} */
    this.draft = null;
    /** What the draft is compared with. @type {Draft | null} */
    this.was = null;
    /** @type {Record<string, string>} */
    this.bad = {};
    /** The field whose bits are shown. */
    this.bits = '';
    this.note = '';
    this.ipOpen = false;
    this.id0 = `e${Math.random().toString(36).slice(2, 8)}`;
  }

  createRenderRoot() {
    return this;
  }

  willUpdate() {
    if (!this.draft) this.begin();
  }

  updated() {
    for (const bar of this.querySelectorAll('[role=toolbar]')) rove(bar);
  }

  // ---------------------------------------------------------------- what the new segment form does otherwise

  begin() {
    if (!this.segment) return;
    this.draft = draftOf(this.segment.wire);
    this.was = draftOf(this.segment.wire);
  }

  /** @param {Draft} d @returns {{ line: string, places: Place[] }} */
  line(d) {
    const s = /** @type {SegmentAt} */ (this.segment);
    return editLine(s.id, s.wire, d);
  }

  get toward() {
    return this.segment?.seg.to ?? 'server';
  }

  /** The segment as it is on the wire, null for a new one. */
  get onWire() {
    return this.was;
  }

  get heading() {
    return t('hand.form.edit', { seg: this.segment?.id ?? 0 });
  }

  get verb() {
    return t('ui.send');
  }

  /** @returns {readonly Sum[]} */
  get sums() {
    return ['recompute', 'keep', 'own'];
  }

  /** What stands above the figure. @returns {unknown} */
  head() {
    return nothing;
  }

  // ---------------------------------------------------------------- changing the draft

  /** @returns {Ends | null} */
  get ends() {
    if (!this.model) return null;
    const to = this.toward, from = to === 'client' ? 'server' : 'client';
    return { from, to, sender: this.model.hosts[from], receiver: this.model.hosts[to], here: addrOf(this.hosts[to === 'client' ? 0 : 1]?.addr ?? '') };
  }

  /** @param {Partial<Draft>} change @param {string} [name] whose fault may be gone now */
  set(change, name) {
    if (!this.draft) return;
    this.draft = { .../** @type {any} */ (this.draft), ...change };
    this.note = '';
    if (!name || !this.bad[name]) return;
    const now = faults(/** @type {Draft} */ (this.draft)), { [name]: _, ...rest } = this.bad;
    this.bad = now[name] ? { ...rest, [name]: now[name] } : rest;
  }

  /** @param {string} name @param {string} value */
  write(name, value) {
    this.set(/** @type {Partial<Draft>} */ ({ [name]: value, ...(name === 'checksum' ? { sum: 'own' } : {}) }), name);
  }

  /** What is wrong is said when the field is left, not while it is written. @param {Numeric} name */
  check(name) {
    const fault = this.draft ? fieldFault(this.draft, name) : '';
    if (fault) this.bad = { ...this.bad, [name]: fault };
  }

  /** @param {Numeric} name @param {number} i place of the bit, from the right */
  flip(name, i) {
    const d = /** @type {Draft} */ (this.draft), v = valueOf(d, name) || 0, bit = 2 ** i;
    const next = v + (Math.floor(v / bit) % 2 ? -bit : bit);
    this.write(name, name === 'checksum' || /^\s*0x/i.test(d[name]) ? hex(next, widths[name]) : String(next));
  }

  /** Shows the bits of a field below its row, or hides them. @param {string} name @param {boolean} [into] whether the focus goes there */
  async toggleBits(name, into = false) {
    this.bits = this.bits === name ? '' : name;
    await this.updateComplete;
    const there = this.bits && into ? stopOf(this.querySelector('.bitrow [role=toolbar]')) : this.querySelector(`[name="${name}"]`);
    if (into && there instanceof HTMLElement) there.focus();
  }

  /** @param {Option[]} options @param {string} say @param {string} focus */
  async setOptions(options, say, focus) {
    const { options: _, ...rest } = this.bad;
    this.bad = rest;
    this.set({ options });
    this.say(say);
    await this.updateComplete;
    const there = this.querySelector(focus) ?? this.querySelector('.addopt select');
    if (there instanceof HTMLElement) there.focus();
  }

  add() {
    const select = /** @type {HTMLSelectElement} */ (this.querySelector('.addopt select')), o = option(select.value);
    const d = /** @type {Draft} */ (this.draft);
    void this.setOptions([...d.options, o], t('hand.option.added', { name: t(`hand.option.${o.kind}`) }), PARTS[o.kind] ? `[data-o="${o.id}"] input` : '.addopt button');
  }

  /** @param {Option} o */
  removeOption(o) {
    const list = /** @type {Draft} */ (this.draft).options, i = list.indexOf(o), next = list[i + 1] ?? list[i - 1];
    void this.setOptions(list.filter((x) => x !== o), t('hand.option.removed', { name: t(`hand.option.${o.kind}`) }), next ? `[data-o="${next.id}"] .remove` : '.addopt select');
  }

  /** @param {Option} o @param {number} by */
  moveOption(o, by) {
    const list = [.../** @type {Draft} */ (this.draft).options], i = list.indexOf(o), to = i + by;
    if (to < 0 || to >= list.length) return;
    list.splice(i, 1);
    list.splice(to, 0, o);
    void this.setOptions(list, t('hand.option.moved', { name: t(`hand.option.${o.kind}`), i: to + 1, n: list.length }), `[data-o="${o.id}"] .${by < 0 ? 'up' : 'down'}`);
  }

  /** @param {Option} o @param {'a' | 'b'} part @param {string} value */
  writeOption(o, part, value) {
    const d = /** @type {Draft} */ (this.draft);
    this.set({ options: d.options.map((x) => (x.id === o.id ? { ...x, [part]: value } : x)) }, `option-${o.id}`);
    if (this.bad.options) this.set({}, 'options');
  }

  // ---------------------------------------------------------------- keys, sending, closing

  /** @param {string} text */
  say(text) {
    this.dispatchEvent(new CustomEvent('sim-say', { bubbles: true, detail: { text } }));
  }

  /** @param {KeyboardEvent} e */
  key(e) {
    const field = e.target instanceof HTMLInputElement && e.target.name in widths ? e.target.name : '', inBits = e.target instanceof Element && e.target.closest('.bitrow');
    if (e.key === 'Escape' || (e.altKey && e.key === 'ArrowUp' && inBits)) {
      e.preventDefault();
      e.stopPropagation();
      if (this.bits && (inBits || field === this.bits)) void this.toggleBits(this.bits, true);
      else if (e.key === 'Escape') this.close(false);
    } else if (e.altKey && e.key === 'ArrowDown' && field) {
      e.preventDefault();
      e.stopPropagation();
      if (this.bits === field) this.bits = '';
      void this.toggleBits(field, true);
    } else if (e.key.length === 1 && e.key !== '?') e.stopPropagation(); // a letter here is no command for the segment
  }

  /** @param {boolean} done */
  close(done) {
    this.dispatchEvent(new CustomEvent('edit-close', { detail: { done } }));
  }

  /** @param {string} name */
  async focusField(name) {
    await this.updateComplete;
    const input = this.querySelector(`[name="${name}"]`);
    if (!(input instanceof HTMLElement)) return;
    input.focus();
    if (input instanceof HTMLInputElement) input.select();
  }

  /** @param {SubmitEvent} e */
  async submit(e) {
    e.preventDefault();
    const d = this.draft;
    if (!d) return;
    if (this.blocked) return this.refuse(this.blocked);
    this.bad = faults(d);
    const n = Object.keys(this.bad).length;
    if (n) {
      this.say(t('hand.faults', { n }));
      return this.focusBad();
    }
    const { line, places } = this.line(d);
    if (!line) return this.refuse(t('hand.same'));
    try {
      await this.act(line);
      this.close(true);
    } catch (err) {
      const error = /** @type {ErrorFrame} */ (err);
      const message = error.hint ? `${error.message} ${t('ui.hint', { hint: error.hint })}` : error.message;
      const place = places.find((p) => error.col && error.col >= p.from && error.col <= p.to) ?? places.find((p) => p.name === error.field);
      if (!place) return this.refuse(message);
      this.bad = { [place.name]: message };
      this.say(message);
      return this.focusBad();
    }
  }

  /** @param {string} why */
  refuse(why) {
    this.note = why;
    this.say(why);
  }

  async focusBad() {
    await this.updateComplete;
    const first = this.querySelector('[aria-invalid=true]');
    if (first instanceof HTMLElement) first.focus();
  }

  // ---------------------------------------------------------------- rendering

  render() {
    const d = this.draft, { id0 } = this;
    if (!d) return nothing;
    return html`<form class="edit" novalidate aria-label=${this.heading} @submit=${this.submit} @keydown=${this.key}>
      ${this.head()}
      ${this.ip(d)}
      <div class="hdr" role="group" aria-label=${t('ui.header', { seg: this.segment?.id ?? 0 })}>
        <div class="ruler" aria-hidden="true"><span>0</span><span>8</span><span>16</span><span>24</span><span>31</span></div>
        ${this.row(d, ['sport', 'dport'])}${this.row(d, ['seq'])}${this.row(d, ['ack'])}
        ${this.row(d, ['offset', 'reserved', 'window'])}${this.flags(d)}${this.row(d, ['checksum', 'urgent'])}
        <fieldset class="f w32 sums"><legend>${t('hand.sum.how')}</legend>${this.sums.map((v) => html`<label><input type="radio" name="${id0}-sum" .checked=${d.sum === v} @change=${() => this.setSum(v)}> ${t(`hand.sum.${v}`)}</label>`)}</fieldset>
        ${this.options(d)}${this.payload(d)}
      </div>
      ${this.verdict(d)}
      <div class="row"><button type="submit" class="solid" aria-disabled=${this.blocked !== ''}>${this.verb}</button><button type="button" @click=${() => this.close(false)}>${t('ui.cancel')}</button>
        ${this.note ? html`<p class="note">${this.note}</p>` : nothing}</div>
    </form>`;
  }

  /** @param {Sum} sum */
  setSum(sum) {
    const d = /** @type {Draft} */ (this.draft);
    this.set({ sum, checksum: sum === 'own' ? hex(sumOf(d).v, 16) : this.was?.checksum ?? '' }, 'checksum');
  }

  /** @param {Draft} d @param {Numeric[]} names */
  row(d, names) {
    const small = names.filter((n) => COLUMNS[n] === 4 && (this.bad[n] || this.changed(d, n)));
    const flags = names.includes('offset') ? html`<div class="f w8 ${this.was && flagByte(this.was.flags) !== flagByte(d.flags) ? 'changed' : ''}"><span class="k">${t('field.flags')}</span><span class="v">${hex(flagByte(d.flags), 8)}</span></div>` : nothing;
    return html`${names.map((n) => html`${n === 'window' ? flags : nothing}${this.field(d, n)}`)}
      ${small.map((n) => html`<div class="f w32 aside">${this.bad[n] ? html`<p class="bad" id="${this.id0}-${n}-bad">${this.bad[n]}</p>` : html`<small><b>${t(`field.${n}`)}</b> ${this.means(d, n)} ${this.old(n)}</small>`}</div>`)}
      ${names.some((n) => n === this.bits) ? this.bitRow(d, /** @type {Numeric} */ (this.bits)) : nothing}`;
  }

  /** @param {Draft} d @param {Numeric} name */
  changed(d, name) {
    return !!this.was && valueOf(d, name) !== valueOf(this.was, name);
  }

  /** What the field was. @param {Name | 'options' | 'payload'} name */
  old(name) {
    const w = /** @type {Draft} */ (this.was);
    const old = name === 'options' ? optionsText(w.options) : name === 'offset' ? String(valueOf(w, 'offset')) : name === 'checksum' ? hex(valueOf(w, 'checksum'), 16) : w[name];
    return html`<span class="old">${t('field.was', { old: old || t('options.none') })}</span>`;
  }

  /** @param {Draft} d @param {Numeric} name */
  means(d, name) {
    const ends = this.ends;
    return ends ? meaning(name, d, ends).map((text) => html`<span>${text}</span>`) : nothing;
  }

  /** @param {Draft} d @param {Numeric} name */
  field(d, name) {
    const { id0 } = this, narrow = COLUMNS[name] === 4, bad = this.bad[name], changed = this.changed(d, name), [min, max] = rangeOf(name), v = valueOf(d, name);
    const text = name === 'offset' && d.offset === '' ? String(rightOffset(d)) : name === 'checksum' && d.sum === 'recompute' ? hex(v, 16) : d[name];
    const inHex = /^\s*0x/i.test(text), open = this.bits === name, label = t(`field.${name}`);
    return html`<div class="f w${COLUMNS[name] ?? 16} ${name} ${changed ? 'changed' : ''}">
      <label for="${id0}-${name}">${label}</label>
      <div class="in"><input id="${id0}-${name}" name=${name} type="text" inputmode=${name === 'checksum' ? 'text' : 'numeric'} autocomplete="off" spellcheck="false" .value=${text} aria-keyshortcuts="Alt+ArrowDown"
          aria-invalid=${bad ? 'true' : nothing} aria-describedby="${bad ? `${id0}-${name}-bad ` : ''}${id0}-${name}-hint" @input=${(/** @type {InputEvent} */ e) => this.write(name, /** @type {HTMLInputElement} */ (e.target).value)} @focusout=${(/** @type {FocusEvent} */ e) => wentOn(e) && this.check(name)}>
        <button type="button" class="tobits" tabindex="-1" aria-expanded=${open} title=${t('hand.bits.open', { field: label })} @click=${() => this.toggleBits(name)}><span aria-hidden="true">01</span><span class="vh">${t('hand.bits.open', { field: label })}</span></button></div>
      <small id="${id0}-${name}-hint" class=${narrow ? 'vh' : ''}>${Number.isNaN(v) ? nothing : html`<span class="twin">${inHex ? v : hex(v, widths[name])}</span>`}<span>${t('hand.field.range', { min, max })}</span>${changed ? this.old(name) : nothing}${bad ? nothing : this.means(d, name)}</small>
      ${bad && !narrow ? html`<p class="bad" id="${id0}-${name}-bad">${bad}</p>` : nothing}</div>`;
  }

  /** @param {Draft} d @param {Numeric} name */
  bitRow(d, name) {
    const width = widths[name], v = valueOf(d, name) || 0, label = t('hand.bits', { field: t(`field.${name}`) });
    const before = this.was ? valueOf(this.was, name) : v;
    const bit = (/** @type {number} */ n, /** @type {number} */ i) => Math.floor(n / 2 ** i) % 2;
    return html`<div class="f w32 bitrow"><span class="k">${label}</span>
      <div class="nibbles" role="toolbar" aria-label=${label} @keydown=${arrows} @focusin=${stay}>${Array.from({ length: width / 4 }, (_, n) => html`<div class="nibble">
        ${[3, 2, 1, 0].map((k) => {
          const i = width - 4 * n - 4 + k, on = bit(v, i);
          return html`<button type="button" class="${on ? 'on' : ''} ${on === bit(before, i) ? '' : 'flipped'}" aria-pressed=${on === 1} aria-label=${t('hand.bit', { i: width - 1 - i, n: 2 ** i })} @click=${() => this.flip(name, i)}></button>`;
        })}<span aria-hidden="true">${(Math.floor(v / 16 ** (width / 4 - 1 - n)) % 16).toString(16)}</span></div>`)}</div>
      <small><span class="twin">${hex(v, width)}</span><span class="twin">${v}</span></small></div>`;
  }

  /** @param {Draft} d */
  flags(d) {
    const was = this.was?.flags ?? d.flags;
    return html`<div class="f w32 flags" role="toolbar" aria-label=${t('field.flags')} @keydown=${arrows} @focusin=${stay}>${FLAGS.map((f) => html`<button type="button" class="${d.flags.includes(f) ? `on b-${f.toLowerCase()}` : ''} ${d.flags.includes(f) === was.includes(f) ? '' : 'flipped'}"
      aria-pressed=${d.flags.includes(f)} aria-label=${t(`flag.${f}`)} @click=${() => this.set({ flags: flipped(d.flags, f) })}>${f}</button>`)}</div>`;
  }

  /** Addresses and TTL belong to the header around this one. @param {Draft} d */
  ip(d) {
    const names = /** @type {const} */ (['src', 'dst', 'ttl']), changed = names.filter((n) => this.was && d[n].trim() !== this.was[n]);
    const bad = names.some((n) => this.bad[n]);
    return html`<details class="ip" .open=${this.ipOpen || bad} @toggle=${(/** @type {Event} */ e) => { this.ipOpen = /** @type {HTMLDetailsElement} */ (e.target).open; }}><summary>${t('hand.ip')} <span class="v">${t('hand.ip.says', { src: d.src, dst: d.dst, ttl: d.ttl })}</span></summary>
      <div class="ipgrid">${names.map((name) => {
        const id = `${this.id0}-${name}`, fault = this.bad[name], [min, max] = rangeOf(name);
        return html`<div class="f ${changed.includes(name) ? 'changed' : ''}"><label for=${id}>${t(`field.${name}`)}</label>
          <input id=${id} name=${name} type="text" autocomplete="off" spellcheck="false" inputmode=${name === 'ttl' ? 'numeric' : 'text'} .value=${d[name]} aria-invalid=${fault ? 'true' : nothing} aria-describedby="${fault ? `${id}-bad ` : ''}${id}-hint"
            @input=${(/** @type {InputEvent} */ e) => this.write(name, /** @type {HTMLInputElement} */ (e.target).value)}>
          <small id="${id}-hint">${max ? html`<span>${t('hand.field.range', { min, max })}</span>` : nothing}${changed.includes(name) ? this.old(name) : nothing}</small>
          ${fault ? html`<p class="bad" id="${id}-bad">${fault}</p>` : nothing}</div>`;
      })}</div></details>`;
  }

  /** @param {Draft} d */
  options(d) {
    const room = optionRoom(d), bad = this.bad.options, { id0 } = this, over = room.n > room.most;
    const changed = this.was && optionsText(d.options) !== optionsText(this.was.options);
    return html`<div class="f w32 optlist ${changed ? 'changed' : ''}" role="group" aria-label=${t('field.options')}>
      <span class="k">${t('field.options')}</span>
      <div class="optrows">${repeat(d.options, (o) => o.id, (o, i) => this.option(o, i, d.options.length))}</div>
      <div class="addopt"><label>${t('hand.options.add')} <select aria-invalid=${bad ? 'true' : nothing} aria-describedby="${bad ? `${id0}-options-bad ` : ''}${id0}-options-hint">${KINDS.map((k) => html`<option value=${k}>${t(`hand.option.${k}`)}</option>`)}</select></label>
        <button type="button" @click=${this.add}>${use('plus')}<span class="vh">${t('hand.options.add')}</span></button></div>
      <small id="${id0}-options-hint"><span class=${over ? 'loss' : ''}>${over ? t('hand.options.long', { n: room.n, max: room.most }) : t(room.pad ? 'hand.options.pad' : 'hand.options.room', { n: room.n, max: room.most, pad: room.pad })}</span>
        ${room.n ? html`<span class="twin">${spacedHex([...room.bytes, ...Array(room.pad).fill(0)])}</span>` : nothing}${changed ? this.old('options') : nothing}</small>
      ${bad && !over ? html`<p class="bad" id="${id0}-options-bad">${bad}</p>` : nothing}</div>`;
  }

  /** @param {Option} o @param {number} i @param {number} n */
  option(o, i, n) {
    const { id0 } = this, key = `option-${o.id}`, bad = this.bad[key], name = t(`hand.option.${o.kind}`), at = { i: i + 1, name };
    return html`<div class="opt" data-o=${o.id} role="group" aria-label=${t('hand.option', at)}><b>${name}</b>
      ${(PARTS[o.kind] ?? []).map((part, j) => html`<label class="part ${part}"><span>${t(`hand.option.part.${part}`)}</span><input type="text" autocomplete="off" spellcheck="false" .value=${j ? o.b : o.a} aria-invalid=${bad ? 'true' : nothing} aria-describedby=${bad ? `${id0}-${key}` : nothing}
        @input=${(/** @type {InputEvent} */ e) => this.writeOption(o, j ? 'b' : 'a', /** @type {HTMLInputElement} */ (e.target).value)}
        @focusout=${(/** @type {FocusEvent} */ e) => { const fault = wentOn(e) && optionFault(o); if (fault) this.bad = { ...this.bad, [key]: fault }; }}></label>`)}
      <small>${optionMeaning(o)}</small>
      <span class="opttools" role="toolbar" aria-label=${t('hand.option', at)} @keydown=${arrows} @focusin=${stay}>
        <button type="button" class="up" aria-disabled=${i === 0} aria-label=${t('hand.option.up', at)} @click=${() => this.moveOption(o, -1)}>${use('up')}</button>
        <button type="button" class="down" aria-disabled=${i === n - 1} aria-label=${t('hand.option.down', at)} @click=${() => this.moveOption(o, 1)}>${use('down')}</button>
        <button type="button" class="remove" aria-label=${t('hand.option.remove', at)} @click=${() => this.removeOption(o)}>${use('close')}</button></span>
      ${bad ? html`<p class="bad" id="${id0}-${key}">${bad}</p>` : nothing}</div>`;
  }

  /** @param {Draft} d */
  payload(d) {
    const id = `${this.id0}-payload`, bad = this.bad.payload, changed = this.was && d.payload !== this.was.payload;
    return html`<div class="f w32 ${changed ? 'changed' : ''}"><label for=${id}>${t('field.payload')}</label>
      <input id=${id} name="payload" type="text" autocomplete="off" spellcheck="false" .value=${d.payload} aria-invalid=${bad ? 'true' : nothing} aria-describedby="${bad ? `${id}-bad ` : ''}${id}-hint" @input=${(/** @type {InputEvent} */ e) => this.write('payload', /** @type {HTMLInputElement} */ (e.target).value)}>
      <small id="${id}-hint"><span>${t('bytes', { n: payloadOf(d).length })}</span><span>${t('hand.payload.hint', { max: rangeOf('payload')[1] })}</span>${changed ? this.old('payload') : nothing}</small>
      ${bad ? html`<p class="bad" id="${id}-bad">${bad}</p>` : nothing}</div>`;
  }

  /** @param {Draft} d */
  verdict(d) {
    const ends = this.ends;
    if (!ends || this.segment?.wire.icmp || Object.keys(faults(d)).length) return nothing;
    const says = verdict(d, ends, this.onWire);
    if (!says) return nothing;
    const { ok, text } = says;
    return html`<p class="foretold ${ok ? 'pass' : 'fail'}"><i aria-hidden="true">${ok ? '✓' : '✗'}</i><span><b>${t('hand.verdict')}</b> <span class="vh">${t(ok ? 'hand.verdict.yes' : 'hand.verdict.no')}</span> ${text} ${t('hand.len', { n: lengthOf(d) })}</span></p>`;
  }
}

customElements.define('tcp-edit', TcpEdit);
