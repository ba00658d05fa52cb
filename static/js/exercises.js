// Answers to exercises: they are checked by the server, and what it says is shown beside the question.
import { exercises, lesson, show, simulator } from './lesson.js'
import { noteProgress } from './progress.js'
import { more, t } from './sim/sentence.js'

await more()

/** @typedef {{ text: string, ok: boolean, detail?: string }} Goal */
/** @typedef {{ ok: boolean, feedback?: string, code?: string, goals?: Goal[], steps?: number }} Verdict */

const base = document.documentElement.dataset.base ?? '/'

/** @type {Record<string, (form: HTMLFormElement) => object | string | Promise<object | string>>} what is asked of the server, or what is missing */
const asks = {
  predict(form) {
    const answer = String(new FormData(form).get('answer') ?? '').trim()
    return answer ? { answer } : t('lesson.answer')
  },
  quiz(form) {
    const answer = new FormData(form).getAll('answer').map(Number)
    return answer.length ? { answer } : t('lesson.choose')
  },
  async challenge(form) {
    const sim = simulator(form.dataset.of)
    await sim?.wake()
    return sim ? { commands: sim.commands } : t('lesson.no-sim')
  },
}

/** @param {HTMLFormElement} form */
export async function check(form) {
  const feedback = /** @type {HTMLElement} */ (form.querySelector('.feedback'))
  const { kind = '', block = '' } = form.dataset
  const ask = await asks[kind]?.(form) ?? t('lesson.unknown')
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
export async function watch(form) {
  const sim = simulator(form.dataset.of)
  if (!sim) return
  sim.time = Number(form.dataset.at)
  show(sim)
  for (const line of (form.dataset.do ?? '').split('\n').filter(Boolean)) await sim.do(line)
  sim.play()
}
