// Questions whose numbers differ from learner to learner: this browser draws its own, once, and asks the lab for them.
import { lesson } from './lesson.js'

/** @typedef {{ question: string, choices: { Value: string, HTML: string }[] | null, do: string[] | null, scenario: string }} Variant */

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

for (const form of /** @type {NodeListOf<HTMLFormElement>} */ (document.querySelectorAll('form[data-variants]'))) {
  try {
    const answer = mine && await fetch(form.dataset.variants ?? '')
    if (!answer || !answer.ok) continue
    const variants = /** @type {Variant[]} */ (await answer.json())
    // Questions about one simulator have the same numbers.
    const n = (hash(`${mine} ${lesson} ${form.dataset.of}`) >>> 4) % (variants.length + 1)
    const v = variants[n - 1]
    if (!v || new FormData(form).get('answer')) continue // who has begun to answer keeps the question
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
    form.dataset.scenario = v.scenario
  } catch {
    // the question stays as it is on the page
  }
}
