// A capture that somebody brought: a run that has happened elsewhere. It is stepped through like any other, and nothing in it can be
// changed.
import { html, nothing } from '../../vendor/lit.js';
import { ms, t } from './sentence.js';
import { Run } from './socket.js';

/** @import { Link } from './socket.js' */
/** @import { DoneFrame, RunFrame } from '../protocol.js' */
/** @typedef {{ seg: number, packet: number, host: 'client' | 'server', state: string, code: string, reason: string, rule?: { source: string, url?: string }, expected: string[] }} Odd */
/** @typedef {{ conversation: number, frame: RunFrame, outcome: string, followed: number, odd?: Odd, toClient: number, toServer: number, measured: boolean, from: number, to: number }} Replay */

export class Recorded extends Run {
  /** @param {Link} link @param {Replay} replay @param {{ title: string, profile: string, segments: number }} about */
  constructor(link, replay, about) {
    super(link, { scenario: '' }, []);
    this.replay = replay;
    this.about = about;
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

  /** What there is to know of it, in words. @param {(t: number, seg: number) => void} show goes to a segment */
  notice(show) {
    const { replay: r, about } = this, { odd } = r, at = this.oddAt;
    return html`<div class="notice capture">
      ${odd ? html`<p><b>${t(odd.code === 'too-involved' || r.outcome === 'beyond' ? 'panel.capture.beyond' : 'panel.capture.odd', { seg: odd.seg, packet: odd.packet, host: t(`host.${odd.host}`) })}</b> ${odd.reason}${odd.rule ? html` ${odd.rule.url ? html`<a href=${odd.rule.url} rel="noreferrer">${odd.rule.source}</a>` : odd.rule.source}` : nothing}</p>
        ${odd.expected.length ? html`<p>${t('panel.capture.expected', { n: odd.expected.length, state: odd.state })}</p><ul>${odd.expected.map((line) => html`<li><code>${line}</code></li>`)}</ul>` : nothing}
        ${at === null ? nothing : html`<p><button type="button" @click=${() => show(at, odd.seg)}>${t('panel.capture.show', { seg: odd.seg })}</button></p>`}`
        : html`<p><b>${t('panel.capture.follows', { n: r.followed, profile: about.profile })}</b></p>`}
      <details><summary>${t('panel.capture.how')}</summary>
        <p>${t(r.measured ? 'panel.capture.ways' : 'panel.capture.ways.guessed', { client: ms(r.toClient), server: ms(r.toServer) })}</p>
        ${r.to - r.from + 1 < about.segments ? html`<p>${t('panel.capture.part', { from: r.from, to: r.to, n: about.segments })}</p>` : nothing}
        <p>${t('panel.capture.fixed')}</p>
      </details></div>`;
  }
}
