// What the accessibility checklist of the lab's design asks for and no other file tests: languages and directions, themes, targets,
// focus that is seen, zoom, narrow screens, and that the page stays quick. Numbers are those of the checklist.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { startBrowser, settled, sizes, startLab, violations } from './lab.mjs'

/** @type {Awaited<ReturnType<typeof startLab>>} */
let lab
/** @type {Awaited<ReturnType<typeof startBrowser>>} */
let chrome

before(async () => {
  lab = await startLab({ args: ['-pseudo-locales'] })
  chrome = await startBrowser()
})
after(async () => {
  await chrome?.close()
  await lab?.stop()
})

const lesson = 'lessons/lost-syn-ack'

/** What sticks out of the page, and text that is cut off. @param {import('playwright-core').Page} page */
const cut = (page) => page.evaluate(() => {
  const root = document.documentElement
  const name = (/** @type {Element} */ e) => `${e.tagName}.${e.getAttribute('class') ?? ''} “${(e.textContent ?? '').trim().slice(0, 30)}”`
  const wide = root.scrollWidth > root.clientWidth + 1
    ? [...document.querySelectorAll('body *')].filter((e) => {
      const r = e.getBoundingClientRect()
      return r.width && (r.right > root.clientWidth + 1 || r.left < -1) && !e.closest('svg *, pre, .vh, .skip-link, .tablebox, .ladderbox')
    }).map((e) => `sticks out: ${name(e)}`).slice(0, 5)
    : []
  const clipped = [...document.querySelectorAll('button, a, label, legend, h1, h2, h3, th, .chip, summary')].filter((e) => {
    const s = getComputedStyle(e)
    return e.clientWidth > 1 && !e.closest('svg, .vh, .skip-link, .hdr') && !e.classList.contains('vh') && s.overflowX !== 'visible' && s.textOverflow !== 'ellipsis' && e.scrollWidth > e.clientWidth + 1
  }).map((e) => `cut off: ${name(e)}`)
  return [...wide, ...clipped]
})

/** @param {import('playwright-core').Page} page @param {string} path */
async function open(page, path) {
  await page.goto(lab.url + path)
  await settled(page)
}

