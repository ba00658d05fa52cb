// The search while one types: on its own page, and in a dialog on every other. Both show what the server found; this module
// takes the list out of the page that the server makes of it.

import { adopt } from './styles.js'

const base = document.documentElement.dataset.base ?? '/'
const wait = 150 // ms behind the last key

/** The search page for a query. @param {string} q @param {AbortSignal} [signal] */
async function ask(q, signal) {
  const answer = await fetch(`${base}search?q=${encodeURIComponent(q)}`, { signal })
  if (!answer.ok) throw new Error(`search: ${answer.status}`)
  return new DOMParser().parseFromString(await answer.text(), 'text/html')
}

/**
 * Shows results below a form while one types in it.
 * @param {HTMLFormElement} form @param {HTMLElement} found @param {(q: string) => void} [then]
 */
export function live(form, found, then) {
  const input = /** @type {HTMLInputElement} */ (form.elements.namedItem('q'))
  // The number of results is told by a region that is there before it has something to say.
  const news = document.createElement('p')
  news.className = 'vh'
  news.setAttribute('role', 'status')
  form.append(news)
  let asked = input.value.trim()
  let timer = 0
  /** @type {AbortController | null} */
  let running = null

  async function show() {
    const q = input.value.trim()
    if (q === asked) return
    asked = q
    running?.abort()
    running = new AbortController()
    try {
      const page = await ask(q, running.signal)
      const next = page.getElementById('found')
      if (!next || q !== asked) return
      const status = next.querySelector('[role="status"]')
      status?.removeAttribute('role')
      found.replaceChildren(...next.childNodes)
      news.textContent = status?.textContent ?? ''
      then?.(q)
    } catch (err) {
      // the last results stay; Enter loads the page, which says what is the matter
      if (!(err instanceof DOMException)) asked = ''
    }
  }
  input.addEventListener('input', () => {
    clearTimeout(timer)
    timer = setTimeout(show, wait)
  })
  // Up and down walk through the results, and back into the field.
  form.parentElement?.addEventListener('keydown', (event) => {
    if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return
    const stops = /** @type {HTMLElement[]} */ ([input, ...found.querySelectorAll('a')])
    const at = stops.indexOf(/** @type {HTMLElement} */ (document.activeElement))
    const next = stops[at + (event.key === 'ArrowDown' ? 1 : -1)]
    if (at < 0 || !next) return
    event.preventDefault()
    next.focus()
  })
  return input
}

const own = /** @type {HTMLFormElement | null} */ (document.querySelector('main form.search'))
const field = own && live(own, /** @type {HTMLElement} */ (document.getElementById('found')), (q) => {
  history.replaceState(history.state, '', `?q=${encodeURIComponent(q)}`)
})

/** Puts the focus into the search field: that of the page, or one in a dialog. */
export async function open() {
  if (field) {
    field.focus()
    field.select()
    return
  }
  const before = /** @type {HTMLDialogElement | null} */ (document.getElementById('finder'))
  const dialog = before ?? await build()
  if (!dialog.open) dialog.showModal()
  const input = dialog.querySelector('input')
  input?.focus()
  input?.select()
}

/** The words of the dialog are those of the search page. */
async function build() {
  const [page] = await Promise.all([ask(''), adopt('beside')])
  const form = /** @type {HTMLFormElement} */ (page.querySelector('form.search'))
  const found = /** @type {HTMLElement} */ (page.getElementById('found'))
  const dialog = document.createElement('dialog')
  dialog.id = 'finder'
  dialog.className = 'finder'
  dialog.setAttribute('aria-labelledby', 'finder-title')
  const head = document.createElement('header')
  const title = document.createElement('h2')
  title.id = 'finder-title'
  title.textContent = page.querySelector('h1')?.textContent ?? ''
  head.append(title, .../** @type {Node[]} */ ([document.querySelector('#keys [data-closes]')?.cloneNode(true)].filter(Boolean)))
  dialog.append(head, document.adoptNode(form), document.adoptNode(found))
  document.body.append(dialog)
  // In a search field Escape would empty it first.
  form.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape') return
    event.preventDefault()
    dialog.close()
  })
  live(form, found)
  return dialog
}
