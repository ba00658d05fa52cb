// The chips above the diagram: what the hosts and the path are like; and what a learner did, in a few words.
import { ms, parseTime, pathRule, t, time } from './sentence.js';

/** @import { LabEvent } from './model.js' */
/** @typedef {{ name: string, value: string }} Setting */

/**
 * What a learner should know of the set-up, in words.
 * @param {string} setup @param {readonly LabEvent[]} events @param {readonly [string, string]} profiles @returns {Setting[]}
 */
export function settings(setup, events, profiles) {
  /** @type {Setting[]} */
  const list = [];
  /** @param {string} word */
  const line = (word) => setup.split('\n').find((l) => l.startsWith(`${word} `))?.split(/\s+/).slice(1) ?? [];
  const [there, back = there] = line('delay');
  if (there) {
    const a = time(parseTime(there)), b = time(parseTime(back ?? there));
    list.push({ name: t('ui.delay'), value: a === b ? t('ui.delay.both', { d: a }) : t('ui.delay.two', { a, b }) });
  }
  const [client, server] = (/** @type {const} */ (['client', 'server'])).map((host) => {
    const rto = events.find((e) => e.host === host && e.vars?.rto)?.vars?.rto;
    return rto ? time(rto) : '';
  });
  if (client && client === server) list.push({ name: t('ui.rto.both'), value: t('ui.rto.both.value', { d: client }) });
  else {
    if (server) list.push({ name: t('ui.rto.server'), value: server });
    if (client) list.push({ name: t('ui.rto.client'), value: client });
  }
  const [a, b] = profiles;
  if (a !== 'rfc9293' || b !== 'rfc9293') list.push({ name: t('ui.profile'), value: a === b ? a : t('ui.profile.two', { a, b }) });
  const jitter = line('jitter')[0], loss = line('loss')[0];
  if (jitter) list.push({ name: t('ui.jitter'), value: time(parseTime(jitter)) });
  if (loss) list.push({ name: t('ui.loss'), value: loss });
  return list;
}

/** What stands on the path, in words, and from when to when. @param {import('./store.js').PathItem} item @returns {Setting} */
export function pathWords({ line, from, until }) {
  const [word = '', rest = ''] = [line.split(' ', 1)[0], line.slice(line.indexOf(' ') + 1)], what = word === 'rule' ? pathRule(rest) : rest;
  return { name: t(`ui.${word}`), value: until !== null ? t('ui.path.until', { what, a: ms(from), b: ms(until) }) : from ? t('ui.path.from', { what, a: ms(from) }) : what };
}

/**
 * What a learner did, in a few words: "Segment 2 dropped".
 * @param {string} line one line of the scenario language @param {string} [removed] the rule or the box that it took away
 */
export function actionWords(line, removed = '') {
  const on = /^(drop|hold|release|edit|delay|duplicate) #(\d+)(?: (?:after )?(\S+))?/.exec(line);
  if (on) return t(`action.${on[1]}`, { seg: on[2] ?? '', d: on[3] ? time(parseTime(on[3])) : '' });
  const rule = /^rule (.*)$/.exec(line);
  if (rule) return t('action.rule', { rule: pathRule(rule[1] ?? '') });
  const gone = /^un(rule|box) (\d+)$/.exec(line);
  if (gone) return t(`action.un${gone[1]}`, { rule: removed ? pathRule(removed.replace(/^box /, '')) : gone[2] ?? '' });
  if (/^(box|mtu) /.test(line)) return t('action.box', { box: line.replace(/^box /, '') });
  if (line.startsWith('forge ')) return t('action.forge');
  const call = /^(client|server) (.*)$/.exec(line);
  if (call) return t('action.call', { Host: t(`Host.${call[1]}`), call: call[2] ?? '' });
  return t('action.other', { line });
}

/** What a branch is called: by what made it. @param {import('./store.js').Branch | undefined} b */
export function branchName(b) {
  return !b || b.first || !b.line ? t('ui.branch.first') : t('ui.branch.name', { what: actionWords(b.line, b.rule), n: ms(b.at) });
}
