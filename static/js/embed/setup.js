// What the address of a frame says about its simulator. The server has checked it. This must be read before the simulator comes
// to life, so it is a module of its own.
const query = new URLSearchParams(location.search);
const sim = /** @type {HTMLElement | null} */ (document.querySelector('tcp-sim'));
for (const name of ['at', 'ahead']) {
  const value = query.get(name);
  if (sim && value !== null) sim.dataset[name] = value;
}
