// The page of the flood: what the server has played, shown at an instant. Nothing moves before the reader starts it.
import { milestones, sampleAt } from './flood/story.js'
import { more, ms, t, time } from './sim/sentence.js'

/** @import { Run } from './flood/story.js' */

await more()

const base = document.documentElement.dataset.base ?? '/'
const calm = matchMedia('(prefers-reduced-motion: reduce)')
/** @template {Element} T @param {string} id @returns {T} */
const $ = (id) => /** @type {T} */ (/** @type {unknown} */ (document.getElementById(id)))
const form = /** @type {HTMLFormElement} */ ($('flood')), rate = /** @type {HTMLInputElement} */ ($('rate')), at = /** @type {HTMLInputElement} */ ($('flood-at'))
const start = $('flood-start'), story = $('story'), said = $('flood-said')

/** @type {{ off: Run, on: Run } | null} */
let runs = null
let now = 0, playing = 0, last = 0, told = -1, asked = 0

const run = () => runs?.[/** @type {RadioNodeList} */ (form.elements.namedItem('cookies')).value === 'on' ? 'on' : 'off'] ?? null

/** Lets the server play the flood as it is set. */
async function load() {
  const mine = ++asked
  const query = new URLSearchParams({ rate: rate.value, backlog: /** @type {HTMLSelectElement} */ ($('backlog')).value })
  try {
    const answer = await fetch(`${base}api/flood?${query}`)
    const body = await answer.json()
    if (mine !== asked) return
    if (!answer.ok) throw new Error(body.message)
    runs = body
  } catch (err) {
    if (mine === asked) said.textContent = t('flood.no-answer')
    if (mine === asked) said.classList.remove('vh')
    return
  }
  said.classList.add('vh')
  compare()
  open()
}

/** Shows another run, from its start. */
function open() {
  const r = run()
  if (!r) return
  pause()
  now = 0
  told = -1
  $('queue-path').setAttribute('d', r.path)
  $('queue-room').textContent = String(r.room)
  $('slots').replaceChildren(...Array.from({ length: r.room }, () => document.createElement('i')))
  const [, , wide, high] = ($('queue-path').closest('svg')?.getAttribute('viewBox') ?? '').split(' ').map(Number)
  /** @param {number} when @param {string} cls */
  const line = (when, cls) => {
    const p = document.createElementNS('http://www.w3.org/2000/svg', 'path'), x = (when / r.length) * (wide ?? 0)
    p.setAttribute('class', cls)
    p.setAttribute('d', `M${x} 0V${high}`)
    return p
  }
  $('honest').replaceChildren(...r.client.syns.map((s) => line(s, 'try')), ...(r.client.connected ? [line(r.client.connected, 'in')] : []))
  story.replaceChildren(...milestones(r).map((m) => {
    const li = document.createElement('li'), when = document.createElement('time'), what = document.createElement('span')
    li.className = m.bad ? 'bad' : ''
    when.textContent = time(m.at)
    what.textContent = t(`flood.${m.what}`, m.args)
    li.append(when, what)
    return li
  }))
  draw()
}

/** Shows the instant. */
function draw() {
  const r = run()
  if (!r) return
  const s = sampleAt(r, now), list = milestones(r), i = list.findLastIndex((m) => m.at <= now)
  $('queue-now').textContent = String(s.queue)
  $('n-syns').textContent = String(s.syns)
  $('n-dropped').textContent = String(s.dropped)
  $('n-cookies').textContent = String(s.cookies)
  ;[...$('slots').children].forEach((slot, n) => slot.classList.toggle('full', n < s.queue))
  const [, , wide, high] = ($('queue-path').closest('svg')?.getAttribute('viewBox') ?? '').split(' ').map(Number)
  $('playhead').setAttribute('d', `M${(now / r.length) * (wide ?? 0)} 0V${high}`)
  at.value = String(now)
  $('at-now').textContent = `${t('time.ms', { n: ms(Math.floor(now)) })}`
  at.setAttribute('aria-valuetext', t('flood.at', { t: time(Math.floor(now)), n: s.queue, of: r.room }))
  ;[...story.children].forEach((li, n) => {
    li.classList.toggle('been', n < i)
    li.classList.toggle('now', n === i)
  })
  if (i !== told && playing) said.textContent = i < 0 ? '' : t(`flood.${list[i]?.what}`, list[i]?.args)
  told = i
}

/** @param {number} frame */
function tick(frame) {
  const r = run()
  if (!playing || !r) return
  // With reduced motion it goes on in steps of a second.
  const pace = calm.matches ? 1000 : 0
  if (!last) last = frame
  if (frame - last >= pace) {
    now = Math.min(r.length, now + Math.min(frame - last, pace || 200) * 1000)
    last = frame
    draw()
  }
  if (now >= r.length) return pause()
  playing = requestAnimationFrame(tick)
}

function pause() {
  cancelAnimationFrame(playing)
  playing = 0
  start.textContent = t(now > 0 && now < (run()?.length ?? 0) ? 'flood.go-on' : 'flood.start')
}

/** Both ways beside each other, and the cookie of the one with cookies. */
function compare() {
  if (!runs) return
  for (const [key, r] of Object.entries(runs)) {
    for (const cell of document.querySelectorAll(`[data-${key}]`)) cell.textContent = r.outcome[/** @type {HTMLElement} */ (cell).dataset[key] ?? ''] ?? ''
  }
  const parts = runs.on.parts
  $('no-cookie').toggleAttribute('hidden', !!parts)
  document.getElementById('opened')?.toggleAttribute('hidden', !parts)
  if (parts) for (const cell of document.querySelectorAll('#opened [data-part]')) cell.textContent = parts[/** @type {HTMLElement} */ (cell).dataset.part ?? ''] ?? ''
}

form.addEventListener('submit', (event) => {
  event.preventDefault()
  const r = run()
  if (playing || !r) return pause()
  if (now >= r.length) now = 0
  last = 0
  start.textContent = t('flood.pause')
  playing = requestAnimationFrame(tick)
})
form.addEventListener('change', (event) => {
  if (/** @type {HTMLInputElement} */ (event.target).name === 'cookies') open()
  else void load()
})
rate.addEventListener('input', () => {
  $('rate-now').textContent = t('flood.rate', { n: Number(rate.value) })
})
at.addEventListener('input', () => {
  now = Number(at.value)
  pause()
  draw()
})
void load()
