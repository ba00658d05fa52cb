// Style sheets that come late. They are adopted, not linked: with each link a browser lays out the whole page anew.

const sheet = (/** @type {string} */ name) => new URL(`${document.documentElement.dataset.static}css/${name}.css`, location.href).href

/** A style sheet of css/. @param {string} name */
export async function styles(name) {
  const answer = await fetch(sheet(name))
  if (!answer.ok) throw new Error(`${name}.css: ${answer.status}`)
  return new CSSStyleSheet().replace(await answer.text())
}

/** @type {Map<string, Promise<void>>} */
const adopted = new Map()

/** Adds a style sheet to the page, once. It resolves when the sheet counts. @param {string} name */
export function adopt(name) {
  let there = adopted.get(name)
  if (!there) {
    there = [...document.styleSheets].some((s) => s.href === sheet(name)) ? Promise.resolve() : styles(name).then((s) => void document.adoptedStyleSheets.push(s))
    adopted.set(name, there)
    there.catch(() => adopted.delete(name)) // the network may come back
  }
  return there
}
