// The ways of a learner through the simulator, against the real engine: the lost SYN-ACK played, dropped by hand, edited,
// gone back to and branched, by mouse and by keyboard; a server that restarts in the middle; a link that carries it all.
import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import { freePort, poll, settled, sizes, startLab, violations, withLab } from './lab.mjs'

/** @import { Locator, Page } from 'playwright-core' */
/** @typedef {HTMLElement & { time: number, commands: { at: number, line?: string }[] }} TcpSim */

const { lab, chrome } = withLab()

/** One simulator of a page, in the words of a learner. @param {Page} page */
function hands(page, sim = page.locator('tcp-sim').first()) {
  const log = sim.locator('tcp-log li')
  const states = sim.getByRole('img', { name: /TCP state machine/ })
  const self = {
    sim,
    /** @param {string} name */
    button: (name) => sim.getByRole('button', { name, exact: true }),
    /** @param {number} seg the segment in the diagram */
    segment: (seg) => sim.locator(`tcp-ladder [data-seg="${seg}"]`),
    /** @param {number} seg the segment in the diagram */
    async choose(seg) {
      await self.segment(seg).click()
      await poll(() => sim.evaluate((e) => /** @type {any} */ (e).store.selected.value), (chosen) => chosen === seg, `segment ${seg} to be chosen`)
    },
    time: () => sim.evaluate((e) => /** @type {TcpSim} */ (e).time / 1000),
    /** @param {number} ms */
    at: (ms) => poll(self.time, (now) => now === ms, `the playhead at ${ms} ms`),
    /** @param {string} client @param {string} server */
    states: (client, server) => poll(async () => (await states.getAttribute('aria-label')) ?? '', (name) => name.includes(`client is in ${client}, the server in ${server}.`), `${client} and ${server}`),
    /** @param {RegExp} text */
    logged: (text) => poll(async () => (await log.allInnerTexts()).join('\n').replace(/\s+/g, ' '), (all) => text.test(all), `${text} in the log`),
    /** At least so many branches in the tree. @param {number} n */
    branches: (n) => poll(() => sim.locator('tcp-history .tips button').count(), (there) => there >= n, `${n} branches`),
    /** To the end of the run; what is read follows the playhead a moment later. */
    async end() {
      const slider = sim.getByRole('slider')
      await slider.focus()
      await page.keyboard.press('End')
      await poll(() => sim.evaluate(async (e) => {
        const { updateComplete } = /** @type {any} */ (e)
        await updateComplete
        return /** @type {any} */ (e).soon
      }), (soon) => !soon, 'the log to follow')
    },
    lines: () => sim.evaluate((e) => /** @type {TcpSim} */ (e).commands.map((c) => c.line).filter(Boolean)),
  }
  return self
}

/** @param {string} slug @param {Parameters<typeof chrome.page>[0]} [options] */
async function open(slug, options) {
  const page = await chrome.page(options)
  await page.goto(`${lab.url}lessons/${slug}`)
  await settled(page)
  return page
}

