// What a learner does beyond single segments: moves an arrival further than the diagram reaches, opens a SYN cookie, changes the
// path while the run goes on, and sees the same actions under another profile; by mouse, by finger and by keyboard.
import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import { devices, phone, poll, settled, sizes, sound, violations, withLab } from './lab.mjs'

/** @import { Locator } from 'playwright-core' */
/** @typedef {HTMLElement & { time: number, commands: { line?: string }[] }} TcpSim */

const { lab, chrome } = withLab()


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
    /** Nothing is wrong for assistive technology: in both themes, if not another device sees the other one. */
    sound: async () => (options?.colorScheme ? assert.deepEqual(await violations(page), []) : sound(page)),
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
    assert.match(await last(), /^delay #2 (\d{3,4})ms$/)
    assert.ok(await segment(2).evaluate((e) => e === document.activeElement), 'the focus stays')
    await page.keyboard.press('Shift+ArrowDown')
    await page.keyboard.press('Tab')
    assert.equal(await page.locator('.dragging').count(), 0, 'whoever goes elsewhere leaves it as it was')
    assert.equal((await lines()).length, 1)
    await page.done()
  })
})

describe('a SYN cookie is opened into its parts', () => {
  for (const [name, options] of devices) {
    test(name, async () => {
      const { page, sim, press, fits, sound } = await open('sandbox/syn-flood-cookies', options)
      const [made, back, other] = await sim.evaluate((e) => {
        const it = /** @type {any} */ (e)
        it.time = 500_000
        const events = it.store.events.value
        return ['linux:syncookie-sent', 'linux:syncookie-ack'].map((rule) => events.find((/** @type {any} */ x) => x.seg && x.rule === rule && x.kind === (rule.endsWith('sent') ? 'sent' : 'check')).seg).concat(1)
      })
      const cookie = sim.locator('tcp-header tcp-cookie'), select = (/** @type {number} */ seg) => sim.evaluate((e, seg) => /** @type {any} */ (e).store.select(seg), seg)
      await select(other)
      await sim.locator('tcp-header h3', { hasText: 'Segment 1' }).waitFor()
      assert.equal(await cookie.count(), 0, 'a SYN with an ordinary answer')
      await select(made)
      await press(cookie.getByText('Its sequence number is a SYN cookie'))
      const number = Number(/(\d+)$/.exec(await sim.locator('tcp-header .hdr .seq .v').innerText())?.[1])
      const parts = async () => {
        const cells = (await cookie.locator('tbody td:nth-child(2)').allInnerTexts()).map(Number), total = cells.pop()
        assert.equal(((cells[0] ?? 0) + (cells[1] ?? 0) + (cells[2] ?? 0) * 2 ** 24 + (cells[3] ?? 0) + (cells[4] ?? 0)) % 2 ** 32, total)
        return total
      }
      assert.equal(await parts(), number)
      assert.match(await cookie.innerText(), /1460 bytes.*window scale: 10/s)
      await fits()
      await sound()
      await select(back)
      await cookie.getByText('It brings a SYN cookie back').waitFor()
      assert.equal(await parts(), number)
      assert.equal(Number(await sim.locator('tcp-header .hdr .ack .v').innerText()), number + 1)
      await page.done()
    })
  }

  test('by keyboard, and a forged one is told from a good one', async () => {
    const { page, sim, said } = await open('sandbox/syn-flood-cookies')
    await sim.evaluate((e) => { /** @type {any} */ (e).time = 500_000 })
    await sim.focus()
    await page.keyboard.press('c')
    await sim.locator('tcp-console input').fill('forge to server ACK sport=99 seq=501 ack=77')
    await page.keyboard.press('Enter')
    await said(/You put ACK to the server/)
    await sim.locator('.stage [data-seg][aria-pressed=true]').focus()
    await page.keyboard.press('ArrowRight')
    await page.keyboard.press('Enter') // to the header of the segment that has the focus
    const summary = sim.locator('tcp-cookie summary')
    await summary.waitFor()
    for (let i = 0; i < 40 && !(await summary.evaluate((e) => e === document.activeElement)); i++) await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    assert.match(await sim.locator('tcp-cookie').innerText(), /it never made this number.*500.*76/s)
    await page.done()
  })
})

