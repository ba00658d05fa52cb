// A learning platform, from its registration by an admin to the class that its learners come into, in a frame; and rooms that are no longer
// for those who have signed out.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createSign, generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { createServer, request } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import { connect } from 'node:net'
import { test } from 'node:test'
import { devices, fits, fits320, violations, withLab } from './lab.mjs'

const { lab, chrome } = withLab()
const password = 'correct horse battery'
/** Nobody has signed the certificate of the proxy. */
const secure = { ignoreHTTPSErrors: true }

/** A proxy in front of the lab, by which it is seen by https. */
async function startProxy() {
  const pem = execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-subj', '/CN=127.0.0.1', '-keyout', '-', '-out', '-'], { stdio: ['ignore', 'pipe', 'ignore'] })
  const to = { host: '127.0.0.1', port: lab.port }, server = createSecureServer({ key: pem, cert: pem }, (req, res) => {
    const out = request({ ...to, method: req.method, path: req.url, headers: { ...req.headers, 'x-forwarded-proto': 'https' } }, (answer) => {
      res.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(res)
    })
    out.on('error', () => res.destroy())
    res.on('close', () => out.destroy())
    req.pipe(out)
  })
  server.on('upgrade', (req, socket, head) => {
    const out = connect(to.port, to.host, () => {
      const lines = [`${req.method} ${req.url} HTTP/1.1`, 'X-Forwarded-Proto: https']
      for (let i = 0; i < req.rawHeaders.length; i += 2) lines.push(`${req.rawHeaders[i]}: ${req.rawHeaders[i + 1]}`)
      out.write(`${lines.join('\r\n')}\r\n\r\n`)
      out.write(head)
      out.pipe(socket).pipe(out)
    })
    out.on('error', () => socket.destroy())
    socket.on('error', () => out.destroy())
    socket.on('close', () => out.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `https://127.0.0.1:${/** @type {import('node:net').AddressInfo} */ (server.address()).port}/`,
    stop: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}

/** A platform, of another site than the lab, that launches the lab for whoever it is told, and keeps what it is sent. @param {string} address of the lab */
async function startPlatform(address) {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const b64 = (/** @type {unknown} */ v) => Buffer.from(JSON.stringify(v)).toString('base64url')
  const it = { url: '', who: /** @type {Record<string, unknown>} */ ({}), links: /** @type {any[]} */ ([]), stop: () => {} }
  const server = createServer((req, res) => {
    const at = new URL(req.url ?? '', it.url)
    if (at.pathname === '/keys') {
      res.setHeader('Content-Type', 'application/json')
      res.end(JSON.stringify({ keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'p', alg: 'RS256', use: 'sig' }] }))
    } else if (at.pathname === '/auth') {
      const q = at.searchParams, now = Math.floor(Date.now() / 1000)
      const said = `${b64({ alg: 'RS256', kid: 'p' })}.${b64({ iss: it.url, aud: 'lab', iat: now, exp: now + 60, nonce: q.get('nonce'), ...it.who })}`
      const token = `${said}.${createSign('RSA-SHA256').update(said).sign(privateKey).toString('base64url')}`
      res.setHeader('Content-Type', 'text/html')
      res.end(`<link rel="icon" href="data:,"><form method="post" action="${address}lti/launch"><input name="state" value="${q.get('state')}"><input name="id_token" value="${token}"><button>Go</button></form>`)
    } else if (at.pathname === '/course') {
      res.setHeader('Content-Type', 'text/html')
      res.end(`<link rel="icon" href="data:,"><iframe width="1200" height="800" src="${address}lti/login?iss=${encodeURIComponent(it.url)}&amp;client_id=lab&amp;login_hint=x"></iframe>`)
    } else if (at.pathname === '/return') {
      let body = ''
      req.on('data', (chunk) => { body += chunk })
      req.on('end', () => {
        const jwt = new URLSearchParams(body).get('JWT') ?? ''
        it.links.push(JSON.parse(Buffer.from(jwt.split('.')[1], 'base64url').toString()))
        res.setHeader('Content-Type', 'text/html')
        res.end('<link rel="icon" href="data:,">Linked')
      })
    } else {
      res.writeHead(404).end()
    }
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  it.url = `http://localhost:${/** @type {import('node:net').AddressInfo} */ (server.address()).port}`
  it.stop = () => server.close()
  return it
}

const claim = 'https://purl.imsglobal.org/spec/lti/claim/', role = 'http://purl.imsglobal.org/vocab/lis/v2/membership#'

test('an admin registers a platform; it links to a class, and its learners are in it', async () => {
  const proxy = await startProxy(), platform = await startPlatform(proxy.url)
  try {
    const [, link] = await lab.said(/http:\/\/\S*\/(setup\/[\w-]+)\n/)
    const ada = await chrome.page({ allow: /status of 422/ })
    await ada.goto(lab.url + link)
    await ada.getByLabel('Name', { exact: true }).fill('Ada')
    await ada.getByLabel('New password').fill(password)
    await ada.getByLabel('The same once more').fill(password)
    await ada.getByRole('button', { name: 'Save and sign in' }).click()
    await ada.getByRole('link', { name: 'Your account' }).click()
    await ada.getByRole('link', { name: 'Learning platforms' }).click()
    await ada.getByText(`${lab.url}lti/login`).waitFor()
    for (const [label, value] of Object.entries({ Issuer: platform.url, 'Client ID': 'lab', 'Authentication request': `${platform.url}/auth`, 'Access token': 'nonsense', 'Public keyset URL': `${platform.url}/keys` })) await ada.getByLabel(label).fill(value)
    await ada.getByRole('button', { name: 'Save' }).click()
    await ada.getByRole('alert').waitFor()
    assert.equal(await ada.evaluate(() => document.activeElement?.id), 'token_url')
    await ada.getByLabel('Access token').fill(`${platform.url}/token`)
    await ada.getByRole('button', { name: 'Save' }).click()
    await ada.getByText('The platform is registered.').waitFor()
    await ada.getByText('Change').click()
    await fits(ada)

    const launch = async (/** @type {import('playwright-core').Page} */ page, /** @type {Record<string, unknown>} */ who) => {
      platform.who = { [`${claim}version`]: '1.3.0', [`${claim}deployment_id`]: '1', [`${claim}message_type`]: 'LtiResourceLinkRequest', ...who }
      await page.goto(`${proxy.url}lti/login?${new URLSearchParams({ iss: platform.url, client_id: 'lab', login_hint: 'x' })}`)
      await page.getByRole('button', { name: 'Go' }).click()
    }
    const teacher = { sub: 'grace', name: 'Grace Hopper', [`${claim}roles`]: [`${role}Instructor`] }
    const grace = await chrome.page(secure)
    await launch(grace, { ...teacher, [`${claim}target_link_uri`]: `${proxy.url}teach` })
    await grace.waitForURL('**/teach')
    await grace.getByLabel('Title').fill('Networks')
    await grace.getByRole('button', { name: 'Open a class' }).click()
    await grace.waitForURL(/teach\/./)
    await launch(grace, { ...teacher, [`${claim}message_type`]: 'LtiDeepLinkingRequest', 'https://purl.imsglobal.org/spec/lti-dl/claim/deep_linking_settings': { deep_link_return_url: `${platform.url}/return`, accept_types: ['ltiResourceLink'] } })
    await grace.getByLabel('Class, lesson or exercise').selectOption({ label: 'Networks' })
    // The page is the answer to a form, so it is not loaded again to be looked at.
    for (const [, { viewport, colorScheme }] of devices) {
      await grace.setViewportSize(viewport)
      await grace.emulateMedia({ colorScheme })
      assert.deepEqual(await violations(grace), [], colorScheme)
    }
    await fits320(grace)
    await grace.getByRole('button', { name: 'Make the link' }).click()
    await grace.getByRole('button', { name: 'Put the link into localhost' }).click()
    await grace.getByText('Linked').waitFor()
    const [item] = platform.links[0]['https://purl.imsglobal.org/spec/lti-dl/claim/content_items']
    assert.match(item.url, /\/class\/[\w-]+$/)

    // A learner is in the class in a frame of the platform, where the cookies of the lab are those of another site.
    const bob = await chrome.page(secure), frame = bob.frameLocator('iframe')
    platform.who = { ...platform.who, [`${claim}message_type`]: 'LtiResourceLinkRequest', sub: 'bob', name: 'Bob', [`${claim}roles`]: [`${role}Learner`], [`${claim}target_link_uri`]: item.url }
    await bob.goto(`${platform.url}/course`)
    await frame.getByRole('button', { name: 'Go' }).click()
    await frame.getByText('You are here as Bob').waitFor()
    await frame.locator('.room-link.open').waitFor()
    await launch(grace, { ...teacher, [`${claim}target_link_uri`]: item.url })
    await grace.locator('#roster .name', { hasText: 'Bob' }).waitFor()
    await grace.locator('#show-what').selectOption('lesson:why-a-handshake')
    await grace.locator('form.push button').click()
    await frame.locator('#room-lesson a').click()
    await frame.locator('.class-bar', { hasText: 'Networks' }).waitFor()
    await grace.locator('#roster .where', { hasText: 'Why a handshake' }).waitFor()
    await frame.getByRole('link', { name: 'Deutsch' }).click()
    await frame.locator('html[lang=de]').waitFor()
    assert.ok((await bob.context().cookies()).every((c) => c.partitionKey && c.sameSite === 'None'), 'a cookie would not be sent from a frame')
    await frame.getByRole('link', { name: 'Dein Fortschritt' }).click()
    await frame.getByRole('button', { name: 'In diesem Browser vergessen' }).click()
    await frame.getByText('Dieser Browser hat dich vergessen').waitFor()
    assert.deepEqual((await bob.context().cookies()).map((c) => c.name).filter((n) => /learner|kept|class/.test(n)), [])
    for (const page of [ada, grace, bob]) await page.done()
  } finally {
    platform.stop()
    proxy.stop()
  }
})

test('who signs out elsewhere, or leaves, sees the class no longer', async () => {
  const ada = await chrome.page(), pupil = await chrome.page()
  await ada.goto(`${lab.url}signin`)
  await ada.getByLabel('Name').fill('Ada')
  await ada.getByLabel('Password').fill(password)
  await ada.getByRole('button', { name: 'Sign in' }).click()
  await ada.waitForURL('**/teach')
  await ada.getByLabel('Title').fill('Routers')
  await ada.getByRole('button', { name: 'Open a class' }).click()
  await ada.waitForURL(/teach\/./)
  const code = (await ada.locator('.ticket-code .code').innerText()).replace(/\s/g, '')
  await pupil.goto(`${lab.url}join/${code}`)
  await pupil.getByLabel('Your name').fill('Cid')
  await pupil.getByRole('button', { name: 'Join' }).click()
  await pupil.locator('.room-link.open').waitFor()
  await ada.locator('#roster .name', { hasText: 'Cid' }).waitFor()

  const other = await pupil.context().newPage()
  await other.goto(`${lab.url}progress`)
  await other.getByRole('button', { name: 'Forget me in this browser' }).click()
  await pupil.locator('.left-room', { hasText: 'You are no longer in this class' }).waitFor()
  assert.equal(await pupil.locator('tcp-sim').count(), 0)
  await fits(pupil)

  const tab = await ada.context().newPage()
  await tab.goto(`${lab.url}account`)
  await tab.getByRole('button', { name: 'Sign out everywhere' }).click()
  await ada.locator('.left-room', { hasText: 'You are signed out' }).waitFor()
  assert.equal(await ada.locator('#roster').count(), 0)
  await fits(ada)
  await ada.getByRole('link', { name: 'Sign in' }).click()
  await ada.waitForURL(/signin\?next=/)
  for (const page of [ada, pupil]) await page.done()
})
