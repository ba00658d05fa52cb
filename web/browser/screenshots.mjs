// Takes pictures of every page and of the main states of the simulator: at three widths, light and dark, into out/screenshots, to
// be looked at after any change that shows; and the one of the README, into screenshots. Run it by "make screenshots"; with names
// behind it, "node screenshots.mjs edit why" takes only those.
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { settled, sizes, startBrowser, startLab } from './e2e/lab.mjs'

/** @import { Page } from 'playwright-core' */

const here = import.meta.dirname
const out = join(here, 'out/screenshots')
const only = process.argv.slice(2)
await mkdir(out, { recursive: true })

const lab = await startLab()
const chrome = await startBrowser()

/** @param {Page} page */
const sim = (page) => page.locator('tcp-sim').first()
/** @param {Page} page @param {string} name */
const press = (page, name) => sim(page).getByRole('button', { name, exact: true }).click()
/** Chooses a segment in the diagram. @param {Page} page @param {number} seg */
const choose = (page, seg) => sim(page).locator(`tcp-ladder [data-seg="${seg}"]`).first().click()
/** Opens a panel and waits for its contents. @param {Page} page @param {string} name @param {string} part */
async function panel(page, name, part) {
  await sim(page).locator('.tabs').getByRole('button', { name, exact: true }).click()
  await sim(page).locator(part).waitFor()
  await page.waitForLoadState('networkidle')
}
/** Does lines of the scenario language, each at its millisecond of the run as set up. @param {Page} page @param {[number, string][]} lines */
const act = (page, lines) => sim(page).evaluate(async (e, lines) => {
  const it = /** @type {any} */ (e)
  for (const [ms, line] of lines) {
    it.time = ms * 1000
    await it.do(line)
  }
}, lines)
/** @param {Page} page */
async function branch(page) {
  await act(page, [[75, 'drop #2'], [50, 'edit #2 ack=305']])
  await sim(page).locator('tcp-history').waitFor()
}

/**
 * A state: its address and what is done there. With `sim` only the simulator is in the picture.
 * @typedef {{ name: string, path: string, sim?: boolean, go?: (page: Page) => Promise<unknown> }} State
 */

/** @type {State[]} */
const states = [
  { name: 'home', path: '' },
  { name: 'lessons', path: 'lessons' },
  ...['three-segments', 'sequence-numbers', 'lost-segments'].map((slug) => ({ name: slug, path: `lessons/${slug}` })),
  { name: 'gallery', path: 'gallery' },
  { name: 'sandbox', path: 'sandbox', go: (page) => page.locator('scene-form fieldset, scene-form details').first().waitFor() },
  { name: 'flood', path: 'flood' },
  { name: 'latency', path: 'latency' },
  { name: 'embedded', path: 'embed?scenario=syn-ack-lost&at=90000' },
  { name: 'no-such-page', path: 'no-such-page' },
  ...[['why', 'See why', 'tcp-why .path'], ['both', 'Both hosts', 'tcp-hosts'], ['traces', 'Traces', 'tcp-traces pre'], ['passport', 'Passport', 'tcp-passport'], ['compare', 'Side by side', 'tcp-compare'], ['take', 'Take it along', 'tcp-take h3 >> nth=0'], ['embed', 'Embed', 'tcp-embed textarea']].map(([name = '', button = '', part = '']) => ({
    name, path: 'lessons/lost-segments', sim: true, go: async (/** @type {Page} */ page) => {
      await sim(page).evaluate((e) => { /** @type {any} */ (e).time = 1_100_000 })
      await choose(page, 3)
      await panel(page, button, part)
    },
  })),
  { name: 'edit', path: 'lessons/three-segments', sim: true, go: async (page) => {
    await choose(page, 2)
    await press(page, 'Edit')
    await sim(page).locator('tcp-header [name=ack]').fill('99999999999')
    await press(page, 'Send changes')
  } },
  { name: 'forge', path: 'lessons/three-segments', sim: true, go: async (page) => {
    await sim(page).focus()
    await page.keyboard.press('n')
    await sim(page).locator('tcp-header [name=seq]').waitFor()
  } },
  { name: 'branch', path: 'lessons/three-segments', sim: true, go: branch },
  { name: 'compared', path: 'lessons/three-segments', sim: true, go: async (page) => {
    await branch(page)
    await panel(page, 'Side by side', 'tcp-compare tcp-ladder >> nth=0')
  } },
  { name: 'capture', path: 'sandbox', go: async (page) => {
    const run = 'title A request\nclient 192.0.2.1:54321 isn 100 profile linux\nserver 192.0.2.2:80 isn 300 profile linux\ndelay 20ms\nserver listen\nclient connect\nstep until quiet\nclient send 5\nstep until quiet\nforge to server ACK seq=106 ack=90000\nstep until quiet\n'
    const answer = await fetch(`${lab.url}api/export`, { method: 'POST', body: new URLSearchParams({ format: 'pcapng', scenario: run }) })
    const buffer = Buffer.from(await answer.arrayBuffer())
    // with a comment that is no scenario it is somebody else's capture
    buffer.write('client conn3ct', buffer.indexOf('client connect'))
    await page.locator('input[type=file]').setInputFiles({ name: 'request.pcapng', mimeType: 'application/octet-stream', buffer })
    await page.getByText('request.pcapng').first().waitFor()
    await page.waitForLoadState('networkidle')
  } },
]

const phone = { viewport: sizes.narrow, hasTouch: true, isMobile: true }
/** The pointer is the same for both larger widths, so that a state is made twice only. */
const devices = [{ options: { viewport: sizes.wide }, widths: [sizes.wide, sizes.middle] }, { options: phone, widths: [sizes.narrow] }]

/** @param {State} state @param {typeof devices[number]} device */
async function picture(state, { options, widths }) {
  const page = await chrome.page({ ...options, allow: /404/ })
  await page.goto(lab.url + state.path)
  await settled(page)
  await state.go?.(page)
  for (const viewport of widths) {
    // What stays in place while a page scrolls would cover something in a picture of all of it.
    await page.setViewportSize(viewport)
    await page.setViewportSize({ ...viewport, height: await page.evaluate(() => document.documentElement.scrollHeight) })
    for (const colorScheme of /** @type {const} */ (['light', 'dark'])) {
      await page.emulateMedia({ colorScheme })
      await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))))
      const path = join(out, `${state.name}-${viewport.width}-${colorScheme}.png`)
      const box = state.sim ? await sim(page).boundingBox() : null
      // what sticks out a little belongs to it: on a phone the playback bar is as wide as the screen
      const clip = box ? { x: Math.max(0, box.x - 16), y: Math.max(0, box.y - 16), width: Math.min(viewport.width, box.width + 32), height: box.height + 32 } : undefined
      await page.screenshot({ path, fullPage: true, clip })
    }
  }
  await page.done()
}

try {
  for (const state of states) {
    if (only.length && !only.includes(state.name)) continue
    for (const device of devices) {
      await picture(state, device).catch((e) => { throw new Error(`${state.name} at ${device.options.viewport.width} px`, { cause: e }) })
    }
  }
  if (!only.length) {
    const page = await chrome.page({ viewport: { width: 1440, height: 1200 }, colorScheme: 'light' })
    await page.goto(`${lab.url}lessons/lost-segments`)
    await settled(page)
    await page.screenshot({ path: join(here, 'screenshots/lesson.png') })
    await page.done()
  }
} finally {
  await chrome.close()
  await lab.stop()
}
