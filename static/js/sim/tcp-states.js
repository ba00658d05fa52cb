// Both state machines in one diagram after RFC 9293 figure 5, laid out by hand: a token for the client, one for the server.
import { LitElement, html, svg } from '../../vendor/lit.js';
import { EDGES } from './edges.js';
import { t } from './sentence.js';

/** @import { Index, Model, End, RunEvent } from './model.js' */
/** @import { Edge } from './edges.js' */

/** Column and row of each state. CLOSED stands in the figure twice; the second place is for the end of a connection. */
/** @type {Record<string, [number, number]>} */
const PLACES = {
  CLOSED: [1, 0], LISTEN: [1, 1], 'SYN-RECEIVED': [0, 2], 'SYN-SENT': [2, 2], ESTABLISHED: [1, 3], 'FIN-WAIT-1': [0, 4], 'CLOSE-WAIT': [2, 4],
  'FIN-WAIT-2': [0, 5], CLOSING: [1, 5], 'LAST-ACK': [2, 5], 'TIME-WAIT': [0, 6], 'CLOSED ': [2, 6],
};
const W = 288, H = 374, BW = 92, BH = 26;
const XS = [BW / 2 + 1, W / 2, W - BW / 2 - 1], YS = [16, 70, 130, 190, 250, 304, 356];

/** @param {string} state @returns {[number, number]} */
const centre = (state) => {
  const [c, r] = PLACES[state] ?? [1, 0];
  return [XS[c] ?? 0, YS[r] ?? 0];
};
/** @param {number} v */
const R = (v) => v.toFixed(1);

/** The path of an edge, where it ends, and which way it points there. @param {string} from @param {string} to */
function route(from, to) {
  const [ax, ay] = centre(from), [bx, by] = centre(to);
  if (from === 'CLOSED' && to === 'SYN-SENT') return { d: `M ${ax + BW / 2} ${ay} H ${bx + 4} Q ${bx + 12} ${ay} ${bx + 12} ${ay + 8} V ${by - BH / 2 - 2}`, x: bx + 12, y: by - BH / 2, ux: 0, uy: 1 };
  // ways back up run beside the way down
  const dx = bx - ax, dy = by - ay, side = dy < 0 ? 7 : 0;
  const s = Math.min(dx ? BW / 2 / Math.abs(dx) : Infinity, dy ? BH / 2 / Math.abs(dy) : Infinity);
  const x1 = ax + dx * s + side, y1 = ay + dy * s, x2 = bx - dx * s + side, y2 = by - dy * s, l = Math.hypot(x2 - x1, y2 - y1) || 1;
  const ux = (x2 - x1) / l, uy = (y2 - y1) / l;
  return { d: `M ${R(x1)} ${R(y1)} L ${R(x2 - ux * 2)} ${R(y2 - uy * 2)}`, x: x2, y: y2, ux, uy };
}

/** Edges that the figure shows only when they were taken: resets would clutter it. */
const HIDDEN = new Set(['SYN-RECEIVED>LISTEN', 'SYN-SENT>CLOSED', 'SYN-RECEIVED>CLOSED', 'ESTABLISHED>CLOSED']);

export class TcpStates extends LitElement {
  static properties = { model: { attribute: false }, ix: { attribute: false }, over: { state: true } };

  constructor() {
    super();
    /** @type {Model | null} */
    this.model = null;
    /** @type {Index | null} */
    this.ix = null;
    /** The edge under the pointer, in words. */
    this.over = '';
    /** The changes of state that the page began with, until somebody goes back and lets them happen. @type {Set<RunEvent> | null} */
    this.given = null;
  }

  /** What the learner has seen happen goes into the passport. @param {Map<PropertyKey, unknown>} changed */
  updated(changed) {
    const { ix, model } = this;
    if (!ix || !model || !(changed.has('model') || changed.has('ix'))) return;
    const made = ix.events.slice(0, model.k).filter((e) => e.kind === 'state');
    this.given = new Set(made.filter((e) => this.given?.has(e) ?? true));
    const own = made.flatMap((e) => (this.given?.has(e) ? [] : [{ from: e.from ?? '', to: e.to ?? '' }]));
    if (own.length) void import('./passport.js').then((p) => p.stamp(own), () => {}); // without a network it is stamped with the next one
  }

  createRenderRoot() {
    return this;
  }

  /** The changes of state so far, of both hosts, oldest first. */
  taken() {
    const { ix, model } = this;
    if (!ix || !model) return [];
    return (/** @type {End[]} */ (['client', 'server'])).flatMap((host) => ix.bands[host].slice(1).flatMap((b, i) => {
      const before = ix.bands[host][i];
      return before && b.k < model.k ? [{ host, from: before.state, to: b.state, k: b.k }] : [];
    })).sort((a, b) => a.k - b.k);
  }

