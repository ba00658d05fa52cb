// A room: a class that follows one run. What its log says comes as one frame, and the run that is shared as any other run; who may
// act does so behind what they have seen, or is told that others were faster. The link does not know of rooms, because most
// pages have none: a room takes from it the frames that are its own.
import { batch, computed, effect, signal, untracked } from '../vendor/signals.js';
import { seek } from './sim/fold.js';
import { t } from './sim/sentence.js';
import { Link, Run, backoff } from './sim/socket.js';

/** @import { Acted, DoneFrame, Entered, ErrorFrame, RoomState, Snapshot } from './protocol.js' */
/** @import { Command, Pending } from './sim/socket.js' */
/** @import { Position } from './sim/model.js' */
/** @import { TcpSim } from './sim/tcp-sim.js' */
/** @template T @typedef {import('../vendor/signals.js').Signal<T>} Signal */
/** @typedef {Pending & { seen: number, tries: number }} Asked a command on its way; seen: behind which entry */

/** How often a command is sent again while the store is away. The server does it once, whatever has become of the first one. */
const TRIES = 6;
/** A command that has no answer after so long, in ms, is told to be on its way still. */
export const SLOW = 1000;
/** Finished commands that an answer may still name. */
const REMEMBERED = 32;

/** @type {WeakMap<Link, Set<Room>>} */
const rooms = new WeakMap();

/** The rooms of a link. @param {Link} link */
function roomsOf(link) {
  const known = rooms.get(link);
  if (known) return known;
  /** @type {Set<Room>} */
  const set = new Set();
  rooms.set(link, set);
  link.receive = (frame) => {
    const mine = [...set].find((room) => room.owns(frame));
    if (mine) return mine.receive(frame);
    Link.prototype.receive.call(link, frame);
    if (frame.type === 'welcome') for (const room of set) room.enter();
  };
  return set;
}

export class Room {
  /** Enters a room, and again whenever the connection was lost. @param {Link} link @param {string} id @param {string} [tab] what names this page for good */
  constructor(link, id, tab = crypto.randomUUID().replaceAll('-', '')) {
    this.link = link;
    this.id = id;
    this.tab = tab;
    /** What the log says. @type {Signal<RoomState | null>} */
    this.state = signal(null);
    /** Who one is in it. @type {Signal<Entered | null>} */
    this.me = signal(null);
    /** The run that is shared. @type {Signal<Shared | null>} */
    this.run = signal(null);
    /** Why one is not in the room, or not yet. @type {Signal<ErrorFrame | null>} */
    this.trouble = signal(null);
    /** A command is not saved yet. It is sent again until it is. */
    this.unsaved = signal(false);
    /** What one may do on the run: '' is nothing. */
    this.role = computed(() => {
      const me = this.me.value, state = this.state.value;
      if (!me || !state || state.ended) return '';
      if (me.lead) return 'all';
      return state.frozen ? '' : state.drivers.find((d) => d.member === me.member)?.role ?? '';
    });
    /** The entry seen last. */
    this.seq = 0;
    this.inside = false;
    this.fresh = false;
    this.enterID = 0;
    this.attempts = 0;
    /** @type {any} */
    this.timer = null;
    roomsOf(link).add(this);
    if (link.welcome) this.enter();
    else if (link.state.value === 'idle') link.connect();
  }

  enter() {
    this.link.env.cancel(this.timer);
    this.inside = false;
    this.enterID = this.link.nextID();
    const run = this.run.value;
    this.link.send({ type: 'enter', id: this.enterID, room: this.id, tab: this.tab, ...(run && run.n >= 0 ? { run: run.id, after: run.n } : {}) });
  }

  leave() {
    this.link.env.cancel(this.timer);
    roomsOf(this.link).delete(this);
    this.link.send({ type: 'leave', id: this.link.nextID(), room: this.id });
    this.run.value?.end();
    this.inside = false;
  }

  /** @param {any} frame */
  owns(frame) {
    return frame.room === this.id || !!frame.run?.startsWith(`${this.id}.`) || (frame.type === 'error' && frame.re === this.enterID);
  }

