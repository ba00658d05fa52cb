// What the pages of a class have in common: saying things aloud, the link to the lab, answers as bars.
import { html, nothing, render } from '../../vendor/lit.js'
import { effect } from '../../vendor/signals.js'
import { Announcer } from '../sim/announce.js'
import { SLOW } from '../room.js'
import { learn, t } from '../sim/sentence.js'
import { backoff } from '../sim/socket.js'

/** @import { Bar, Question } from '../protocol.js' */
/** @import { Room } from '../room.js' */

export const base = document.documentElement.dataset.base ?? '/'

/** @template {HTMLElement} T @param {string} id @returns {T} */
export const get = (id) => /** @type {T} */ (document.getElementById(id))

/** Says things politely. It is asked for only on pages that have the places. */
export const announcer = () => new Announcer([get('room-said'), get('room-said-too')])

/** What the lab has to say about a request that it refuses. */
export class Refused extends Error {
  /** @param {string} code @param {string} message */
  constructor(code, message) {
    super(message)
    this.code = code
  }
}

/** How long something is sent again while the lab or its store does not answer: longer than three servers need to choose a new leader. */
const PATIENCE = 30_000

/**
 * Sends something to an address of the lab.
 * @param {string} url @param {object} body
 * @param {(waits: boolean) => void} [wait] who wants it sent again until the lab has done it, which it does once however often it comes, is told that it takes long
 * @returns {Promise<any>} rejects with a Refused
 */
export async function send(url, body, wait) {
  const started = Date.now(), slow = wait && setTimeout(wait, SLOW, true)
  try {
    for (let tries = 0; ; tries++) {
      try {
        return await sendOnce(url, body)
      } catch (error) {
        if (!wait || !(error instanceof Refused) || !['offline', 'not_saved'].includes(error.code) || Date.now() - started > PATIENCE) throw error
      }
      await new Promise((turn) => setTimeout(turn, backoff(Math.min(tries, 1), Math.random)))
    }
  } finally {
    clearTimeout(slow)
    wait?.(false)
  }
}

/** @param {string} url @param {object} body @returns {Promise<any>} */
async function sendOnce(url, body) {
  const offline = () => new Refused('offline', t('class.fault.offline'))
  let answer
  try {
    answer = await fetch(url, { method: 'POST', headers: { 'Content-Type': 'application/json', Accept: 'application/json' }, body: JSON.stringify(body) })
  } catch {
    throw offline()
  }
  if (answer.status === 204) return null
  const said = await answer.json().catch(() => null)
  if (!answer.ok && !said && answer.status >= 502) throw offline() // a proxy says so
  if (!answer.ok) throw new Refused(said?.code ?? '', said?.message ?? t('lesson.status', { n: answer.status }))
  return said
}

/** What is done to segments by hand is not told as what the reader did: in a class it was perhaps somebody else. */
export function impersonal() {
  const keys = ['ui.log.you', 'event.forged', 'event.edited', 'event.delayed', 'event.delayed.rule', 'event.held', 'event.released', 'event.duplicated', 'event.duplicated.rule', 'event.lost.drop', 'event.lost.rule']
  learn(Object.fromEntries(keys.map((key) => [key, t(`class.${key}`)])))
}

/** Shows whether the page hears of the class. @param {Room} room @param {(lost: boolean) => void} changed when the connection was lost or is back */
export function showLink(room, changed) {
  const place = get('room-link')
  if (!place) return
  let was = ''
  effect(() => {
    const state = room.link.state.value, inside = room.state.value !== null
    const lost = state === 'retry' || state === 'down' || state === 'http'
    place.hidden = room.state.value?.ended === true
    place.className = `room-link ${lost ? 'lost' : inside ? 'open' : ''}`
    place.textContent = t(lost ? 'ui.offline' : inside ? 'class.live' : 'class.connecting')
    if (lost !== (was === 'lost') && was) changed(lost)
    was = lost ? 'lost' : inside ? 'open' : was
  })
}

/** Shows a room no longer, but why, and the way back. @param {string} why @param {string} to @param {string} back */
export function leaveRoom(why, to, back) {
  const main = get('main'), has = main.contains(document.activeElement), place = document.createElement('div')
  place.className = 'left-room'
  render(html`<p>${why}</p><p><a class="button solid" href=${to}>${back}</a></p>`, place)
  for (const part of [...main.children]) if (part.tagName !== 'HEADER' && part.getAttribute('aria-live') !== 'polite') part.remove()
  main.querySelector('header')?.after(place)
  for (const part of main.querySelectorAll('header > :not(:first-child)')) part.remove()
  if (has) main.focus()
}

/** How many gave which answer. @param {readonly Bar[]} bars @param {string} [mine] */
export function histogram(bars, mine) {
  const most = Math.max(1, ...bars.map((b) => b.count))
  return html`<ul class="bars" aria-label=${t('class.histogram')}>${bars.map((b) => html`<li class=${b.right ? 'right' : ''}>
    <span class="value">${b.value || t('class.histogram.others')}${b.right ? html` <b>${t('class.right')}</b>` : nothing}${mine && b.value === mine ? html` <i>${t('class.mine')}</i>` : nothing}</span>
    <meter min="0" max=${most} value=${b.count} aria-hidden="true"></meter><span class="n">${b.count}</span></li>`)}</ul>`
}

/** Replaces what the server has drawn in a place, once. @param {HTMLElement} place @param {unknown} what */
export function draw(place, what) {
  if (!place.dataset.live) {
    place.dataset.live = 'yes'
    place.replaceChildren()
  }
  render(what, place)
}

