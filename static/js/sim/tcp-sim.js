// The simulator: a lesson's run in the learner's hands. It replaces the finished diagram that the server has rendered as soon
// as the engine has answered; nothing moves before the learner moves it.
import { LitElement, html, nothing } from '../../vendor/lit.js';
import { computed, effect } from '../../vendor/signals.js';
import { Announcer } from './announce.js';
import { act, arrows, rove, stay } from './keys.js';
import { relative, setRelative } from './numbers.js';
import { PANELS, sheet } from './panels.js';
import { branchName, pathWords, settings } from './rules.js';
import { has, learned, more, ms, t, told } from './sentence.js';
import { pageLink } from './socket.js';
import { SPEEDS, Store } from './store.js';
import './tcp-log.js';
import { use } from './tcp-header.js';
import { drawing } from './tcp-ladder.js';
import './tcp-states.js';
import './tcp-timeline.js';
import './tcp-vars.js';

/** @import { Model, Step } from './model.js' */
/** @import { Replayed } from './path.js' */
/** @import { Fault } from '../protocol.js' */
/** @import { Recorded } from './recorded.js' */
/** @import { TcpHeader } from './tcp-header.js' */
/** @import { TcpLadder } from './tcp-ladder.js' */

const base = document.documentElement.dataset.base ?? '/';
const calm = matchMedia('(prefers-reduced-motion: reduce)');
/** With reduced motion, playing goes from event to event at this pace. */
const PACE = 1500;
/** A ladder lower than this leaves less of the stage empty with the variables below it than beside it. */
const SHORT = 400;
/** Narrower than this, a diagram is as wide as the one that the server has drawn; wider, there is something beside it. */
const WIDE = 720;
/** What is read, not watched, follows the playhead no sooner than after so many ms. */
const READ = 100;
const ZOOMS = [0.75, 1, 1.25, 1.5, 2];
/** A simulator is drawn in so many parts, each in a task of its own: all at once would be a long one. */
const PARTS = 8;
/** With this part it takes the place of what the server has drawn. */
const SHOWN = 3;

/** Resolves when what was drawn can be seen, or soon where nobody looks. @returns {Promise<void>} */
const painted = () => new Promise((resolve) => {
  const late = setTimeout(resolve, 100);
  requestAnimationFrame(() => {
    clearTimeout(late);
    setTimeout(resolve);
  });
});

/** Starts simulators shortly before they come into view. */
const near = new IntersectionObserver((entries) => {
  for (const e of entries) if (e.isIntersecting) void /** @type {TcpSim} */ (e.target).wake();
}, { rootMargin: '50% 0px' });

const line = () => Promise.all([import('./tcp-console.js'), sheet('console')]);
/** Fetches the line of the scenario language shortly before it comes into view. */
const below = new IntersectionObserver((entries) => {
  for (const e of entries) if (e.isIntersecting) void line().then(() => below.unobserve(e.target), () => {}); // else the key for it says so
}, { rootMargin: '50% 0px' });

/** What a learner chose for all simulators, kept in this browser. @param {string} key @param {string} otherwise */
function stored(key, otherwise) {
  try {
    return localStorage.getItem(`lab.${key}`) ?? otherwise;
  } catch {
    return otherwise;
  }
}

/** @param {string} key @param {string} value */
function store(key, value) {
  try {
    localStorage.setItem(`lab.${key}`, value);
  } catch {
    // it holds for this page, then
  }
}

export class TcpSim extends LitElement {
  static properties = {
    table: { state: true }, menu: { state: true }, zoom: { state: true }, letters: { state: true }, verbosity: { state: true }, linkText: { state: true }, full: { state: true }, note: { state: true }, panel: { state: true }, tree: { state: true }, until: { state: true }, parts: { state: true }, helpOf: { state: true },
  };

  constructor() {
    super();
    this.link = pageLink(base);
    this.store = new Store(this.link);
    /** The ladder's twin while it stands in its place. @type {typeof import('./segment-table.js').segmentTable | null} */
    this.table = null;
    /** Which menu of the path is open: for a change from the start, from the playhead on, or none. @type {'' | 'start' | 'now'} */
    this.menu = '';
    this.zoom = 1;
    this.letters = stored('letters', 'on') === 'on';
    this.verbosity = stored('say', 'all');
    /** A link that could not be put on the clipboard, or that was. */
    this.linkText = '';
    this.full = false;
    this.note = '';
    /** Which panel is open, '' for none. */
    this.panel = '';
    /** The run that the stage is laid out for. @type {unknown} */
    this.laid = '';
    /** Whether the tree of the run can be drawn: its part is fetched when the run branches. @type {'' | 'coming' | 'there'} */
    this.tree = '';
    /** Whether the menu of "on until" is open. */
    this.until = false;
    this.live = false;
    /** Whether there may be other controls than before. */
    this.loose = true;
    /** So many of PARTS are drawn. */
    this.parts = 0;
    /** How wide the diagram will be, 0 when that must be seen. */
    this.width = 0;
    /** The dialog with the keys, once it was asked for. @type {typeof import('./keys-help.js').help | null} */
    this.helpOf = null;
    this.settings = computed(() => learned.value < 0 ? [] : settings(this.store.first?.setup ?? '', this.store.events.value, this.store.first?.profiles ?? ['rfc9293', 'rfc9293']));
    /** @type {Model | null} what is read rather than watched: while playing it changes only when something happens */
    this.coarse = null;
    /** @type {Model | null} the instant of the last event of it, for what does not show time */
    this.news = null;
    /** @type {Model | null} the instant of the last event, to act on */
    this.event = null;
    /** When coarse changed last, in ms. */
    this.read = 0;
    /** What will change it soon. */
    this.soon = 0;
    /** Where the learner's hand has moved the playhead. @type {unknown} */
    this.hurried = null;
    /** @type {unknown} */
    this.coarseOf = null;
    /** @type {(() => void)[]} */
    this.off = [];
    this.frame = 0;
    this.last = 0;
    this.since = 0;
    this.saidStep = -1;
    this.source = '';
    /** @type {Announcer | null} */
    this.announcer = null;
    this.tick = this.tick.bind(this);
    // the same functions for good: a new one would make the parts render again
    this.doLine = (/** @type {string} */ line) => this.act(line);
    this.sayThis = (/** @type {string} */ text) => this.say(text);
    this.chooseTip = (/** @type {number} */ tip) => this.choose(tip);
    this.wentThere = (/** @type {string} */ text) => this.went(text);
    this.onPath = (/** @type {string} */ line) => void this.putOnPath(line);
    this.leaveUntil = () => void this.closeUntil();
    this.untilLost = (/** @type {FocusEvent} */ e) => {
      const to = e.relatedTarget, menu = /** @type {Element} */ (e.currentTarget);
      if (to instanceof Element && !menu.contains(to) && !to.closest('.until')) this.until = false;
    };
    this.layBeside = () => this.show('compare');
    this.stepText = (/** @type {Step} */ step) => told(this.store.index.value)[step.i]?.text ?? '';
    /** What the parts tell the whole. @type {[string, (e: any) => void][]} */
    this.handlers = [
      ['seek', (e) => this.scrub(e.detail)],
      ['sim-step', (e) => this.step(e.detail.i)],
      ['segment-select', (e) => this.store.select(e.detail.id)],
      ['sim-pause', () => this.store.pause()],
      ['sim-say', (e) => this.say(e.detail.text)],
      ['sim-do', (e) => void this.doAll(e.detail)],
      ['sim-tool', (e) => this.tool(e.detail)],
      ['focusin', (e) => {
        void line().catch(() => {}); // whoever steers it will come to the line too
        this.focused(e.target);
      }],
      ['drawn', () => this.fit()],
    ];
    this.connection = '';
    /** @type {Promise<void>} */
    this.ready = new Promise((resolve) => {
      this.becomeReady = resolve;
    });
  }