  /** @param {any} frame */
  receive(frame) {
    const run = this.run.value;
    switch (frame.type) {
      case 'entered':
        this.fresh = true;
        this.attempts = 0;
        batch(() => {
          this.me.value = frame;
          this.trouble.value = null;
        });
        return;
      case 'room': return this.show(frame);
      case 'left':
        // Without having been asked: the session or the place in the class has ended.
        if (frame.re === 0) this.out();
        return;
      case 'acted': return run?.acted(frame);
      case 'error':
        if (frame.re === this.enterID && !frame.run) this.refused(frame);
        else run?.failed(frame);
        return;
    }
    if (run && run.id === frame.run) run.receive(frame);
  }

  /** @param {RoomState} state */
  show(state) {
    const began = this.fresh;
    // One server may be a moment behind another; but who has just entered sees what there is.
    if (!began && state.seq < this.seq) return;
    this.seq = began ? state.seq : Math.max(this.seq, state.seq);
    this.fresh = false;
    this.inside = true;
    const old = this.run.value, id = state.run ?? '';
    batch(() => {
      this.state.value = state;
      if ((old?.id ?? '') !== id) {
        this.run.value = id ? new Shared(this, id) : null;
        old?.end();
      }
    });
    if (began) this.run.value?.next();
  }

  /** Nothing of the room is shown any more. */
  out() {
    this.inside = false;
    const old = this.run.value;
    batch(() => {
      this.run.value = null;
      this.trouble.value = { type: 'error', code: 'no_such_room', message: '' };
    });
    old?.end();
  }

  /** @param {ErrorFrame} error */
  refused(error) {
    if (error.code === 'no_such_room' && this.state.value) return this.out();
    this.trouble.value = error;
    if (error.code === 'no_such_room') return;
    const { env } = this.link;
    this.timer = env.later(() => this.link.welcome && this.enter(), backoff(this.attempts++, env.random));
  }
}

/** The run that a room shares. Everybody's commands come in one order; one's own are sent one after the other. */
export class Shared extends Run {
  /** @param {Room} room @param {string} id */
  constructor(room, id) {
    super(room.link, { scenario: '' }, []);
    this.room = room;
    this.id = id;
    /** @type {Asked[]} */
    this.pending = [];
    /** What commands have led to, by the entry. @type {Map<number, DoneFrame>} */
    this.ends = new Map();
    this.over = false;
    /** Called when somebody has done something, and once more when it was one's own. @type {(done: DoneFrame, mine: boolean) => void} */
    this.ondone = () => {};
  }

  /** Why one may do nothing on the run, '' when one may. */
  get barred() {
    const { role, state, me } = this.room;
    if (role.value) return '';
    if (state.value?.ended) return t('class.why.ended');
    return t(state.value?.frozen && state.value.drivers.some((d) => d.member === me.value?.member) ? 'class.why.frozen' : 'class.why.watch');
  }

  /** @param {Command} command @returns {Promise<DoneFrame>} */
  do(command) {
    return new Promise((resolve, reject) => {
      if (this.over) return reject(replaced());
      this.pending.push({ id: this.link.nextID(), command: this.fit(command), resolve, reject, seen: 0, tries: 0 });
      if (this.pending.length === 1) this.next();
    });
  }

  /** What of a command one may do: where somebody else has the network, who plays a host acts here and now. @param {Command} command @returns {Command} */
  fit(command) {
    const role = this.room.role.value, network = this.room.state.value?.drivers.some((d) => d.role === 'network');
    return network && (role === 'client' || role === 'server') ? { line: command.line } : command;
  }

  /** Sends the oldest command. It names what was seen when it was given, also when it is sent again. */
  next() {
    const p = this.pending[0];
    if (!p || !this.room.inside) return;
    if (!p.seen) {
      p.seen = this.room.seq;
      this.link.env.later(() => this.pending[0] === p && (this.room.unsaved.value = true), SLOW);
    }
    this.link.send({ type: 'do', id: p.id, run: this.id, seen: p.seen, ...p.command });
  }

  /** @param {Snapshot} s */
  snapshot(s) {
    super.snapshot(s);
    this.stand?.();
  }

  /** @param {DoneFrame} done */
  finish(done) {
    this.done = done;
    this.room.seq = Math.max(this.room.seq, done.re);
    this.ends.set(done.re, done);
    for (const seq of this.ends.keys()) if (this.ends.size > REMEMBERED) this.ends.delete(seq);
    this.ondone(done, false);
  }

