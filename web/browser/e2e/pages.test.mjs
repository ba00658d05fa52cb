// Every page, at three widths and in two themes: nothing that axe objects to, nothing refused, nothing from elsewhere;
// readable without JavaScript; walkable by keyboard; no sideways scrolling at 320 px.
import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import { fits, settled, sizes, violations, withLab } from './lab.mjs'

const { lab, chrome } = withLab()

const lessons = ['three-segments', 'sequence-numbers', 'lost-segments']
const paths = ['', 'lessons', ...lessons.map((slug) => `lessons/${slug}`), 'sandbox', 'no-such-page']
const not404 = /status of 404/ // the console's line about the page that is meant to be missing

describe('axe finds nothing, and nothing scrolls sideways', () => {
  for (const path of paths) {
    test(`/${path}`, async () => {
      const page = await chrome.page({ allow: not404 })
      await page.goto(lab.url + path)
      await settled(page)
      await fits(page)
      await page.done()
    })
  }
})

test('the course has the three lessons', async () => {
  const page = await chrome.page()
  await page.goto(lab.url + 'lessons')
  const links = await page.locator('.toc a').evaluateAll((all) => all.map((a) => a.getAttribute('href')?.split('/').pop()))
  for (const slug of lessons) assert.ok(links.includes(slug), `${slug} in ${links}`)
  await page.done()
})

describe('without JavaScript', () => {
  for (const path of paths) {
    test(`/${path} reads`, async () => {
      const page = await chrome.page({ javaScriptEnabled: false, allow: not404 })
      await page.goto(lab.url + path)
      assert.equal(await page.locator('h1').count(), 1)
      assert.deepEqual(await page.locator('.needs-js:visible').allTextContents(), [], 'controls that cannot work are not shown')
      if (path.startsWith('lessons/')) {
        const sim = page.locator('tcp-sim').first()
        await sim.locator('svg.ladder:visible').first().waitFor()
        assert.ok((await sim.locator('table tbody tr').count()) >= 3, 'the events are in a table')
        const form = page.locator('form[data-kind]').first()
        assert.match(await form.innerText(), /JavaScript/, 'an exercise says what checking needs')
      }
      if (path === 'sandbox') assert.match(await page.locator('main').innerText(), /lab run/)
      await page.done()
    })
  }
})

test('text spacing of WCAG 1.4.12 cuts nothing off', async () => {
  const page = await chrome.page({ viewport: sizes.narrow, bypassCSP: true })
  await page.goto(lab.url + 'lessons/lost-segments')
  await settled(page)
  await page.addStyleTag({ content: '* { line-height: 1.5 !important; letter-spacing: .12em !important; word-spacing: .16em !important } p { margin-block-end: 2em !important }' })
  const cut = await page.evaluate(() => [...document.querySelectorAll('button, a, .chip, legend, label, h1, h2, h3')]
    .filter((e) => !e.closest('svg, .vh, .skip-link') && !e.classList.contains('vh') && e.clientWidth > 0 && getComputedStyle(e).overflowX === 'hidden' && e.scrollWidth > e.clientWidth + 1)
    .map((e) => e.textContent))
  assert.deepEqual(cut, [])
  await page.done()
})

