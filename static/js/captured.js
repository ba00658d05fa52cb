// A capture of a lesson, in the simulator.
import { notice } from './sim/capture-notice.js'
import { Recorded } from './sim/recorded.js'
import { more } from './sim/sentence.js'

/** @import { TcpSim } from './sim/tcp-sim.js' */

await more()

for (const sim of /** @type {NodeListOf<TcpSim>} */ (document.querySelectorAll('tcp-sim[data-capture]'))) {
  const { capture = '', title = '', segments } = sim.dataset
  try {
    const answer = await fetch(capture)
    if (!answer.ok) continue // the finished diagram stays
    const replay = await answer.json()
    await sim.record(new Recorded(sim.link, replay, { title, profile: replay.frame.hosts[0].profile, segments: Number(segments) }, notice))
  } catch {
    // as above
  }
}
