// A learning platform, from its registration by an admin to the class that its learners come into; and rooms that are no longer for those
// who have signed out.
import assert from 'node:assert/strict'
import { createSign, generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { test } from 'node:test'
import { devices, fits, fits320, violations, withLab } from './lab.mjs'

const { lab, chrome } = withLab()
const password = 'correct horse battery'
/** The lab is seen by https, as by a proxy that ends TLS. */
const secure = { extraHTTPHeaders: { 'X-Forwarded-Proto': 'https' }, allow: /WebSocket connection to/ } // of another scheme than the page that opens it

/** A platform that launches the lab for whoever it is told, and keeps what it is sent. */
async function startPlatform() {
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
      res.end(`<link rel="icon" href="data:,"><form method="post" action="${lab.url}lti/launch"><input name="state" value="${q.get('state')}"><input name="id_token" value="${token}"><button>Go</button></form>`)
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
  it.url = `http://127.0.0.1:${/** @type {import('node:net').AddressInfo} */ (server.address()).port}`
  it.stop = () => server.close()
  return it
}

const claim = 'https://purl.imsglobal.org/spec/lti/claim/', role = 'http://purl.imsglobal.org/vocab/lis/v2/membership#'

test('an admin registers a platform; it links to a class, and its learners are in it', async () => {
  const platform = await startPlatform()
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
      await page.goto(`${lab.url}lti/login?${new URLSearchParams({ iss: platform.url, client_id: 'lab', login_hint: 'x' })}`)
      await page.getByRole('button', { name: 'Go' }).click()
    }
    const teacher = { sub: 'grace', name: 'Grace Hopper', [`${claim}roles`]: [`${role}Instructor`] }
    const address = lab.url.replace('http:', 'https:')
    const grace = await chrome.page(secure)
    await launch(grace, { ...teacher, [`${claim}target_link_uri`]: `${address}teach` })
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
    await grace.getByRole('button', { name: 'Put the link into 127.0.0.1' }).click()
    await grace.getByText('Linked').waitFor()
    const [item] = platform.links[0]['https://purl.imsglobal.org/spec/lti-dl/claim/content_items']
    assert.match(item.url, /\/class\/[\w-]+$/)

    const bob = await chrome.page(secure)
    await launch(bob, { sub: 'bob', name: 'Bob', [`${claim}roles`]: [`${role}Learner`], [`${claim}target_link_uri`]: item.url })
    await bob.waitForURL(/class\/./)
    await bob.getByText('You are here as Bob').waitFor()
    for (const page of [ada, grace, bob]) await page.done()
  } finally {
    platform.stop()
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
