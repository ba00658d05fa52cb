// Both hosts at one instant: what they wait for, who is in their queues, what their applications have called, and all variables.
import { LitElement, html, nothing, repeat, svg } from '../../vendor/lit.js';
import { effect } from '../../vendor/signals.js';
import { hostState, receiveSpace, sendSpace } from './hosts.js';
import { seqText } from './numbers.js';
import { lines } from './lines.js';
import { grouped, has, ms, portOf, t, time } from './sentence.js';
import './tcp-line.js';
import { baseOf } from './tcp-vars.js';
import { varsBefore } from './why.js';

/** @import { End, Index, Model, Vars } from './model.js' */
/** @import { Call, Conn, HostState, Listener, News } from './hosts.js' */
/** @import { Store } from './store.js' */

/** @type {End[]} */
const ENDS = ['client', 'server'];
/** More slots than this are told and not drawn. */
const SLOTS = 12;
/** So many calls are shown; earlier ones on demand. */
const CALLS = 6;
const NAMES = ['state', 'local', 'remote', 'passive', 'iss', 'snd.una', 'snd.nxt', 'snd.wnd', 'irs', 'rcv.nxt', 'rcv.wnd', 'mss', 'scale', 'snd.scale', 'rcv.scale', 'sack', 'ts', 'ts.recent', 'rto', 'srtt', 'retries'];

export class TcpHosts extends LitElement {
  static properties = { store: { attribute: false }, model: { attribute: false }, ix: { attribute: false }, relative: { attribute: false }, picked: { state: true }, earlier: { state: true } };

  constructor() {
    super();
    /** @type {Store | null} */
    this.store = null;
    /** @type {Model | null} */
    this.model = null;
    /** @type {Index | null} */
    this.ix = null;
    this.relative = false;
    /** Which connection of each host the learner looks at; 0 is the newest. @type {Record<End, number>} */
    this.picked = { client: 0, server: 0 };
    /** Whether all calls are shown. */
    this.earlier = false;
  }

  createRenderRoot() {
    return this;
  }

  render() {
    const { model, ix, store } = this;
    if (!model || !ix || !store) return null;
    const info = store.first?.hosts;
    const of = (/** @type {End} */ host) => hostState(ix, host, model.k, Number(portOf(info?.[host === 'client' ? 0 : 1].addr ?? ':0')));
    /** @type {Record<End, HostState>} */
    const states = { client: of('client'), server: of('server') };
    const from = ix.steps[model.step]?.k0 ?? 0;
    /** @param {End} host */
    const chosen = (host) => states[host].conns.find((c) => c.id === this.picked[host]) ?? states[host].conns.at(-1);
    const conns = { client: chosen('client'), server: chosen('server') };
    /** @param {string} key @param {(host: End) => unknown} cell @param {string} [about] */
    const row = (key, cell, about) => html`<section class="topic"><h4>${t(`panel.hosts.${key}`)}</h4>${about ? html`<p class="dim">${about}</p>` : nothing}
      <div class="pair">${ENDS.map((host) => html`<div class="of ${host}"><p class="who"><i aria-hidden="true">${host === 'client' ? 'C' : 'S'}</i>${t(`ui.${host}`)}</p>${cell(host)}</div>`)}</div></section>`;
    const listening = ENDS.some((h) => states[h].listeners.length);
    return html`
      ${ENDS.some((h) => states[h].conns.length > 1) ? row('conns', (h) => this.choose(h, states[h].conns, conns[h])) : nothing}
      ${row('timers', (h) => html`<tcp-timers .store=${store} .host=${h} .key=${model.k}></tcp-timers>`)}
      ${listening ? row('queues', (h) => this.queues(h, states[h], info?.[h === 'client' ? 0 : 1].synRoom ?? 0)) : nothing}
      ${row('calls', (h) => this.calls(states[h].lane, ix))}
      ${row('space', (h) => this.space(conns[h]?.vars ?? null))}
      ${this.variables(conns, from, ix)}`;
  }

  /** @param {End} host @param {Conn[]} conns @param {Conn | undefined} chosen */
  choose(host, conns, chosen) {
    if (!conns.length) return html`<p class="dim">${t('panel.hosts.noconn')}</p>`;
    return html`<label><span class="vh">${t('panel.hosts.choose', { host: t(`host.${host}`) })}</span><select @change=${(/** @type {Event} */ e) => { this.picked = { ...this.picked, [host]: Number(/** @type {HTMLSelectElement} */ (e.target).value) }; }}>
      ${repeat(conns, (c) => c.id, (c) => html`<option value=${c.id} .selected=${c === chosen}>${t('panel.hosts.conn', { n: c.id, state: c.state, remote: c.vars.remote })}</option>`)}</select></label>`;
  }

