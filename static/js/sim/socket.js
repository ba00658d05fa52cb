// The way to the engine: one WebSocket for all simulators of a page. It comes back by itself, asks for what it missed, sends
// each command until it is answered, and where the server has forgotten a run it opens the run again from the page's own copy.
// Where sockets are blocked the same commands go by POST, the whole list each time.
import { signal } from '../../vendor/signals.js';

/** @import { RunFrame, NodeFrame, DoneFrame, ErrorFrame, Snapshot, Do } from '../protocol.js' */
/** @typedef {{ scenario: string, ahead?: boolean }} Source what a run is made of */
/** @typedef {'idle' | 'connecting' | 'open' | 'retry' | 'http' | 'down'} LinkState */
/** @typedef {Do & { line: string }} Command */
/** @typedef {{ id: number, command: Command, resolve: (done: DoneFrame) => void, reject: (error: ErrorFrame | Error) => void }} Pending */
/** @typedef {{ url: string, post: string, WebSocket: typeof WebSocket, fetch: typeof fetch, later: (f: () => void, ms: number) => any, cancel: (timer: any) => void, random: () => number }} Env */

export const SUBPROTOCOL = 'tcplab.v1';
const PATIENCE = 3000, FIRST = 500, LONGEST = 10000;

/** How long to wait before attempt n (from 0): 0.5 s doubled up to 10 s, of which the upper half is drawn. @param {number} n @param {() => number} random */
export function backoff(n, random) {
  const most = Math.min(LONGEST, FIRST * 2 ** n);
  return most / 2 + random() * (most / 2);
}

/** The one connection of a page. */
export class Link {
  /** @param {Env} env */
  constructor(env) {
    this.env = env;
    /** @type {import('../../vendor/signals.js').Signal<LinkState>} */
    this.state = signal('idle');
    /** @type {Run[]} */
    this.runs = [];
    /** @type {WebSocket | null} */
    this.socket = null;
    this.welcome = false;
    this.attempts = 0;
    this.lastID = 0;
    /** @type {Run | null} the run whose open is on its way: only one at a time, because the run frame names no command */
    this.opening = null;
    /** @type {any} */
    this.timer = null;
    /** @type {any} */
    this.patience = null;
    this.everOpen = false;
  }

  /** Commands of all runs take their numbers here, so that an answer finds its command by the number alone. */
  nextID() {
    return ++this.lastID;
  }

  /** @param {Source} source @param {Command[]} [commands] commands to do at once */
  open(source, commands = []) {
    const run = new Run(this, source, commands);
    this.runs.push(run);
    if (this.state.value === 'idle') this.connect();
    else this.pump();
    return run;
  }

  /** @param {Run} run */
  forget(run) {
    this.runs = this.runs.filter((r) => r !== run);
    // the frames of its open are still to come, and the next run must not take them for its own
    if (this.opening === run) return;
    if (run.id) this.send({ type: 'close', id: this.nextID(), run: run.id });
    this.pump();
  }

  connect() {
    this.env.cancel(this.timer);
    if (this.socket) return;
    if (!['http', 'retry', 'down'].includes(this.state.value)) this.state.value = 'connecting';
    if (!this.everOpen && this.patience === null) this.patience = this.env.later(() => this.giveUpWaiting(), PATIENCE);
    let socket;
    try {
      socket = new this.env.WebSocket(this.env.url, SUBPROTOCOL);
    } catch {
      this.closed(null);
      return;
    }
    this.socket = socket;
    socket.onmessage = (m) => {
      if (this.socket === socket) this.receive(JSON.parse(m.data));
    };
    socket.onclose = () => this.closed(socket);
  }

  /** The socket did not come up in time: go on without. It is still tried in the background. */
  giveUpWaiting() {
    this.patience = null;
    if (this.welcome || this.everOpen) return;
    this.state.value = 'http';
    for (const run of this.runs) run.post();
  }

  /** @param {WebSocket | null} socket @param {number} [wait] */
  closed(socket, wait) {
    if (this.socket !== socket) return;
    this.socket = null;
    this.welcome = false;
    this.opening = null;
    if (this.everOpen) this.state.value = 'retry';
    const ms = wait ?? backoff(this.attempts++, this.env.random);
    this.env.cancel(this.timer);
    this.timer = this.env.later(() => this.connect(), ms);
  }

  /** The network went away or came back: do not wait for the socket to find out. @param {boolean} online */
  online(online) {
    if (online) {
      this.attempts = 0;
      if (!this.socket && this.state.value !== 'idle') this.connect();
    } else if (this.socket) {
      const socket = this.socket;
      socket.onclose = null;
      socket.close();
      this.closed(socket);
    }
  }

  /** @param {object} frame */
  send(frame) {
    if (this.welcome && this.socket) this.socket.send(JSON.stringify(frame));
  }

