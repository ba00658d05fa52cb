// Setting the scene: the gallery, the form beside the text, the flood, the latencies, a simulator in a frame. Each by mouse and
// by keyboard.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { after, before, describe, test } from 'node:test'
import { fits, freePort, poll, settled, sizes, sound, violations, withLab } from './lab.mjs'

const port = await freePort()
const { lab, chrome } = withLab({ args: ['-frame-ancestors', `http://127.0.0.1:${port}`] })
const server = createServer((_, answer) => answer.writeHead(200, { 'Content-Type': 'text/html' }).end(`<!doctype html><title>A page</title>${host.body}`))
/** A page of another site, with whatever a test puts into it. */
const host = { url: `http://127.0.0.1:${port}/`, body: '' }

before(() => once(server.listen(port, '127.0.0.1'), 'listening'))
after(() => server.close())

const unprocessable = /status of 4\d\d/ // the console's line about an answer that says what is wrong

/** @param {() => Promise<unknown>} look @param {string} what */
const until = (look, what) => poll(look, Boolean, what, 20_000)

/** @param {Awaited<ReturnType<typeof chrome.page>>} page @param {string} path */
async function go(page, path) {
  await page.goto(lab.url + path)
  await settled(page)
}

describe('pages', () => {
  for (const path of ['gallery', 'flood', 'latency', 'sandbox/syn-flood-cookies', 'embed?scenario=syn-lost']) {
    test(`/${path}: axe, 320 px, and without JavaScript`, async () => {
      const page = await chrome.page()
      await go(page, path)
      await fits(page)
      await page.done()
      const plain = await chrome.page({ javaScriptEnabled: false })
      await plain.goto(lab.url + path)
      assert.equal(await plain.locator('h1').count(), 1)
      assert.deepEqual(await plain.locator('.needs-js:visible').allTextContents(), [])
      await plain.done()
    })
  }
})

describe('gallery', () => {
  for (const [width, size] of /** @type {const} */ ([['1440', sizes.wide], ['390', sizes.narrow]])) {
    test(`a scenario opens in the sandbox, by keyboard, at ${width} px`, async () => {
      const page = await chrome.page({ viewport: size })
      await go(page, 'gallery')
      assert.ok((await page.locator('.scenarios > li').count()) >= 30)
      await page.getByRole('link', { name: 'The final ACK is lost', exact: true }).focus()
      await page.keyboard.press('Enter')
      await page.waitForURL(/sandbox\/final-ack-lost$/)
      await settled(page)
      assert.match(await page.locator('#scenario').inputValue(), /rule drop 1st ACK from client/)
      assert.match(await page.locator('tcp-sim .rules').innerText(), /drop the 1st ACK/)
      await page.done()
    })
  }
})

