// What every page has: the theme's menu, the dialog with the keys, the marks of progress.
import { paintProgress } from './progress.js'

const root = document.documentElement

const menu = /** @type {HTMLFormElement | null} */ (document.getElementById('theme'))
if (menu) {
  const choice = /** @type {RadioNodeList} */ (menu.elements.namedItem('theme'))
  choice.value = root.dataset.theme ?? 'auto'
  menu.addEventListener('change', () => {
    if (choice.value === 'auto') delete root.dataset.theme
    else root.dataset.theme = choice.value
    try {
      if (choice.value === 'auto') localStorage.removeItem('lab.theme')
      else localStorage.setItem('lab.theme', choice.value)
    } catch {
      // not stored, then: it holds for this page
    }
  })
  // Enter in a radio group would submit the form and load the page again; here it means "done".
  menu.addEventListener('submit', (event) => {
    event.preventDefault()
    menu.hidePopover()
  })
  // An open menu starts at the choice, as a select would.
  menu.addEventListener('toggle', (event) => {
    if (/** @type {ToggleEvent} */ (event).newState !== 'open') return
    /** @type {HTMLInputElement | null} */ (menu.querySelector(':checked'))?.focus()
  })
}

document.addEventListener('click', (event) => {
  const target = /** @type {Element} */ (event.target)
  const opener = target.closest('[data-opens]')
  if (opener instanceof HTMLElement) openDialog(opener.dataset.opens ?? '')
  const dialog = target.closest('dialog')
  // A click on the backdrop is a click on the dialog itself, outside of its box.
  if (dialog && (target.closest('[data-closes]') || (target === dialog && outside(dialog, event)))) dialog.close()
})

/** The keys of a page with a simulator are explained by the simulator, with its settings. @param {string} id */
function openDialog(id) {
  const sim = /** @type {(HTMLElement & { showHelp?: () => void }) | null} */ (document.querySelector('tcp-sim:has(.simbody)'))
  if (id === 'keys' && sim?.showHelp) return sim.showHelp()
  const dialog = document.getElementById(id)
  if (dialog instanceof HTMLDialogElement && !dialog.open) dialog.showModal()
}

/** @param {HTMLDialogElement} dialog @param {MouseEvent} event */
function outside(dialog, event) {
  const box = dialog.getBoundingClientRect()
  return event.clientX < box.left || event.clientX > box.right || event.clientY < box.top || event.clientY > box.bottom
}

paintProgress()
