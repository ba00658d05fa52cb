// What the end-to-end tests share: the real server on a port of its own, one Chromium, axe, and watchfulness: a console
// error, a refused policy or a request to another host fails the test that caused it.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { after, before } from 'node:test'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'

const here = fileURLToPath(new URL('.', import.meta.url))
const binary = process.env.E2E_LAB ?? join(here, '../out/lab')
// The same Chromium without windows: a third less work for the processor.
const browserPath = process.env.CHROMIUM ?? '/usr/bin/chromium-headless-shell'
const axe = await readFile(join(here, '../node_modules/axe-core/axe.min.js'), 'utf8')

// The lab is started as it is by default, whatever settings the tester's shell has.
const environment = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('LAB_')))

const flags = [
  '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync', '--disable-default-apps', '--force-color-profile=srgb',
]

export const sizes = /** @type {const} */ ({ wide: { width: 1440, height: 900 }, middle: { width: 768, height: 1024 }, narrow: { width: 390, height: 844 } })

/** A port that nobody uses just now. */
export async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address())
  server.close()
  await once(server, 'close')
  return port
}

/**
 * The lab, started and ready.
 * @param {{ port?: number, args?: string[], base?: string }} [options]
 */
export async function startLab({ port, args = [], base = '/' } = {}) {
  if (!existsSync(binary)) throw new Error(`there is no ${binary}: run "npm run e2e", which builds it, or set E2E_LAB`)
  port ??= await freePort()
  const child = spawn(binary, ['serve', '-addr', `127.0.0.1:${port}`, '-base-path', base, '-data', 'none', ...args], { stdio: ['ignore', 'pipe', 'pipe'], env: environment })
  let log = ''
  child.stdout.on('data', (chunk) => { log += chunk })
  child.stderr.on('data', (chunk) => { log += chunk })
  const url = `http://127.0.0.1:${port}${base}`
  const deadline = Date.now() + 20_000
  for (;;) {
    if (child.exitCode !== null) throw new Error(`the lab ended with code ${child.exitCode}:\n${log}`)
    if (Date.now() > deadline) {
      child.kill('SIGKILL') // or this process would not end
      throw new Error(`the lab is not ready after 20 s:\n${log}`)
    }
    try {
      if ((await fetch(`http://127.0.0.1:${port}/readyz`)).ok || (await fetch(`${url}readyz`)).ok) break
    } catch {
      await new Promise((done) => setTimeout(done, 20)) // the port is not open yet: ask again
    }
  }
  return {
    url,
    port,
    log: () => log,
    /**
     * What the lab has said, or will say within ten seconds.
     * @param {RegExp} pattern
     */
    async said(pattern) {
      const signal = AbortSignal.timeout(10_000)
      for (;;) {
        const found = pattern.exec(log)
        if (found) return found
        await once(child.stdout, 'data', { signal })
      }
    },
    /** @param {NodeJS.Signals} [signal] */
    async stop(signal = 'SIGTERM') {
      if (child.exitCode !== null || child.signalCode !== null) return child.exitCode
      const ended = once(child, 'exit')
      child.kill(signal)
      await ended
      return child.exitCode
    },
  }
}

/** A phone that is touched. */
export const phone = { viewport: sizes.narrow, hasTouch: true, isMobile: true }

/** Both ways to hold the lab, each in a theme of its own: a state that is tried on both is seen in both themes. */
export const devices = /** @type {const} */ ([
  ['at 1440 px, by mouse', { viewport: sizes.wide, colorScheme: 'light' }],
  ['at 390 px, by finger', { ...phone, colorScheme: 'dark' }],
])

/** @typedef {import('playwright-core').Page & { mute(on: boolean): void, done(): Promise<void> }} Watched */

/**
 * @typedef {object} PageOptions
 * @property {RegExp} [allow] console errors to expect
 * @property {boolean} [fresh] a context that nobody has used, for init scripts and what counts first loads
 */

/**
 * One browser with a profile of its own. A page that is done is emptied and taken again: to start a renderer costs four times what it
 * costs to load a page.
 * @param {string[]} [args] more flags
 */
