// What was tried, on its way to the lab. Each attempt lies in this browser, under a key of its own so that no tab undoes what another one
// writes, until the lab says that it has it; sent twice it counts once. Nothing is sent before the reader has joined a class or asked the lab
// to keep their progress: the server says so by a cookie. What comes back is how far they are on all their devices.
import { paintProgress, readProgress } from './progress.js'
import { adopt } from './styles.js'

/** @typedef {{ id: string, class?: string, lesson: string, block: string, kind: string, at: number }} Attempt */
/** @typedef {{ results: { id: string, kept: boolean, code?: string }[] }} Answer */
/** @typedef {{ lesson: string, of: number, solved: string[], points?: Record<string, number> }} LessonNow */

const base = document.documentElement.dataset.base ?? '/'
export const PREFIX = 'lab.attempt.'
/** What one request holds, and what a browser keeps while it cannot send. */
const BATCH = 40, BYTES = 50_000, MOST = 400
/** The shortest and the longest time until it is tried again, in ms. */
const FIRST = 1000, LAST = 5 * 60_000

/** What cannot be stored stays here until the page goes. @type {Map<string, string>} */
const memory = new Map()
let failures = 0, busy = false, small = false
/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer

const cookie = (/** @type {string} */ name) => new RegExp(`(?:^|; )${name}=([\\w-]+)`).exec(document.cookie)?.[1]

/** All that waits, the oldest first. @returns {[string, string][]} key and text */
export function waiting() {
  /** @type {[string, string][]} */
  const all = [...memory]
  try {
    for (let i = 0; i < localStorage.length; i++) {
      const key = localStorage.key(i) ?? ''
      if (key.startsWith(PREFIX)) all.push([key, localStorage.getItem(key) ?? ''])
    }
  } catch {
    // then there are only those in memory
  }
  return all.sort(([a], [b]) => (a < b ? -1 : 1))
}

/** @param {string} key */
function forget(key) {
  memory.delete(key)
  try {
    localStorage.removeItem(key)
  } catch {
    // it was not there
  }
}

function newID() {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  return btoa(String.fromCharCode(...bytes)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}

/** Keeps an attempt, and sends it when it may be sent. @param {{ lesson: string, block: string, kind: string, [more: string]: unknown }} what */
export function note(what) {
  if (what.lesson.startsWith('draft/')) return
  const at = Date.now(), id = newID(), inClass = cookie('lab_class')
  const text = JSON.stringify({ ...what, id, ...(inClass ? { class: inClass } : {}), at })
  if (text.length > BYTES) return // nobody does that much by hand
  const key = `${PREFIX}${at.toString(36).padStart(9, '0')}.${id}`
  try {
    localStorage.setItem(key, text)
  } catch {
    memory.set(key, text)
  }
  for (const [old] of waiting().slice(0, -MOST)) forget(old)
  void flush()
}

/** The next attempts that fit into one request. */
function batch() {
  /** @type {[string, Attempt][]} */
  const list = []
  let size = 0
  for (const [key, text] of waiting()) {
    /** @type {Attempt | null} */
    let attempt = null
    try {
      attempt = JSON.parse(text)
    } catch {
      // somebody else has written there
    }
    if (!attempt?.id || !attempt.lesson) {
      forget(key)
      continue
    }
    size += new Blob([text]).size + 1
    if (list.length && (size > BYTES || list.length >= (small ? 1 : BATCH))) break
    list.push([key, attempt])
  }
  return list
}

/** Sends all that waits. One tab does it for all. */
export async function flush() {
  if (busy || !cookie('lab_kept')) return
  clearTimeout(timer)
  busy = true
  try {
    if (navigator.locks) await navigator.locks.request('lab.attempts', { ifAvailable: true }, (lock) => (lock ? work() : again(FIRST)))
    else await work()
  } finally {
    busy = false
  }
}

/** @param {number} wait */
function again(wait) {
  clearTimeout(timer)
  timer = setTimeout(() => void flush(), wait)
}

async function work() {
  let sent = false
  for (let list = batch(); list.length; list = batch()) {
    const answer = await send(list)
    if (answer === 'stop') return
    if (answer === 'later') {
      failures++
      mark(waiting().length)
      return
    }
    sent = true
  }
  failures = 0
  mark(0)
  if (sent) await merge()
}

/** @param {[string, Attempt][]} list @returns {Promise<'on' | 'later' | 'stop'>} */
async function send(list) {
  // Twice the time after each failure, and never all browsers at once.
  const wait = Math.min(LAST, FIRST * 2 ** failures) * (0.5 + Math.random() / 2)
  try {
    const response = await fetch(`${base}api/attempts`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ attempts: list.map(([, attempt]) => attempt) }),
      keepalive: true,
    })
    if (response.ok) {
      const { results } = /** @type {Answer} */ (await response.json())
      const settled = new Set(results.map((r) => r.id))
      for (const [key, attempt] of list) if (settled.has(attempt.id)) forget(key)
      small = false
      if (settled.size) return 'on'
    } else if (response.status === 401) {
      document.cookie = `lab_kept=; Max-Age=0; Path=${base}`
      return 'stop'
    } else if ([400, 413, 422].includes(response.status)) {
      // One of them is not as it should be: alone it is known, and goes.
      if (list.length === 1 && list[0]) forget(list[0][0])
      small = list.length > 1
      return 'on'
    }
    again(Math.max(wait, 1000 * Number(response.headers.get('Retry-After') ?? 0)))
  } catch {
    again(wait)
  }
  return 'later'
}

