// The transitions of RFC 9293 figure 5, with the resets that its text adds.

/** @typedef {[from: string, to: string, why: string, kind?: 'open']} Edge open: part of opening a connection, what can come next without a close */

/** CLOSED stands in the figure twice; the one with a blank is the end of a connection. @type {Edge[]} */
export const EDGES = [
  ['CLOSED', 'LISTEN', 'passive-open', 'open'], ['CLOSED', 'SYN-SENT', 'active-open', 'open'], ['LISTEN', 'SYN-RECEIVED', 'rcv-syn', 'open'],
  ['SYN-SENT', 'SYN-RECEIVED', 'rcv-syn', 'open'], ['SYN-SENT', 'ESTABLISHED', 'rcv-synack', 'open'], ['SYN-RECEIVED', 'ESTABLISHED', 'rcv-ack-of-syn', 'open'],
  ['LISTEN', 'SYN-SENT', 'send'], ['SYN-RECEIVED', 'LISTEN', 'rst'], ['SYN-SENT', 'CLOSED', 'refused'], ['SYN-RECEIVED', 'CLOSED', 'refused'], ['ESTABLISHED', 'CLOSED', 'rst'],
  ['SYN-RECEIVED', 'FIN-WAIT-1', 'close'], ['ESTABLISHED', 'FIN-WAIT-1', 'close'], ['ESTABLISHED', 'CLOSE-WAIT', 'rcv-fin'], ['FIN-WAIT-1', 'FIN-WAIT-2', 'rcv-ack-of-fin'],
  ['FIN-WAIT-1', 'CLOSING', 'rcv-fin'], ['FIN-WAIT-2', 'TIME-WAIT', 'rcv-fin'], ['CLOSING', 'TIME-WAIT', 'rcv-ack-of-fin'], ['CLOSE-WAIT', 'LAST-ACK', 'close'],
  ['LAST-ACK', 'CLOSED ', 'rcv-ack-of-fin'], ['TIME-WAIT', 'CLOSED ', '2msl'],
];
