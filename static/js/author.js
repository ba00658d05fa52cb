// The page for authors: what is written is checked a moment after the last key, and shown as readers will see it. The draft stays
// in this browser; the server keeps a preview in memory and nothing on its disk.
import { block, scenarioBlock } from './author/blocks.js'
import { more, t } from './sim/sentence.js'
import { styles } from './styles.js'

/** @typedef {import('./scene/marked.js').Fault & { file?: string, code: string }} Fault */
/** @typedef {{ value: string, readonly at: number, insert(block: string): void, mark(faults: readonly Fault[]): void, show(fault: Fault): void }} TextEditor */

await more()

const root = document.documentElement
const base = root.dataset.base ?? '/'
/** @template {HTMLElement} T @param {string} id @returns {T} */
const get = (id) => /** @type {T} */ (document.getElementById(id))
const form = /** @type {HTMLFormElement} */ (get('author'))
const area = /** @type {HTMLTextAreaElement} */ (get('author-text'))
const file = /** @type {HTMLInputElement} */ (get('author-file'))
const number = /** @type {HTMLInputElement} */ (form.elements.namedItem('id'))
const submit = /** @type {HTMLButtonElement} */ (form.querySelector('button[type=submit]'))
const status = get('author-status')
const list = get('author-faults')
const stop = get('author-stop')
const undo = get('author-undo')
const message = get('author-message')
const whole = /** @type {HTMLAnchorElement} */ (get('author-whole'))
const frame = /** @type {HTMLIFrameElement} */ (document.querySelector('.see iframe'))

// ---- the draft of this browser ----

/** What was opened from the folder of lessons, if it was. */
let saved = form.dataset.was ?? ''
const KEY = saved ? `lab.author.${file.value}` : 'lab.author'
const given = { file: file.value, text: area.value }
/** @type {{ file: string, text: string } | null} */
let before = null

/** @returns {{ file: string, text: string, was?: string } | null} */
function kept() {
  try {
    const draft = JSON.parse(localStorage.getItem(KEY) ?? 'null')
    return typeof draft?.text === 'string' && typeof draft.file === 'string' ? draft : null
  } catch {
    return null
  }
}

function keep() {
  try {
    if (area.value === given.text && file.value === given.file) localStorage.removeItem(KEY)
    else localStorage.setItem(KEY, JSON.stringify({ file: file.value, text: area.value, was: saved }))
  } catch {
    // full, or not allowed: the text is on the page, and can be downloaded
  }
}

// A page that answers the form has the newer text.
const draft = number.value ? null : kept()
if (draft) {
  area.value = draft.text
  file.value = draft.file
  saved = draft.was ?? saved
  message.textContent = t('author.restored')
}

// ---- the editor ----

/** @returns {Promise<TextEditor>} */
async function open() {
  const on = { changed, check: () => void check(), step }
  try {
    const [{ Editor }, sheet] = await Promise.all([import('./author/editor.js'), styles('editor')])
    return new Editor(area, { ...on, styles: [sheet] })
  } catch {
    const { Plain } = await import('./author/plain.js')
    return new Plain(area, on)
  }
}

// ---- checking ----

const CALM = 400
let timer = 0
/** @type {AbortController | null} */
let asking = null
/** @type {Fault[]} */
let faults = []
let current = -1

function changed() {
  keep()
  clearTimeout(timer)
  timer = setTimeout(check, CALM)
}

/** Asks what is wrong, and shows how it looks. A check that is still running is for an older text, and is given up. */
async function check() {
  clearTimeout(timer)
  asking?.abort()
  const mine = asking = new AbortController()
  const slow = setTimeout(() => {
    stop.hidden = false
    status.textContent = t('author.checking')
  }, 1000)
  try {
    const answer = await fetch(form.dataset.api ?? '', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ id: number.value, file: file.value, text: area.value }),
      signal: mine.signal,
    })
    const said = await answer.json()
    if (mine !== asking) return
    if (!answer.ok) {
      status.textContent = said.message
      return
    }
    number.value = said.id
    showFaults(said.faults)
    showPage(said.page)
  } catch {
    if (mine === asking) status.textContent = t('author.no-answer')
  } finally {
    clearTimeout(slow)
    if (mine === asking) {
      if (!stop.hidden && document.activeElement === stop) submit.focus()
      stop.hidden = true
    }
  }
}

stop.addEventListener('click', () => {
  asking?.abort()
  asking = null
  status.textContent = t('author.stopped')
  submit.focus()
  stop.hidden = true
})

