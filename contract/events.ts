import { z } from 'zod';
import { CALL_STATES, OUTCOMES } from '../domain/call/outcome';
import { TIMELINE_STEPS } from '../domain/call/timeline';
import { EVENT_TYPES } from '../domain/events/types';
import { COUNTED_EVENTS, LIMIT_WINDOWS, SCOPE_KINDS } from '../domain/limits/limit';
import { visitorSchema } from './dni';

/*
 * Events as they are sent. `data` is what was on record when it happened, and never changes. Instants are ISO 8601,
 * durations whole seconds, money whole micros in strings. Fields may be added; none is taken away.
 */

const instant = z.iso.datetime();
const micros = z.string().regex(/^-?\d+$/);

/** What is known of a call. */
export const eventCallSchema = z.strictObject({
  id: z.string(),
  carrier: z.string(),
  sid: z.string().describe("The carrier's id of the call."),
  campaignId: z.string().nullable(),
  campaignName: z.string().nullable(),
  publisherId: z.string().nullable(),
  publisherName: z.string().nullable(),
  number: z.string().describe('The number that was dialled.'),
  caller: z.string().nullable().describe('`null`: the caller withheld the number.'),
  channel: z.string().nullable(),
  visitor: visitorSchema
    .nullable()
    .describe("The web visitor whose number was called, as they were then; `null`: it was nobody's."),
  geography: z.record(z.string(), z.string()),
  tags: z
    .record(z.string(), z.string())
    .describe('Of the number and its visitor, and what the caller answered.'),
  planVersion: z.number().nullable(),
  flowVersion: z.number().nullable(),
  migration: z
    .strictObject({ id: z.string(), side: z.enum(['control', 'challenger']), overflow: z.boolean() })
    .nullable(),
  state: z.enum(CALL_STATES),
  outcome: z.enum(OUTCOMES).nullable().describe('`null` while the call lives.'),
  outcomeReason: z.string().nullable(),
  buyerId: z.string().nullable().describe('Who talks with the caller, or did.'),
  buyerName: z.string().nullable(),
  assignmentId: z.string().nullable(),
  receivedAt: instant,
  connectedAt: instant.nullable(),
  endedAt: instant.nullable(),
  durationSeconds: z.number().nullable(),
  talkSeconds: z.number().nullable(),
  converted: z.boolean().nullable(),
  currency: z.string().nullable(),
  revenueMicros: micros.nullable(),
  payoutMicros: micros.nullable(),
  timeline: z
    .array(z.strictObject({ at: instant, step: z.enum(TIMELINE_STEPS), decision: z.string() }))
    .describe('Its last steps, in order.'),
});
export type EventCall = z.infer<typeof eventCallSchema>;

const eventLimitSchema = z.strictObject({
  id: z.string(),
  scope: z.strictObject({ kind: z.enum(SCOPE_KINDS), id: z.string() }),
  window: z.enum(LIMIT_WINDOWS),
  counts: z.enum(COUNTED_EVENTS),
  limit: z.string().regex(/^\d+$/).describe('Of a spend limit in micros.'),
  currency: z.string().nullable(),
});

const eventMigrationSchema = z.strictObject({
  id: z.string(),
  name: z.string(),
  message: z.string().describe('What happened, for people.'),
  shareBasisPoints: z.number().describe('Of 10,000 callers, how many go to the challenger.'),
  judgements: z.array(z.record(z.string(), z.unknown())).describe('What the guardrails said last.'),
});

/** `data` of each type of event. */
const DATA = {
  call: z.strictObject({ call: eventCallSchema }),
  limit: z.strictObject({
    limit: eventLimitSchema,
    campaignId: z.string().describe('Of the call that met it first.'),
    callId: z.string(),
  }),
  migration: z.strictObject({ migration: eventMigrationSchema }),
  test: z.strictObject({ message: z.string() }),
};

const envelope = {
  id: z.string().regex(/^evt_[0-9a-f]{24}$/),
  timestamp: instant.describe('When it happened.'),
};

/** An event as it is sent: the body of a webhook. */
export const webhookEventSchema = z.discriminatedUnion('type', [
  z.strictObject({
    ...envelope,
    type: z
      .enum(EVENT_TYPES)
      .extract(['call.received', 'call.connected', 'call.ended', 'call.converted', 'call.paid']),
    data: DATA.call,
  }),
  z.strictObject({ ...envelope, type: z.literal('limit.reached'), data: DATA.limit }),
  z.strictObject({
    ...envelope,
    type: z
      .enum(EVENT_TYPES)
      .exclude([
        'call.received',
        'call.connected',
        'call.ended',
        'call.converted',
        'call.paid',
        'limit.reached',
        'test.ping',
      ]),
    data: DATA.migration,
  }),
  z.strictObject({ ...envelope, type: z.literal('test.ping'), data: DATA.test }),
]);
export type WebhookEvent = z.infer<typeof webhookEventSchema>;
