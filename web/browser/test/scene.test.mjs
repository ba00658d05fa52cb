// The set-up as a form reads and writes it: what it does not touch stays as it was, to the letter.
import assert from 'node:assert/strict'
import { readFileSync, readdirSync } from 'node:fs'
import { describe, test } from 'node:test'
import { add, change, faultAt, range, read, setAddress, setHost, setListen, setPath, words } from '../../../static/js/scene/text.js'

const text = `title A "quoted" title # not a comment of ours
# who
client 192.0.2.1:54321 isn 100, 200 profile linux # first
server   isn 300

delay 50ms 80ms
rule drop 1st SYN-ACK
box nat timeout 60s
server listen backlog 4
delay SYN 20ms
rule drop every ACK
client send "a b # c"
`

describe('read', () => {
  const s = read(text)
  test('finds the words of the set-up', () => {
    assert.equal(s.hosts.client.address?.value, '192.0.2.1:54321')
    assert.equal(s.hosts.client.settings.get('isn')?.value, '100, 200')
    assert.equal(s.hosts.client.settings.get('profile')?.value, 'linux')
    assert.equal(s.hosts.server.address, null)
    assert.equal(s.hosts.server.settings.get('isn')?.value, '300')
    assert.equal(s.path.get('delay')?.value, '50ms 80ms')
    assert.deepEqual(s.boxes.map((b) => b.value), ['nat timeout 60s'])
    assert.deepEqual(s.rules.map((r) => r.value), ['drop 1st SYN-ACK'], 'a rule behind the first action is none of the set-up')
    assert.equal(s.listen?.backlog?.value, '4')
    assert.equal(s.end, 8)
  })
  test('quotes, comments and numbers of segments are words as the language has them', () => {
    assert.deepEqual(words('client send "a b # c" # x').map((w) => w.text), ['client', 'send', '"a b # c"'])
    assert.deepEqual(words('drop #5').map((w) => w.text), ['drop', '#5'])
    assert.deepEqual(words('edit #3 payload="GET /" seq=5').map((w) => w.text), ['edit', '#3', 'payload="GET /"', 'seq=5'])
    assert.deepEqual(words('#5 is a comment here'), [])
    assert.deepEqual(words('send "open'), words('send "open').slice(0, 2))
  })
})

describe('write', () => {
  test('changes one word', () => {
    assert.equal(setHost(text, 'client', 'profile', 'rfc9293'), text.replace('profile linux', 'profile rfc9293'))
    assert.equal(setHost(text, 'client', 'isn', '7'), text.replace('100, 200', '7'))
    assert.equal(setAddress(text, 'client', '[2001:db8::1]:9'), text.replace('192.0.2.1:54321', '[2001:db8::1]:9'))
    assert.equal(setPath(text, 'delay', '1s'), text.replace('50ms 80ms', '1s'))
    assert.equal(setListen(text, '1'), text.replace('backlog 4', 'backlog 1'))
  })
  test('adds a word before the comment', () => {
    assert.equal(setHost(text, 'client', 'mss', '536'), text.replace('profile linux #', 'profile linux mss 536 #'))
    assert.equal(setAddress(text, 'server', '192.0.2.2:80'), text.replace('server   isn', 'server 192.0.2.2:80   isn'))
  })
  test('forgets a word, and a line that says nothing any more', () => {
    assert.equal(setHost(text, 'client', 'isn', ''), text.replace(' isn 100, 200', ''))
    assert.equal(setHost(text, 'server', 'isn', ''), text.replace('server   isn 300\n', ''))
    assert.equal(setPath(text, 'delay', ''), text.replace('delay 50ms 80ms\n', ''))
    assert.equal(setListen(text, ''), text.replace(' backlog 4', ''))
    assert.equal(setListen(text, null), text.replace('server listen backlog 4\n', ''))
    assert.equal(change(text, read(text).rules[0] ?? assert.fail(), ''), text.replace('rule drop 1st SYN-ACK\n', ''))
  })
  test('adds a line to the end of the set-up', () => {
    assert.equal(setPath(text, 'loss', '10%'), text.replace('timeout 60s\n', 'timeout 60s\nloss 10%\n'))
    assert.equal(add(text, 'box', 'syn-proxy'), text.replace('timeout 60s\n', 'timeout 60s\nbox syn-proxy\n'))
    assert.equal(add(text, 'rule', 'drop 1st SYN'), text.replace('timeout 60s\n', 'timeout 60s\nrule drop 1st SYN\n'))
  })
  test('begins with nothing', () => {
    let t = ''
    t = setHost(t, 'server', 'isn', '5')
    t = setHost(t, 'client', 'profile', 'linux')
    t = setPath(t, 'delay', '10ms')
    t = setListen(t, '8')
    assert.equal(t, 'client profile linux\nserver isn 5\ndelay 10ms\nserver listen backlog 8\n')
    assert.equal(setListen('client connect', ''), 'server listen\nclient connect')
  })
})

test('to set and to forget again leaves every scenario of the gallery as it was', () => {
  const folder = new URL('../../../lessons/gallery/', import.meta.url)
  const files = readdirSync(folder, { recursive: true }).map(String).filter((f) => f.endsWith('.lab'))
  assert.ok(files.length >= 30)
  for (const file of files) {
    const source = readFileSync(new URL(file, folder), 'utf8'), scene = read(source)
    for (const host of /** @type {const} */ (['client', 'server'])) {
      for (const name of ['isn', 'profile', 'mss', 'window']) {
        const old = scene.hosts[host].settings.get(name)?.value ?? ''
        assert.equal(setHost(setHost(source, host, name, '77'), host, name, old), source, `${file}: ${host} ${name}`)
      }
      const address = scene.hosts[host].address?.value ?? ''
      assert.equal(setAddress(setAddress(source, host, '192.0.2.9:9'), host, address), source, `${file}: ${host}`)
    }
    for (const name of ['delay', 'jitter', 'loss', 'mtu', 'seed']) {
      const old = scene.path.get(name)?.value ?? ''
      assert.equal(setPath(setPath(source, name, '9'), name, old), source, `${file}: ${name}`)
    }
    const listens = scene.listen
    if (listens) assert.equal(setListen(setListen(source, '9'), listens.backlog?.value ?? ''), source, `${file}: backlog`)
    const more = add(source, 'rule', 'drop 1st SYN')
    assert.equal(change(more, read(more).rules.at(-1) ?? assert.fail(), ''), source, `${file}: a rule`)
  }
})

test('a fault is found at its place, whatever the characters before it', () => {
  const t = 'note 𝒳 é\nclient mss 99999 # é\n'
  assert.deepEqual(range(t, { line: 1, col: 8, endCol: 9 }), { line: 0, from: 8, to: 9, start: 0 })
  assert.deepEqual(range(t, { line: 9, col: 1 }), { line: 2, from: 0, to: 0, start: t.length })
  const mss = read(t).hosts.client.settings.get('mss')
  assert.equal(faultAt(t, [{ line: 2, col: 12, endCol: 17 }], mss)?.col, 12)
  assert.equal(faultAt(t, [{ line: 2, col: 1, endCol: 7 }], mss), undefined)
})