  /** @param {any} frame */
  receive(frame) {
    switch (frame.type) {
      case 'welcome':
        this.welcome = true;
        this.everOpen = true;
        this.attempts = 0;
        this.env.cancel(this.patience);
        this.state.value = 'open';
        for (const run of this.runs) run.connected();
        this.pump();
        return;
      case 'bye': {
        const socket = this.socket;
        if (!socket) return;
        socket.onclose = null;
        socket.close();
        this.closed(socket, frame.retry * (1 + this.env.random()));
        return;
      }
      case 'run':
      case 'snapshot': // of a run that is too large for the queue, already as the answer to its open
        (this.runs.find((r) => r.id === frame.run) ?? this.opening)?.receive(frame);
        return;
    }
    const re = frame.re;
    const all = this.opening ? [...this.runs, this.opening] : this.runs;
    const run = all.find((r) => (frame.run && r.id === frame.run) || (re !== undefined && r.waitsFor(re)));
    run?.receive(frame);
  }

  /** Opens the next run that is not open. */
  pump() {
    if (!this.welcome || this.opening) {
      if (this.state.value === 'http' && !this.welcome) for (const run of this.runs) run.post();
      return;
    }
    this.opening = this.runs.find((r) => r.wantsOpen()) ?? null;
    this.opening?.sendOpen();
  }
}

/** One run on the engine, and the page's copy of it: source, commands, nodes. */
export class Run {
  /** @param {Link} link @param {Source} source @param {Command[]} commands */
  constructor(link, source, commands) {
    this.link = link;
    this.source = source;
    /** Commands that were executed, in order: with the source they are the run. */
    this.commands = commands;
    this.id = '';
    this.n = -1;
    /** @type {RunFrame | null} */
    this.first = null;
    /** @type {Map<number, NodeFrame>} */
    this.nodes = new Map();
    /** @type {DoneFrame | null} */
    this.done = null;
    /** @type {ErrorFrame | null} what stopped the opening half way, if anything did */
    this.fault = null;
    /** @type {Pending[]} */
    this.pending = [];
    this.openID = 0;
    this.resumeID = 0;
    this.broken = false;
    /** Why nothing can be done about a run that happened elsewhere; '' when the engine plays it. */
    this.recorded = '';
    /** The segment that the model finds odd, 0 for none. */
    this.odd = 0;
    this.posting = false;
    /** @type {{ first: RunFrame | null, nodes: Map<number, NodeFrame>, fault: ErrorFrame | null } | null} frames of an opening that is not closed yet */
    this.fresh = null;
    /** Called when the run was opened again from the copy; same: with the same outcome. @type {(same: boolean) => void} */
    this.onreopen = () => {};
    /** @type {Promise<Run>} resolves when the run stands */
    this.ready = new Promise((resolve, reject) => {
      this.stand = /** @type {() => void} */ (() => resolve(this));
      this.fall = /** @type {(error: ErrorFrame | Error) => void} */ ((error) => {
        this.broken = true;
        reject(error);
      });
    });
    this.ready.catch(() => {});
  }

  /** Why nothing may be done about it just now, '' when it may. */
  get barred() {
    return '';
  }

  /** @param {Command} command @returns {Promise<DoneFrame>} rejects with the engine's error frame when nothing was done */
  do(command) {
    return new Promise((resolve, reject) => {
      const p = { id: this.link.nextID(), command, resolve, reject };
      this.pending.push(p);
      if (this.link.welcome) {
        if (this.id && !this.fresh && !this.resumeID) this.sendDo(p);
      } else if (this.link.state.value === 'http') this.post();
    });
  }

  /** @param {Pending} p */
  sendDo(p) {
    this.link.send({ type: 'do', id: p.id, run: this.id, ...p.command });
  }

  wantsOpen() {
    return !this.id && !this.broken;
  }

  sendOpen() {
    this.openID = this.link.nextID();
    this.fresh = { first: null, nodes: new Map(), fault: null };
    this.link.send({ type: 'open', id: this.openID, ...this.source, commands: this.commands });
  }

  /** A socket is there (again). */
  connected() {
    this.fresh = null;
    if (!this.id) return;
    this.resumeID = this.link.nextID();
    this.link.send({ type: 'resume', id: this.resumeID, run: this.id, after: this.n });
  }

  /** @param {number} re */
  waitsFor(re) {
    return re === this.openID && !!this.fresh || re === this.resumeID || this.pending.some((p) => p.id === re);
  }

  /** @param {any} frame */
  receive(frame) {
    switch (frame.type) {
      case 'run':
        if (!this.fresh) return;
        this.fresh.first = frame;
        this.id = frame.run;
        this.n = frame.n;
        return;
      case 'node':
        if (frame.n <= this.n) return; // seen before the connection broke
        this.n = frame.n;
        (this.fresh?.nodes ?? this.nodes).set(frame.node, frame);
        return;
      case 'done':
        this.n = Math.max(this.n, frame.n);
        if (this.fresh) this.opened(frame);
        else this.finish(frame);
        return;
      case 'snapshot': return this.snapshot(frame);
      case 'resumed':
        this.resumeID = 0;
        for (const p of this.pending) this.sendDo(p);
        return;
      case 'error': return this.failed(frame);
    }
  }

