// The board of a class, live: a cell changes as soon as somebody has tried something, and the table is fetched anew when there is a new row
// or column.
import { more, t } from './sim/sentence.js'

await more()

const main = /** @type {HTMLElement} */ (document.getElementById('main'))
const table = /** @type {HTMLElement} */ (document.getElementById('table'))
const live = /** @type {HTMLElement} */ (document.getElementById('live'))
const who = /** @type {HTMLInputElement | null} */ (document.getElementById('who'))
const choice = /** @type {HTMLSelectElement | null} */ (document.getElementById('lesson'))

choice?.addEventListener('change', () => choice.form?.requestSubmit())

/** Shows only the rows whose name has what was typed. */
function filter() {
  const part = (who?.value ?? '').trim().toLocaleLowerCase()
  let shown = 0
  for (const row of /** @type {NodeListOf<HTMLTableRowElement>} */ (table.querySelectorAll('tbody tr'))) {
    row.hidden = !(row.dataset.name ?? '').toLocaleLowerCase().includes(part)
    if (!row.hidden) shown++
  }
  return shown
}
who?.addEventListener('input', () => {
  live.textContent = t('record.board.shown', { n: filter() })
})

/** Fetches the table anew; the focus stays where it was. */
async function renew() {
  const response = await fetch(location.href, { headers: { Accept: 'text/html' } })
  if (!response.ok || response.redirected) return
  const page = new DOMParser().parseFromString(await response.text(), 'text/html')
  const fresh = page.getElementById('table')
  if (!fresh || fresh.innerHTML === table.innerHTML) return
  const href = document.activeElement instanceof HTMLAnchorElement && table.contains(document.activeElement) ? document.activeElement.getAttribute('href') : null
  const box = table.querySelector('.scroll'), { scrollLeft: x, scrollTop: y } = box ?? { scrollLeft: 0, scrollTop: 0 }
  table.replaceChildren(...fresh.childNodes)
  table.querySelector('.scroll')?.scrollTo(x, y)
  if (href) /** @type {HTMLElement | null} */ (table.querySelector(`a[href="${CSS.escape(href)}"]`))?.focus({ preventScroll: true })
  filter()
}

let wait = 500, known = true
function follow() {
  const only = main.dataset.only
  const source = new EventSource(`${main.dataset.events}${only ? `?lesson=${encodeURIComponent(only)}` : ''}`)
  const gone = () => {
    source.close()
    setTimeout(follow, wait * (0.5 + Math.random() / 2))
    wait = Math.min(2 * wait, 30_000)
  }
  source.addEventListener('current', () => {
    wait = 500
    if (!known) live.textContent = ''
    known = true
    main.classList.remove('lost')
    void renew()
  })
  source.addEventListener('cell', (event) => {
    const { id, html } = JSON.parse(/** @type {MessageEvent<string>} */ (event).data)
    const cell = document.getElementById(id)
    if (!cell) return
    cell.innerHTML = html
    cell.classList.remove('new')
    void cell.offsetWidth // so that the mark of what is new begins again
    cell.classList.add('new')
  })
  source.addEventListener('table', () => {
    wait = 500
    gone()
  })
  source.addEventListener('error', () => {
    if (known && wait > 1000) live.textContent = t('record.board.lost')
    known = wait <= 1000 && known
    main.classList.toggle('lost', !known)
    gone()
  })
}
follow()
