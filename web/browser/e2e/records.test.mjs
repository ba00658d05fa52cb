// What is tried in a browser reaches the lab: only when it is to be kept, once, and whatever the network does.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { fits, startBrowser, startLab } from './lab.mjs'

/** @type {Awaited<ReturnType<typeof startLab>>} */
let lab
/** @type {Awaited<ReturnType<typeof startBrowser>>} */
let chromium
before(async () => {
  ;[lab, chromium] = await Promise.all([startLab(), startBrowser()])
})
after(() => Promise.all([lab?.stop(), chromium?.close()]))

/** @param {import('playwright-core').Page} page @param {number} i @param {number} option */
async function answer(page, i, option) {
  const form = page.locator('form[data-kind=predict]').nth(i)
  await form.locator('input').nth(option).check()
  await form.locator('button[type=submit]').click()
  await form.locator('.feedback > b').waitFor()
}

const waiting = () => Object.keys(localStorage).filter((key) => key.startsWith('lab.attempt.')).length === 1
const sent = () => !Object.keys(localStorage).some((key) => key.startsWith('lab.attempt.'))
const lesson = 'lessons/why-a-handshake'

test('Attempts wait for consent, then for the network, and are there on every device', async () => {
  const page = await chromium.page({ allow: /api\/attempts|ERR_FAILED|401/ })
  /** @type {string[]} */
  const posts = []
  page.on('request', (r) => r.url().endsWith('/api/attempts') && posts.push(r.method()))
  await page.goto(lab.url + lesson)
  await answer(page, 0, 0)
  await page.waitForFunction(waiting)
  assert.deepEqual(posts, [], 'nothing is sent of somebody who did not ask for it')

  await page.goto(`${lab.url}progress`)
  await page.locator('form[action$="progress/keep"] button').click()
  await page.waitForFunction(sent)
  await page.reload()
  assert.match(await page.locator('.standing tbody').innerText(), /Why a handshake/)
  await fits(page)
  await page.emulateMedia({ media: 'print' })
  assert.ok(await page.locator('.standing').isVisible(), 'how one stands is on paper')
  await page.emulateMedia({ media: 'screen' })
  await page.goto(`${lab.url}kept`)
  await fits(page)

  await page.goto(lab.url + lesson)
  await page.route('**/api/attempts', (route) => route.abort())
  await answer(page, 1, 0)
  const mark = page.locator('#unsaved-mark')
  await mark.waitFor()
  assert.match(await mark.innerText(), /Not saved yet: 1/)
  // Another tab of the same browser brings it there.
  const other = await page.context().newPage()
  await other.goto(lab.url)
  await other.waitForFunction(sent)
  await page.unroute('**/api/attempts')

  const { lessons } = await (await page.request.get(`${lab.url}api/progress`)).json()
  const here = await page.evaluate(() => JSON.parse(localStorage.getItem('lab.progress') ?? '{}'))
  assert.equal(lessons.length, 1)
  assert.deepEqual([...here['why-a-handshake'].solved].sort(), lessons[0].solved)

  // On another device.
  await page.goto(`${lab.url}progress`)
  await page.locator('form[action$="progress/code"] button').click()
  const code = await page.locator('#code').innerText()
  assert.match(code, /^([A-Z0-9]{4}-){4}[A-Z0-9]{4}$/)
  const phone = await chromium.page()
  await phone.goto(`${lab.url}progress`)
  await phone.fill('#recovery', code.toLowerCase().replaceAll('-', ' '))
  await phone.locator('form[action$="progress/recover"] button').click()
  await phone.waitForFunction(() => localStorage.getItem('lab.progress')?.includes('why-a-handshake'))

  // A link into a lesson leads there, wherever the reader was last.
  const deep = `${lab.url}lessons/three-segments#main`
  await phone.goto(deep)
  assert.equal(await phone.locator('main h1').count(), 1)
  await phone.waitForLoadState('networkidle')
  assert.equal(phone.url(), deep)

  // Erased: in the lab and in this browser.
  await phone.goto(`${lab.url}progress`)
  await phone.check('#sure')
  await phone.locator('form[action$="progress/erase"] button').click()
  await phone.waitForFunction(() => localStorage.getItem('lab.progress') === null)
  assert.equal((await phone.request.get(`${lab.url}api/progress`)).status(), 401)
  await phone.done()
  await page.done()
})