describe('by mouse', () => {
  test('the lost SYN-ACK is played to its end', async () => {
    const page = await open('lost-segments', { reducedMotion: 'no-preference' })
    const { sim, button, states, logged, time, at } = hands(page)
    await at(1075)
    await states('SYN-SENT', 'SYN-RECEIVED')
    await button('To the start').click()
    assert.equal(await time(), 0)
    await sim.locator('.transport').getByLabel('Speed').selectOption({ label: 'real time' })
    await button('Play').click()
    await states('ESTABLISHED', 'ESTABLISHED')
    await logged(/Same SYN-ACK sent again/)
    await logged(/1st SYN-ACK|dropped by your rule/i)
    await page.done()
  })

  test('steps of the prose move the playhead, and the prose follows it', async () => {
    const page = await open('lost-segments')
    const { at, button } = hands(page)
    const steps = page.locator('.steps').first()
    await steps.getByRole('link', { name: '90 ms' }).click()
    await at(90)
    assert.equal(await steps.locator('li.now').count(), 1)
    assert.match(await steps.locator('li.now').innerText(), /^90\sms/)
    assert.equal(await steps.locator('[aria-current=step]').innerText(), '90\u00a0ms')
    await button('Step forward').click()
    await at(1050)
    assert.match(await steps.locator('li.now').innerText(), /^1,050\sms/)
    await page.done()
  })

  test('a SYN-ACK is dropped by hand, and sent again', async () => {
    const page = await open('three-segments')
    const { button, choose, states, logged, at, lines, end } = hands(page)
    await at(75)
    await choose(2)
    await button('Drop').click()
    await logged(/You dropped segment 2/)
    await states('SYN-SENT', 'SYN-RECEIVED')
    assert.deepEqual((await lines()).map((l) => l?.replace('#2', 'SYN-ACK')), ['drop SYN-ACK'])
    await end()
    await logged(/again/)
    await states('ESTABLISHED', 'ESTABLISHED')
    await page.done()
  })

  test('a changed acknowledgment number is answered with a reset; the old branch is still there', async () => {
    const page = await open('three-segments')
    const { sim, button, segment, states, logged, at, branches, end } = hands(page)
    await at(75)
    await segment(2).click()
    await button('Edit').click()
    const ack = sim.getByLabel('Acknowledgment number')
    await ack.fill('99999999999')
    await button('Send changes').click()
    assert.equal(await ack.getAttribute('aria-invalid'), 'true')
    assert.match(await sim.locator(`#${(await ack.getAttribute('aria-describedby'))?.split(' ').pop()}`).innerText(), /4,?294,?967,?295/, 'the allowed range is named')
    assert.ok(await ack.evaluate((e) => e === document.activeElement), 'focus is on the bad field')
    await ack.fill('305')
    await button('Send changes').click()
    await logged(/You changed the acknowledgment number/)
    await end()
    await logged(/RST/)
    assert.equal(await branches(2), 2)
    await segment(4).or(segment(3)).first().click()
    await sim.getByText('305 does not acknowledge our SYN', { exact: false }).first().waitFor()

    // Back before the change, and another thing is done there: a third branch; the second can still be chosen.
    await page.locator('.steps').first().getByRole('link', { name: '50 ms', exact: true }).click()
    await at(50)
    await segment(2).click()
    await button('Drop').click()
    await logged(/You dropped segment 2/)
    assert.equal(await branches(3), 3)
    await sim.locator('tcp-history .tips button', { hasText: 'edited' }).first().click()
    await end()
    await logged(/RST/)
    await page.done()
  })

  test('a rule is added in two clicks', async () => {
    const page = await open('three-segments')
    const { sim, button, logged, end } = hands(page)
    await button('Add rule').click()
    await sim.getByRole('button', { name: 'drop the 1st SYN-ACK', exact: true }).click()
    await end()
    await logged(/dropped by your rule/i)
    await page.done()
  })

  test('a line of the language does what has no button', async () => {
    const page = await open('three-segments')
    const { sim, button, states, logged, at, end } = hands(page)
    await at(75)
    // The line comes when the page is scrolled to it.
    await sim.locator('tcp-console').evaluate((e) => e.scrollIntoView({ block: 'center' }))
    const line = sim.getByLabel(/^Do something else at/)
    await line.fill('clinet send 5')
    await button('Do it').click()
    await sim.getByText(/Hint: .*client/).first().waitFor()
    assert.equal(await line.getAttribute('aria-invalid'), 'true')
    assert.equal(await line.evaluate((e) => { const i = /** @type {HTMLInputElement} */ (e); return i.value.slice(i.selectionStart ?? 0, i.selectionEnd ?? 0) }), 'clinet', 'the word at fault is selected')
    assert.deepEqual(await violations(page), [])

    await button('forge to client SYN seq=90').click()
    assert.equal(await line.inputValue(), 'forge to client SYN seq=90')
    await line.fill('forge to client RST,ACK seq=0 ack=101')
    await page.keyboard.press('Enter')
    await logged(/You put RST-ACK to the client/)
    assert.equal(await line.inputValue(), '')
    await line.fill('client abort')
    await page.keyboard.press('Enter')
    await states('CLOSED', 'SYN-RECEIVED')
    await end()
    await page.done()
  })

  test('what cannot be done says why', async () => {
    const page = await open('three-segments')
    const { sim, button, segment, at } = hands(page)
    await at(75)
    await segment(1).click()
    const drop = button('Drop')
    assert.equal(await drop.getAttribute('aria-disabled'), 'true')
    // not for another reason, such as that the lab is not reached yet
    await poll(() => drop.getAttribute('title'), (title) => /has arrived/.test(title ?? ''), 'the reason')
    await (await drop.elementHandle())?.waitForElementState('stable')
    await drop.click({ force: true }) // Playwright waits for what is aria-disabled; a learner does not
    await sim.getByText(/Segment 1 has arrived/).first().waitFor()
    await button('Go there').click()
    await poll(() => drop.getAttribute('aria-disabled'), (v) => v !== 'true', 'a segment that can be dropped')
    await page.done()
  })
})