export async function startBrowser(args = []) {
  if (!existsSync(browserPath)) throw new Error(`there is no ${browserPath}: install it (Debian: apt-get install chromium-headless-shell), or set CHROMIUM to another Chromium`)
  const browser = await chromium.launch({ executablePath: browserPath, args: [...flags, ...args] })
  /** Pages that are done, by what their contexts were made with. @type {Map<string, { page: Watched, take(allow?: RegExp): Promise<void> }[]>} */
  const idle = new Map()

  /** @param {string} key @param {import('playwright-core').BrowserContextOptions} made */
  async function watched(key, made) {
    const context = await browser.newContext(made)
    // Copying a link needs the clipboard.
    await context.grantPermissions(['clipboard-read', 'clipboard-write'])
    const page = await context.newPage()
    page.setDefaultTimeout(10_000)
    /** @type {Set<string>} */
    const origins = new Set()
    /** @type {string[]} */
    let faults = []
    /** @type {RegExp | undefined} */
    let allow
    let muted = false
    const expected = (/** @type {string} */ text) => allow?.test(text) ?? false
    page.on('console', (m) => {
      if (m.type() === 'error' && !muted && !expected(m.text())) faults.push(`console: ${m.text()}`)
    })
    page.on('pageerror', (e) => faults.push(`error: ${e.stack ?? e.message}`))
    page.on('request', (r) => {
      const { protocol, hostname, origin } = new URL(r.url())
      if (['data:', 'blob:', 'about:'].includes(protocol)) return
      if (hostname !== '127.0.0.1' && hostname !== 'localhost') faults.push(`request to another host: ${r.url()}`)
      origins.add(origin)
    })
    page.on('requestfailed', (r) => {
      const why = r.failure()?.errorText
      // Without JavaScript, Chromium refuses preloaded modules as if by a policy.
      if (why === 'net::ERR_ABORTED' || (why === 'csp' && made.javaScriptEnabled === false) || expected(r.url())) return
      faults.push(`${r.url()}: ${why}`)
    })
    if (made.javaScriptEnabled !== false) {
      await page.addInitScript(() => {
        addEventListener('securitypolicyviolation', (e) => console.error(`CSP refused ${e.violatedDirective} ${e.blockedURI} ${e.sample}`))
      })
    }
    const cdp = await context.newCDPSession(page)
    const it = {
      page: Object.assign(page, {
        /** @param {boolean} on whether console errors count no longer */
        mute: (on) => { muted = on },
        done: async () => {
          assert.deepEqual(faults, [])
          if (!key) return context.close()
          for (const other of context.pages()) if (other !== page) await other.close()
          await page.unrouteAll()
          await page.mouse.move(-1, -1)
          await page.goto('about:blank')
          for (const origin of origins) await cdp.send('Storage.clearDataForOrigin', { origin, storageTypes: 'local_storage,indexeddb,cookies' })
          await context.clearCookies()
          idle.set(key, [...idle.get(key) ?? [], it])
        },
      }),
      /** @param {RegExp} [expect] */
      async take(expect) {
        faults = []
        origins.clear()
        allow = expect
        muted = false
      },
    }
    return it
  }

  return {
    browser,
    close: () => browser.close(),
    /**
     * A page that reports everything which should not happen; ask `done` at the end, which also says it for all that follows.
     * @param {import('playwright-core').BrowserContextOptions & PageOptions} [options]
     */
    async page({ allow, fresh = false, viewport = sizes.wide, colorScheme = 'light', reducedMotion = 'reduce', forcedColors = 'none', ...made } = {}) {
      const key = fresh ? '' : JSON.stringify(made)
      const it = idle.get(key)?.pop() ?? await watched(key, { ...made, viewport, colorScheme, reducedMotion, forcedColors })
      await it.take(allow)
      if (viewport) await it.page.setViewportSize(viewport)
      await it.page.emulateMedia({ media: null, colorScheme, reducedMotion, forcedColors })
      return it.page
    },
  }
}

/**
 * The lab and the browser of a file, started before its tests and ended after them.
 * @param {Parameters<typeof startLab>[0]} [options]
 */
export function withLab(options) {
  const lab = /** @type {Awaited<ReturnType<typeof startLab>>} */ ({})
  const chrome = /** @type {Awaited<ReturnType<typeof startBrowser>>} */ ({})
  before(async () => {
    await Promise.all([startLab(options).then((it) => Object.assign(lab, it)), startBrowser().then((it) => Object.assign(chrome, it))])
  })
  after(async () => {
    await chrome.close?.()
    await lab.stop?.()
  })
  return { lab, chrome }
}

