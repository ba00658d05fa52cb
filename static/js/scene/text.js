// The set-up of a scenario as a form reads and writes it. The text is the truth: a change touches the words that it is about and
// leaves everything else, comments and blanks too, as it was written. What is wrong with a text is for the server to say.

/** @typedef {{ line: number, from: number, to: number, value: string }} Place a piece of a line: its number from 0, its range, its text */
/** @typedef {{ line: number, address: Place | null, settings: Map<string, Place> }} HostWords line: the first one about the host, -1 for none */
/**
 * @typedef {object} Scene
 * @property {{ client: HostWords, server: HostWords }} hosts
 * @property {Map<string, Place>} path what stands behind delay, jitter, loss, mtu and the like
 * @property {Place[]} boxes what stands behind "box"
 * @property {Place[]} rules what stands behind "rule"
 * @property {{ line: number, backlog: Place | null } | null} listen the server's first listen
 * @property {number} end the number of the first line that is an action
 */
/** @typedef {'client' | 'server'} HostName */
/** @typedef {{ text: string, from: number, to: number }} Token */

/** Behind the name of a host these are calls; everything else is a setting. */
const CALLS = ['listen', 'connect', 'accept', 'send', 'recv', 'shutdown', 'close', 'abort', 'set', 'get', 'socket', 'bind'];
/** Lines of the path that stand at most once. */
const PATH = ['delay', 'jitter', 'loss', 'reorder', 'duplicate', 'seed', 'mtu'];

