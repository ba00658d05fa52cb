// A list that is put in order: by its buttons, or by dragging an entry.
import { t } from './sim/sentence.js'

/** The entries as they stand, by their numbers on the page. @param {HTMLElement} list */
export const orderOf = (list) => entries(list).map((entry) => Number(entry.dataset.entry))

/** @param {HTMLElement} list */
const entries = (list) => /** @type {HTMLElement[]} */ ([...list.children])

/** @param {HTMLElement} list */
function changed(list) {
  const all = entries(list)
  all.forEach((entry, i) => {
    entry.classList.remove('placed')
    for (const button of entry.querySelectorAll('button')) button.setAttribute('aria-disabled', String(i === (button.dataset.move === '-1' ? 0 : all.length - 1)))
  })
}

/** @param {HTMLElement} list @param {HTMLElement} entry */
function say(list, entry) {
  const all = entries(list)
  const said = list.parentElement?.querySelector('[data-said]')
  if (said) said.textContent = t('lesson.order.moved', { what: (entry.querySelector('.entry')?.textContent ?? '').trim().replace(/\s+/g, ' '), n: all.indexOf(entry) + 1, of: all.length })
}

/** @param {HTMLElement} list */
function live(list) {
  for (const entry of entries(list)) {
    const grip = document.createElement('span')
    grip.className = 'grip'
    entry.prepend(grip)
  }
  changed(list)
  list.addEventListener('click', (event) => {
    const button = /** @type {Element} */ (event.target).closest('button')
    const entry = button?.closest('li')
    if (!button || !entry || button.getAttribute('aria-disabled') === 'true') return
    // The neighbour moves, so that the button keeps the focus.
    if (button.dataset.move === '-1') entry.after(/** @type {Element} */ (entry.previousElementSibling))
    else entry.before(/** @type {Element} */ (entry.nextElementSibling))
    changed(list)
    say(list, entry)
  })
  list.addEventListener('pointerdown', (event) => {
    const from = /** @type {Element} */ (event.target)
    const entry = from.closest('li')
    // A finger scrolls the page, except on the number, by which an entry is taken.
    if (!entry || event.button !== 0 || from.closest('button, a') || (event.pointerType !== 'mouse' && !from.closest('.grip'))) return
    event.preventDefault()
    list.setPointerCapture(event.pointerId)
    entry.classList.add('dragged')
    const before = orderOf(list).join()
    const start = orderOf(list)
    /** @param {PointerEvent} move */
    const drag = (move) => {
      for (const other of entries(list)) {
        if (other === entry) continue
        const box = other.getBoundingClientRect()
        const middle = box.top + box.height / 2
        const follows = Boolean(entry.compareDocumentPosition(other) & Node.DOCUMENT_POSITION_FOLLOWING)
        if (follows && move.clientY > middle) other.after(entry)
        else if (!follows && move.clientY < middle) {
          other.before(entry)
          break
        }
      }
    }
    const stop = new AbortController()
    const end = (/** @type {boolean} */ cancelled) => {
      stop.abort()
      entry.classList.remove('dragged')
      if (cancelled) for (const n of start) list.append(/** @type {Element} */ (list.querySelector(`[data-entry="${n}"]`)))
      if (orderOf(list).join() === before) return
      changed(list)
      say(list, entry)
    }
    list.addEventListener('pointermove', drag, stop)
    list.addEventListener('pointerup', () => end(false), stop)
    list.addEventListener('pointercancel', () => end(true), stop)
    addEventListener('keydown', (key) => key.key === 'Escape' && end(true), stop)
  })
  list.classList.add('live')
}

for (const list of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll('ol.order'))) live(list)
