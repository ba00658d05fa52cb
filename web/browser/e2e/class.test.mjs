// A class from its beginning to its end: an instructor and three learners, each in a browser of their own.
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { fits, freePort, poll, sizes, startBrowser, startLab, violations } from './lab.mjs'

/** @typedef {Awaited<ReturnType<Awaited<ReturnType<typeof startBrowser>>['page']>>} Page */

/** @type {Awaited<ReturnType<typeof startLab>>} */
let lab
/** @type {Awaited<ReturnType<typeof startBrowser>>} */
let chromium
/** @type {string} */
let data
/** @type {number} */
let port

const start = () => startLab({ port, args: ['-data', data] })

before(async () => {
  data = await mkdtemp(join(tmpdir(), 'lab-class-'))
  port = await freePort()
  lab = await start()
  chromium = await startBrowser()
})
after(async () => {
  await chromium?.close()
  await lab?.stop()
  if (data) await rm(data, { recursive: true, force: true })
})

/** What a page without connection says in the console is no fault of ours. */
const cut = /ERR_INTERNET_DISCONNECTED|ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|ERR_INCOMPLETE_CHUNKED|ERR_NETWORK_CHANGED|ERR_EMPTY_RESPONSE|WebSocket|roster|\/where|404|422/

/** @param {Page} page @returns {Promise<{ time: number, node: number, last: number, run: string, state: string }>} */
const place = (page) => page.evaluate(() => {
  const sim = /** @type {any} */ (document.querySelector('tcp-sim')), { store } = sim
  return { time: sim.time, node: store.place().at, last: store.path.value.at(-1)?.node ?? 0, run: store.run?.id ?? '', digest: store.run?.done?.digest ?? '', state: store.status.value }
})

/** Waits until all stand at the same instant of the same run. @param {Page} leader @param {Page[]} others @param {string} what */
async function together(leader, others, what) {
  await poll(async () => Promise.all([leader, ...others].map(place)), (all) => all.every((p) => p.state === 'ready' && p.run === all[0]?.run && p.node === all[0]?.node && p.time === all[0]?.time && p.digest === all[0]?.digest), what)
}

/** @param {Page} page @param {string} selector @param {RegExp | string} text */
const says = (page, selector, text) => poll(() => page.locator(selector).allTextContents(), (all) => all.some((x) => (typeof text === 'string' ? x.includes(text) : text.test(x))), `${selector} to say ${text}`)

/** That axe finds nothing in the state that the page is in, and that nothing scrolls sideways at 320 px. @param {Page} page */
async function clean(page) {
  const size = page.viewportSize() ?? sizes.wide
  assert.deepEqual(await violations(page), [])
  await page.setViewportSize({ width: 320, height: 640 })
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'it scrolls sideways at 320 px')
  await page.setViewportSize(size)
}

/** All that was said aloud. @param {Page} page */
async function listen(page) {
  await page.evaluate(() => {
    const said = /** @type {string[]} */ (/** @type {any} */ (globalThis).said = [])
    for (const id of ['room-said', 'room-said-too']) {
      const place = document.getElementById(id)
      if (place) new MutationObserver(() => place.textContent && said.push(place.textContent)).observe(place, { childList: true, characterData: true, subtree: true })
    }
  })
}
/** @param {Page} page @param {RegExp} text */
const heard = (page, text) => poll(() => page.evaluate(() => /** @type {string[]} */ (/** @type {any} */ (globalThis).said)), (all) => all.some((x) => text.test(x)), `to hear ${text}`)

/** An instructor who has signed in, on the page of the list of classes. */
async function instructor() {
  const page = await chromium.page({ allow: cut })
  const [, link] = await lab.said(/http:\/\/\S+\/setup\/(\S+)\n/)
  await page.goto(`${lab.url}setup/${link}`)
  await page.fill('#name', 'Grace')
  await page.fill('#password', 'correct horse battery')
  await page.fill('#again', 'correct horse battery')
  await page.click('main form button[type=submit]')
  await page.goto(`${lab.url}teach`)
  return page
}