  /** @param {End} host @param {HostState} s @param {number} room */
  queues(host, s, room) {
    if (!s.listeners.length) return html`<p class="dim">${t('panel.hosts.nolisten')}</p>`;
    const { turned } = s;
    return html`${s.listeners.map((l) => html`<p class="on">${t('panel.hosts.listens', { port: l.port, n: l.backlog })}</p>
        ${this.queue('syn', l, l.syn, l.backlog + room)}${this.queue('accept', l, l.accept, l.backlog + 1)}`)}
      ${turned.syn || turned.accept || turned.cookies ? html`<ul class="turned">
        ${turned.syn ? html`<li class="loss">${t('panel.hosts.turned.syn', { n: turned.syn })}</li>` : nothing}
        ${turned.accept ? html`<li class="loss">${t('panel.hosts.turned.accept', { n: turned.accept })}</li>` : nothing}
        ${turned.cookies ? html`<li>${t('panel.hosts.turned.cookies', { n: turned.cookies })}</li>` : nothing}</ul>` : nothing}`;
  }

  /** @param {'syn' | 'accept'} name @param {Listener} l @param {Conn[]} who @param {number} slots */
  queue(name, l, who, slots) {
    const full = who.length >= slots, shown = Math.min(SLOTS, Math.max(slots, who.length)), rest = Math.max(slots, who.length) - shown;
    return html`<div class="queue ${full ? 'full' : ''}"><p class="q"><b>${t(`panel.hosts.queue.${name}`)}</b> <span>${t('panel.hosts.fill', { n: who.length, of: slots })}${full ? html` <b class="loss">${t('panel.hosts.full')}</b>` : nothing}</span></p>
      <ol aria-label=${t(`panel.hosts.queue.${name}.who`)}>${Array.from({ length: shown }, (_, i) => {
        const c = who[i];
        return c ? html`<li class="in" title=${c.vars.remote}>${t('panel.hosts.slot', { n: c.id, port: portOf(c.vars.remote) })}</li>` : html`<li><span class="vh">${t('panel.hosts.free')}</span></li>`;
      })}${rest ? html`<li class="rest">${t('panel.hosts.slots', { n: rest })}</li>` : nothing}</ol></div>`;
  }

  /** @param {(Call | News)[]} lane @param {Index} ix */
  calls(lane, ix) {
    if (!lane.length) return html`<p class="dim">${t('panel.hosts.nocalls')}</p>`;
    const open = lane.filter((c) => 'end' in c && !c.end), from = this.earlier ? 0 : Math.max(0, lane.length - CALLS);
    const shown = lane.filter((c, i) => i >= from || open.includes(/** @type {Call} */ (c)));
    const hidden = lane.length - shown.length, say = lines(ix);
    return html`${hidden || this.earlier && lane.length > CALLS ? html`<button type="button" class="link" aria-expanded=${this.earlier} @click=${() => { this.earlier = !this.earlier; }}>${this.earlier ? t('panel.hosts.fewer') : t('panel.hosts.earlier', { n: hidden })}</button>` : nothing}
      <ol class="lane">${repeat(shown, (c) => c.k, (c) => ('told' in c ? html`<li class="news"><time>${ms(c.t)}</time><p>${say[c.k]}</p></li>` : this.call(c)))}</ol>`;
  }

  /** @param {Call} c */
  call(c) {
    const { end } = c, cls = !end ? 'waits' : end.errno ? 'failed' : 'back';
    const waited = end ? end.t - c.t : 0;
    return html`<li class=${cls}><time>${ms(c.t)}</time><p><code>${c.text}</code>
      <span class="ret">${!end ? html`<b>${t('panel.call.waits')}</b> ${t(has(`panel.call.waits.${c.verb}`) ? `panel.call.waits.${c.verb}` : 'panel.call.waits.other')}`
        : end.errno ? html`<b class="loss">${t('panel.call.failed', { errno: end.errno })}</b> ${t(`errno.${end.errno}`)}`
        : html`<b>${end.conn && c.verb === 'accept' && !c.fd ? t('panel.call.conn', { n: end.conn }) : end.value === null ? t('panel.call.back') : t('panel.call.returned', { n: end.value })}</b>`}
        ${waited > 0 ? html` <span class="dim">${t('panel.call.after', { d: time(waited) })}</span>` : nothing}</span></p></li>`;
  }

  /** @param {Vars | null} v */
  space(v) {
    const send = sendSpace(v, t), receive = receiveSpace(v, t);
    if (!v || !send) return html`<p class="dim">${t('panel.space.none')}</p>`;
    const own = (/** @type {number} */ n) => String(seqText(n, v.iss)), theirs = (/** @type {number} */ n) => String(seqText(n, v.irs));
    return html`<p class="what">${t('panel.space.send')}</p>
      <tcp-line .line=${send} .number=${own} .label=${t('panel.space.send.label', { una: own(v['snd.una']), nxt: own(v['snd.nxt']), n: grouped((v['snd.nxt'] - v['snd.una']) >>> 0), wnd: grouped(v['snd.wnd']) })}></tcp-line>
      <p class="what">${t('panel.space.receive')}</p>
      ${receive ? html`<tcp-line .line=${receive} .number=${theirs} .label=${t('panel.space.receive.label', { nxt: theirs(v['rcv.nxt']), wnd: grouped(v['rcv.wnd']) })}></tcp-line>` : html`<p class="dim">${t('panel.space.noreceive')}</p>`}`;
  }

