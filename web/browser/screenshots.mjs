// Takes pictures of every page: at three widths, light and dark, into out/screenshots, to be looked at after any change that
// shows; and the one of the README, into screenshots. Run it by "make screenshots".
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { settled, sizes, startBrowser, startLab } from './e2e/lab.mjs'

const pages = ['', 'lessons', 'lessons/three-segments', 'lessons/sequence-numbers', 'lessons/lost-syn-ack', 'sandbox', 'no-such-page']
const here = import.meta.dirname
const out = join(here, 'out/screenshots')
await mkdir(out, { recursive: true })

const lab = await startLab()
const chrome = await startBrowser()
try {
  for (const colorScheme of /** @type {const} */ (['light', 'dark'])) {
    for (const viewport of Object.values(sizes)) {
      for (const path of pages) {
        const page = await chrome.page({ viewport, colorScheme, allow: /404/ })
        await page.goto(lab.url + path)
        await settled(page)
        await page.screenshot({ path: join(out, `${path.split('/').pop() || 'home'}-${viewport.width}-${colorScheme}.png`), fullPage: true })
        await page.done()
      }
    }
  }
  const page = await chrome.page({ viewport: { width: 1440, height: 1200 }, colorScheme: 'light' })
  await page.goto(`${lab.url}lessons/lost-syn-ack`)
  await settled(page)
  await page.screenshot({ path: join(here, 'screenshots/lesson.png') })
  await page.done()
} finally {
  await chrome.close()
  await lab.stop()
}
