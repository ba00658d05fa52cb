// The page for authors: write on the left, see on the right, without a script too.
import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { before, describe, test } from 'node:test'
import { fits, poll, sizes, startLab, withLab } from './lab.mjs'

const { lab, chrome } = withLab()

/** @typedef {import('playwright-core').Page} Page */
// The textarea that was there before has the same name.
const editor = (/** @type {Page} */ page) => page.getByRole('textbox', { name: 'Text of the lesson' }).and(page.locator('.cm-content'))
const status = (/** @type {Page} */ page, /** @type {string} */ want) =>
  poll(async () => page.locator('#author-status').textContent(), (s) => s === want, `the status is not ${want}`)
const preview = (/** @type {Page} */ page) => page.frameLocator('.see iframe')
const text = (/** @type {Page} */ page) => page.locator('#author-text').inputValue()

/** Opens the page with the editor ready and its first text checked. @param {Page} page */
async function open(page) {
  await page.goto(lab.url + 'author')
  await editor(page).waitFor()
  await status(page, 'No faults.')
  await preview(page).locator('h1').waitFor()
}

/** Writes at the end of the text. @param {Page} page @param {string} words */
async function write(page, words) {
  await editor(page).click()
  await page.keyboard.press('Control+End')
  await page.keyboard.insertText(words)
}

test('axe finds nothing, and nothing scrolls sideways', async () => {
  const page = await chrome.page()
  await open(page)
  await write(page, '\n[there](nowhere.md)\n')
  await status(page, '1 fault.')
  await fits(page)
  await page.done()
})

describe('writing', () => {
  test('what is written is seen, and the simulators and questions in it work', async () => {
    const page = await chrome.page()
    await open(page)
    await write(page, '\n## A new heading\n')
    await preview(page).getByRole('heading', { name: 'A new heading' }).waitFor()
    await preview(page).locator('tcp-sim .simbody').first().waitFor()
    const question = preview(page).locator('form#what-comes')
    await question.getByRole('radio').first().check()
    await question.getByRole('button', { name: 'Check' }).click()
    await poll(async () => question.locator('.feedback').textContent(), (s) => !!s?.trim(), 'the question is not answered')
    assert.equal(await page.evaluate(() => Object.keys(JSON.parse(localStorage.getItem('lab.progress') ?? '{}')).some((k) => k.startsWith('draft'))), false, 'trying a draft is no progress')
    await page.done()
  })

  test('a fault is shown where it stands, reached by keys, and gone when it is mended', async () => {
    const page = await chrome.page()
    await open(page)
    await write(page, '\n[one](nowhere.md)\n\n[two](elsewhere.md)\n')
    await status(page, '2 faults.')
    assert.equal(await page.locator('.fault').count(), 2)
    assert.equal(await page.locator('.cm-gutterElement.bad').count(), 2)
    assert.match(await page.locator('#author-message').textContent() ?? '', /as it was before/)
    await preview(page).locator('h1').waitFor()
    const selected = () => page.evaluate(() => document.querySelector('.editor')?.shadowRoot?.activeElement?.closest('.cm-editor')?.querySelector('.cm-activeLine')?.textContent)
    await page.keyboard.press('F8')
    assert.equal(await selected(), '[one](nowhere.md)')
    await page.keyboard.press('F8')
    assert.equal(await selected(), '[two](elsewhere.md)')
    await page.keyboard.press('Shift+F8')
    assert.equal(await selected(), '[one](nowhere.md)')
    await page.getByRole('button', { name: 'Next fault' }).click()
    assert.equal(await selected(), '[two](elsewhere.md)')
    await page.locator('#author-faults button.where').first().click()
    assert.equal(await selected(), '[one](nowhere.md)')
    await page.keyboard.press('Control+z')
    await status(page, 'No faults.')
    assert.equal(await page.locator('.fault').count(), 0)
    // The Tab key leaves the editor.
    await editor(page).focus()
    await page.keyboard.press('Tab')
    assert.equal(await page.evaluate(() => document.activeElement?.textContent), 'Check and show')
    await page.done()
  })

  test('every block of the palette is right as it is put in', async () => {
    const page = await chrome.page()
    await open(page)
    const select = page.getByLabel('Insert')
    const values = await select.locator('option').evaluateAll((list) => list.map((o) => /** @type {HTMLOptionElement} */ (o).value))
    const blocks = values.filter((v) => v.startsWith('block ') && v !== 'block capture') // whose file is the author's
    assert.ok(blocks.length >= 10 && values.length > blocks.length + 20, `${values.length} to choose from`)
    for (const value of [...blocks, 'scenario syn-lost']) {
      await editor(page).click()
      await page.keyboard.press('Control+End')
      await select.selectOption(value)
      const had = (await text(page)).length
      await page.getByRole('button', { name: 'Put in' }).click()
      await poll(async () => (await text(page)).length, (n) => n > had, `${value} is not put in`)
    }
    await poll(async () => preview(page).locator('#syn-lost').count(), (n) => n === 1, 'the last one is not seen')
    await status(page, 'No faults.')
    assert.equal(await preview(page).locator('form.quiz').count(), 3 + blocks.length - 1)
    await page.done()
  })

  test('the draft stays in the browser, is downloaded as it stands, and can be begun anew', async () => {
    const page = await chrome.page()
    await open(page)
    await page.getByLabel('File').fill('170-mine.md')
    await write(page, '\nMine.\n')
    await page.reload()
    await editor(page).waitFor()
    assert.match(await text(page), /\nMine\.\n$/)
    await status(page, 'No faults.')
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Download .md' }).click()])
    assert.equal(download.suggestedFilename(), '170-mine.md')
    assert.equal(await readFile(await download.path(), 'utf8'), await text(page))
    await page.getByRole('button', { name: 'Start anew' }).click()
    assert.doesNotMatch(await text(page), /Mine\./)
    await page.getByRole('button', { name: 'Bring my text back' }).click()
    assert.match(await text(page), /\nMine\.\n$/)
    await page.done()
  })

  test('a check that takes long is said, and can be stopped', async () => {
    const page = await chrome.page()
    await open(page)
    await page.route('**/api/draft', () => {}) // never answered
    await write(page, '\nMore.\n')
    await page.getByRole('button', { name: 'Stop the check' }).click()
    assert.equal(await page.locator('#author-status').textContent(), 'The check was stopped.')
    assert.equal(await page.evaluate(() => document.activeElement?.textContent), 'Check and show')
    await page.done()
  })

  test('at 390 px there is one side at a time', async () => {
    const page = await chrome.page({ viewport: sizes.narrow, hasTouch: true })
    await page.goto(lab.url + 'author')
    await editor(page).waitFor()
    assert.equal(await page.locator('.see').isVisible(), false)
    await page.getByRole('radio', { name: 'See' }).check()
    await preview(page).locator('h1').waitFor()
    assert.equal(await editor(page).isVisible(), false)
    await page.done()
  })
})