/** The words of a line, without its comment. @param {string} line @returns {Token[]} */
export function words(line) {
  /** @type {Token[]} */
  const list = [];
  const word = /(?:[^\s"]*"(?:\\.|[^"\\])*"?|\S)[^\s]*/gu;
  for (let m = word.exec(line); m; m = word.exec(line)) {
    if (m[0].startsWith('#') && (!list.length || !/^#\d/.test(m[0]))) break;
    list.push({ text: m[0], from: m.index, to: m.index + m[0].length });
  }
  return list;
}

/** Whether a line belongs to the set-up. Titles, notes, comments and blanks may stand anywhere. @param {Token[]} w */
function isSetup(w) {
  const verb = w[0]?.text.toLowerCase() ?? '', next = w[1]?.text ?? '';
  if (!verb || verb === 'title' || verb === 'note') return true;
  if (verb === 'client' || verb === 'server') return !CALLS.includes(next.toLowerCase());
  // "delay 50ms" is the path, "delay SYN 50ms" something that is done to a segment; likewise "duplicate 1%"
  if (verb === 'delay' || verb === 'duplicate') return /^\d/.test(next);
  return PATH.includes(verb) || verb === 'rule' || verb === 'box';
}

/** Where words stand, as one piece. @param {number} line @param {string} source @param {Token[]} w @returns {Place} */
function piece(line, source, w) {
  const from = w[0]?.from ?? source.length, to = w.at(-1)?.to ?? source.length;
  return { line, from, to, value: source.slice(from, to) };
}

/** What a text sets up. @param {string} text @returns {Scene} */
export function read(text) {
  const lines = text.split('\n');
  /** @type {Scene} */
  const scene = {
    hosts: { client: { line: -1, address: null, settings: new Map() }, server: { line: -1, address: null, settings: new Map() } },
    path: new Map(), boxes: [], rules: [], listen: null, end: lines.length,
  };
  lines.forEach((source, n) => {
    const w = words(source), verb = w[0]?.text.toLowerCase() ?? '';
    if (scene.end === lines.length && !isSetup(w)) scene.end = n;
    if (verb === 'server' && w[1]?.text.toLowerCase() === 'listen' && !scene.listen) {
      const at = w.findIndex((x) => x.text.toLowerCase() === 'backlog');
      scene.listen = { line: n, backlog: at > 0 ? piece(n, source, w.slice(at + 1, at + 2)) : null };
    }
    if (n >= scene.end) return;
    if (verb === 'client' || verb === 'server') readHost(scene.hosts[verb], n, source, w);
    else if (verb === 'box') scene.boxes.push(piece(n, source, w.slice(1)));
    else if (verb === 'rule') scene.rules.push(piece(n, source, w.slice(1)));
    else if (PATH.includes(verb) && !scene.path.has(verb)) scene.path.set(verb, piece(n, source, w.slice(1)));
  });
  return scene;
}

/** @param {HostWords} host @param {number} n @param {string} source @param {Token[]} w */
function readHost(host, n, source, w) {
  if (host.line < 0) host.line = n;
  let i = 1;
  if (/^[\d[]|[.:]/.test(w[1]?.text ?? '')) {
    host.address ??= piece(n, source, w.slice(1, 2));
    i = 2;
  }
  while (i < w.length) {
    const name = w[i]?.text.toLowerCase() ?? '';
    let end = i + 2;
    // the numbers of isn may have blanks between them
    while (name === 'isn' && w[end - 1]?.text.endsWith(',') && w[end]) end++;
    if (!host.settings.has(name)) host.settings.set(name, piece(n, source, w.slice(i + 1, end)));
    i = end;
  }
}

/** A text with one line changed; null takes the line out. @param {string} text @param {number} n @param {string | null} line */
function withLine(text, n, line) {
  const lines = text.split('\n');
  if (line === null) lines.splice(n, 1);
  else lines[n] = line;
  return lines.join('\n');
}

/** @param {string} text @param {Place} at @param {string} value */
const replaced = (text, at, value) => withLine(text, at.line, lineOf(text, at.line).slice(0, at.from) + value + lineOf(text, at.line).slice(at.to));

/** @param {string} text @param {number} n */
const lineOf = (text, n) => text.split('\n')[n] ?? '';

/** Puts a line before line n. A text without its last line end gets one. @param {string} text @param {number} n @param {string} line */
function inserted(text, n, line) {
  const lines = text === '' ? [''] : text.split('\n');
  if (n >= lines.length && lines.at(-1) !== '') lines.push('');
  lines.splice(Math.min(n, lines.length - (lines.at(-1) === '' ? 1 : 0)), 0, line);
  return lines.join('\n');
}

/** Where a line about a host that is not mentioned yet belongs: behind the title, the notes and the comments at the top. @param {string} text @param {Scene} scene @param {HostName} host */
function placeOfHost(text, scene, host) {
  if (host === 'server' && scene.hosts.client.line >= 0) return scene.hosts.client.line + 1;
  const lines = text.split('\n');
  let n = 0;
  while (n < scene.end) {
    const verb = words(lines[n] ?? '')[0]?.text.toLowerCase();
    if (verb && verb !== 'title' && verb !== 'note') break;
    n++;
  }
  // a blank line at the end is not the top of anything
  while (n > 0 && (lines[n - 1] ?? '').trim() === '') n--;
  return n;
}

/** Where the next line of the set-up belongs. @param {string} text @param {Scene} scene */
function placeOfPath(text, scene) {
  const lines = text.split('\n');
  let n = scene.end;
  while (n > 0 && !words(lines[n - 1] ?? '').length) n--;
  return n;
}

/** A line with more words, before its comment. @param {string} line @param {string} more */
function append(line, more) {
  const at = words(line).at(-1)?.to ?? 0;
  return `${line.slice(0, at)} ${more}${line.slice(at)}`;
}

/** Sets or, with '', forgets the address of a host. @param {string} text @param {HostName} host @param {string} value */
export function setAddress(text, host, value) {
  const scene = read(text), h = scene.hosts[host];
  if (h.address) return value ? replaced(text, h.address, value) : tidy(replaced(text, { ...h.address, from: h.address.from - 1 }, ''), h.address.line);
  if (!value) return text;
  if (h.line < 0) return inserted(text, placeOfHost(text, scene, host), `${host} ${value}`);
  const line = lineOf(text, h.line), at = words(line)[0]?.to ?? host.length;
  return withLine(text, h.line, `${line.slice(0, at)} ${value}${line.slice(at)}`);
}

/** Sets or, with '', forgets a setting of a host. @param {string} text @param {HostName} host @param {string} name @param {string} value */
export function setHost(text, host, name, value) {
  const scene = read(text), h = scene.hosts[host], at = h.settings.get(name);
  if (at) {
    if (value) return replaced(text, at, value);
    const line = lineOf(text, at.line), before = words(line).findLast((w) => w.to <= at.from);
    // with the blanks before its name
    const from = line.slice(0, before?.from ?? at.from).trimEnd().length;
    return tidy(withLine(text, at.line, line.slice(0, from) + line.slice(at.to)), at.line);
  }
  if (!value) return text;
  if (h.line < 0) return inserted(text, placeOfHost(text, scene, host), `${host} ${name} ${value}`);
  return withLine(text, h.line, append(lineOf(text, h.line), `${name} ${value}`));
}

/** Takes a line out that says no more than the name of a host. @param {string} text @param {number} n */
function tidy(text, n) {
  const line = lineOf(text, n), w = words(line);
  return w.length === 1 && line.trim() === w[0]?.text ? withLine(text, n, null) : text;
}

/** Sets or, with '', forgets a line of the path. @param {string} text @param {string} name @param {string} value */
export function setPath(text, name, value) {
  const scene = read(text), at = scene.path.get(name);
  if (at) return value ? replaced(text, at, value) : withLine(text, at.line, null);
  return value ? inserted(text, placeOfPath(text, scene), `${name} ${value}`) : text;
}

/** Adds a box or a rule to the path. @param {string} text @param {'box' | 'rule'} word @param {string} value */
export function add(text, word, value) {
  return inserted(text, placeOfPath(text, read(text)), `${word} ${value}`);
}

/** Changes a box or a rule, or, with '', takes it away. @param {string} text @param {Place} at @param {string} value */
export function change(text, at, value) {
  return value ? replaced(text, at, value) : withLine(text, at.line, null);
}

/**
 * Lets the server listen with a backlog, '' for that of the language; null: not at all.
 * @param {string} text @param {string | null} backlog
 */
export function setListen(text, backlog) {
  const scene = read(text), l = scene.listen;
  if (backlog === null) return l ? withLine(text, l.line, null) : text;
  if (!l) return inserted(text, scene.end, backlog ? `server listen backlog ${backlog}` : 'server listen');
  if (l.backlog) {
    if (backlog) return replaced(text, l.backlog, backlog);
    const line = lineOf(text, l.line), word = words(line).findLast((w) => w.to <= (l.backlog?.from ?? 0));
    return withLine(text, l.line, line.slice(0, (word?.from ?? 1) - 1) + line.slice(l.backlog.to));
  }
  return backlog ? withLine(text, l.line, append(lineOf(text, l.line), `backlog ${backlog}`)) : text;
}

/** The port of an address, "192.0.2.1:80" or "[2001:db8::1]:80". @param {string} address */
export const portOf = (address) => /:(\d+)$/.exec(address)?.[1] ?? '';

/**
 * Where a fault stands in the text, in UTF-16 units. Its columns count code points.
 * @param {string} text @param {{ line: number, col: number, endCol?: number }} fault
 */
export function range(text, { line, col, endCol = col }) {
  const lines = text.split('\n');
  const n = Math.min(Math.max(1, line), lines.length) - 1, source = [...(lines[n] ?? '')];
  const start = lines.slice(0, n).reduce((sum, l) => sum + l.length + 1, 0);
  /** @param {number} c */
  const at = (c) => source.slice(0, Math.max(0, c - 1)).join('').length;
  return { line: n, from: at(col), to: at(Math.max(endCol, col)), start };
}

/** The fault that is about a place, or undefined. @template {{ line: number, col: number, endCol?: number }} F @param {string} text @param {readonly F[]} faults @param {Place | null | undefined} at */
export function faultAt(text, faults, at) {
  if (!at) return undefined;
  return faults.find((f) => {
    const r = range(text, f);
    return f.line - 1 === at.line && r.from <= at.to && r.to >= at.from;
  });
}
