// A simulator alone in a frame: it shows what its address says, and tells the page around it how high it is.
import './embed/setup.js'
import './sim/tcp-sim.js'
import { more, t } from './sim/sentence.js'
import { decode, link } from './sim/share.js'

await more()

const sim = /** @type {(HTMLElement & { scenario: string, time: number, store: { text(): string } }) | null} */ (document.querySelector('tcp-sim'))
const message = document.getElementById('embed-message')
const whole = /** @type {HTMLAnchorElement | null} */ (document.getElementById('whole'))

/** Shows the run that the address carries, where there is room for one. */
async function open() {
  if (!message || !sim) return
  const code = /^#s=(.*)$/s.exec(location.hash)?.[1]
  try {
    if (code === undefined) throw new Error(t('embed.empty'))
    sim.scenario = await decode(code)
    message.textContent = ''
    if (whole) whole.hash = location.hash
  } catch (err) {
    message.classList.add('bad')
    message.textContent = code === undefined ? t('embed.empty') : t('share.unreadable', { why: err instanceof Error ? err.message : '' })
  }
}

// What was done in the frame goes along when it is opened as a whole.
whole?.addEventListener('click', (event) => {
  if (!sim?.classList.contains('is-live')) return
  event.preventDefault()
  const tab = globalThis.open('about:blank')
  void link(new URL(document.documentElement.dataset.base ?? '/', location.href).href, sim.store.text(), sim.time).then((url) => {
    if (!tab) return void location.assign(url)
    tab.opener = null
    tab.location.replace(url)
  }, () => tab?.location.replace(whole.href))
})
// In a frame there is no other place for the scene than the sandbox, in a page of its own.
document.addEventListener('sim-scene', (event) => {
  event.preventDefault()
  whole?.click()
})

addEventListener('hashchange', () => void open())
void open()

if (parent !== window) {
  let told = 0
  // Only a height goes out, to whoever may frame this page.
  const tell = () => {
    const height = Math.ceil(document.body.getBoundingClientRect().height)
    if (height === told) return
    told = height
    parent.postMessage({ type: 'handshakelab.height', height }, '*')
  }
  new ResizeObserver(tell).observe(document.body)
  addEventListener('load', tell)
}