/** @param {Fault[]} found */
function showFaults(found) {
  const own = found.filter((f) => f.file === file.value)
  const was = status.textContent
  faults = own.filter((f) => f.line > 0)
  current = -1
  const word = found.length ? t('author.faults', { n: found.length }) : t('author.clean')
  if (was !== word) status.textContent = word
  list.replaceChildren(...found.map((f) => {
    const item = document.createElement('li'), what = document.createElement('p'), code = document.createElement('code'), meaning = document.createElement('a')
    item.className = f.severity
    if (f.file === file.value && f.line > 0) {
      const where = document.createElement('button')
      where.type = 'button'
      where.className = 'where'
      where.textContent = t('scene.place', { line: f.line, col: f.col })
      where.addEventListener('click', () => go(faults.indexOf(f)))
      what.append(where, ' ')
    } else if (f.file && f.file !== file.value) {
      const where = document.createElement('b')
      where.className = 'where'
      where.textContent = t('author.elsewhere', { file: `${f.file}:${f.line}` })
      what.append(where, ' ')
    }
    const words = document.createElement('span')
    words.lang = 'en'
    code.textContent = f.code
    meaning.href = `${document.documentElement.dataset.base}author/codes#${f.code}`
    meaning.target = '_blank'
    meaning.append(code)
    words.append(`${f.message} `, meaning)
    if (f.hint) {
      const hint = document.createElement('span')
      hint.className = 'what'
      hint.textContent = f.hint
      words.append(' ', hint)
    }
    what.append(words)
    item.append(what)
    return item
  }))
  for (const id of ['author-previous', 'author-next']) get(id).hidden = faults.length === 0
  editor.mark(own)
}

/** @param {number} i */
function go(i) {
  const fault = faults[i]
  if (!fault) return
  current = i
  list.querySelectorAll('li').forEach((item) => item.removeAttribute('aria-current'))
  list.querySelectorAll('button.where')[i]?.closest('li')?.setAttribute('aria-current', 'true')
  editor.show(fault)
}

/** @param {number} by */
function step(by) {
  if (faults.length) go(current < 0 ? (by > 0 ? 0 : faults.length - 1) : (current + by + faults.length) % faults.length)
}
get('author-previous').addEventListener('click', () => step(-1))
get('author-next').addEventListener('click', () => step(1))

// ---- what readers see ----

/** @typedef {HTMLElement & { time: number, updateComplete?: Promise<unknown> }} Simulator */
const simulators = () => /** @type {Simulator[]} */ ([...(frame.contentDocument?.querySelectorAll('tcp-sim') ?? [])])
/** @type {Map<string, number>} */
let times = new Map()

/** @param {string | undefined} path */
function showPage(path) {
  if (!path) {
    message.textContent = t(frame.hidden ? 'author.none' : 'author.old')
    return
  }
  message.textContent = ''
  const address = base + path
  whole.href = address
  whole.hidden = frame.hidden = false
  times = new Map(simulators().map((sim) => [sim.id, sim.time]))
  // A page that is loaded again stays where it was, and keeps what is filled in.
  if (frame.contentDocument && frame.contentWindow?.location.pathname === address) frame.contentWindow.location.reload()
  else frame.src = address
}

frame.addEventListener('load', async () => {
  const page = frame.contentDocument
  // Links to other pages open in a window of their own; those inside of the page need none.
  for (const link of page?.querySelectorAll('a') ?? []) {
    if (link.hash && link.pathname === frame.contentWindow?.location.pathname) link.target = '_self'
  }
  await frame.contentWindow?.customElements.whenDefined('tcp-sim')
  for (const sim of simulators()) {
    await sim.updateComplete
    const time = times.get(sim.id)
    if (time) sim.time = time
  }
})

// ---- what else can be done ----

get('author-put').addEventListener('click', async () => {
  const select = /** @type {HTMLSelectElement} */ (get('author-insert'))
  const [what = '', name = ''] = select.value.split(' ')
  if (what === 'block') {
    editor.insert(block(name, area.value, editor.at))
    return
  }
  try {
    const answer = await fetch(`${base}sandbox/${name}`)
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html')
    const scenario = /** @type {HTMLTextAreaElement | null} */ (page.getElementById('scenario'))
    if (!answer.ok || !scenario) throw new Error(name)
    editor.insert(scenarioBlock(name, select.selectedOptions[0]?.text ?? name, scenario.value, area.value))
  } catch {
    status.textContent = t('author.no-scenario')
  }
})

get('author-download').addEventListener('click', () => {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(new Blob([area.value], { type: 'text/markdown' }))
  link.download = file.value
  link.click()
  // The browser needs the address until it has begun to write.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000)
})

get('author-anew').addEventListener('click', () => {
  before = { file: file.value, text: area.value }
  put(given)
  undo.hidden = false
  undo.focus()
})
undo.addEventListener('click', () => {
  if (before) put(before)
  get('author-anew').focus()
  undo.hidden = true
})

/** @param {{ file: string, text: string }} what */
function put(what) {
  file.value = what.file
  editor.value = what.text
  changed()
}

/** The name under which the text was opened or saved. */
let name = saved ? file.value : ''
document.getElementById('author-save')?.addEventListener('click', async () => {
  const text = area.value, outcome = get('author-saved')
  try {
    const answer = await fetch(form.dataset.save ?? '', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ file: file.value, was: file.value === name ? saved : '', text }),
    })
    const said = await answer.json()
    if (!answer.ok) {
      outcome.textContent = said.message
      return
    }
    saved = said.was
    name = file.value
    given.file = name
    given.text = text
    keep()
    outcome.textContent = t('author.saved', { file: name })
  } catch {
    outcome.textContent = t('author.no-answer')
  }
})

file.addEventListener('input', changed)
form.addEventListener('submit', (event) => {
  event.preventDefault()
  const see = /** @type {HTMLInputElement} */ (get('side-see'))
  see.checked = true
  void check()
})

const editor = await open()
void check()
