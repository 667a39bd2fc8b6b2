import type { AssignmentId } from '../ids';
import type { Instructions, Prompt } from '../instructions';
import type { AskingNode, LookupNode, NodeId } from '../ivr/flow';
import type { CallPolicy, PlacedAttempt, Placement } from './policy';
import type { AttemptEndState, Outcome } from './outcome';
import type { TimelineEntry } from './timeline';

/** Answers of the caller and anything else known of the call, by tag. */
export type Qualifications = { readonly [tag: string]: string };

/** How one dial ended. */
export interface AttemptEnd {
  readonly attempt: PlacedAttempt;
  readonly status: AttemptEndState;
  /** ISO 8601 instant at which it was known. */
  readonly at: string;
  /** Seconds between the buyer's answer and the end; `null` when not connected, or when nobody reported it. */
  readonly talkSeconds: number | null;
  /** The caller got another answer: the carrier never heard of this dial, and it counts as none. */
  readonly unheard?: true;
}

/** The end of a call, decided by the reducer and made durable by the `finish` activity. */
export interface Ending {
  readonly outcome: Outcome;
  /** Why, in words. */
  readonly reason: string;
  readonly at: string;
  /** The attempt that was open when the call ended. */
  readonly attempt: AttemptEnd | null;
}

/** Why a call is recorded without being routed. */
export interface GiveUp {
  readonly at: string;
  readonly reason: string;
}

/** Side effects the reducer asks for. Each carries the timeline entries that have not been written yet. */
export type Command =
  | {
      readonly type: 'admit';
      /** Set when nobody is on the line any more: record the call as failed, route nothing. */
      readonly giveUp: GiveUp | null;
      readonly entries: readonly TimelineEntry[];
    }
  | {
      readonly type: 'route';
      readonly at: string;
      readonly policy: CallPolicy;
      readonly qualifications: Qualifications;
      /** The dial that just failed; its reservation is given back in the same transaction. */
      readonly previous: AttemptEnd | null;
      readonly alreadyTried: readonly AssignmentId[];
      /** Where the IVR flow goes on; `null`: a buyer is chosen. */
      readonly resume: Resume | null;
      /** The caller has hung up since they answered: where the flow would have led says how the call ends. */
      readonly callerGoneAt: string | null;
      readonly entries: readonly TimelineEntry[];
    }
  | {
      readonly type: 'record';
      readonly attempt: PlacedAttempt;
      readonly answeredAt: string;
      readonly entries: readonly TimelineEntry[];
    }
  | {
      readonly type: 'finish';
      readonly policy: CallPolicy;
      readonly qualifications: Qualifications;
      readonly ending: Ending;
      readonly entries: readonly TimelineEntry[];
    };

/** A caller has answered what they were asked, as the `no`-th thing in their call: the flow goes on at `nodeId`. */
export interface Resume {
  readonly no: number;
  readonly nodeId: NodeId;
}

/** What a step of a call found out besides where it leads. Absent in calls that began before there were flows. */
interface Learnt {
  /** All of the call's qualifications from now on. */
  readonly qualifications?: Qualifications;
  /** What the caller hears first. */
  readonly played?: readonly Prompt[];
}

/** An activity decided that the call is over, and has already written so. Its instructions are whole. */
export interface EndedAtOnce extends Learnt {
  readonly kind: 'ended';
  readonly outcome: Outcome;
  readonly reason: string;
  readonly instructions: Instructions;
  readonly entries: readonly TimelineEntry[];
}

export interface Placed extends Learnt {
  readonly kind: 'placed';
  /** Present when the call goes by other rules from here on: those of a migration's control. */
  readonly policy?: CallPolicy;
  readonly placement: Placement;
  readonly entries: readonly TimelineEntry[];
}

/** The flow waits: for the caller's answer, or for the carrier to come back while a lookup is made. */
export interface Asked extends Learnt {
  readonly kind: 'asked';
  readonly nodeId: NodeId;
  readonly node: AskingNode | LookupNode;
  readonly entries: readonly TimelineEntry[];
}

/** `policy` is `null` only for a number nobody owns. */
export type Admission =
  | ((Placed | Asked) & { readonly policy: CallPolicy })
  | (EndedAtOnce & { readonly policy: CallPolicy | null });

export type Routed = EndedAtOnce | Placed | Asked;

/** The end as it stands in the database: the first one written, should there have been two. */
export interface Finished {
  readonly outcome: Outcome;
  readonly reason: string;
  readonly at: string;
  readonly converted: boolean;
  readonly entries: readonly TimelineEntry[];
}
