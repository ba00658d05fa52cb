// Answers to exercises: they are checked by the server, and what it says is shown beside the question.
import { exercises, lesson, show, simulator } from './lesson.js'
import { Refused, post } from './post.js'
import { noteProgress } from './progress.js'
import { more, t } from './sim/sentence.js'

await more()

/** The language of the lesson's text. */
const lang = document.getElementById('main')?.dataset.text

/** @typedef {{ text: string, ok: boolean, detail?: string }} Goal */
/** @typedef {{ ok: boolean, feedback?: string, code?: string, goals?: Goal[], steps?: number, par?: number, points?: number, places?: number }} Verdict */

/** What a challenge that is solved in as few steps as it takes is worth. */
const POINTS = 10

/** @param {HTMLFormElement} form */
function typed(form) {
  const answer = String(new FormData(form).get('answer') ?? '').trim()
  return answer ? { answer } : t('lesson.answer')
}

/** @type {Record<string, (form: HTMLFormElement) => object | string | Promise<object | string>>} what is asked of the server, or what is missing */
const asks = {
  predict: (form) => {
    const answer = typed(form)
    return typeof answer === 'string' ? answer : { ...answer, variant: Number(form.dataset.variant ?? 0) }
  },
  async quiz(form) {
    switch (form.dataset.quiz) {
      case 'text':
      case 'number':
      case 'field':
        return typed(form)
      case 'order': {
        const { orderOf } = await import('./order.js')
        return { answer: orderOf(/** @type {HTMLElement} */ (form.querySelector('ol.order'))) }
      }
    }
    const answer = new FormData(form).getAll('answer').map(Number)
    return answer.length ? { answer } : t('lesson.choose')
  },
  async ticket(form) {
    const { asked } = await import('./ticket.js')
    return asked(form)
  },
  async challenge(form) {
    const sim = simulator(form.dataset.of)
    await sim?.wake()
    return sim ? { commands: sim.commands, variant: Number(form.dataset.variant ?? 0) } : t('lesson.no-sim')
  },
}

/** @param {HTMLFormElement} form */
export async function check(form) {
  const feedback = /** @type {HTMLElement} */ (form.querySelector('.feedback'))
  const { kind = '', block = '' } = form.dataset
  const button = /** @type {HTMLButtonElement} */ (form.querySelector('button[type=submit]'))
  if (button.getAttribute('aria-disabled') === 'true') return
  button.setAttribute('aria-disabled', 'true')
  try {
    const ask = await (asks[kind]?.(form) ?? t('lesson.unknown'))
    if (typeof ask === 'string') {
      say(feedback, '', ask)
      return
    }
    const verdict = /** @type {Verdict} */ (await post('check', { lesson, lang, block, kind, ...ask }))
    if (verdict.code !== 'unreadable') void import('./attempts.js').then(({ note }) => note({ lesson, lang, block, kind, ...ask }), () => {})
    form.classList.toggle('solved', verdict.ok)
    if (verdict.goals) markGoals(form, verdict.goals)
    say(feedback, t(verdict.ok ? 'lesson.right' : verdict.code === 'partly' ? 'lesson.partly' : 'lesson.wrong'), verdict.feedback ?? '', verdict)
    if (kind === 'challenge' && verdict.ok) feedback.append(score(verdict))
    if (form.dataset.quiz === 'order') markPlaces(form, verdict, feedback)
    if (form.dataset.at) form.querySelector('.watch')?.removeAttribute('hidden')
    form.dispatchEvent(new CustomEvent('verdict', { detail: verdict }))
    if (verdict.ok && kind !== 'ticket') noteProgress(lesson, exercises, block, verdict.points)
  } catch (err) {
    say(feedback, t('lesson.unchecked'), err instanceof Refused ? err.message : t('lesson.no-answer'))
  } finally {
    button.removeAttribute('aria-disabled')
  }
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

/** What a run that solves a challenge is worth, and whether it goes with less. @param {Verdict} verdict */
function score({ points = 0, steps = 0, par = 0 }) {
  const p = document.createElement('p'), b = document.createElement('b')
  p.className = 'result'
  b.textContent = t('lesson.points', { n: points, of: POINTS })
  p.append(b, ' ', steps <= par ? t('lesson.steps.best', { n: steps }) : t('lesson.steps.par', { steps, par }))
  return p
}

/** Of a list in order: so many stand right. @param {HTMLFormElement} form @param {Verdict} verdict @param {HTMLElement} feedback */
function markPlaces(form, { ok, places = 0 }, feedback) {
  form.querySelectorAll('ol.order > li').forEach((item, i) => item.classList.toggle('placed', i < places))
  if (ok || !places) return
  const p = document.createElement('p')
  p.textContent = t('lesson.order.places', { n: places })
  feedback.append(p)
}

/** Plays in the simulator what a prediction was about. @param {HTMLFormElement} form */
export async function watch(form) {
  if (form.dataset.scenario) {
    // The simulator on the page has other numbers.
    const { encode } = await import('./sim/share.js')
    location.href = `${document.documentElement.dataset.base}sandbox#s=${await encode(form.dataset.scenario)}`
    return
  }
  const sim = simulator(form.dataset.of)
  if (!sim) return
  sim.time = Number(form.dataset.at)
  show(sim)
  for (const line of (form.dataset.do ?? '').split('\n').filter(Boolean)) await sim.do(line)
  sim.play()
}
