// One's own progress: prints a recovery code, and takes out of this browser what its owner wants forgotten.
import { PREFIX, waiting } from './attempts.js'

const KEYS = ['lab.progress', 'lab.tickets', 'lab.seed', 'lab.passport']

// The server says by a cookie that it was asked to forget this browser; a link alone can do nothing.
if (/(?:^|; )lab_forget=1/.test(document.cookie)) {
  try {
    for (const key of Object.keys(localStorage)) if (KEYS.includes(key) || key.startsWith(PREFIX)) localStorage.removeItem(key)
  } catch {
    // nothing was stored
  }
  const gone = `lab_forget=; Max-Age=0; Path=${document.documentElement.dataset.base ?? '/'}`
  document.cookie = gone
  document.cookie = `${gone}; Secure; SameSite=None; Partitioned` // where the lab stands in a frame of another site
}

document.getElementById('print')?.addEventListener('click', () => print())
document.getElementById('code')?.focus()

const place = document.getElementById('unsaved'), n = waiting().length
if (place && n && document.querySelector('main[data-kept]')) {
  place.textContent = (document.body.dataset.unsaved ?? '').replace('{n}', String(n))
  place.hidden = false
}
