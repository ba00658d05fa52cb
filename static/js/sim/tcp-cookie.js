// <tcp-cookie>: a SYN cookie opened into its parts, under the header of the SYN that was answered with it, of the SYN-ACK that it is
// the number of, and of the ACK that brings it back.
import { LitElement, html, nothing } from '../../vendor/lit.js';
import { cookieOf } from './cookie.js';
import { sheet } from './panels.js';
import { more, t } from './sentence.js';

/** @import { Cookie } from './cookie.js' */
/** @import { Index, Segment } from './model.js' */

await Promise.all([more(), sheet('panels/cookie')]);

export class TcpCookie extends LitElement {
  static properties = { segment: { attribute: false }, ix: { attribute: false }, k: { attribute: false } };

  constructor() {
    super();
    /** @type {Segment | null} */
    this.segment = null;
    /** @type {Index | null} */
    this.ix = null;
    /** What has happened so far. */
    this.k = 0;
  }

  createRenderRoot() {
    return this;
  }

  render() {
    const c = this.ix && this.segment ? cookieOf(this.ix, this.segment, this.k) : null;
    if (!c) return nothing;
    const rest = `${c.rest.slice(0, 8)} ${c.rest.slice(8)}`;
    /** @param {string} key @param {number | string} n @param {string} [says] */
    const row = (key, n, says = t(`cookie.${key}.for`)) => html`<tr><th scope="row">${t(`cookie.${key}`)}</th><td>${n}</td><td>${says}</td></tr>`;
    return html`<details class="cookie"><summary>${t(`cookie.at.${c.at}`)}</summary>
      <p>${t(c.good ? `cookie.says.${c.at}` : 'cookie.says.bad')}</p>
      <table><caption class="vh">${t('cookie.table')}</caption>
        <thead><tr><th scope="col">${t('cookie.part')}</th><th scope="col">${t('cookie.number')}</th><th scope="col">${t('cookie.what')}</th></tr></thead>
        <tbody>
          ${row('hash', c.hash)}${row('isn', c.isn)}
          ${row('minute', c.minute, c.at === 'back' ? t(c.good ? 'cookie.age' : 'cookie.age.bad', { n: c.age }) : t('cookie.minute.for', { n: c.minute * 2 ** 24 }))}
          ${c.mss ? html`${row('low', c.mss.hash)}${row('mss', c.mss.index, t('cookie.mss.for', { n: c.mss.mss }))}` : row('lower', c.low)}
          <tr class="total"><th scope="row">${t(`cookie.total.${c.at === 'back' ? 'back' : 'made'}`)}</th><td>${c.number}</td><td>${t('cookie.modulo')}</td></tr>
        </tbody></table>
      <figure><figcaption>${t('cookie.bits')}</figcaption>
        <p class="cells" role="img" aria-label=${t('cookie.bits.read', { bits: rest })}><span class="eight"><b>${c.rest.slice(0, 8)}</b><small>${t('cookie.cell.minute')}</small></span><span class="rest"><b>${c.rest.slice(8)}</b><small>${t('cookie.cell.low')}</small></span></p></figure>
      ${c.stamp ? this.stamp(c, c.stamp) : c.good ? html`<p class="dim">${t('cookie.nostamp')}</p>` : nothing}
    </details>`;
  }

  /** What has no room in the number: the lowest bits of the server's clock. @param {Cookie} c @param {NonNullable<Cookie['stamp']>} s */
  stamp(c, s) {
    return html`<figure><figcaption>${t(c.at === 'back' ? 'cookie.stamp.back' : 'cookie.stamp', { value: s.value, offset: s.offset, clock: s.clock })}</figcaption>
      <p class="cells" role="img" aria-label=${t('cookie.stamp.read', { bits: s.bits, ecn: t(s.ecn ? 'cookie.yes' : 'cookie.no'), sack: t(s.sack ? 'cookie.yes' : 'cookie.no'), scale: s.scale === 15 ? t('cookie.scale.none') : String(s.scale) })}>
        <span><b>${s.bits[0]}</b><small>ECN</small></span><span><b>${s.bits[1]}</b><small>SACK</small></span><span class="four"><b>${s.bits.slice(2)}</b><small>${t('cookie.cell.scale', { n: s.scale === 15 ? t('cookie.scale.none') : String(s.scale) })}</small></span></p>
      <p class="dim">${t('cookie.stamp.why')}</p></figure>`;
  }
}

customElements.define('tcp-cookie', TcpCookie);