describe('the path is changed while the run goes on', () => {
  for (const [name, options] of devices) {
    test(name, async () => {
      const { page, sim, press, button, last, said, fits, sound } = await open('lessons/three-segments', options)
      await sim.evaluate((e) => { /** @type {TcpSim} */ (e).time = 75_000 })
      await press(button('Change the path from here on'))
      await sim.getByRole('toolbar', { name: 'Changes of the path from here on' }).waitFor()
      await fits()
      await sound()
      await press(button('NAT that forgets'))
      await said(/Half way stands a new box, number 1: nat timeout 60s/)
      assert.equal(await last(), 'box nat timeout 60s')
      const chip = sim.locator('.rules li', { hasText: 'nat timeout 60s, from 75 ms on' })
      await chip.waitFor()
      // it is a branch as any other
      assert.match(await sim.locator('tcp-history [aria-current], tcp-history button').first().innerText() + await sim.locator('tcp-history').innerText(), /Box: nat timeout 60s/)
      await sim.evaluate((e) => { /** @type {TcpSim} */ (e).time = 90_000 })
      await press(button('Change the path from here on'))
      await press(sim.locator('tcp-path').getByRole('button', { name: 'nat timeout 60s' }))
      await said(/Box 1 is gone/)
      assert.equal(await last(), 'unbox 1')
      await sim.locator('.rules li', { hasText: 'nat timeout 60s, from 75 to 90 ms' }).waitFor()
      await press(button('Change the path from here on'))
      await press(button('drop the 1st ACK'))
      await said(/New rule 1 on the wire/)
      await sim.locator('.rules li', { hasText: 'drop the 1st ACK, from 90 ms on' }).waitFor()
      await sound()
      await page.done()
    })
  }

  test('by keyboard; and from the start, where it is taken away again', async () => {
    const { page, sim, button, lines, said } = await open('lessons/three-segments')
    await sim.evaluate((e) => { /** @type {TcpSim} */ (e).time = 75_000 })
    const now = button('Change the path from here on')
    await now.focus()
    await page.keyboard.press('Enter')
    await page.waitForFunction(() => document.activeElement?.closest('tcp-path'))
    await page.keyboard.press('Escape')
    assert.ok(await now.evaluate((e) => e === document.activeElement), 'the focus goes back')
    await page.keyboard.press('ArrowLeft')
    await page.keyboard.press('Enter')
    await page.waitForFunction(() => document.activeElement?.closest('tcp-path'))
    for (let i = 0; i < 20 && await page.evaluate(() => document.activeElement?.textContent?.trim()) !== 'SYN proxy'; i++) await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Enter')
    await said(/Added: Box: syn-proxy\. The run was played again from the start/)
    assert.deepEqual((await lines())[0] && await sim.evaluate((e) => /** @type {any} */ (e).store.text().split('\n').filter((/** @type {string} */ l) => /^box/.test(l))), ['box syn-proxy'])
    const away = button('Remove: Box: syn-proxy')
    await away.focus()
    await page.keyboard.press('Enter')
    await said(/Removed: Box: syn-proxy/)
    assert.equal(await sim.locator('.rules li', { hasText: 'syn-proxy' }).count(), 0)
    await page.done()
  })
})

