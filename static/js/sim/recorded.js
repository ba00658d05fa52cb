// A capture that somebody brought: a run that has happened elsewhere. It is stepped through like any other, and nothing in it can be
// changed.
import { t } from './sentence.js';
import { Run } from './socket.js';

/** @import { Link } from './socket.js' */
/** @import { DoneFrame, RunFrame } from '../protocol.js' */
/** @typedef {{ seg: number, packet: number, host: 'client' | 'server', state: string, code: string, reason: string, rule?: { source: string, url?: string }, expected: string[] }} Odd */
/** @typedef {(run: Recorded, show: (t: number, seg: number) => void) => unknown} Tell how a recorded run is told of, as a template */
/** @typedef {{ conversation: number, frame: RunFrame, outcome: string, followed: number, odd?: Odd, toClient: number, toServer: number, measured: boolean, from: number, to: number }} Replay */

export class Recorded extends Run {
  /** @param {Link} link @param {Replay} replay @param {{ title: string, profile: string, segments: number }} about @param {Tell} [tell] */
  constructor(link, replay, about, tell = () => null) {
    super(link, { scenario: '' }, []);
    this.replay = replay;
    this.about = about;
    this.tell = tell;
    /** Why nothing can be done. */
    this.recorded = t('panel.capture.fixed');
    this.odd = replay.odd?.seg ?? 0;
    /** @type {RunFrame | null} */
    this.first = { ...replay.frame, title: about.title };
    /** @type {DoneFrame | null} */
    this.done = { type: 'done', run: '', n: 0, re: 0, node: 0, last: 0, digest: '', quiet: true };
    this.stand?.();
  }

  /** @returns {Promise<never>} */
  do() {
    return Promise.reject(new Error(this.recorded));
  }

  /** It is here already. */
  async post() {}

  /** When the odd segment is put on the wire, in µs; null without one. */
  get oddAt() {
    return this.first?.events.find((e) => e.seg === this.odd && (e.kind === 'sent' || e.kind === 'injected'))?.t ?? null;
  }

  /** What there is to know of it, in words. @param {(t: number, seg: number) => void} show goes to a segment @returns {unknown} */
  notice(show) {
    return this.tell(this, show);
  }
}
