import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import {
  messageKey,
  type CarrierMessage,
  type CarrierNews,
  type FailSafeServed,
} from '../../domain/call/events';
import type { CallFacts } from '../../domain/call/facts';
import type { Outcome } from '../../domain/call/outcome';
import type { CallState } from '../../domain/call/state';
import type { TimelineEntry } from '../../domain/call/timeline';
import type { Instructions } from '../../domain/instructions';

/** The workflow type. */
export const CALL_WORKFLOW = 'call';

/** Where calls are worked on. */
export const CALL_TASK_QUEUE = 'calls';

/** Input of the workflow: what the first webhook said. */
export type CallInput = CallFacts;

/** Result of the workflow, for whoever opens it in the Temporal UI. The figures are in PostgreSQL. */
export interface CallResult {
  readonly outcome: Outcome;
  readonly reason: string;
  readonly attempts: number;
}

/**
 * Webhooks that wait for instructions, each an Update of its own name so that the Temporal UI tells them apart.
 * The id of the Update comes from {@link updateIdFor}.
 */
export const UPDATES = {
  inbound: defineUpdate<Instructions, [CarrierMessage]>('inbound'),
  ivr_answered: defineUpdate<Instructions, [CarrierMessage]>('ivrAnswered'),
  dial_finished: defineUpdate<Instructions, [CarrierMessage]>('dialFinished'),
  fallback_finished: defineUpdate<Instructions, [CarrierMessage]>('fallbackFinished'),
} satisfies Record<CarrierMessage['type'], unknown>;
/** What `ivrAnswered` was called while a flow was one menu; histories of that time have it. */
export const menuAnswered = defineUpdate<Instructions, [CarrierMessage]>('menuAnswered');
/** Callbacks nobody waits for. */
export const news = defineSignal<[CarrierNews]>('news');
/** The API answered a webhook without the workflow. */
export const failSafeServed = defineSignal<[FailSafeServed]>('failSafeServed');
/** The whole history of the call, in order. */
export const timeline = defineQuery<readonly TimelineEntry[]>('timeline');
export const callState = defineQuery<CallState>('state');

/** Type of the failure an Update is refused with when the call is not at the step the webhook belongs to. */
export const STALE_STEP = 'StaleStep';

/**
 * The id of the Update a webhook becomes: the same for every delivery of the same webhook, so that a repeated one
 * gets the first one's answer and changes nothing. The call is in the workflow's id.
 */
export const updateIdFor: (message: CarrierMessage) => string = messageKey;
