// The button that starts the course leads to where this reader was: to the lesson that was read last, or behind it if that is done.
import { readProgress } from './progress.js'

const link = /** @type {HTMLAnchorElement | null} */ (document.querySelector('a[data-continue]'))
const progress = readProgress()

/** @param {Element} item */
const slug = (item) => /** @type {HTMLElement} */ (item).dataset.progress ?? ''
/** @param {Element} item */
const place = (item) => Number(item.querySelector('.num')?.textContent)
/** @param {Element} item */
const done = (item) => {
  const p = progress[slug(item)]
  return p !== undefined && p.solved.length >= p.of
}

const lessons = [...document.querySelectorAll('.toc [data-progress]')].sort((a, b) => place(a) - place(b))
const last = lessons.findIndex((item) => slug(item) === Object.keys(progress).findLast((name) => lessons.some((l) => slug(l) === name)))
const next = last < 0 ? undefined : [...lessons.slice(last), ...lessons.slice(0, last)].find((item) => !done(item))
const to = /** @type {HTMLAnchorElement | null | undefined} */ (next?.querySelector('h3 a'))
if (link && to) {
  link.href = to.href
  link.textContent = (link.dataset.continue ?? '').replace('{title}', to.textContent?.trim() ?? '')
}
