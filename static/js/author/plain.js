// The editor of a lesson when CodeMirror cannot be loaded: the textarea, with its line numbers and faults.
import { Marked } from '../scene/marked.js';

/** @typedef {import('../scene/marked.js').Fault} Fault */

export class Plain {
  /** @param {HTMLTextAreaElement} area @param {{ changed: () => void, check: () => void, step: (by: number) => void }} on */
  constructor(area, on) {
    this.area = area;
    this.marked = new Marked(area);
    area.addEventListener('input', on.changed);
    area.addEventListener('keydown', (event) => {
      if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) on.check();
      else if (event.key === 'F8') on.step(event.shiftKey ? -1 : 1);
      else return;
      event.preventDefault();
    });
  }

  get value() { return this.area.value; }
  set value(text) {
    this.area.value = text;
    this.area.dispatchEvent(new Event('input'));
  }

  get at() { return this.area.selectionStart; }

  /** @param {string} block */
  insert(block) {
    const end = this.value.indexOf('\n', this.at), at = end < 0 ? this.value.length : end;
    this.area.setRangeText(`\n\n${block}`, at, at, 'end');
    this.area.focus();
    this.area.dispatchEvent(new Event('input'));
  }

  /** @param {readonly Fault[]} faults */
  mark(faults) { this.marked.mark(faults); }

  /** @param {Fault} fault */
  show(fault) { this.marked.show(fault); }
}
