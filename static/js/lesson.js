// A lesson's prose and its simulators, tied together: playhead links, steps, predictions, quizzes, challenges.
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
 * }} Simulator
 */

/** @typedef {{ text: string, ok: boolean, detail?: string }} Goal */
/** @typedef {{ ok: boolean, feedback?: string, code?: string, goals?: Goal[], steps?: number }} Verdict */

const base = document.documentElement.dataset.base ?? '/'

/** @param {string | undefined} id @returns {Simulator | null} */
const simulator = (id) => /** @type {Simulator | null} */ (document.getElementById(`sim-${id}`))

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
function show(sim) {
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
const lesson = article?.dataset.lesson ?? ''
const exercises = (article?.dataset.exercises ?? '').split(' ').filter(Boolean)
if (lesson && exercises.length) noteProgress(lesson, exercises)

/** @type {Record<string, (form: HTMLFormElement) => object | string>} what is asked of the server, or what is missing */
const asks = {
  predict(form) {
    const answer = String(new FormData(form).get('answer') ?? '').trim()
    return answer ? { answer } : t('lesson.answer')
  },
  quiz(form) {
    const answer = new FormData(form).getAll('answer').map(Number)
    return answer.length ? { answer } : t('lesson.choose')
  },
  challenge(form) {
    const sim = simulator(form.dataset.of)
    return sim ? { commands: sim.commands } : t('lesson.no-sim')
  },
}

for (const form of /** @type {NodeListOf<HTMLFormElement>} */ (document.querySelectorAll('form[data-kind]'))) {
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    void check(form)
  })
  form.querySelector('.watch')?.addEventListener('click', () => void watch(form))
}

/** @param {HTMLFormElement} form */
async function check(form) {
  const feedback = /** @type {HTMLElement} */ (form.querySelector('.feedback'))
  const { kind = '', block = '' } = form.dataset
  const ask = asks[kind]?.(form) ?? t('lesson.unknown')
  if (typeof ask === 'string') {
    say(feedback, '', ask)
    return
  }
  const button = /** @type {HTMLButtonElement} */ (form.querySelector('button[type=submit]'))
  if (button.getAttribute('aria-disabled') === 'true') return
  button.setAttribute('aria-disabled', 'true')
  try {
    const verdict = await post({ lesson, block, kind, ...ask })
    form.classList.toggle('solved', verdict.ok)
    if (verdict.goals) markGoals(form, verdict.goals)
    say(feedback, t(verdict.ok ? 'lesson.right' : verdict.code === 'partly' ? 'lesson.partly' : 'lesson.wrong'), verdict.feedback ?? '', verdict)
    form.querySelector('.watch')?.removeAttribute('hidden')
    if (verdict.ok) noteProgress(lesson, exercises, block)
  } catch (err) {
    say(feedback, t('lesson.unchecked'), err instanceof Refused ? err.message : t('lesson.no-answer'))
  } finally {
    button.removeAttribute('aria-disabled')
  }
}

/** What the server has to say about a question that it cannot answer. */
class Refused extends Error {}

/** @param {object} question @returns {Promise<Verdict>} */
async function post(question) {
  const answer = await fetch(`${base}api/check`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(question),
  })
  const body = await answer.json()
  if (!answer.ok) throw new Refused(body.message ?? t('lesson.status', { n: answer.status }))
  return body
}

/**
 * The feedback is a live region beside its question. Its HTML comes from the server, which made it from the lesson.
 * @param {HTMLElement} feedback @param {string} word @param {string} html @param {Verdict} [verdict]
 */
function say(feedback, word, html, verdict) {
  const head = document.createElement('b')
  head.textContent = word
  const body = document.createElement('div')
  if (verdict) body.innerHTML = html
  else body.textContent = html
  // Cleared first: the same words twice are news twice.
  feedback.replaceChildren()
  feedback.append(...(word ? [head] : []), body)
}

/** @param {HTMLFormElement} form @param {Goal[]} goals */
function markGoals(form, goals) {
  const items = form.querySelectorAll('.goals > li')
  goals.forEach((goal, i) => {
    const item = items[i]
    if (!item) return
    item.classList.toggle('met', goal.ok)
    item.querySelector('use')?.setAttribute('href', `${document.documentElement.dataset.static}icons.svg#${goal.ok ? 'met' : 'circle'}`)
    const word = item.querySelector('.word')
    if (word) word.textContent = goal.ok ? t('lesson.reached') : goal.detail ? t('lesson.missed.why', { why: goal.detail }) : t('lesson.missed')
  })
}

/** Plays in the simulator what a prediction was about. @param {HTMLFormElement} form */
async function watch(form) {
  const sim = simulator(form.dataset.of)
  if (!sim) return
  sim.time = Number(form.dataset.at)
  show(sim)
  for (const line of (form.dataset.do ?? '').split('\n').filter(Boolean)) await sim.do(line)
  sim.play()
}