describe('keyboard', () => {
  test('skip links lead to the lesson and to the simulator', async () => {
    const page = await chrome.page()
    await page.goto(lab.url + 'lessons/lost-segments')
    await settled(page)
    for (const [presses, target] of /** @type {const} */ ([[1, 'main'], [2, 'tcp-sim']])) {
      await page.evaluate(() => { /** @type {HTMLElement} */ (document.activeElement)?.blur(); scrollTo(0, 0) })
      await page.goto(lab.url + 'lessons/lost-segments')
      await settled(page)
      for (let i = 0; i < presses; i++) await page.keyboard.press('Tab')
      const link = page.locator('.skip-link:focus')
      assert.ok((await link.boundingBox())?.y ?? -1 >= 0, 'a focused skip link is on the screen')
      await page.keyboard.press('Enter')
      assert.ok(await page.evaluate((t) => document.activeElement?.matches(t), target), `skip link ${presses} lands on ${target}`)
    }
    await page.done()
  })

  test('Tab goes through the whole page, sees every stop, and comes out at the end', async () => {
    const page = await chrome.page()
    await page.goto(lab.url + 'lessons/lost-segments')
    await settled(page)
    const stops = []
    for (let i = 0; i < 150; i++) {
      await page.keyboard.press('Tab')
      const stop = await page.evaluate(() => {
        const e = document.activeElement
        if (!e || e === document.body) return null
        const r = e.getBoundingClientRect()
        const style = getComputedStyle(e)
        return { name: `${e.tagName}.${e.getAttribute('class') ?? ''} ${(e.textContent ?? '').trim().slice(0, 30)}`, onScreen: r.bottom > 0 && r.top < innerHeight, size: r.width * r.height, ring: style.outlineStyle !== 'none' || e.matches('.seek, .scrub input, tcp-timeline *, tcp-ladder *, svg *') }
      })
      if (!stop) break
      stops.push(stop)
    }
    assert.ok(stops.length > 10 && stops.length < 150, `${stops.length} stops`)
    assert.deepEqual(stops.filter((s) => !s.onScreen || !s.ring), [], 'every stop is on the screen and has a ring')
    await page.done()
  })

  test('the keys are explained in a dialog, and focus comes back', async () => {
    const page = await chrome.page()
    await page.goto(lab.url)
    await settled(page)
    const button = page.getByRole('button', { name: 'Keyboard shortcuts' })
    await button.focus()
    await page.keyboard.press('Enter')
    const dialog = page.getByRole('dialog')
    await dialog.waitFor()
    assert.deepEqual(await violations(page), [])
    await page.keyboard.press('Escape')
    await dialog.waitFor({ state: 'hidden' })
    assert.ok(await button.evaluate((b) => b === document.activeElement))
    await page.done()
  })
})

describe('themes', () => {
  test('one is chosen by keyboard, and stays', async () => {
    const page = await chrome.page({ colorScheme: 'light' })
    await page.goto(lab.url + 'lessons')
    const paper = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor)
    const light = await paper()
    await page.getByRole('button', { name: 'Theme' }).focus()
    await page.keyboard.press('Enter')
    await page.locator('input[value="auto"]:focus').waitFor({ state: 'attached' })
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('ArrowDown')
    assert.equal(await page.locator('html').getAttribute('data-theme'), 'dark')
    const dark = await paper()
    assert.notEqual(dark, light)
    await page.keyboard.press('Escape')
    await page.getByRole('radio', { name: 'Dark' }).waitFor({ state: 'hidden' })
    await page.reload()
    assert.equal(await paper(), dark)
    await page.done()
  })

  test('it is set before the first paint', async () => {
    const page = await chrome.page({ fresh: true })
    await page.addInitScript(() => localStorage.setItem('lab.theme', 'dark'))
    await page.goto(lab.url)
    // theme.js stands in the head and is neither deferred nor a module: the body does not exist before it has run.
    const script = page.locator('head script').first()
    assert.match((await script.getAttribute('src')) ?? '', /js\/theme\.js$/)
    assert.equal(await script.evaluate((s) => /** @type {HTMLScriptElement} */ (s).defer || /** @type {HTMLScriptElement} */ (s).async || /** @type {HTMLScriptElement} */ (s).type), '')
    assert.equal(await page.locator('html').getAttribute('data-theme'), 'dark')
    await page.done()
  })

  test('the projector theme has larger type and no violations', async () => {
    const page = await chrome.page()
    await page.goto(lab.url + 'lessons/lost-segments?theme=projector')
    await settled(page)
    assert.equal(await page.evaluate(() => getComputedStyle(document.documentElement).fontSize), '19px')
    assert.deepEqual(await violations(page), [])
    await page.done()
  })

  test('forced colours keep chips, steps and progress visible', async () => {
    const page = await chrome.page({ forcedColors: 'active' })
    await page.goto(lab.url + 'lessons/lost-segments')
    await settled(page)
    assert.notEqual(await page.locator('.lesson .chip').first().evaluate((e) => getComputedStyle(e).borderStyle), 'none')
    assert.notEqual(await page.locator('.progress [aria-current]').evaluate((e) => getComputedStyle(e).outlineStyle), 'none')
    await page.done()
  })
})

test('a page that runs right to left mirrors, its diagrams and numbers do not', async () => {
  const page = await chrome.page()
  await page.goto(lab.url + 'lessons/lost-segments')
  await settled(page)
  await page.evaluate(() => { document.documentElement.dir = 'rtl' })
  const lefts = await page.evaluate(() => ({
    brand: document.querySelector('.brand')?.getBoundingClientRect().left ?? 0,
    sim: document.querySelector('tcp-sim')?.getBoundingClientRect().left ?? 0,
    prose: document.querySelector('.pa')?.getBoundingClientRect().left ?? 0,
    ladder: getComputedStyle(/** @type {Element} */ (document.querySelector('.ladder'))).direction,
    code: getComputedStyle(/** @type {Element} */ (document.querySelector('.lesson code'))).direction,
    wider: document.documentElement.scrollWidth - document.documentElement.clientWidth,
  }))
  assert.ok(lefts.brand > 700, 'the mark stands on the right')
  assert.ok(lefts.prose > lefts.sim, 'prose stands to the right of the simulator')
  assert.deepEqual({ ladder: lefts.ladder, code: lefts.code, wider: lefts.wider }, { ladder: 'ltr', code: 'ltr', wider: 0 })
  await page.done()
})

