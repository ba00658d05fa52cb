// The scene as a form. It keeps nothing: it shows what the text says, and a change of a field is a change of the text.
import { LitElement, html, nothing } from '../../vendor/lit.js';
import { arrows, rove, stay } from '../sim/keys.js';
import { offers, suggestions } from '../sim/path.js';
import { pathRule, t } from '../sim/sentence.js';
import { use } from '../sim/tcp-header.js';
import { add, change, faultAt, portOf, read, setAddress, setHost, setListen, setPath } from './text.js';

/** @import { HostName, Place, Scene } from './text.js' */
/** @import { Fault } from './marked.js' */

/** @typedef {{ id: string, label: string, at: Place | null | undefined, set: (text: string, value: string) => string, choices?: string[][], hint?: string, wide?: boolean }} Field */

const SWITCH = ['', 'on', 'off'];
/** Settings of a host beside its address and its profile: those that can only be chosen have their choices. */
const SETTINGS = [
  { name: 'isn' }, { name: 'mss' }, { name: 'window' }, { name: 'wscale' }, { name: 'rto' }, { name: 'sack', choices: SWITCH }, { name: 'timestamps', choices: SWITCH },
];
export class SceneForm extends LitElement {
  static properties = { text: { attribute: false }, faults: { attribute: false }, menu: { state: true } };

  constructor() {
    super();
    this.text = '';
    /** @type {readonly Fault[]} */
    this.faults = [];
    /** Which menu is open: 'rule', 'box' or none. */
    this.menu = '';
  }

  createRenderRoot() {
    return this;
  }

  /** @param {string} text */
  say(text) {
    if (text === this.text) return;
    this.text = text;
    this.dispatchEvent(new CustomEvent('scene', { bubbles: true, detail: { text } }));
  }

  updated() {
    // whoever writes in a field is not disturbed: there the text follows the field
    for (const el of /** @type {NodeListOf<HTMLInputElement | HTMLSelectElement>} */ (this.querySelectorAll('[data-value]'))) {
      const value = el.dataset.value ?? '';
      if (el !== document.activeElement && el.value !== value) el.value = value;
    }
    for (const bar of this.querySelectorAll('[data-rove]')) rove(bar);
  }

  /** @param {Field} f */
  field(f) {
    const value = f.at?.value ?? '', fault = faultAt(this.text, this.faults, f.at), id = `scene-${f.id}`, bad = `${id}-fault`;
    /** @param {Event} e */
    const input = (e) => this.say(f.set(this.text, /** @type {HTMLInputElement} */ (e.target).value.trim()));
    // a value that the form does not offer is still what the text says
    const choices = f.choices && (value && !f.choices.some(([v]) => v === value) ? [...f.choices, [value, value]] : f.choices);
    return html`<div class="field ${f.wide ? 'wide' : ''}">
      <label for=${id}>${f.label}</label>
      ${choices
        ? html`<select id=${id} class="sans" data-value=${value} aria-invalid=${fault ? 'true' : nothing} aria-describedby=${fault ? bad : nothing} @change=${input}>${choices.map(([v, words]) => html`<option value=${v ?? ''} .selected=${v === value}>${words}</option>`)}</select>`
        : html`<input id=${id} type="text" data-value=${value} placeholder=${f.hint || nothing} autocomplete="off" autocapitalize="off" spellcheck="false" aria-invalid=${fault ? 'true' : nothing} aria-describedby=${fault ? bad : nothing} @input=${input}>`}
      ${fault ? html`<span class="fault" id=${bad}><span lang="en">${fault.message}</span>${fault.hint ? html` <span>${t('ui.hint', { hint: '' })}<span lang="en">${fault.hint}</span></span>` : nothing}</span>` : nothing}
    </div>`;
  }

  /** @param {string} id @param {string} title @param {string} now what is set, in short @param {unknown} body @param {boolean} bad */
  group(id, title, now, body, bad) {
    return html`<details class="part ${bad ? 'bad' : ''}" data-part=${id}><summary><b>${title}</b> <span>${bad ? t('scene.bad') : now || t('scene.default')}</span></summary><div class="fields">${body}</div></details>`;
  }

  /** Whether something is wrong with one of the places. @param {(Place | null | undefined)[]} places */
  wrong(places) {
    return places.some((p) => faultAt(this.text, this.faults, p));
  }

  /** @param {Scene} scene @param {HostName} host */
  host(scene, host) {
    const h = scene.hosts[host], profiles = (this.dataset.profiles ?? '').split(' ');
    const value = (/** @type {string} */ name) => h.settings.get(name)?.value ?? '';
    /** @param {string} name @returns {Pick<Field, 'id' | 'at' | 'set'>} */
    const setting = (name) => ({ id: `${host}-${name}`, at: h.settings.get(name), set: (text, v) => setHost(text, host, name, v) });
    /** @param {string[]} list @returns {string[][]} */
    const choose = (list) => list.map((v) => [v, v ? t(`scene.${v}`) : t('scene.as-profile')]);
    const now = [value('profile'), value('isn') ? t('scene.now.isn', { n: value('isn') }) : '', h.address?.value ?? ''].filter(Boolean).join(' · ');
    const places = [h.address, ...h.settings.values()];
    return this.group(host, t(`Host.${host}`), now, html`
      ${this.field({ id: `${host}-address`, label: t('scene.address'), at: h.address, set: (text, v) => setAddress(text, host, v), hint: this.dataset[host] ?? '', wide: true })}
      ${this.field({ ...setting('profile'), label: t('scene.profile'), choices: profiles.map((p, i) => [i ? p : '', p]) })}
      ${SETTINGS.map((s) => this.field({ ...setting(s.name), label: t(`scene.${s.name}`), hint: s.choices ? '' : t(`scene.${s.name}.hint`), ...(s.choices ? { choices: choose(s.choices) } : {}) }))}
      ${host === 'server' ? this.listener(scene, setting('syncookies')) : nothing}`, this.wrong(places) || (host === 'server' && this.wrong([scene.listen?.backlog])));
  }

