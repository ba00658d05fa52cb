// The history of a run in the learner's hands: the tree of branches, on until something happens, check by check, and two
// runs side by side: branches, and the same actions with another profile.
import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import { poll, settled, sizes, sound, violations, withLab } from './lab.mjs'

/** @import { Page } from 'playwright-core' */
/** @typedef {HTMLElement & { time: number, do(line: string): Promise<unknown> }} TcpSim */

const { lab, chrome } = withLab()

/** @param {Page} page */
function hands(page) {
  const sim = page.locator('tcp-sim').first()
  const time = () => sim.evaluate((e) => /** @type {TcpSim} */ (e).time / 1000)
  return {
    sim,
    /** @param {string} name */
    button: (name) => sim.getByRole('button', { name, exact: true }),
    /** @param {number} ms */
    at: (ms) => poll(time, (now) => now === ms, `the playhead at ${ms} ms`),
    time,
    /** Does lines at their times, each at the place where the run as set up was. @param {[number, string][]} lines */
    act: (lines) => sim.evaluate(async (e, lines) => {
      const it = /** @type {TcpSim} */ (e)
      for (const [ms, line] of lines) {
        it.time = ms * 1000
        await it.do(line)
      }
    }, lines),
    tips: sim.locator('tcp-history .tips button'),
    current: () => sim.locator('tcp-history .tips [aria-current=true]').innerText(),
    note: () => sim.locator('.simnote').innerText(),
    focus: () => page.evaluate(() => document.activeElement?.textContent?.trim().replace(/\s+/g, ' ') || document.activeElement?.getAttribute('aria-label') || ''),
  }
}

/** @param {string} slug @param {Parameters<typeof chrome.page>[0]} [options] */
async function open(slug, options) {
  const page = await chrome.page(options)
  await page.goto(`${lab.url}lessons/${slug}`)
  await settled(page)
  return page
}

/** A run in the sandbox. @param {string} text @param {Parameters<typeof chrome.page>[0]} [options] @param {(page: Page) => Promise<void>} [prepare] */
async function sandbox(text, options, prepare) {
  const page = await chrome.page(options)
  await prepare?.(page)
  await page.goto(`${lab.url}sandbox`)
  await settled(page)
  await page.locator('#scenario').fill(text)
  await page.getByRole('button', { name: 'Run this scenario' }).click()
  await poll(() => page.locator('tcp-sim').evaluate((e) => /** @type {any} */ (e).store.first?.setup ?? ''), (setup) => setup.includes('isn 4242'), 'the new run')
  return page
}

const fits = (/** @type {Page} */ page) => page.evaluate(() => document.documentElement.scrollWidth <= document.documentElement.clientWidth)

describe('the tree of branches', () => {
  test('appears with the first branch; a click shows another one at the same time', async () => {
    const page = await open('three-segments')
    const { sim, button, tips, current, at } = hands(page)
    await at(75)
    assert.equal(await sim.locator('tcp-history').count(), 0, 'one branch needs no tree')
    await sim.locator('tcp-ladder [data-seg="2"]').click()
    await button('Drop').click()
    await tips.nth(1).waitFor()
    assert.deepEqual((await tips.allInnerTexts()).map((text) => text.trim().replace(/\s+/g, ' ')), ['The run as set up', 'Segment 2 dropped, at 75 ms (leaves: The run as set up)'])
    assert.match(await current(), /^Segment 2 dropped, at 75 ms/)
    await tips.first().click()
    await poll(current, (text) => text.trim() === 'The run as set up', 'the first branch')
    await at(75)
    assert.equal(await sim.locator('tcp-ladder [data-seg="2"]').getAttribute('class'), 'pkt syn flight ')
    assert.deepEqual(await violations(page), [])
    await page.done()
  })

  test('is one tab stop; arrows go through it, Enter chooses, and the focus stays', async () => {
    const page = await open('three-segments')
    const { act, tips, current, focus } = hands(page)
    await act([[75, 'drop #2'], [50, 'edit #2 ack=305'], [20, 'drop #1']])
    await tips.nth(3).waitFor()
    assert.equal(await tips.evaluateAll((all) => all.filter((b) => /** @type {HTMLElement} */ (b).tabIndex === 0).length), 1)
    await page.locator('tcp-history .tips [tabindex="0"]').focus()
    assert.match(await focus(), /^Segment 1 dropped/, 'the stop is the branch that is shown')
    await page.keyboard.press('Home')
    await page.keyboard.press('ArrowDown')
    const name = await focus()
    await page.keyboard.press('Enter')
    await poll(current, (text) => text.replace(/\s+/g, ' ').trim() === name, name)
    assert.equal(await focus(), name)
    await page.done()
  })

  test('on a phone it is one line with a picture, and opens', async () => {
    const page = await open('three-segments', { viewport: sizes.narrow, hasTouch: true })
    const { sim, act, tips, at } = hands(page)
    await act([[75, 'drop #2'], [50, 'edit #2 ack=305']])
    const fold = sim.locator('tcp-history .fold')
    await fold.waitFor()
    assert.match(await fold.innerText(), /Segment 2 edited, at 50 ms/)
    assert.equal(await tips.first().isVisible(), false)
    assert.deepEqual(await violations(page), [])
    await fold.tap()
    await tips.first().waitFor()
    for (const box of await Promise.all((await tips.all()).map((b) => b.boundingBox()))) assert.ok((box?.height ?? 0) >= 44)
    assert.deepEqual(await violations(page), [])
    await tips.filter({ hasText: 'dropped' }).tap()
    await poll(() => fold.innerText(), (text) => /Segment 2 dropped, at 75 ms/.test(text), 'the other branch')
    assert.equal(await tips.first().isVisible(), false, 'it is folded again')
    assert.ok(await fold.evaluate((e) => e === document.activeElement))
    await at(50)
    await page.setViewportSize({ width: 320, height: 700 })
    assert.ok(await fits(page))
    await page.done()
  })
})