describe('by touch', () => {
  test('a SYN-ACK is dropped on a phone', async () => {
    const page = await open('three-segments', { viewport: sizes.narrow, hasTouch: true, isMobile: true })
    const { button, segment, logged, at } = hands(page)
    await at(75)
    await segment(2).tap()
    await button('Drop').tap()
    await logged(/You dropped segment 2/)
    await page.done()
  })
})

describe('by keyboard alone', () => {
  test('played, dropped, edited, gone back and branched', async () => {
    const page = await open('three-segments')
    const { sim, states, logged, time, at, branches } = hands(page)
    const press = async (/** @type {string[]} */ ...keys) => { for (const k of keys) await page.keyboard.press(k) }
    await press('Tab', 'Tab', 'Enter') // the second skip link
    assert.ok(await page.evaluate(() => document.activeElement?.matches('tcp-sim')))
    await press('Home')
    await at(0)
    await press('Shift+ArrowRight')
    await at(10)
    await press('Home', 'Space')
    await poll(time, (t) => t >= 50, 'an event while playing')
    await press('Space', 'End')
    await states('ESTABLISHED', 'ESTABLISHED')

    await press('Home', 'ArrowRight')
    for (let i = 0; (await time()) < 50; i++) {
      assert.ok(i < 10, 'the SYN arrives within ten steps')
      await press('ArrowRight')
    }
    await at(50)
    const chosen = () => sim.locator('tcp-header h3').innerText()
    for (let i = 0; !/^Segment 2/.test(await chosen()); i++) {
      assert.ok(i < 6, 'segment 2 can be chosen with the arrow keys')
      await press('ArrowDown')
    }
    await press('d')
    await logged(/You dropped segment 2/)
    await states('SYN-SENT', 'SYN-RECEIVED')

    await press('Control+z')
    await states('SYN-SENT', 'SYN-RECEIVED')
    await press('e')
    assert.ok(await poll(() => page.evaluate(() => document.activeElement?.getAttribute('name')), (n) => n === 'seq', 'the first field'))
    await page.keyboard.press('Tab')
    await page.keyboard.press('Control+a')
    await page.keyboard.type('305')
    await press('Enter')
    await logged(/You changed the acknowledgment number/)
    await press('End')
    await logged(/RST/)
    await branches(3)
    assert.deepEqual(await violations(page), [])
    await page.done()
  })
})

test('the screen reader hears of a step once, and of what changed first', async () => {
  const page = await open('three-segments')
  const { sim, button, at } = hands(page)
  await at(75)
  await sim.locator('.regions').evaluate((regions) => {
    Object.assign(globalThis, { heard: [] })
    new MutationObserver((all) => {
      for (const m of all) {
        const text = (m.target instanceof Element ? m.target : m.target.parentElement)?.textContent
        if (text) /** @type {any} */ (globalThis).heard.push(text)
      }
    }).observe(regions, { childList: true, characterData: true, subtree: true })
  })
  await button('Step forward').click()
  const heard = () => page.evaluate(() => /** @type {string[]} */ (/** @type {any} */ (globalThis).heard))
  const all = await poll(heard, (list) => list.length > 0, 'an announcement')
  assert.equal(all.length, 1)
  assert.match(all[0] ?? '', /^Client ESTABLISHED/)
  await page.done()
})

