// A classic script in the head, before the first paint: it sets the theme that the reader chose, so that no page flashes
// in another one, and marks the root as having scripts. app.js does everything else about themes.
(() => {
  const root = document.documentElement
  root.classList.add('js')
  let theme = null
  try {
    theme = new URLSearchParams(location.search).get('theme') ?? localStorage.getItem('lab.theme')
  } catch {
    // storage may be forbidden: the system's theme then
  }
  if (theme === 'light' || theme === 'dark' || theme === 'projector') root.dataset.theme = theme
})()
