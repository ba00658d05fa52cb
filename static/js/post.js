// Asking the lab something about a lesson.
import { t } from './sim/sentence.js'

const base = document.documentElement.dataset.base ?? '/'

/** What the server has to say about a question that it cannot answer. */
export class Refused extends Error {}

/** @param {string} what @param {object} question @returns {Promise<any>} */
export async function post(what, question) {
  const answer = await fetch(`${base}api/${what}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(question),
  })
  const body = await answer.json()
  if (!answer.ok) throw new Refused(body.message ?? t('lesson.status', { n: answer.status }))
  return body
}
