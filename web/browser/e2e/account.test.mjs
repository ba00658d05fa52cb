// Accounts of those who teach, in real browsers: the link of the first start, an invitation, signing in, and out everywhere. All of it
// without JavaScript once more.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { fits, startBrowser, startLab } from './lab.mjs'

/** @type {Awaited<ReturnType<typeof startLab>>} */
let lab
/** @type {Awaited<ReturnType<typeof startBrowser>>} */
let chrome
before(async () => { chrome = await startBrowser() })
after(async () => { await chrome.close() })

const password = 'correct horse battery'

for (const javaScriptEnabled of [true, false]) {
  test(`set-up, invitation, sign in and out everywhere, ${javaScriptEnabled ? 'with' : 'without'} JavaScript`, async () => {
    lab = await startLab()
    try {
      const [, link] = await lab.said(/http:\/\/\S*\/(setup\/[\w-]+)\n/)
      const ada = await chrome.page({ javaScriptEnabled, allow: /status of 4(10|22)/ })
      await ada.goto(lab.url + link)
      if (javaScriptEnabled) await fits(ada)
      await ada.getByLabel('Name', { exact: true }).fill('Ada Lovelace')
      await ada.getByLabel('New password').fill(password)
      await ada.getByLabel('The same once more').fill('something else')
      await ada.getByRole('button', { name: 'Save and sign in' }).click()
      await ada.getByRole('alert').getByText('not the same').waitFor()
      assert.equal(await ada.evaluate(() => document.activeElement?.id), 'again')
      await ada.getByLabel('New password').fill(password)
      await ada.getByLabel('The same once more').fill(password)
      await ada.getByRole('button', { name: 'Save and sign in' }).click()
      await ada.waitForURL('**/teach')

      await ada.goto(`${lab.url}accounts`)
      await ada.getByRole('button', { name: 'Make a link' }).click()
      const invitation = await ada.locator('.handed a').textContent() ?? ''
      if (javaScriptEnabled) await fits(ada)

      const grace = await chrome.page({ javaScriptEnabled, allow: /status of 4(10|22)/ })
      await grace.goto(invitation)
      await grace.getByLabel('Name', { exact: true }).fill('Grace')
      await grace.getByLabel('New password').fill(password)
      await grace.getByLabel('The same once more').fill(password)
      await grace.getByRole('button', { name: 'Save and sign in' }).click()
      await grace.waitForURL('**/teach')
      await grace.goto(invitation)
      await grace.getByText('This link was used already').waitFor()

      const elsewhere = await chrome.page({ javaScriptEnabled, allow: /status of 422/ })
      await elsewhere.goto(`${lab.url}account`)
      assert.match(elsewhere.url(), /signin\?next=%2Faccount$/)
      if (javaScriptEnabled) await fits(elsewhere)
      await elsewhere.getByLabel('Name').fill('grace')
      await elsewhere.getByLabel('Password').fill('wrong')
      await elsewhere.getByRole('button', { name: 'Sign in' }).click()
      await elsewhere.getByRole('alert').waitFor()
      await elsewhere.getByLabel('Password').fill(password)
      await elsewhere.getByRole('button', { name: 'Sign in' }).click()
      await elsewhere.waitForURL('**/account')
      await elsewhere.getByRole('heading', { name: 'Grace', level: 1 }).waitFor()
      if (javaScriptEnabled) await fits(elsewhere)

      await grace.goto(`${lab.url}account`)
      await grace.getByRole('button', { name: 'Sign out everywhere' }).click()
      await grace.waitForURL('**/signin')
      await elsewhere.reload()
      assert.match(elsewhere.url(), /signin\?next=/)
      for (const page of [ada, grace, elsewhere]) await page.done()
    } finally {
      await lab.stop()
    }
  })
}
