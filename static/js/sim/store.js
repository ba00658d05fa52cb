// What a simulator knows: the tree of the run, which branch is shown, and where on it the learner stands. Everything on the
// page is computed from these signals; looking back never asks the engine, every intervention does.
import { batch, computed, signal } from '../../vendor/signals.js';
import { after, back, fold, index, next, seek } from './fold.js';

/** @import { LabEvent, Model, Position, SegmentAt } from './model.js' */
/** @import { DoneFrame, ErrorFrame, NodeFrame, RunFrame } from '../protocol.js' */
/** @import { Link, Run, Command, Source } from './socket.js' */

/** @typedef {{ node: number, parent: number, line: string, at: number, k0: number, k1: number }} PathNode a node of the shown branch, with the range of its events */
/**
 * The end of a branch, and how it came to be. line: the action that made it; rule: the rule that it is about; from: the tip of
 * the branch that it left, 0 for the first one.
 * @typedef {{ tip: number, first: boolean, line: string, at: number, rule: string, from: number }} Branch
 */
/**
 * A rule or a box of the path. line: as it was put there; node: where, 0 for the set-up; i: which one, all counted; n: its number as
 * long as it is there; until: when it was taken away.
 * @typedef {{ line: string, node: number, i: number, n: number, from: number, until: number | null }} PathItem
 */

/** Lines that only let time pass, or look. */
const PASSES = /^(step|wait|expect)\b/;
/** Lines that put something on the path. */
const ON_PATH = /^(rule|box|mtu) /;
/** Crossing a stretch in which nothing happens takes this long. */
const CROSSING = 1000;

export const SPEEDS = [0.001, 0.01, 0.05, 0.2, 1, 10];

/**
 * How far a step goes: the position one on and one back, and what to say where it stops in the middle of something.
 * @typedef {{ next: typeof next, back: typeof back, tell: (ix: import('./model.js').Index, pos: Position) => { text: string, place: string } | null }} Walk
 */

/** From event to event. @type {Walk} */
export const EVENTS = { next, back, tell: () => null };

export class Store {
  /** @param {Link} link */
  constructor(link) {
    this.link = link;
    /** @type {Run | null} */
    this.run = null;
    /** @type {import('../../vendor/signals.js').Signal<'idle' | 'loading' | 'ready' | 'failed'>} */
    this.status = signal('idle');
    /** What is wrong with the run as a whole. @type {import('../../vendor/signals.js').Signal<ErrorFrame | null>} */
    this.fault = signal(null);
    this.mismatch = signal(false);
    this.busy = signal(false);
    /** Counts changes of the tree. */
    this.version = signal(0);
    this.tip = signal(0);
    /** @type {import('../../vendor/signals.js').Signal<Position>} */
    this.pos = signal({ t: 0, k: 0 });
    this.playing = signal(false);
    this.speed = signal(0.05);
    this.selected = signal(0);
    this.walk = signal(EVENTS);
    /** @type {Map<number, { done: DoneFrame }>} what is known of the ends of branches */
    this.ends = new Map();
    /** @type {{ tip: number, pos: Position }[]} */
    this.past = [];
    this.ahead = true;
    /** Without a view ahead: so many nodes of the run as it was set up have been seen; the rest is still hidden. */
    this.seen = signal(Infinity);
    /** @type {Position} */
    this.home = { t: 0, k: 0 };
    this.homeSeen = Infinity;
    this.original = 0;

    /** @type {import('../../vendor/signals.js').ReadonlySignal<PathNode[]>} */
    this.path = computed(() => {
      this.version.value;
      let k = 0;
      return this.shown().map((f) => ({ node: f.node, parent: 'parent' in f ? f.parent : -1, line: 'line' in f ? f.line : '', at: f.at, k0: k, k1: (k += f.events.length) }));
    });
    /** @type {import('../../vendor/signals.js').ReadonlySignal<readonly LabEvent[]>} */
    this.events = computed(() => {
      this.version.value;
      return this.eventsOf(this.tip.value);
    });
    this.index = computed(() => index(this.events.value));
    /** @type {import('../../vendor/signals.js').ReadonlySignal<Model>} */
    this.model = computed(() => fold(this.index.value, this.pos.value));
    this.gaps = computed(() => gaps(this.index.value.times, this.index.value.delay));
    this.branches = computed(() => {
      this.version.value;
      return this.listBranches();
    });
    /** What stands on the path, of the branch that is shown. */
    this.onPath = computed(() => {
      this.version.value;
      return onPath(this.run?.first?.setup ?? '', this.pathTo(this.tip.value));
    });
    /** Whether something may still happen behind the last event that is known. */
    this.more = computed(() => {
      this.version.value;
      return this.hidden || this.ends.get(this.tip.value)?.done.quiet === false;
    });
    /** @type {import('../../vendor/signals.js').ReadonlySignal<SegmentAt | undefined>} */
    this.segment = computed(() => this.model.value.segments.find((s) => s.id === this.selected.value));
  }

