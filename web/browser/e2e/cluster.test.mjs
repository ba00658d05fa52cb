// A whole class on three NATS servers and two labs behind a proxy, of each kind one killed in the middle: an instructor and three learners
// go on where they were, without a reload.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { Agent, createServer, request } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { freePort, poll, startBrowser, startLab } from './lab.mjs'

/** @typedef {import('./lab.mjs').Watched} Page */
/** @typedef {{ name: string, at: string, monitor: string, kill(): Promise<void> }} Nats */

const binary = process.env.E2E_NATS ?? fileURLToPath(new URL('../out/nats', import.meta.url))

/** Three NATS servers, each with a file of its own, that have found a leader. @param {string} folder @returns {Promise<Nats[]>} */
async function startNats(folder) {
  if (!existsSync(binary)) throw new Error(`there is no ${binary}: run "npm run e2e", which builds it, or set E2E_NATS`)
  const ports = await Promise.all([1, 2, 3].map(async () => ({ client: await freePort(), route: await freePort(), http: await freePort() })))
  const routes = ports.map((p) => `"nats://127.0.0.1:${p.route}"`).join(', ')
  const servers = await Promise.all(ports.map(async (p, i) => {
    const name = `n${i}`, file = join(folder, `${name}.conf`)
    await writeFile(file, `server_name: ${name}
listen: "127.0.0.1:${p.client}"
http: "127.0.0.1:${p.http}"
jetstream { store_dir: ${JSON.stringify(join(folder, name))}, sync_interval: always }
cluster { name: lab, listen: "127.0.0.1:${p.route}", routes: [${routes}] }
`)
    const child = spawn(binary, ['-c', file], { stdio: 'ignore' })
    return { name, at: `nats://127.0.0.1:${p.client}`, monitor: `http://127.0.0.1:${p.http}`, async kill() {
      if (child.exitCode !== null || child.signalCode !== null) return
      const ended = once(child, 'exit')
      child.kill('SIGKILL')
      await ended
    } }
  }))
  await poll(async () => Promise.all(servers.map((s) => ask(`${s.monitor}/healthz`).then(() => true, () => false))), (all) => all.every(Boolean), 'the NATS servers to be ready', 30_000)
  return servers
}

/** @param {string} url */
async function ask(url) {
  const answer = await fetch(url)
  if (!answer.ok) throw new Error(`${url}: ${answer.status}`)
  return answer.json()
}

/** The server that leads a stream. @param {Nats[]} servers @param {string} stream @returns {Promise<Nats>} */
async function leaderOf(servers, stream) {
  const seen = await ask(`${servers[0]?.monitor}/jsz?streams=true&accounts=true`)
  const streams = seen.account_details.flatMap((/** @type {any} */ a) => a.stream_detail)
  const name = streams.find((/** @type {any} */ s) => s.name === stream)?.cluster.leader
  const found = servers.find((s) => s.name === name)
  assert.ok(found, `${stream} is led by ${name}`)
  return found
}

/**
 * A proxy that sends each request to the next lab that takes it, whoever asks: what a balancer without sticky sessions does.
 * @param {() => number[]} ports of the labs
 */
