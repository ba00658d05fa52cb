// What the engine refuses, in the language of the page: the engine itself knows English.
import { has, more, t } from './sentence.js';

/** @import { ErrorFrame } from '../protocol.js' */

/** Codes whose words are about a class. */
const classes = ['forbidden', 'frozen', 'ended', 'stale', 'limit', 'room_full'];

/**
 * An error as a sentence for its learner. What stays English of it is in `english` too.
 * @param {ErrorFrame} e @param {boolean} shared of a run that a class shares @returns {Promise<ErrorFrame & { english?: string }>}
 */
export async function refused(e, shared = false) {
  if (!e.code || /^en\b/.test(globalThis.document?.documentElement.lang ?? 'en')) return e;
  await more();
  const key = `class.refused.${e.code}`, known = has(key) && (shared || !classes.includes(e.code));
  const english = known || !e.hint ? e.message : `${e.message} (${e.hint})`, message = t(known ? key : 'class.refused.otherwise', { message: english });
  return { ...e, message, english: message.includes(english) ? english : '', hint: undefined };
}
