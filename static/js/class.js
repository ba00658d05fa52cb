// The page of a learner in a class: what the instructor shows, live; a question and its answers; a run of one's own, and back.
import './sim/tcp-sim.js'
import { html, nothing } from '../vendor/lit.js'
import { computed, effect, signal, untracked } from '../vendor/signals.js'
import { Refused, announcer, base, draw, get, histogram, impersonal, leaveRoom, send, showLink } from './class/parts.js'
import { isShown, reports, runOf } from './class/where.js'
import { Audience, Room } from './room.js'
import { more, t } from './sim/sentence.js'
import { pageLink } from './sim/socket.js'

/** @import { Question, RoomState } from './protocol.js' */
/** @import { TcpSim } from './sim/tcp-sim.js' */

await more()
impersonal()

const main = get('main'), id = main.dataset.class ?? ''
const sim = /** @type {TcpSim} */ (document.querySelector('tcp-sim'))
const box = get('room'), banners = get('room-banners'), asked = get('room-question'), pushed = get('room-lesson'), stands = get('room-state')
const branch = /** @type {HTMLButtonElement} */ (get('room-branch'))
const voice = announcer()
const room = new Room(pageLink(base), id), audience = new Audience(sim, room)
const { away, behind } = audience
/** Whether everybody sees what one does on the run of one's own. */
const shown = computed(() => isShown(room))
effect(() => { sim.dataset.title = room.state.value?.title || t('class.run') })

const lost = signal(false)
showLink(room, (now) => {
  lost.value = now
  voice.say(t(now ? 'class.lost' : 'class.back'), { group: 'link' })
})

effect(() => {
  if (room.unsaved.value) voice.say(t('class.waiting'), { group: 'saved' })
})

// ---- what the room says ----

effect(() => {
  const state = room.state.value, trouble = room.trouble.value
  if (!state) {
    if (trouble?.code === 'no_such_room') location.assign(`${base}join`)
    return
  }
  const shows = !state.ended && !!state.run
  box.hidden = !shows && !away.value
  branch.hidden = !shows || away.value
  stands.hidden = shows || (!!state.lesson && !state.ended)
  stands.textContent = t(state.ended ? 'class.ended.stand' : 'class.nothing')
})

effect(() => {
  const state = room.state.value
  if (!state) return
  pushed.hidden = state.ended || !!state.run || !state.lesson
  if (!pushed.hidden) draw(pushed, html`<p>${t('class.pushed')}</p><p><a class="button solid" href=${`${base}lessons/${state.lesson}`}>${state.title}</a></p>`)
})

/** What one drives, and how the others are called who do. @param {RoomState} state */
const mine = (state) => state.drivers.find((d) => d.member === room.me.value?.member)

effect(() => {
  const state = room.state.value
  if (!state) return
  const role = mine(state)?.role, say = (/** @type {string} */ text, /** @type {unknown} */ does = nothing) => html`<p class="banner"><span>${text}</span> ${does}</p>`
  draw(banners, state.ended ? nothing : html`
    ${lost.value ? say(t('class.lost')) : nothing}
    ${room.unsaved.value ? say(t('class.waiting')) : nothing}
    ${away.value ? say(t(shown.value ? 'class.shown' : 'class.branched'), html`<button type="button" class="solid" @click=${comeBack}>${t('class.return')}</button>`) : nothing}
    ${state.frozen ? say(t('class.frozen')) : role && !away.value ? say(t(`class.drive.${role}`)) : nothing}
    ${state.spotlight && state.run && !away.value ? say(t(state.spotlight.live && !state.frozen ? 'class.spotlight.live' : 'class.spotlight', { name: state.spotlight.name })) : nothing}
    ${behind.value ? say(t('class.behind'), html`<button type="button" @click=${toLive}>${t('class.follow')}</button>`) : nothing}`)
})

function toLive() {
  audience.goLive(false)
  sim.focus({ preventScroll: true })
}

// Whoever has left in another tab, or was erased, sees the class no longer.
effect(() => {
  if (room.trouble.value?.code !== 'no_such_room' || !room.state.value) return
  leaveRoom(t('class.out'), `${base}join`, t('class.out.join'))
  voice.say(t('class.out'))
})

// ---- said aloud: what is new, once ----

/** @type {RoomState | null} */
let before = null
effect(() => {
  const state = room.state.value
  if (!state) return
  if (before) tell(before, state)
  before = state
})

