// Take it along: the whole run as a link, a code to point a phone at, a file for another program, a picture, a page to print.
import { LitElement, html, nothing, repeat } from '../../vendor/lit.js';
import { effect } from '../../vendor/signals.js';
import { arrows, rove, stay } from './keys.js';
import { t } from './sentence.js';
import { link } from './share.js';
import { dataURL, save, take, toPNG } from './take.js';
import { use } from './tcp-header.js';

/** @import { Store } from './store.js' */
/** @import { Taken } from './take.js' */

const base = document.documentElement.dataset.base ?? '/';

/** Files in the order in which they are offered; can: what there is to do with one beside saving it. */
const FILES = /** @type {const} */ ([
  { id: 'pcapng', format: 'pcapng', text: false },
  { id: 'tcpdump', format: 'tcpdump', text: true },
  { id: 'scenario', format: 'scenario', text: true },
  { id: 'packetdrill', format: 'packetdrill', text: true },
  { id: 'svg', format: 'svg', text: false },
  { id: 'png', format: 'svg', text: false },
]);
const SIDES = /** @type {const} */ (['client', 'server']);
/** What a worksheet can leave blank, and does when nobody has chosen. */
const FIELDS = ['flags', 'seq', 'ack', 'len', 'time', 'states', 'fate', 'why'], BLANK = ['flags', 'seq', 'ack', 'states'];

export class TcpTake extends LitElement {
  static properties = {
    store: { attribute: false }, say: { attribute: false },
    version: { state: true }, qr: { state: true }, bad: { state: true }, plain: { state: true }, side: { state: true }, busy: { state: true },
  };

  constructor() {
    super();
    /** @type {Store | null} */
    this.store = null;
    /** @type {(text: string) => void} */
    this.say = () => {};
    this.version = 0;
    /** The code that is shown, and the text of which run it is of. @type {{ svg: string, of: string, file: Taken } | null} */
    this.qr = null;
    /** What went wrong, and with what. @type {{ id: string, text: string } | null} */
    this.bad = null;
    /** Text that could not be put on the clipboard. @type {{ id: string, text: string } | null} */
    this.plain = null;
    /** @type {'client' | 'server'} */
    this.side = 'client';
    /** Which file is being made. */
    this.busy = '';
    /** Settles when nothing is being done. @type {Promise<void>} */
    this.doing = Promise.resolve();
    this.name = `take-${Math.random().toString(36).slice(2, 8)}`;
    /** @type {() => void} */
    this.off = () => {};
  }

  createRenderRoot() {
    return this;
  }

  connectedCallback() {
    super.connectedCallback();
    this.off = effect(() => {
      void [this.store?.version.value, this.store?.tip.value];
      // a code of another run would lie
      this.version++;
    });
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.off();
  }

  updated() {
    for (const bar of this.querySelectorAll('[data-rove]')) rove(bar);
  }

  /** What the page calls the run: a lesson names it, its text may not. */
  get called() {
    return this.store?.first?.title || this.closest('tcp-sim')?.getAttribute('data-title') || '';
  }

  get text() {
    return this.store?.text() ?? '';
  }

  address() {
    return link(new URL(base, location.href).href, this.text, this.store?.pos.value.t ?? 0);
  }

  /** Does something that may fail, behind what is being done, and says how it went. @param {string} id @param {() => Promise<string>} what resolves with what to say */
  try(id, what) {
    return this.doing = this.doing.then(() => this.do(id, what));
  }

  /** @param {string} id @param {() => Promise<string>} what */
  async do(id, what) {
    this.busy = id;
    this.bad = this.plain = null;
    try {
      this.say(await what());
    } catch (error) {
      this.bad = { id, text: error instanceof Error ? error.message : t('panel.take.offline') };
    } finally {
      this.busy = '';
    }
  }

  /** @param {string} id @param {string} text @param {string} said */
  async copy(id, text, said) {
    try {
      await navigator.clipboard.writeText(text);
      return said;
    } catch {
      this.plain = { id, text };
      await this.updateComplete;
      const box = this.querySelector('.plain textarea');
      if (box instanceof HTMLTextAreaElement) box.focus(), box.select();
      return t('panel.take.byhand');
    }
  }

  /** @param {typeof FILES[number]} f @returns {Promise<Taken>} */
  async file(f) {
    const file = await take(base, { format: f.format, scenario: this.text, title: this.called, ...(f.id === 'packetdrill' ? { side: this.side } : {}) });
    return f.id === 'png' ? toPNG(file) : file;
  }

  /** @param {typeof FILES[number]} f */
  save(f) {
    if (this.busy === f.id) return;
    return this.try(f.id, async () => {
      const file = await this.file(f);
      save(file);
      return t('panel.take.saved', { name: file.name });
    });
  }

  /** @param {typeof FILES[number]} f */
  copyFile(f) {
    return this.try(f.id, async () => {
      const text = f.id === 'scenario' ? this.text : await (await this.file(f)).blob.text();
      return this.copy(f.id, text, t('panel.take.copied', { what: t(`panel.take.${f.id}`) }));
    });
  }

  copyLink() {
    return this.try('link', async () => this.copy('link', await this.address(), t('say.copied')));
  }