test('a server that restarts in the middle of a run is forgiven', async () => {
  const port = await freePort()
  let mine = await startLab({ port })
  const page = await chrome.page({ allow: /WebSocket|ERR_CONNECTION_REFUSED|Failed to load resource|\/ws/ })
  await page.goto(`${mine.url}lessons/three-segments`)
  await settled(page)
  const { sim, button, segment, logged, at, branches, end } = hands(page)
  await at(75)
  await segment(2).click()
  await button('Delay').click()
  await sim.getByLabel('Delay by, ms').fill('200')
  await page.keyboard.press('Enter')
  await logged(/You delayed segment 2/)
  await branches(2) // what draws the tree has come, too
  assert.equal(await mine.stop(), 0)
  await sim.getByText(/you can still look back/i).first().waitFor()
  // Looking back needs no engine.
  await button('Step back').click()
  await segment(2).click()
  assert.equal(await button('Drop').getAttribute('aria-disabled'), 'true')

  mine = await startLab({ port })
  await sim.getByText('Engine connected').waitFor({ timeout: 30_000 })
  await page.locator('.steps').first().getByRole('link', { name: '50 ms', exact: true }).click()
  await at(50)
  await segment(2).click()
  await poll(() => button('Drop').getAttribute('aria-disabled'), (v) => v !== 'true', 'an engine that takes orders')
  await button('Drop').click()
  await logged(/You dropped segment 2/)
  await branches(3) // what was done before the restart is a branch still
  await end()
  await logged(/again/)
  await page.done()
  await mine.stop()
})

