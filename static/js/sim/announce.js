// What the page says to a screen reader. Four polite live regions in rotation, because one region interrupts itself; each
// text is put into an empty region, stays a second and is taken away again, so that nobody finds it later as page text.

/** @typedef {{ later: (f: () => void, ms: number) => any, cancel: (timer: any) => void }} Clock */
/** @typedef {{ text: string, group: string, stands: number }} Item stands: for how many texts */

const CLEAR = 200, HOLD = 1000, MOST = 3;

export class Announcer {
  /**
   * @param {{ textContent: string | null }[]} regions
   * @param {Clock} [clock]
   */
  constructor(regions, clock = { later: (f, n) => setTimeout(f, n), cancel: (timer) => clearTimeout(timer) }) {
    this.regions = regions;
    this.clock = clock;
    this.turn = 0;
    /** @type {Item[]} */
    this.queue = [];
    this.speaking = false;
    this.silent = false;
    /** @type {any} */
    this.timer = null;
  }

  /**
   * Says text after everything that waits. A newer text of the same group takes the place of an older one that still waits.
   * @param {string} text
   * @param {{ group?: string, summary?: (n: number) => string }} [options] summary: what to say instead when too much waits
   */
  say(text, { group = '', summary } = {}) {
    if (this.silent || !text) return;
    if (group) this.queue = this.queue.filter((i) => i.group !== group);
    this.queue.push({ text, group, stands: 1 });
    if (this.queue.length > MOST && summary) {
      const stands = this.queue.reduce((n, i) => n + i.stands, 0);
      this.queue = [{ text: summary(stands), group, stands }];
    }
    if (!this.speaking) this.next();
  }

  /** Forgets all that waits; with on, also all that comes, until it is turned off. @param {boolean} on */
  hush(on) {
    this.silent = on;
    this.queue = [];
  }

  next() {
    const item = this.queue.shift();
    const region = this.regions[this.turn % this.regions.length];
    if (!item || !region) {
      this.speaking = false;
      return;
    }
    this.turn++;
    this.speaking = true;
    region.textContent = '';
    this.timer = this.clock.later(() => {
      region.textContent = item.text;
      this.timer = this.clock.later(() => {
        region.textContent = '';
        this.next();
      }, HOLD);
    }, CLEAR);
  }

  /** The page lets go of the simulator. */
  stop() {
    this.clock.cancel(this.timer);
    this.queue = [];
    this.speaking = false;
    for (const r of this.regions) r.textContent = '';
  }
}
