// Where a member of a class is goes to the instructor, a moment after it has changed, and once in a while that they are still there.
// While everybody sees their run, each change goes at once: of a thousand members that is one.

/** @import { Room } from '../room.js' */
/** @import { TcpSim } from '../sim/tcp-sim.js' */
/** @typedef {{ lesson: string, block: string, wrong: number, done: boolean, run: string }} Where run: what they have, as the text of a link */

/** In ms: between two reports, between two while the run is shown, and of one who does nothing. */
const CALM = 1500, SHOWN = 200, PULSE = 60_000

/** Whether everybody sees what one does on a run of one's own. @param {Room} room */
export function isShown(room) {
  const state = room.state.value, spot = state?.spotlight
  return !!spot?.live && !state?.frozen && spot.member === room.me.value?.member
}

/**
 * What one has on a simulator, as the text of a link: all of it, or while it is shown up to where one looks.
 * @param {TcpSim} sim @param {boolean} shown
 */
export async function runOf({ store }, shown) {
  const { encode } = await import('../sim/share.js')
  return encode(store.text(shown ? { at: store.place().at, wait: 0 } : undefined))
}

/**
 * Reports where one is.
 * @param {Room} room @param {string} url @param {(shown: boolean) => Promise<Where>} where
 * @returns {() => void} to be called when it has changed
 */
export function reports(room, url, where) {
  let timer = 0, due = Infinity, last = -Infinity, busy = false, again = false, told = ''

  async function report() {
    clearTimeout(timer)
    due = Infinity
    again = busy
    const state = room.state.peek()
    if (busy || !state || state.ended || document.hidden || room.trouble.peek()) return
    busy = true
    const shown = isShown(room)
    let done = false
    try {
      const body = JSON.stringify({ ...await where(shown), shown })
      last = performance.now()
      done = (shown && body === told) || (await fetch(url, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body })).ok
      if (done) told = body
    } catch {
      // told again with the next change, or the next pulse
    }
    busy = false
    if (again || (shown && !done)) soon(done ? 0 : CALM)
  }

  /** @param {number} [wait] in ms, at least */
  function soon(wait = 0) {
    const now = performance.now(), calm = isShown(room) ? last + SHOWN : last < 0 ? now : now + CALM
    const at = Math.max(now + wait, calm)
    if (at >= due) return
    clearTimeout(timer)
    due = at
    timer = setTimeout(report, at - now)
  }

  setInterval(report, PULSE)
  document.addEventListener('visibilitychange', () => void report())
  return soon
}