test('without the editor there is a textarea that does the same', async () => {
  const page = await chrome.page({ allow: /codemirror|ERR_FAILED/ })
  await page.route('**/vendor/codemirror.js', (route) => route.abort())
  await page.goto(lab.url + 'author')
  await page.locator('.marked textarea').waitFor()
  await status(page, 'No faults.')
  await page.locator('#author-text').press('Control+End')
  await page.locator('#author-text').pressSequentially('\n[x](nowhere.md)\n')
  await status(page, '1 fault.')
  await page.keyboard.press('F8')
  assert.equal(await page.evaluate(() => document.activeElement?.id), 'author-text')
  await page.done()
})

test('without JavaScript the button checks and shows', async () => {
  const page = await chrome.page({ javaScriptEnabled: false })
  await page.goto(lab.url + 'author')
  const area = page.locator('#author-text')
  await area.fill(`${await area.inputValue()}\nWithout a script.\n`)
  await page.getByRole('button', { name: 'Check and show' }).click()
  assert.equal(await page.locator('#author-status').textContent(), 'No faults.')
  await preview(page).getByText('Without a script.').waitFor()
  await area.fill(`${await area.inputValue()}\n[x](nowhere.md)\n`)
  await page.getByRole('button', { name: 'Check and show' }).click()
  assert.equal(await page.locator('#author-status').textContent(), '1 fault.')
  assert.match(await page.locator('#author-faults').textContent() ?? '', /nowhere\.md/)
  assert.match(await area.inputValue(), /nowhere\.md\)\n$/)
  await page.done()
})

test('with -dev and a folder a lesson is opened, saved, and not written over a change of somebody else', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'lab-author-'))
  const dev = await startLab({ args: ['-dev', '-lessons', folder] })
  try {
    const page = await chrome.page({ allow: /409/ })
    await page.goto(dev.url + 'author')
    await editor(page).waitFor()
    await status(page, 'No faults.')
    await page.getByLabel('File').fill('10-first.md')
    await page.getByRole('button', { name: 'Save' }).click()
    await poll(async () => page.locator('#author-saved').textContent(), (s) => s === '10-first.md is saved.', 'it is not said to be saved')
    const path = join(folder, '10-first.md')
    assert.equal(await readFile(path, 'utf8'), await text(page))
    await poll(async () => (await fetch(dev.url + 'lessons/first')).status, (s) => s === 200, 'the saved lesson is not served')
    await page.goto(dev.url + 'author?file=10-first.md')
    await editor(page).waitFor()
    await write(page, '\nOne more line.\n')
    await page.getByRole('button', { name: 'Save' }).click()
    await poll(async () => readFile(path, 'utf8'), (s) => s.endsWith('One more line.\n'), 'the change is not saved')
    await writeFile(path, 'Somebody else was here.\n')
    await write(page, '\nAnd another.\n')
    await page.getByRole('button', { name: 'Save' }).click()
    await poll(async () => page.locator('#author-saved').textContent(), (s) => /somebody else/.test(s ?? ''), 'no conflict is told')
    assert.equal(await readFile(path, 'utf8'), 'Somebody else was here.\n')
    await page.done()
  } finally {
    await dev.stop()
    await rm(folder, { recursive: true, force: true })
  }
})
