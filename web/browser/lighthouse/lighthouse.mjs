// What Lighthouse says of a lesson's page on a phone: accessibility, best practices and SEO must be 100 and nothing may move
// while it loads; performance is printed only, for it depends on what else the machine does. Run it by "make lighthouse".
import lighthouse from 'lighthouse'
import { freePort, startBrowser, startLab } from '../e2e/lab.mjs'

const PATHS = ['lessons/lost-segments']
const MUST = ['accessibility', 'best-practices', 'seo']
const MOST_SHIFT = 0.02

const port = await freePort()
const lab = await startLab()
const chrome = await startBrowser([`--remote-debugging-port=${port}`])
try {
  for (const path of PATHS) {
    const result = await lighthouse(lab.url + path, { port, logLevel: 'error', onlyCategories: ['performance', ...MUST] })
    if (!result) throw new Error(`Lighthouse has nothing to say of /${path}`)
    const { categories, audits, runtimeError } = result.lhr
    if (runtimeError) throw new Error(runtimeError.message)
    const shift = audits['cumulative-layout-shift']?.numericValue ?? NaN
    console.log(`/${path}`)
    for (const { id, title, score } of Object.values(categories)) {
      const points = Math.round((score ?? 0) * 100)
      console.log(`  ${title}: ${points}`)
      if (MUST.includes(id) && points < 100) process.exitCode = 1
    }
    console.log(`  Cumulative layout shift: ${shift.toFixed(3)}`)
    for (const id of ['first-contentful-paint', 'largest-contentful-paint', 'total-blocking-time', 'speed-index']) console.log(`  ${audits[id]?.title}: ${audits[id]?.displayValue}`)
    if (!(shift <= MOST_SHIFT)) process.exitCode = 1
    const bad = Object.values(categories).flatMap((c) => c.auditRefs.filter((r) => r.weight > 0).map((r) => audits[r.id])).filter((a) => a && a.score !== null && a.score < 0.9)
    for (const a of new Set(bad)) console.log(`  less than it could be: ${a?.title}${a?.displayValue ? ` (${a.displayValue})` : ''}`)
  }
} finally {
  await chrome.close()
  await lab.stop()
}
