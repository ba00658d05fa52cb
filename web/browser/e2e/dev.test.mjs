// The workshop: an open page follows its lesson, with the reader where they were.
import assert from 'node:assert/strict'
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { poll, startBrowser, startLab } from './lab.mjs'

/** @type {Awaited<ReturnType<typeof startLab>>} */
let lab
/** @type {Awaited<ReturnType<typeof startBrowser>>} */
let chrome
/** @type {string} */
let folder
/** @type {string} */
let file

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lab-dev-'))
  file = join(folder, '10-template.md')
  await copyFile(new URL('../../../lessons/template.md', import.meta.url), file)
  const text = await readFile(file, 'utf8')
  await writeFile(file, text.replaceAll('TITLE', 'A lesson').replace('ORDER', '10'))
  lab = await startLab({ args: ['-dev', '-lessons', folder] })
  chrome = await startBrowser()
})
after(async () => {
  await chrome?.close()
  await lab?.stop()
  await rm(folder, { recursive: true, force: true })
})

test('a changed lesson is shown at once, with scroll, time and answers kept; a broken one shows where it is broken', async () => {
  const page = await chrome.page()
  await page.goto(lab.url + 'lessons/template')
  await page.locator('tcp-sim .simbody').first().waitFor()
  const sim = page.locator('#sim-run')
  await sim.evaluate((/** @type {any} */ s) => { s.time = 75_000 })
  // A wrong answer that was checked, and the right one to a question about a run.
  const quiz = page.locator('#who-waits'), prediction = page.locator('#what-comes')
  await quiz.locator('input').nth(1).check()
  await quiz.getByRole('button', { name: 'Check' }).click()
  await quiz.getByText('It has to wait for the').waitFor()
  await prediction.locator('input[value="SYN-ACK"]').check()
  await prediction.getByRole('button', { name: 'Check' }).click()
  await prediction.getByText('Say why it is right.').waitFor()
  // A challenge that was met.
  const challenge = page.locator('form[data-kind=challenge]')
  await sim.evaluate((/** @type {any} */ s) => s.do('drop SYN-ACK').then(() => s.do('step until quiet')))
  await challenge.getByRole('button', { name: 'Check my run' }).click()
  await challenge.getByText('Every goal is reached').waitFor()
  const done = await sim.evaluate((/** @type {any} */ s) => ({ branches: s.store.branches.value.length, commands: s.commands }))
  await sim.evaluate((/** @type {any} */ s) => { s.time = 75_000 })
  await quiz.evaluate((form) => form.scrollIntoView({ block: 'start', behavior: 'instant' }))
  const top = await page.evaluate(() => scrollY)
  assert.ok(top > 100, 'there is nothing to scroll')
  const text = await readFile(file, 'utf8')

  // Another question before them, and another answer to the first.
  const question = '\n```quiz {#new-one}\nA new question?\n\n- [x] Yes.\n- [ ] No.\n  > It is.\n```\n'
  const changed = text.replace('\n## Step by step', `${question}\n## Step by step`).replace('Say why it is right.', 'It is right, and it is new.')
  await writeFile(file, changed + '\nA sentence that is new.\n')
  await page.getByText('A sentence that is new.').waitFor()
  await poll(() => page.locator('#sim-run').evaluate((/** @type {any} */ s) => s.time), (t) => t === 75_000, 'the playhead is elsewhere')
  await poll(() => quiz.locator('input').nth(1).isChecked(), (is) => is, 'the answer is gone')
  await quiz.getByText('It has to wait for the').waitFor()
  await prediction.getByText('It is right, and it is new.').waitFor()
  assert.ok(await prediction.locator('input[value="SYN-ACK"]').isChecked(), 'the prediction is gone')
  assert.equal(await page.locator('#new-one input:checked').count(), 0, 'a question that is new has an answer')
  await challenge.getByText('Every goal is reached').waitFor()
  assert.deepEqual(await sim.evaluate((/** @type {any} */ s) => ({ branches: s.store.branches.value.length, commands: s.commands })), done, 'another run was graded')
  await poll(() => page.evaluate(() => scrollY), (y) => Math.abs(y - top) < 50, 'the page is scrolled elsewhere')

  await writeFile(file, text.replace('client connect', 'client conect'))
  const faults = page.locator('#dev-faults')
  await faults.waitFor()
  const said = await faults.innerText()
  assert.match(said, /10-template\.md:\d+:8: error unknown-call/)
  assert.match(said, /client conect\n +\^{6} did you mean connect\?/)
  assert.equal(await page.getByText('A sentence that is new.').count(), 1, 'the last good version is gone')

  await writeFile(file, text)
  await faults.waitFor({ state: 'detached' })
  await page.getByText('A sentence that is new.').waitFor({ state: 'detached' })
  await page.done()
})