/** @param {RoomState} old @param {RoomState} now */
function tell(old, now) {
  if (now.ended) {
    if (!old.ended) voice.say(t('class.ended.stand'))
    return
  }
  if (away.peek() && shown.peek()) now.run !== old.run && voice.say(t('class.shown'), { group: 'shown' })
  else if (now.run && now.run !== old.run) voice.say(now.spotlight ? t('class.spotlight', { name: now.spotlight.name }) : t('class.said.push', { title: now.title || t('class.run') }))
  else if (!now.run && now.lesson && (now.lesson !== old.lesson || old.run)) voice.say(t('class.said.lesson', { title: now.title ?? '' }))
  if (now.frozen !== old.frozen) voice.say(t(now.frozen ? 'class.frozen' : 'class.said.thawed'), { group: 'frozen' })
  const role = mine(now)?.role, had = mine(old)?.role
  if (role !== had) voice.say(t(`class.drive.${role ?? 'none'}`), { group: 'role' })
  if (now.question && now.question.number !== old.question?.number) voice.say(t('class.said.question', { text: now.question.text }))
  if (now.histogram && !old.histogram) voice.say(t('class.said.revealed'))
}

// What the others do is told as one's own steps are; of a fast run only the newest one.
effect(() => {
  const node = audience.node.value
  if (node >= 0 && !audience.steers.peek()) queueMicrotask(() => sim.live && sim.tellStep())
})

// ---- a run of one's own ----

branch.addEventListener('click', () => {
  void audience.branchOff().then(() => voice.say(t('class.branched')))
  sim.focus({ preventScroll: true })
})

function comeBack() {
  audience.comeBack()
  voice.say(t('class.said.returned'))
  sim.focus({ preventScroll: true })
}

// ---- the question ----

/** What was answered here, and what became of the last try. @type {import('../vendor/signals.js').Signal<{ number: number, value: string, said: string, bad: boolean }>} */
const given = signal({ number: 0, value: '', said: '', bad: false })
const drawn = asked.querySelector('form')
if (drawn) {
  const data = new FormData(drawn), value = String(data.get('value') ?? '')
  if (asked.querySelector('[checked]') || asked.querySelector('input[type=text][value]:not([value=""])')) given.value = { number: Number(data.get('question')), value, said: '', bad: false }
}

effect(() => {
  const state = room.state.value, g = given.value
  if (!state) return
  const q = state.question
  asked.hidden = !q || state.ended
  if (!q || state.ended) return
  const own = g.number === q.number ? g : { value: '', said: '', bad: false }
  draw(asked, html`<h2 id="room-question-text">${q.text}</h2>
    ${state.histogram ? histogram(state.histogram, own.value) : html`<form class="answer" @submit=${(/** @type {SubmitEvent} */ e) => void answer(e, q)}>
      ${fields(q, own.value)}
      <p class="row"><button type="submit" class="solid">${t('class.answer')}</button>
        <span class="hint ${own.bad ? 'bad' : ''}" role="status">${own.said || (own.value ? t('class.answer.given', { value: own.value }) : t('class.answer.anonymous'))}</span></p>
    </form>`}`)
})

/** @param {Question} q @param {string} value */
function fields(q, value) {
  if (q.form === 'one') {
    return html`<fieldset class="options" aria-labelledby="room-question-text">${(q.options ?? []).map((o) => html`<label><input type="radio" name="value" .value=${o} required ?checked=${o === value}><span>${o}</span></label>`)}</fieldset>`
  }
  return html`<input type="text" name="value" required maxlength="120" autocomplete="off" inputmode=${q.form === 'number' ? 'decimal' : 'text'} aria-labelledby="room-question-text" .value=${value}>`
}

/** @param {SubmitEvent} e @param {Question} q */
async function answer(e, q) {
  e.preventDefault()
  const value = String(new FormData(/** @type {HTMLFormElement} */ (e.currentTarget)).get('value') ?? '').trim()
  const had = given.value.number === q.number ? given.value.value : ''
  try {
    await send(`${base}api/class/${id}/answer`, { question: q.number, value }, (waits) => {
      if (waits) given.value = { number: q.number, value: had, said: t('class.waiting'), bad: false }
    })
    given.value = { number: q.number, value, said: '', bad: false }
  } catch (error) {
    given.value = { number: q.number, value: had, said: error instanceof Refused ? error.message : t('class.fault.offline'), bad: true }
  }
}

// ---- where one is ----

// The instructor knows where this learner is, and what they have on a run of their own.
const soon = reports(room, `${base}api/class/${id}/where`, async (all) => {
  const own = away.peek() && sim.store.status.peek() === 'ready'
  return { lesson: '', block: away.peek() ? 'own' : '', wrong: 0, done: false, run: own ? await runOf(sim, all) : '' }
})

effect(() => {
  void [away.value, room.state.value !== null, shown.value && sim.store.pos.value, away.value && [sim.store.tip.value, sim.store.status.value]]
  untracked(soon)
})
