// Only with -dev: shows a page anew when its lesson was changed, as far as possible where the reader was, and what is wrong with it.

const root = document.documentElement
const base = root.dataset.base ?? '/'
const page = location.pathname.slice(base.length)
const store = `lab.dev.${page}`

// What a simulator draws is not there yet when the page comes back, and is the simulator's own.
const own = (/** @type {Element} */ part) => !part.closest('tcp-sim')

/** @returns {HTMLInputElement[]} What a reader may have filled in, in the order of the page. */
const fields = () => [...document.querySelectorAll('main input, main textarea, main select')].filter(own).map((field) => /** @type {HTMLInputElement} */ (field))

/** @returns {(HTMLElement & { time: number, updateComplete?: Promise<unknown> })[]} */
const simulators = () => /** @type {any} */ ([...document.querySelectorAll('main tcp-sim')])

/** Remembers where the reader is, for the page that comes next. */
function remember() {
  sessionStorage.setItem(store, JSON.stringify({
    top: scrollY,
    times: Object.fromEntries(simulators().map((sim) => [sim.id, sim.time])),
    fields: fields().map((f) => (f.type === 'radio' || f.type === 'checkbox' ? f.checked : f.value)),
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
  const now = fields()
  // With other questions the answers of the old ones would be nonsense.
  if (now.length === was.fields.length) {
    now.forEach((f, i) => {
      if (typeof was.fields[i] === 'boolean') f.checked = was.fields[i]
      else if (f.type !== 'file') f.value = was.fields[i]
    })
  }
  scrollTo({ top: was.top, behavior: 'instant' })
  await customElements.whenDefined('tcp-sim')
  for (const sim of simulators()) {
    await sim.updateComplete
    if (was.times[sim.id] !== undefined) sim.time = was.times[sim.id]
  }
  scrollTo({ top: was.top, behavior: 'instant' })
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
