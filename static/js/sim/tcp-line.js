// A number line of sequence numbers.
import { html, svg } from '../../vendor/lit.js';
import { draw } from './line.js';
import { Picture } from './picture.js';
import { grouped, t } from './sentence.js';

/** @import { Line } from './line.js' */

const ROW = 30, AXIS = 34, GAPS = 15;

export class TcpLine extends Picture {
  static properties = { line: { attribute: false }, label: { attribute: false }, number: { attribute: false } };

  constructor() {
    super();
    /** @type {Line | null} */
    this.line = null;
    /** What the picture says, in words. */
    this.label = '';
    /** How a sequence number is written. @type {(v: number) => string} */
    this.number = String;
  }

  render() {
    if (!this.line || !this.measured) return null;
    const d = draw(this.line, this.measured, this.number), gaps = d.gaps.filter((g) => grouped(g.n).length * 7.2 + 6 < g.room);
    const top = d.rows.above * ROW + 6, y = top + AXIS / 2, low = top + AXIS + (gaps.length ? GAPS : 0), height = low + d.rows.below * ROW + 4;
    return html`<svg class="numline" viewBox="0 0 ${d.width} ${height}" width=${d.width} height=${height} role="img" aria-label=${this.label}>
      ${d.bands.map((b) => {
        const low = b.side === 'below', y0 = low ? y + 3 : y - 15, h = low ? 12 : 18, w = Math.max(2, b.x1 - b.x0);
        return svg`<g class="stretch ${b.cls}"><rect x=${b.x0} y=${y0} width=${w} height=${h} rx="2"></rect>
          ${b.text && b.text.length * 6.6 + 8 < w ? svg`<text x=${b.x0 + w / 2} y=${y0 + h - 5} text-anchor="middle">${b.text}</text>` : null}</g>`;
      })}
      <path class="axis" d="M 4 ${y} H ${d.width - 4} M ${d.width - 9} ${y - 4} l 5 4 l -5 4"></path>
      ${gaps.map((g) => svg`<text class="gap" x=${g.x} y=${y + 28} text-anchor="middle">${grouped(g.n)}</text>`)}
      ${d.labels.map((l) => {
        const up = l.side === 'above', base = up ? top - 6 - l.row * ROW : low + 13 + l.row * ROW;
        const name = up ? base - 13 : base, number = up ? base : base + 13;
        return svg`<g class="point ${up ? 'own' : 'seg'} ${l.far ? 'far' : ''}">
          ${l.far ? svg`<path class="away" d=${l.far < 0 ? `M ${l.x + 26} ${y} H ${l.x} m 8 -6 l -8 6 l 8 6` : `M ${l.x - 26} ${y} H ${l.x} m -8 -6 l 8 6 l -8 6`}></path>`
            : up ? svg`<path d="M ${l.x} ${y + 4} V ${base + 4}"></path>` : svg`<path d="M ${l.x} ${y - 4} V ${name - 12}"></path><path class="mark" d="M ${l.x} ${y} l -5 9 h 10 Z"></path>`}
          <text class="name" x=${l.left} y=${name}>${l.name}</text><text x=${l.left} y=${number}>${this.number(l.v)}</text></g>`;
      })}
    </svg>
    ${d.labels.filter((l) => l.far).map((l) => html`<p class="faraway">${t(l.far < 0 ? 'panel.line.before' : 'panel.line.behind', { name: l.name, n: grouped(Math.abs(l.far)) })}</p>`)}`;
  }
}

customElements.define('tcp-line', TcpLine);
