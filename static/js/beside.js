// A simulator stands beside long prose and stays in sight. One that is taller than the window moves with the page until its
// lower end is reached on the way down, and until its upper end is reached on the way up; there it sticks. The style sheet
// does the sticking, at both ends at once, so that nothing jumps however far one scrolls; this module says, when the direction
// changes, from where the simulator moves with the page.

/** The simulators by their boxes, and which way the page goes. @type {Map<HTMLElement, { sim: HTMLElement, way: 'down' | 'up' }>} */
const boxes = new Map()
const margin = 16

/** @param {HTMLElement} box @param {'down' | 'up'} way @param {number} offset of the simulator from the upper end of its box */
function stick(box, way, offset) {
  const there = boxes.get(box)
  if (there) there.way = way
  box.style.setProperty('--offset', `${Math.max(0, offset)}px`)
}

/** @param {HTMLElement} sim */
const tall = (sim) => sim.offsetHeight + 2 * margin > innerHeight

/** @param {HTMLElement} box with a simulator, as long as the prose beside it */
export function keepBeside(box) {
  const sim = box.firstElementChild
  if (!(sim instanceof HTMLElement)) return
  boxes.set(box, { sim, way: 'down' })
  box.dataset.stick = ''
  measure.observe(sim)
}

/** Brings the upper end of a simulator into sight. @param {HTMLElement} box @returns {boolean} false where simulators do not stick, or this one not here */
export function showBeside(box) {
  const sim = boxes.get(box)?.sim
  const { top, bottom, height } = box.getBoundingClientRect()
  if (!sim || getComputedStyle(sim).position !== 'sticky' || top > innerHeight / 2 || bottom < innerHeight / 2) return false
  stick(box, tall(sim) ? 'up' : 'down', tall(sim) ? Math.min(margin - top, height - sim.offsetHeight) : 0)
  return true
}

const measure = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    if (target instanceof HTMLElement) target.style.setProperty('--tall', `${target.offsetHeight}px`)
  }
})

let last = scrollY
addEventListener(
  'scroll',
  () => {
    if (scrollY === last) return
    const way = scrollY > last ? 'down' : 'up'
    last = scrollY
    for (const [box, { sim, way: before }] of boxes) {
      if (before === way) continue
      stick(box, way, tall(sim) ? sim.getBoundingClientRect().top - box.getBoundingClientRect().top : 0)
    }
  },
  { passive: true },
)
