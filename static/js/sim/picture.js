// An element that draws into the page itself, without a tree of its own. It knows how wide it is, and what it has drawn already.
import { LitElement, noChange } from '../../vendor/lit.js';

export class Picture extends LitElement {
  /** @type {import('../../vendor/lit.js').PropertyDeclarations} */
  static properties = { measured: { state: true } };

  constructor() {
    super();
    /** CSS pixels, 0 until it was laid out. */
    this.measured = 0;
    /** What the parts of the picture were made of. @type {Map<string, unknown[]>} */
    this.kept = new Map();
    this.observer = new ResizeObserver((entries) => {
      const width = Math.floor(entries.at(-1)?.contentRect.width ?? 0);
      if (width > 0) this.measured = width;
    });
  }

  createRenderRoot() {
    // what the server drew stands here until now
    this.replaceChildren();
    return this;
  }

  connectedCallback() {
    super.connectedCallback();
    this.observer.observe(this);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.observer.disconnect();
  }

  /** A part of the picture, which stays as it is while all that it is made of does. @param {string} part @param {unknown[]} of @param {() => unknown} draw */
  keep(part, of, draw) {
    const before = this.kept.get(part);
    if (before?.length === of.length && before.every((v, i) => v === of[i])) return noChange;
    this.kept.set(part, of);
    return draw();
  }
}
