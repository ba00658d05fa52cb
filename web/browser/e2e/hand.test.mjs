// The learner's hand on a segment: the header figure as a form, new segments, and heads dragged along time; by mouse, by
// finger and by keyboard, against the real engine.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { devices, phone, poll, settled, sound, violations, withLab } from './lab.mjs'

/** @import { Locator, Page } from 'playwright-core' */
/** @typedef {HTMLElement & { time: number, commands: { line?: string }[] }} TcpSim */

const { lab, chrome } = withLab()

/** A lesson with its SYN-ACK in flight and chosen. @param {Parameters<typeof chrome.page>[0]} [options] */
async function open(options) {
  const page = await chrome.page(options)
  await page.goto(`${lab.url}lessons/three-segments`)
  await settled(page)
  const sim = page.locator('tcp-sim').first(), form = sim.locator('tcp-header')
  const self = {
    page, sim, form,
    /** @param {string | RegExp} name */
    button: (name) => sim.getByRole('button', { name, exact: true }),
    /** @param {string} name */
    field: (name) => form.locator(`[name="${name}"]`),
    /** The place of a field in the figure. @param {string} name */
    box: (name) => form.locator(`.f:has([name="${name}"])`),
    /** @param {number} seg */
    segment: (seg) => sim.locator(`tcp-ladder [data-seg="${seg}"]`),
    lines: () => sim.evaluate((e) => /** @type {TcpSim} */ (e).commands.map((c) => c.line).filter(Boolean)),
    last: async () => (await self.lines()).at(-1) ?? '',
    /** @param {RegExp} text */
    said: (text) => poll(async () => (await sim.locator('tcp-log li, .simnote').allInnerTexts()).join('\n').replace(/\s+/g, ' '), (all) => text.test(all), String(text)),
    /** @param {string} name */
    focused: (name) => poll(() => page.evaluate(() => document.activeElement?.getAttribute('name') ?? document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.textContent ?? ''), (n) => n === name, `the focus on ${name}`),
    /** Where the head of the chosen segment can be taken. */
    async head() {
      const grip = sim.locator('.handle .touch')
      await grip.waitFor()
      await grip.scrollIntoViewIfNeeded()
      const box = await grip.boundingBox()
      assert.ok(box)
      return { x: box.x + box.width / 2, y: box.y + box.height / 2 }
    },
  }
  await self.segment(2)[options?.hasTouch ? 'tap' : 'click']()
  return self
}

