// What a learner does beyond single segments: moves an arrival further than the diagram reaches, opens a SYN cookie, changes the
// path while the run goes on, and sees the same actions under another profile; by mouse, by finger and by keyboard.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { poll, settled, sizes, startBrowser, startLab, violations } from './lab.mjs'

/** @import { Locator } from 'playwright-core' */
/** @typedef {HTMLElement & { time: number, commands: { line?: string }[] }} TcpSim */

/** @type {Awaited<ReturnType<typeof startLab>>} */
let lab
/** @type {Awaited<ReturnType<typeof startBrowser>>} */
let chrome

before(async () => {
  lab = await startLab()
  chrome = await startBrowser()
})
after(async () => {
  await chrome?.close()
  await lab?.stop()
})

const phone = { viewport: sizes.narrow, hasTouch: true, isMobile: true }
const devices = /** @type {const} */ ([['at 1440 px, by mouse', {}], ['at 390 px, by finger', phone]])

/** A page with a simulator. @param {string} path @param {Parameters<typeof chrome.page>[0]} [options] */
async function open(path, options) {
  const page = await chrome.page(options)
  await page.goto(lab.url + path)
  await settled(page)
  const sim = page.locator('tcp-sim').first()
  const self = {
    page, sim,
    /** @param {Locator} at */
    press: (at) => (options?.hasTouch ? at.tap() : at.click()),
    /** @param {string | RegExp} name */
    button: (name) => sim.getByRole('button', { name, exact: true }),
    /** @param {number} seg */
    segment: (seg) => sim.locator(`.stage tcp-ladder [data-seg="${seg}"]`),
    lines: () => sim.evaluate((e) => /** @type {TcpSim} */ (e).commands.map((c) => c.line).filter(Boolean)),
    last: async () => (await self.lines()).at(-1) ?? '',
    /** @param {RegExp} text */
    said: (text) => poll(async () => (await sim.locator('tcp-log li, .simnote').allInnerTexts()).join('\n').replace(/\s+/g, ' '), (all) => text.test(all), String(text)),
    /** Nothing is wider than the page. */
    fits: async () => assert.equal(await page.evaluate(() => document.documentElement.scrollWidth > innerWidth), false, 'no horizontal scrolling'),
    /** In both themes nothing is wrong for assistive technology. */
    async sound() {
      for (const colorScheme of /** @type {const} */ (['light', 'dark'])) {
        await page.emulateMedia({ colorScheme })
        assert.deepEqual(await violations(page), [], colorScheme)
      }
    },
  }
  return self
}

describe('an arrival is moved further than the diagram reaches', () => {
  /** @param {Parameters<typeof chrome.page>[0]} [options] */
  async function grip(options) {
    const it = await open('lessons/three-segments', options)
    await it.press(it.segment(2))
    const touch = it.sim.locator('.handle .touch')
    await touch.waitFor()
    await touch.scrollIntoViewIfNeeded()
    const box = await touch.boundingBox()
    assert.ok(box)
    const height = async () => Number(await it.sim.locator('.stage svg.ladder').getAttribute('height'))
    return { ...it, at: { x: box.x + box.width / 2, y: box.y + box.height / 2 }, height, before: await height(), arrives: async () => Number(/([\d,]+)\sms/.exec((await it.sim.locator('.dragging').textContent()) ?? '')?.[1]?.replaceAll(',', '')) }
  }
  const end = 1 << 20 // µs of the last thing in the lesson's run, and some more: below it nothing is drawn

  test('by mouse: at the edge of the window the page scrolls along, and the diagram grows', async () => {
    const { page, at, height, before, arrives, said, last, sim } = await grip()
    await page.mouse.move(at.x, at.y)
    await page.mouse.down()
    await page.mouse.move(at.x, at.y + 30)
    await page.mouse.move(at.x, sizes.wide.height - 5)
    await poll(arrives, (ms) => ms * 1000 > end, 'an arrival behind the end')
    assert.ok(await height() > before + 200)
    assert.match((await sim.locator('.stage svg.ladder .ruler').textContent()) ?? '', /1,000/)
    await page.mouse.up()
    await said(/You delayed segment 2/)
    assert.match(await last(), /^delay #2 [1-9]\d{3,}ms$/)
    await page.done()
  })

  test('by finger: the page scrolls by what is dragged, not by the finger', async () => {
    const { page, at, height, before, arrives, said, last } = await grip(phone)
    const cdp = await page.context().newCDPSession(page)
    await cdp.send('Input.dispatchTouchEvent', { type: 'touchStart', touchPoints: [at] })
    for (const y of [at.y + 30, sizes.narrow.height - 100]) await cdp.send('Input.dispatchTouchEvent', { type: 'touchMove', touchPoints: [{ x: at.x, y }] })
    await poll(arrives, (ms) => ms * 1000 > end, 'an arrival behind the end')
    assert.ok(await height() > before + 200)
    await cdp.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] })
    await said(/You delayed segment 2/)
    assert.match(await last(), /^delay #2 [1-9]\d{3,}ms$/)
    await page.done()
  })

  test('by keyboard: Shift and Down move it, Escape leaves it, Enter lets go', async () => {
    const { page, segment, height, before, arrives, said, lines, last, sound } = await grip()
    await segment(2).focus()
    await page.keyboard.press('Shift+ArrowDown')
    await said(/Segment 2: arrives at \d+ ms\. Enter lets go/)
    await page.keyboard.press('Escape')
    await said(/stays as it was/)
    assert.deepEqual(await lines(), [])
    await page.keyboard.press('Shift+ArrowDown')
    for (let i = 0; i < 60 && !(await arrives() * 1000 > end); i++) await page.keyboard.press('Shift+ArrowDown')
    assert.ok(await arrives() * 1000 > end)
    assert.ok(await height() > before + 200)
    await sound()
    await page.keyboard.press('ArrowUp')
    await page.keyboard.press('Enter')
    await said(/You delayed segment 2/)
    assert.match(await last(), /^delay #2 [1-9]\d{3,}ms$/)
    assert.ok(await segment(2).evaluate((e) => e === document.activeElement), 'the focus stays')
    await page.keyboard.press('Shift+ArrowDown')
    await page.keyboard.press('Tab')
    assert.equal(await page.locator('.dragging').count(), 0, 'whoever goes elsewhere leaves it as it was')
    assert.equal((await lines()).length, 1)
    await page.done()
  })
})
