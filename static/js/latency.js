// The page of latency: everything on it is a number of half round trips, written for the round trip that the slider says.
import { ms, t } from './sim/sentence.js'

const rtt = /** @type {HTMLInputElement} */ (document.getElementById('rtt'))
const axis = Number(document.getElementById('main')?.dataset.axis)

/** The attributes of the drawing that are places or lengths on the axis, each with its half round trips in data-NAME. */
const PLACES = ['x', 'cx', 'width']

function draw() {
  const half = Number(rtt.value) / 2
  const now = t('time.ms', { n: ms(half * 2000) })
  const said = document.getElementById('rtt-now')
  if (said) said.textContent = now
  rtt.setAttribute('aria-valuetext', now)
  for (const cell of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll('[data-half]'))) cell.textContent = t('time.ms', { n: ms(Number(cell.dataset.half) * half * 1000) })
  for (const name of PLACES) {
    for (const mark of /** @type {NodeListOf<SVGElement>} */ (document.querySelectorAll(`.bar [data-${name}]`))) mark.setAttribute(name, `${(Number(mark.dataset[name]) * half * 100) / axis}%`)
  }
}

rtt.addEventListener('input', draw)
draw()
