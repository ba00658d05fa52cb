// What a learner opens when they want to know more: each panel is a part of its own, fetched when it is first opened.
import { html } from '../../vendor/lit.js';
import { adopt } from '../styles.js';
import { more } from './sentence.js';

/** @import { Store } from './store.js' */
/** @import { Index, Model } from './model.js' */

/**
 * What the simulator gives a panel. It is rendered again whenever one of these changes.
 * @typedef {object} Given
 * @property {Store} store all that is known of the run
 * @property {Model | null} model the instant; while playing it changes only when something happens
 * @property {Index} ix
 * @property {string} blocked why the engine cannot be asked just now, '' when it can
 * @property {boolean} relative whether sequence numbers are relative
 * @property {(line: string) => Promise<unknown>} act does a line of the scenario language at the playhead
 * @property {(text: string) => void} say answers the learner, on the page and aloud
 */

/** @typedef {{ id: string, icon: string, load: () => Promise<unknown>, view: (g: Given) => unknown }} Panel id: also of its name in the catalogue, ui.panel.ID */

/** @type {Panel[]} */
export const PANELS = [
  {
    id: 'why', icon: 'why', load: () => Promise.all([import('./tcp-why.js'), sheet('panels/line'), sheet('panels/why')]),
    view: (g) => html`<tcp-why .store=${g.store} .model=${g.model} .ix=${g.ix} .relative=${g.relative} .chosen=${g.store.selected.value}></tcp-why>`,
  },
  {
    id: 'both', icon: 'hosts', load: () => Promise.all([import('./tcp-hosts.js'), sheet('panels/line'), sheet('panels/hosts')]),
    view: (g) => html`<tcp-hosts .store=${g.store} .model=${g.model} .ix=${g.ix} .relative=${g.relative}></tcp-hosts>`,
  },
  {
    id: 'traces', icon: 'traces', load: () => Promise.all([import('./tcp-traces.js'), sheet('panels/traces')]),
    view: (g) => html`<tcp-traces .store=${g.store} .model=${g.model} .relative=${g.relative} .chosen=${g.store.selected.value}></tcp-traces>`,
  },
  {
    id: 'passport', icon: 'passport', load: () => Promise.all([import('./tcp-passport.js'), sheet('panels/passport')]),
    view: (g) => html`<tcp-passport .model=${g.model}></tcp-passport>`,
  },
  {
    id: 'compare', icon: 'beside', load: () => Promise.all([import('./tcp-compare.js'), sheet('compare')]),
    view: (g) => html`<tcp-compare .store=${g.store} .ix=${g.ix} .blocked=${g.blocked} .say=${g.say}></tcp-compare>`,
  },
  { id: 'take', icon: 'take', load: () => Promise.all([import('./tcp-take.js'), sheet('take')]), view: (g) => html`<tcp-take .store=${g.store} .say=${g.say}></tcp-take>` },
  { id: 'embed', icon: 'grow', load: () => Promise.all([more(), import('./tcp-embed.js'), sheet('embed')]), view: (g) => html`<tcp-embed .store=${g.store} .say=${g.say}></tcp-embed>` },
];

/** Adds a style sheet of css/ to the page, once. Without the network there is a part without it, which is better than none. @param {string} name */
export const sheet = (name) => adopt(name).catch(() => {});
