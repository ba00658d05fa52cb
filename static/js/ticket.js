// Tickets: what is looked at is paid for and opens below the board, causes are named, points are what is left. The lab keeps nothing of it;
// this browser does.
import { exercises, lesson } from './lesson.js'
import { noteProgress } from './progress.js'
import { post } from './post.js'
import { sheet } from './sim/panels.js'
import { more, t } from './sim/sentence.js'

/** @import { TcpSim } from './sim/tcp-sim.js' */
/** @typedef {{ seen: number[], before: number[], solved?: { answer: number, points: number } }} State */
/** @typedef {{ ok: boolean, points?: number, look?: number, lines?: number[], scenario?: string }} Verdict */

await Promise.all([more(), sheet('ticket')])

const key = 'lab.tickets'
/** What tables look like does not survive being wrapped. */
const TABLES = ['ss', 'ss-info', 'proc', 'nstat']
/** Nobody types these. */
const NO_TOOL = ['state', 'app']

/** @param {HTMLFormElement} form @returns {State} */
function stored(form) {
  try {
    const s = JSON.parse(localStorage.getItem(key) ?? '{}')[`${lesson}#${form.dataset.block}`]
    const numbers = (/** @type {unknown} */ list) => (Array.isArray(list) ? list.filter(Number.isInteger) : [])
    const solved = Number.isInteger(s?.solved?.answer) && Number.isInteger(s?.solved?.points) ? s.solved : undefined
    return { seen: numbers(s?.seen), before: numbers(s?.before), solved }
  } catch {
    return { seen: [], before: [] }
  }
}

/** A ticket in somebody's hands. */
class Case {
  /** @param {HTMLFormElement} form */
  constructor(form) {
    this.form = form
    this.block = form.dataset.block ?? ''
    this.points = Number(form.dataset.points)
    this.state = stored(form)
    this.opened = /** @type {HTMLElement} */ (form.querySelector('.opened'))
    this.whole = /** @type {HTMLElement} */ (document.getElementById(`${this.block}-whole`))
    this.looks = /** @type {HTMLButtonElement[]} */ ([...form.querySelectorAll('[data-look]')])
    this.again = document.createElement('button')
    this.again.type = 'button'
    this.again.className = 'quiet'
    this.again.textContent = t('ticket.again')
    this.again.addEventListener('click', () => this.restart())
    this.said = document.createElement('p')
    this.said.className = 'vh'
    this.said.setAttribute('role', 'status')
    form.append(this.said)
    form.querySelector('p.row')?.append(this.again)
    for (const button of this.looks) button.addEventListener('click', () => void this.look(button, true))
    form.addEventListener('verdict', (event) => this.judged(/** @type {CustomEvent<Verdict>} */ (event).detail))
    this.show()
    void this.restore()
  }

  async restore() {
    const { seen } = this.state
    this.state.seen = []
    for (const i of seen) {
      const button = this.looks.find((b) => Number(b.dataset.look) === i)
      if (button) await this.look(button, false)
    }
  }

  get left() {
    if (this.state.solved) return this.state.solved.points
    const paid = this.looks.filter((b) => this.state.seen.includes(Number(b.dataset.look)))
    const cost = paid.reduce((sum, b) => sum + Number(b.dataset.cost), 0)
    return Math.max(0, this.points - cost - this.state.before.length * Number(this.form.dataset.wrong))
  }

  keep() {
    try {
      const all = JSON.parse(localStorage.getItem(key) ?? '{}')
      all[`${lesson}#${this.block}`] = this.state
      localStorage.setItem(key, JSON.stringify(all))
    } catch {
      // it is for this page only, then
    }
    this.show()
  }

  /** Shows how things stand. */
  show() {
    const { seen, before, solved } = this.state
    const left = this.form.querySelector('[data-left]')
    if (left) left.textContent = String(this.left)
    this.form.classList.toggle('solved', Boolean(solved))
    this.form.classList.toggle('over', this.left === 0)
    for (const button of this.looks) {
      const paid = seen.includes(Number(button.dataset.look))
      button.classList.toggle('paid', paid)
      const price = button.querySelector('.price')
      if (price instanceof HTMLElement) {
        price.dataset.was ??= price.textContent ?? ''
        price.textContent = paid ? t('ticket.paid') : price.dataset.was
      }
    }
    for (const radio of /** @type {NodeListOf<HTMLInputElement>} */ (this.form.querySelectorAll('input[name=answer]'))) {
      const tried = before.includes(Number(radio.value))
      radio.disabled = tried || Boolean(solved && solved.answer !== Number(radio.value))
      radio.closest('label')?.classList.toggle('tried', tried)
      if (tried) radio.checked = false
      if (solved?.answer === Number(radio.value)) radio.checked = true
    }
    this.again.hidden = !seen.length && !before.length && !solved
    if (!solved) this.whole.replaceChildren()
    else if (!this.whole.childElementCount) this.offer()
  }