  render() {
    const { model } = this;
    if (!model) return null;
    const client = model.hosts.client.state, server = model.hosts.server.state;
    const taken = this.taken(), last = taken.at(-1);
    const was = new Set(taken.map((e) => `${e.from}>${e.to}`));
    /** @param {Edge} e */
    const canCome = ([from, , why, kind]) => kind === 'open' && ((from === client && why !== 'passive-open') || (from === server && why !== 'active-open'));
    const next = EDGES.filter(canCome);
    /** @param {'client' | 'server'} host @param {string} state */
    const from = (host, state) => EDGES.filter((e) => e[0].trim() === state).map(([a, b, why]) => t('ui.states.edge', { Host: t(`Host.${host}`), from: a, to: b.trim(), why: t(`edge.${why}`) }));
    const names = [...new Set(next.map((e) => e[1]))];
    const label = t('ui.states.label', { client, server, next: names.length ? t('ui.states.label.next', { list: names.join(', ') }) : t('ui.states.label.none') });
    const shown = EDGES.filter(([a, b]) => !HIDDEN.has(`${a}>${b}`) || was.has(`${a}>${b}`));
    // what was taken lies on top of what may come, and that on the rest
    const rank = (/** @type {Edge} */ e) => (was.has(`${e[0]}>${e[1]}`) ? 2 : canCome(e) ? 1 : 0);
    const edges = shown.map((e) => ({ e, rank: rank(e) })).sort((a, b) => a.rank - b.rank);
    const just = last && EDGES.find((e) => e[0] === last.from && e[1].trim() === last.to);
    return html`
      <h3>${t('ui.states')}</h3>
      <svg class="fsm" viewBox="0 -2 ${W} ${H}" width=${W} height=${H} role="img" aria-label=${label}>
        ${edges.map(({ e: [a, b, why], rank }) => {
          const p = route(a, b);
          const at = (/** @type {number} */ u, /** @type {number} */ w) => `${R(p.x + u * p.ux - w * p.uy)} ${R(p.y + u * p.uy + w * p.ux)}`;
          const cls = ['edge', rank === 2 ? 'taken' : rank === 1 ? 'next' : '', last && last.from === a && last.to === b.trim() ? 'just' : ''].join(' ');
          const words = t('ui.states.edge.any', { from: a, to: b.trim(), why: t(`edge.${why}`) });
          return svg`<g class=${cls} @pointerenter=${() => { this.over = words; }} @pointerleave=${() => { this.over = ''; }}><path class="hit" d=${p.d}></path><path d=${p.d}></path><path class="tip" d=${`M ${at(0, 0)} L ${at(-7, -3.5)} L ${at(-7, 3.5)} Z`}></path></g>`;
        })}
        ${Object.keys(PLACES).map((state) => {
          const [x, y] = centre(state), here = state === client || state === server;
          const row = PLACES[state]?.[1] ?? 0;
          return svg`<g class=${`st ${here ? 'here' : row >= 4 ? 'later' : ''} ${state === 'ESTABLISHED' ? 'estab' : ''}`}><rect x=${x - BW / 2} y=${y - BH / 2} width=${BW} height=${BH} rx=${state.startsWith('CLOSED') ? 13 : 4}></rect><text x=${x} y=${y + 4} text-anchor="middle">${state.trim()}</text></g>`;
        })}
        ${token(server, 'S', 'srv', server === client)}${token(client, 'C', 'cli', server === client)}
      </svg>
      <p class="legend" aria-hidden="true"><span><i class="m cli">C</i>${t('host.client')}</span><span><i class="m srv">S</i>${t('host.server')}</span><span><i class="e taken"></i>${t('ui.states.taken')}</span><span><i class="e next"></i>${t('ui.states.next')}</span></p>
      <p class="edge-cap">${this.over || (last && just ? t('ui.states.edge', { Host: t(`Host.${last.host}`), from: last.from, to: last.to, why: t(`edge.${just[2]}`) }) : '\u00a0')}</p>
      <div class="vh"><h4>${t('ui.states.list')}</h4><ul>${[...from('client', client), ...from('server', server)].map((line) => html`<li>${line}</li>`)}</ul></div>`;
  }
}

/** @param {string} state @param {string} letter @param {'cli' | 'srv'} cls @param {boolean} both in the same state: one on each side */
function token(state, letter, cls, both) {
  const [x, y] = centre(state), col = PLACES[state]?.[0] ?? 1;
  const left = both ? cls === 'srv' : col === 0 || (col === 1 && cls === 'srv');
  const X = x + (left ? -37 : 37), Y = y - BH / 2 - 1;
  return svg`<g class=${`mark ${cls}`}>${cls === 'cli' ? svg`<circle cx=${X} cy=${Y} r="9.5"></circle>` : svg`<rect x=${X - 9} y=${Y - 9} width="18" height="18" rx="2"></rect>`}<text x=${X} y=${Y + 4} text-anchor="middle">${letter}</text></g>`;
}

customElements.define('tcp-states', TcpStates);