  /** @returns {RunFrame | null} */
  get first() {
    this.version.value;
    return this.run?.first ?? null;
  }

  /** Why the run cannot be changed at all, '' when it can: it happened elsewhere. */
  get recorded() {
    this.version.value;
    return this.run?.recorded ?? '';
  }

  get atEnd() {
    const end = this.events.value.length, last = this.index.value.times.at(-1) ?? 0, pos = this.pos.value;
    return pos.k >= end && pos.t >= last;
  }

  // ---------------------------------------------------------------- the run

  /**
   * Opens a run, or takes one that is there already, and shows it at `at`. Rejects with the engine's error frame when there is none.
   * @param {Source | Run} source @param {{ at?: number, commands?: Command[] }} [options]
   */
  async load(source, { at = 0, commands = [] } = {}) {
    if (this.run) this.link.forget(this.run);
    const run = 'ready' in source ? source : this.link.open(source, commands);
    batch(() => {
      this.run = run;
      this.status.value = 'loading';
      this.fault.value = null;
      this.mismatch.value = false;
      this.playing.value = false;
      this.ahead = 'ready' in source || (source.ahead ?? false);
    });
    run.onreopen = (same) => this.reopened(run, same);
    try {
      await run.ready;
    } catch (error) {
      if (this.run !== run) return;
      this.fault.value = asFrame(error);
      this.status.value = 'failed';
      throw error;
    }
    if (this.run !== run || !run.done) return;
    const done = run.done;
    this.ends = new Map([[done.last, { done }]]);
    this.past = [];
    batch(() => {
      this.original = done.last;
      this.tip.value = done.last;
      this.seen.value = this.ahead ? Infinity : Math.max(1, this.pathTo(done.last).findLastIndex((f) => f.at <= at) + 1);
      this.version.value++;
      this.fault.value = run.fault;
      this.homeSeen = this.seen.value;
      this.selected.value = 0;
      this.home = seek(this.index.value, at);
      this.pos.value = this.home;
      this.follow();
      this.status.value = 'ready';
    });
  }

  /** @param {Run} run @param {boolean} same */
  reopened(run, same) {
    if (this.run !== run || !run.done) return;
    const tip = this.frame(this.tip.value) ? this.tip.value : run.done.last;
    batch(() => {
      this.version.value++;
      this.tip.value = tip;
      if (!same) {
        this.mismatch.value = true;
        this.pos.value = seek(this.index.value, Math.min(this.pos.value.t, this.index.value.times.at(-1) ?? 0));
      }
    });
  }

  /** @param {number} id @returns {RunFrame | NodeFrame | undefined} */
  frame(id) {
    return id === 0 ? this.run?.first ?? undefined : this.run?.nodes.get(id);
  }

  /** The frames from the set-up to a node. @param {number} id */
  pathTo(id) {
    /** @type {(RunFrame | NodeFrame)[]} */
    const frames = [];
    for (let f = this.frame(id); f; f = 'parent' in f ? this.frame(f.parent) : undefined) frames.push(f);
    return frames.reverse();
  }

  /** The frames of the branch that the learner may see. */
  shown() {
    const path = this.pathTo(this.tip.value);
    return this.tip.value === this.original ? path.slice(0, this.seen.value) : path;
  }

  /** Whether the run goes on beyond what the learner has seen of it. */
  get hidden() {
    return this.tip.value === this.original && this.seen.value < this.pathTo(this.original).length;
  }

  // ---------------------------------------------------------------- the position

  /** @param {Position} pos */
  goto(pos) {
    batch(() => {
      this.pos.value = pos;
      this.follow();
    });
  }

