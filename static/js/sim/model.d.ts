/**
 * The types of the ladder: what the events of a run look like, what fold.js makes of them, and what geometry.js makes of that.
 * Times are integer microseconds of virtual time, lengths are CSS pixels in whole tenths.
 */

import type { Host, RunEvent, State, Vars, Wire } from '../protocol.js';

export type { Host, RunEvent, State, Vars, Wire };
/** One event of a run. */
export type LabEvent = RunEvent;
/** One of the two hosts. */
export type End = 'client' | 'server';

/** A place in a run: virtual time t, and how many events are folded. Several events at one instant differ in k. */
export interface Position { t: number; k: number }

/** A stretch of a segment's way: from part f0 of the way at t0 to part f1 at t1; parts are in ten-thousandths. */
export interface Leg {
  /** Index of the event that began it. */
  k: number;
  /** Index of the event that ended it, or -1 while no event has. */
  k1: number;
  t0: number; f0: number;
  /** When it ends; null for a segment that is still held. */
  t1: number | null;
  f1: number;
  held: boolean;
  /** What the network promised when the leg began: when the segment would arrive. Null while it is held. */
  due: number | null;
}

/** Everything that is ever known about one segment. */
export interface Segment {
  id: number; from: End; to: End; t: number; k: number; conn: number;
  /** The segment that this is a copy of, or 0. */
  of: number;
  /** The earlier segment that carried the same numbers, or 0: this one is a retransmission. */
  again: number;
  forged: boolean;
  /** A box half way sent it. */
  injected: boolean;
  /** What it carried, from which event on; more than one entry when it was edited. */
  contents: { k: number; wire: Wire; fields: string[] }[];
  /** All fields that were ever edited. */
  edited: string[];
  legs: Leg[];
  /** How it ended, if it has. */
  end: { k: number; t: number; fate: 'arrived' | 'lost'; rule: string } | null;
  /** Why the receiver threw it away, if it did. */
  discarded: { k: number; rule: string } | null;
  /** Indices of the events of its checks. */
  checks: number[];
  rule: string;
}

export type Phase = 'future' | 'flight' | 'held' | 'arrived' | 'lost';

/** One segment at a position. */
export interface SegmentAt {
  id: number; seg: Segment; phase: Phase;
  /** Part of the way, 0 to 1. */
  f: number;
  wire: Wire;
  /** What it carried before it was edited, or null. */
  was: Wire | null;
  /** Fields edited so far. */
  edited: string[];
  /** When it arrives; null while it is held, and after its end. */
  due: number | null;
  /** Thrown away by its receiver by now. */
  discarded: boolean;
}

export interface Timer {
  host: End; conn: number; timer: string; k: number; t: number; due: number | null; rule: string;
  /** Index of the event that ended it, -1 while it runs. */
  k1: number; t1: number | null;
  end: 'fired' | 'stopped' | 'set again' | 'running';
}

export interface Band { host: End; k: number; t: number; state: State; conn: number; rule: string }

/** One thing that happened and all that followed at once from it: what Next and Back move by. */
export interface Step {
  i: number; k0: number; k1: number; t: number;
  /** Where it happened. */
  host: Host;
  /** Index of the event that caused the others. */
  cause: number;
  kind: string;
  /** The segment that it is about: the one that arrived, was lost, edited, … or 0. */
  seg: number;
  /** Segments that were put on the wire. */
  sent: number[];
  states: { host: End; from: State; to: State }[];
}

export interface HostAt {
  state: State;
  /** Since when. */
  since: number;
  conn: number; vars: Vars | null;
  /** The variables before the step that the position is in or has just finished. */
  before: Vars | null;
  timers: Timer[];
}

export interface Model {
  t: number; k: number; total: number;
  /** Index of the last step that has begun, -1 before the first. */
  step: number; steps: Step[];
  hosts: { client: HostAt; server: HostAt };
  segments: SegmentAt[];
  /** In flight or held, by arrival, held ones last. */
  flying: SegmentAt[];
  rules: { count: number; text: string }[];
  called: RunEvent[]; told: RunEvent[];
}

/** What fold.js knows about all of an events array, made once. */
export interface Index {
  events: readonly RunEvent[]; times: number[];
  segments: Segment[]; segment: Map<number, Segment>;
  bands: Record<End, Band[]>;
  timers: Timer[];
  vars: Record<End, { k: number; conn: number; vars: Vars }[]>;
  steps: Step[];
  rules: { k: number; rules: { count: number; text: string }[] }[];
  called: number[]; told: number[];
  /** One-way delay of the slower direction. */
  delay: number;
}

export type Point = [x: number, y: number];

export interface Badge { x: number; w: number; text: string; cls: string }
/** was: so it was before it was edited. */
export interface Span { text: string; edited: boolean; was?: boolean }

/** The label of a segment. */
export interface Pill {
  /** It is so from this event on. */
  k: number;
  x: number; y: number; w: number; h: number;
  badges: Badge[];
  /** Flags were edited: underline the badges. */
  flagsEdited: boolean;
  note: string; pencil: boolean;
  rows: Span[][];
}

export interface SegmentShape {
  id: number; from: End; kind: 'syn' | 'ack' | 'fin' | 'rst' | 'psh' | 'none';
  fate: 'arrived' | 'lost' | 'open' | 'held';
  points: Point[];
  /** The same line as a zigzag, for RST. */
  zigzag: Point[];
  /** From where it died to its pill, for one that died at once. */
  ghost: Point[];
  /** Where a forged segment came on the wire. */
  tail: Point[];
  /** The arrow head; none for a segment that does not get there. */
  head: Point[];
  /** Short marks across the line as pairs of points: two at the tail of FIN, one at the tip of RST. */
  bars: Point[];
  /** Where it was lost. */
  cross: Point[];
  copy: boolean; discarded: boolean;
  /** One, and one more for each time that it was edited. */
  pills: Pill[];
  /** What one reads on the last pill, and the accessible name at the end of the run. */
  text: string; name: string;
}

export interface Tick { t: number; y: number; text: string }
export interface Break { t0: number; t1: number; y0: number; y1: number; x: number; text: string; top: string; bottom: string }
export interface BandShape { host: End; state: State; cls: string; k: number; x: number; y0: number; y1: number }
export interface Label { cls: string; k: number; x: number; y: number; anchor: 'start' | 'middle' | 'end'; turned: boolean; text: string }
export interface TimerShape { host: End; k: number; k1: number; end: Timer['end']; restart: boolean; x: number; y0: number; y1: number }

/** The drawing of a whole run at one width; nothing in it depends on the position. */
export interface Layout {
  width: number; height: number; mode: 'wide' | 'tight' | 'compact';
  /** Edges of the plot, where time labels end, and the lanes. */
  left: number; right: number; timeX: number; client: number; server: number;
  /** The scale: time and y of each knot. */
  knots: Point[];
  /** First event, time and y of each moment. */
  moments: [k: number, t: number, y: number][];
  top: number; bottom: number;
  ticks: Tick[]; breaks: Break[]; bands: BandShape[]; timers: TimerShape[]; labels: Label[]; segments: SegmentShape[];
}
