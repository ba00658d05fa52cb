// A simulator stands beside long prose and stays in sight. One that is taller than the window moves with the page until its
// lower end is reached on the way down, and until its upper end is reached on the way up; there it sticks. The style sheet
// does the sticking (layout.css); this module tells it, when the direction changes, from where.

/** @type {Map<HTMLElement, 'down' | 'up'>} */
const boxes = new Map()
const margin = 16

/**
 * From where it is now, a box can be held only towards the end of the spread that its margin does not reserve: on the way
 * down the margin is above it, on the way up below.
 * @param {HTMLElement} box @param {'down' | 'up'} way @param {number} offset from the upper end of the spread
 */
function stick(box, way, offset) {
  const rest = way === 'down' ? offset : spread(box).height - offset - box.offsetHeight
  boxes.set(box, way)
  box.dataset.stick = way
  box.style.setProperty('--offset', `${Math.max(0, Math.round(rest))}px`)
}

/** Where the box begins inside its spread. @param {HTMLElement} box */
const offsetOf = (box) => box.getBoundingClientRect().top - spread(box).top
/** @param {HTMLElement} box */
const spread = (box) => /** @type {HTMLElement} */ (box.parentElement).getBoundingClientRect()
/** @param {HTMLElement} box */
const tall = (box) => box.offsetHeight + 2 * margin > innerHeight

/** @param {HTMLElement} box */
export function keepBeside(box) {
  stick(box, 'down', 0)
  measure.observe(box)
}

/** Brings the upper end of a box into sight. @param {HTMLElement} box @returns {boolean} false where boxes do not stick */
export function showBeside(box) {
  if (!boxes.has(box) || getComputedStyle(box).position !== 'sticky') return false
  const { top, height } = spread(box)
  stick(box, tall(box) ? 'up' : 'down', Math.min(Math.max(0, margin - top), height - box.offsetHeight))
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
    for (const [box, before] of boxes) {
      if (!tall(box)) {
        if (before === 'up') stick(box, 'down', 0)
      } else if (before !== way) stick(box, way, offsetOf(box))
    }
  },
  { passive: true },
)