  /** @param {Record<End, Conn | undefined>} conns @param {number} from @param {Index} ix */
  variables(conns, from, ix) {
    /** @param {End} host @param {string} name */
    const cell = (host, name) => {
      const c = conns[host];
      if (!c) return { changed: false, body: html`<td class="none">${t('ui.vars.none')}</td>` };
      const before = varsBefore(ix, host, c.id, from), now = valueOf({ ...c.vars, state: c.state }, name), was = before ? valueOf(before, name) : now;
      const changed = was !== now;
      return { changed, body: html`<td>${changed && was ? html`<del>${was}</del> ` : nothing}${breakable(now || t('ui.vars.none'))}${changed ? html`<span class="vh"> ${t('panel.hosts.changed')}</span>` : nothing}</td>` };
    };
    return html`<section class="topic vars"><h4>${t('panel.hosts.vars')}</h4><table>
      <thead><tr><th scope="col"><span class="vh">${t('ui.vars.name')}</span></th><th scope="col">${t('ui.client')}</th><th scope="col">${t('ui.server')}</th></tr></thead>
      <tbody>${NAMES.map((name) => {
        const c = cell('client', name), s = cell('server', name);
        return html`<tr class=${c.changed || s.changed ? 'chg' : ''}><th scope="row">${breakable(t(has(`var.${name}`) ? `var.${name}` : `panel.var.${name}`))} <span class="about">${t(has(`var.${name}.what`) ? `var.${name}.what` : `panel.var.${name}.what`)}</span></th>${c.body}${s.body}</tr>`;
      })}</tbody></table></section>`;
  }
}

/** A name or an address that may be broken behind its dots and colons. @param {string} text */
const breakable = (text) => text.split(/(?<=[.:])(?=\w+(?:[.:]|$))/).map((part, i) => html`${i ? html`<wbr>` : nothing}${part}`);

/** @param {Vars} v @param {string} name */
function valueOf(v, name) {
  const x = /** @type {Record<string, unknown>} */ (/** @type {unknown} */ (v))[name];
  if (typeof x === 'boolean') return t(x ? 'panel.var.yes' : 'panel.var.no');
  if (name === 'rto' || name === 'srtt') return x ? time(Number(x)) : '';
  if (typeof x === 'number') return (name === 'rcv.nxt' || name === 'irs') && v.irs === undefined ? '' : String(seqText(x, baseOf(v, name)));
  return String(x ?? '');
}

/** The timers of a host as they run: the only part that changes while nothing happens. */
class TcpTimers extends LitElement {
  static properties = { store: { attribute: false }, host: { attribute: false }, key: { attribute: false } };

  constructor() {
    super();
    /** @type {Store | null} */
    this.store = null;
    /** @type {End} */
    this.host = 'client';
    this.key = 0;
    this.off = () => {};
  }

  createRenderRoot() {
    return this;
  }

  connectedCallback() {
    super.connectedCallback();
    this.off = effect(() => {
      void this.store?.pos.value;
      this.requestUpdate();
    });
  }

  /** @param {Map<PropertyKey, unknown>} changed */
  willUpdate(changed) {
    if (!changed.has('store')) return;
    this.off();
    this.off = effect(() => {
      void this.store?.pos.value;
      this.requestUpdate();
    });
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.off();
  }

  render() {
    const m = this.store?.model.value, timers = m?.hosts[this.host].timers ?? [];
    if (!m || !timers.length) return html`<p class="dim">${t('panel.hosts.notimers')}</p>`;
    const many = new Set(timers.map((x) => x.conn)).size > 1;
    return html`<ul class="timers">${repeat(timers, (x) => x.k, (x) => {
      const left = x.due === null ? null : Math.max(0, Math.floor(x.due - m.t)), all = x.due === null ? 0 : x.due - x.t;
      return html`<li><p><b>${t(`timer.${x.timer}`)}</b>${many ? html` <span class="dim">${t('panel.hosts.ofconn', { n: x.conn })}</span>` : nothing}<span class="left">${left === null ? t('time.never') : t('panel.hosts.left', { left: time(left), all: time(all) })}</span></p>
        <svg viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true"><rect class="all" width="100" height="8"></rect>${left === null || !all ? nothing : svg`<rect class="run" width=${Math.min(100, 100 * left / all)} height="8"></rect>`}</svg>
        <p class="dim">${t('panel.hosts.fires', { n: ms(x.due) })}</p></li>`;
    })}</ul>`;
  }
}

customElements.define('tcp-timers', TcpTimers);
customElements.define('tcp-hosts', TcpHosts);
