// What the palette puts into a lesson: a block of each kind that is right as it stands, to be changed.

/** The simulator that a block is about: the last one above the place, else the first one of the text. @param {string} text @param {number} at */
function simulator(text, at) {
  const ids = [...text.matchAll(/^```tcpsim \{#([a-z0-9-]+)/gm)];
  return (ids.filter((m) => m.index < at).at(-1) ?? ids[0])?.[1] ?? 'run';
}

/** A name that no block and no heading of the text has. @param {string} text @param {string} name */
function fresh(text, name) {
  const headings = [...text.matchAll(/^#+ (.*)$/gm)].map((m) => (m[1] ?? '').toLowerCase().replace(/[^a-z0-9]+/g, '-'));
  for (let i = 1; ; i++) {
    const id = i === 1 ? name : `${name}-${i}`;
    if (!headings.includes(id) && !text.includes(`{#${id} `) && !text.includes(`{#${id}}`)) return id;
  }
}

const HANDSHAKE = `client 192.0.2.10:52431 isn 1000
server 198.51.100.20:80 isn 5000
delay 50ms
server listen
client connect
step until quiet
`;

/** @type {Record<string, { name: string, body: (id: string, sim: string) => string }>} */
const BLOCKS = {
  tcpsim: { name: 'run', body: (id) => `tcpsim {#${id} title="A handshake"}\n${HANDSHAKE}` },
  predict: { name: 'what-next', body: (id, sim) => `predict {#${id} of=${sim} at=0ms}
Which segment is sent next?

ask: flags of next
right: Say why it is right.
wrong FIN: Say to somebody who thinks so what is wrong with it.
wrong RST: And here.
` },
  quiz: { name: 'question', body: (id) => `quiz {#${id}}
A question whose answer takes a thought?

- [x] The right answer.
  > Why it is right.
- [ ] A wrong one.
  > What is wrong with it.
` },
  'quiz-many': { name: 'questions', body: (id) => `quiz {#${id}}
Which of these are true?

- [x] One that is.
  > Why.
- [x] Another one.
  > Why.
- [ ] One that is not.
  > What is wrong with it.
` },
  'quiz-text': { name: 'word', body: (id) => `quiz {#${id} kind=text}
What is it called?

answer: SYN cookie | cookie
right: Yes.
wrong syn cache: What is wrong with it.
other: Where to look for it.
` },
  'quiz-number': { name: 'number', body: (id) => `quiz {#${id} kind=number}
After how long does it give up?

answer: 131s ±1s
right: Yes.
wrong 75s: What is wrong with it.
other: Where to look for it.
` },
  'quiz-order': { name: 'order', body: (id) => `quiz {#${id} kind=order}
Put them in the order in which they are sent.

1. The client's \`SYN\`
2. The server's \`SYN-ACK\`
   > It answers something. What?
3. The client's \`ACK\`

other: What does each one answer?
` },
  'quiz-field': { name: 'field', body: (id, sim) => `quiz {#${id} kind=field of=${sim}}
Which number does it acknowledge?

segment: SYN-ACK
field: ack
right: Yes.
ack-equals-seq:
wrong 0: What is wrong with it.
` },
  challenge: { name: 'try-it', body: (id, sim) => `challenge {#${id} from=${sim} title="Lose one"}
Say what to reach, and let the reader find the way.

goal lost SYN-ACK >= 1
goal server ESTABLISHED
limit steps 30
hint Where to look.
hint What to do there.
solution step until SYN-ACK sent; drop SYN-ACK; step until server ESTABLISHED
` },
  ticket: { name: 'ticket', body: (id) => `ticket {#${id} run=tickets/firewall.lab title="It hangs" points=10 wrong=2}
The symptom, as somebody reports it.

see client tcpdump: 1
see server tcpdump: 2
see server ss at=30s: 2

- [ ] A cause that it is not.
  > server tcpdump: What speaks against it there.
  >
  > What speaks against it, for who has not looked.
- [x] The cause.
  > Yes.
` },
  capture: { name: 'capture', body: (id) => `capture {#${id} file=captures/name.pcapng title="A capture"}
What there is to see in it.
` },
};

/** A block of a kind, for a place in a text. @param {string} kind @param {string} text @param {number} at */
export function block(kind, text, at) {
  const { name, body } = /** @type {{ name: string, body: (id: string, sim: string) => string }} */ (BLOCKS[kind]);
  return fence(body(fresh(text, name), simulator(text, at)));
}

/** A simulator with a scenario of the gallery. @param {string} slug @param {string} title @param {string} scenario @param {string} text */
export function scenarioBlock(slug, title, scenario, text) {
  return fence(`tcpsim {#${fresh(text, slug)} title="${title.replaceAll('"', '')}"}\n${scenario.trimEnd()}\n`);
}

/** @param {string} body */
const fence = (body) => '```' + body + '```\n';
