// What the page says above the ladder of a capture: what the model finds odd in it, and how its times are known.
import { html, nothing } from '../../vendor/lit.js';
import { ms, t } from './sentence.js';

/** @import { Recorded } from './recorded.js' */

/** @param {Recorded} run @param {(t: number, seg: number) => void} show goes to a segment */
export function notice(run, show) {
  const { replay: r, about } = run, { odd } = r, at = run.oddAt;
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
