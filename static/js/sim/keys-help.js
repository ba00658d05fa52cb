// The dialog with the keys of a simulator and the settings of all; fetched when it is first asked for.
import { html } from '../../vendor/lit.js';
import { has, t } from './sentence.js';
import { use } from './tcp-header.js';

/** @import { TcpSim } from './tcp-sim.js' */

/** The name of the keys and what they do, both in the catalogue. */
const KEYS = [
  ['key.space', 'key.play'], ['key.arrows', 'key.step'], ['key.shift-arrows', 'key.shift'], ['key.home', 'key.ends'], ['key.updown', 'key.segment'], ['key.enter', 'key.inspect'],
  ['D', 'key.d'], ['L', 'key.l'], ['U', 'key.u'], ['H', 'key.h'], ['E', 'key.e'], ['key.alt-down', 'key.bits'], ['key.shift-updown', 'key.move'], ['key.alt-updown', 'key.reorder'], ['N', 'key.n'], ['C', 'key.c'], ['Ctrl + Z', 'key.undo'], ['+, −', 'key.zoom'], ['/', 'key.search'], ['?', 'key.help'],
];

/** @param {TcpSim} sim */
export function help(sim) {
  const name = `${sim.id || 'sim'}-keys`;
  return html`<dialog class="keys" aria-labelledby=${name}>
    <header><h2 id=${name}>${t('ui.keys')}</h2><form method="dialog"><button class="icon quiet" aria-label=${t('ui.close')}>${use('close')}</button></form></header>
    <table class="keylist"><tbody>${KEYS.map(([key, does]) => html`<tr><th scope="row"><kbd>${has(key ?? '') ? t(key ?? '') : key}</kbd></th><td>${t(does ?? '')}</td></tr>`)}</tbody></table>
    <div class="options">
      <label><input type="checkbox" .checked=${sim.letters} @change=${(/** @type {Event} */ e) => sim.setLetters(/** @type {HTMLInputElement} */ (e.target).checked)}> ${t('ui.keys.on')}</label>
      <label>${t('ui.say')} <select @change=${(/** @type {Event} */ e) => sim.setVerbosity(/** @type {HTMLSelectElement} */ (e.target).value)}>
        ${['all', 'states', 'off'].map((v) => html`<option value=${v} .selected=${v === sim.verbosity}>${t(`ui.say.${v}`)}</option>`)}</select></label>
      ${sim.speed('speedtoo')}
      <p class="zoom"><span>${t('ui.zoom')}</span> <button type="button" class="icon" aria-label=${t('ui.zoom.out')} @click=${() => sim.resize(-1)}>−</button><b>${Math.round(sim.zoom * 100)} %</b><button type="button" class="icon" aria-label=${t('ui.zoom.in')} @click=${() => sim.resize(1)}>+</button></p>
    </div>
  </dialog>`;
}