  createRenderRoot() {
    return this;
  }

  connectedCallback() {
    super.connectedCallback();
    const s = this.store, begun = computed(() => s.pos.value.t > 0);
    this.source ||= this.querySelector('.scenario')?.textContent ?? '';
    this.off = [
      effect(() => {
        // everything that the page shows, but where the playhead is
        void [s.status.value, s.fault.value, s.mismatch.value, s.busy.value, s.version.value, s.tip.value, begun.value, s.playing.value, s.speed.value, s.selected.value, s.walk.value, this.link.state.value, relative.value];
        this.loose = true;
        this.requestUpdate();
      }),
      effect(() => {
        if (learned.value) for (const part of [this, ...this.querySelectorAll('*')]) if (part instanceof LitElement) part.requestUpdate();
      }),
      effect(() => {
        this.moved(s.pos.value.t);
        this.requestUpdate();
      }),
      effect(() => {
        if (s.branches.value.length > 1) void this.draw();
      }),
      effect(() => this.connected(this.link.state.value)),
      effect(() => {
        cancelAnimationFrame(this.frame);
        this.last = 0;
        this.since = 0;
        if (s.playing.value) this.frame = requestAnimationFrame(this.tick);
      }),
    ];
    this.addEventListener('keydown', this.key);
    this.addEventListener('keydown', this.enter, { capture: true });
    for (const [name, f] of this.handlers) this.addEventListener(name, f);
    this.fullChanged = () => {
      this.full = document.fullscreenElement === this;
    };
    document.addEventListener('fullscreenchange', this.fullChanged);
    near.observe(this);
  }

  /** Whether all of it is drawn. */
  get whole() {
    return this.parts >= PARTS; // two runs may have been opened at once, and each draws
  }

  /** Brings to life what the server has drawn. Resolves when it can be used. */
  wake() {
    near.unobserve(this);
    if (this.store.status.value === 'idle' && this.source.trim()) void this.open(this.source, Number(this.dataset.at ?? 0));
    return this.ready;
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    near.unobserve(this);
    for (const off of this.off) off();
    cancelAnimationFrame(this.frame);
    clearTimeout(this.soon);
    this.soon = 0;
    this.announcer?.stop();
    this.removeEventListener('keydown', this.key);
    this.removeEventListener('keydown', this.enter, { capture: true });
    for (const [name, f] of this.handlers) this.removeEventListener(name, f);
    if (this.fullChanged) document.removeEventListener('fullscreenchange', this.fullChanged);
  }

  // ---------------------------------------------------------------- for the page around

  /** Virtual time of the playhead in µs. */
  get time() {
    return Math.floor(this.store.pos.value.t);
  }

  set time(us) {
    if (this.store.status.value !== 'ready') {
      this.dataset.at = String(us);
      void this.wake();
      return;
    }
    this.store.pause();
    this.store.chosen = false;
    this.store.reveal(us);
    this.store.seek(us);
  }

  /** The text of the run; a new text is a new run. */
  get scenario() {
    return this.source;
  }

