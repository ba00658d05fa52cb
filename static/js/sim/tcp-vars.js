// The variables of both connections, and what the last step changed in them.
import { LitElement, html } from '../../vendor/lit.js';
import { seqText } from './numbers.js';
import { ms, t, time } from './sentence.js';

/** @import { HostAt, Model, Vars } from './model.js' */

const NAMES = ['iss', 'snd.una', 'snd.nxt', 'snd.wnd', 'irs', 'rcv.nxt', 'rcv.wnd', 'rto'];

/** What a sequence number among them is counted from, by its name. @param {Vars} vars @param {string} name */
export const baseOf = (vars, name) => (name === 'iss' || name === 'snd.una' || name === 'snd.nxt' ? vars.iss : name === 'irs' || name === 'rcv.nxt' ? vars.irs : null);

/** The value as text, '' while there is none. @param {Vars | null} vars @param {string} name */
export function text(vars, name) {
  if (!vars || vars.state === 'LISTEN' || vars.state === 'CLOSED') return '';
  if ((name === 'irs' || name === 'rcv.nxt') && vars.irs === undefined) return '';
  if (name === 'snd.wnd' && vars.irs === undefined) return '';
  const v = /** @type {Record<string, number | undefined>} */ (/** @type {unknown} */ (vars))[name] ?? 0;
  return name === 'rto' ? time(v) : String(seqText(v, baseOf(vars, name)));
}

export class TcpVars extends LitElement {
  static properties = { model: { attribute: false }, relative: { attribute: false } };

  constructor() {
    super();
    /** @type {Model | null} */
    this.model = null;
    this.relative = false;
  }

  createRenderRoot() {
    return this;
  }

  render() {
    const { model } = this;
    if (!model) return null;
    const { client, server } = model.hosts;
    /** @param {HostAt} host @param {string} name */
    const cell = (host, name) => {
      const now = text(host.vars, name), was = text(host.before, name);
      if (!now) return { changed: false, body: html`<td class="none">${t('ui.vars.none')}</td>` };
      const changed = host.before !== null && was !== now;
      return { changed, body: html`<td>${changed && was ? html`<del>${was}</del> ` : null}${now}</td>` };
    };
    return html`
      <h3>${t('ui.vars', { n: ms(Math.floor(model.t)) })}</h3>
      <table>
        <thead><tr><th scope="col"><span class="vh">${t('ui.vars.name')}</span></th><th scope="col">${t('ui.client')}</th><th scope="col">${t('ui.server')}</th></tr></thead>
        <tbody>${NAMES.map((name) => {
          const c = cell(client, name), s = cell(server, name);
          return html`<tr class=${c.changed || s.changed ? 'chg' : ''}><th scope="row"><abbr title=${t(`var.${name}.what`)}>${t(`var.${name}`)}</abbr></th>${c.body}${s.body}</tr>`;
        })}</tbody>
      </table>`;
  }
}

customElements.define('tcp-vars', TcpVars);