  /** @param {Scene} scene @param {Pick<Field, 'id' | 'at' | 'set'>} cookies */
  listener(scene, cookies) {
    const listens = scene.listen;
    return html`<p class="field check"><label><input type="checkbox" .checked=${!!listens} @change=${(/** @type {Event} */ e) => this.say(setListen(this.text, /** @type {HTMLInputElement} */ (e.target).checked ? '' : null))}> ${t('scene.listen')}</label></p>
      ${listens ? this.field({ id: 'backlog', label: t('scene.backlog'), at: listens.backlog, set: setListen, hint: t('scene.backlog.hint') }) : nothing}
      ${this.field({ ...cookies, label: t('scene.syncookies'), choices: ['', '0', '1', '2'].map((v) => [v, v ? t(`scene.syncookies.${v}`) : t('scene.as-profile')]) })}`;
  }

  /** @param {Scene} scene */
  path(scene) {
    /** @param {string} name @returns {Field} */
    const line = (name) => ({ id: name, label: t(`scene.${name}`), hint: t(`scene.${name}.hint`), at: scene.path.get(name), set: (text, v) => setPath(text, name, v) });
    const names = ['delay', 'jitter', 'loss', 'mtu', 'seed'];
    const now = names.flatMap((n) => (scene.path.has(n) ? [t(`scene.now.${n}`, { v: scene.path.get(n)?.value ?? '' })] : [])).join(' · ');
    return this.group('path', t('scene.path'), now, names.map((n) => this.field(line(n))), this.wrong(names.map((n) => scene.path.get(n))));
  }

  /** @param {'rule' | 'box'} word @param {readonly Place[]} list @param {{ value: string, words: string }[]} offers */
  list(word, list, offers) {
    const open = this.menu === word;
    return html`
      ${list.map((at, i) => html`<div class="item">
        ${this.field({ id: `${word}-${i}`, label: word === 'rule' ? pathRule(at.value) : t('scene.box.n', { n: i + 1 }), at, set: (text, v) => (v ? change(text, read(text)[word === 'rule' ? 'rules' : 'boxes'][i] ?? at, v) : text), wide: true })}
        <button type="button" class="icon quiet" aria-label=${t('scene.remove', { what: at.value })} title=${t('scene.remove', { what: at.value })} @click=${() => this.takeAway(word, at)}>${use('close')}</button></div>`)}
      <p class="wide"><button type="button" class="more" data-add=${word} aria-expanded=${open} @click=${() => this.open(word)}>${use('plus')}${t(`scene.add.${word}`)}</button></p>
      ${open ? html`<div class="offers" role="toolbar" aria-label=${t(`scene.offers.${word}`)} data-rove @keydown=${this.keys} @focusin=${stay}>
        ${offers.map((o) => html`<button type="button" @click=${() => this.choose(word, o.value)}>${o.words}</button>`)}</div>` : nothing}`;
  }

  /** @param {KeyboardEvent} e */
  keys = (e) => {
    if (e.key !== 'Escape') return arrows(e);
    e.preventDefault();
    void this.open(this.menu);
  };

  /** Opens a menu, or closes it, and takes the focus there. @param {string} word */
  async open(word) {
    this.menu = this.menu === word ? '' : word;
    await this.updateComplete;
    const to = this.querySelector(this.menu ? '.offers button' : `[data-add="${word}"]`);
    if (to instanceof HTMLElement) to.focus();
  }

  /** @param {'rule' | 'box'} word @param {string} value */
  async choose(word, value) {
    this.say(add(this.text, word, value));
    await this.open(word);
  }

  /** @param {'rule' | 'box'} word @param {Place} at */
  async takeAway(word, at) {
    this.say(change(this.text, at, ''));
    await this.updateComplete;
    const add = this.querySelector(`[data-add="${word}"]`);
    if (add instanceof HTMLElement) add.focus();
  }

  render() {
    const scene = read(this.text), port = portOf(scene.hosts.server.address?.value ?? this.dataset.server ?? '') || '80';
    const rules = suggestions([], scene.rules.map((r) => r.value)).map((r) => ({ value: r.line, words: r.text }));
    const boxes = offers(port).map((b) => ({ value: b.line.replace(/^box /, ''), words: b.text }));
    const names = (/** @type {readonly Place[]} */ list) => list.map((b) => b.value).join(' · ');
    return html`
      ${this.host(scene, 'client')}
      ${this.host(scene, 'server')}
      ${this.path(scene)}
      ${this.group('boxes', t('scene.boxes'), names(scene.boxes) || t('scene.none'), this.list('box', scene.boxes, boxes), this.wrong(scene.boxes))}
      ${this.group('rules', t('scene.rules'), scene.rules.map((r) => pathRule(r.value)).join(' · ') || t('scene.none'), this.list('rule', scene.rules, rules), this.wrong(scene.rules))}`;
  }
}

customElements.define('scene-form', SceneForm);
