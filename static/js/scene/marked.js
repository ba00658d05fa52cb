// A text with its line numbers, and its faults drawn where they stand: a wavy line under the words, a mark in the margin. The
// text itself is an ordinary textarea; what is drawn lies behind it and is not there for assistive technology, which is told
// of the faults by the list below.
import { range } from './text.js';

/** @typedef {{ line: number, col: number, endCol?: number, severity: string, message: string, hint?: string }} Fault */

export class Marked {
  /** @param {HTMLTextAreaElement} area */
  constructor(area) {
    this.area = area;
    /** @type {readonly Fault[]} */
    this.faults = [];
    this.box = document.createElement('div');
    this.box.className = 'marked';
    this.gutter = document.createElement('div');
    this.gutter.className = 'gutter';
    this.behind = document.createElement('div');
    this.behind.className = 'behind';
    for (const part of [this.gutter, this.behind]) part.setAttribute('aria-hidden', 'true');
    area.replaceWith(this.box);
    this.box.append(this.gutter, this.behind, area);
    area.addEventListener('scroll', () => this.follow());
    area.addEventListener('input', () => this.changed());
    this.frame = 0;
    this.draw();
  }

  /** @param {readonly Fault[]} faults */
  mark(faults) {
    this.faults = faults;
    this.changed();
  }

  /** Draws with the next frame: many lines that are put in at once are as many changes. */
  changed() {
    this.frame ||= requestAnimationFrame(() => {
      this.frame = 0;
      this.draw();
    });
  }

  follow() {
    this.behind.scrollTop = this.gutter.scrollTop = this.area.scrollTop;
    this.behind.scrollLeft = this.area.scrollLeft;
  }

  draw() {
    const lines = this.area.value.split('\n');
    /** @type {Map<number, { from: number, to: number }[]>} */
    const marks = new Map();
    for (const f of this.faults) {
      if (f.line < 1 || f.line > lines.length) continue;
      const r = range(this.area.value, f), length = lines[r.line]?.length ?? 0;
      // a fault between two characters, or behind the last, still needs something to be seen at
      const from = Math.min(r.from, Math.max(0, length - 1)), to = Math.max(r.to, from + 1);
      marks.set(r.line, [...(marks.get(r.line) ?? []), { from, to }]);
    }
    this.gutter.replaceChildren(...lines.map((_, i) => row(marks.has(i) ? 'bad' : '', String(i + 1))));
    this.behind.replaceChildren(...lines.map((line, i) => {
      const p = row(marks.has(i) ? 'bad' : '', '');
      let at = 0;
      for (const m of (marks.get(i) ?? []).sort((a, b) => a.from - b.from)) {
        if (m.from < at) continue;
        const u = document.createElement('u');
        u.textContent = line.slice(m.from, m.to) || ' ';
        p.append(line.slice(at, m.from), u);
        at = m.to;
      }
      p.append(line.slice(at) || ' ');
      return p;
    }));
    this.follow();
  }

  /** Puts the cursor on what is wrong. @param {Fault} fault */
  show(fault) {
    const r = range(this.area.value, fault);
    this.area.focus();
    this.area.setSelectionRange(r.start + r.from, r.start + Math.max(r.to, r.from));
    const height = this.area.scrollHeight / Math.max(1, this.area.value.split('\n').length);
    if (fault.line > 0) this.area.scrollTop = Math.max(0, (r.line - 3) * height);
    this.follow();
  }
}

/** @param {string} cls @param {string} text */
function row(cls, text) {
  const div = document.createElement('div');
  div.className = cls;
  div.textContent = text;
  return div;
}