test('a copied link opens the same run', async () => {
  const page = await open('three-segments')
  const { button, segment, logged, at, end, sim } = hands(page)
  await at(75)
  await segment(2).click()
  await button('Drop').click()
  await logged(/You dropped segment 2/)
  await button('Copy link').click()
  const address = await poll(() => page.evaluate(() => navigator.clipboard.readText()), (text) => /#s=1\./.test(text), 'a link on the clipboard')
  await end()
  const before = await sim.locator('tcp-log li').allInnerTexts()

  await page.goto(address)
  await settled(page)
  const there = hands(page)
  await there.logged(/You dropped segment 2/)
  await there.end()
  await poll(() => there.sim.locator('tcp-log li').allInnerTexts(), (list) => JSON.stringify(list) === JSON.stringify(before), 'the same log')
  assert.match(await page.locator('#scenario').inputValue(), /drop/)
  await page.done()
})

describe('sandbox', () => {
  for (const [name, hash, says] of /** @type {const} */ ([
    ['of another version', '#s=9.abc', /another version/],
    ['that was cut short', '#s=1.Ss7JTM0', /cut short|damaged/],
    ['with a wrong letter', '#s=1.Ss7%20JTM', /character|damaged/],
  ])) {
    test(`a link ${name} opens it with a sentence on what is wrong`, async () => {
      const page = await chrome.page()
      await page.goto(`${lab.url}sandbox${hash}`)
      await settled(page)
      await poll(() => page.locator('#link-message').innerText(), (text) => says.test(text), String(says))
      assert.ok(await page.locator('tcp-sim').isVisible())
      await page.done()
    })
  }

  test('a fault in a scenario is told with its place, and the run stays', async () => {
    const page = await chrome.page({ allow: /status of 422/ }) // the console's line about the answer that says what is wrong
    await page.goto(`${lab.url}sandbox`)
    await settled(page)
    const text = page.getByLabel('Scenario', { exact: true })
    await text.fill('delay 50ms\nserver listen\nclient connect\ndorp SYN\n')
    await page.getByRole('button', { name: 'Run this scenario' }).click()
    const faults = page.locator('#scenario-faults')
    await poll(() => faults.innerText(), (text) => /Line 4/.test(text), 'the place of the fault')
    assert.match(await faults.innerText(), /Line 4, column 1.*drop/s)
    assert.equal(await text.getAttribute('aria-invalid'), 'true')
    assert.deepEqual(await violations(page), [])

    await text.fill('delay 30ms\nserver listen\nclient connect\nstep until quiet\n')
    await page.getByRole('button', { name: 'Run this scenario' }).click()
    const { logged, end } = hands(page)
    await end()
    await logged(/30/)
    assert.equal(await faults.innerText(), '')
    await page.done()
  })
})

describe('exercises', () => {
  test('a prediction: wrong answers get reasons, the right one is kept, and the simulator shows it', async () => {
    const page = await open('lost-segments')
    const form = page.locator('form[data-kind=predict]').first()
    const feedback = form.getByRole('status')
    await form.getByRole('button', { name: 'Check' }).click()
    await poll(() => feedback.innerText(), (text) => /answer first/.test(text), 'a word on the missing answer')
    await form.getByLabel('2,050 ms').check()
    await form.getByRole('button', { name: 'Check' }).click()
    await poll(() => feedback.innerText(), (text) => /^Not yet\./.test(text) && text.length > 30, 'feedback to a wrong answer')
    await form.getByLabel('3,050 ms').check()
    await form.getByRole('button', { name: 'Check' }).click()
    await poll(() => feedback.innerText(), (text) => /^Right\./.test(text), 'feedback to the right answer')
    assert.deepEqual(await violations(page), [])
    await form.getByRole('button', { name: 'Watch it' }).click()
    const { logged, end } = hands(page)
    await logged(/You dropped segment 3/)
    await end()
    await page.reload()
    await settled(page)
    assert.match(await page.locator('.progress [aria-current]').innerText(), /1 of \d+ solved/)
    await page.done()
  })

  test('a quiz: a wrong option and the right one', async () => {
    const page = await open('lost-segments')
    const form = page.locator('form[data-kind=quiz]').first()
    await form.getByRole('radio', { name: /^The client: it got no answer/ }).check()
    await form.getByRole('button', { name: 'Check' }).click()
    await poll(() => form.getByRole('status').innerText(), (text) => /^Not yet\.[^]*slow network/.test(text), 'the feedback of that option')
    await form.getByRole('radio', { name: 'Nobody.' }).check()
    await form.getByRole('button', { name: 'Check' }).click()
    await poll(() => form.getByRole('status').innerText(), (text) => /^Right\./.test(text), 'praise')
    await page.done()
  })

  test('a challenge is graded by what was done', async () => {
    const page = await open('lost-segments')
    const form = page.locator('form[data-kind=challenge]').first()
    const hint = form.getByText(/^Hint 2/)
    assert.ok(await hint.isHidden(), 'one hint at a time')
    await form.getByText(/^Hint 1/).click()
    assert.ok(await hint.isVisible())
    await form.getByRole('button', { name: 'Check my run' }).click()
    await poll(() => form.locator('.goals').innerText(), (text) => /not reached/.test(text), 'goals that are not reached')
    const { button, segment, logged, at } = hands(page)
    await at(1075)
    await segment(3).click()
    await button('Drop').click()
    await logged(/You dropped segment 3/)
    await form.getByRole('button', { name: 'Check my run' }).click()
    await poll(() => form.getByRole('status').innerText(), (text) => /^Right\./.test(text), 'a challenge met')
    assert.doesNotMatch(await form.locator('.goals').innerText(), /not reached/)
    await page.done()
  })
})

test('500 keys at random break nothing', async () => {
  const page = await open('three-segments')
  const { sim } = hands(page)
  await sim.focus()
  await sim.evaluate((simulator) => {
    // a link to an RFC would lead away, as it should
    addEventListener('click', (e) => { if (/** @type {Element} */ (e.target).closest('a')) e.preventDefault() })
    // So would a link or a button of the page around; the keys are for the simulator.
    addEventListener('keyup', () => { if (!document.activeElement?.closest('tcp-sim')) /** @type {HTMLElement} */ (simulator).focus() })
  })
  const keys = ['ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown', 'Home', 'End', 'Space', 'Enter', 'Escape', 'Tab', 'Shift+Tab', 'd', 'l', 'u', 'h', 'e', 'n', 'c', 'Alt+ArrowUp', 'Alt+ArrowDown', 'Control+z', '+', '-', '?', '5']
  let seed = 20260101
  for (let i = 0; i < 500; i++) {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0
    await page.keyboard.press(/** @type {string} */ (keys[(seed >>> 8) % keys.length]))
  }
  await page.keyboard.press('Escape')
  assert.ok(page.url().endsWith('lessons/three-segments'))
  assert.deepEqual(await violations(page), [])
  await page.done()
})
