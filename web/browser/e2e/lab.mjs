// What the end-to-end tests share: the real server on a port of its own, one Chromium, axe, and watchfulness: a console
// error, a refused policy or a request to another host fails the test that caused it.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'

const here = fileURLToPath(new URL('.', import.meta.url))
const binary = process.env.E2E_LAB ?? join(here, '../out/lab')
const browserPath = process.env.CHROMIUM ?? '/usr/bin/chromium'
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
    if (Date.now() > deadline) throw new Error(`the lab is not ready after 20 s:\n${log}`)
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

/** One browser with a profile of its own. @param {string[]} [args] more flags */
export async function startBrowser(args = []) {
  if (!existsSync(browserPath)) throw new Error(`there is no ${browserPath}: install Chromium (Debian: apt-get install chromium), or set CHROMIUM`)
  const profile = await mkdtemp(join(tmpdir(), 'lab-e2e-'))
  const browser = await chromium.launch({ executablePath: browserPath, args: [...flags, `--disk-cache-dir=${profile}`, ...args] })
  return {
    browser,
    async close() {
      await browser.close()
      await rm(profile, { recursive: true, force: true })
    },
    /**
     * A page that reports everything which should not happen; ask `faults` at the end.
     * @param {import('playwright-core').BrowserContextOptions & { allow?: RegExp }} [options] allow: console errors to expect
     */
    async page({ allow, ...options } = {}) {
      const context = await browser.newContext({ viewport: sizes.wide, reducedMotion: 'reduce', ...options })
      // Copying a link needs the clipboard.
      await context.grantPermissions(['clipboard-read', 'clipboard-write'])
      const page = await context.newPage()
      page.setDefaultTimeout(10_000)
      /** @type {string[]} */
      const faults = []
      const expected = (/** @type {string} */ text) => allow?.test(text) ?? false
      let muted = false
      page.on('console', (m) => {
        if (m.type() === 'error' && !muted && !expected(m.text())) faults.push(`console: ${m.text()}`)
      })
      page.on('pageerror', (e) => faults.push(`error: ${e.stack ?? e.message}`))
      page.on('request', (r) => {
        const { protocol, hostname } = new URL(r.url())
        if (!['data:', 'blob:', 'about:'].includes(protocol) && hostname !== '127.0.0.1') faults.push(`request to another host: ${r.url()}`)
      })
      page.on('requestfailed', (r) => {
        const why = r.failure()?.errorText
        // Without JavaScript, Chromium refuses preloaded modules as if by a policy.
        if (why === 'net::ERR_ABORTED' || (why === 'csp' && options.javaScriptEnabled === false) || expected(r.url())) return
        faults.push(`${r.url()}: ${why}`)
      })
      if (options.javaScriptEnabled !== false) {
        await page.addInitScript(() => {
          addEventListener('securitypolicyviolation', (e) => console.error(`CSP refused ${e.violatedDirective} ${e.blockedURI} ${e.sample}`))
        })
      }
      return Object.assign(page, {
        /** @param {boolean} on whether console errors count no longer */
        mute: (on) => { muted = on },
        done: async () => {
          assert.deepEqual(faults, [])
          await context.close()
        },
      })
    },
  }
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

/**
 * Waits until something is so, and says what it is instead.
 * @template T @param {() => Promise<T>} ask @param {(value: T) => boolean} good @param {string} what @returns {Promise<T>}
 */
export async function poll(ask, good, what, patience = 10_000) {
  const deadline = Date.now() + patience
  for (;;) {
    const value = await ask()
    if (good(value)) return value
    assert.ok(Date.now() < deadline, `waited for ${what}; there is ${JSON.stringify(value)}`)
    await new Promise((turn) => setTimeout(turn, 25)) // ask again in the next moment
  }
}

/** All violations of axe's rules, in words. @param {import('playwright-core').Page & { mute(on: boolean): void }} page */
export async function violations(page) {
  // axe tries inline styles, which the policy of the page refuses, as it should.
  page.mute(true)
  await page.evaluate(axe)
  const { violations: found } = await page.evaluate(() => /** @type {any} */ (globalThis).axe.run(document, { resultTypes: ['violations'] }))
  page.mute(false)
  return found.flatMap((/** @type {any} */ v) => v.nodes.map((/** @type {any} */ n) => `${v.id}: ${n.target.join(' ')} ${n.failureSummary.split('\n').slice(1).join(';')}`))
}

/** That axe finds nothing in either theme at two widths, and nothing scrolls sideways at 320 px. @param {Parameters<typeof violations>[0]} page */
export async function fits(page) {
  for (const size of [sizes.wide, sizes.narrow]) {
    await page.setViewportSize(size)
    for (const colorScheme of /** @type {const} */ (['light', 'dark'])) {
      await page.emulateMedia({ colorScheme })
      assert.deepEqual(await violations(page), [], `${size.width} px, ${colorScheme}`)
    }
  }
  await page.setViewportSize({ width: 320, height: 640 })
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'it scrolls sideways at 320 px')
}
