// Doubles for the network: a clock turned by hand, sockets that the test answers for the server.

export function clock() {
  let now = 0, next = 1;
  const due = new Map();
  return {
    later(f, ms) {
      due.set(next, { f, at: now + ms });
      return next++;
    },
    cancel: (id) => due.delete(id),
    waits: () => [...due.values()].map((d) => d.at - now).sort((a, b) => a - b),
    turn(ms) {
      const end = now + ms;
      for (;;) {
        const [id, first] = [...due].sort((a, b) => a[1].at - b[1].at)[0] ?? [];
        if (!first || first.at > end) break;
        due.delete(id);
        now = first.at;
        first.f();
      }
      now = end;
    },
  };
}

/** The network of a page: what it opened and sent, and the means to answer. */
export function network() {
  const c = clock(), sockets = [], posts = [];
  class Socket {
    constructor(url, protocol) {
      Object.assign(this, { url, protocol, sent: [], closed: false });
      sockets.push(this);
    }

    send(text) {
      this.sent.push(JSON.parse(text));
    }

    close() {
      this.closed = true;
    }

    /** @param {...object} frames from the server */
    give(...frames) {
      for (const f of frames) this.onmessage({ data: JSON.stringify(f) });
    }

    fail() {
      this.onclose();
    }
  }
  return {
    clock: c, sockets, posts,
    get socket() {
      return sockets.at(-1);
    },
    env: {
      url: 'ws://lab.example/ws', post: '/api/run', WebSocket: Socket, later: c.later, cancel: c.cancel, random: () => 0.5,
      fetch(url, init) {
        return new Promise((resolve, reject) => posts.push({ url, body: JSON.parse(init.body), answer: (frames) => resolve({ text: async () => frames.map((f) => JSON.stringify(f)).join('\n') }), fail: () => reject(new Error('no network')) }));
      },
    },
  };
}

export const welcome = { type: 'welcome', v: 1, engine: '1', limits: {} };

const wire = (from, seq, ack, flags) => ({
  src: from === 'client' ? '192.0.2.10:52431' : '198.51.100.20:80', dst: from === 'client' ? '198.51.100.20:80' : '192.0.2.10:52431', seq, ack, flags, window: 65535, urgent: 0, offset: 5, reserved: 0,
  checksum: 0, sumok: true, options: '', optionsHex: '', payload: '', len: flags.includes('SYN') ? 1 : 0, ttl: 64, ipid: 0, df: true, tos: 0,
});
export const SETUP = 'client 192.0.2.10:52431 isn 1000\nserver 198.51.100.20:80 isn 5000\ndelay 50ms\n';

/** A server of one handshake in the frames of the protocol: nodes 0 to 5. */
export function handshake(run, { digest = 'd1', re = 1, n = 0 } = {}) {
  const node = (id, parent, line, at, events) => ({ type: 'node', run, n: n + id, node: id, parent, line, at, events: events.map((e) => ({ n: 0, t: at, ...e })) });
  return [
    { type: 'run', run, n, node: 0, setup: SETUP, at: 0, profiles: ['rfc9293', 'rfc9293'], hosts: [{ addr: '192.0.2.10:52431', profile: 'rfc9293', synRoom: 1 }, { addr: '198.51.100.20:80', profile: 'rfc9293', synRoom: 1 }], events: [] },
    node(1, 0, 'server listen', 0, [{ kind: 'called', host: 'server', call: 'listen' }]),
    node(2, 1, 'client connect', 0, [{ kind: 'called', host: 'client', call: 'connect' }, { kind: 'state', host: 'client', conn: 1, from: 'CLOSED', to: 'SYN-SENT' }, { kind: 'sent', host: 'client', conn: 1, seg: 1, toward: 'server', due: 50000, wire: wire('client', 1000, 0, 'SYN') }]),
    node(3, 2, 'step', 50000, [{ kind: 'arrived', host: 'server', seg: 1 }, { kind: 'sent', host: 'server', conn: 1, seg: 2, toward: 'client', due: 100000, wire: wire('server', 5000, 1001, 'SYN,ACK') }]),
    node(4, 3, 'step', 100000, [{ kind: 'arrived', host: 'client', seg: 2 }, { kind: 'state', host: 'client', conn: 1, from: 'SYN-SENT', to: 'ESTABLISHED' }, { kind: 'sent', host: 'client', conn: 1, seg: 3, toward: 'server', due: 150000, wire: wire('client', 1001, 5001, 'ACK') }]),
    node(5, 4, 'step', 150000, [{ kind: 'arrived', host: 'server', seg: 3 }]),
    { type: 'done', run, n: n + 6, re, node: 2, last: 5, digest, quiet: true },
  ];
}

/** What comes of losing segment 2 at 75 ms on the run of handshake(): nodes 6 to 8. */
export function dropped(run, re, { digest = 'd2', n = 7 } = {}) {
  return [
    { type: 'node', run, n, node: 6, parent: 3, line: 'wait 25ms', at: 75000, events: [] },
    { type: 'node', run, n: n + 1, node: 7, parent: 6, line: 'drop #2', at: 75000, events: [{ n: 6, t: 75000, kind: 'lost', host: 'network', seg: 2, rule: 'lab:drop' }] },
    { type: 'node', run, n: n + 2, node: 8, parent: 7, line: 'step', at: 1050000, events: [{ n: 7, t: 1050000, kind: 'timer-fired', host: 'server', conn: 1, timer: 'retransmit' }, { n: 8, t: 1050000, kind: 'sent', host: 'server', conn: 1, seg: 4, toward: 'client', due: 1100000, wire: wire('server', 5000, 1001, 'SYN,ACK') }] },
    { type: 'done', run, n: n + 3, re, node: 7, last: 8, digest, quiet: true },
  ];
}

/** Lets promises settle. */
export const settled = () => new Promise((resolve) => setImmediate(resolve));