  /** @param {number} t */
  seek(t) {
    this.goto(seek(this.index.value, Math.max(0, Math.min(t, this.index.value.times.at(-1) ?? 0))));
  }

  /** Shows the run at least up to t, whatever the learner has seen. @param {number} t */
  reveal(t) {
    if (this.hidden) this.seen.value = Math.max(this.seen.value, this.pathTo(this.original).findLastIndex((f) => f.at <= t) + 1);
  }

  /** To the end of a step. @param {number} i */
  step(i) {
    this.goto(after(this.index.value, i));
  }

  back() {
    this.goto(this.walk.value.back(this.index.value, this.pos.value));
  }

  start() {
    this.goto({ t: 0, k: 0 });
  }

  end() {
    this.step(this.index.value.steps.length - 1);
  }

  /** One step on; where the future is not known yet, the engine makes one. @returns {Promise<boolean>} false at the end of the run */
  async next() {
    const on = this.walk.value.next, pos = on(this.index.value, this.pos.value);
    if (pos !== this.pos.value) {
      this.goto(pos);
      return true;
    }
    if (!this.more.value || this.busy.value) return false;
    await this.grow();
    const grown = on(this.index.value, pos);
    if (grown === pos) return false;
    this.goto(grown);
    return true;
  }

  /** Makes one more step known at the end of the branch; the playhead stays. */
  async grow() {
    if (this.hidden) {
      const known = this.index.value.steps.length;
      batch(() => {
        while (this.hidden && this.index.value.steps.length === known) this.seen.value++;
      });
      return;
    }
    const tip = this.tip.value;
    this.busy.value = true;
    try {
      this.adopt(tip, await this.ask(tip, 1));
    } finally {
      this.busy.value = false;
    }
  }

  /**
   * Lets the engine take steps behind a node, or only one where there are not so many left. Nothing of it is shown yet.
   * @param {number} at @param {number} n @returns {Promise<DoneFrame>}
   */
  async ask(at, n) {
    const run = this.run;
    if (!run) throw new Error('no run');
    /** @param {string} line */
    const step = (line) => run.do({ at, line, ahead: false });
    const done = await (n > 1 ? step(`step ${n}`).catch(() => step('step')) : step('step'));
    if (this.run !== run) throw new Error('another run');
    return done;
  }

  /** Shows what was asked for at the end of a branch. @param {number} tip @param {DoneFrame} done */
  adopt(tip, done) {
    this.ends.set(done.last, { done });
    batch(() => {
      this.version.value++;
      if (this.tip.value === tip) this.tip.value = done.last;
    });
  }

  /** The chosen segment follows the action until the learner chooses one. */
  follow() {
    const m = this.model.value, chosen = this.segment.value;
    if (chosen && (this.chosen || chosen.phase === 'flight' || chosen.phase === 'held')) return;
    const step = m.steps[m.step];
    const pick = step?.sent.at(-1) || step?.seg || m.flying[0]?.id;
    if (pick) this.selected.value = pick;
  }

  /** @type {boolean} whether the learner chose the segment by hand */
  chosen = false;

  /** @param {number} id */
  select(id) {
    this.chosen = id !== 0;
    this.selected.value = id;
  }

  // ---------------------------------------------------------------- playing

  play() {
    batch(() => {
      this.chosen = false;
      if (this.atEnd && !this.more.value) this.pos.value = { t: 0, k: 0 };
      this.playing.value = true;
    });
  }

  pause() {
    if (!this.playing.value) return;
    batch(() => {
      this.playing.value = false;
      this.pos.value = { ...this.pos.value, t: Math.floor(this.pos.value.t) };
    });
  }

  /** Lets real time pass while playing. A long pause between two frames (a hidden tab) does not count. @param {number} real milliseconds */
  tick(real) {
    if (!this.playing.value || real <= 0 || real > 500) return;
    const last = this.index.value.times.at(-1) ?? 0;
    const t = advance(this.pos.value.t, real, this.speed.value, this.gaps.value);
    if (t < last) {
      this.goto(seek(this.index.value, t));
      return;
    }
    this.goto(seek(this.index.value, last));
    if (this.more.value) {
      if (!this.busy.value) this.grow().catch(() => this.pause());
    } else this.pause();
  }

  // ---------------------------------------------------------------- acting