/** @param {string} name @param {string} code @param {object} [options] */
async function learner(name, code, options) {
  const page = await chromium.page({ allow: cut, ...options })
  await page.goto(`${lab.url}join`)
  await page.fill('#code', code)
  await page.fill('#name', name)
  await page.click('main form button[type=submit]')
  await page.waitForURL(/\/class\/[\w-]+$/)
  return page
}

test('a whole class: three learners, one cut off, the server killed in the middle', { timeout: 180_000 }, async () => {
  const grace = await instructor()
  await grace.fill('#title', 'Networks, group B')
  await grace.click('form.open button')
  await grace.waitForURL(/\/teach\/[\w-]+$/)
  const code = ((await grace.textContent('.ticket-code .code')) ?? '').replace(/\s/g, '')
  assert.match(code, /^[A-HJKMNP-Z]{6}$/)
  await says(grace, '#room-link', 'Live')
  await clean(grace)

  // The code fills the wall, and closes by key; the focus is where it was.
  await grace.focus('#show-code')
  await grace.keyboard.press('Enter')
  await grace.locator('#join-here[open]').waitFor()
  assert.ok((await grace.locator('#join-here .code').evaluate((e) => Number.parseFloat(getComputedStyle(e).fontSize))) > 90)
  assert.match((await grace.getAttribute('#join-here img', 'src')) ?? '', /^data:image\/svg\+xml/)
  await grace.keyboard.press('Escape')
  assert.equal(await grace.evaluate(() => document.activeElement?.id), 'show-code')

  // ---- join, however the code is typed ----
  const ada = await learner('Ada', code.toLowerCase())
  const ben = await learner('Ben', ` ${code.slice(0, 3)}-${code.slice(3)} `, { viewport: sizes.narrow })
  const cyd = await learner('Cyd', [...code].join(' '))
  const all = [ada, ben, cyd]
  await says(grace, '#roster .name', 'Cyd')
  assert.equal(await grace.textContent('#roster-count'), '3')
  for (const page of all) {
    await listen(page)
    await says(page, '#room-state', 'Nothing is shown yet')
  }
  await clean(ben)

  // ---- a lesson, as a link that keeps them in the class ----
  await grace.selectOption('#show-what', 'lesson:lost-segments')
  await grace.click('form.push button')
  for (const page of all) await heard(page, /asks you to open the lesson/)
  await ada.click('#room-lesson a')
  await ada.waitForURL(/lessons\/lost-segments/)
  await says(ada, '.class-bar', 'Networks, group B')
  await ada.locator('form[data-kind=quiz], form[data-kind=predict]').first().scrollIntoViewIfNeeded()
  await says(grace, '#roster .where', /SYN-ACK|lost/i)
  await clean(ada)

  // ---- a run that all follow ----
  await grace.selectOption('#show-what', 'block:lost-segments#lost')
  await grace.click('form.push button')
  await says(ada, '.class-bar .news', 'The instructor shows')
  await ada.click('.class-bar a.solid')
  await ada.waitForURL(/\/class\//)
  await listen(ada)
  await together(grace, all, 'all to see the run')
  for (const page of [ben, cyd]) await heard(page, /The instructor shows/)
  await clean(grace)
  await clean(ada)

  // The instructor steps, by key; nobody sees further than the instructor has been.
  await grace.focus('tcp-sim')
  const from = await place(grace)
  for (let i = 0; i < 3; i++) await grace.keyboard.press('ArrowRight')
  await poll(() => place(grace), (p) => p.time >= from.time && p.node !== from.node, 'the instructor to step')
  await together(grace, all, 'all to follow the steps')
  const now = await place(grace)
  await ben.focus('tcp-sim')
  await ben.keyboard.press('End')
  assert.equal((await place(ben)).node, now.node, 'the future is not shown before its time')

  // Looking back is everybody's own affair.
  await ben.keyboard.press('Home')
  await says(ben, '.banner', 'another place')
  assert.equal((await place(grace)).node, now.node)
  await ben.click('.banner button')
  await together(grace, all, 'Ben to be back')

  // ---- driving ----
  const drop = (/** @type {Page} */ page) => page.evaluate(() => /** @type {any} */ (document.querySelector('tcp-sim')).do('drop SYN-ACK').then(() => 'done', (/** @type {any} */ e) => e.code ?? e.message))
  assert.equal(await drop(cyd), 'forbidden')
  const roleOf = (/** @type {string} */ name) => grace.locator('#roster li', { has: grace.locator('.name', { hasText: name }) }).locator('select')
  await roleOf('Ada').selectOption('client')
  await roleOf('Ben').selectOption('server')
  await roleOf('Cyd').selectOption('network')
  await says(ada, '.banner', 'You drive: the client.')
  await says(ben, '.banner', 'You drive: the server.')
  await says(cyd, '.banner', 'the network')
  await heard(cyd, /You drive/)
  const does = (/** @type {Page} */ page, /** @type {string} */ line) => page.evaluate((l) => /** @type {any} */ (document.querySelector('tcp-sim')).do(l).then(() => 'done', (/** @type {any} */ e) => e.code ?? e.message), line)
  assert.equal(await does(ada, 'client abort'), 'done')
  await together(grace, all, 'all to see what Ada did')
  assert.equal(await does(ada, 'server abort'), 'forbidden')
  assert.equal(await does(ben, 'server abort'), 'done')
  assert.equal(await does(cyd, 'step'), 'done')
  await together(grace, all, 'all to see what three of them did')

  // Frozen, only the instructor may.
  await grace.click('#freeze')
  for (const page of all) await says(page, '.banner', 'Frozen')
  assert.equal(await does(ada, 'client connect'), 'frozen')
  await clean(cyd)
  await grace.click('#freeze')
  for (const page of all) await poll(() => page.locator('.banner', { hasText: 'Frozen' }).count(), (n) => n === 0, 'the thaw')
  for (const name of ['Ada', 'Ben', 'Cyd']) {
    await roleOf(name).selectOption('none')
    await poll(() => grace.textContent('#drivers'), (text) => !text?.includes(name), `${name} to drive no longer`)
  }

  // ---- the server is killed, and comes back with all it knew ----
  const was = await place(grace)
  await lab.stop('SIGKILL')
  await says(ada, '.banner', 'Connection lost')
  lab = await start()
  for (const page of all) await says(page, '#room-link', 'Live')
  await says(grace, '#room-link', 'Live')
  await together(grace, all, 'all to be where they were')
  assert.equal((await place(grace)).digest, was.digest)

  // ---- one learner's network is cut, and the class goes on ----
  await ben.context().setOffline(true)
  await says(ben, '.banner', 'Connection lost')
  await heard(ben, /Connection lost/)
  assert.equal(await does(grace, 'client connect'), 'done')
  await together(grace, [ada, cyd], 'the others to go on')
  assert.notEqual((await place(ben)).node, (await place(grace)).node)
  await ben.context().setOffline(false)
  await together(grace, all, 'Ben to have caught up')
  await heard(ben, /The connection is back/)

  // ---- a run of one's own, shown to all ----
  await ada.focus('#room-branch')
  await ada.keyboard.press('Enter')
  await says(ada, '.banner', 'run of your own')
  await poll(() => place(ada), (p) => p.state === 'ready' && !p.run.includes('.'), 'a run of her own')
  assert.equal(await does(ada, 'client abort'), 'done')
  await clean(ada)
  const spot = grace.getByRole('button', { name: 'Show the run of Ada to everybody' })
  await spot.waitFor()
  await ada.getByRole('button', { name: 'Back to the class' }).click()
  await together(grace, all, 'Ada to be back')
  await ada.click('#room-branch')
  await spot.waitFor()
  await spot.click()
  await says(cyd, '.banner', 'This is the run of Ada, live.')
  await heard(cyd, /the run of Ada/)
  await says(grace, '#drivers', 'This is the run of Ada, live, until you do something on it.')
  // What she goes on doing is seen by all, until the instructor takes the run over.
  await says(ada, '.banner', 'Everybody sees this run of yours, live.')
  await heard(ada, /Everybody sees/)
  await poll(() => place(ada), (p) => p.state === 'ready' && !p.run.includes('.'), 'a run of her own')
  assert.equal(await does(ada, 'client abort'), 'done')
  const inTime = async () => (await Promise.all([ada, ben, cyd, grace].map(place))).map((p) => p.time)
  await poll(inTime, (all) => new Set(all).size === 1, 'all to be where Ada is')
  await ada.focus('tcp-sim')
  await ada.keyboard.press('End')
  const hers = await place(ada)
  for (const page of [ben, cyd, grace]) await poll(() => place(page), (p) => p.digest === hers.digest && p.time === hers.time, 'what Ada does to be shown')
  assert.equal(await does(grace, 'client connect'), 'done')
  await says(cyd, '.banner', 'This is the run of Ada.')
  await says(ada, '.banner', 'The class does not see')
  await ada.getByRole('button', { name: 'Back to the class' }).click()
  await together(grace, all, 'all to see the run of Ada')

  // ---- a question ----
  const first = await grace.locator('#ask-predict option').nth(1).getAttribute('value')
  await grace.selectOption('#ask-predict', first ?? '')
  await grace.click('form[data-ask]:has(#ask-predict) button')
  for (const page of all) await page.locator('#room-question form').waitFor()
  await heard(ben, /A question: /)
  await together(grace, all, 'all to see the run that it is about')
  const options = await ada.locator('#room-question input[type=radio]').evaluateAll((list) => list.map((r) => /** @type {HTMLInputElement} */ (r).value))
  assert.ok(options.length >= 2)
  for (const [page, i] of /** @type {[Page, number][]} */ ([[ada, 0], [ben, 1], [cyd, 1]])) {
    await page.locator('#room-question input[type=radio]').nth(i).check()
    await page.click('#room-question button[type=submit]')
    await says(page, '#room-question [role=status]', `You answered: ${options[i]}`)
  }
  // Ada thinks again.
  await ada.locator('#room-question input[type=radio]').nth(1).check()
  await ada.click('#room-question button[type=submit]')
  await says(ada, '#room-question [role=status]', `You answered: ${options[1]}`)
  await says(grace, '#asked-now', '3 of 3 have answered.')
  await fits(cyd)
  await cyd.setViewportSize(sizes.wide)
  await grace.getByRole('button', { name: 'Show the answers to everybody' }).click()
  for (const page of [...all, grace]) {
    await poll(() => page.locator('.bars li .n').allTextContents(), (n) => n.length === options.length && n[1] === '3' && n[0] === '0', 'the histogram')
    assert.equal(await page.locator('.bars .right').count(), 1, 'one answer is right')
  }
  assert.ok(!(await cyd.textContent('#room-question'))?.includes('Ada'), 'who answered what is nobody’s business')
  await fits(grace)
  await grace.setViewportSize(sizes.wide)

  // ---- the end ----
  await grace.check('#end input[type=checkbox]')
  await grace.click('#end button')
  await says(grace, '.banner', 'This class has ended.')
  for (const page of all) {
    await says(page, '#room-state', 'The class is over.')
    await heard(page, /The class is over/)
  }
  await clean(ben)
  const late = await chromium.page({ allow: cut })
  await late.goto(`${lab.url}join/${code}`)
  await says(late, '#fault', 'No class has this code')
  await late.done()
  for (const page of [grace, ...all]) await page.done()
})

test('without JavaScript: join, see what is shown, answer', { timeout: 60_000 }, async () => {
  const grace = await chromium.page({ allow: cut })
  await grace.goto(`${lab.url}signin?next=/teach`)
  await grace.fill('#name', 'Grace')
  await grace.fill('#password', 'correct horse battery')
  await grace.click('main form button[type=submit]')
  await grace.waitForURL(/\/teach$/)
  await grace.fill('#title', 'Plain')
  await grace.click('form.open button')
  const code = ((await grace.textContent('.ticket-code .code')) ?? '').replace(/\s/g, '')
  await says(grace, '#room-link', 'Live')

  const dora = await learner('Dora', code, { javaScriptEnabled: false })
  await says(dora, '#room-state', 'Nothing is shown yet')
  await grace.selectOption('#show-what', 'block:lost-segments#lost')
  await grace.click('form.push button')
  await grace.locator('#room .simbody').waitFor()
  await grace.locator('details.own-question summary').click()
  await grace.fill('#ask-text', 'What will the client do?')
  await grace.fill('#ask-options', 'wait\n*send again')
  await grace.click('details.own-question button')
  await says(grace, '#asked-now', '0 of 1')
  await dora.click('text=Load it again')
  assert.equal(await dora.locator('#room svg').count() > 0, true, 'the run is drawn')
  await dora.getByLabel('send again').check()
  await dora.click('#room-question button')
  await says(dora, '#room-question', 'You answered: send again')
  await says(grace, '#asked-now', '1 of 1')
  await grace.getByRole('button', { name: 'Show the answers to everybody' }).click()
  await says(grace, '.bars .right', '1')
  await dora.goto(dora.url().replace('/api/', '/').replace('/answer', ''))
  await says(dora, '.bars .right', 'send again')
  await dora.setViewportSize({ width: 320, height: 640 })
  assert.ok(await dora.evaluate(() => document.documentElement.scrollWidth <= innerWidth))
  await dora.done()
  await grace.done()
})

test('where a learner is, and that they are stuck, is on the instructor’s page', { timeout: 60_000 }, async () => {
  const grace = await chromium.page({ allow: cut })
  await grace.goto(`${lab.url}signin?next=/teach`)
  await grace.fill('#name', 'Grace')
  await grace.fill('#password', 'correct horse battery')
  await grace.click('main form button[type=submit]')
  await grace.waitForURL(/\/teach$/)
  await grace.fill('#title', 'Stuck')
  await grace.click('form.open button')
  const code = ((await grace.textContent('.ticket-code .code')) ?? '').replace(/\s/g, '')
  const eve = await learner('Eve </script><b>', code)
  await eve.goto(`${lab.url}lessons/lost-segments`)
  await eve.locator('.class-bar').waitFor()
  const form = eve.locator('form[data-kind=predict]:has(input[type=radio])').first()
  const radios = form.locator('input[type=radio]'), n = await radios.count()
  let wrong = 0
  for (let i = 0; wrong < 3 && i < 3 * n; i++) {
    await radios.nth(i % n).check()
    await form.locator('button[type=submit]').click()
    await poll(() => form.locator('.feedback b').count(), (c) => c > 0, 'a verdict')
    await poll(() => form.locator('button[type=submit]').getAttribute('aria-disabled'), (a) => a === null, 'the verdict to be there')
    if (!(await form.evaluate((f) => f.querySelector('.feedback.right, .feedback .right') !== null || /^(Right|Yes|Correct)/.test(f.querySelector('.feedback b')?.textContent ?? '')))) wrong++
  }
  await says(grace, '#roster li.stuck', 'wrong tries')
  await says(grace, '#roster .name', 'Eve </script><b>')
  await says(grace, '#roster-status', '1 member is stuck')

  await grace.goto(`${grace.url()}/board`)
  await says(grace, '.marks th', 'Eve </script><b>')
  await fits(grace)
  await grace.setViewportSize(sizes.wide)
  await grace.getByRole('link', { name: 'Eve' }).click()
  await grace.locator('.standing .answer').first().waitFor()
  await fits(grace)
  await eve.done()
  await grace.done()
})
