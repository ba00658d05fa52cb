// Take it along and bring your own: a run leaves as a link, a code, files and a page to print, and captures come in.
import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { after, before, describe, test } from 'node:test'
import { devices, settled, sizes, violations, withLab } from './lab.mjs'

/** @import { Locator, Page } from 'playwright-core' */
/** @typedef {HTMLElement & { time: number, scenario: string }} TcpSim */

let folder = ''
const traces = fileURLToPath(new URL('../../../engine/testdata/kernel/traces/', import.meta.url))

const { lab, chrome } = withLab()
before(async () => { folder = await mkdtemp(join(tmpdir(), 'lab-take-')) })
after(async () => { if (folder) await rm(folder, { recursive: true, force: true }) })

const RUN = 'title A request\nclient 192.0.2.1:54321 isn 100 profile linux\nserver 192.0.2.2:80 isn 300 profile linux\ndelay 20ms\nserver listen\nclient connect\nstep until quiet\nclient send 5\nstep until quiet\n'
/** A run whose client is a program with descriptors: no script is written of it. */
const SOCKETS = 'server listen\nclient socket\nclient connect nonblock fd 3\nstep until quiet\n'
/** The first one with a segment that no model would send. */
const ODD = `${RUN}forge to server ACK seq=106 ack=90000\nstep until quiet\nclient send 3\nstep until quiet\n`

/** @param {string} scenario @param {Record<string, string>} [more] */
async function exported(scenario, more = {}) {
  const answer = await fetch(`${lab.url}api/export`, { method: 'POST', body: new URLSearchParams({ format: 'pcapng', scenario, ...more }) })
  assert.equal(answer.status, 200)
  return Buffer.from(await answer.arrayBuffer())
}

/** A run as somebody else's capture of it: without the scenario in its comments. @param {string} scenario @param {string} name */
async function foreign(scenario, name) {
  const file = join(folder, name)
  const bytes = await exported(scenario)
  const at = bytes.indexOf('client connect')
  assert.ok(at > 0)
  bytes.write('client conn3ct', at)
  await writeFile(file, bytes)
  return file
}

/** @param {Page} page @param {string} scenario */
async function sandbox(page, scenario = '') {
  await page.goto(`${lab.url}sandbox`)
  await settled(page)
  if (!scenario) return
  await page.locator('tcp-sim').evaluate((sim, text) => new Promise((done) => {
    sim.addEventListener('ready', () => done(undefined), { once: true })
    const it = /** @type {TcpSim} */ (sim)
    it.scenario = text
  }), scenario)
  await page.locator('tcp-ladder [data-seg]').first().waitFor() // it is drawn in the frames that follow
}

/** Opens the panel. @param {Page} page */
async function panel(page) {
  await page.getByRole('button', { name: 'Take it along' }).click()
  const take = page.locator('tcp-take')
  // Its modules are fetched now, by a browser that has fetched nothing yet and has a neighbour that keeps the machine busy.
  await take.getByRole('heading', { name: 'As a link' }).waitFor({ timeout: 30_000 })
  return take
}

/** @param {Page} page @param {() => Promise<unknown>} what */
async function downloaded(page, what) {
  const [d] = await Promise.all([page.waitForEvent('download'), what()])
  const path = join(folder, d.suggestedFilename())
  await d.saveAs(path)
  return { name: d.suggestedFilename(), path, bytes: await readFile(path) }
}

/** @param {Page} page */
const time = (page) => page.locator('tcp-sim').evaluate((e) => /** @type {TcpSim} */ (e).time)
/** @param {Page} page */
const segments = (page) => page.locator('tcp-ladder [data-seg]').count()
/** @param {Page} page @param {number} many */
const drawn = (page, many) => page.waitForFunction((n) => document.querySelectorAll('tcp-ladder [data-seg]').length === n, many)
/** @param {Page} page @param {number} us */
const at = (page, us) => page.waitForFunction((want) => /** @type {TcpSim | null} */ (document.querySelector('tcp-sim'))?.time === want, us)

/** @param {Page} page */
const sideways = (page) => page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth)