for (const [name, options] of devices) {
  describe(name, () => {
    const press = (/** @type {Locator} */ at) => ('hasTouch' in options ? at.tap() : at.click())

    test('bits, hexadecimal, decimal and meaning stay in step', async () => {
      const { page, button, field, box, form, sim, last, segment } = await open(options)
      await press(button('Edit'))
      const ack = field('ack'), about = box('ack')
      await ack.waitFor()
      assert.match(await about.innerText(), /0x00000065.*client’s ISS \+ 1/s)
      await press(about.locator('.tobits'))
      await press(form.getByRole('button', { name: 'bit 29, worth 4' }))
      assert.equal(await ack.inputValue(), '97')
      assert.match(await about.innerText(), /0x00000061.*was 101.*3 before SND\.UNA|0x00000061.*was 101/s)
      await ack.fill('0x131')
      assert.equal(await form.getByRole('button', { name: 'bit 23, worth 256' }).getAttribute('aria-pressed'), 'true')
      assert.match(await about.innerText(), /305.*204 beyond all that the client has sent/s)
      assert.match(await form.locator('.foretold').innerText(), /SYN-SENT and waits for ACK 101/)
      assert.deepEqual(await violations(page), [])

      await press(button('Send changes'))
      await form.locator('tcp-edit').waitFor({ state: 'detached' })
      assert.equal(await last(), 'edit #2 ack=305')
      // was and now: in the figure, on the pill, in the table
      assert.match(await form.locator('.hdr').innerText(), /305\s+was 101/)
      assert.match(await segment(2).getAttribute('aria-label') ?? '', /ack 305 was ack 101/)
      await press(button('Show as table'))
      const row = sim.locator('table.segments tr', { hasText: 'SYN-ACK' }).first()
      assert.match((await row.innerText()).replace(/\s+/g, ' '), /was 101 305.*changed: the acknowledgment number/)
      assert.deepEqual(await violations(page), [])
      await page.done()
    })

    test('limits stand beside the field, a mistake is explained there, and the first one gets the focus', async () => {
      const { page, button, field, form, focused, last } = await open(options)
      await press(button('Edit'))
      await field('window').waitFor()
      await field('urgent').fill('70000')
      await field('window').fill('65536')
      await field('seq').focus()
      assert.equal(await field('window').getAttribute('aria-invalid'), 'true', 'told when the field is left')
      const told = (await field('window').getAttribute('aria-describedby'))?.split(' ') ?? []
      assert.match(await form.locator(`#${told[0]}`).innerText(), /0 to 65535/)
      assert.match(await form.locator(`#${told.at(-1)}`).innerText(), /0 to 65535/)
      await field('offset').fill('16')
      await field('payload').fill('50\\%')
      await press(button('Send changes'))
      await focused('offset')
      assert.equal(await form.locator('[aria-invalid=true]').count(), 4)
      assert.deepEqual(await violations(page), [])
      await field('offset').fill('')
      await field('window').fill('0x1000')
      await field('urgent').fill('7')
      await field('payload').fill('50%')
      assert.equal(await form.locator('[aria-invalid=true]').count(), 0, 'mended is mended')
      await press(button('Send changes'))
      await form.locator('tcp-edit').waitFor({ state: 'detached' })
      assert.equal(await last(), 'edit #2 window=4096 urgent=7 payload="50%"')
      await page.done()
    })

    test('every field is the engine’s after it was sent', async () => {
      const { page, button, field, form, last } = await open(options)
      await press(button('Edit'))
      await field('sport').waitFor()
      const all = { sport: '81', dport: '52432', seq: '4294967295', ack: '0', reserved: '5', window: '1', urgent: '65535', payload: 'a\\r\\n\\xff"b"' }
      for (const [name, value] of Object.entries(all)) await field(name).fill(value)
      await press(form.getByRole('button', { name: 'FIN, finish' }))
      await press(form.getByRole('button', { name: 'SYN, synchronize' }))
      await press(form.locator('summary').first())
      for (const [name, value] of Object.entries({ src: '203.0.113.5', dst: '192.0.2.11', ttl: '1' })) await field(name).fill(value)
      const sum = await field('checksum').inputValue(), offset = await field('offset').inputValue()
      await press(button('Send changes'))
      await form.locator('tcp-edit').waitFor({ state: 'detached' })
      assert.equal(await last(), 'edit #2 sport=81 dport=52432 seq=4294967295 ack=0 reserved=5 flags=FIN,ACK window=1 urgent=65535 payload="a\\r\\n\\xff\\"b\\"" ttl=1 src=203.0.113.5 dst=192.0.2.11')
      const figure = (await form.locator('.card').innerText()).replace(/\s+/g, ' ')
      for (const text of ['Source port 81 was 80', 'Destination port 52432', 'Sequence number 4294967295 was 300', `Offset ${offset}`, 'Rsrvd 5 was 0', 'Window 1 was 65535', 'Urgent pointer 65535', `Checksum ${sum} was`, 'TTL 1 was 64', 'Source address 203.0.113.5 was', 'was SYN-ACK', '7 bytes']) {
        assert.ok(figure.includes(text), `${text} in ${figure}`)
      }
      assert.ok(!figure.includes('wrong'), 'the checksum that the form computed is the right one')
      await page.done()
    })

    test('options are a list: added, moved, removed; too many are told', async () => {
      const { page, button, field, form, last, focused } = await open(options)
      await press(button('Edit'))
      await field('seq').waitFor()
      const kinds = form.locator('.addopt select'), add = form.locator('.addopt button'), list = form.locator('.opt')
      const append = async (/** @type {string} */ kind) => {
        await kinds.selectOption(kind)
        await press(add)
      }
      for (const kind of ['TS', 'TS', 'TS', 'TS']) await append(kind)
      await press(button('Send changes'))
      assert.match(await form.locator('.optlist').innerText(), /44 bytes.*40/)
      assert.equal(await kinds.getAttribute('aria-invalid'), 'true')
      assert.ok(await kinds.evaluate((e) => e === document.activeElement), 'the focus is where it can be mended')
      for (let n = 5; n > 1; n--) await press(list.nth(n - 1).locator('.remove'))
      assert.equal(await list.count(), 1)
      await append('sackOK')
      await append('wscale')
      await list.nth(2).locator('input').fill('300')
      await press(button('Send changes'))
      assert.match(await list.nth(2).innerText(), /0 to 255/)
      await list.nth(2).locator('input').fill('8')
      await list.nth(2).locator('.up').focus()
      await page.keyboard.press('Enter')
      await focused('Option 2: one place up')
      assert.match(await form.locator('.optlist').innerText(), /9 of 40 bytes, and 3 of padding/)
      assert.equal(await field('offset').inputValue(), '8', 'the data offset follows')
      await append('unknown')
      await append('raw')
      await press(button('Send changes'))
      await form.locator('tcp-edit').waitFor({ state: 'detached' })
      assert.equal(await last(), 'edit #2 options="mss 1460,wscale 8,sackOK,unknown-254 0x0001,raw 02ff"')
      await page.done()
    })

    test('a new segment from nothing is taken by the receiver, one from an old segment is told from it', async () => {
      const { page, button, field, box, form, last, said } = await open(options)
      await press(button('New segment'))
      await field('base').waitFor()
      await press(form.getByRole('radio', { name: 'client' }))
      assert.match(await form.locator('.foretold').innerText(), /a SYN is what it waits for/)
      assert.deepEqual(await violations(page), [])
      await press(form.getByRole('button', { name: 'RST, reset' }))
      await press(form.getByRole('button', { name: 'SYN, synchronize' }))
      assert.match(await form.locator('.foretold').innerText(), /ends the attempt/)
      await press(button('Put it on the wire'))
      await said(/You put RST-ACK to the client on the wire/)
      assert.match(await last(), /^forge to client RST,ACK sport=80 dport=\d+ seq=\d+ ack=101$/)
      await poll(() => form.locator('h3').innerText(), (text) => /^Segment \d+ RST/.test(text), 'the new segment to be the chosen one')

      await press(button('New segment'))
      await field('base').waitFor()
      await field('base').selectOption({ index: 1 })
      assert.equal(await field('seq').inputValue(), '100')
      await field('seq').fill('90')
      assert.match(await box('seq').innerText(), /was 100/)
      await press(button('Put it on the wire'))
      await said(/You put SYN to the server/)
      assert.match(await last(), /^forge to server SYN .*seq=90 .*options="mss 1460"$/)
      await page.done()
    })

    test('the forms stay within the page, and fingers find what they need', async () => {
      const { page, button, field, box, form } = await open(options)
      await press(button('Edit'))
      await field('seq').waitFor()
      await press(box('seq').locator('.tobits'))
      for (const kind of ['sack', 'tfo', 'unknown', 'raw']) {
        await form.locator('.addopt select').selectOption(kind)
        await press(form.locator('.addopt button'))
      }
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth > innerWidth), false, 'no horizontal scrolling')
      const least = 'hasTouch' in options ? 44 : 24
      const small = await form.locator('tcp-edit :is(button, input, select, summary)').evaluateAll((all, least) => all.flatMap((e) => {
        const box = (e instanceof HTMLInputElement && e.type === 'radio' ? e.closest('label') ?? e : e).getBoundingClientRect()
        return box.height < least || box.width < 24 ? [`${e.className} ${e.getAttribute('name')} ${Math.round(box.width)} × ${Math.round(box.height)}`] : []
      }), least)
      assert.deepEqual(small, [])
      await page.done()
    })
  })
}

