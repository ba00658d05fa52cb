// The style sheets hold to the house's rules: raw colours in tokens.css alone, directions that follow the writing, and
// colours that can be told apart and read by everybody.
import assert from 'node:assert/strict'
import { readFileSync, readdirSync } from 'node:fs'
import { test } from 'node:test'

const folder = new URL('../../../static/css/', import.meta.url)
/** @param {string} name */
const read = (name) => readFileSync(new URL(name, folder), 'utf8')
const sheets = readdirSync(folder, { recursive: true }).map((name) => String(name)).filter((name) => name.endsWith('.css'))
/** @param {string} css without comments and quoted text, lines kept */
const bare = (css) => css.replace(/\/\*[^]*?\*\/|"[^"\n]*"|url\([^)]*\)/g, (s) => s.replace(/[^\n]/g, ' '))

/** @param {string} css @param {RegExp} pattern */
function places(css, pattern) {
  return bare(css).split('\n').flatMap((line, i) => [...line.matchAll(pattern)].map((m) => `line ${i + 1}: ${m[0].trim()}`))
}

for (const name of sheets.filter((sheet) => sheet !== 'tokens.css')) {
  test(`${name} has no raw colour`, () => {
    // The veil behind a dialog is black in every theme.
    const found = places(read(name).replace('::backdrop { background: rgb(0 0 0 / .45) }', ''), /#[0-9a-f]{3,8}\b(?![^{}]*\{)|\b(rgb|hsl|oklch|oklab|lab|lch)a?\(/gi)
    assert.deepEqual(found, [], `static/css/${name} must take its colours from tokens.css`)
  })
  test(`${name} follows the direction of the writing`, () => {
    const found = places(read(name), /(?<![-.\w])((margin|padding|border|inset|scroll-margin|scroll-padding)-(left|right|top|bottom)\b|(left|right|top|bottom)\s*:|text-align:\s*(left|right)|float:\s*(left|right))/g)
    assert.deepEqual(found, [], `static/css/${name}: write inset-inline-start, margin-inline-end, …`)
  })
  test(`${name} shouts nowhere`, () => assert.deepEqual(places(read(name), /!important/g), []))
}

// The sheets of the simulator's parts come when a part is first opened, and stay: what one of them says of a class counts for all.
test('no two parts of the simulator give a class of their own the same name', () => {
  /** @type {Record<string, string[]>} */
  const users = {}
  for (const name of sheets.filter((sheet) => sheet.startsWith('panels/') || ['hand.css', 'history.css', 'compare.css', 'take.css', 'embed.css'].includes(sheet))) {
    for (const [, own = ''] of new Map([...bare(read(name)).matchAll(/^  (\.[a-z][\w-]*)/gm)].map((m) => [m[1], [m[0], m[1]]])).values()) (users[own] ??= []).push(name)
  }
  assert.deepEqual(Object.entries(users).filter(([own, list]) => list.length > 1 && own !== '.ladder'), [])
})

/** @typedef {[number, number, number]} RGB linear, 0 to 1 */

/** @param {string} hex @returns {RGB} */
function linear(hex) {
  const n = Number.parseInt(hex.slice(1), 16)
  const one = (/** @type {number} */ v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
  return [one((n >> 16) / 255), one(((n >> 8) & 255) / 255), one((n & 255) / 255)]
}

const tokens = read('tokens.css')
/** @type {Record<string, Record<string, string>>} theme -> token -> hex */
const themes = { light: {}, dark: {}, projector: {} }
for (const [, name, light, dark] of tokens.matchAll(/--([\w-]+):\s*light-dark\((#[0-9A-F]{6}),\s*(#[0-9A-F]{6})\)/gi)) {
  themes.light[name] = light
  themes.dark[name] = dark
}
const projector = tokens.slice(tokens.indexOf('[data-theme="projector"]'))
Object.assign(themes.projector, themes.light)
for (const [, name, hex] of projector.matchAll(/--([\w-]+):\s*(#[0-9A-F]{6})/gi)) themes.projector[name] = hex

/** @param {string} a @param {string} b WCAG contrast ratio */
function contrast(a, b) {
  const [x, y] = [a, b].map((hex) => {
    const [r, g, bl] = linear(hex)
    return 0.2126 * r + 0.7152 * g + 0.0722 * bl
  }).sort((p, q) => q - p)
  return (x + 0.05) / (y + 0.05)
}

const surfaces = ['paper', 'surface', 'sunken', 'raised', 'code', 'syn-wash', 'ack-wash', 'loss-wash', 'now']
for (const [theme, token] of Object.entries(themes)) {
  test(`${theme}: text can be read on every surface`, () => {
    const bad = []
    for (const text of ['ink', 'ink-2', 'ink-3']) {
      for (const surface of surfaces) {
        // The third ink is for captions on plain ground.
        if (text === 'ink-3' && !['paper', 'surface', 'sunken', 'raised'].includes(surface)) continue
        const c = contrast(token[text], token[surface])
        if (c < 4.5) bad.push(`${text} on ${surface} ${c.toFixed(2)}`)
      }
    }
    for (const flag of ['syn', 'ack', 'fin', 'rst', 'psh', 'loss']) {
      for (const ground of ['paper', 'surface', 'on-flag']) {
        const c = contrast(token[flag], token[ground])
        if (c < 4.5) bad.push(`${flag} on ${ground} ${c.toFixed(2)}`)
      }
    }
    if (contrast(token['on-ink'], token.ink) < 4.5) bad.push('on-ink on ink')
    if (contrast(token.loss, token['loss-wash']) < 4.5) bad.push('loss on loss-wash')
    assert.deepEqual(bad, [])
  })
  test(`${theme}: the edges of controls can be seen`, () => {
    const bad = ['paper', 'surface', 'sunken', 'raised'].filter((s) => contrast(token.edge, token[s]) < 3)
    if (contrast(token['now-edge'], token.now) < 3) bad.push('now-edge on now')
    assert.deepEqual(bad, [])
  })
  test(`${theme}: the colours of the flags differ for everybody`, () => {
    const bad = []
    const flags = ['syn', 'ack', 'fin', 'rst', 'psh']
    for (const [kind, see] of Object.entries(vision)) {
      for (const [i, a] of flags.entries()) {
        for (const b of flags.slice(i + 1)) {
          const d = distance(oklab(see(linear(token[a]))), oklab(see(linear(token[b]))))
          if (d < 8) bad.push(`${a} and ${b}, ${kind}: ${d.toFixed(1)}`)
        }
      }
    }
    assert.deepEqual(bad, [])
  })
}

/** @param {number[][]} m @returns {(c: RGB) => RGB} */
function filter(m) {
  return (c) => /** @type {RGB} */ (m.map((row) => Math.min(1, Math.max(0, row[0] * c[0] + row[1] * c[1] + row[2] * c[2]))))
}
// Machado, Oliveira, Fernandes 2009, severity 1.0, in linear RGB.
const vision = {
  normal: (/** @type {RGB} */ c) => c,
  protan: filter([[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]),
  deutan: filter([[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]]),
  tritan: filter([[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]]),
}

/** @param {RGB} c */
function oklab([r, g, b]) {
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b)
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b)
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b)
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ]
}

/** @param {number[]} a @param {number[]} b */
const distance = (a, b) => 100 * Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2])
