// The sandbox: the scene as a form and as text, which say the same, and the simulator that runs it. A link carries its scenario
// behind the #.
import './sim/tcp-sim.js'
import './scene/scene-form.js'
import { keepBeside } from './beside.js'
import { Marked } from './scene/marked.js'
import { more, t } from './sim/sentence.js'
import { decode } from './sim/share.js'

/** @typedef {import('./sim/tcp-sim.js').TcpSim} Simulator */
/** @import { SceneForm } from './scene/scene-form.js' */
/** @import { Fault } from './scene/marked.js' */

await more()

const base = document.documentElement.dataset.base ?? '/'
const form = /** @type {HTMLFormElement} */ (document.getElementById('scenario-form'))
const text = /** @type {HTMLTextAreaElement} */ (document.getElementById('scenario'))
const faults = /** @type {HTMLElement} */ (document.getElementById('scenario-faults'))
const message = /** @type {HTMLElement} */ (document.getElementById('link-message'))
const changed = /** @type {HTMLElement} */ (document.getElementById('scenario-changed'))
const undo = /** @type {HTMLButtonElement} */ (document.getElementById('scenario-undo'))
const fields = /** @type {SceneForm} */ (document.querySelector('scene-form'))
const sim = /** @type {Simulator | null} */ (document.querySelector('tcp-sim'))
const editor = new Marked(text)

/** What the simulator shows, and what stood here before something else was put in its place. */
let running = text.value, before = ''
fields.text = text.value

// ---- the text and the form are the same thing ----

let reading = 0
text.addEventListener('input', () => {
  // with the next frame: many lines that are put in at once are as many changes
  reading ||= requestAnimationFrame(() => {
    reading = 0
    fields.text = text.value
  })
  edited()
})
fields.addEventListener('scene', (event) => {
  text.value = /** @type {CustomEvent} */ (event).detail.text
  edited()
})

/** @param {string} source */
function put(source) {
  text.value = source
  fields.text = source
  edited()
}

function edited() {
  editor.changed()
  changed.hidden = text.value === running
  clearTimeout(timer)
  timer = setTimeout(look, CALM)
}

// ---- what is wrong is shown while one writes, a moment after the last key ----

const CALM = 350
let timer = 0
/** @type {AbortController | null} */
let asking = null

/** Asks the server what is wrong with the text as it stands, without running it. */
async function look() {
  const source = text.value
  asking?.abort()
  asking = new AbortController()
  try {
    const answer = await fetch(`${base}api/faults`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ scenario: source }), signal: asking.signal })
    if (answer.ok && source === text.value) showFaults((await answer.json()).faults)
  } catch {
    // asked again with the next key; running it says so when the lab does not answer
  }
}

// ---- running ----

form.addEventListener('submit', (event) => {
  event.preventDefault()
  message.replaceChildren()
  // What runs from here on is the text in the form, no longer that of the link.
  history.replaceState(null, '', location.pathname + location.search)
  void run(text.value)
})
text.addEventListener('keydown', (event) => {
  if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return
  event.preventDefault()
  form.requestSubmit()
})

/** Runs a scenario, or says where it is wrong and leaves the simulator as it was. @param {string} source */
async function run(source) {
  clearTimeout(timer)
  asking?.abort()
  const found = await ask(source)
  showFaults(found)
  const first = found.find((f) => f.severity === 'error')
  if (first) return editor.show(first)
  running = source
  changed.hidden = text.value === running
  if (sim) sim.scenario = source
}

/** All that the server finds wrong with a scenario. @param {string} source @returns {Promise<Fault[]>} */
async function ask(source) {
  try {
    const answer = await fetch(`${base}api/run`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ scenario: source }),
    })
    const frames = (await answer.text()).split('\n').filter(Boolean).map((line) => JSON.parse(line))
    const bad = frames.find((f) => f.type === 'error')
    if (!bad) return []
    return bad.faults?.length ? bad.faults : [{ line: bad.line ?? 0, col: bad.col ?? 0, severity: 'error', message: bad.message, hint: bad.hint }]
  } catch {
    return [{ line: 0, col: 0, severity: 'error', message: t('sandbox.no-answer') }]
  }
}

/** What the language of scenarios finds, which it says in English. @param {string} text @param {Fault} f */
function english(text, f) {
  const span = document.createElement('span')
  span.textContent = text
  if (f.line > 0) span.lang = 'en'
  return span
}

/** @param {Fault[]} found */
function showFaults(found) {
  const list = document.createElement('ul')
  for (const f of found) {
    const item = document.createElement('li')
    if (f.line > 0) {
      const place = document.createElement('button')
      place.type = 'button'
      place.className = 'where'
      place.textContent = t('scene.place', { line: f.line, col: f.col })
      place.addEventListener('click', () => editor.show(f))
      item.append(place, ' ')
    }
    item.append(english(f.message, f))
    if (f.hint) {
      const hint = document.createElement('span')
      hint.className = 'what'
      hint.append(t('ui.hint', { hint: '' }), english(f.hint, f))
      item.append(' ', hint)
    }
    list.append(item)
  }
  const words = document.createElement('p')
  words.textContent = t('sandbox.faults', { n: found.length })
  // In English the faults speak for themselves.
  faults.replaceChildren(...(found.length && !/^en\b/.test(document.documentElement.lang) ? [words] : []), ...(found.length ? [list] : []))
  if (found.some((f) => f.severity === 'error')) text.setAttribute('aria-invalid', 'true')
  else text.removeAttribute('aria-invalid')
  editor.mark(found)
  fields.faults = found
}

// ---- scenarios that come from elsewhere ----

/** Opens what the address carries. A link that cannot be read leaves the sandbox as it was and says why. */
async function open() {
  const code = /^#s=(.*)$/s.exec(location.hash)?.[1]
  if (code === undefined) return
  let source
  try {
    source = await decode(code)
  } catch (err) {
    message.className = 'message bad'
    message.textContent = t('share.unreadable', { why: err instanceof Error ? err.message : '' })
    return
  }
  message.className = 'message'
  message.textContent = t('sandbox.link')
  put(source)
  await run(source)
}

addEventListener('hashchange', () => void open())
void open()

const brought = document.getElementById('bring')
if (brought && sim) {
  const { bring } = await import('./capture.js')
  bring({ form: brought, sim, open: (scenario) => {
    put(scenario)
    void run(scenario)
  } })
}

// The simulator's "change the scene" brings the branch that is shown, with all that was done in it, back into the text.
document.addEventListener('sim-scene', (event) => {
  event.preventDefault()
  if (text.value !== '') {
    before = text.value
    undo.hidden = false
  }
  put(/** @type {CustomEvent} */ (event).detail.text)
  running = text.value
  changed.hidden = true
  text.focus()
  text.setSelectionRange(0, 0)
  form.scrollIntoView({ block: 'nearest' })
})
undo.addEventListener('click', () => {
  put(before)
  undo.hidden = true
  text.focus()
})

const box = document.querySelector('.spread > .simbox')
if (box instanceof HTMLElement) keepBeside(box)
