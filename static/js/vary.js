// Runs and questions whose numbers differ from learner to learner: this browser draws its own, once, and asks the lab for them.
import { lesson } from './lesson.js'
import { more, t } from './sim/sentence.js'

/** @typedef {{ question?: string, choices?: { Value: string, HTML: string }[], do?: string[], scenario: string }} Variant */

const key = 'lab.seed'

function seed() {
  try {
    const kept = localStorage.getItem(key)
    if (kept) return kept
    const drawn = crypto.getRandomValues(new Uint32Array(1))[0]?.toString(36) ?? ''
    localStorage.setItem(key, drawn)
    return drawn
  } catch {
    return '' // everybody's numbers, then
  }
}

/** FNV-1a. @param {string} text */
function hash(text) {
  let h = 0x811c9dc5
  for (const c of new TextEncoder().encode(text)) h = Math.imul(h ^ c, 0x01000193) >>> 0
  return h
}

const mine = seed()

/**
 * This learner's variant: a simulator and the questions about it have the same one. Number 0 is what the page has already.
 * @param {string} url @param {string} sim @returns {Promise<{ n: number, v?: Variant }>}
 */
async function drawn(url, sim) {
  try {
    const answer = mine && await fetch(url)
    if (!answer || !answer.ok) return { n: 0 }
    const variants = /** @type {Variant[]} */ (await answer.json())
    const n = (hash(`${mine} ${lesson} ${sim}`) >>> 4) % (variants.length + 1)
    return { n, v: variants[n - 1] }
  } catch {
    return { n: 0 }
  }
}

/** @param {HTMLElement & { source: string, wake(): unknown }} sim */
async function varySim(sim) {
  const { dataset } = sim
  const [{ n, v }] = await Promise.all([drawn(dataset.variants ?? '', dataset.block ?? ''), customElements.whenDefined('tcp-sim')])
  const text = sim.querySelector('.written')
  if (text && v) text.textContent = v.scenario
  sim.source = text?.textContent ?? ''
  for (const form of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll(`form[data-kind=challenge][data-of="${dataset.block}"]`))) form.dataset.variant = String(n)
  void sim.wake()
}

/** @param {HTMLFormElement} form */
async function varyForm(form) {
  const { n, v } = await drawn(form.dataset.variants ?? '', form.dataset.of ?? '')
  if (!v?.question || new FormData(form).get('answer')) return // who has begun to answer keeps the question
  const question = form.querySelector('.question > div')
  if (question) question.innerHTML = v.question
  form.querySelectorAll('.options label').forEach((label, i) => {
    const input = label.querySelector('input'), text = label.querySelector('span'), choice = v.choices?.[i]
    if (!input || !text || !choice) return
    input.value = choice.Value
    text.innerHTML = choice.HTML
  })
  form.dataset.variant = String(n)
  form.dataset.do = (v.do ?? []).join('\n')
  // Unless the simulator on the page varies too, it has other numbers, and what happens is shown elsewhere.
  if (document.querySelector(`tcp-sim[data-variants][data-block="${form.dataset.of}"]`)) return
  form.dataset.scenario = v.scenario
  await more()
  const note = document.createElement('p')
  note.className = 'kind'
  note.textContent = t('lesson.own-numbers')
  question?.after(note)
}

for (const place of document.querySelectorAll('[data-variants]')) {
  if (place instanceof HTMLFormElement) void varyForm(place)
  else void varySim(/** @type {any} */ (place))
}
