// Only with -dev: shows a page anew when its lesson was changed, as far as possible where the reader was, and what is wrong with it.

const root = document.documentElement
const base = root.dataset.base ?? '/'
const page = location.pathname.slice(base.length)
const store = `lab.dev.${page}`

// What a simulator draws is not there yet when the page comes back, and is the simulator's own.
const own = (/** @type {Element} */ part) => !part.closest('tcp-sim')

/** What a reader may have filled in, in the order of the page. @param {Element} [part] @returns {HTMLInputElement[]} */
const fields = (part) => [...(part ?? document).querySelectorAll('main input, main textarea, main select')].filter(own).map((field) => /** @type {HTMLInputElement} */ (field))

/** Questions and challenges, by their ids: a change to one of them takes no answer from the others. Tickets keep theirs themselves.
 * @returns {HTMLFormElement[]} */
const questions = () => [...document.querySelectorAll('form[data-kind]')].map((form) => /** @type {HTMLFormElement} */ (form)).filter((form) => form.dataset.kind !== 'ticket')

/** @param {HTMLElement} form @returns {HTMLElement | null} */
const feedback = (form) => form.querySelector('.feedback')

/** @param {HTMLElement} form @returns {HTMLElement[]} what is to be put in order */
const entries = (form) => [...form.querySelectorAll('ol.order > li')].map((entry) => /** @type {HTMLElement} */ (entry))

/**
 * What was done in a simulator, and which branch was shown.
 * @typedef {{ scenario: string, commands: import('./sim/socket.js').Command[], tip: number }} Done
 * @typedef {import('./sim/tcp-sim.js').TcpSim} Simulator
 */

/** @returns {Simulator[]} */
const simulators = () => /** @type {any} */ ([...document.querySelectorAll('main tcp-sim')])

/** @param {Simulator} sim @returns {Done} */
const done = ({ scenario, store: { run, tip } }) => ({ scenario, commands: run?.commands ?? [], tip: tip.value })

/** Does in a simulator what was done before, unless its scenario is another one now. @param {Simulator} sim @param {Done | undefined} was */
async function again(sim, was) {
  if (!was?.commands.length) return
  await sim.wake()
  if (sim.scenario !== was.scenario) return
  for (const command of was.commands) await sim.store.send(command, () => {})
  if (sim.store.frame(was.tip)) sim.store.choose(was.tip)
}

/** Remembers where the reader is, for the page that comes next. */
function remember() {
  sessionStorage.setItem(store, JSON.stringify({
    top: scrollY,
    times: Object.fromEntries(simulators().map((sim) => [sim.id, sim.time])),
    runs: Object.fromEntries(simulators().map((sim) => [sim.id, done(sim)])),
    answers: Object.fromEntries(questions().map((form) => [form.id, {
      fields: fields(form).map((f) => (f.type === 'radio' || f.type === 'checkbox' ? f.checked : f.value)),
      order: entries(form).map((entry) => entry.dataset.entry),
      feedback: feedback(form)?.innerHTML ?? '',
    }])),
    open: [...document.querySelectorAll('main details')].filter(own).map((d) => /** @type {HTMLDetailsElement} */ (d).open),
  }))
}

/** Puts the reader where they were. */
async function recall() {
  const text = sessionStorage.getItem(store)
  if (!text) return
  sessionStorage.removeItem(store)
  const was = JSON.parse(text)
  const folds = [...document.querySelectorAll('main details')].filter(own)
  folds.forEach((d, i) => { /** @type {HTMLDetailsElement} */ (d).open = was.open[i] ?? false })
  const given = questions().filter((form) => was.answers[form.id] && answer(form, was.answers[form.id]))
  scrollTo({ top: was.top, behavior: 'instant' })
  await customElements.whenDefined('tcp-sim')
  for (const sim of simulators()) {
    await sim.updateComplete
    // The engine may be away: then the run is as it was set up.
    await again(sim, was.runs[sim.id]).catch(() => {})
    if (was.times[sim.id] !== undefined) sim.time = was.times[sim.id]
  }
  scrollTo({ top: was.top, behavior: 'instant' })
  // What was said stands there, so that nothing moves; the lesson may say something else now.
  for (const form of given) form.dispatchEvent(new Event('submit', { cancelable: true }))
}

/**
 * Gives the answer to a question that was there before.
 * @param {HTMLFormElement} form @param {{ fields: (string | boolean)[], order: string[], feedback: string }} was
 * @returns {boolean} whether it had been checked, and is the same question still
 */
function answer(form, was) {
  const now = fields(form), list = entries(form)
  if (now.length !== was.fields.length || list.length !== was.order.length) return false
  now.forEach((f, i) => {
    const value = was.fields[i]
    if (typeof value === 'boolean') f.checked = value
    else f.value = value ?? ''
  })
  for (const n of was.order) form.querySelector('ol.order')?.append(...list.filter((entry) => entry.dataset.entry === n))
  const said = feedback(form)
  if (said) said.innerHTML = was.feedback
  return was.feedback !== ''
}

/**
 * @typedef {{ file: string, line: number, col: number, severity: string, code: string, message: string, hint?: string, text: string, carets: string }} Fault
 * @param {Fault[]} faults
 */
function showFaults(faults) {
  document.getElementById('dev-faults')?.remove()
  if (!faults.length) return
  const panel = document.createElement('aside')
  panel.id = 'dev-faults'
  panel.setAttribute('role', 'alert')
  for (const f of faults) {
    const head = document.createElement('p')
    head.className = f.severity
    const code = document.createElement('a')
    code.href = `${base}author/codes#${f.code}`
    code.textContent = f.code
    head.append(`${f.file}:${f.line}:${f.col}: ${f.severity} `, code, `: ${f.message}`)
    panel.append(head)
    if (f.carets || f.hint) {
      const source = document.createElement('pre')
      source.textContent = f.carets ? `${f.text}\n${f.carets} ${f.hint ?? ''}` : f.hint ?? ''
      panel.append(source)
    }
  }
  document.body.append(panel)
}

const sheet = document.createElement('link')
sheet.rel = 'stylesheet'
sheet.href = `${root.dataset.static}css/dev.css`
document.head.append(sheet)

recall()

/** @type {string | null} */
let version = null
const stream = new EventSource(`${base}dev/events?page=${encodeURIComponent(page)}`)
stream.onmessage = (event) => {
  const news = JSON.parse(event.data)
  if (version !== null && version !== news.version) {
    remember()
    location.reload()
    return
  }
  version = news.version
  showFaults(news.faults)
}