describe('on until', () => {
  test('by mouse: to the next thing of a kind, or a word that it does not come', async () => {
    const page = await open('three-segments')
    const { sim, button, at, note } = hands(page)
    await button('To the start').click()
    await button('How far, and on until').click()
    await button('a segment arrives').click()
    await at(50)
    await button('How far, and on until').click()
    await button('a state changes').click()
    await at(100)
    await button('How far, and on until').click()
    assert.deepEqual(await violations(page), [])
    await button('a segment is lost').click()
    await poll(note, (text) => /does not come any more: a segment is lost/.test(text), 'an answer')
    await at(100)
    assert.equal(await sim.locator('tcp-until').count(), 0)
    await page.done()
  })

  test('by keyboard: the last choice has the focus, Escape closes and gives it back', async () => {
    const page = await open('three-segments')
    const { sim, button, at, focus } = hands(page)
    await button('To the start').focus()
    await page.keyboard.press('Enter')
    for (let i = 0; i < 4; i++) await page.keyboard.press('ArrowRight')
    assert.equal(await focus(), 'How far, and on until')
    await page.keyboard.press('Enter')
    await poll(focus, (text) => text === 'a segment is sent', 'the first choice')
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Enter')
    await at(50)
    await poll(focus, (text) => text === 'How far, and on until', 'the focus back')
    await page.keyboard.press('Enter')
    await poll(focus, (text) => text === 'a segment arrives', 'the last choice')
    await page.keyboard.press('Enter')
    await at(100)
    await page.keyboard.press('Enter')
    await poll(focus, (text) => text === 'a segment arrives', 'the menu')
    await page.keyboard.press('Escape')
    await poll(focus, (text) => text === 'How far, and on until', 'the focus back')
    assert.equal(await sim.locator('tcp-until').count(), 0)
    await page.done()
  })

  test('where the future is not known the engine is asked, and can be stopped', async () => {
    let thinking = Promise.resolve(), answer = () => {}
    const page = await sandbox('client isn 4242\nserver isn 300\ndelay 50ms\nserver listen\nclient connect\nstep 3\nclient set keepalive 1s 1s 9\n', { fresh: true }, (page) => page.routeWebSocket(/\/ws/, (socket) => {
      const engine = socket.connectToServer()
      engine.onMessage(async (message) => {
        await thinking
        socket.send(message)
      })
    }))
    const { sim, button, note, time } = hands(page)
    await sim.getByRole('slider').focus()
    await page.keyboard.press('End')
    const end = await time()
    await button('How far, and on until').click()
    await button('a segment arrives').click()
    await poll(time, (now) => now > end, 'a later time')
    const there = await time()
    await button('How far, and on until').click()
    thinking = new Promise((done) => { answer = done }) // an engine that takes its time: it could be done before the button is pressed
    await button('a segment is lost').click()
    await button('Stop').click()
    answer()
    await poll(note, (text) => /^Stopped/.test(text), 'an answer')
    assert.equal(await time(), there)
    await page.done()
  })
})

