// What a host has at an instant besides its newest connection: all connections, the queues of its listeners, and the socket
// calls with what they wait for. Made of the events up to there. No DOM in here.
import { portOf } from './sentence.js';

/** @import { End, Index, RunEvent, State, Vars } from './model.js' */

/**
 * @typedef {object} Conn
 * @property {number} id @property {State} state @property {Vars} vars
 * @property {boolean} ready in the accept queue, or taken out of it
 * @property {boolean} accepted the application has it
 */
/** @typedef {{ port: number, backlog: number, fd: number, syn: Conn[], accept: Conn[] }} Listener */
/** @typedef {{ t: number, k: number, value: number | null, errno: string, conn: number }} Return value: null where the call of the scenario language names none */
/** @typedef {{ k: number, t: number, text: string, verb: string, fd: number, conn: number, end: Return | null }} Call */
/** @typedef {{ k: number, t: number, told: RunEvent }} News what the application was told without having asked */
/** @typedef {{ syn: number, accept: number, cookies: number }} Turned SYNs that a full SYN queue and segments that a full accept queue turned away, and SYNs that were answered with a cookie */
/** @typedef {{ conns: Conn[], listeners: Listener[], turned: Turned, lane: (Call | News)[] }} HostState */

const SYN_FULL = new Set(['linux:syn-queue', 'linux:syn-backlog']), ACCEPT_FULL = new Set(['linux:accept-queue-syn', 'linux:accept-queue-ack', 'linux:accept-queue-abort']);

/**
 * @param {Index} ix @param {End} host @param {number} k events that have happened @param {number} port the host's own
 * @returns {HostState}
 */
export function hostState(ix, host, k, port) {
  /** @type {Map<number, Conn>} */
  const conns = new Map();
  /** @type {Listener[]} */
  let listeners = [];
  const turned = { syn: 0, accept: 0, cookies: 0 };
  /** @type {(Call | News)[]} */
  const lane = [];
  /** @type {Map<number, number>} ports that descriptors are bound to */
  const bound = new Map();
  /** @type {Call | undefined} the newest call */
  let call;
  /** @type {Call[]} */
  let waiting = [];
  /** @param {Call} c @param {RunEvent} e @param {number} i @param {Partial<Return>} [more] */
  const done = (c, e, i, more) => {
    c.end = { t: e.t, k: i, value: null, errno: e.errno ?? '', conn: 0, ...more };
    waiting = waiting.filter((w) => w !== c);
  };
  for (let i = 0; i < k; i++) {
    const e = ix.events[i];
    if (!e || e.host !== host) continue;
    const id = e.conn ?? 0, conn = conns.get(id);
    switch (e.kind) {
      case 'called':
        call = callOf(e, i);
        lane.push(call);
        if (call.verb === 'bind') bound.set(call.fd, Number(/(\d+)(?: fd|$)/.exec(call.text)?.[1] ?? 0));
        if (call.fd || call.verb === 'socket' || call.verb === 'connect') waiting.push(call);
        else done(call, e, i, { value: call.verb === 'send' ? Number(/^send (\d+)/.exec(call.text)?.[1] ?? 0) : null });
        break;
      case 'opened':
        if (e.vars) conns.set(id, { id, state: e.vars.state, vars: e.vars, ready: false, accepted: !e.vars.passive });
        if (call?.verb === 'connect' && call.t === e.t && !call.conn && !e.vars?.passive) call.conn = id;
        break;
      case 'vars':
        if (conn && e.vars) conn.vars = e.vars;
        break;
      case 'removed':
        conns.delete(id);
        break;
      case 'state':
        if (conn) conn.state = e.to ?? 'CLOSED';
        if (!id && e.to === 'LISTEN') listeners.push({ port: (call?.fd && bound.get(call.fd)) || port, backlog: e.args?.[0] ?? 0, fd: call?.fd ?? 0, syn: [], accept: [] });
        if (!id && e.from === 'LISTEN') listeners = listeners.filter((l) => (call?.fd ? l.fd !== call.fd : l.port !== port));
        break;
      case 'discarded':
        if (SYN_FULL.has(e.rule ?? '')) turned.syn++;
        if (ACCEPT_FULL.has(e.rule ?? '')) turned.accept++;
        break;
      case 'sent':
        if (e.rule === 'linux:syncookie-sent') turned.cookies++;
        break;
      case 'told': {
        if (conn && e.notice === 'acceptable') conn.ready = true;
        if (conn && e.notice === 'accepted') conn.ready = conn.accepted = true;
        if (e.rule === 'lab:socket') {
          const [fd = 0, value = 0] = e.args ?? [], c = waiting.find((w) => w.fd === fd) ?? waiting.find((w) => w.verb === 'socket');
          if (c) done(c, e, i, { value: e.errno ? -1 : value, conn: id });
          break;
        }
        const opens = waiting.find((w) => !w.fd && w.verb === 'connect' && w.conn === id);
        if (opens && (e.notice === 'connected' || e.errno)) done(opens, e, i, { value: e.errno ? -1 : 0 });
        else if (e.notice === 'accepted' && call?.verb === 'accept' && !call.fd && call.t === e.t && call.end) call.end.conn = id;
        // what a call on a descriptor returned says it already
        else if (e.notice !== 'connected' && e.notice !== 'accepted') lane.push({ k: i, t: e.t, told: e });
        break;
      }
    }
  }
  const all = [...conns.values()];
  for (const l of listeners) {
    const mine = all.filter((c) => c.vars.passive && Number(portOf(c.vars.local)) === l.port && !c.accepted);
    l.accept = mine.filter((c) => c.ready);
    l.syn = mine.filter((c) => !c.ready && c.state === 'SYN-RECEIVED');
  }
  return { conns: all, listeners, turned, lane };
}