  /** @param {DoneFrame} done */
  opened(done) {
    const fresh = this.fresh, before = this.done;
    if (!fresh?.first) return;
    this.fresh = null;
    this.first = fresh.first;
    this.nodes = fresh.nodes;
    this.fault = fresh.fault;
    this.done = done;
    this.link.opening = null;
    if (!this.link.runs.includes(this)) return this.link.forget(this);
    for (const p of this.pending) this.sendDo(p);
    if (before) this.onreopen(before.digest === done.digest);
    else this.stand?.();
    this.link.pump();
  }

  /** @param {DoneFrame} done */
  finish(done) {
    const i = this.pending.findIndex((p) => p.id === done.re);
    const p = this.pending[i];
    if (!p) return;
    this.pending.splice(i, 1);
    this.done = done;
    this.commands = [...this.commands, p.command];
    p.resolve(done);
  }

  /** @param {Snapshot} s */
  snapshot(s) {
    const { nodes, done, ...rest } = s, byNumber = new Map(nodes.map((f) => [f.node, f]));
    /** @type {RunFrame} */
    const first = { ...rest, type: 'run', n: 0 };
    this.n = s.n;
    if (this.fresh) {
      this.id = s.run;
      this.fresh = { ...this.fresh, first, nodes: byNumber };
      this.opened(done);
      return;
    }
    this.first = first;
    this.nodes = byNumber;
    this.finish(done);
  }

  /** @param {ErrorFrame} e */
  failed(e) {
    if (e.code === 'no_such_run' || (this.resumeID && e.re === this.resumeID)) {
      this.id = '';
      this.n = -1;
      this.resumeID = 0;
      this.link.pump();
      return;
    }
    if (this.fresh && (e.re === this.openID || !e.re)) {
      this.fresh.fault = e;
      if (e.run) return; // the run stands where the fault was; a done follows
      this.fresh = null;
      this.link.opening = null;
      if (this.done) this.onreopen(false);
      this.fall?.(e);
      this.link.pump();
      return;
    }
    const i = this.pending.findIndex((p) => p.id === e.re);
    const p = this.pending[i];
    if (!p) return;
    if (e.code === 'slow_down') {
      this.link.env.later(() => this.pending.includes(p) && this.sendDo(p), 1000 * (1 + this.link.env.random()));
      return;
    }
    this.pending.splice(i, 1);
    p.reject(e);
  }

  /** Does the oldest pending command (or the opening) without a socket. */
  async post() {
    const { env } = this.link;
    const p = this.pending[0];
    if (this.posting || this.broken || (this.done && !p)) return;
    this.posting = true;
    const commands = p && this.done ? [...this.commands, p.command] : this.commands;
    try {
      const answer = await env.fetch(this.link.env.post, {
        method: 'POST', headers: { 'content-type': 'application/json', accept: 'application/x-ndjson' }, body: JSON.stringify({ ...this.source, commands }),
      });
      const lines = (await answer.text()).split('\n').filter(Boolean);
      if (!lines.length) throw new Error(answer.statusText || 'no answer');
      const frames = lines.map((line) => JSON.parse(line));
      if (this.link.welcome) return; // the socket came up meanwhile and takes over
      this.posted(frames, p && this.done ? p : null);
      this.link.state.value = 'http';
      this.link.attempts = 0;
    } catch {
      this.link.state.value = 'down';
      env.later(() => {
        if (!this.link.welcome) this.post();
      }, backoff(this.link.attempts++, env.random));
    } finally {
      this.posting = false;
    }
    if (this.link.state.value === 'http' && !this.link.welcome && this.pending.length) this.post();
  }

  /** @param {any[]} frames @param {Pending | null} p */
  posted(frames, p) {
    const first = frames.find((f) => f.type === 'run');
    const fault = frames.find((f) => f.type === 'error');
    const done = frames.findLast((f) => f.type === 'done');
    if (p && fault) {
      this.pending.shift();
      p.reject(fault);
      return;
    }
    if (!first || !done) {
      this.fall?.(fault ?? new Error('no run in the answer'));
      return;
    }
    const before = this.done;
    this.first = first;
    this.nodes = new Map(frames.filter((f) => f.type === 'node').map((f) => [f.node, f]));
    this.done = done;
    this.fault = fault ?? null;
    if (p) {
      this.pending.shift();
      this.commands = [...this.commands, p.command];
      p.resolve(done);
    } else if (!before) this.stand?.();
  }
}

/** @type {Link | undefined} */
let shared;

/** The link of this page. @param {string} base the page's base path, with a slash at the end */
export function pageLink(base) {
  if (!shared) {
    const url = new URL(`${base}ws`, location.href);
    url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
    shared = new Link({
      url: url.href, post: `${base}api/run`, WebSocket, fetch: fetch.bind(globalThis), later: (f, n) => setTimeout(f, n), cancel: (timer) => clearTimeout(timer), random: Math.random,
    });
    addEventListener('online', () => shared?.online(true));
    addEventListener('offline', () => shared?.online(false));
    addEventListener('pageshow', (e) => e.persisted && shared?.online(true));
  }
  return shared;
}