/** Waits until all simulators of the page have drawn their first run, those out of sight too. @param {import('playwright-core').Page} page */
export async function settled(page) {
  await page.waitForLoadState('load')
  await page.evaluate(() => document.fonts.ready)
  await page.waitForFunction(() => [.../** @type {NodeListOf<any>} */ (document.querySelectorAll('tcp-sim'))].every((sim) => {
    void sim.wake?.()
    return sim.whole && sim.querySelector('.simbody')
  }))
}

const left = Symbol('the page was left')

/**
 * Waits until something is so, and says what it is instead. A page that leaves for another while it is asked is asked again.
 * @template T @param {() => Promise<T>} ask @param {(value: T) => boolean} good @param {string} what @returns {Promise<T>}
 */
export async function poll(ask, good, what, patience = 10_000) {
  const deadline = Date.now() + patience
  for (;;) {
    const value = await ask().catch((fault) => {
      if (!/because of a navigation/.test(fault.message) || Date.now() > deadline) throw fault
      return left
    })
    if (value !== left && good(value)) return value
    assert.ok(Date.now() < deadline, `waited for ${what}; there is ${JSON.stringify(value)}`)
    await new Promise((turn) => setTimeout(turn, 25)) // ask again in the next moment
  }
}

/**
 * All violations of axe's rules, in words.
 * @param {import('playwright-core').Page & { mute(on: boolean): void }} page @param {string[]} [rules] only these
 */
export async function violations(page, rules) {
  // axe tries inline styles, which the policy of the page refuses, as it should.
  page.mute(true)
  if (!(await page.evaluate(() => 'axe' in globalThis))) await page.evaluate(axe)
  const found = await page.evaluate(async (rules) => {
    const { violations } = await /** @type {any} */ (globalThis).axe.run(document, { resultTypes: ['violations'], ...(rules && { runOnly: rules }) })
    return violations.flatMap((/** @type {any} */ v) => v.nodes.map((/** @type {any} */ n) => `${v.id}: ${n.target.join(' ')} ${n.failureSummary.split('\n').slice(1).join(';')}`))
  }, rules)
  page.mute(false)
  return found
}

/** The rules of axe that look at colours: another theme changes nothing for the others. */
const colours = ['color-contrast', 'link-in-text-block']

/** That axe finds nothing in either theme. @param {Parameters<typeof violations>[0]} page @param {string} [state] */
export async function sound(page, state = '') {
  await page.emulateMedia({ colorScheme: 'light' })
  assert.deepEqual(await violations(page), [], `${state}, light`)
  await page.emulateMedia({ colorScheme: 'dark' })
  assert.deepEqual(await violations(page, colours), [], `${state}, dark`)
}

/** That nothing scrolls sideways at 320 px. @param {import('playwright-core').Page} page */
export async function fits320(page) {
  await page.setViewportSize({ width: 320, height: 640 })
  assert.deepEqual(await page.evaluate(() => {
    const root = document.documentElement
    if (root.scrollWidth <= root.clientWidth) return []
    // Name the culprits: what sticks out and is not inside a scrolling box.
    return ['it scrolls sideways at 320 px', ...[...document.querySelectorAll('body *')].filter((e) => e.getBoundingClientRect().right > root.clientWidth + 1 && !e.closest('svg *, pre, .scroll')).map((e) => `${e.tagName}.${e.getAttribute('class')} ${Math.round(e.getBoundingClientRect().right)}`).slice(0, 8)]
  }), [])
}

/** That axe finds nothing wide and light, nor narrow and dark, and nothing scrolls sideways at 320 px. @param {Parameters<typeof violations>[0]} page */
export async function fits(page) {
  for (const [size, colorScheme] of /** @type {const} */ ([[sizes.wide, 'light'], [sizes.narrow, 'dark']])) {
    await page.setViewportSize(size)
    await page.emulateMedia({ colorScheme })
    assert.deepEqual(await violations(page), [], `${size.width} px, ${colorScheme}`)
  }
  await fits320(page)
}