test('a step can be a check, and each is told', async () => {
  const page = await open('three-segments')
  const { sim, button, at, note } = hands(page)
  await button('To the start').click()
  await button('How far, and on until').click()
  await sim.getByRole('radio', { name: 'a check' }).check()
  await page.keyboard.press('Escape')
  const next = button('Step forward')
  for (let i = 0; (await sim.locator('.simnote').count()) === 0; i++) {
    assert.ok(i < 5, 'the SYN arrives within five steps')
    await next.click()
  }
  await at(50)
  assert.match(await note(), /^Check 1 of \d+, passed\. Server: /)
  await next.click()
  await poll(note, (text) => /^Check 2 of \d+/.test(text), 'the next check')
  await sim.getByText(/^event \d+, check 2 of \d+$/).waitFor()
  await poll(() => sim.getByRole('img', { name: /TCP state machine/ }).getAttribute('aria-label'), (name) => !!name?.includes('the server in LISTEN'), 'a server that has not made up its mind yet')
  await button('Step back').click()
  await poll(note, (text) => /^Check 1 of \d+/.test(text), 'the check before')
  assert.deepEqual(await violations(page), [])
  await page.done()
})

describe('side by side', () => {
  test('two branches: the first difference in a sentence, and one slider for both', async () => {
    const page = await open('three-segments')
    const { sim, button, act, at, tips } = hands(page)
    await act([[75, 'drop #2']])
    await tips.nth(1).waitFor()
    await sim.locator('tcp-history').getByRole('button', { name: 'Side by side' }).click()
    const panel = sim.locator('tcp-compare')
    await panel.getByText('At 75 ms, only in A: You dropped segment 2 (SYN-ACK).').first().waitFor()
    assert.ok(await sim.locator('.panel.compare').evaluate((e) => e === document.activeElement), 'the focus goes to what was asked for')
    assert.equal(await panel.locator('.ladder g.mark').count(), 2, 'marked in both')
    await button('To the start').click()
    await button('Go to the first difference').click()
    await at(75)
    const clocks = () => panel.locator('.bubble text').allTextContents()
    assert.deepEqual(await clocks(), ['75', '75'])
    const slider = panel.getByRole('slider', { name: 'Time of both runs' })
    await slider.focus()
    await page.keyboard.press('ArrowRight')
    await poll(clocks, (c) => c.join() === '100,100', 'both at 100 ms')
    assert.match((await slider.getAttribute('aria-valuetext')) ?? '', /^100 milliseconds\. A: client SYN-SENT, server SYN-RECEIVED\. B: client ESTABLISHED/)
    // behind the end of B, and by the mouse
    await page.keyboard.press('End')
    await panel.getByText('This run is over.').waitFor()
    await button('Back in both').click()
    await poll(clocks, (c) => c[0] === c[1] && c[0] !== '100', 'both further back')
    const box = await slider.boundingBox()
    if (box) await page.mouse.click(box.x + 2, box.y + box.height / 2)
    await poll(clocks, (c) => c.join() === '0,0', 'both at the start')
    await sound(page)
    // the other one is shown: they change places
    await tips.first().click()
    await panel.getByText('At 75 ms, only in B: You dropped segment 2 (SYN-ACK).').first().waitFor()
    await page.done()
  })

  test('the RFC says, Linux does: the same actions with another profile', async () => {
    const page = await open('lost-segments', { viewport: sizes.narrow, hasTouch: true })
    const { sim, button } = hands(page)
    await button('Side by side').tap()
    const panel = sim.locator('tcp-compare')
    await panel.getByLabel('B is').selectOption({ label: 'Linux 6.18 on both hosts' })
    await panel.getByText(/^At 0 ms: .*the window \(65535 in A, 64240 in B\)/).first().waitFor()
    assert.deepEqual((await panel.locator('.first .known tbody th').allInnerTexts()).slice(0, 3), ['window scale', 'selective acknowledgments', 'timestamps'])
    assert.equal(await panel.locator('.first .known a').first().getAttribute('href'), 'https://www.rfc-editor.org/rfc/rfc7323.html#section-2.2')
    await panel.getByText(/known differences of the profiles show in this run$/).click()
    await panel.getByText('shortest retransmission timeout').waitFor()
    await sound(page)
    await page.setViewportSize({ width: 320, height: 700 })
    assert.ok(await fits(page))
    await page.done()
  })

  test('what another profile cannot follow is told, and shown up to there', async () => {
    const page = await sandbox('client isn 4242 profile linux\nserver isn 300 profile linux\ndelay 50ms\nserver listen\nclient connect\nstep 3\nclient send 5\nwait 10ms\ndrop #4\nstep until client sent PSH-ACK again\ndrop #5\n')
    const { sim, button } = hands(page)
    await button('Side by side').click()
    const panel = sim.locator('tcp-compare')
    await panel.getByLabel('B is').selectOption({ label: 'RFC 9293 on both hosts' })
    await panel.getByText('B stopped before its end: there is no segment #5', { exact: false }).waitFor()
    await panel.getByText(/^At 0 ms: .*What differs/).first().waitFor()
    assert.equal(await panel.locator('tcp-ladder').count(), 2)
    await page.done()
  })
})