  /** Where the learner stands in the tree: the last node that has happened, and the time since. */
  place() {
    const { t, k } = this.pos.value, now = Math.floor(t), path = this.path.value;
    const here = path.findLast((n) => n.k1 <= k && n.at <= now) ?? path[0];
    return { at: here?.node ?? 0, wait: Math.max(0, now - (here?.at ?? 0)) };
  }

  /**
   * Does a line of the scenario language where the learner stands; what follows is a new branch.
   * @param {string} line
   */
  async act(line) {
    this.pause();
    const before = { tip: this.tip.value, pos: this.pos.value };
    const { at, wait } = this.place();
    const command = { at, line, ahead: this.ahead, ...(wait ? { wait } : {}) };
    return this.send(command, (done) => {
      this.past.push(before);
      this.tip.value = done.last;
      const node = this.path.value.find((n) => n.node === done.node);
      if (node) this.pos.value = { t: node.at, k: node.k1 };
      this.follow();
    });
  }

  /** @param {Command} command @param {(done: DoneFrame) => void} then what to show, in one batch with the new nodes */
  async send(command, then) {
    const run = this.run;
    if (!run) throw new Error('no run');
    this.busy.value = true;
    try {
      const done = await run.do(command).catch(async (error) => {
        throw await (await import('./refused.js')).refused(error, 'room' in run);
      });
      if (this.run !== run) return done;
      this.ends.set(done.last, { done });
      batch(() => {
        this.version.value++;
        then(done);
      });
      return done;
    } finally {
      if (this.run === run) this.busy.value = false;
    }
  }

  /** The actions of a branch that do more than let time pass. @param {number} [tip] */
  actions(tip = this.tip.value) {
    return this.pathTo(tip).flatMap((f) => ('line' in f && f.line && !PASSES.test(f.line) ? [{ node: f.node, line: f.line, at: f.at }] : []));
  }

  // ---------------------------------------------------------------- branches

  /** The ends of all branches, the first one first. */
  listBranches() {
    /** @type {Map<number, number[]>} */
    const children = new Map([[0, []]]);
    for (const f of this.run?.nodes.values() ?? []) {
      children.set(f.node, children.get(f.node) ?? []);
      children.set(f.parent, [...(children.get(f.parent) ?? []), f.node]);
    }
    // each node lies on one branch: that of its oldest child
    /** @type {Map<number, number>} */
    const tips = new Map();
    for (const [node, below] of [...children].sort((a, b) => b[0] - a[0])) tips.set(node, below.length ? tips.get(Math.min(...below)) ?? node : node);
    /** @type {Branch[]} */
    const list = [];
    for (const [node, below] of children) {
      if (below.length) continue;
      const path = this.pathTo(node);
      // the last place where this branch left an older one, and the action there
      const i = path.findLastIndex((f) => 'parent' in f && Math.min(...(children.get(f.parent) ?? [])) !== f.node);
      const by = i < 0 ? undefined : path.slice(i).find((f) => 'line' in f && !PASSES.test(f.line));
      list.push({ tip: node, first: i < 0, from: tips.get(path[i - 1]?.node ?? -1) ?? 0, line: by && 'line' in by ? by.line : '', at: by?.at ?? 0, rule: by?.events.find((e) => e.kind === 'rule-removed' || e.kind === 'box-removed')?.text ?? '' });
    }
    return list.sort((a, b) => Number(b.first) - Number(a.first) || a.tip - b.tip);
  }

  /** All that happens on a branch. A run whose future is hidden is given only as far as the learner has seen it. @param {number} tip @returns {readonly LabEvent[]} */
  eventsOf(tip) {
    const path = this.pathTo(tip);
    return (tip === this.original ? path.slice(0, this.seen.value) : path).flatMap((f) => f.events);
  }

  /** Shows another branch at the same time. @param {number} tip */
  choose(tip) {
    if (tip === this.tip.value) return;
    this.past.push({ tip: this.tip.value, pos: this.pos.value });
    batch(() => {
      this.playing.value = false;
      const old = this.pos.value.t;
      this.tip.value = tip;
      this.goto(seek(this.index.value, Math.min(old, this.index.value.times.at(-1) ?? 0)));
    });
  }

  /** Goes back to where the learner was before the last change. @returns {boolean} */
  undo() {
    const before = this.past.pop();
    if (!before) return false;
    batch(() => {
      this.playing.value = false;
      this.tip.value = before.tip;
      this.goto(before.pos);
    });
    return true;
  }