describe('languages', () => {
  for (const [lang, play, log] of /** @type {const} */ ([['de', 'Abspielen', 'hat SYN'], ['es', 'Reproducir', 'envió SYN']])) {
    test(`${lang}: a lesson is stepped through, and reads, without English from the catalogue (42)`, async () => {
      const page = await chrome.page({ viewport: sizes.narrow })
      await open(page, `${lesson}?lang=${lang}`)
      assert.equal(await page.locator('html').getAttribute('lang'), lang)
      const sim = page.locator('tcp-sim').first()
      await sim.getByRole('button', { name: play, exact: true }).waitFor()
      await sim.locator('.transport .next').click()
      await sim.locator('tcp-log li', { hasText: log }).first().waitFor()
      // The lesson itself is English, and says so.
      assert.equal(await page.locator('h1').getAttribute('lang'), 'en')
      assert.deepEqual(await cut(page), [])
      assert.deepEqual(await violations(page), [])
      // It stays when the reader goes on.
      await open(page, 'lessons')
      assert.equal(await page.locator('html').getAttribute('lang'), lang)
      await page.done()
    })
  }

  test('the browser’s language is taken, a link in the footer changes it by keyboard', async () => {
    const page = await chrome.page({ locale: 'de-AT' })
    await open(page, lesson)
    assert.equal(await page.locator('html').getAttribute('lang'), 'de')
    await page.getByRole('link', { name: 'Español' }).focus()
    await page.keyboard.press('Enter')
    await page.waitForURL(/lang=es/)
    assert.equal(await page.locator('html').getAttribute('lang'), 'es')
    assert.equal(await page.locator('.languages [aria-current]').innerText(), 'Español')
    await page.done()
  })

  test('texts that are four tenths longer have room on a phone (41)', async () => {
    const page = await chrome.page({ viewport: sizes.narrow, allow: /404/ })
    for (const path of ['', 'lessons', lesson, 'sandbox', 'nope']) {
      await open(page, `${path}?lang=en-XA`)
      assert.deepEqual(await cut(page), [], `/${path}`)
    }
    await page.done()
  })

  test('nothing in the simulator is said that is in no catalogue (41)', async () => {
    const page = await chrome.page()
    await open(page, `${lesson}?lang=en-XA`)
    // What the pseudo-locale wrote has accents and ends in tildes; names of the wire, numbers and the lesson's own words have not.
    const plain = await page.evaluate(() => [...document.querySelectorAll('tcp-sim button, tcp-sim h3, tcp-sim label, tcp-sim th, header.top :is(a, button, legend, label), footer p, .pager span')]
      .filter((e) => !e.closest('[lang="en"], code, kbd, .brand, .hdr .flags, .vars tbody, .fsm, .examples code, tcp-log, tcp-ladder, .live, h2') && e.children.length === 0)
      .map((e) => (e.textContent ?? '').trim()).filter((s) => /[a-z]{4}/i.test(s) && !/[áëîöüÅÉÎØÛñçÿ~]/.test(s)))
    assert.deepEqual(plain, [])
    await page.done()
  })

  test('from right to left: the page mirrors, diagrams, numbers and code do not (40)', async () => {
    const page = await chrome.page()
    await open(page, `${lesson}?lang=ar-XB`)
    assert.equal(await page.locator('html').getAttribute('dir'), 'rtl')
    const seen = await page.evaluate(() => ({
      brand: (document.querySelector('.brand')?.getBoundingClientRect().left ?? 0) > innerWidth / 2,
      ltr: ['.ladder', '.fsm', '.hdr', 'code', '.hosts'].map((s) => { const e = document.querySelector(s); return e ? getComputedStyle(e).direction : `no ${s}` }),
      client: (document.querySelector('.host.cli')?.getBoundingClientRect().left ?? 0) < (document.querySelector('.host.srv')?.getBoundingClientRect().left ?? 0),
    }))
    assert.deepEqual(seen, { brand: true, ltr: ['ltr', 'ltr', 'ltr', 'ltr', 'ltr'], client: true })
    assert.deepEqual(await cut(page), [])
    assert.deepEqual(await violations(page), [])
    await page.setViewportSize(sizes.narrow)
    assert.deepEqual(await cut(page), [])
    await page.done()
  })
})

