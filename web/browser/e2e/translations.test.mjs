// A lesson in the language of its reader: the switch above its title, the same places in each language, and what is said to an answer.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { poll, settled, violations, withLab } from './lab.mjs'

/** @typedef {import('playwright-core').Page} Page */

const { lab, chrome } = withLab()

/** @param {Page} page @param {string} id @param {RegExp} says */
async function answered(page, id, says) {
  await page.locator(`#${id} button[type=submit]`).click()
  await poll(() => page.locator(`#${id} .feedback`).innerText(), (text) => says.test(text), `the feedback of #${id}`)
}

test('a reader switches the language of a lesson, and answers in it', async () => {
  const page = await chrome.page()
  await page.goto(`${lab.url}lessons/three-segments`)
  await settled(page)
  assert.equal(await page.locator('h1').innerText(), 'The three segments')
  await page.locator('#main nav.languages').getByRole('link', { name: 'Deutsch' }).click()
  await page.waitForURL(/lang=de/)
  await settled(page)
  assert.equal(await page.locator('h1').innerText(), 'Die drei Segmente')
  assert.equal(await page.locator('#main nav.languages [aria-current]').innerText(), 'Deutsch')
  assert.deepEqual(await violations(page), [])

  // The page keeps its language when another one is chosen elsewhere.
  const other = await page.context().newPage()
  await other.goto(`${lab.url}lessons/three-segments?lang=es`)
  assert.equal(await other.locator('h1').innerText(), 'Los tres segmentos')
  await page.locator('#third-segment input').first().check()
  await answered(page, 'third-segment', /TCP prüft keine Identität/)
  await page.locator('#header-length input').fill('40')
  await answered(page, 'header-length', /So lang ist der ganze Header/)
  await page.locator('#lose-the-ack summary').first().click()
  await answered(page, 'lose-the-ack', /ein ACK ist verloren gegangen/)

  // A step in the prose moves the playhead, and the anchors are those of the original.
  await page.locator('a.seek', { hasText: '150 ms' }).first().click()
  await poll(() => page.locator('#sim-handshake').evaluate((sim) => /** @type {any} */ (sim).time), (t) => t === 150_000, 'the playhead')
  assert.equal(await page.locator('#step-by-step').innerText(), 'Schritt für Schritt')
  await page.done()
})
