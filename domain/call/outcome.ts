import type { FlowOutcome } from '../ivr/flow';

/** Every way a call can end. */
export const OUTCOMES = [
  'connected',
  'abandoned_ivr',
  'abandoned_ringing',
  'no_candidate',
  'exhausted',
  'blocked',
  'paused',
  'after_hours',
  'failed',
] as const;

export type Outcome = (typeof OUTCOMES)[number];

/** Outcomes of a call that no buyer took; each has a treatment for the caller. */
export type UnroutedOutcome = Extract<
  Outcome,
  'no_candidate' | 'exhausted' | 'after_hours' | 'paused' | 'blocked' | 'failed'
>;

/** What the caller's treatment can be for: somebody who was not routed, or whom the flow itself sent elsewhere. */
export type TreatedOutcome = UnroutedOutcome | FlowOutcome;

/** Where a call is while it lives; `ended` is for ever. */
export const CALL_STATES = ['received', 'ivr', 'dialing', 'connected', 'fallback', 'ended'] as const;

export type CallStateName = (typeof CALL_STATES)[number];

/** One dial of one candidate. `dialing` and `connected` are live, the others are how it ended. */
export const ATTEMPT_STATES = [
  'dialing',
  'connected',
  'completed',
  'busy',
  'no_answer',
  'failed',
  'rejected',
  'canceled',
  'dropped',
] as const;

export type AttemptState = (typeof ATTEMPT_STATES)[number];

/** How a dial ended, as the carrier reports it. `completed`: the buyer answered, talked, and it is over. */
export type DialStatus = 'completed' | 'busy' | 'no_answer' | 'failed' | 'rejected' | 'canceled';

/** How an attempt ended. `dropped`: the buyer hung up so soon that the caller went on to the next one. */
export type AttemptEndState = DialStatus | 'dropped';
