// Outside of its page, a member of a class sees a slim bar: the way back, and what is new there. Where the member is goes to the
// instructor, and with it how they get on.
import { html, nothing, render } from '../../vendor/lit.js'
import { effect, signal, untracked } from '../../vendor/signals.js'
import { Announcer } from '../sim/announce.js'
import { sheet } from '../sim/panels.js'
import { more, t } from '../sim/sentence.js'
import { pageLink } from '../sim/socket.js'
import { Room } from '../room.js'
import { isShown, reports, runOf } from './where.js'

/** @import { RoomState } from '../protocol.js' */
/** @import { TcpSim } from '../sim/tcp-sim.js' */

const base = document.documentElement.dataset.base ?? '/'
const id = /(?:^|; )lab_class=([\w-]+)/.exec(document.cookie)?.[1] ?? ''

/** @returns {Promise<{ title: string, name: string, ended: boolean } | null>} null when one is in no class (any more) */
async function ask() {
  try {
    const answer = await fetch(`${base}api/class/${id}`, { headers: { Accept: 'application/json' } })
    if (answer.ok) return await answer.json()
  } catch {
    // without the lab there is no class
  }
  return null
}

// The pages of a class say all this themselves.
const about = id && !document.querySelector('main[data-class]') ? await ask() : null
if (about && !about.ended) {
  await Promise.all([more(), sheet('class-bar')])
  attend(about.title)
}

/** @param {string} title */
function attend(title) {
  const bar = document.createElement('aside')
  bar.className = 'class-bar'
  bar.setAttribute('aria-label', t('class.bar'))
  document.querySelector('header.top')?.after(bar)
  const said = document.createElement('p')
  said.className = 'vh'
  said.setAttribute('aria-live', 'polite')
  document.body.append(said)
  const voice = new Announcer([said])
  const room = new Room(pageLink(base), id)
  const here = /** @type {HTMLElement | null} */ (document.querySelector('main[data-lesson]'))?.dataset.lesson ?? ''

  /** What there was when the page was opened. @type {RoomState | null} */
  let first = null, spoken = ''
  effect(() => {
    const state = room.state.value
    if (room.trouble.value?.code === 'no_such_room') return bar.remove()
    first ??= state
    const news = state && first ? newsOf(first, state) : ''
    if (news && news !== spoken) voice.say(news)
    spoken = news
    const lesson = state?.lesson && !state.run && !state.ended && state.lesson !== here ? state : null
    render(html`<p><b>${t('class.bar.in', { title })}</b>${news ? html` <span class="news">${news}</span>` : nothing}</p>
      <p class="row">${lesson ? html`<a class="button" href=${`${base}lessons/${lesson.lesson}`}>${lesson.title}</a>` : nothing}
      <a class="button ${news && !lesson ? 'solid' : ''}" href=${`${base}class/${id}`}>${t('class.return')}</a></p>`, bar)
  })

  /** @param {RoomState} was @param {RoomState} now */
  function newsOf(was, now) {
    if (now.ended) return t('class.ended.stand')
    if (isShown(room)) return t('class.shown')
    if (now.question && !now.histogram && now.question.number !== was.question?.number) return t('class.said.question', { text: now.question.text })
    if (now.run && now.run !== was.run) return t('class.said.push', { title: now.title || t('class.run') })
    if (!now.run && now.lesson && now.lesson !== here) return t('class.said.lesson', { title: now.title ?? '' })
    if (now.frozen && !was.frozen) return t('class.frozen')
    return ''
  }

  follow(here, room)
}

/** Tells where the reader is. @param {string} lesson @param {Room} room */
function follow(lesson, room) {
  /** @type {Record<string, number>} wrong answers, by exercise */
  const wrong = {}
  const now = { lesson, block: '', wrong: 0, done: false, run: '' }
  const simulator = () => /** @type {TcpSim | null} */ (document.querySelector('tcp-sim.is-live'))
  const soon = reports(room, `${base}api/class/${id}/where`, async (all) => {
    const sim = simulator()
    if (sim && sim.store.status.peek() === 'ready' && !sim.store.recorded) now.run = await runOf(sim, all)
    return now
  })

  /** @param {string} block */
  function at(block) {
    if (!block || block === now.block) return
    Object.assign(now, { block, wrong: wrong[block] ?? 0, done: false })
    soon()
  }
  for (const type of ['focusin', 'pointerdown']) {
    document.addEventListener(type, (e) => at(/** @type {HTMLElement | null} */ (/** @type {Element} */ (e.target).closest?.('main [data-block]'))?.dataset.block ?? ''))
  }
  // It does not bubble, but it passes by on its way down.
  document.addEventListener('verdict', (e) => {
    const form = /** @type {HTMLElement} */ (e.target), verdict = /** @type {CustomEvent} */ (e).detail, block = form.dataset.block ?? ''
    at(block)
    if (!verdict.ok) wrong[block] = (wrong[block] ?? 0) + 1
    Object.assign(now, { wrong: wrong[block] ?? 0, done: !!verdict.ok })
    soon()
  }, true)
  document.addEventListener('input', () => soon())
  /** A simulator has been brought to life. */
  const alive = signal(0)
  document.addEventListener('ready', () => { alive.value++ }, true)
  effect(() => {
    void [room.state.value !== null, alive.value]
    const sim = simulator(), shown = isShown(room)
    void (sim && [sim.store.tip.value, sim.store.status.value, shown && sim.store.pos.value])
    untracked(soon)
  })
}