test('nothing is wrong for assistive technology in the forms', async () => {
  const { page, button, field, form, sim } = await open()
  await button('Edit').click()
  await field('ack').fill('99999999999')
  await field('ack').press('Alt+ArrowDown')
  await form.getByRole('button', { name: 'RST, reset' }).click()
  await button('Send changes').click()
  await sound(page, 'mistakes')
  await page.keyboard.press('Escape')
  await page.keyboard.press('Escape')
  await button('New segment').click()
  await field('base').waitFor()
  await form.locator('summary').first().click()
  await sound(page, 'a new segment')
  await page.keyboard.press('Escape')
  await sim.locator('.handle').waitFor()
  await sound(page, 'the handle')
  await page.done()
})

describe('by keyboard alone', () => {
  test('the bits of a field: there with Alt and Down, changed with Space, back with Escape', async () => {
    const { page, field, segment, focused, last, form } = await open()
    await segment(2).focus()
    await page.keyboard.press('e')
    await focused('seq')
    await page.keyboard.press('Alt+ArrowDown')
    await focused('bit 0, worth 2147483648')
    await page.keyboard.press('Space')
    assert.equal(await field('seq').inputValue(), String(2 ** 31 + 300))
    await page.keyboard.press('End')
    await focused('bit 31, worth 1')
    await page.keyboard.press('d') // no command for the segment
    await page.keyboard.press('Space')
    await page.keyboard.press('Escape')
    await focused('seq')
    assert.equal(await field('seq').inputValue(), String(2 ** 31 + 301))
    await page.keyboard.press('Enter')
    await form.locator('tcp-edit').waitFor({ state: 'detached' })
    assert.equal(await last(), `edit #2 seq=${2 ** 31 + 301}`)
    await page.done()
  })

  test('Escape leaves everything as it was, and the focus goes back', async () => {
    const { page, segment, focused, lines, field, form } = await open()
    await segment(2).focus()
    await page.keyboard.press('e')
    await focused('seq')
    await page.keyboard.type('5')
    await page.keyboard.press('Escape')
    await form.locator('tcp-edit').waitFor({ state: 'detached' })
    assert.ok(await segment(2).evaluate((e) => e === document.activeElement))
    await page.keyboard.press('n')
    await focused('base')
    await page.keyboard.press('Escape')
    assert.equal(await field('base').count(), 0)
    assert.deepEqual(await lines(), [])
    await page.done()
  })

  test('a segment is forged', async () => {
    const { page, focused, segment, last, said, field } = await open()
    await segment(2).focus()
    await page.keyboard.press('n')
    await focused('base')
    await page.keyboard.press('Tab') // to whom
    await page.keyboard.press('ArrowLeft')
    await field('seq').focus()
    await page.keyboard.press('Control+a')
    await page.keyboard.type('7')
    await page.keyboard.press('Enter')
    await said(/You put SYN-ACK to the client/)
    assert.match(await last(), /^forge to client SYN,ACK .*seq=7 ack=101$/)
    await page.done()
  })

  test('Alt and an arrow let it change places with its neighbour', async () => {
    const { page, segment, last, said } = await open()
    await segment(2).focus()
    await page.keyboard.press('Alt+ArrowDown')
    await said(/No other segment to the client arrives after segment 2/)
    await page.keyboard.press('u')
    await page.keyboard.press('Enter')
    await said(/You duplicated segment 2/)
    await segment(2).focus()
    await page.keyboard.press('Enter')
    await page.keyboard.press('Alt+ArrowDown')
    await said(/Segment 2 now arrives behind segment 3/)
    assert.equal(await last(), 'delay #2 11ms')
    await page.keyboard.press('Alt+ArrowUp')
    await said(/Segment 2 now arrives before segment 3, which was held up/)
    assert.equal(await last(), 'delay #3 2ms')
    await page.done()
  })
})

