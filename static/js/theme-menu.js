// The theme's menu, from when it is first opened.
const root = document.documentElement
const menu = /** @type {HTMLFormElement} */ (document.getElementById('theme'))
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
const begin = () => menu.matches(':popover-open') && /** @type {HTMLInputElement | null} */ (menu.querySelector(':checked'))?.focus()
menu.addEventListener('toggle', begin)
begin()
