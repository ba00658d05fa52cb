// What stands beside the course: glossary, rules, questions, search, the path through the lessons, pages as markdown.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { fits, poll, settled, sound, withLab } from './lab.mjs'

const { lab, chrome } = withLab()

const paths = ['glossary', 'glossary/time-wait', 'glossary/listen', 'rules', 'rules/9293:3.10.7.4/1', 'interview', 'interview/working', 'search?q=syn+cookie', 'search', 'lessons']

describe('axe finds nothing, and nothing scrolls sideways', () => {
  for (const path of paths) {
    test(`/${path}`, async () => {
      const page = await chrome.page()
      await page.goto(lab.url + path)
      await settled(page)
      await fits(page)
      await page.done()
    })
  }
})

describe('without JavaScript', () => {
  test('the glossary shows one kind at a time, and each card has its page', async () => {
    const page = await chrome.page({ javaScriptEnabled: false })
    await page.goto(lab.url + 'glossary')
    const all = await page.locator('.cards > li:visible').count()
    assert.ok(all >= 60, `${all} cards`)
    await page.getByRole('radio', { name: 'States' }).check()
    assert.equal(await page.locator('.cards > li:visible').count(), 11, 'TCP has eleven states')
    await page.getByRole('link', { name: 'TIME-WAIT', exact: true }).click()
    assert.equal(await page.locator('h1').textContent().then((s) => s?.trim()), 'TIME-WAIT')
    await page.getByRole('link', { name: 'MSL', exact: true }).click()
    assert.equal(new URL(page.url()).pathname, '/glossary/msl')
    await page.done()
  })

  test('the search finds, marks and leads to the nearest heading', async () => {
    const page = await chrome.page({ javaScriptEnabled: false })
    await page.goto(lab.url)
    await page.getByRole('link', { name: 'Search' }).click()
    await page.getByRole('searchbox').fill('retransmission timer doubles')
    await page.getByRole('button', { name: 'Search' }).click()
    assert.ok((await page.locator('.results mark').count()) > 0)
    const place = page.locator('.results a.heading').first()
    const heading = (await place.textContent()) ?? ''
    await place.click()
    const anchor = decodeURIComponent(new URL(page.url()).hash.slice(1))
    assert.equal((await page.locator(`[id="${anchor}"]`).textContent())?.trim(), heading.trim())
    await page.done()
  })

  test('a question has its answer folded away', async () => {
    const page = await chrome.page({ javaScriptEnabled: false })
    await page.goto(lab.url + 'interview')
    await page.getByRole('link', { name: 'Why three segments and not two?' }).click()
    const answer = page.locator('details.answer').first()
    assert.equal(await answer.locator('p').first().isVisible(), false)
    await answer.locator('summary').click()
    assert.equal(await answer.locator('p').first().isVisible(), true)
    await page.done()
  })
})

