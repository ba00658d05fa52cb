// The page from which an instructor leads a class: what everybody sees, who drives, questions, and where everybody is.
import './sim/tcp-sim.js'
import { html, nothing, repeat } from '../vendor/lit.js'
import { computed, effect, signal } from '../vendor/signals.js'
import { Refused, announcer, base, draw, get, histogram, impersonal, leaveRoom, send, showLink } from './class/parts.js'
import { Audience, Room } from './room.js'
import { more, t } from './sim/sentence.js'
import { pageLink } from './sim/socket.js'

/** @import { RoomState } from './protocol.js' */
/** @import { TcpSim } from './sim/tcp-sim.js' */
/** @typedef {{ id: string, name: string, joined: number, lesson?: string, title?: string, block?: string, since?: number, seen?: number, wrong?: number, done?: boolean, stuck?: boolean, run?: boolean, answered?: number[] }} Row */
/** @typedef {{ all?: boolean, now: number, rows: Row[], gone?: string[] }} News */

await more()
impersonal()

const main = get('main'), id = main.dataset.class ?? ''
if (!('ended' in main.dataset)) lead()

function lead() {
  const sim = /** @type {TcpSim} */ (document.querySelector('tcp-sim'))
  const box = get('room'), bar = get('stage-bar'), stands = get('room-state'), asked = get('asked-now')
  const freeze = /** @type {HTMLButtonElement} */ (get('freeze')), drivers = get('drivers')
  const voice = announcer()
  const room = new Room(pageLink(base), id)
  new Audience(sim, room)
  effect(() => { sim.dataset.title = room.state.value?.title || t('class.run') })
  /** How many acts take long. */
  const late = signal(0)
  const lost = signal(false), waits = computed(() => late.value > 0 || room.unsaved.value)
  showLink(room, (now) => {
    lost.value = now
    voice.say(t(now ? 'class.lost' : 'class.back'), { group: 'link' })
  })
  effect(() => {
    const said = [lost.value && t('class.lost'), waits.value && t('class.waiting')].filter(Boolean)
    draw(get('room-banners'), said.map((text) => html`<p class="banner"><span>${text}</span></p>`))
  })
  effect(() => {
    if (waits.value) voice.say(t('class.waiting'), { group: 'saved' })
  })

  /** What went wrong, and beside which part of the page it is told. */
  const trouble = signal({ place: '', text: '' })
  /** @type {import('../vendor/signals.js').Signal<Map<string, Row>>} */
  const rows = signal(new Map())
  /** The clock of the lab is so far before that of this machine, in ms. */
  const ahead = signal(0)
  const minute = signal(0)
  /** What the newest prediction is about, to be played in the run. */
  const play = signal({ number: 0, lines: /** @type {string[]} */ ([]) })

  // ---- acting ----

  /**
   * Does something in the class. When others did something in between that does not touch it, it is tried again.
   * @param {string} place @param {Record<string, unknown>} deed @returns {Promise<any>} null when it was refused
   */
  async function act(place, deed) {
    trouble.value = { place: '', text: '' }
    const id = crypto.randomUUID(), { stage, question } = room.state.value ?? {}
    for (let tries = 0; ; tries++) {
      try {
        return await send(main.dataset.act ?? '', { id: `${id}-${tries}`, ...(deed.kind === 'push' || deed.kind === 'spotlight' ? { seen: room.seq } : {}), ...deed }, waiting())
      } catch (error) {
        const e = error instanceof Refused ? error : new Refused('', String(error)), now = room.state.value
        if (e.code === 'stale' && tries < 5 && now?.stage === stage && now?.question?.number === question?.number) {
          await new Promise((turn) => setTimeout(turn, 150 * (tries + 1)))
          continue
        }
        trouble.value = { place, text: e.message }
        return null
      }
    }
  }

  /** Counts one act while it takes long. */
  function waiting() {
    let counted = false
    return (/** @type {boolean} */ waits) => {
      if (waits !== counted) late.value += waits ? 1 : -1
      counted = waits
    }
  }

  // What went wrong is told below what was tried.
  effect(() => {
    const { place, text } = trouble.value
    for (const old of document.querySelectorAll('.act-fault')) old.remove()
    if (!text) return
    const p = document.createElement('p')
    p.className = 'message bad act-fault'
    p.setAttribute('role', 'alert')
    p.textContent = text
    document.querySelector(place)?.append(p)
  })

  /** @param {HTMLFormElement} form @returns {Record<string, string>} */
  const values = (form) => Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, String(value)]))

  for (const form of /** @type {NodeListOf<HTMLFormElement>} */ (document.querySelectorAll('form[data-push]'))) {
    form.addEventListener('submit', async (e) => {
      e.preventDefault()
      await act('.part.show', values(form))
    })
  }

  for (const form of /** @type {NodeListOf<HTMLFormElement>} */ (document.querySelectorAll('form[data-ask]'))) {
    form.addEventListener('submit', async (e) => {
      e.preventDefault()
      const { options = '', ...deed } = values(form)
      const done = await act('.part.ask', { ...deed, ...(options ? { options: options.split('\n').map((o) => o.trim()).filter(Boolean) } : {}) })
      if (!done) return
      const of = deed.predict || deed.next // what the run shows then
      await until(() => (room.state.value?.seq ?? 0) >= done.seq)
      play.value = { number: of ? room.state.value?.question?.number ?? 0 : 0, lines: done.do ?? [] }
      if (!deed.predict) form.reset()
    })
  }

  /** Waits until something of the room is so. @param {() => boolean} is @returns {Promise<void>} */
  const until = (is) => new Promise((resolve) => {
    /** @type {() => void} */
    let off = () => {}
    off = effect(() => {
      void [room.state.value, sim.store.status.value, room.run.value]
      if (is()) queueMicrotask(() => { off(); resolve() })
    })
  })

  get('end')?.addEventListener('submit', async (e) => {
    e.preventDefault()
    if (await act('.part.end', { kind: 'end' })) location.reload()
  })
  freeze.addEventListener('click', () => void act('.lead-main', { kind: 'freeze', on: !room.state.value?.frozen }))
  get('show-code')?.addEventListener('click', () => /** @type {HTMLDialogElement} */ (get('join-here')).showModal())

  // ---- what the room says ----

  effect(() => {
    const state = room.state.value
    if (!state) return
    box.hidden = bar.hidden = !state.run
    stands.hidden = !!state.run
    stands.textContent = state.lesson ? t('class.lead.lesson', { title: state.title ?? '' }) : t('class.lead.nothing')
    freeze.setAttribute('aria-pressed', String(state.frozen))
    const names = called(inOrder()), list = state.drivers.map((d) => `${names.get(d.member) ?? d.name} (${t(`class.role.${d.role}`)})`)
    const drive = list.length ? t('class.drivers.too', { list: new Intl.ListFormat(document.documentElement.lang, { type: 'conjunction' }).format(list) }) : t('class.drivers.you')
    const spot = state.spotlight, name = spot ? names.get(spot.member) ?? spot.name : ''
    draw(drivers, spot && state.run ? html`<b>${t(spot.live && !state.frozen ? 'class.spotlight.lead' : 'class.spotlight', { name })}</b> ${drive}` : html`${drive}`)
    if (state.ended) location.reload()
  })

  effect(() => {
    const state = room.state.value, q = state?.question
    if (!state) return
    asked.hidden = !q
    if (!q) return
    const all = [...rows.value.values()], n = all.filter((r) => r.answered?.includes(q.number)).length
    draw(asked, html`<p class="asked-text">${q.text}</p>
      ${state.histogram ? histogram(state.histogram) : html`<p class="hint">${t('class.answered', { n, of: all.length })}</p>
        <button type="button" @click=${() => void act('.part.ask', { kind: 'reveal' })}>${t('class.reveal')}</button>`}
      ${state.histogram && play.value.number === q.number ? html`<button type="button" @click=${() => void demonstrate()}>${t('class.play')}</button>` : nothing}`)
  })

  /** Does in the run what the prediction was about, and plays what comes of it. */
  async function demonstrate() {
    for (const line of play.value.lines) await sim.do(line)
    sim.play()
  }

  // ---- who is there ----

  const list = get('roster'), count = get('roster-count'), none = get('roster-none'), status = get('roster-status')

  /** @param {number} ms */
  const lasts = (ms) => (ms < 60_000 ? t('class.moment') : t('class.minutes', { n: Math.floor(ms / 60_000) }))
  /** After so long without a word somebody is away. */
  const AWAY = 150_000

  /** @param {Row} r @param {number} now */
  function where(r, now) {
    if (!r.seen) return html`<span>${t('class.where.joined')}</span>`
    if (now - r.seen > AWAY) return html`<span class="away">${t('class.where.away', { t: lasts(now - r.seen) })}</span>`
    const at = r.title ? html`<span>${r.title}${r.block ? ` #${r.block}` : ''}</span>` : html`<span>${t(r.block === 'own' ? 'class.where.own' : 'class.where.here')}</span>`
    return html`${at} <span class="hint">${t('class.where.since', { t: lasts(now - (r.since ?? now)) })}${r.wrong ? `, ${t('class.where.wrong', { n: r.wrong })}` : ''}${r.done ? `, ${t('class.where.done')}` : ''}</span>
      ${r.stuck ? html`<b class="flag">${t('class.where.stuck')}</b>` : nothing}`
  }

  /** All in the order in which they came. */
  function inOrder() {
    return [...rows.value.values()].sort((a, b) => a.joined - b.joined || (a.id < b.id ? -1 : 1))
  }

  /** Two of the same name are told apart by when they came. @param {Row[]} all */
  function called(all) {
    /** @type {Map<string, number>} */
    const seen = new Map()
    return new Map(all.map((r) => {
      const n = (seen.get(r.name) ?? 0) + 1
      seen.set(r.name, n)
      return [r.id, n > 1 ? `${r.name} (${n})` : r.name]
    }))
  }

  effect(() => {
    void minute.value
    const state = room.state.value, now = Date.now() - ahead.value
    const all = inOrder(), names = called(all)
    count.textContent = String(all.length)
    none.hidden = all.length > 0
    draw(list, repeat(all, (r) => r.id, (r) => {
      const name = names.get(r.id) ?? r.name, role = state?.drivers.find((d) => d.member === r.id)?.role ?? 'none'
      return html`<li class=${r.stuck ? 'stuck' : ''}>
        <b class="name">${name}</b><span class="where">${where(r, now)}</span>
        <span class="does">
          <select aria-label=${t('class.role', { name })} @change=${(/** @type {Event} */ e) => drive(r.id, /** @type {HTMLSelectElement} */ (e.target))}>
            ${['none', 'all', 'client', 'server', 'network'].map((v) => html`<option value=${v} .selected=${v === role}>${t(`class.role.${v}`)}</option>`)}
          </select>
          ${r.run ? html`<button type="button" class="quiet" aria-label=${t('class.spot.name', { name })} @click=${() => void act('.part.roster', { kind: 'spotlight', member: r.id })}>${t('class.spot')}</button>` : nothing}
        </span></li>`
    }))
  })

  /** Who drives is said as a whole, so one choice waits for the one before. */
  let turn = Promise.resolve()

  /** @param {string} member @param {HTMLSelectElement} choice */
  function drive(member, choice) {
    const role = choice.value
    turn = turn.then(async () => {
      const now = room.state.value?.drivers ?? []
      // client, server and network have one each
      const others = now.filter((d) => d.member !== member && (d.role !== role || role === 'all')).map((d) => ({ member: d.member, role: d.role }))
      const done = await act('.part.roster', { kind: 'drive', drivers: role === 'none' ? others : [...others, { member, role }] })
      if (done) await until(() => (room.state.value?.seq ?? 0) >= done.seq)
      else choice.value = now.find((d) => d.member === member)?.role ?? 'none'
    })
  }

  /** Whether the list is not up to date. */
  const old = signal(false)
  effect(() => {
    const n = [...rows.value.values()].filter((r) => r.stuck).length
    const text = [old.value ? t('class.roster.lost') : '', n ? t('class.roster.stuck', { n }) : ''].filter(Boolean).join(' ')
    if (status.textContent !== text) status.textContent = text
    list.classList.toggle('old', old.value)
  })

  const stream = new EventSource(`${base}api/class/${id}/roster`)
  stream.onmessage = (event) => {
    /** @type {News} */
    const news = JSON.parse(event.data)
    const next = news.all ? new Map() : new Map(rows.value)
    for (const r of news.rows) next.set(r.id, r)
    for (const gone of news.gone ?? []) next.delete(gone)
    ahead.value = Date.now() - news.now
    rows.value = next
    old.value = false
  }
  stream.onerror = () => { old.value = true }

  // Signed out in another tab, or by somebody else.
  effect(() => {
    if (room.trouble.value?.code !== 'no_such_room' || !room.state.value) return
    stream.close()
    leaveRoom(t('class.out.lead'), `${base}signin?${new URLSearchParams({ next: `/teach/${id}` })}`, t('account.signin'))
    voice.say(t('class.out.lead'))
  })
  setInterval(() => { minute.value++ }, 30_000)
}