describe('the scene', () => {
  for (const [way, options] of /** @type {const} */ ([['mouse', { viewport: sizes.wide, colorScheme: 'light' }], ['keyboard', { viewport: sizes.narrow, colorScheme: 'dark' }]])) {
    test(`form and text are the same thing, by ${way} at ${options.viewport.width} px`, async () => {
      const page = await chrome.page({ ...options, allow: unprocessable })
      await go(page, 'sandbox')
      const text = page.locator('#scenario'), form = page.locator('scene-form')
      /** @param {import('playwright-core').Locator} what */
      const press = async (what) => (way === 'mouse' ? what.click() : (await what.focus(), page.keyboard.press('Enter')))
      await press(form.locator('summary', { hasText: 'Client' }))
      await form.getByLabel('MSS').first().fill('99999')
      assert.match(await text.inputValue(), /^client 192\.0\.2\.10:52431 isn 1000 mss 99999$/m)
      await until(() => form.locator('.fault').count(), 'the fault beside its field')
      assert.equal(await form.getByLabel('MSS').first().getAttribute('aria-invalid'), 'true')
      assert.match(await form.locator('.fault').innerText(), /65495/)
      assert.equal(await page.locator('.behind u').innerText(), '99999', 'the same place is marked in the text')
      assert.match(await page.locator('#scenario-faults').innerText(), /Line 1, column \d+/)
      assert.deepEqual(await violations(page), [], 'a fault')
      await form.getByLabel('MSS').first().fill('1400')
      await until(async () => !(await page.locator('.behind u').count()), 'the fault to be gone')

      // a rule in two clicks
      await press(form.locator('summary', { hasText: 'Rules' }))
      await press(form.getByRole('button', { name: 'Add a rule' }))
      assert.equal(await page.evaluate(() => document.activeElement?.closest('.offers') !== null), true, 'the focus is in the menu')
      assert.deepEqual(await violations(page), [], 'the menu')
      await press(form.locator('.offers button').first())
      assert.match(await text.inputValue(), /^rule drop 1st SYN-ACK$/m)
      assert.equal(await page.evaluate(() => document.activeElement?.getAttribute('data-add')), 'rule', 'the focus came back')

      // what is written in the text is in the form
      await text.fill((await text.inputValue()).replace('delay 50ms', '# slow\ndelay 80ms').replace('isn 5000', 'isn 7 profile linux'))
      await press(form.locator('summary', { hasText: 'Server' }))
      assert.equal(await form.locator('#scene-server-profile').inputValue(), 'linux')
      assert.equal(await form.locator('#scene-server-isn').inputValue(), '7')
      await press(form.locator('summary', { hasText: /^The path/ }))
      assert.equal(await form.getByLabel('Delay').inputValue(), '80ms')
      await form.getByLabel('Delay').fill('20ms')
      assert.match(await text.inputValue(), /# slow\ndelay 20ms/, 'the comment stays')
      assert.ok(await page.locator('#scenario-changed').isVisible())

      if (way === 'mouse') await page.getByRole('button', { name: 'Run this scenario' }).click()
      else {
        await text.focus()
        await page.keyboard.press('Control+Enter')
      }
      await until(async () => /20 ms each way/.test(await page.locator('tcp-sim .rules').innerText()), 'the new run')
      assert.match(await page.locator('tcp-sim .rules').innerText(), /drop the 1st SYN-ACK/)
      assert.ok(!(await page.locator('#scenario-changed').isVisible()))
      await page.done()
    })
  }

  test('all faults at once, each leading to its place', async () => {
    const page = await chrome.page({ allow: unprocessable })
    await go(page, 'sandbox')
    const text = page.locator('#scenario')
    await text.fill('delay 50ms\ndorp SYN\nclient connect now\nserver lisen\n')
    await until(async () => (await page.locator('#scenario-faults li').count()) >= 3, 'all faults')
    await sound(page, 'faults')
    await page.getByRole('button', { name: 'Line 2, column 1' }).click()
    assert.equal(await text.evaluate((t) => /** @type {HTMLTextAreaElement} */ (t).value.slice(/** @type {HTMLTextAreaElement} */ (t).selectionStart, /** @type {HTMLTextAreaElement} */ (t).selectionEnd)), 'dorp')
    await page.done()
  })

  test('a simulator in a lesson hands its run over, and the sandbox takes it back', async () => {
    const page = await chrome.page()
    await go(page, 'lessons/lost-segments')
    await page.getByRole('button', { name: 'Change the scene' }).first().click()
    await page.waitForURL(/sandbox#s=1\./)
    await settled(page)
    await until(async () => /rule drop|drop #|drop SYN-ACK/.test(await page.locator('#scenario').inputValue()), 'the run in the text')
    const first = await page.locator('#scenario').inputValue()
    await page.locator('#scenario').fill('client connect\n')
    await page.getByRole('button', { name: 'Change the scene' }).focus()
    await page.keyboard.press('Enter')
    assert.equal((await page.locator('#scenario').inputValue()).trim(), first.trim(), 'the run that is shown')
    await page.getByRole('button', { name: 'Back to what I had' }).click()
    assert.equal(await page.locator('#scenario').inputValue(), 'client connect\n')
    await page.done()
  })

  test('a run with a title comes back with one title, and runs again', async () => {
    const page = await chrome.page()
    await go(page, 'sandbox/refused')
    await page.getByRole('button', { name: 'Change the scene' }).click()
    assert.equal((await page.locator('#scenario').inputValue()).match(/^title /gm)?.length, 1)
    await page.getByRole('button', { name: 'Run this scenario' }).click()
    await until(async () => (await page.locator('#scenario-faults').innerText()) === '' && !(await page.locator('#scenario-changed').isVisible()), 'a run without a fault')
    await page.done()
  })
})

describe('flood', () => {
  for (const [way, options] of /** @type {const} */ ([['mouse', { viewport: sizes.wide, colorScheme: 'light' }], ['keyboard', { viewport: sizes.narrow, colorScheme: 'dark' }]])) {
    test(`the queue fills, and a cookie lets the client in, by ${way}`, async () => {
      const page = await chrome.page(options)
      await go(page, 'flood')
      const story = page.locator('#story'), start = page.locator('#flood-start')
      await until(() => story.locator('li').count(), 'the flood to be played')
      assert.equal(await page.locator('.slots .full').count(), 0, 'nothing has happened yet')
      await page.getByLabel('Rate').focus()
      await page.keyboard.press('End')
      await until(async () => /50 SYNs a second/.test(await page.locator('#rate-now').innerText()) && Number(await page.locator('[data-off=syns]').innerText()) > 400, 'the new rate')
      if (way === 'mouse') await start.click()
      else {
        await start.focus()
        await page.keyboard.press('Enter')
      }
      await until(async () => (await page.locator('.slots .full').count()) === 17, 'the queue to be full')
      await start.press('Enter')
      assert.equal(await start.innerText(), 'Go on')
      assert.ok(await story.locator('.now').isVisible())
      assert.deepEqual(await violations(page), [], 'paused')
      await page.getByLabel('Time').focus()
      await page.keyboard.press('End')
      assert.match(await story.innerText(), /still outside/)
      assert.match(await page.getByLabel('Time').getAttribute('aria-valuetext') ?? '', /17 of 17/)

      await page.getByLabel('when the queue is full').check()
      await until(async () => /accept\(\)/.test(await story.innerText()), 'the run with cookies')
      assert.doesNotMatch(await story.innerText(), /outside/)
      // the parts add up, modulo 2^32
      const part = async (/** @type {string} */ name) => Number(await page.locator(`#opened [data-part=${name}]`).first().innerText())
      const sum = ((await part('hash')) + (await part('isn')) + (await part('shifted')) + (((await part('lowhash')) + (await part('index'))) & 0xffffff)) % 2 ** 32
      assert.equal(sum, await part('number'))
      assert.match(await page.locator('.compare').innerText(), /never[^]*100\sms/)
      await page.done()
    })
  }
})

describe('latency', () => {
  for (const [way, options] of /** @type {const} */ ([['mouse', { viewport: sizes.wide, colorScheme: 'light' }], ['keyboard', { viewport: sizes.narrow, colorScheme: 'dark' }]])) {
    test(`the round trip moves everything, by ${way}`, async () => {
      const page = await chrome.page(options)
      await go(page, 'latency')
      const rows = async () => (await page.locator('.numbers tbody tr').allInnerTexts()).map((r) => r.split('\t').map((c) => c.trim()))
      assert.deepEqual((await rows()).map((r) => r[4]), ['200 ms', '400 ms', '300 ms', '100 ms', '200 ms', '100 ms'])
      const slider = page.getByLabel('Round-trip time'), bar = page.locator('.bar .first').first()
      if (way === 'mouse') {
        const box = await slider.boundingBox() ?? assert.fail()
        await page.mouse.click(box.x + box.width - 1, box.y + box.height / 2)
      } else {
        await slider.focus()
        await page.keyboard.press('End')
      }
      assert.equal(await slider.getAttribute('aria-valuetext'), '250 ms')
      assert.deepEqual((await rows()).map((r) => r[4]), ['500 ms', '1,000 ms', '750 ms', '250 ms', '500 ms', '250 ms'])
      assert.equal(await bar.getAttribute('cx'), '50%')
      assert.deepEqual(await violations(page), [], 'at 250 ms')
      await page.getByRole('link', { name: 'Step through it in the sandbox' }).nth(2).click()
      await page.waitForURL(/sandbox#s=/)
      await until(async () => /TLS 1\.3/.test(await page.locator('tcp-sim h2').first().innerText()), 'the run of TLS 1.3')
      await page.done()
    })
  }
})

describe('embed', () => {
  test('a frame in a page that is allowed is as high as what is in it', async () => {
    host.body = `<iframe src="${lab.url}embed?scenario=syn-ack-lost&at=90000&theme=dark" title="A run" width="600" height="200"></iframe><script async src="${lab.url}embed.js"></script>`
    const page = await chrome.page()
    await page.goto(host.url)
    const frame = page.frames()[1] ?? assert.fail()
    await until(() => frame.evaluate(() => !!document.querySelector('.simbody')), 'the simulator in the frame')
    await until(async () => (await page.locator('iframe').evaluate((f) => f.clientHeight)) > 800, 'the frame to grow')
    await until(() => frame.evaluate(() => document.documentElement.scrollHeight <= innerHeight + 1), 'nothing left to scroll')
    assert.equal(await frame.evaluate(() => document.documentElement.dataset.theme), 'dark')
    assert.match(await frame.locator('.readout').innerText(), /^90 ms/)
    await page.done()
  })

  test('a page that is not allowed gets nothing, and a wrong address says what is wrong', async () => {
    const page = await chrome.page({ allow: /frame-ancestors|status of 400|refused|Framing|\/sandbox$/i })
    host.body = `<iframe src="${lab.url}embed?scenario=nope&colour=red" title="A run"></iframe>`
    await page.goto(host.url)
    const text = await (page.frames()[1] ?? assert.fail()).locator('.message').innerText()
    assert.match(text, /scenario must be the name[^]*|There is no parameter/)
    assert.match(text, /colour/)
    // localhost is another site than 127.0.0.1
    await page.goto(host.url)
    host.body = `<iframe src="${lab.url}sandbox" title="A run"></iframe>`
    await page.goto(host.url)
    assert.doesNotMatch(await (page.frames()[1] ?? assert.fail()).content(), /tcp-sim/)
    await page.done()
  })

  for (const [way, options] of /** @type {const} */ ([['mouse', { viewport: sizes.wide, colorScheme: 'light' }], ['keyboard', { viewport: sizes.narrow, colorScheme: 'dark' }]])) {
    test(`the HTML to paste, by ${way}, works`, async () => {
      const page = await chrome.page(options)
      await go(page, 'sandbox/refused')
      const tab = page.getByRole('button', { name: 'Embed' })
      if (way === 'mouse') await tab.click()
      else {
        await tab.focus()
        await page.keyboard.press('Enter')
      }
      const code = page.getByLabel('HTML to paste')
      await until(async () => /<iframe [^]*<script/.test(await code.inputValue()), 'the HTML')
      assert.deepEqual(await violations(page), [], 'the panel')
      await page.getByRole('button', { name: 'Copy the HTML' }).press('Enter')
      await until(async () => (await page.evaluate(() => navigator.clipboard.readText())).includes('<iframe'), 'the clipboard')
      await page.getByLabel('As high as what is in it').uncheck()
      await until(async () => !/<script/.test(await code.inputValue()), 'the HTML without the script')
      host.body = await code.inputValue()
      await page.goto(host.url)
      const frame = page.frames()[1] ?? assert.fail()
      await until(() => frame.evaluate(() => !!document.querySelector('.simbody')), 'the run in the frame')
      assert.match(await frame.locator('h2').first().innerText(), /Refused/)
      await page.done()
    })
  }
})