  /** @param {Acted} answer */
  acted(answer) {
    this.room.seq = Math.max(this.room.seq, answer.seq);
    const p = this.settle(answer.re), done = this.ends.get(answer.seq) ?? this.done;
    if (!p || !done) return;
    this.ondone(done, true);
    p.resolve(done);
    this.next();
  }

  /** Takes a command off the list. @param {number} re */
  settle(re) {
    const i = this.pending.findIndex((p) => p.id === re);
    if (i < 0) return;
    this.room.unsaved.value = false;
    return this.pending.splice(i, 1)[0];
  }

  /** @param {ErrorFrame} e */
  failed(e) {
    const p = this.pending.find((p) => p.id === e.re), { env } = this.link;
    if (!p) return;
    if (e.code === 'no_such_room' && this.room.inside) return this.room.enter(); // the server does not know yet that one is in it
    if ((e.code === 'slow_down' || e.code === 'not_saved') && ++p.tries < TRIES) {
      this.room.unsaved.value ||= e.code === 'not_saved';
      env.later(() => this.pending[0] === p && this.next(), backoff(p.tries, env.random));
      return;
    }
    this.settle(p.id);
    p.reject(e);
    this.next();
  }

  /** Another run is shared now. */
  end() {
    this.over = true;
    this.room.unsaved.value = false;
    for (const p of this.pending.splice(0)) p.reject(replaced());
  }

  wantsOpen() {
    return false;
  }

  /** There is nothing to follow without a socket. */
  async post() {}
}

/** @returns {ErrorFrame} */
const replaced = () => ({ type: 'error', code: 'stale', message: 'another run is shown now' });

/** How long a playhead takes to where the others are, at most, in ms. */
const GLIDE = 600;
const calm = globalThis.matchMedia?.('(prefers-reduced-motion: reduce)');

/**
 * A simulator that shows what a room shares, with everybody else or, on a branch of one's own, without them. Who may move time
 * takes everybody along; what lies ahead of the furthest place where they were is not shown to the others.
 */
export class Audience {
  /** @param {TcpSim} sim @param {Room} room */
  constructor(sim, room) {
    this.sim = sim;
    this.room = room;
    /** On a run of one's own. */
    this.away = signal(false);
    /** The node at whose end everybody is; -1 while there is none. */
    this.node = signal(-1);
    /** So many nodes of the run as it was shown have been seen by everybody. */
    this.furthest = 0;
    /** The place that the playhead has come to on its way to the others. @type {Signal<Position | null>} */
    this.way = signal(null);
    this.turn = 0;
    this.telling = false;
    /** Whether one looks at another place than the others do. */
    this.behind = computed(() => {
      void [sim.store.pos.value, sim.store.version.value, sim.store.tip.value];
      return !this.away.value && this.node.value >= 0 && !this.way.value && !this.steers.value && sim.store.place().at !== this.node.value;
    });
    /** Whether one moves time for everybody. */
    this.steers = computed(() => {
      const role = room.role.value;
      return role === 'all' || role === 'network' || (role !== '' && !room.state.value?.drivers.some((d) => d.role === 'network'));
    });
    const offs = [
      effect(() => {
        const run = room.run.value;
        if (!this.away.value && run) untracked(() => void this.watch(run));
      }),
      effect(() => {
        void [sim.store.pos.value, this.steers.value];
        untracked(() => this.tell());
      }),
      effect(() => {
        void [room.state.value, room.me.value, this.steers.value];
        sim.requestUpdate(); // its buttons say who may press them
        untracked(() => this.node.peek() >= 0 && this.lay());
      }),
    ];
    this.stop = () => offs.forEach((off) => off());
  }

  /** @param {Shared} run */
  async watch(run) {
    this.node.value = -1;
    this.furthest = 0;
    this.way.value = null;
    run.ondone = (done) => this.went(run, done);
    const drawn = this.sim.record(/** @type {any} */ (run));
    await run.ready;
    if (this.sim.store.run !== run || !run.done) return;
    this.sim.store.ahead = false; // everybody sees each step when it is taken
    this.goLive(false);
    await drawn;
  }

