// See why, both hosts, traces and the passport, and relative numbers everywhere: by mouse and by keyboard, on a wide page and on
// a phone, in both themes.
import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import { link } from '../../../static/js/sim/share.js'
import { devices, poll, settled, sizes, sound, violations, withLab } from './lab.mjs'

/** @import { Page } from 'playwright-core' */

const { lab, chrome } = withLab()

const HOSTS = 'client 192.0.2.10:50000 isn 1000\nserver 192.0.2.20:80 isn 5000\ndelay 50ms\n'
/** A server that waits in accept, and in recv. */
const CALLS = `${HOSTS}server socket\nserver bind 80 fd 3\nserver listen backlog 2 fd 3\nserver accept fd 3\nclient connect\nstep until quiet\nserver recv fd 4\nwait 10ms\n`
/** More connections than the queues hold. */
const CROWD = 'client 192.0.2.10:50000 isn 1000\nserver 192.0.2.20:80 isn 5000 profile linux-classic syncookies 0\ndelay 50ms\nserver listen backlog 2\nclient connect\nclient connect\nclient connect\nclient connect\nstep 8\n'

/**
 * A scenario in the sandbox, at a time in ms.
 * @param {string} scenario @param {number} at @param {Parameters<typeof chrome.page>[0]} [options]
 */
async function sandbox(scenario, at, options) {
  const page = await chrome.page(options)
  await page.goto(await link(lab.url, scenario, at * 1000))
  await settled(page)
  // the page begins with a scenario of its own
  await poll(() => page.evaluate((text) => {
    const sim = /** @type {any} */ (document.querySelector('tcp-sim'))
    return sim.scenario.trim() === text && sim.store.status.value === 'ready' ? sim.time / 1000 : -1
  }, scenario.trim()), (now) => now === at, `the scenario at ${at} ms`)
  return page
}

/** @param {string} slug @param {number} at @param {Parameters<typeof chrome.page>[0]} [options] */
async function lesson(slug, at, options) {
  const page = await chrome.page(options)
  await page.goto(`${lab.url}lessons/${slug}`)
  await settled(page)
  await seek(page, at)
  return page
}

/** @param {Page} page @param {number} at ms */
const seek = (page, at) => page.evaluate((us) => { /** @type {any} */ (document.querySelector('tcp-sim')).time = us }, at * 1000)

/** @param {Page} page @param {string} name */
async function open(page, name) {
  const sim = page.locator('tcp-sim').first(), button = sim.locator('.panels .tabs').getByRole('button', { name, exact: true })
  await button.click()
  await sim.getByRole('region', { name, exact: true }).locator('> *').waitFor()
  return sim.getByRole('region', { name, exact: true })
}

/** The path as "1 passed, 2 failed". @param {import('playwright-core').Locator} panel */
const path = async (panel) => (await panel.locator('.path > li').evaluateAll((all) => all.map((li) => `${li.querySelector('.nth')?.textContent} ${li.querySelector('.word')?.textContent}`))).join(', ')

/** Which segment the panel is about. @param {import('playwright-core').Locator} panel */
const chooser = (panel) => panel.locator('.whyhead select')

/** @param {Page} page */
const flat = (page) => page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)