/** Says how many attempts the lab does not have, in a corner of the page. @param {number} n */
function mark(n) {
  let place = document.getElementById('unsaved-mark')
  if (!place) {
    if (!n) return
    void adopt('unsaved').catch(() => {}) // then it stands at the end of the page
    place = document.createElement('p')
    place.id = 'unsaved-mark'
    place.setAttribute('role', 'status')
    document.body.append(place)
  }
  const words = document.body.dataset
  const text = n ? (words.unsaved ?? '').replace('{n}', String(n)) : place.classList.contains('away') ? words.saved ?? '' : ''
  place.classList.toggle('away', n > 0)
  if (place.textContent !== text) place.textContent = text
}

/** Takes in how far the reader is elsewhere. Nothing that this browser knows gets less. */
export async function merge() {
  if (!cookie('lab_kept')) return
  try {
    const response = await fetch(`${base}api/progress`)
    if (!response.ok) return
    const { lessons } = /** @type {{ lessons: LessonNow[] }} */ (await response.json())
    const before = readProgress()
    /** @type {typeof before} */
    const all = {}
    for (const { lesson, of, solved, points = {} } of lessons) {
      const here = before[lesson] ?? { solved: [], of: Math.max(of, 1), points: {} }
      const most = { ...points }
      for (const [id, n] of Object.entries(here.points ?? {})) most[id] = Math.max(n, most[id] ?? 0)
      all[lesson] = { solved: [...new Set([...here.solved, ...solved])], of: here.of, points: most }
    }
    // What was read here last stays last: it is where the course goes on.
    const merged = Object.fromEntries([...Object.entries(all).filter(([name]) => !before[name]), ...Object.entries(before).map(([name, p]) => [name, all[name] ?? p])])
    if (JSON.stringify(merged) === JSON.stringify(before)) return
    localStorage.setItem('lab.progress', JSON.stringify(merged))
    paintProgress(merged)
  } catch {
    // it is tried again with the next page
  }
}

addEventListener('online', () => void flush())
addEventListener('storage', (event) => event.key === 'lab.progress' && paintProgress())
// What is still here goes along with the page. It is sent again if nobody says that it has come.
addEventListener('pagehide', () => {
  const list = cookie('lab_kept') ? batch() : []
  if (list.length) navigator.sendBeacon(`${base}api/attempts`, new Blob([JSON.stringify({ attempts: list.map(([, a]) => a) })], { type: 'application/json' }))
})
// One that was going is back from the cache of the browser.
addEventListener('pageshow', (event) => event.persisted && void flush())

void merge()
void flush()