/** @param {RunEvent} e @param {number} k @returns {Call} */
function callOf(e, k) {
  const text = e.call ?? '';
  return { k, t: e.t, text, verb: text.split(' ')[0] ?? '', fd: Number(/\bfd (\d+)/.exec(text)?.[1] ?? 0), conn: e.conn ?? 0, end: null };
}

/** The send sequence space of a connection (RFC 9293 figure 3), null while it has none. @param {Vars | null} v @param {(key: string) => string} t @returns {import('./line.js').Line | null} */
export function sendSpace(v, t) {
  if (!v || v.state === 'LISTEN' || v.state === 'CLOSED') return null;
  const una = v['snd.una'], nxt = v['snd.nxt'], edge = (una + v['snd.wnd']) >>> 0, room = ((edge - nxt) | 0) > 0, known = v.irs !== undefined;
  return {
    origin: una,
    points: [{ v: una, name: 'SND.UNA', side: 'above' }, { v: nxt, name: 'SND.NXT', side: 'above' }, ...(known ? [/** @type {const} */ ({ v: edge, name: 'SND.UNA+SND.WND', side: 'below' })] : [])],
    stretches: [
      { from: null, to: una, cls: 'old', text: '1' }, ...(una === nxt ? [] : [{ from: una, to: nxt, cls: 'flying', text: t('panel.space.2') }]),
      ...(known && room ? [{ from: nxt, to: edge, cls: 'window', text: t('panel.space.3') }] : []),
      { from: known && room ? edge : nxt, to: null, cls: 'closed', text: '4' },
    ],
  };
}

/** The receive sequence space (RFC 9293 figure 4). @param {Vars | null} v @param {(key: string) => string} t @returns {import('./line.js').Line | null} */
export function receiveSpace(v, t) {
  if (!v || v.irs === undefined || v.state === 'LISTEN' || v.state === 'CLOSED') return null;
  const nxt = v['rcv.nxt'], edge = (nxt + v['rcv.wnd']) >>> 0;
  return {
    origin: nxt,
    points: [{ v: nxt, name: 'RCV.NXT', side: 'above' }, { v: edge, name: 'RCV.NXT+RCV.WND', side: 'below' }],
    stretches: [{ from: null, to: nxt, cls: 'old', text: '1' }, ...(v['rcv.wnd'] ? [{ from: nxt, to: edge, cls: 'window', text: t('panel.space.r2') }] : []), { from: edge, to: null, cls: 'closed', text: '3' }],
  };
}