describe('see why', () => {
  test('a segment that arrives is followed check by check, by mouse', async () => {
    const page = await lesson('three-segments', 75)
    const sim = page.locator('tcp-sim').first(), panel = await open(page, 'See why')
    await sim.locator('tcp-ladder [data-seg="3"]').click()
    await panel.getByText('is not sent yet').waitFor()
    await panel.getByRole('button', { name: /^Go to 150 ms/ }).click()
    assert.equal(await path(panel), 'Before passed, First passed, Second passed, Third nothing to check, Fourth passed, Fifth passed, Sixth nothing to check, Seventh nothing to check, Eighth nothing to check')
    await panel.getByText('101, 0 numbers long, lies in the window that begins at 101').waitFor()
    assert.match((await panel.getByRole('img', { name: /^Receive window/ }).getAttribute('aria-label')) ?? '', /RCV\.NXT 101 .* up to 65636/)
    await panel.getByText('Accepted', { exact: true }).waitFor()
    assert.equal(await panel.getByRole('link', { name: 'RFC 9293 section 3.10.7.4' }).getAttribute('href'), 'https://www.rfc-editor.org/rfc/rfc9293.html#section-3.10.7.4')
    // where else
    await panel.getByText('Where else these rules are at work').click()
    assert.equal(await panel.locator('.others details > p a').getAttribute('href'), '/rules/9293:3.10.7.4/5.syn-received')
    const runs = panel.locator('.others li a')
    await runs.first().waitFor()
    assert.match((await runs.first().getAttribute('href')) ?? '', /^\/lessons\/[a-z-]+#/)
    await page.done()
  })

  test('a wrong acknowledgment fails at the first check, and its answer is one click away', async () => {
    const page = await sandbox(`${HOSTS}server listen\nclient connect\nstep until SYN-ACK sent\nedit SYN-ACK ack=305\nstep until quiet\n`, 150)
    const panel = await open(page, 'See why')
    await chooser(panel).selectOption({ label: '2: SYN-ACK to the client, arrived' })
    assert.match(await path(panel), /^Before passed, First failed, Second not reached/)
    await panel.getByText('305 does not acknowledge our SYN').waitFor()
    await panel.getByText('Dropped', { exact: true }).waitFor()
    await panel.getByRole('button', { name: /^Answered with RST, segment 3/ }).click()
    assert.equal(await chooser(panel).inputValue(), '3')
    await sound(page)
    await page.done()
  })

  test('a number from far away is an arrow with its distance in words', async () => {
    const page = await sandbox(`${HOSTS}server listen\nclient connect\nstep until quiet\nforge to server RST seq=3000000000\nstep until quiet\n`, 200)
    const panel = await open(page, 'See why')
    await chooser(panel).selectOption('4')
    await panel.locator('.faraway', { hasText: /SEG\.SEQ is 1,294,968,297 before the rest/ }).waitFor()
    assert.match(await path(panel), /First failed/)
    await page.done()
  })

  test('by keyboard, on a phone', async () => {
    const page = await lesson('three-segments', 150, { viewport: sizes.narrow, hasTouch: true })
    const sim = page.locator('tcp-sim').first()
    await sim.locator('.panels .tabs button').first().focus()
    await page.keyboard.press('Home')
    for (let i = 0; i < 12 && !(await page.evaluate(() => document.activeElement?.textContent?.includes('See why'))); i++) await page.keyboard.press('ArrowRight')
    await page.keyboard.press('Enter')
    const panel = sim.getByRole('region', { name: 'See why' })
    const select = chooser(panel)
    await select.focus()
    await page.keyboard.press('Home')
    assert.equal(await select.inputValue(), '1')
    assert.ok(await select.evaluate((e) => e === document.activeElement), 'the focus stays')
    await panel.getByText('A SYN with number 100 arrived').waitFor()
    assert.ok(await flat(page))
    assert.deepEqual(await violations(page), [])
    await page.done()
  })
})

describe('both hosts', () => {
  test('calls that wait and calls that returned, timers as they run', async () => {
    const page = await sandbox(CALLS, 60)
    const panel = await open(page, 'Both hosts')
    const client = panel.locator('.of.client'), server = panel.locator('.of.server')
    await client.getByText('Waits until the handshake is complete.').waitFor()
    await server.getByText('Waits until a connection is in the accept queue.').waitFor()
    await server.getByText('0 of 3').last().waitFor()
    const left = client.locator('.timers .left')
    assert.equal(await left.innerText(), '940 ms of 1 s left')
    await page.locator('tcp-sim').first().getByRole('slider').focus()
    await page.keyboard.press('Shift+ArrowRight')
    assert.equal(await left.innerText(), '930 ms of 1 s left')
    await seek(page, 150)
    await server.getByText('Waits until there is something to read.').waitFor()
    await server.getByText('returned 4').waitFor()
    assert.equal(await panel.getByRole('img', { name: /^Send sequence space/ }).count(), 2)
    // what the last step changed
    await page.locator('tcp-sim').first().getByRole('button', { name: 'Step back' }).click()
    assert.match(await panel.locator('.topic.vars tr.chg').first().innerText(), /State[^]*SYN-RECEIVED[^]*ESTABLISHED/)
    await page.done()
  })

  test('a full queue says who is in it and who was turned away; each connection can be chosen', async () => {
    for (const [, options] of devices) {
      const page = await sandbox(CROWD, 50, options)
      const panel = await open(page, 'Both hosts')
      await panel.getByText('2 SYNs were dropped because the SYN queue was full.').waitFor()
      const queue = panel.getByRole('list', { name: 'Connections in the SYN queue' })
      assert.deepEqual(await queue.locator('li').allInnerTexts(), [':50000', ':50001'])
      const choose = panel.getByLabel('Connection of the server')
      assert.equal(await choose.locator('option').count(), 2)
      await choose.focus()
      await page.keyboard.press('Home')
      await panel.locator('.topic.vars').getByText('192.0.2.10:50000').first().waitFor()
      assert.ok(await flat(page))
      assert.deepEqual(await violations(page), [])
      await page.done()
    }
  })
})

describe('traces', () => {
  test('what the tools print at this instant, with the numbers that the learner wants', async () => {
    const page = await lesson('three-segments', 150)
    const sim = page.locator('tcp-sim').first(), panel = await open(page, 'Traces')
    const printed = panel.locator('.printed').first()
    await printed.getByText('Flags [.], ack 301').waitFor()
    await sim.getByRole('button', { name: 'Relative sequence numbers' }).click()
    await printed.getByText('Flags [.], ack 1,').waitFor()
    await panel.getByLabel('Where the capture is taken').selectOption('server')
    await panel.getByRole('button', { name: 'ss -tan' }).click()
    await panel.getByRole('region', { name: 'ss -tan on the server' }).getByText('LISTEN').waitFor()
    assert.match(await panel.getByRole('region', { name: 'ss -tan on the client' }).innerText(), /ESTAB/)
    await seek(page, 50)
    await poll(() => panel.getByRole('region', { name: 'ss -tan on the client' }).innerText(), (text) => /SYN-SENT/.test(text), 'the sockets of the new instant')
    await panel.getByRole('button', { name: 'nstat' }).click()
    await panel.getByText('TcpActiveOpens').first().waitFor()
    await page.done()
  })

  test('a field of the packet points to its bytes, and a byte to its field, also by keyboard on a phone', async () => {
    const page = await lesson('three-segments', 150, { viewport: sizes.narrow })
    const panel = await open(page, 'Traces')
    await panel.getByRole('button', { name: 'Bytes' }).click()
    const parts = panel.getByRole('list', { name: 'Fields of the packet' })
    await parts.getByRole('button').first().focus()
    for (let i = 0; i < 12; i++) await page.keyboard.press('ArrowDown')
    assert.match(await page.evaluate(() => document.activeElement?.textContent ?? ''), /Sequence number\s+101/)
    assert.equal((await panel.locator('.bytes .on').allInnerTexts()).join(''), '00000065')
    await panel.locator('.bytes .b').first().click()
    assert.match(await page.evaluate(() => document.activeElement?.textContent ?? ''), /IP version/)
    assert.ok(await flat(page))
    await sound(page)
    await page.done()
  })

  test('a server that cannot be asked is said, and asked again', async () => {
    const page = await lesson('three-segments', 150, { allow: /api\/view|Failed to load resource|net::/ })
    await page.route('**/api/view', (route) => route.abort())
    const panel = await open(page, 'Traces')
    await panel.getByText('The server cannot be asked just now.').waitFor()
    await page.unroute('**/api/view')
    await panel.getByRole('button', { name: 'Try again' }).click()
    await panel.locator('.printed').first().waitFor()
    await page.done()
  })
})

describe('relative numbers', () => {
  test('one switch for diagram, header, variables, log, table and panels; it is announced and kept', async () => {
    const page = await lesson('three-segments', 150)
    const sim = page.locator('tcp-sim').first(), button = sim.getByRole('button', { name: 'Relative sequence numbers' })
    const pill = sim.locator('tcp-ladder [data-seg="2"]')
    assert.match((await pill.getAttribute('aria-label')) ?? '', /seq 300 ack 101/)
    await pill.click()
    await button.focus()
    await page.keyboard.press('Enter')
    assert.equal(await button.getAttribute('aria-pressed'), 'true')
    await sim.locator('.regions p', { hasText: 'Sequence numbers are counted from the start of each connection now.' }).waitFor({ state: 'attached' })
    assert.ok(await button.evaluate((e) => e === document.activeElement))
    assert.match((await pill.getAttribute('aria-label')) ?? '', /seq 0 ack 1/)
    assert.match(await sim.locator('tcp-header').innerText(), /Sequence number\s*0\s*300 on the wire/)
    assert.match(await sim.locator('tcp-log').innerText(), /seq 0/)
    assert.doesNotMatch(await sim.locator('tcp-log').innerText(), /seq (300|100)/)
    assert.match(await sim.locator('tcp-vars').innerText(), /ISS\s+0\s+0/)
    await sim.getByRole('button', { name: 'Show as table' }).click()
    assert.match(await sim.locator('.segments tr', { hasText: 'SYN-ACK' }).innerText(), /SYN-ACK\s+0\s+1\s/)
    const panel = await open(page, 'See why')
    await chooser(panel).selectOption('3')
    await panel.getByText('1, 0 numbers long, lies in the window that begins at 1 ').waitFor()
    await page.reload()
    await settled(page)
    assert.equal(await button.getAttribute('aria-pressed'), 'true', 'the browser keeps the setting')
    await button.click()
    assert.match((await pill.getAttribute('aria-label')) ?? '', /seq 300/)
    await page.done()
  })

  test('the form of the header has the numbers of the wire', async () => {
    const page = await lesson('three-segments', 75)
    const sim = page.locator('tcp-sim').first()
    await sim.getByRole('button', { name: 'Relative sequence numbers' }).click()
    await sim.locator('tcp-ladder [data-seg="2"]').click()
    await sim.getByRole('button', { name: 'Edit', exact: true }).click()
    assert.equal(await sim.getByLabel('Acknowledgment number').inputValue(), '101')
    await page.done()
  })
})

describe('the passport', () => {
  test('what the learner makes happen is stamped and kept, and the way to the next is shown', async () => {
    for (const [, options] of devices) {
      const page = await chrome.page(options)
      await page.goto(`${lab.url}lessons/three-segments`)
      await settled(page)
      const sim = page.locator('tcp-sim').first()
      await seek(page, 0)
      let panel = await open(page, 'Passport')
      const count = async () => Number((await panel.locator('.passhead b').innerText()).split(' ')[0])
      await sim.getByRole('slider').focus()
      await page.keyboard.press('End')
      const had = await poll(count, (n) => n >= 2, 'the stamps of a handshake')
      await panel.getByRole('heading', { name: /^The nearest missing one:/ }).waitFor()
      const stamp = panel.getByRole('button', { name: /CLOSING.*TIME-WAIT/ })
      await stamp.focus()
      await page.keyboard.press('Enter')
      assert.deepEqual(await panel.locator('.way li b').allInnerTexts(), ['FIN-WAIT-1', 'CLOSING', 'TIME-WAIT'])
      assert.ok(await flat(page))
      assert.deepEqual(await violations(page), [])
      await page.reload()
      await settled(page)
      panel = await open(page, 'Passport')
      assert.ok(await count() >= had, 'the browser keeps the stamps')
      await panel.getByRole('button', { name: 'Forget all stamps' }).click()
      await panel.getByRole('button', { name: 'Really forget them' }).click()
      assert.equal(await count(), 0)
      await page.done()
    }
  })
})

test('no panel is wider than a phone of 320 px', async () => {
  const page = await sandbox(CROWD, 50, { viewport: { width: 320, height: 800 } })
  for (const name of ['See why', 'Both hosts', 'Traces', 'Passport']) {
    const panel = await open(page, name)
    if (name === 'Traces') await panel.locator('.printed').first().waitFor()
    assert.ok(await flat(page), `${name} is too wide`)
  }
  await page.done()
})