describe('sizes and colours', () => {
  test('200 % text at 1440 and at 320 px cuts nothing off (34)', async () => {
    const page = await chrome.page({ viewport: { width: 1440, height: 900 }, bypassCSP: true, allow: /404/ })
    for (const path of [lesson, 'sandbox', '']) {
      for (const width of [1440, 640]) {
        await page.setViewportSize({ width, height: 900 })
        await open(page, path)
        await page.addStyleTag({ content: ':root { font-size: 200% !important }' })
        assert.deepEqual(await cut(page), [], `/${path} at ${width} px`)
      }
    }
    await page.done()
  })

  for (const theme of /** @type {const} */ (['light', 'dark', 'projector'])) {
    test(`${theme}: no violation on any page, wide and narrow (36)`, async () => {
      const page = await chrome.page({ allow: /404/ })
      for (const size of [sizes.wide, sizes.narrow]) {
        await page.setViewportSize(size)
        for (const path of [lesson, 'sandbox']) {
          await open(page, `${path}?theme=${theme}`)
          assert.deepEqual(await violations(page), [], `/${path} at ${size.width} px`)
          assert.deepEqual(await cut(page), [], `/${path} at ${size.width} px`)
        }
      }
      assert.match(await page.evaluate(() => getComputedStyle(document.documentElement).colorScheme), theme === 'dark' ? /dark/ : /light/)
      await page.done()
    })
  }

  test('targets are 24 px, and 44 px for a thumb (38)', async () => {
    for (const [options, least, which] of /** @type {const} */ ([[{ viewport: sizes.wide }, 24, 'button, select, summary, [role=tab]'], [{ viewport: sizes.narrow, hasTouch: true, isMobile: true }, 44, '.transport button, .pacts button, .tabs button, form.quiz button']])) {
      const page = await chrome.page(options)
      await open(page, lesson)
      const small = await page.evaluate(([selector, px]) => [...document.querySelectorAll(`tcp-sim :is(${selector}), form:is(${selector})`)].filter((e) => {
        const r = e.getBoundingClientRect()
        return r.width > 0 && !e.closest('.vh, .simnote') && (r.width < Number(px) - 0.5 || r.height < Number(px) - 0.5)
      }).map((e) => `${(e.textContent ?? '').trim() || e.getAttribute('aria-label')} ${Math.round(e.getBoundingClientRect().width)} x ${Math.round(e.getBoundingClientRect().height)}`), /** @type {const} */ ([which, least]))
      assert.deepEqual(small, [])
      await page.done()
    }
  })

  test('what has the focus is not covered by what stays in place (17)', async () => {
    const page = await chrome.page({ viewport: sizes.narrow })
    await open(page, lesson)
    /** @type {string[]} */
    const covered = []
    for (let i = 0; i < 150; i++) {
      await page.keyboard.press('Tab')
      const stop = await page.evaluate(() => {
        const e = document.activeElement
        if (!e || e === document.body) return null
        const r = e.getBoundingClientRect()
        const bars = [...document.querySelectorAll('.transport, header.top')].filter((b) => !b.contains(e) && ['sticky', 'fixed'].includes(getComputedStyle(b).position))
        // Some of it must be free: the criterion is that it is not entirely hidden.
        const hidden = bars.some((b) => { const q = b.getBoundingClientRect(); return r.top >= q.top - 1 && r.bottom <= q.bottom + 1 && r.left < q.right && r.right > q.left })
        return { name: `${e.tagName}.${e.className} ${(e.textContent ?? '').trim().slice(0, 20)}`, hidden }
      })
      if (!stop) break
      if (stop.hidden) covered.push(stop.name)
    }
    assert.deepEqual(covered, [])
    await page.done()
  })

  test('forced colours: the playhead, chips and chosen things keep their edges (35)', async () => {
    const page = await chrome.page({ forcedColors: 'active' })
    await open(page, lesson)
    await page.locator('tcp-sim .transport .next').first().click()
    const bare = await page.evaluate(() => ['.transport button', '.hdr .flags .on', '.rules li'].filter((s) => {
      const e = document.querySelector(`tcp-sim ${s}`)
      if (!e) return true
      const c = getComputedStyle(e)
      return c.borderStyle === 'none' && c.outlineStyle === 'none' && c.backgroundColor === getComputedStyle(document.body).backgroundColor
    }))
    assert.deepEqual(bare, [])
    assert.deepEqual(await violations(page), [])
    await page.done()
  })

  test('with reduced motion playing jumps from event to event, and nothing is animated (32, 33)', async () => {
    const page = await chrome.page({ reducedMotion: 'reduce' })
    await open(page, lesson)
    const sim = page.locator('tcp-sim').first()
    const time = () => sim.evaluate((s) => /** @type {any} */ (s).time)
    const start = await time()
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))))
    assert.equal(await time(), start, 'nothing moves before the learner starts it')
    await sim.evaluate((s) => {
      Object.assign(globalThis, { times: new Set() })
      s.addEventListener('input', () => /** @type {any} */ (globalThis).times.add(/** @type {any} */ (s).time))
    })
    await sim.locator('.transport .play').click()
    await page.waitForFunction(() => /** @type {any} */ (globalThis).times.size >= 2)
    assert.equal(await page.evaluate(() => document.getAnimations().length), 0)
    await sim.locator('.transport .play').click()
    const at = await page.evaluate(() => [.../** @type {any} */ (globalThis).times])
    const moments = await sim.evaluate((s) => /** @type {any} */ (s).store.index.value.times)
    assert.deepEqual(at.filter((t) => !moments.includes(t)), [], 'only instants at which something happens')
    await page.done()
  })
})

