// The HTML with which a run is shown in somebody's page.
import { encode } from './share.js';

/** @param {string} text */
const escape = (text) => text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);

/**
 * @param {object} run
 * @param {string} run.base address of the lab, with a slash at the end
 * @param {string} run.text the run
 * @param {number} [run.at] where it opens, µs
 * @param {string} run.title what the frame is called
 * @param {number} run.height px
 * @param {boolean} run.auto with the script that follows the height of what is in the frame
 */
export async function snippet({ base, text, at = 0, title, height, auto }) {
  const src = `${base}embed#s=${await encode(text)}${at > 0 ? `&at=${Math.floor(at)}` : ''}`;
  const frame = `<iframe src="${escape(src)}" title="${escape(title)}" width="100%" height="${Math.ceil(height)}" loading="lazy" allow="clipboard-write; fullscreen"></iframe>`;
  return auto ? `${frame}\n<script async src="${escape(`${base}embed.js`)}"></script>` : frame;
}