test('what is below a simulator keeps its place while that comes to life: a press on it does not miss', async () => {
  const page = await chrome.page({ viewport: sizes.narrow })
  await page.goto(lab.url + 'lessons/dead-peers')
  const heights = await page.evaluate(async () => {
    const sim = /** @type {HTMLElement & { wake(): Promise<void>, whole: boolean }} */ (document.querySelector('#sim-full'))
    /** @type {number[]} */
    const seen = [sim.offsetHeight]
    const watch = new ResizeObserver(() => seen.push(sim.offsetHeight))
    watch.observe(sim)
    document.querySelector('#window-probe')?.scrollIntoView({ behavior: 'instant' })
    await customElements.whenDefined('tcp-sim')
    void sim.wake()
    while (!sim.whole) await new Promise((drawn) => requestAnimationFrame(drawn))
    await new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))
    return [...seen, sim.offsetHeight]
  })
  assert.ok(Math.min(...heights) >= Math.min(heights[0] ?? 0, heights.at(-1) ?? 0), `it shrank in between: ${heights}`)
  await page.done()
})

test('a simulator stays in sight beside its prose, both ways', async () => {
  const page = await chrome.page()
  await page.goto(lab.url + 'lessons/lost-segments')
  await settled(page)
  const edges = () => page.evaluate(() => {
    const box = /** @type {Element} */ (document.querySelector('.simbox > *')).getBoundingClientRect()
    return { top: Math.round(box.top), below: Math.round(innerHeight - box.bottom), more: Math.round(box.height - innerHeight) }
  })
  /** @param {number} by */
  const scroll = async (by) => {
    const from = await page.evaluate(() => scrollY)
    await page.evaluate((d) => scrollBy({ top: d, behavior: 'instant' }), by)
    await page.waitForFunction((y) => scrollY !== y, from)
    await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))))
  }
  const { more, top } = await edges()
  assert.ok(more > 0, 'this one is taller than the window')
  await scroll(100)
  await scroll(top + more + 500)
  assert.equal((await edges()).below, 16, 'on the way down it rests on its lower end')
  await scroll(-100)
  assert.equal((await edges()).below, 16 - 100 + 100, 'when the direction changes it does not jump')
  await scroll(-100)
  assert.equal((await edges()).below, 16 - 100, 'then it moves with the page')
  await scroll(-more - 100)
  assert.equal((await edges()).top, 16, 'and rests on its upper end')
  const [at, then] = await page.evaluate(async () => {
    const sim = /** @type {Element} */ (document.querySelector('.simbox > *')), below = () => Math.round(sim.getBoundingClientRect().bottom)
    scrollBy({ top: 2500, behavior: 'instant' })
    const at = below()
    await new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))
    return [at, below()]
  })
  assert.equal(then, at, 'however far one scrolls at once, it does not move afterwards: a press on it would miss')
  await page.done()
})

test('nothing moves while the page loads', async () => {
  const page = await chrome.page({ fresh: true })
  await page.addInitScript(() => {
    Object.assign(globalThis, { shift: 0 })
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) if (!(/** @type {any} */ (entry).hadRecentInput)) /** @type {any} */ (globalThis).shift += /** @type {any} */ (entry).value
    }).observe({ type: 'layout-shift', buffered: true })
  })
  await page.goto(lab.url + 'lessons/lost-segments')
  await settled(page)
  const shift = await page.evaluate(() => /** @type {any} */ (globalThis).shift)
  assert.ok(shift <= 0.02, `cumulative layout shift ${shift}`)
  await page.done()
})

test('on paper there are no controls', async () => {
  const page = await chrome.page()
  await page.goto(lab.url + 'lessons/lost-segments')
  await settled(page)
  await page.emulateMedia({ media: 'print' })
  // An entry of the log is a button too, and is there to be read.
  assert.deepEqual(await page.locator(':not(tcp-log *) > button:visible').allInnerTexts(), [])
  assert.ok(await page.locator('.ladder').first().isVisible())
  await page.done()
})