  // ---- looking ----

  /** @param {HTMLButtonElement} button @param {boolean} go whether the reader wants to go there */
  async look(button, go) {
    const { look = '', host = '', view = '', command = '' } = button.dataset
    const id = `${this.block}-look-${look}`
    const there = document.getElementById(id)
    if (there instanceof HTMLDetailsElement) {
      there.open = true
      if (go) focus(there)
      return
    }
    if (button.getAttribute('aria-busy') === 'true') return
    button.setAttribute('aria-busy', 'true')
    try {
      const { output, local } = /** @type {{ output: string, local: string }} */ (await post('look', { lesson, block: this.block, look: Number(look) }))
      const when = button.querySelector('.when')?.textContent ?? ''
      const box = this.output(id, { host, view, command, when, local }, output)
      this.opened.append(box)
      if (!this.state.seen.includes(Number(look))) this.state.seen.push(Number(look))
      this.keep()
      if (go) {
        focus(box)
        this.said.textContent = t('ticket.left', { n: this.left, of: this.points })
      }
    } catch {
      if (go) this.said.textContent = t('ticket.failed')
      button.classList.add('failed')
    } finally {
      button.removeAttribute('aria-busy')
    }
  }

  /** @param {string} id @param {{ host: string, view: string, command: string, when: string, local: string }} of @param {string} text */
  output(id, { host, view, command, when, local }, text) {
    const box = document.createElement('details')
    box.id = id
    box.open = true
    box.className = 'term'
    const head = document.createElement('summary'), where = document.createElement('span'), what = document.createElement(NO_TOOL.includes(view) ? 'span' : 'code'), at = document.createElement('span')
    where.className = 'at'
    where.textContent = t(`Host.${host}`)
    what.textContent = command
    at.className = 'when'
    at.textContent = when
    head.append(where, ' ', what, ' ', at)
    box.append(head)
    if (!text) {
      const nothing = document.createElement('p')
      nothing.textContent = t('ticket.nothing')
      box.append(nothing)
      return box
    }
    const list = document.createElement('ol')
    list.className = TABLES.includes(view) ? 'table' : 'lines'
    // Something that scrolls must be reachable by keys.
    if (TABLES.includes(view)) {
      list.tabIndex = 0
      list.setAttribute('aria-label', `${t(`Host.${host}`)}, ${command}`)
    }
    for (const line of text.trimEnd().split('\n')) {
      const item = document.createElement('li')
      item.append(...(view === 'tcpdump' ? packet(line, local) : [line.trimEnd() || '\u00a0']))
      list.append(item)
    }
    box.append(list)
    if (view === 'tcpdump') box.append(this.unfold(box))
    return box
  }

  /** On a small screen a line says Out or In for its addresses, and is cut; this shows all of each. @param {HTMLElement} box */
  unfold(box) {
    const button = document.createElement('button')
    button.type = 'button'
    button.className = 'quiet unfold'
    button.textContent = t('ticket.lines.whole')
    button.setAttribute('aria-pressed', 'false')
    button.addEventListener('click', () => button.setAttribute('aria-pressed', String(box.classList.toggle('uncut'))))
    return button
  }

  // ---- naming the cause ----

  /** What the lab is told with a cause. @param {number} answer */
  asked(answer) {
    this.answer = answer
    return { answer, seen: this.state.seen, before: this.state.before }
  }

  /** @param {Verdict} verdict */
  judged(verdict) {
    const { answer = -1 } = this
    for (const marked of this.opened.querySelectorAll('.marked')) marked.classList.remove('marked')
    if (verdict.ok) {
      this.state.solved ??= { answer, points: verdict.points ?? 0 }
      noteProgress(lesson, exercises, this.block, this.state.solved.points)
    } else if (!this.state.before.includes(answer)) this.state.before.push(answer)
    this.keep()
    const feedback = /** @type {HTMLElement} */ (this.form.querySelector('.feedback'))
    if (verdict.look !== undefined && verdict.lines?.length) feedback.append(this.evidence(verdict.look, verdict.lines))
    const stand = document.createElement('p')
    stand.className = 'result'
    stand.textContent = t(verdict.ok ? 'ticket.solved' : 'ticket.left', { n: this.left, of: this.points })
    feedback.append(stand)
  }