describe('the same actions under other profiles', () => {
  for (const [name, options] of devices) {
    test(`one click shows what Linux would do; then each host on each side, ${name}`, async () => {
      const { page, sim, press, button, fits, sound } = await open('lessons/three-segments', options)
      await press(button('What would Linux 6.18 do?'))
      const panel = sim.locator('tcp-compare'), pick = (/** @type {number} */ side) => panel.locator('.pick').nth(side)
      await panel.getByText(/^At 0 ms: .*the window \(65535 in A, 64240 in B\)/).first().waitFor()
      assert.equal(await panel.getByLabel('B is').evaluate((e) => /** @type {HTMLSelectElement} */ (e).selectedOptions[0]?.text), 'Linux 6.18 on both hosts')
      await pick(1).getByLabel('Server').selectOption({ label: 'RFC 9293' })
      await panel.getByRole('heading', { name: 'B: client Linux 6.18, server RFC 9293' }).waitFor()
      assert.deepEqual(await panel.locator('.first .known caption').allInnerTexts(), ['Client'])
      // and A another than the run
      await panel.getByLabel('A is').selectOption({ label: 'Linux before 6.5 on both hosts' })
      await panel.getByRole('heading', { name: 'A: Linux before 6.5' }).waitFor()
      await panel.getByText(/wscale 7 in A, .*wscale 10/).first().waitFor()
      await fits()
      await sound()
      // the slider lets go of the time when the pointer does
      const slider = panel.getByRole('slider'), box = await slider.boundingBox()
      assert.ok(box)
      await page.mouse.move(box.x + 2, box.y + 20)
      await page.mouse.down()
      await page.mouse.up()
      const clock = () => panel.locator('.readout b').innerText()
      assert.equal(await clock(), '0')
      await page.mouse.move(box.x + box.width / 2, box.y + 20)
      assert.equal(await clock(), '0')
      await panel.getByLabel('A is').selectOption({ index: 0 })
      await panel.getByText(/^At 0 ms: .*the window \(65535 in A/).first().waitFor()
      await page.done()
    })
  }

  test('by keyboard', async () => {
    const { page, sim, button } = await open('lessons/three-segments')
    await button('What would Linux 6.18 do?').focus()
    await page.keyboard.press('Enter')
    await poll(() => page.evaluate(() => document.activeElement?.className ?? ''), (c) => c.includes('compare'), 'the focus in the comparison')
    await page.keyboard.press('Tab')
    await page.keyboard.press('End')
    await sim.locator('tcp-compare').getByRole('heading', { name: 'A: Linux before 6.5' }).waitFor()
    await page.keyboard.press('Tab')
    await page.keyboard.press('Home')
    await sim.locator('tcp-compare').getByRole('heading', { name: 'A: client RFC 9293, server Linux before 6.5' }).waitFor()
    assert.equal(await page.evaluate(() => document.activeElement?.tagName), 'SELECT', 'the focus stays')
    await page.done()
  })
})

describe('a first-time learner loses the SYN-ACK, by what is visible alone', () => {
  for (const [name, options] of devices) {
    test(name, async () => {
      const { page, sim, press, said, sound, fits } = await open('', options)
      const height = page.viewportSize()?.height ?? 0
      /** In sight, where the learner is looking. @param {Locator} at */
      const seen = async (at) => {
        await at.waitFor()
        const box = await at.boundingBox()
        assert.ok(box && box.y >= 0 && box.y + box.height <= height, 'in sight without scrolling')
        return at
      }
      const ladder = sim.locator('.stage tcp-ladder'), synAck = ladder.getByRole('button', { name: /^SYN ACK / }).first()
      await synAck.scrollIntoViewIfNeeded()
      await press(synAck)
      const drop = ladder.getByText('Drop', { exact: true })
      await poll(() => drop.evaluate((e) => {
        const { x, y, width, height } = e.getBoundingClientRect()
        return e.contains(document.elementFromPoint(x + width / 2, y + height / 2))
      }), (free) => free, 'what can be done with it, and no bar over it')
      await sound()
      await fits()
      const least = 'hasTouch' in options ? 44 : 24
      for (const box of await ladder.locator('.segtools button').evaluateAll((all) => all.map((e) => e.getBoundingClientRect().toJSON()))) assert.ok(box.width >= least && box.height >= least, JSON.stringify(box))
      await press(await seen(drop))
      await seen(synAck.getByText('lost'))
      assert.equal(await ladder.locator('.segtools').count(), 0, 'nothing is in the way of what happened')
      await said(/You dropped segment 2/)
      // what then happens is there already, and comes with the button for the next event
      assert.match(await ladder.innerText().catch(() => '') + (await ladder.textContent()), /again/)
      const on = sim.locator('.btns .next')
      for (let i = 0; i < 30 && await on.getAttribute('aria-disabled') !== 'true'; i++) await press(on)
      await said(/Same SYN-ACK sent again/)
      assert.match(await sim.locator('tcp-states').innerText().then((t) => t + ' ') + await sim.locator('.summary, .vh .now').first().textContent(), /Client ESTABLISHED, server ESTABLISHED/)
      await page.done()
    })
  }

  test('of one that is no longer on the wire the way back to it is offered', async () => {
    const { page, sim, press, segment } = await open('lessons/three-segments')
    await press(segment(1))
    await press(sim.getByText('To when it is on the wire'))
    await poll(() => sim.evaluate((e) => /** @type {TcpSim} */ (e).time), (t) => t === 25_000, 'the middle of its way')
    await press(sim.getByText('Drop', { exact: true }).first())
    await segment(1).getByText('lost').waitFor()
    await page.done()
  })
})
