import type { AssignmentId } from '../ids';
import type { Instructions } from '../instructions';
import type { OpenTreatment } from '../treatment';
import type { Command, Ending, GiveUp, Qualifications } from './commands';
import type { CallFacts } from './facts';
import type { Accepted } from './events';
import type { Outcome, TreatedOutcome } from './outcome';
import type { AskingNode, LookupNode, NodeId } from '../ivr/flow';
import type { CallPolicy, PlacedAttempt } from './policy';
import type { TimelineEntry } from './timeline';

/** Where the call stands. Names are those operators see, except `admitting`, `routing` and `ending`: an activity runs. */
export type Phase =
  | { readonly name: 'received' }
  | { readonly name: 'admitting'; readonly giveUp: GiveUp | null }
  /** The flow waits at a node: for the caller's `try`-th answer there, or for the carrier to come back. */
  | {
      readonly name: 'ivr';
      /** Which of the things asked in this call, from 1. */
      readonly no: number;
      readonly try: number;
      readonly nodeId: NodeId;
      readonly node: AskingNode | LookupNode;
    }
  | { readonly name: 'routing' }
  | {
      readonly name: 'dialing';
      readonly attempt: PlacedAttempt;
      readonly answeredAt: string | null;
      /** The buyer took the call, where they are asked to. */
      readonly accepted: Accepted | null;
    }
  | { readonly name: 'fallback'; readonly outcome: TreatedOutcome; readonly treatment: OpenTreatment }
  | { readonly name: 'ending'; readonly ending: Ending }
  | { readonly name: 'ended'; readonly outcome: Outcome; readonly reason: string; readonly at: string };

/** A call, whole. Plain JSON, so that a query can return it. */
export interface CallState {
  readonly facts: CallFacts;
  readonly policy: CallPolicy | null;
  readonly phase: Phase;
  readonly qualifications: Qualifications;
  readonly tried: readonly AssignmentId[];
  /** How many things the caller was asked in the IVR, repetitions included. */
  readonly asked: number;
  /** Messages that were acted upon, by their key: the `at` of the delivery that was the first. */
  readonly handled: { readonly [key: string]: string };
  /** When the carrier said that the caller is gone; `null` while they are on the line as far as we know. */
  readonly callerGoneAt: string | null;
  /** Entries already handed to an activity for writing. */
  readonly written: readonly TimelineEntry[];
  /** Entries that the next activity will write. */
  readonly unwritten: readonly TimelineEntry[];
}

/** What the workflow has to do after an event, in order. */
export type Effect =
  | { readonly do: 'run'; readonly command: Command }
  | { readonly do: 'answer'; readonly instructions: Instructions }
  /** Sends `deadline_passed` when the call has lived as long as it may. */
  | { readonly do: 'start_deadline'; readonly milliseconds: number }
  /** Sends `grace_elapsed` when callbacks that were under way had time to arrive. */
  | { readonly do: 'start_grace'; readonly milliseconds: number };

export interface Step {
  readonly state: CallState;
  readonly effects: readonly Effect[];
}

export function newCall(facts: CallFacts): CallState {
  return {
    facts,
    policy: null,
    phase: { name: 'received' },
    qualifications: {},
    tried: [],
    asked: 0,
    handled: {},
    callerGoneAt: null,
    written: [],
    unwritten: [],
  };
}

export function isEnded(state: CallState): boolean {
  return state.phase.name === 'ended';
}

/** The call's history, written or not. */
export function timelineOf(state: CallState): readonly TimelineEntry[] {
  return [...state.written, ...state.unwritten];
}

/** Adds an entry to be written by the next activity. An entry whose key is there already changes nothing. */
export function note(state: CallState, entry: TimelineEntry): CallState {
  const known = (other: TimelineEntry): boolean => other.key === entry.key;
  if (state.unwritten.some(known) || state.written.some(known)) return state;
  return { ...state, unwritten: [...state.unwritten, entry] };
}

/** The state once an activity has been given all entries to write. */
export function handedOver(state: CallState): CallState {
  return { ...state, written: [...state.written, ...state.unwritten], unwritten: [] };
}

/** Takes over entries that an activity has written. What it had been given to write is known already. */
export function wrote(state: CallState, entries: readonly TimelineEntry[]): CallState {
  const known = new Set(state.written.map(({ key }) => key));
  return { ...state, written: [...state.written, ...entries.filter(({ key }) => !known.has(key))] };
}
