// The segments as a table; fetched when it is first asked for.
import { html, repeat } from '../../vendor/lit.js';
import { ackOf, seqOf } from './numbers.js';
import { flagsOf, kindOf, list, ms, t } from './sentence.js';
import { fate } from './tcp-log.js';

/** @import { Model, SegmentAt, Wire } from './model.js' */

/** What a segment is in a column of the table, and what it was before it was edited. @param {SegmentAt} s @param {(w: Wire) => string | number} of */
function cell(s, of) {
  const now = of(s.wire), was = s.was ? of(s.was) : now;
  return was === now ? now : html`<del><span class="vh">${t('table.was')} </span>${was}</del> <ins>${now}</ins>`;
}

/** Its fate, and which fields were changed. @param {SegmentAt} s */
const history = (s) => (s.edited.length ? t('fate.edited', { fate: fate(s), fields: list(s.edited.map((f) => t(`name.${f}`))) }) : fate(s));

/**
 * The ladder's twin: a row a segment.
 * @param {Model} model @param {number} selected @param {(seg: number) => void} select
 */
export function segmentTable(model, selected, select) {
  return html`<div class="tablebox" tabindex="0" role="group" aria-label=${t('ui.table.label')}><table class="segments">
    <thead><tr>${['number', 'time', 'from', 'flags', 'seq', 'ack', 'len', 'fate'].map((c) => html`<th scope="col">${t(`col.${c}`)}</th>`)}</tr></thead>
    <tbody>${repeat(model.segments.filter((s) => s.phase !== 'future' || s.seg.t >= model.t), (s) => s.id, (s) => html`<tr class=${`${s.phase} ${s.id === selected ? 'now' : ''}`}>
      <th scope="row"><button type="button" aria-pressed=${s.id === selected} @click=${() => select(s.id)}>${s.id}</button></th>
      <td>${ms(s.seg.t)}</td><td>${t(`host.${s.seg.from}`)}</td><td>${cell(s, kindOf)}</td><td>${cell(s, seqOf)}</td><td>${cell(s, (w) => (flagsOf(w).includes('ACK') ? ackOf(w) : '–'))}</td><td>${cell(s, (w) => w.payload.length)}</td><td>${history(s)}</td></tr>`)}</tbody>
  </table></div>`;
}