describe('take it along', () => {
  test('a link is the whole run at its instant, whatever the browser remembers', async () => {
    const page = await chrome.page()
    await sandbox(page, RUN)
    await page.locator('tcp-sim').evaluate((e) => { /** @type {TcpSim} */ (e).time = 30000 })
    const many = await segments(page), take = await panel(page)
    await take.getByRole('button', { name: 'Copy the link' }).click()
    await page.locator('.simnote').waitFor()
    const link = await page.evaluate(() => navigator.clipboard.readText())
    assert.match(link, /sandbox#s=1\..+&at=30000$/)
    await page.done()

    const other = await chrome.page()
    // whatever was looked at before, here and elsewhere, is remembered somewhere else
    await sandbox(other, 'server listen\nclient connect\nstep until quiet\n')
    await other.locator('tcp-sim').evaluate((e) => { /** @type {TcpSim} */ (e).time = 50000 })
    await other.goto(link)
    await other.getByText('This scenario came with the link.').waitFor()
    await at(other, 30000)
    await drawn(other, many)
    // it is looked at elsewhere, and the same link opened again
    await other.locator('tcp-sim').evaluate((e) => { /** @type {TcpSim} */ (e).time = 0 })
    await other.reload()
    await settled(other)
    await at(other, 30000)
    await drawn(other, many)
    await other.done()
  })

  test('a QR code says the link, and a link too long for one says so', async () => {
    const page = await chrome.page({ allow: /422/ })
    await sandbox(page, RUN)
    let take = await panel(page)
    await take.getByRole('button', { name: 'Show it as a QR code' }).click()
    const code = take.getByRole('img', { name: 'QR code of the link to this run' })
    await code.waitFor()
    assert.equal(await code.evaluate((e) => /** @type {HTMLImageElement} */ (e).naturalWidth > 0), true, 'the picture is drawn')
    assert.match(decodeURIComponent(await code.getAttribute('src') ?? ''), new RegExp(`<title>${lab.url}sandbox#s=1\\.`))
    await take.getByRole('button', { name: 'Hide the QR code' }).click()
    assert.equal(await code.count(), 0)
    // text that does not get shorter by packing it
    let noise = '', x = 1
    for (let i = 0; i < 6000; i++) noise += String.fromCharCode(97 + ((x = (x * 48271) % 2147483647) % 26))
    await sandbox(page, `${RUN}client send "${noise}"\nstep until quiet\n`)
    take = await panel(page)
    await take.getByRole('button', { name: 'Show it as a QR code' }).click()
    assert.match(await take.getByRole('alert').innerText(), /characters, and a QR code holds 2953/)
    await page.done()
  })

  test('each file is what its name says', async () => {
    const page = await chrome.page()
    await sandbox(page, RUN)
    const take = await panel(page)
    const save = (/** @type {string} */ name) => downloaded(page, () => take.getByRole('button', { name: `Save: ${name}`, exact: true }).click())
    const capture = await save('Capture')
    assert.equal(capture.name, 'a-request.pcapng')
    assert.equal(capture.bytes.readUInt32LE(0), 0x0a0d0d0a)
    assert.match(String((await save('Text')).bytes), /Flags \[S\.\], seq 300, ack 101/)
    const scenario = await save('Scenario')
    assert.equal(scenario.name, 'a-request.lab')
    assert.match(String(scenario.bytes), /^title A request\nclient 192\.0\.2\.1/)
    await take.getByLabel('Host under test').selectOption('server')
    const script = await save('packetdrill script')
    assert.equal(script.name, 'a-request-server.pkt')
    assert.match(String(script.bytes), /< S 100:100\(0\)/)
    const svg = await save('Picture, SVG'), text = String(svg.bytes)
    assert.match(text, /<title id="title">A request<\/title><desc id="desc">Two hosts/)
    const png = await save('Picture, PNG')
    assert.equal(png.name, 'a-request.png')
    const width = Number(/width="(\d+)"/.exec(text)?.[1]), height = Number(/height="(\d+)"/.exec(text)?.[1])
    assert.deepEqual([png.bytes.readUInt32BE(16), png.bytes.readUInt32BE(20)], [2 * width, 2 * height], 'twice the size')
    assert.ok(png.bytes.includes('Title\0\0\0\0\0A request'), 'a title')
    assert.ok(png.bytes.includes('Description\0'), 'a description')
    // the picture is more than paper: it has the colour of a SYN in it
    const blue = await page.evaluate(async (src) => {
      const img = new Image()
      img.src = src
      await img.decode()
      const c = document.createElement('canvas')
      c.width = img.width
      c.height = img.height
      const pen = c.getContext('2d')
      pen?.drawImage(img, 0, 0)
      const d = pen?.getImageData(0, 0, c.width, c.height).data ?? []
      let n = 0
      for (let i = 0; i < d.length; i += 4) if (d[i] === 0x2A && d[i + 1] === 0x47 && d[i + 2] === 0xA0) n++
      return n
    }, `data:image/png;base64,${png.bytes.toString('base64')}`)
    assert.ok(blue > 500, `${blue} pixels of SYN`)
    await page.done()
  })

  test('a run that no packetdrill script can say is told so', async () => {
    const page = await chrome.page({ allow: /422/ })
    await sandbox(page, SOCKETS)
    const take = await panel(page)
    await take.getByRole('button', { name: 'Save: packetdrill script' }).click()
    assert.match(await take.getByRole('alert').innerText(), /makes its calls on descriptors/)
    await page.done()
  })

  test('a worksheet opens on a page of its own, ready for A4 and Letter, without a script', async () => {
    const page = await chrome.page()
    await sandbox(page, RUN)
    const take = await panel(page)
    await take.getByLabel('Times').check()
    await take.getByLabel('States').uncheck()
    const [sheet] = await Promise.all([page.context().waitForEvent('page'), take.getByRole('button', { name: 'Open the worksheet' }).click()])
    await sheet.waitForLoadState()
    assert.equal(await sheet.title(), 'Worksheet: A request')
    assert.equal(await sheet.evaluate(() => document.scripts.length), 0)
    const [open, key] = [sheet.locator('.leaf').first(), sheet.locator('.leaf.key')]
    assert.doesNotMatch(await open.innerText(), /seq 100|\bSYN\b(?!-)/)
    assert.match(await open.innerText(), /SYN-RECEIVED/, 'the states are not asked for')
    assert.match(await key.innerText(), /seq 100/)
    assert.equal(await open.locator('td.blank').count(), await key.locator('td.answer').count())
    assert.deepEqual(await violations(Object.assign(sheet, { mute: page.mute })), [])
    for (const format of ['A4', 'Letter']) {
      const pages = String(await sheet.pdf({ format, preferCSSPageSize: false })).match(/\/Type\s*\/Page\b/g)?.length ?? 0
      assert.equal(pages, 2, `${format}: the sheet and its key`)
    }
    await page.done()
  })

  for (const [name, viewport] of /** @type {const} */ ([['1440 px', sizes.wide], ['390 px', sizes.narrow]])) {
    test(`by keyboard, at ${name}`, async () => {
      const page = await chrome.page({ viewport })
      await sandbox(page, RUN)
      const tabs = page.getByRole('toolbar', { name: 'More about this instant' })
      await tabs.getByRole('button').first().focus()
      for (let i = 0; i < 12 && !(await page.evaluate(() => document.activeElement?.textContent?.includes('Take it along'))); i++) await page.keyboard.press('ArrowRight')
      await page.keyboard.press('Enter')
      await page.locator('tcp-take h3').first().waitFor()
      await page.keyboard.press('Tab')
      await page.keyboard.press('Enter')
      await page.waitForFunction(async () => (await navigator.clipboard.readText()).includes('sandbox#s='))
      await page.keyboard.press('ArrowRight')
      await page.keyboard.press('Enter')
      await page.locator('tcp-take .qr').waitFor()
      await page.keyboard.press('Tab')
      assert.equal(await page.evaluate(() => document.activeElement?.textContent?.trim()), 'Save', 'the code can be saved')
      await page.keyboard.press('Tab')
      const file = await downloaded(page, () => page.keyboard.press('Enter'))
      assert.equal(file.name, 'a-request.pcapng')
      await page.keyboard.press('ArrowDown')
      await page.keyboard.press('Enter')
      await page.waitForFunction(async () => (await navigator.clipboard.readText()).includes('Flags [S]'))
      await page.done()
    })
  }

  for (const [name, options] of devices) {
    test(`axe finds nothing, ${name}`, async () => {
      const page = await chrome.page({ ...options, allow: /422/ })
      await sandbox(page, SOCKETS)
      const take = await panel(page)
      await take.getByRole('button', { name: 'Show it as a QR code' }).click()
      await take.locator('.qr').waitFor()
      await take.getByRole('button', { name: 'Save: packetdrill script' }).click()
      await take.getByRole('alert').waitFor()
      assert.deepEqual(await violations(page), [])
      assert.equal(await sideways(page), false)
      await page.done()
    })
  }

  test('nothing sticks out at 320 px', async () => {
    const page = await chrome.page({ viewport: { width: 320, height: 640 } })
    await sandbox(page, RUN)
    await panel(page)
    assert.equal(await sideways(page), false)
    await page.locator('#bring input[type=file]').setInputFiles(`${traces}accept-overflow-classic.pcap`)
    await page.locator('.notice.capture').waitFor()
    assert.equal(await sideways(page), false)
    await page.done()
  })
})

describe('bring your own', () => {
  test('a capture is chosen, its conversations listed, and one of them followed', async () => {
    const page = await chrome.page()
    await sandbox(page)
    const bring = page.locator('#bring')
    await bring.getByLabel('Capture file').setInputFiles(`${traces}accept-overflow-classic.pcap`)
    await page.getByRole('heading', { name: 'Capture: accept-overflow-classic.pcap' }).waitFor()
    await page.getByText('The model (linux) would have sent all 3 segments, too.').waitFor()
    assert.match(await bring.locator('.message').innerText(), /has 48 packets/)
    const talks = bring.getByRole('radio')
    assert.equal(await talks.count(), 8)
    await drawn(page, 3)
    // by keyboard on to a longer one
    await talks.first().focus()
    for (let i = 0; i < 6; i++) await page.keyboard.press('ArrowDown')
    await drawn(page, 11)
    assert.equal(await talks.nth(6).isChecked(), true)
    assert.equal(await talks.nth(6).evaluate((e) => e === document.activeElement), true, 'the focus stays')
    await page.done()
  })

  test('the first odd thing is marked on the ladder and told, and nothing can be changed', async () => {
    const page = await chrome.page()
    await sandbox(page)
    await page.locator('#bring').getByLabel('Capture file').setInputFiles(await foreign(ODD, 'odd.pcapng'))
    const talk = page.locator('#bring').getByRole('radio', { name: /at server/ })
    await talk.check()
    const notice = page.locator('.notice.capture')
    await notice.getByText(/sent by the client, is the first that the model would not have sent/).waitFor()
    await page.waitForFunction(() => document.querySelectorAll('.ladder .odd').length === 1)
    const seg = Number(/Segment (\d+)/.exec(await notice.innerText())?.[1])
    assert.match(await page.locator(`tcp-ladder [data-seg="${seg}"]`).getAttribute('aria-label') ?? '', /marked as odd/)
    assert.equal(await page.locator(`tcp-ladder [data-seg="${seg}"] .odd`).count(), 1)
    await page.getByRole('button', { name: 'To the start' }).click()
    assert.equal(await time(page), 0)
    await notice.getByRole('button', { name: `Show segment ${seg}` }).click()
    assert.ok(await time(page) > 0)
    await page.getByRole('button', { name: 'Step forward' }).click()
    // a hand on it is refused, with the reason
    const why = /A capture can be looked at, not changed/
    await page.locator('tcp-header').getByRole('button', { name: 'Drop' }).click({ force: true })
    await page.locator('.simnote').getByText(why).waitFor()
    await page.getByRole('button', { name: 'Copy link' }).click()
    await page.locator('.simnote').getByText(why).waitFor()
    await page.getByRole('button', { name: 'Take it along' }).click()
    await page.getByText('the lab cannot make a scenario or a link of it').waitFor()
    await page.done()
  })

  test('a capture is dropped on the page', async () => {
    const page = await chrome.page({ viewport: sizes.narrow })
    await sandbox(page)
    const bytes = (await readFile(`${traces}request-response-close.pcap`)).toString('base64')
    const data = await page.evaluateHandle((text) => {
      const transfer = new DataTransfer()
      transfer.items.add(new File([Uint8Array.from(atob(text), (c) => c.charCodeAt(0))], 'dropped.pcap'))
      return transfer
    }, bytes)
    await page.dispatchEvent('body', 'dragenter', { dataTransfer: data })
    assert.equal(await page.locator('#bring.over').count(), 1, 'the page shows that it takes it')
    await page.dispatchEvent('body', 'dragover', { dataTransfer: data })
    await page.dispatchEvent('body', 'drop', { dataTransfer: data })
    await page.getByRole('heading', { name: 'Capture: dropped.pcap' }).waitFor()
    assert.equal(await page.locator('#bring.over').count(), 0)
    await page.getByRole('link', { name: 'See it in the simulator.' }).click()
    assert.equal(await page.evaluate(() => document.activeElement?.tagName), 'TCP-SIM')
    await page.done()
  })

  test('a capture that the lab wrote is the run itself again', async () => {
    const page = await chrome.page()
    const file = join(folder, 'ours.pcapng')
    await writeFile(file, await exported(RUN))
    await sandbox(page)
    await page.locator('#bring').getByLabel('Capture file').setInputFiles(file)
    await page.getByText('The lab wrote ours.pcapng itself.').waitFor()
    await page.getByRole('heading', { name: 'A request' }).first().waitFor()
    assert.match(await page.locator('#scenario').inputValue(), /^title A request/)
    assert.equal(await page.locator('.notice.capture').count(), 0)
    await page.done()
  })

  test('what is no capture says so, and leaves the simulator as it was', async () => {
    const page = await chrome.page({ allow: /422|413/ })
    await sandbox(page, RUN)
    const many = await segments(page), file = join(folder, 'no.pcap')
    await writeFile(file, 'client connect\n')
    await page.locator('#bring').getByLabel('Capture file').setInputFiles(file)
    await page.locator('#bring .message.bad').getByText('it is neither pcap nor pcapng').waitFor()
    assert.equal(await segments(page), many)
    const large = join(folder, 'large.pcap')
    await writeFile(large, Buffer.alloc((8 << 20) + 1))
    await page.locator('#bring').getByLabel('Capture file').setInputFiles(large)
    await page.locator('#bring .message.bad').getByText('more than 8 MiB').waitFor()
    await page.done()
  })

  test('what takes long shows that it goes on, and can be called off by keyboard', async () => {
    const page = await chrome.page()
    await sandbox(page)
    /** @type {() => void} */
    let go = () => {}
    const held = new Promise((resolve) => { go = () => resolve(undefined) })
    await page.route('**/api/capture*', async (route) => {
      await held
      await route.abort().catch(() => {})
    })
    await page.locator('#bring').getByLabel('Capture file').setInputFiles(`${traces}request-response-close.pcap`)
    const cancel = page.locator('#bring').getByRole('button', { name: 'Cancel' })
    await cancel.waitFor()
    assert.equal(await page.locator('#bring').getByRole('progressbar').count(), 1)
    await cancel.focus()
    await page.keyboard.press('Enter')
    await page.locator('#bring .message').getByText('Cancelled. Nothing was changed.').waitFor()
    assert.equal(await cancel.isVisible(), false)
    go()
    await page.done()
  })

  for (const [name, options] of devices) {
    test(`axe finds nothing, ${name}`, async () => {
      const page = await chrome.page({ ...options })
      await sandbox(page)
      await page.locator('#bring').getByLabel('Capture file').setInputFiles(await foreign(ODD, 'odd.pcapng'))
      await page.locator('#bring').getByRole('radio', { name: /at server/ }).check()
      await page.locator('.ladder .odd').waitFor()
      await page.locator('.notice.capture summary').click()
      assert.deepEqual(await violations(page), [])
      await page.done()
    })
  }
})
