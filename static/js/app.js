// What every page has: the key of the search, the dialog with the keys, the marks of progress; and what comes when it is wanted: the search,
// the theme's menu, what members of a class see.
import { paintProgress } from './progress.js'

document.getElementById('theme')?.addEventListener('beforetoggle', () => void import('./theme-menu.js'), { once: true })

/** The search comes when somebody wants it; without it the link leads to its page. */
async function search() {
  const link = /** @type {HTMLAnchorElement} */ (document.querySelector('.find'))
  try {
    await (await import('./search.js')).open()
  } catch {
    location.assign(link.href)
  }
}
if (document.querySelector('main .search')) void import('./search.js')
if (document.querySelector('[data-continue]')) void import('./continue.js')
if (document.cookie.includes('lab_kept=')) void import('./attempts.js')
if (document.cookie.includes('lab_class=')) void import('./class/bar.js')

function lettersOff() {
  try {
    return localStorage.getItem('lab.letters') === 'off'
  } catch {
    return false
  }
}

document.addEventListener('keydown', (event) => {
  const target = /** @type {Element} */ (event.target)
  if (event.key !== '/' || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return
  // One-letter keys can be switched off, in the settings of a simulator.
  if (target.closest('input:not([type=radio], [type=checkbox], [type=range]), textarea, select, dialog, [contenteditable]') || lettersOff()) return
  event.preventDefault()
  void search()
})

document.addEventListener('click', (event) => {
  const target = /** @type {Element} */ (event.target)
  if (target.closest('.find') && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
    event.preventDefault()
    void search()
  }
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
