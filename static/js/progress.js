// What this reader has solved, kept in this browser alone. A lesson is done when all of its exercises are solved.

/** @typedef {{ solved: string[], of: number, points?: Record<string, number> }} LessonProgress points: the most that an exercise has earned */

const key = 'lab.progress'

/** @returns {Record<string, LessonProgress>} */
export function readProgress() {
  try {
    const all = JSON.parse(localStorage.getItem(key) ?? '{}')
    // Foreign data: keep what has the right shape.
    return Object.fromEntries(
      Object.entries(all).filter(([, p]) => Array.isArray(p?.solved) && Number.isInteger(p?.of) && p.of > 0),
    )
  } catch {
    return {}
  }
}

/**
 * Notes that a reader is in a lesson with so many exercises, and which one is solved now.
 * @param {string} lesson
 * @param {string[]} exercises ids of all of them
 * @param {string} [solved]
 * @param {number} [earned] points for it
 */
export function noteProgress(lesson, exercises, solved, earned) {
  if (lesson.startsWith('draft/')) return // somebody is writing it, and tries it
  const all = readProgress()
  const { solved: before = [], points = {} } = all[lesson] ?? {}
  // An exercise that left the lesson counts no more.
  const now = exercises.filter((id) => id === solved || before.includes(id))
  if (solved && earned !== undefined) points[solved] = Math.max(earned, Number(points[solved]) || 0)
  delete all[lesson] // the one that was read last stands last
  all[lesson] = { solved: now, of: exercises.length, points }
  try {
    localStorage.setItem(key, JSON.stringify(all))
  } catch {
    // the marks are for this page only, then
  }
  paintProgress(all)
}

/** What to say, in the page's language: this module is on pages too that have no need of a catalogue. */
const words = document.body.dataset

/** @param {string | undefined} text @param {number} n @param {number} of */
const fill = (text, n, of) => (text ?? '').replace('{n}', String(n)).replace('{of}', String(of))

/** Marks every place that names a lesson (data-progress) with how far the reader is. */
export function paintProgress(all = readProgress()) {
  for (const place of document.querySelectorAll('[data-progress]')) {
    if (!(place instanceof HTMLElement)) continue
    const p = all[place.dataset.progress ?? '']
    const solved = p?.solved.length ?? 0
    const done = p !== undefined && solved >= p.of
    place.classList.toggle('done', done)
    place.style.setProperty('--part', p ? `${(100 * solved) / p.of}%` : '0%')
    const word = place.querySelector('.progress-word')
    if (word) word.textContent = done ? words.done ?? '' : solved > 0 && p ? fill(words.part, solved, p.of) : ''
  }
  const strip = document.querySelector('ol.progress')
  if (strip) {
    const done = strip.querySelectorAll('.done').length
    strip.setAttribute('aria-label', fill(words.whole, done, strip.children.length))
  }
}