test('every page has itself as markdown, by a link in its foot', async () => {
  const page = await chrome.page()
  for (const path of ['lessons', 'lessons/lost-segments', 'glossary', 'glossary/isn', 'interview', 'interview/beginner', 'rules', 'rules/6298:5.5']) {
    await page.goto(lab.url + path)
    const href = await page.getByRole('contentinfo').getByRole('link', { name: 'markdown' }).getAttribute('href')
    assert.equal(href, await page.locator('link[rel="alternate"][type="text/markdown"]').getAttribute('href'))
    const answer = await page.request.get(new URL(href ?? '', lab.url).href)
    assert.equal(answer.headers()['content-type'], 'text/markdown; charset=utf-8')
    assert.match(await answer.text(), /^# /)
  }
  await page.done()
})

test('the search by keyboard, from any page', async () => {
  const page = await chrome.page()
  await page.goto(lab.url + 'lessons/lost-segments')
  await settled(page)
  const first = page.locator('header.top a').first()
  await first.focus()
  await page.keyboard.press('/')
  const dialog = page.getByRole('dialog', { name: 'Search' })
  await dialog.waitFor()
  await page.keyboard.type('SYN_RCVD')
  const hit = dialog.locator('.results a').first()
  await hit.waitFor()
  assert.equal(await hit.textContent(), 'SYN-RECEIVED')
  await sound(page)
  assert.match((await dialog.locator('[role="status"]').textContent()) ?? '', /SYN_RCVD/, 'the number of results is told')
  await page.keyboard.press('ArrowDown')
  assert.equal(await page.evaluate(() => document.activeElement?.textContent), 'SYN-RECEIVED')
  await page.keyboard.press('ArrowUp')
  assert.equal(await page.evaluate(() => document.activeElement?.tagName), 'INPUT')
  await page.keyboard.press('Escape')
  assert.equal(await dialog.isVisible(), false)
  assert.ok(await first.evaluate((el) => el === document.activeElement), 'the focus is back')

  // A second time, with the words that are there, and on to the page of the result.
  await page.keyboard.press('/')
  await dialog.waitFor()
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('Enter')
  await page.waitForURL('**/glossary/syn-received')
  await page.done()
})

test('results come while one types, and the address keeps the words', async () => {
  const page = await chrome.page()
  await page.goto(lab.url + 'search')
  await page.getByRole('searchbox').fill('econnref')
  await page.locator('.results').getByRole('link', { name: 'ECONNREFUSED' }).waitFor()
  assert.equal(new URL(page.url()).search, '?q=econnref')
  await page.done()
})

test('in a text field / is a letter, and it can be switched off', async () => {
  const page = await chrome.page()
  await page.goto(lab.url + 'search')
  await page.getByRole('searchbox').focus()
  await page.keyboard.type('a/b')
  assert.equal(await page.getByRole('searchbox').inputValue(), 'a/b')
  await page.goto(lab.url + 'glossary')
  await page.evaluate(() => localStorage.setItem('lab.letters', 'off'))
  await page.keyboard.press('/')
  await page.locator('h1').click()
  assert.equal(await page.locator('dialog:visible').count(), 0)
  await page.done()
})

test('the path goes on where the reader was', async () => {
  const page = await chrome.page()
  await page.goto(lab.url + 'lessons')
  assert.equal(await page.locator('[data-continue]').textContent(), 'Start with lesson 1')
  for (const level of ['Beginner', 'Working', 'Expert']) await page.getByRole('heading', { name: level, exact: true }).waitFor()
  await page.goto(lab.url + 'lessons/sequence-numbers')
  await poll(() => page.evaluate(() => localStorage.getItem('lab.progress') ?? ''), (s) => s.includes('sequence-numbers'), 'the lesson is noted')
  await page.goto(lab.url + 'lessons')
  const link = page.getByRole('link', { name: 'Continue: Sequence numbers' })
  await link.click()
  assert.equal(new URL(page.url()).pathname, '/lessons/sequence-numbers')

  // What is done is passed over.
  await page.goto(lab.url + 'glossary')
  await page.evaluate(() => localStorage.setItem('lab.progress', JSON.stringify({ 'sequence-numbers': { solved: ['a'], of: 1 } })))
  await page.goto(lab.url)
  await page.getByRole('link', { name: 'Continue: The state machine' }).waitFor()
  await page.done()
})

test('the run of a card and of a question are live, and a question is checked', async () => {
  const page = await chrome.page()
  await page.goto(lab.url + 'glossary/isn')
  await page.locator('tcp-sim .controls, tcp-sim [role="toolbar"]').first().waitFor()
  await page.goto(lab.url + 'interview/beginner')
  const form = page.locator('#answer')
  await form.getByText('1001', { exact: false }).first().click()
  await form.getByRole('button', { name: 'Check' }).click()
  await form.locator('.feedback b').waitFor()
  assert.ok(await form.evaluate((el) => el.classList.contains('solved')))
  await page.done()
})