describe('dragging', () => {
  test('by mouse the head goes down and the segment comes later; Escape leaves it', async () => {
    const { page, head, lines, sim, said } = await open()
    const at = await head()
    const take = async () => {
      await page.mouse.move(at.x, at.y)
      await page.mouse.down()
      await page.mouse.move(at.x + 3, at.y + 20)
      await page.mouse.move(at.x + 3, at.y + 40)
    }
    await take()
    assert.match((await sim.locator('.dragging').textContent()) ?? '', /arrives at \d+ ms/)
    await page.keyboard.press('Escape')
    assert.equal(await sim.locator('.dragging').count(), 0)
    await page.mouse.up()
    assert.deepEqual(await lines(), [])
    await take()
    await page.mouse.up()
    await said(/You delayed segment 2/)
    assert.match((await lines())[0] ?? '', /^delay #2 \d+ms$/)
    await page.done()
  })

  test('to before its neighbour: that one waits', async () => {
    const { page, button, segment, head, sim, said, lines } = await open()
    await button('Duplicate').click()
    await page.keyboard.press('Enter')
    await said(/You duplicated segment 2/)
    await segment(3).click()
    const at = await head(), other = await segment(2).boundingBox()
    assert.ok(other)
    await page.mouse.move(at.x, at.y)
    await page.mouse.down()
    await page.mouse.move(at.x, at.y - 20)
    await page.mouse.move(at.x, at.y - 60)
    assert.match((await sim.locator('.dragging').textContent()) ?? '', /2 arrives at \d+ ms/)
    await page.mouse.up()
    await said(/Segment 3 now arrives before segment 2, which was held up/)
    assert.equal((await lines()).at(-1), 'delay #2 11ms')
    await page.done()
  })

  test('a pill is dragged as well, and a click still chooses', async () => {
    const { page, segment, lines, said, sim } = await open()
    await segment(3).click()
    assert.match(await sim.locator('tcp-header h3').innerText(), /^Segment 3/)
    await segment(2).scrollIntoViewIfNeeded()
    const box = await segment(2).boundingBox()
    assert.ok(box)
    await page.mouse.move(box.x + 20, box.y + 20)
    await page.mouse.down()
    await page.mouse.move(box.x + 20, box.y + 40)
    await page.mouse.move(box.x + 20, box.y + 70)
    await page.mouse.up()
    await said(/You delayed segment 2/)
    assert.equal((await lines()).length, 1)
    await page.done()
  })

  test('by finger the head goes along time; a finger on anything else scrolls the page', async () => {
    const { page, head, lines, said, segment } = await open(phone)
    const at = await head(), cdp = await page.context().newCDPSession(page)
    const touch = async (/** @type {{ x: number, y: number }} */ from, /** @type {number} */ dy) => {
      await cdp.send('Input.dispatchTouchEvent', { type: 'touchStart', touchPoints: [from] })
      for (const part of [0.25, 0.5, 0.75, 1]) await cdp.send('Input.dispatchTouchEvent', { type: 'touchMove', touchPoints: [{ x: from.x, y: from.y + dy * part }] })
      await cdp.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] })
    }
    const scrolled = () => page.evaluate(() => scrollY)
    const before = await scrolled()
    const pill = await segment(2).boundingBox()
    assert.ok(pill)
    await touch({ x: pill.x + 30, y: pill.y + 15 }, -120)
    await poll(scrolled, (y) => y > before + 50, 'a page that scrolled')
    assert.deepEqual(await lines(), [], 'nothing was dragged')
    const there = await head(), still = await scrolled()
    await touch(there, 60)
    await said(/You delayed segment 2/)
    assert.equal(await scrolled(), still, 'the page stood still')
    assert.ok(at)
    await page.done()
  })
})
