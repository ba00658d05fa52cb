// Bring your own: a capture is dropped on the page or chosen, sent to the engine, followed there, and stepped through here. It is not
// kept anywhere but in this page.
import { t } from './sim/sentence.js'

/** @import { Replay } from './sim/recorded.js' */
/** @import { TcpSim } from './sim/tcp-sim.js' */
/** @typedef {{ client: string, server: string, place?: string, packets: number, at: number }} Conversation */
/** @typedef {{ packets: number, other: number, damage?: string, scenario?: string, conversations: Conversation[], more: number, replay?: Replay }} Answer */

const base = document.documentElement.dataset.base ?? '/'
/** Shorter waits need no progress. */
const SOON = 1000

/**
 * @param {{ form: HTMLElement, sim: TcpSim, open: (scenario: string) => void }} parts open: what to do with a capture that holds a
 *   scenario
 */
export function bring({ form, sim, open }) {
  const field = /** @type {HTMLInputElement} */ (form.querySelector('input[type=file]'))
  const profile = /** @type {HTMLSelectElement} */ (form.querySelector('select'))
  const wait = /** @type {HTMLElement} */ (form.querySelector('.wait'))
  const bar = /** @type {HTMLProgressElement} */ (form.querySelector('progress'))
  const doing = /** @type {HTMLElement} */ (form.querySelector('.doing'))
  const cancel = /** @type {HTMLButtonElement} */ (form.querySelector('.cancel'))
  const message = /** @type {HTMLElement} */ (form.querySelector('.message'))
  const list = /** @type {HTMLFieldSetElement} */ (form.querySelector('fieldset'))
  /** @type {File | null} */
  let file = null
  /** @type {XMLHttpRequest | null} */
  let request = null
  let asked = 0

  // the same file again is a choice too: it may have changed, or the lab is back
  field.addEventListener('click', () => { field.value = '' })
  field.addEventListener('change', () => field.files?.[0] && take(field.files[0]))
  profile.addEventListener('change', () => file && void ask(chosen()))
  cancel.addEventListener('click', () => request?.abort())
  list.addEventListener('change', () => void ask(chosen()))

  const chosen = () => Number(new FormData(/** @type {HTMLFormElement} */ (form)).get('conv') ?? 0)

  // A file that is dropped beside the field would replace the page.
  let over = 0
  const files = (/** @type {DragEvent} */ e) => e.dataTransfer?.types.includes('Files')
  addEventListener('dragenter', (e) => files(e) && form.classList.toggle('over', ++over > 0))
  addEventListener('dragleave', (e) => files(e) && form.classList.toggle('over', --over > 0))
  addEventListener('dragover', (e) => files(e) && e.preventDefault())
  addEventListener('drop', (e) => {
    if (!files(e)) return
    e.preventDefault()
    over = 0
    form.classList.remove('over')
    const dropped = e.dataTransfer?.files[0]
    if (dropped) take(dropped)
  })

  /** @param {File} next */
  function take(next) {
    request?.abort()
    file = null
    if (next.size > Number(form.dataset.most)) return say(t('panel.capture.large', { n: Number(form.dataset.most) >> 20 }), true)
    file = next
    list.hidden = true
    list.replaceChildren()
    void ask(0)
  }

  /** @param {string} text @param {boolean} bad */
  function say(text, bad) {
    message.className = bad ? 'message bad' : 'message'
    message.textContent = text
  }

  /** Sends the file and shows one of its conversations. @param {number} conv */
  async function ask(conv) {
    if (!file) return
    request?.abort()
    say('', false)
    const of = file, mine = ++asked, slow = setTimeout(() => { wait.hidden = false }, SOON)
    try {
      const answer = await send(of, conv)
      if (mine === asked) await show(of, answer)
    } catch (error) {
      if (mine === asked) say(error instanceof Error ? error.message : '', true)
    } finally {
      clearTimeout(slow)
      if (mine === asked) wait.hidden = true
    }
  }

  /** @param {File} of @param {number} conv @returns {Promise<Answer>} */
  function send(of, conv) {
    const x = request = new XMLHttpRequest()
    bar.removeAttribute('value')
    doing.textContent = t('panel.capture.sending', { name: of.name })
    return new Promise((resolve, reject) => {
      // fetch tells nothing of what is on its way
      x.upload.onprogress = (e) => {
        if (e.lengthComputable) bar.value = e.loaded / e.total
      }
      x.upload.onload = () => {
        bar.removeAttribute('value')
        doing.textContent = t('panel.capture.following')
      }
      x.onerror = () => reject(new Error(t('panel.capture.offline')))
      x.onabort = () => reject(new Error(t('panel.capture.cancelled')))
      x.onload = () => {
        /** @type {any} */
        let answer = null
        try {
          answer = JSON.parse(x.responseText)
        } catch {
          // it is not the lab that answered
        }
        if (x.status === 200 && answer) resolve(answer)
        else reject(new Error(answer?.message ?? t('panel.capture.offline')))
      }
      x.open('POST', `${base}api/capture?${new URLSearchParams({ conv: String(conv), profile: profile.value })}`)
      x.setRequestHeader('Content-Type', 'application/octet-stream')
      x.send(of)
    })
  }

  /** @param {File} of @param {Answer} answer */
  async function show(of, answer) {
    if (answer.scenario) {
      say(t('panel.capture.ours', { name: of.name }), false)
      open(answer.scenario)
      return
    }
    const { replay } = answer
    if (!replay) return
    const [{ Recorded }, { notice }] = await Promise.all([import('./sim/recorded.js'), import('./sim/capture-notice.js')])
    const talk = answer.conversations[replay.conversation]
    const title = t('panel.capture.title', { name: of.name })
    await sim.record(new Recorded(sim.link, replay, { title, profile: profile.value, segments: talk?.packets ?? replay.to }, notice))
    if (!list.childElementCount) fill(answer)
    const notes = [t('panel.capture.read', { name: of.name, n: answer.packets })]
    if (answer.other) notes.push(t('panel.capture.other', { n: answer.other }))
    if (answer.damage) notes.push(answer.damage)
    say(notes.join(' '), Boolean(answer.damage))
    const link = document.createElement('a')
    link.href = `#${sim.id}`
    link.textContent = t('panel.capture.see')
    message.append(' ', link)
  }

  /** The conversations to choose from, when there is more than one. @param {Answer} answer */
  function fill(answer) {
    list.hidden = answer.conversations.length < 2
    if (list.hidden) return
    const legend = document.createElement('legend')
    legend.textContent = t('panel.capture.choose', { n: answer.conversations.length + answer.more })
    list.replaceChildren(legend)
    answer.conversations.forEach((c, i) => {
      const label = document.createElement('label'), radio = document.createElement('input'), ends = document.createElement('code'), count = document.createElement('span')
      radio.type = 'radio'
      radio.name = 'conv'
      radio.value = String(i)
      radio.checked = i === (answer.replay?.conversation ?? 0)
      ends.textContent = t(c.place ? 'panel.capture.ends.at' : 'panel.capture.ends', { client: c.client, server: c.server, place: c.place ?? '' })
      count.textContent = t('panel.capture.segments', { n: c.packets })
      label.append(radio, ' ', ends, ' ', count)
      list.append(label)
    })
    if (answer.more) {
      const more = document.createElement('p')
      more.textContent = t('panel.capture.more', { n: answer.more })
      list.append(more)
    }
  }
}