  /** The lines that speak for a cause or against it, and the way to them. @param {number} look @param {number[]} lines */
  evidence(look, lines) {
    const box = /** @type {HTMLDetailsElement | null} */ (document.getElementById(`${this.block}-look-${look}`))
    const items = box?.querySelectorAll('li')
    for (const n of lines) items?.[n]?.classList.add('marked')
    const button = this.looks.find((b) => Number(b.dataset.look) === look)
    const way = document.createElement('button'), p = document.createElement('p')
    way.type = 'button'
    way.className = 'link'
    way.textContent = t('ticket.line', { n: lines.length, list: spans(lines), command: button?.dataset.command ?? '', host: t(`host.${button?.dataset.host}`) })
    way.addEventListener('click', () => {
      const first = items?.[lines[0] ?? 0]
      if (!box || !(first instanceof HTMLElement)) return
      box.open = true
      first.tabIndex = -1
      focus(first)
    })
    p.append(way)
    return p
  }

  // ---- afterwards ----

  /** Offers the whole run. */
  offer() {
    const p = document.createElement('p'), button = document.createElement('button')
    button.type = 'button'
    button.textContent = t('ticket.whole')
    button.addEventListener('click', () => void this.openWhole(button))
    p.append(button)
    this.whole.replaceChildren(p)
  }

  /** @param {HTMLButtonElement} button */
  async openWhole(button) {
    if (button.getAttribute('aria-busy') === 'true') return
    button.setAttribute('aria-busy', 'true')
    try {
      const { seen, before, solved } = this.state
      const verdict = /** @type {Verdict} */ (await post('check', { lesson, block: this.block, kind: 'ticket', answer: solved?.answer ?? -1, seen, before }))
      if (!verdict.scenario) return
      const box = document.createElement('div'), sim = /** @type {TcpSim} */ (document.createElement('tcp-sim'))
      box.className = 'simbox'
      sim.id = `sim-${this.block}`
      sim.className = 'sim'
      sim.tabIndex = -1
      sim.dataset.title = this.form.querySelector('h3 > span:last-child')?.textContent ?? ''
      box.append(sim)
      this.whole.replaceChildren(box)
      sim.focus({ preventScroll: true }) // the button that had it is gone
      sim.scenario = verdict.scenario
      await sim.ready
      if (document.activeElement === sim) focus(sim)
    } catch {
      this.said.textContent = t('ticket.failed')
    } finally {
      button.removeAttribute('aria-busy')
    }
  }

  restart() {
    this.state = { seen: [], before: [] }
    this.opened.replaceChildren()
    this.form.querySelector('.feedback')?.replaceChildren()
    this.form.reset()
    this.keep()
    this.said.textContent = t('ticket.left', { n: this.left, of: this.points })
    this.looks[0]?.focus()
  }
}

/** "3", "1 to 4", as short as it goes. @param {number[]} lines from 0 */
function spans(lines) {
  /** @type {[number, number][]} */
  const runs = []
  for (const n of lines) {
    const last = runs.at(-1)
    if (last && last[1] === n) last[1] = n + 1
    else runs.push([n + 1, n + 1])
  }
  return runs.map(([a, b]) => (a === b ? `${a}` : `${a}–${b}`)).join(', ')
}

/**
 * A line of tcpdump in parts, so that a small screen can leave the addresses out.
 * @param {string} line @param {string} local the address of the host that sees it
 */
function packet(line, local) {
  const [, time, addresses, from, rest] = /^(\S+ )(IP6? (\S+) > \S+ )(.*)$/.exec(line) ?? []
  if (!time || !addresses || !from || !rest) return [line]
  const whole = document.createElement('span'), way = document.createElement('span')
  whole.className = 'addresses'
  whole.textContent = addresses
  way.className = 'way'
  way.textContent = from === local || from.startsWith(`${local}.`) ? 'Out ' : 'In ' // as tcpdump -i any says
  return [time, way, whole, rest]
}

/** Brings something into view and gives it the focus. @param {HTMLElement} to */
function focus(to) {
  const calm = matchMedia('(prefers-reduced-motion: reduce)').matches
  const target = to instanceof HTMLDetailsElement ? /** @type {HTMLElement} */ (to.querySelector('summary')) : to
  target.focus({ preventScroll: true })
  to.scrollIntoView({ block: 'nearest', behavior: calm ? 'auto' : 'smooth' })
}

/** @type {Map<HTMLFormElement, Case>} */
const cases = new Map()
for (const form of /** @type {NodeListOf<HTMLFormElement>} */ (document.querySelectorAll('form.ticket'))) cases.set(form, new Case(form))

/** What the lab is told with the cause that is chosen, or what is missing. @param {HTMLFormElement} form */
export function asked(form) {
  const chosen = new FormData(form).get('answer')
  return chosen === null ? t('lesson.choose') : cases.get(form)?.asked(Number(chosen)) ?? t('lesson.unknown')
}