async function startProxy(ports) {
  let turn = 0, socketTurn = 0
  /** Open ones. @type {Map<number, number>} */
  const sockets = new Map()
  const agent = new Agent({ keepAlive: true })
  /** All of them, the one whose turn it is first. @param {number} turn */
  const choices = (turn) => {
    const all = ports(), first = turn % all.length
    return [...all.slice(first), ...all.slice(0, first)]
  }
  const server = createServer((req, res) => {
    /** @type {Buffer[]} */
    const body = []
    req.on('data', (b) => body.push(b))
    req.on('end', () => {
      const rest = choices(turn++), next = () => {
        const port = rest.shift()
        if (!port) return res.writableEnded || res.writeHead(502).end()
        const out = request({ port, host: '127.0.0.1', method: req.method, path: req.url, headers: req.headers, agent })
        out.on('response', (answer) => {
          res.writeHead(answer.statusCode ?? 502, answer.headers)
          answer.pipe(res)
          answer.on('error', () => res.destroy())
        })
        out.on('error', () => (res.headersSent ? res.destroy() : next()))
        res.on('close', () => out.destroy())
        out.end(Buffer.concat(body))
      }
      next()
    })
  })
  server.on('upgrade', (req, socket, head) => {
    const rest = choices(socketTurn++), next = () => {
      const port = rest.shift()
      if (!port) return socket.destroy()
      const out = connect(port, '127.0.0.1')
      let through = false
      out.on('connect', () => {
        through = true
        sockets.set(port, (sockets.get(port) ?? 0) + 1)
        out.on('close', () => sockets.set(port, (sockets.get(port) ?? 0) - 1))
        const lines = [`${req.method} ${req.url} HTTP/1.1`]
        for (let i = 0; i < req.rawHeaders.length; i += 2) lines.push(`${req.rawHeaders[i]}: ${req.rawHeaders[i + 1]}`)
        out.write(`${lines.join('\r\n')}\r\n\r\n`)
        out.write(head)
        out.pipe(socket).pipe(out)
      })
      out.on('error', () => (through ? socket.destroy() : next()))
      out.on('close', () => through && socket.destroy())
      socket.on('error', () => out.destroy())
      socket.on('close', () => out.destroy())
    }
    next()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${/** @type {import('node:net').AddressInfo} */ (server.address()).port}/`,
    sockets: (/** @type {number} */ port) => sockets.get(port) ?? 0,
    async close() {
      agent.destroy()
      server.closeAllConnections()
      server.close()
    },
  }
}

/** @type {string} */
let folder
/** @type {Nats[]} */
let nats = []
/** @type {Awaited<ReturnType<typeof startLab>>[]} */
let labs = []
/** @type {Awaited<ReturnType<typeof startProxy>>} */
let proxy
/** @type {Awaited<ReturnType<typeof startBrowser>>} */
let chromium

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lab-cluster-'))
  const browser = startBrowser().then((it) => { chromium = it })
  nats = await startNats(folder)
  const args = ['-nats-url', nats.map((s) => s.at).join(',')]
  labs = await Promise.all([startLab({ args }), startLab({ args })])
  proxy = await startProxy(() => labs.map((lab) => lab.port))
  await browser
})
after(async () => {
  await chromium?.close()
  await proxy?.close()
  await Promise.all(labs.map((lab) => lab.stop('SIGKILL')))
  await Promise.all(nats.map((s) => s.kill()))
  if (folder) await rm(folder, { recursive: true, force: true })
})

/** What a page says in the console while a lab is gone is no fault of ours. */
const cut = /ERR_CONNECTION|ERR_INCOMPLETE_CHUNKED|ERR_EMPTY_RESPONSE|WebSocket|roster|\/where|50[234]/

/** @param {Page} page @returns {Promise<{ time: number, node: number, run: string, digest: string, state: string }>} */
const place = (page) => page.evaluate(() => {
  const sim = /** @type {any} */ (document.querySelector('tcp-sim')), { store } = sim
  return { time: sim.time, node: store.place().at, run: store.run?.id ?? '', digest: store.run?.done?.digest ?? '', state: store.status.value }
})

/** Waits until all stand at the same instant of the same run. @param {Page[]} pages @param {string} what */
async function together(pages, what) {
  const same = (/** @type {any[]} */ all) => all.every((p) => p.state === 'ready' && p.run === all[0].run && p.node === all[0].node && p.time === all[0].time && p.digest === all[0].digest)
  const all = await poll(async () => Promise.all(pages.map(place)), same, what, 20_000)
  return /** @type {NonNullable<typeof all[0]>} */ (all[0])
}

/** @param {Page} page @param {string} selector @param {string | RegExp} text */
const says = (page, selector, text) => poll(() => page.locator(selector).allTextContents(), (all) => all.some((x) => (typeof text === 'string' ? x.includes(text) : text.test(x))), `${selector} to say ${text}`, 20_000)

/** Gives a command on the page, and says what became of it. @param {Page} page @param {string} line @returns {Promise<string>} */
const does = (page, line) => page.evaluate((l) => /** @type {any} */ (document.querySelector('tcp-sim')).do(l).then(() => 'done', (/** @type {any} */ e) => e.code ?? e.message), line)

/** How often a command stands in the run. @param {Page} page @param {string} line @returns {Promise<number>} */
const times = (page, line) => page.evaluate((l) => /** @type {any} */ (document.querySelector('tcp-sim')).store.text().split('\n').filter((/** @type {string} */ x) => x.includes(l)).length, line)

/** @param {string} name @param {string} code */
async function learner(name, code) {
  const page = await chromium.page({ allow: cut })
  await page.goto(`${proxy.url}join`)
  await page.fill('#code', code)
  await page.fill('#name', name)
  await page.click('main form button[type=submit]')
  await page.waitForURL(/\/class\/[\w-]+$/)
  return page
}

test('a class goes on when one of three NATS servers and one of two labs are killed', { timeout: 120_000 }, async (t) => {
  const grace = await chromium.page({ allow: cut })
  const setup = await Promise.any(labs.map((lab) => lab.said(/\/setup\/(\S+)\n/)))
  await grace.goto(`${proxy.url}setup/${setup[1]}`)
  await grace.fill('#name', 'Grace')
  await grace.fill('#password', 'correct horse battery')
  await grace.fill('#again', 'correct horse battery')
  await grace.click('main form button[type=submit]')
  await grace.goto(`${proxy.url}teach`)
  await grace.fill('#title', 'Networks on two machines')
  await grace.click('form.open button')
  await grace.waitForURL(/\/teach\/[\w-]+$/)
  const code = ((await grace.textContent('.ticket-code .code')) ?? '').replace(/\s/g, '')
  const learners = await Promise.all(['Ada', 'Ben', 'Cyd'].map((name) => learner(name, code)))
  const [ada, ben, cyd] = /** @type {[Page, Page, Page]} */ (learners), all = [grace, ...learners]
  for (const name of ['Ada', 'Ben', 'Cyd']) await says(grace, '#roster .name', name)
  for (const page of all) {
    await says(page, '#room-link', 'Live')
    // A page that was loaded anew has forgotten this.
    await page.evaluate(() => { /** @type {any} */ (globalThis).same = true })
  }
  await grace.selectOption('#show-what', 'block:lost-segments#lost')
  await grace.click('form.push button')
  await grace.locator('#room .simbody').waitFor()
  await together(all, 'all to see the run')
  await grace.focus('tcp-sim')
  for (let i = 0; i < 3; i++) await grace.keyboard.press('ArrowRight')
  await together(all, 'all to follow')
  for (const lab of labs) assert.ok(proxy.sockets(lab.port) > 0, 'somebody is on each lab')

  // ---- the NATS server that orders what is done is killed ----
  const dead = await leaderOf(nats, 'LOGS')
  await dead.kill()
  let began = Date.now()
  const command = does(grace, 'client abort')
  await says(grace, '.banner', 'Not saved yet')
  // Who does not wait for the others goes on meanwhile.
  await ada.click('#room-branch')
  await poll(() => place(ada), (p) => p.state === 'ready' && !p.run.includes('.'), 'a run of her own')
  assert.equal(await does(ada, 'server abort'), 'done')
  assert.equal((await fetch(`${proxy.url}lessons/lost-segments`)).status, 200)
  assert.equal(await command, 'done', 'what was done meanwhile is done, without doing it again')
  t.diagnostic(`a NATS server was killed: the class waited for ${Date.now() - began} ms`)
  await poll(() => grace.locator('.banner').count(), (n) => n === 0, 'the mark to be gone')
  await ada.getByRole('button', { name: 'Back to the class' }).click()
  await together(all, 'all to see what was done meanwhile')
  for (const page of all) assert.equal(await times(page, 'client abort'), 1)

  // ---- a question is asked, and while it is answered a lab is killed ----
  await grace.locator('details.own-question summary').click()
  await grace.fill('details.own-question [name=text]', 'What does the client send?')
  await grace.fill('details.own-question [name=options]', '*RST\nFIN')
  await grace.click('details.own-question form button[type=submit]')
  for (const page of learners) await page.locator('#room-question form').waitFor()
  for (const page of learners) await page.locator('#room-question input[type=radio]').first().check()
  const was = await place(grace)
  await labs[0]?.stop('SIGKILL')
  began = Date.now()
  for (const page of learners) await page.click('#room-question button[type=submit]')
  assert.equal(await does(grace, 'server close'), 'done')
  t.diagnostic(`a lab was killed: the class waited for ${Date.now() - began} ms`)
  for (const page of all) await says(page, '#room-link', 'Live')
  assert.notEqual((await together(all, 'all to be together on the other lab')).node, was.node)
  for (const page of learners) await says(page, '#room-question [role=status]', 'You answered: RST')
  await says(grace, '#asked-now', '3 of 3 have answered.')
  await grace.getByRole('button', { name: 'Show the answers to everybody' }).click()
  for (const page of all) await poll(() => page.locator('.bars li .n').allTextContents(), (n) => n.join() === '3,0', 'the histogram')
  for (const page of all) assert.equal(await page.evaluate(() => /** @type {any} */ (globalThis).same), true, 'no page was loaded anew')
  assert.equal(await times(cyd, 'server close'), 1)

  // ---- and who comes now finds everything, and the class ends ----
  await ben.reload()
  await together([grace, ben], 'Ben to be back')
  await grace.check('#end input[type=checkbox]')
  await grace.click('#end button')
  await says(grace, '.banner', 'This class has ended.')
  for (const page of learners) await says(page, '#room-state', 'The class is over.')
  for (const page of all) await page.done()
})