  set scenario(text) {
    this.source = text;
    const at = /[#&]at=(\d{1,12})(?:&|$)/.exec(location.hash)?.[1];
    void this.open(text, Number(at ?? 0));
  }

  /** What was done, for the server to grade: all commands, and at last the end of the branch that is shown. */
  get commands() {
    return [...(this.store.run?.commands ?? []), { at: this.store.tip.value, line: '' }];
  }

  /** Does a line where the learner stands. @param {string} line */
  async do(line) {
    await this.wake();
    return this.act(line);
  }

  play() {
    void this.wake().then(() => this.store.play());
  }

  /** Whether one-letter keys are on, in all simulators. @param {boolean} on */
  setLetters(on) {
    this.letters = on;
    store('letters', on ? 'on' : 'off');
  }

  /** Which events are spoken, in all simulators. @param {string} which */
  setVerbosity(which) {
    this.verbosity = which;
    store('say', which);
  }

  async toggleTable() {
    if (this.table) {
      this.table = null;
      return;
    }
    try {
      const [{ segmentTable }] = await Promise.all([import('./segment-table.js'), more(), sheet('segments')]);
      this.table = segmentTable;
    } catch {
      this.say(t('ui.panel.failed'));
    }
  }

  async writeLine() {
    try {
      await line();
    } catch {
      return this.say(t('ui.panel.failed'));
    }
    const place = /** @type {LitElement | null} */ (this.querySelector('tcp-console'));
    await place?.updateComplete;
    place?.querySelector('input')?.focus();
  }

  async showHelp() {
    try {
      const [{ help }] = await Promise.all([import('./keys-help.js'), more(), sheet('keys')]);
      this.helpOf = help;
    } catch {
      return this.say(t('ui.panel.failed'));
    }
    await this.updateComplete;
    const dialog = this.querySelector('dialog');
    if (dialog && !dialog.open) dialog.showModal();
  }

  // ---------------------------------------------------------------- the run

  /** @param {string} scenario @param {number} at */
  async open(scenario, at) {
    this.announcer?.hush(true);
    try {
      await this.store.load({ scenario, ahead: this.dataset.ahead !== 'no' }, { at });
    } catch {
      // the store has the fault, and it is shown
      if (!this.live) this.excuse(`${t('ui.failed')} ${this.store.fault.value?.message ?? ''}`);
    }
    this.saidStep = this.store.model.value.step;
    await this.grow();
    this.announcer?.hush(false);
    this.becomeReady?.();
    document.documentElement.dataset.ready = 'yes';
    this.dispatchEvent(new CustomEvent('ready'));
  }

  /** Shows a run that happened elsewhere, at the segment that is odd in it. @param {Recorded} run */
  async record(run) {
    this.announcer?.hush(true);
    await this.store.load(run, { at: run.oddAt ?? 0 });
    if (run.odd) this.store.select(run.odd);
    this.saidStep = this.store.model.value.step;
    await this.grow();
    this.announcer?.hush(false);
    this.becomeReady?.();
    this.dispatchEvent(new CustomEvent('ready'));
  }

  /** Draws what is not drawn yet, part by part. */
  async grow() {
    const width = this.live ? 0 : this.querySelector('.fallback .wire')?.clientWidth ?? 0;
    if (width && width < WIDE) {
      this.width = width;
      await painted();
      drawing(this.store.events.value, width);
    }
    while (!this.whole) {
      await painted();
      this.parts++;
      await this.updateComplete;
    }
    this.style.minBlockSize = '';
    const place = this.querySelector('tcp-console');
    if (place) below.observe(place);
  }

  /** @param {number} now */
  tick(now) {
    const s = this.store;
    if (!s.playing.value) return;
    if (calm.matches) {
      this.since ||= now - PACE;
      if (now - this.since >= PACE) {
        this.since = now;
        void s.next().then((went) => went || s.pause(), () => s.pause());
      }
    } else if (this.last) s.tick(now - this.last);
    this.last = now;
    this.frame = requestAnimationFrame(this.tick);
  }

  /** Time has changed, by whatever. @param {number} t */
  moved(t) {
    const s = this.store;
    if (s.status.peek() !== 'ready' || t < 0) return;
    queueMicrotask(() => this.dispatchEvent(new Event('input', { bubbles: true })));
    if (s.playing.peek()) this.tellPlaying();
  }

  /** While playing only what matters is said. */
  tellPlaying() {
    const s = this.store, step = s.model.value.step;
    if (step === this.saidStep) return;
    const all = told(s.index.value);
    for (let i = this.saidStep + 1; i <= step; i++) {
      const says = all[i];
      if (says?.key) this.announcer?.say(this.worth(says.spoken, says.key), { summary: (n) => t('say.skipped', { n, t: ms(s.pos.value.t) }) });
    }
    this.saidStep = step;
    this.follow(false);
  }

  /** Keeps in sight what just happened. @param {boolean} [asked] */
  follow(asked = true) {
    void import('./follow.js').then((f) => f.follow(this, asked), () => {});
  }

  /** Text, if the learner wants to hear of such things. @param {string} text @param {boolean} key */
  worth(text, key) {
    return this.verbosity === 'off' || (this.verbosity === 'states' && !key) ? '' : text;
  }

  /** Says what somebody asked for, whatever the setting for events. @param {string} text */
  say(text) {
    this.note = text;
    this.announcer?.say(text, { group: 'answer' });
  }

  /** @param {string} state */
  connected(state) {
    const before = this.connection;
    this.connection = state;
    if (!this.live && state === 'down') this.excuse(t('ui.offline.first'));
    if (!this.live || before === state) return;
    if (state === 'retry' || (state === 'down' && before !== 'retry')) this.announcer?.say(t('say.lost'), { group: 'link' });
    if ((state === 'open' || state === 'http') && (before === 'retry' || before === 'down')) this.announcer?.say(t('say.found'), { group: 'link' });
    if (state === 'open' && this.store.branches.peek().length > 1) void this.draw(); // it may have been asked for while there was nobody to answer
  }

  // ---------------------------------------------------------------- what the learner does

  async next() {
    const s = this.store;
    s.pause();
    if (!s.more.value && s.atEnd) return this.say(t('ui.why.end'));
    if (s.more.value && s.atEnd && !s.hidden && this.blocked) return this.say(this.blocked);
    s.chosen = false;
    try {
      await s.next();
    } catch (e) {
      return this.say(/** @type {Error} */ (e).message);
    }
    this.tellStep();
  }

  /** @param {() => void} go */
  goBack(go) {
    const s = this.store;
    s.pause();
    if (s.pos.value.k === 0 && s.pos.value.t === 0) return this.say(t('ui.why.start'));
    s.chosen = false;
    this.note = '';
    go();
    this.follow();
    const m = s.model.value;
    this.saidStep = m.step;
    if (this.tellCheck()) return;
    this.announcer?.say(this.worth(m.step < 0 ? t('say.start') : t('say.back', { n: ms(m.t), i: m.step + 1, of: m.steps.length, text: told(s.index.value)[m.step]?.spoken ?? '' }), true), { group: 'event' });
  }

  /** Says the step that the playhead has come to. @param {string} [frame] key of a message around it */
  tellStep(frame) {
    const s = this.store, m = s.model.value, says = told(s.index.value)[m.step];
    this.saidStep = m.step;
    this.note = '';
    this.follow();
    if (this.tellCheck()) return;
    const text = frame ? t(frame, { text: says?.spoken ?? '' }) : says?.spoken ?? '';
    this.announcer?.say(this.worth(text, !!frame || !!says?.key), { group: 'event' });
  }

  /** Says the check that the playhead has come to in the middle of a step, on the page too. */
  tellCheck() {
    const s = this.store, stop = s.walk.value.tell(s.index.value, s.pos.value);
    if (!stop) return false;
    this.note = stop.text;
    this.announcer?.say(this.worth(this.note, true), { group: 'event' });
    return true;
  }

  /** @param {number} i */
  step(i) {
    this.store.pause();
    this.store.chosen = false;
    this.store.step(i);
    this.tellStep();
  }

  /** @param {{ t: number, k?: number }} to */
  scrub({ t, k }) {
    const s = this.store;
    this.note = '';
    s.pause();
    s.chosen = false;
    if (k === undefined) s.seek(t);
    else s.goto({ t, k });
    this.hurried = s.pos.value;
    this.saidStep = s.model.value.step;
  }

  toggle() {
    const s = this.store;
    this.note = '';
    if (s.playing.value) {
      s.pause();
      this.announcer?.say(t('say.paused', { n: ms(Math.floor(s.pos.value.t)) }), { group: 'play' });
    } else {
      if (s.atEnd && !s.more.value) this.saidStep = -1;
      s.play();
      this.follow();
      this.announcer?.say(t('say.playing'), { group: 'play' });
    }
  }

  /** Opens the menu of "on until", or closes it. */
  async toggleUntil() {
    if (this.until) return this.closeUntil();
    try {
      await Promise.all([import('./tcp-until.js'), sheet('history')]);
      this.until = true;
    } catch {
      this.say(t('ui.panel.failed'));
    }
  }

  async closeUntil() {
    this.until = false;
    await this.updateComplete;
    const button = this.querySelector('.btns .until');
    if (button instanceof HTMLElement) button.focus({ preventScroll: true });
  }

  /** What became of "on until": '' when it was found. @param {string} text */
  went(text) {
    const s = this.store;
    s.chosen = false;
    void this.closeUntil();
    if (text) return this.say(text);
    s.follow();
    this.tellStep();
  }

  /** Fetches what draws the tree of the run. */
  async draw() {
    if (this.tree) return;
    this.tree = 'coming';
    try {
      await Promise.all([import('./tcp-history.js'), sheet('history')]);
      this.tree = 'there';
    } catch {
      this.tree = '';
      this.say(t('ui.panel.failed'));
    }
  }

  /** @param {number} tip */
  choose(tip) {
    const s = this.store;
    s.choose(tip);
    this.saidStep = s.model.value.step;
    this.note = '';
    this.announcer?.say(t('say.branch.chosen', { text: branchName(s.branches.value.find((b) => b.tip === tip)) }), { group: 'answer' });
  }

  /** Opens a panel and goes there. @param {string} id */
  async show(id) {
    if (this.panel !== id) await this.togglePanel(id);
    await this.updateComplete;
    const panel = this.querySelector(`.panel.${id}`);
    if (!(panel instanceof HTMLElement)) return;
    panel.tabIndex = -1;
    panel.focus({ preventScroll: true });
    panel.scrollIntoView({ block: 'start', behavior: calm.matches ? 'auto' : 'smooth' });
  }

  /** Lays the run beside the same actions with another profile. @param {string} profile */
  async otherProfile(profile) {
    await this.show('compare');
    /** @type {import('./tcp-compare.js').TcpCompare | null} */ (this.querySelector('tcp-compare'))?.choose('B', `p:${profile},${profile}`);
  }

  /** What was asked for at a segment in the diagram. @param {{ tool: string, seg: number }} what */
  tool({ tool, seg }) {
    const s = this.store, head = this.header();
    s.select(seg);
    void this.updateComplete.then(() => {
      if (!head) return;
      if (tool === 'there' && s.segment.value) head.goThere(s.segment.value);
      else if (tool === 'delay' || tool === 'duplicate') head.ask(tool);
      else if (tool === 'drop' || tool === 'hold' || tool === 'edit') head[tool]();
    });
  }

  /** @param {string} line */
  async act(line) {
    const s = this.store, many = s.branches.value.length;
    const done = await s.act(line);
    // what the learner has made is what they want to see
    const made = line.startsWith('forge ') ? s.model.value.segments.findLast((x) => x.seg.forged && x.phase !== 'future') : undefined;
    if (made) s.select(made.id);
    this.tellStep(s.branches.value.length > many ? 'say.branch' : undefined);
    return done;
  }

  /** Does lines one after the other and says what came of all of them. @param {{ lines: string[], text?: string }} what */
  async doAll({ lines, text }) {
    if (this.blocked) return this.say(this.blocked);
    try {
      for (const line of lines) await this.act(line);
      if (text) this.say(text);
    } catch (e) {
      this.say(/** @type {Error} */ (e).message);
    }
  }

  /** Lets the chosen segment change places with its neighbour. @param {1 | -1} by */
  async reorder(by) {
    const s = this.store;
    s.pause();
    const { swap } = await import('./order.js'), done = swap(s.model.value, s.index.value, s.selected.value, by);
    if (done.lines.length) await this.doAll(done);
    else this.say(done.text);
  }

  /** @param {number} seg */
  async inspect(seg) {
    if (seg) this.store.select(seg);
    await this.updateComplete;
    const head = this.header();
    head?.scrollIntoView({ block: 'nearest' });
    head?.focusTool();
  }

  /** @returns {TcpHeader | null} */
  header() {
    return this.querySelector('tcp-header');
  }

  /** @param {(path: typeof import('./path.js')) => Promise<Replayed>} change @param {'added' | 'removed'} what */
  async rule(change, what) {
    if (this.blocked) return this.say(this.blocked);
    try {
      const { gone, differs, line } = await change(await import('./path.js'));
      const text = [t(`say.rule.${what}${differs === null ? '.same' : ''}`, { ...pathWords({ line, node: 0, i: 0, n: 0, from: 0, until: null }), n: ms(differs) }), gone ? t('say.rule.lost', { n: gone }) : ''].filter(Boolean);
      this.saidStep = this.store.model.value.step;
      this.say(text.join(' '));
    } catch (e) {
      this.say(/** @type {Error} */ (e).message);
    }
    await this.leaveMenu('start'); // the button that had the focus is gone
  }

  /** Opens a menu of the path, or closes it. @param {'start' | 'now'} which */
  async toggleMenu(which) {
    if (this.menu === which) return this.leaveMenu(which);
    if (this.blocked) return this.say(this.blocked);
    try {
      await import('./tcp-path.js');
      this.menu = which;
    } catch {
      this.say(t('ui.panel.failed'));
    }
  }

  /** The focus goes back to what opened the menu. @param {string} which */
  async leaveMenu(which) {
    this.menu = '';
    await this.updateComplete;
    const add = this.querySelector(`.rules [data-menu="${which}"]`);
    if (add instanceof HTMLElement) add.focus();
  }

  /** What was chosen in the menu of the path. @param {string} line */
  async putOnPath(line) {
    if (this.menu === 'start') return this.rule((p) => p.put(this.store, line), 'added');
    await this.doAll({ lines: [line] });
    await this.leaveMenu('now');
  }

  async copy() {
    if (this.store.recorded) return this.say(this.store.recorded);
    const { link } = await import('./share.js');
    try {
      const address = await link(new URL(base, location.href).href, this.store.text(), this.time);
      this.linkText = address;
      try {
        await navigator.clipboard.writeText(address);
        this.say(t('say.copied'));
        this.linkText = '';
      } catch {
        await this.updateComplete;
        const input = this.querySelector('.linkbox input');
        if (input instanceof HTMLInputElement) input.select(), input.focus();
      }
    } catch (e) {
      this.say(/** @type {Error} */ (e).message);
    }
  }

  /** The run that is shown as a scene to change: a page that has a place for it takes it, else the sandbox does. */
  async scene() {
    const text = this.store.text();
    if (!this.dispatchEvent(new CustomEvent('sim-scene', { bubbles: true, cancelable: true, detail: { text } }))) return;
    try {
      const { link } = await import('./share.js');
      location.assign(await link(new URL(base, location.href).href, text, this.time));
    } catch (e) {
      this.say(/** @type {Error} */ (e).message);
    }
  }

  reset() {
    this.store.reset();
    this.note = '';
    this.saidStep = this.store.model.value.step;
    this.announcer?.say(t('say.reset'), { group: 'answer' });
  }

  undo() {
    if (!this.store.undo()) return this.say(t('ui.why.undo'));
    const now = this.store.branches.value.find((b) => b.tip === this.store.tip.value);
    this.saidStep = this.store.model.value.step;
    this.say(t('say.undo', { text: branchName(now) }));
  }

  /** Sequence numbers of the wire, or counted from the start of the connection: for all simulators at once. */
  renumber() {
    setRelative(!relative.value);
    this.say(t(relative.value ? 'say.relative' : 'say.absolute'));
  }

  async fullscreen() {
    try {
      if (document.fullscreenElement) await document.exitFullscreen();
      else await this.requestFullscreen();
    } catch {
      this.say(t('ui.why.fullscreen'));
    }
  }

  /** @param {number} by */
  resize(by) {
    const i = ZOOMS.indexOf(this.zoom) + by;
    const zoom = ZOOMS[Math.max(0, Math.min(ZOOMS.length - 1, i))] ?? 1;
    this.zoom = zoom;
    this.say(t('say.zoom', { n: Math.round(zoom * 100) }));
  }

  /** @param {number} by */
  pick(by) {
    const m = this.store.model.value, ids = m.segments.map((s) => s.id);
    if (!ids.length) return;
    const i = ids.indexOf(this.store.selected.value);
    const id = ids[Math.max(0, Math.min(ids.length - 1, i < 0 ? 0 : i + by))] ?? 0;
    this.store.select(id);
    const ladder = /** @type {TcpLadder | null} */ (this.querySelector('tcp-ladder'));
    if (ladder?.contains(document.activeElement)) void this.updateComplete.then(() => ladder.focusSegment?.(id));
    else this.announcer?.say(t('say.selected', { seg: id }), { group: 'answer' });
  }

  /** In the diagram the focus is the choice. @param {EventTarget | null} target */
  focused(target) {
    const seg = target instanceof Element ? Number(target.closest('[data-seg]')?.getAttribute('data-seg')) : 0;
    if (seg && seg !== this.store.selected.value) this.store.select(seg);
  }

  /** Enter on a segment of the diagram goes on to its header. @param {KeyboardEvent} e */
  enter(e) {
    const seg = e.target instanceof Element ? e.target.closest('[data-seg]') : null;
    // what another run has done is looked at where it is shown
    if (!seg || e.key !== 'Enter' || seg.closest('[data-other]')) return;
    e.preventDefault();
    e.stopPropagation();
    void this.inspect(Number(seg.getAttribute('data-seg')));
  }

  /** @param {KeyboardEvent} e */
  key(e) {
    if (!this.live) return;
    const what = act(e, this.letters);
    if (!what) return;
    e.preventDefault();
    const head = this.header(), s = this.store;
    switch (what) {
      case 'toggle': return this.toggle();
      case 'next': return void this.next();
      case 'back': return this.goBack(() => s.back());
      case 'later': return this.scrub({ t: s.pos.value.t + 10000 });
      case 'earlier': return this.scrub({ t: s.pos.value.t - 10000 });
      case 'first': return this.goBack(() => s.start());
      case 'last': s.pause(); s.chosen = false; s.end(); return this.tellStep();
      case 'up': return this.pick(-1);
      case 'down': return this.pick(1);
      case 'inspect': return void this.inspect(s.selected.value);
      case 'drop': return head?.drop();
      case 'delay': return head?.ask('delay');
      case 'duplicate': return head?.ask('duplicate');
      case 'hold': return head?.hold();
      case 'edit': return head?.edit();
      case 'forge': return void head?.forge();
      case 'sooner': return void this.reorder(-1);
      case 'behind': return void this.reorder(1);
      case 'console': return void this.writeLine();
      case 'undo': return this.undo();
      case 'help': return this.showHelp();
      case 'larger': return this.resize(1);
      case 'smaller': return this.resize(-1);
    }
  }

  // ---------------------------------------------------------------- rendering

  /** Why the engine cannot be asked just now, '' when it can. */
  get blocked() {
    const { recorded, run } = this.store, why = recorded || run?.barred, state = this.link.state.value;
    if (why) return why;
    if (state !== 'open' && state !== 'http') return t('ui.why.offline');
    return this.store.busy.value ? t('ui.why.busy') : '';
  }

  /** Says in the server's diagram why it does not come to life. @param {string} text */
  excuse(text) {
    const place = this.querySelector('.fallback');
    if (!place) return;
    let p = place.querySelector('.notice');
    if (!p) {
      p = document.createElement('p');
      p.className = 'notice';
      p.setAttribute('role', 'status');
      place.prepend(p);
    }
    p.textContent = text;
  }

  /** The finished diagram of the server stays until there is something better. */
  shouldUpdate() {
    const status = this.store.status.value;
    return this.live || (status === 'ready' && this.parts > 0) || (status === 'failed' && !this.querySelector('.fallback'));
  }

  willUpdate() {
    const drawn = this.whole ? null : this.querySelector('.fallback');
    if (drawn && this.parts >= SHOWN) {
      // whoever reads the diagram with the keyboard goes on at its beginning
      if (drawn.contains(document.activeElement)) this.focus({ preventScroll: true });
      // what is below it stays where it is until all of it is drawn
      this.style.minBlockSize = `${this.offsetHeight}px`;
      drawn.remove();
    }
    if (this.live) return;
    this.live = true;
    this.classList.add('is-live');
  }

  firstUpdated() {
    this.announcer = new Announcer([...this.querySelectorAll('.regions > p')]);
  }

  /** @param {Map<PropertyKey, unknown>} changed */
  updated(changed) {
    if (!changed.size && !this.loose) return;
    this.fit();
    this.loose = false;
    for (const bar of this.querySelectorAll('[data-rove]')) rove(bar);
  }

  /** Lays the stage out for the ladder of a run, once: what the learner does must not move the panels. */
  fit() {
    const run = this.store.run, stage = this.querySelector('.stage'), ladder = /** @type {TcpLadder | null | undefined} */ (stage?.querySelector('tcp-ladder'));
    // by the property: a style attribute would be against the page's content security policy
    /** @type {HTMLElement | null | undefined} */ (stage?.querySelector('.ladderbox'))?.style.setProperty('zoom', `${this.zoom}`);
    if (this.laid === run || !ladder?.drawn) return;
    this.laid = run;
    // below a short ladder there is room for the variables
    stage?.classList.toggle('short', ladder.layout.height < SHORT);
  }

  render() {
    const s = this.store, status = s.status.value, name = `${this.id || 'sim'}-name`;
    const title = s.first?.title || this.dataset.title || t('ui.sim');
    const model = s.model.value, ready = status === 'ready';
    const playing = s.playing.value, other = this.coarseOf !== s.index.value, now = performance.now();
    if (other || this.event?.k !== model.k) this.event = model;
    if (other || !playing || this.coarse?.k !== model.k) {
      // a playhead that runs would have all of it drawn in each frame
      const wait = !other && (playing || s.pos.value === this.hurried) ? this.read + READ - now : 0;
      if (wait > 0) {
        this.soon ||= setTimeout(() => {
          this.soon = 0;
          this.requestUpdate();
        }, wait);
      } else {
        if (other || this.coarse?.k !== model.k) this.news = model;
        this.coarse = model;
        this.coarseOf = s.index.value;
        this.read = now;
      }
    }
    return html`<section class="simbody" aria-labelledby=${name} ?hidden=${this.parts < SHOWN && !!this.querySelector('.fallback')}>
      ${this.head(title, name)}
      ${this.notices()}
      ${ready ? html`${this.chips()}${this.summary(/** @type {Model} */ (this.coarse))}${this.stage(model)}${this.parts > 3 ? this.transport(model) : nothing}${this.parts > 5 ? this.under() : nothing}${this.parts > 7 ? this.panels() : nothing}` : nothing}
      <div class="regions vh">${[0, 1, 2, 3].map(() => html`<p aria-live="polite"></p>`)}</div>
      ${this.helpOf?.(this) ?? nothing}
    </section>`;
  }

  /** @param {string} title @param {string} name */
  head(title, name) {
    const state = this.link.state.value;
    const words = { idle: 'ui.connecting', connecting: 'ui.connecting', open: 'ui.connected', http: 'ui.http', retry: 'ui.reconnecting', down: 'ui.offline' }[state];
    return html`<header class="simhead">
      <h2 id=${name}>${title}</h2>
      <p class="live ${state}"><i aria-hidden="true"></i>${t(words)}</p>
      <div class="acts" role="toolbar" aria-label=${t('ui.tools')} data-rove @keydown=${arrows} @focusin=${stay}>
        <button type="button" @click=${this.copy}>${use('share')}<span>${t('ui.copy')}</span></button>
        <button type="button" @click=${this.reset}>${use('reset')}<span>${t('ui.reset')}</span></button>
        <button type="button" class="icon" aria-pressed=${!!this.table} title=${t('ui.table')} @click=${this.toggleTable}>${use('table')}<span class="vh">${t('ui.table')}</span></button>
        <button type="button" class="icon" aria-pressed=${relative.value} title=${t('ui.relative')} @click=${this.renumber}>${use('relative')}<span class="vh">${t('ui.relative')}</span></button>
        <button type="button" class="icon" title=${t('ui.help')} @click=${this.showHelp}>${use('keys')}<span class="vh">${t('ui.help')}</span></button>
        <button type="button" class="icon" title=${t(this.full ? 'ui.fullscreen.exit' : 'ui.fullscreen')} @click=${this.fullscreen}>${use('grow')}<span class="vh">${t(this.full ? 'ui.fullscreen.exit' : 'ui.fullscreen')}</span></button>
      </div>
    </header>`;
  }

  notices() {
    const s = this.store, fault = s.fault.value;
    /** @param {{ line?: number, message: string, hint?: string }} f */
    const line = (f) => html`<li>${f.line ? t('ui.failed.line', { line: f.line, message: '' }) : ''}<span lang="en">${f.message}</span>${f.hint ? html` <span>${t('ui.hint', { hint: '' })}<span lang="en">${f.hint}</span></span>` : nothing}</li>`;
    return html`
      ${s.status.value === 'loading' ? html`<p class="notice">${t('ui.loading')}</p>` : nothing}
      ${fault ? html`<div class="notice bad" role="alert"><p>${t(s.status.value === 'failed' ? 'ui.failed' : 'ui.stopped')}</p><ul>${(fault.faults ?? [fault]).map(line)}</ul></div>` : nothing}
      ${s.recorded ? /** @type {Recorded} */ (s.run).notice((at, seg) => { this.scrub({ t: at }); s.select(seg); }) : nothing}
      ${s.mismatch.value ? html`<p class="notice bad" role="alert">${t('ui.mismatch')}</p>` : nothing}
      ${this.linkText ? html`<p class="notice linkbox"><label>${t('ui.copy.failed')} <input type="text" readonly .value=${this.linkText} aria-label=${t('ui.copy.label')}></label> <button type="button" @click=${() => { this.linkText = ''; }}>${t('ui.close')}</button></p>` : nothing}`;
  }

  chips() {
    if (this.store.recorded) return nothing; // what the hosts were set to is not in a capture
    const s = this.store, off = this.blocked !== '';
    // the profile that the run does not follow
    const other = s.first?.profiles.includes('linux') ? 'rfc9293' : 'linux';
    /** @param {'start' | 'now'} which @param {string} name */
    const add = (which, name) => html`<li class="add"><button type="button" data-menu=${which} aria-expanded=${this.menu === which} aria-disabled=${off} @click=${() => this.toggleMenu(which)}>${use('plus')}${t(name)}</button></li>`;
    return html`<div class="chiprow" @focusout=${(/** @type {FocusEvent} */ e) => {
      if (this.menu && e.relatedTarget && !/** @type {Element} */ (e.currentTarget).contains(/** @type {Node} */ (e.relatedTarget))) this.menu = '';
    }}>
      <ul class="rules" aria-label=${t('ui.settings')} data-rove @keydown=${arrows} @focusin=${stay}>
        ${this.settings.value.map((c) => html`<li><b>${c.name}</b> ${c.value}</li>`)}
        ${s.onPath.value.filter((x) => x.until !== 0).map((x) => {
          const { name, value } = pathWords(x);
          return html`<li class="loss"><b>${name}</b> ${value}<button type="button" aria-disabled=${off} aria-label=${t('ui.rule.remove', { name, value })} @click=${() => this.rule((p) => p.take(s, x), 'removed')}>${use('close')}</button></li>`;
        })}
        <li class="add scene"><button type="button" @click=${this.scene}>${use('edit')}${t('ui.scene')}</button></li>
        <li class="add"><button type="button" @click=${() => this.otherProfile(other)}>${use('beside')}${t('ui.profile.compare', { profile: t(`profile.${other}`) })}</button></li>
        ${add('start', 'ui.rule.add')}${s.pos.value.t > 0 ? add('now', 'ui.path.now') : nothing}
      </ul>
      ${this.menu ? html`<tcp-path .store=${s} .now=${this.menu === 'now'} .done=${this.onPath} .close=${() => this.leaveMenu(this.menu)}></tcp-path>` : nothing}
    </div>`;
  }

  /** The tree of the run, from its first branch on. */
  history() {
    const s = this.store, branches = s.branches.value;
    if (branches.length < 2 || this.tree !== 'there') return nothing;
    return html`<tcp-history .branches=${branches} .tip=${s.tip.value} .choose=${this.chooseTip} .compare=${this.layBeside}></tcp-history>`;
  }

  /** @param {Model} m */
  summary(m) {
    const hosts = this.store.first?.hosts;
    return html`<div class="vh"><h3>${t('ui.summary')}</h3>
      <p>${t('ui.summary.area', { client: `${t('host.client')} ${hosts?.[0].addr ?? ''}`, server: `${t('host.server')} ${hosts?.[1].addr ?? ''}` })}</p>
      <p>${t('ui.summary.controls')}</p>
      <p class="now">${t('ui.summary.now', { n: ms(Math.floor(m.t)), i: m.step + 1, of: m.steps.length, client: m.hosts.client.state, server: m.hosts.server.state, flying: t('ui.summary.flying', { n: m.flying.length }) })}</p>
      <p>${t('ui.summary.hint')}</p></div>`;
  }

  /** @param {Model} m */
  stage(m) {
    const s = this.store, hosts = s.first?.hosts;
    return html`<div class="stage">
      <div class="card wire">
        <div class="hosts">
          <div class="host cli"><h3><i aria-hidden="true">C</i>${t('ui.client')}</h3><p>${hosts?.[0].addr}</p></div>
          <p class="axis" aria-hidden="true">${t('ui.axis')}</p>
          <div class="host srv"><h3>${t('ui.server')}<i aria-hidden="true">S</i></h3><p>${hosts?.[1].addr}</p></div>
        </div>
        ${this.table ? this.table(m, s.selected.value, (id) => s.select(id))
          : html`<div class="ladderbox">${this.parts < 2 ? nothing : html`<tcp-ladder ?data-still=${s.playing.value || s.recorded} .measured=${this.width} .events=${s.events.value} .position=${s.pos.value} .selection=${s.selected.value} .relative=${relative.value} .odd=${s.run?.odd ?? 0}></tcp-ladder>`}</div>`}
      </div>
      <div class="side">
        ${this.parts > 4 ? html`<tcp-states class="card" .model=${this.news} .ix=${s.index.value}></tcp-states>` : nothing}
        ${this.parts > 4 ? html`<tcp-vars class="card vars" .model=${this.coarse} .relative=${relative.value}></tcp-vars>` : nothing}
      </div>
    </div>`;
  }

  /** @param {Model} m */
  transport(m) {
    const s = this.store, playing = s.playing.value, start = s.pos.value.k === 0 && s.pos.value.t === 0, end = s.atEnd && !s.more.value;
    const of = m.steps.length;
    return html`<div class="card transport" role="group" aria-label=${t('ui.playback')}>
      ${this.history()}
      ${this.note ? html`<p class="simnote">${this.note}<button type="button" class="icon quiet" tabindex="-1" aria-label=${t('ui.close')} @click=${() => { this.note = ''; }}>${use('close')}</button></p>` : nothing}
      <div class="steer"><div class="btns" role="toolbar" aria-label=${t('ui.playback')} data-rove @keydown=${arrows} @focusin=${stay}>
        <button type="button" class="icon" aria-disabled=${start} aria-label=${t('ui.first')} title=${t('ui.first')} @click=${() => this.goBack(() => s.start())}>${use('first')}</button>
        <button type="button" class="icon" aria-disabled=${start} aria-label=${t('ui.back')} title=${t('ui.back')} @click=${() => this.goBack(() => s.back())}>${use('back')}</button>
        <button type="button" class="solid play" @click=${this.toggle}>${use(playing ? 'pause' : 'play')}<span>${t(playing ? 'ui.pause' : 'ui.play')}</span></button>
        <button type="button" class="icon next" aria-disabled=${end} aria-label=${t('ui.next')} title=${t('ui.next')} @click=${this.next}>${use('fwd')}</button>
        <button type="button" class="icon until" aria-expanded=${this.until} aria-label=${t('until.menu')} title=${t('until.menu')} @click=${this.toggleUntil}>${use('until')}</button>
      </div>
      ${this.until ? html`<tcp-until .store=${s} .ask=${this.blocked} .done=${this.wentThere} .close=${this.leaveUntil} @focusout=${this.untilLost}></tcp-until>` : nothing}</div>
      <tcp-timeline class="scrub" .events=${s.events.value} .position=${s.pos.value} .text=${this.stepText}></tcp-timeline>
      <div class="readout"><p><b>${ms(Math.floor(m.t))}</b> ms</p><p>${m.step < 0 ? t('ui.event.before') : s.walk.value.tell(s.index.value, s.pos.value)?.place ?? t(s.more.value ? 'ui.event.more' : 'ui.event', { i: m.step + 1, of })}</p></div>
      ${this.speed('speed')}
    </div>`;
  }

  /** @param {string} cls */
  speed(cls) {
    const s = this.store;
    return html`<label class=${cls}>${t('ui.speed')} <select @change=${(/** @type {Event} */ e) => { s.speed.value = Number(/** @type {HTMLSelectElement} */ (e.target).value); }}>
      ${SPEEDS.map((v) => html`<option value=${v} .selected=${v === s.speed.value}>${t(`ui.speed.${v}`)}</option>`)}</select></label>`;
  }

  under() {
    const s = this.store;
    return html`<div class="under">
      <tcp-header .segment=${this.event?.segments.find((x) => x.id === s.selected.value)} .model=${this.event} .ix=${s.index.value} .hosts=${s.first?.hosts ?? []} .blocked=${this.blocked} .act=${this.doLine} .relative=${relative.value}></tcp-header>
      ${this.parts > 6 ? html`<tcp-log class="card log" .model=${this.news} .ix=${s.index.value} .hide=${this.dataset.ahead === 'no'} .relative=${relative.value}></tcp-log>` : nothing}
      ${s.recorded || this.parts < 8 ? nothing : html`<tcp-console class="card console" .model=${this.coarse} .blocked=${this.blocked} .act=${this.doLine} .help=${`${base}sandbox#language`}></tcp-console>`}
    </div>`;
  }

  /** Opens a panel, or closes it when it is open. @param {string} id */
  async togglePanel(id) {
    const panel = PANELS.find((p) => p.id === id);
    if (!panel || this.panel === id) {
      this.panel = '';
      return;
    }
    try {
      await Promise.all([panel.load(), more()]);
      this.panel = id;
    } catch {
      this.say(t('ui.panel.failed'));
    }
  }

  panels() {
    const s = this.store, panel = PANELS.find((p) => p.id === this.panel), id = `${this.id || 'sim'}-panel`;
    if (!PANELS.length) return nothing;
    return html`<div class="panels">
      <div class="tabs" role="toolbar" aria-label=${t('ui.panels')} data-rove @keydown=${arrows} @focusin=${stay}>
        ${PANELS.map((p) => html`<button type="button" aria-expanded=${p === panel} aria-controls=${p === panel ? id : nothing} @click=${() => this.togglePanel(p.id)}>${use(p.icon)}${t(`ui.panel.${p.id}`)}</button>`)}
      </div>
      ${panel ? html`<section class="card panel ${panel.id}" id=${id} aria-label=${t(`ui.panel.${panel.id}`)}>${panel.view({ store: s, model: this.coarse, ix: s.index.value, blocked: this.blocked, relative: relative.value, act: this.doLine, say: this.sayThis })}</section>` : nothing}
    </div>`;
  }
}

customElements.define('tcp-sim', TcpSim);
