// The sandbox: a scenario in a form, and the simulator that runs it. A link carries its scenario behind the #.
import './sim/tcp-sim.js'
import { keepBeside } from './beside.js'
import { more, t } from './sim/sentence.js'
import { decode } from './sim/share.js'

/** @typedef {HTMLElement & { scenario: string }} Simulator */
/** @typedef {{ line: number, col: number, severity: string, message: string, hint?: string }} Fault */

await more()

const base = document.documentElement.dataset.base ?? '/'
const form = /** @type {HTMLFormElement} */ (document.getElementById('scenario-form'))
const text = /** @type {HTMLTextAreaElement} */ (document.getElementById('scenario'))
const faults = /** @type {HTMLElement} */ (document.getElementById('scenario-faults'))
const message = /** @type {HTMLElement} */ (document.getElementById('link-message'))
const sim = /** @type {Simulator | null} */ (document.querySelector('tcp-sim'))

form.addEventListener('submit', (event) => {
  event.preventDefault()
  message.replaceChildren()
  // What runs from here on is the text in the form, no longer that of the link.
  history.replaceState(null, '', location.pathname + location.search)
  void run(text.value)
})

/** Runs a scenario, or says where it is wrong and leaves the simulator as it was. @param {string} source */
async function run(source) {
  const found = await ask(source)
  showFaults(found)
  if (found.some((f) => f.severity === 'error')) {
    const first = /** @type {Fault} */ (found.find((f) => f.severity === 'error'))
    text.focus()
    selectPlace(first)
    return
  }
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

/** @param {Fault[]} found */
function showFaults(found) {
  const list = document.createElement('ul')
  for (const f of found) {
    const item = document.createElement('li')
    if (f.line > 0) item.append(span('where', t('sandbox.where', { line: f.line, col: f.col })), ' ')
    item.append(f.message)
    if (f.hint) item.append(' ', span('what', t('sandbox.hint', { hint: f.hint })))
    list.append(item)
  }
  faults.replaceChildren(...(found.length ? [list] : []))
  if (found.some((f) => f.severity === 'error')) text.setAttribute('aria-invalid', 'true')
  else text.removeAttribute('aria-invalid')
}

/** @param {string} name @param {string} words */
function span(name, words) {
  const s = document.createElement('span')
  s.className = name
  s.textContent = words
  return s
}

/** Puts the cursor where the fault is. Columns count code points. @param {Fault} fault */
function selectPlace({ line, col }) {
  if (line < 1) return
  const lines = text.value.split('\n')
  const before = lines.slice(0, line - 1).reduce((n, l) => n + l.length + 1, 0)
  const inLine = [...(lines[line - 1] ?? '')].slice(0, Math.max(0, col - 1)).join('').length
  text.setSelectionRange(before + inLine, before + (lines[line - 1] ?? '').length)
}

/** Opens what the address carries. A link that cannot be read leaves the sandbox as it was and says why. */
async function open() {
  const code = /^#s=(.*)$/s.exec(location.hash)?.[1]
  if (code === undefined) return
  try {
    text.value = await decode(code)
  } catch (err) {
    message.className = 'message bad'
    message.textContent = t('share.unreadable', { why: err instanceof Error ? err.message : '' })
    return
  }
  message.className = 'message'
  message.textContent = t('sandbox.link')
  await run(text.value)
}

addEventListener('hashchange', () => void open())
void open()

const box = document.querySelector('.spread > .simbox')
if (box instanceof HTMLElement) keepBeside(box)