describe('quick', () => {
  // 60 segments on the wire at once.
  const crowded = ['client 192.0.2.10:52431 isn 1000', 'server 198.51.100.20:80 isn 5000', 'delay 500ms', ...Array.from({ length: 60 }, (_, i) => `forge to server ACK seq=${2000 + i} ack=7000\nwait 2ms`), 'step until quiet'].join('\n')

  test('60 segments in flight are stepped through and scrubbed; frames and tasks longer than 50 ms are reported', async (t) => {
    const page = await chrome.page()
    await open(page, 'sandbox')
    await page.locator('#scenario').fill(crowded)
    await page.getByRole('button', { name: 'Run this scenario' }).click()
    const sim = page.locator('tcp-sim')
    await page.waitForFunction(() => /** @type {any} */ (document.querySelector('tcp-sim')).store.index.value.steps.length >= 60)
    await sim.evaluate((s) => { /** @type {any} */ (s).time = 125_000 })
    await page.waitForFunction(() => /** @type {any} */ (document.querySelector('tcp-sim')).store.model.value.flying.length === 60)
    // What the drawing of the new run took is over when a quiet frame has passed.
    await page.evaluate(() => new Promise((done) => setTimeout(done, 300)))
    const { long, frames } = await page.evaluate(async () => {
      /** @type {number[]} */
      const long = [], frames = []
      const observer = new PerformanceObserver((list) => { for (const e of list.getEntries()) long.push(Math.round(e.duration)) })
      observer.observe({ type: 'longtask' })
      const sim = /** @type {any} */ (document.querySelector('tcp-sim'))
      const frame = () => new Promise((done) => requestAnimationFrame(done))
      for (let i = 0; i < 60; i++) {
        sim.scrub({ t: 125_000 + i * 5_000 })
        const from = performance.now()
        await frame()
        frames.push(performance.now() - from)
      }
      for (let i = 0; i < 20; i++) {
        await sim.next()
        await frame()
      }
      await new Promise((done) => setTimeout(done, 100)) // the observer is told a little later
      observer.disconnect()
      return { long, frames }
    })
    frames.sort((a, b) => a - b)
    t.diagnostic(`frames while scrubbing: median ${frames[30]?.toFixed(1)} ms, 95 % ${frames[57]?.toFixed(1)} ms; long tasks: ${long.join(', ') || 'none'}`)
    // On a machine that does other things too, every task is long: E2E_QUIET says that it does nothing else.
    if (process.env.E2E_QUIET) assert.deepEqual(long, [])
    await page.done()
  })
})

test('a lesson’s page weighs what it may, whatever it fetches by itself', async (t) => {
  const limits = { html: 20 << 10, css: 12 << 10, js: 60 << 10, woff2: 52 << 10 }
  for (const path of ['lessons/three-segments', 'lessons/sequence-numbers', lesson]) {
    const page = await chrome.page()
    await page.goto(lab.url + path, { waitUntil: 'networkidle' })
    await settled(page)
    const weight = await page.evaluate(() => {
      /** @type {Record<string, number>} */
      const sum = {}
      for (const e of /** @type {PerformanceResourceTiming[]} */ ([...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')])) {
        const kind = e.entryType === 'navigation' ? 'html' : new URL(e.name).pathname.split('.').pop() ?? ''
        sum[kind] = (sum[kind] ?? 0) + e.encodedBodySize
      }
      return sum
    })
    t.diagnostic(`/${path}: ${JSON.stringify(weight)}`)
    for (const [kind, most] of Object.entries(limits)) assert.ok((weight[kind] ?? 0) > 0 && (weight[kind] ?? 0) <= most, `/${path}: ${weight[kind]} bytes of ${kind}, at most ${most}`)
    await page.done()
  }
})
