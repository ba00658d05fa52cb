// Makes static/vendor and the fonts in static/fonts from the exact versions in package.json.
// What it writes is committed, so that the server needs no Node. `node vendor.mjs --check` writes nothing and fails
// when a committed file differs from what it would write.
import { createHash } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const here = dirname(fileURLToPath(import.meta.url))
const modules = join(here, 'node_modules')
const out = join(here, '../../static')

/** One ES module each; `entry` is bundled, `types` is what the type checker reads beside it. */
const bundles = [
  {
    file: 'vendor/lit.js',
    packages: ['lit', 'lit-html', 'lit-element', '@lit/reactive-element'],
    entry: `
export * from 'lit'
export { repeat } from 'lit/directives/repeat.js'
`,
  },
  {
    file: 'vendor/signals.js',
    packages: ['@preact/signals-core'],
    entry: `export * from '@preact/signals-core'\n`,
  },
  {
    file: 'vendor/codemirror.js', // of the page for authors only
    packages: [
      '@codemirror/state', '@codemirror/view', '@codemirror/commands', '@codemirror/language', '@lezer/markdown', '@lezer/highlight',
      // and what these are made of
      '@lezer/common', '@lezer/lr', '@marijn/find-cluster-break', 'crelt', 'style-mod', 'w3c-keyname',
    ],
    entry: `
export { EditorState, RangeSet, StateEffect, StateField } from '@codemirror/state'
export { Decoration, EditorView, GutterMarker, gutterLineClass, highlightActiveLine, keymap, lineNumbers } from '@codemirror/view'
export { defaultKeymap, history, historyKeymap } from '@codemirror/commands'
export { Language, defineLanguageFacet, syntaxHighlighting } from '@codemirror/language'
export { GFM, parser as markdown } from '@lezer/markdown'
export { classHighlighter, tags } from '@lezer/highlight'
`,
  },
]

const fonts = ['next', 'mono'].flatMap((family) =>
  ['latin', 'latin-ext'].map((subset) => ({
    file: `fonts/atkinson-hyperlegible-${family}-${subset}.woff2`,
    package: `@fontsource-variable/atkinson-hyperlegible-${family}`,
    source: `files/atkinson-hyperlegible-${family}-${subset}-wght-normal.woff2`,
  })),
)

/** @type {Map<string, Buffer>} path under static -> bytes */
const files = new Map()
/** @type {object[]} */
const listed = []
/** @type {Map<string, string>} package -> its licence text, in the order of use */
const licences = new Map()

/** @param {string} name */
async function about(name) {
  const { version, license } = JSON.parse(await readFile(join(modules, name, 'package.json'), 'utf8'))
  if (!licences.has(name)) licences.set(name, await readFile(join(modules, name, 'LICENSE'), 'utf8'))
  return { name, version, license }
}

/** @param {Uint8Array} bytes */
const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex')

for (const { file, packages, entry } of bundles) {
  const parts = []
  for (const name of packages) parts.push(await about(name)) // one after the other: LICENSES.txt keeps this order
  const what = parts.map((p) => `${p.name} ${p.version} (${p.license})`).join(', ')
  const { outputFiles } = await build({
    stdin: { contents: entry, resolveDir: here },
    bundle: true,
    format: 'esm',
    target: 'es2022',
    minify: true,
    legalComments: 'none',
    banner: { js: `// @ts-nocheck\n/*! ${what}. Licences: LICENSES.txt. Made by web/browser/vendor.mjs; do not edit. */` },
    write: false,
  })
  const bytes = Buffer.from(/** @type {any} */ (outputFiles[0]).contents)
  files.set(file, bytes)
  files.set(file.replace(/\.js$/, '.d.ts'), Buffer.from(`// Types of the bundle beside this file; made by web/browser/vendor.mjs.${entry.startsWith('\n') ? '' : '\n'}${entry}`))
  listed.push({ file, sha256: sha256(bytes), packages: parts })
}

for (const font of fonts) {
  const bytes = await readFile(join(modules, font.package, font.source))
  files.set(font.file, bytes)
  listed.push({ file: font.file, sha256: sha256(bytes), packages: [await about(font.package)] })
}
const ofl = [...licences].filter(([name]) => name.startsWith('@fontsource'))
files.set('fonts/OFL.txt', Buffer.from(ofl.map(([, text]) => text.trim() + '\n').join('\n\n')))
files.set('vendor/vendor.json', Buffer.from(JSON.stringify(listed, null, 2) + '\n'))
files.set(
  'vendor/LICENSES.txt',
  Buffer.from([...licences].map(([name, text]) => `==== ${name} ====\n\n${text.trim()}\n`).join('\n')),
)

const check = process.argv.includes('--check')
let stale = 0
for (const [file, bytes] of files) {
  const path = join(out, file)
  const old = await readFile(path).catch(() => null)
  if (old?.equals(bytes)) continue
  if (check) {
    stale++
    console.error(`static/${file} differs from the packages in package.json: run "npm run vendor" in web/browser`)
    continue
  }
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, bytes)
  console.log(`static/${file} ${bytes.length} bytes`)
}
process.exitCode = stale ? 1 : 0