  showQR() {
    if (this.qr && this.qr.of === this.text) {
      this.qr = null;
      return;
    }
    return this.try('link', async () => {
      const of = this.text, file = await take(base, { format: 'qr', link: await this.address() });
      this.qr = { svg: await file.blob.text(), of, file };
      return t('panel.take.qr.shown');
    });
  }

  render() {
    const { store } = this, recorded = store?.recorded;
    if (!store) return nothing;
    if (recorded) return html`<p>${t('panel.take.recorded')}</p>`;
    const qr = this.qr?.of === this.text ? this.qr : null, id = this.name;
    return html`
      <section aria-labelledby="${id}-link"><h3 id="${id}-link">${t('panel.take.link')}</h3>
        <p>${t('panel.take.link.what')}</p>
        <div class="does" role="toolbar" aria-labelledby="${id}-link" data-rove @keydown=${arrows} @focusin=${stay}>
          <button type="button" @click=${this.copyLink}>${use('share')}${t('panel.take.link.copy')}</button>
          <button type="button" aria-expanded=${!!qr} @click=${this.showQR}>${use('qr')}${t(qr ? 'panel.take.qr.hide' : 'panel.take.qr')}</button>
        </div>
        ${qr ? html`<figure class="qr"><img src=${dataURL(qr.svg)} alt=${t('panel.take.qr.alt')} width="240" height="240"><figcaption>${t('panel.take.qr.what')} <button type="button" class="quiet" @click=${() => save(qr.file)}>${t('panel.take.save')}</button></figcaption></figure>` : nothing}
        ${this.trouble('link')}
      </section>
      <section aria-labelledby="${id}-files"><h3 id="${id}-files">${t('panel.take.files')}</h3>
        <ul class="files" role="toolbar" aria-labelledby="${id}-files" aria-orientation="vertical" data-rove data-vertical @keydown=${arrows} @focusin=${stay}>
          ${repeat(FILES, (f) => f.id, (f) => this.row(f))}
        </ul>
      </section>
      ${this.worksheet()}`;
  }

  /** @param {typeof FILES[number]} f */
  row(f) {
    const name = t(`panel.take.${f.id}`), id = `${this.name}-${f.id}`;
    return html`<li role="presentation">
      <div class="what"><b id=${id}>${name}</b><span>${t(`panel.take.${f.id}.what`)}</span></div>
      <div class="does" role="presentation">
        ${f.id === 'packetdrill' ? html`<select aria-label=${t('panel.take.side')} @change=${(/** @type {Event} */ e) => { this.side = /** @type {'client' | 'server'} */ (/** @type {HTMLSelectElement} */ (e.target).value); this.bad = null; }}>
          ${SIDES.map((s) => html`<option value=${s} .selected=${s === this.side}>${t(`panel.take.side.${s}`)}</option>`)}</select>` : nothing}
        ${f.text ? html`<button type="button" aria-label=${t('panel.take.copy.name', { what: name })} @click=${() => this.copyFile(f)}>${t('panel.take.copy')}</button>` : nothing}
        <button type="button" aria-label=${t('panel.take.save.name', { what: name })} @click=${() => this.save(f)}>${t(this.busy === f.id ? 'panel.take.making' : 'panel.take.save')}</button>
      </div>
      ${this.trouble(f.id)}
    </li>`;
  }

  /** @param {string} id */
  trouble(id) {
    const plain = this.plain;
    return html`${this.bad?.id === id ? html`<p class="notice bad" role="alert">${this.bad.text}</p>` : nothing}
      ${plain?.id === id ? html`<div class="plain"><label>${t('panel.take.byhand')} <textarea readonly rows="4" spellcheck="false" .value=${plain.text}></textarea></label></div>` : nothing}`;
  }

  /** A form, so that the page to print is opened by the browser itself. */
  worksheet() {
    const id = `${this.name}-sheet`;
    return html`<section aria-labelledby=${id}><h3 id=${id}>${t('panel.take.worksheet')}</h3>
      <p>${t('panel.take.worksheet.what')}</p>
      <form class="sheet" method="post" action="${base}api/export" target="_blank" @submit=${this.fill}>
        <input type="hidden" name="format" value="worksheet"><input type="hidden" name="scenario"><input type="hidden" name="title">
        <fieldset><legend>${t('panel.take.worksheet.blank')}</legend>
          ${FIELDS.map((f) => html`<label><input type="checkbox" name="blank" value=${f} ?checked=${BLANK.includes(f)}> ${t(`panel.take.field.${f}`)}</label>`)}
        </fieldset>
        <button type="submit">${use('table')}${t('panel.take.worksheet.open')}</button>
      </form>
    </section>`;
  }

  /** The text of the run as it stands when the page is asked for. @param {Event} e */
  fill(e) {
    const fields = /** @type {HTMLFormElement} */ (e.currentTarget).elements;
    for (const [name, value] of [['scenario', this.text], ['title', this.called]]) {
      const field = fields.namedItem(name ?? '');
      if (field instanceof HTMLInputElement) field.value = value ?? '';
    }
  }
}

customElements.define('tcp-take', TcpTake);
