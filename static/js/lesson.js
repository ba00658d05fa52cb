// A lesson's prose and its simulators, tied together: playhead links, steps, exercises.
import './sim/tcp-sim.js'
import { keepBeside, showBeside } from './beside.js'
import { noteProgress } from './progress.js'
import { t } from './sim/sentence.js'

/**
 * What this module needs of a simulator.
 * @typedef {HTMLElement & {
 *   time: number,
 *   commands: object[],
 *   do(line: string): Promise<unknown>,
 *   play(): void,
 *   wake(): Promise<void>,
 * }} Simulator
 */

/** @param {string | undefined} id @returns {Simulator | null} */
export const simulator = (id) => /** @type {Simulator | null} */ (document.getElementById(`sim-${id}`))

// ---- playhead links and steps ----

/** @param {HTMLElement} link */
const instant = (link) => Number(link.dataset.at)

/** @param {string | undefined} sim */
const seeksOf = (sim) =>
  /** @type {HTMLElement[]} */ ([...document.querySelectorAll('a.seek')]).filter((a) => a.dataset.sim === sim)

/** Marks which steps have been, which is now, which come. @param {string} sim @param {number} time */
function markSteps(sim, time) {
  const links = seeksOf(sim)
  // Several places may name the same instant; all of them are "now".
  const past = links.map(instant).filter((at) => at <= time)
  const now = past.length ? Math.max(...past) : NaN
  for (const link of links) {
    const at = instant(link)
    const item = link.closest('.steps > li')
    item?.classList.toggle('now', at === now)
    item?.classList.toggle('next', at > time)
    if (item && at === now) link.setAttribute('aria-current', 'step')
    else if (!item && at === time) link.setAttribute('aria-current', 'true')
    else link.removeAttribute('aria-current')
  }
}

document.addEventListener('click', (event) => {
  const link = /** @type {Element} */ (event.target).closest('a.seek')
  if (!(link instanceof HTMLElement) || event.ctrlKey || event.metaKey || event.shiftKey) return
  const sim = simulator(link.dataset.sim)
  if (!sim) return
  event.preventDefault()
  sim.time = instant(link)
  show(sim)
})

/** Brings a simulator's diagram into view when none of it is. @param {HTMLElement} sim */
export function show(sim) {
  const shown = (sim.querySelector('.ladder') ?? sim).getBoundingClientRect()
  if (shown.bottom > innerHeight / 4 && shown.top < innerHeight - 80) return
  const box = sim.closest('.simbox')
  if (box instanceof HTMLElement && showBeside(box)) return
  const calm = matchMedia('(prefers-reduced-motion: reduce)').matches
  sim.scrollIntoView({ block: 'start', behavior: calm ? 'auto' : 'smooth' })
}

for (const sim of /** @type {NodeListOf<Simulator>} */ (document.querySelectorAll('tcp-sim'))) {
  const id = sim.dataset.block ?? ''
  markSteps(id, Number(sim.dataset.at))
  // The event bubbles from form fields inside of the simulator too; only its own says that time has changed.
  sim.addEventListener('input', (event) => {
    if (event.target === sim) markSteps(id, sim.time)
  })
}

for (const box of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll('.spread > .simbox'))) keepBeside(box)

// ---- exercises ----

const article = /** @type {HTMLElement | null} */ (document.querySelector('main[data-lesson]'))
export const lesson = article?.dataset.lesson ?? ''
export const exercises = (article?.dataset.exercises ?? '').split(' ').filter(Boolean)
if (lesson && exercises.length) noteProgress(lesson, exercises)

/**
 * What checks an answer comes with the first answer.
 * @param {HTMLFormElement} form @param {'check' | 'watch'} what
 */
async function late(form, what) {
  try {
    const parts = await import('./exercises.js')
    await parts[what](form)
  } catch {
    const feedback = form.querySelector('.feedback')
    if (feedback) feedback.textContent = t('ui.panel.failed')
  }
}

for (const form of /** @type {NodeListOf<HTMLFormElement>} */ (document.querySelectorAll('form[data-kind]'))) {
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    void late(form, 'check')
  })
  form.querySelector('.watch')?.addEventListener('click', () => void late(form, 'watch'))
}

// What not every lesson has comes when one has it, one's own numbers when they come into view.
if (document.querySelector('ol.order')) void import('./order.js')
const varied = new IntersectionObserver((seen) => seen.some((e) => e.isIntersecting) && import('./vary.js'))
document.querySelectorAll('[data-variants]').forEach((form) => varied.observe(form))
if (document.querySelector('form.ticket')) void import('./ticket.js')
if (document.querySelector('tcp-sim[data-capture]')) void import('./captured.js')