  /** @param {Shared} run @param {DoneFrame} done */
  went(run, done) {
    const { store } = this.sim;
    if (store.run !== run || this.node.peek() < 0) return;
    const here = store.place().at, together = this.way.peek() || here === this.node.peek();
    batch(() => {
      store.ends.set(done.last, { done });
      store.version.value++;
      if (together || here === done.node) this.goLive();
      else this.node.value = done.node;
    });
  }

  /** To where everybody is. @param {boolean} [slowly] */
  goLive(slowly = true) {
    const { store } = this.sim, done = store.run?.done;
    if (!done) return;
    batch(() => {
      this.node.value = done.node;
      this.lay();
      const node = store.path.value.find((n) => n.node === done.node);
      if (!node || (!this.way.peek() && store.place().at === done.node)) return;
      store.pause();
      this.glide({ t: node.at, k: node.k1 }, slowly);
    });
  }

  /** Lays out what may be seen: for who steers the whole branch, with a veil over what nobody has seen yet; for the others as far as that. */
  lay() {
    const { store } = this.sim, done = store.run?.done;
    if (!done || this.away.peek()) return;
    const first = this.leaf(0), main = store.pathTo(first), path = store.pathTo(done.last), veiled = Number.isFinite(store.seen.peek());
    let n = 0;
    while (n < path.length && main[n]?.node === path[n]?.node) n++;
    this.furthest = Math.max(this.furthest, n);
    const tip = store.tip.peek(), on = (/** @type {number} */ end) => store.pathTo(end).some((f) => f.node === done.last);
    batch(() => {
      if (this.steers.peek()) {
        store.tip.value = this.leaf(on(tip) ? tip : done.last);
        store.original = first;
        store.homeSeen = 1;
        store.seen.value = Math.max(this.furthest, veiled ? store.seen.peek() : 0);
        return;
      }
      const known = tip === first ? main[this.furthest - 1]?.node ?? 0 : tip;
      store.tip.value = on(known) ? known : done.last;
      store.original = store.tip.peek();
      store.seen.value = Infinity;
    });
  }

  /** The end of a branch on which a node lies. @param {number} node */
  leaf(node) {
    const { store } = this.sim;
    return store.listBranches().find((b) => store.pathTo(b.tip).some((f) => f.node === node))?.tip ?? node;
  }

  /** Moves the playhead to where the others are, unless somebody takes it meanwhile. @param {Position} to @param {boolean} slowly */
  glide(to, slowly) {
    const { store } = this.sim, from = store.pos.peek(), turn = ++this.turn, start = performance.now();
    if (!slowly || calm?.matches || globalThis.document?.hidden !== false || to.t <= from.t) {
      this.way.value = null;
      store.goto(to);
      return;
    }
    this.way.value = from;
    const on = () => {
      if (turn !== this.turn) return;
      const part = (performance.now() - start) / GLIDE, taken = store.pos.peek() !== this.way.peek();
      batch(() => {
        this.way.value = taken || part >= 1 ? null : seek(store.index.peek(), from.t + (to.t - from.t) * part);
        if (!taken) store.goto(this.way.peek() ?? to);
      });
      if (this.way.peek()) requestAnimationFrame(on);
    };
    requestAnimationFrame(on);
  }

  /** Who moves time takes everybody along. */
  tell() {
    const { store } = this.sim, run = this.room.run.peek();
    if (!run || store.run !== run || this.node.peek() < 0 || this.telling || this.way.peek() || this.away.peek() || !this.steers.peek()) return;
    const { at } = store.place();
    if (at === this.node.peek()) return;
    this.telling = true;
    run.do({ at, line: '' }).then(() => true, (/** @type {ErrorFrame} */ e) => e.code === 'stale').then((again) => {
      this.telling = false;
      if (again) this.tell();
      else this.goLive();
    });
  }

  /** Opens what is shown as a run of one's own, at the same instant. */
  async branchOff() {
    const { store } = this.sim, at = this.sim.time, scenario = store.text(store.place());
    this.away.value = true;
    this.node.value = -1;
    await store.load({ scenario, ahead: true }, { at });
  }

  /** Back to the others. */
  comeBack() {
    this.away.value = false;
  }
}