  /** The run as it was set up, at its beginning. */
  reset() {
    this.past.push({ tip: this.tip.value, pos: this.pos.value });
    batch(() => {
      this.playing.value = false;
      this.chosen = false;
      this.tip.value = this.original;
      this.seen.value = this.homeSeen;
      this.goto(this.home);
    });
  }

  /**
   * The branch that is shown, as a scenario: the set-up and all actions. With an instant of it (see place), up to there.
   * @param {{ at: number, wait: number }} [until]
   */
  text({ at, wait } = { at: this.tip.value, wait: 0 }) {
    const lines = this.pathTo(at).flatMap((f) => ('line' in f && f.line ? [f.line] : []));
    /** @type {string[]} */
    const out = [];
    let steps = 0;
    const flush = () => {
      if (steps) out.push(steps === 1 ? 'step' : `step ${steps}`);
      steps = 0;
    };
    for (const line of lines) {
      if (line === 'step') {
        if (++steps === 1000) flush();
      } else {
        flush();
        out.push(line);
      }
    }
    flush();
    if (wait) out.push(`wait ${wait}us`);
    const first = this.run?.first;
    return [...(first?.title ? [`title ${first.title}`] : []), (first?.setup ?? '').trimEnd(), ...out].join('\n') + '\n';
  }
}

/** @param {unknown} error @returns {ErrorFrame} */
const asFrame = (error) => (error instanceof Error ? { type: 'error', code: 'internal', message: error.message } : /** @type {ErrorFrame} */ (error));

/**
 * Stretches of time in which nothing happens, longer than three one-way delays. They leave a little on both sides, so that
 * what happened can be seen.
 * @param {number[]} times @param {number} delay @returns {{ from: number, to: number }[]}
 */
export function gaps(times, delay) {
  const pad = delay * 0.25, list = [];
  for (let i = 1; i < times.length; i++) {
    const from = times[i - 1] ?? 0, to = times[i] ?? 0;
    if (delay > 0 && to - from > 3 * delay) list.push({ from: from + pad, to: to - pad });
  }
  return list;
}

/**
 * Where virtual time is after some real time. A gap is crossed in about a second whatever its length.
 * @param {number} t µs @param {number} real ms @param {number} speed virtual for real time @param {{ from: number, to: number }[]} gaps
 */
export function advance(t, real, speed, gaps) {
  while (real > 0) {
    const gap = gaps.find((g) => t < g.to);
    const inside = gap && t >= gap.from;
    const rate = inside ? Math.max(speed * 1000, (gap.to - gap.from) / CROSSING) : speed * 1000;
    const limit = gap ? (inside ? gap.to : gap.from) : Infinity;
    const way = Math.min(real * rate, limit - t);
    t = way === limit - t ? limit : t + way;
    real -= way / rate;
    if (way <= 0 && limit === Infinity) break;
  }
  return t;
}

/**
 * All that stood on the path of a branch, that of the set-up first.
 * @param {string} setup @param {(RunFrame | NodeFrame)[]} path @returns {PathItem[]}
 */
export function onPath(setup, path) {
  /** @type {PathItem[]} */
  const list = [];
  /** By their numbers. @type {(PathItem | null)[]} */
  const rules = [], /** @type {(PathItem | null)[]} */ boxes = [];
  /** @param {string} line @param {number} node @param {number} from */
  const add = (line, node, from) => {
    const item = { line, node, i: list.length, n: 0, from, until: null }, free = boxes.indexOf(null);
    list.push(item);
    if (line.startsWith('rule ')) rules.push(item);
    else boxes[free < 0 ? boxes.length : free] = item;
  };
  for (const line of setup.split('\n')) if (ON_PATH.test(line)) add(line, 0, 0);
  for (const f of path) {
    if (!('line' in f)) continue;
    if (ON_PATH.test(f.line)) add(f.line, f.node, f.at);
    const [, kind, n] = /^un(rule|box) (\d+)$/.exec(f.line) ?? [], i = Number(n) - 1;
    const gone = kind === 'rule' ? rules.splice(i, 1)[0] : kind && boxes[i];
    if (!gone) continue;
    gone.until = f.at;
    if (kind === 'box') boxes[i] = null;
  }
  for (const numbers of [rules, boxes]) numbers.forEach((x, i) => { if (x) x.n = i + 1; });
  return list;
}
