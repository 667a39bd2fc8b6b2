import { z } from 'zod';
import { ATTEMPT_STATES, CALL_STATES, OUTCOMES } from '../domain/call/outcome';
import { ENTRY_KINDS, ENTRY_SIDES } from '../domain/ledger';
import { TIMELINE_STEPS } from '../domain/call/timeline';
import { acceptanceSchema } from './campaign';
import { visitorSchema } from './dni';
import { pageQuery, searchable } from './page';
import { promptSchema } from './prompt';

/*
 * A call as the API shows it. Instants are ISO 8601, durations whole seconds, money whole micros in strings.
 */

const instant = z.iso.datetime();
const micros = z.string().regex(/^-?\d+$/);

export const callSchema = z.strictObject({
  id: z.string(),
  carrier: z.string(),
  accountSid: z.string(),
  sid: z.string(),
  workflowId: z.string(),
  campaignId: z.string().nullable(),
  campaignName: z.string().nullable(),
  publisherId: z.string().nullable(),
  planVersion: z.number().nullable(),
  flowVersion: z.number().nullable(),
  from: z.string().nullable().describe('`null`: the caller withheld the number.'),
  to: z.string(),
  geography: z.record(z.string(), z.string()),
  qualifications: z.record(z.string(), z.string()),
  state: z.enum(CALL_STATES),
  outcome: z.enum(OUTCOMES).nullable().describe('`null` while the call lives.'),
  outcomeReason: z.string().nullable(),
  buyerId: z.string().nullable().describe('The buyer who was connected.'),
  buyerName: z.string().nullable(),
  receivedAt: instant,
  connectedAt: instant.nullable(),
  endedAt: instant.nullable(),
  durationSeconds: z.number().nullable(),
  talkSeconds: z.number().nullable(),
  converted: z.boolean().nullable(),
  currency: z.string().nullable(),
  revenueMicros: micros.nullable(),
  payoutMicros: micros.nullable(),
  costMicros: micros.describe('What the carrier took for it, as far as it is booked.'),
  postbackUntil: instant
    .nullable()
    .describe('Until when the buyer may still report that it converted; `null`: it does not wait for that.'),
  carrierStatus: z.string().nullable().describe("The carrier's own last word; our figures do not follow it."),
  carrierSeconds: z.number().nullable(),
  visitor: visitorSchema
    .nullable()
    .describe("The web visitor whose number was called, as they were then; `null`: it was nobody's."),
  timeline: z.array(
    z.strictObject({
      at: instant,
      step: z.enum(TIMELINE_STEPS),
      decision: z.string(),
      detail: z.record(z.string(), z.unknown()),
    }),
  ),
  attempts: z.array(
    z.strictObject({
      id: z.string(),
      no: z.number(),
      assignmentId: z.string(),
      buyerId: z.string(),
      buyerName: z.string(),
      destinations: z.array(z.record(z.string(), z.unknown())),
      ringTimeoutSeconds: z.number(),
      state: z.enum(ATTEMPT_STATES),
      dialedAt: instant,
      connectedAt: instant.nullable(),
      acceptedAt: instant
        .nullable()
        .describe('The buyer pressed the key that accepts the call; `null`: not, or not asked to.'),
      endedAt: instant.nullable(),
      talkSeconds: z.number().nullable(),
    }),
  ),
  reservations: z.array(
    z.strictObject({
      id: z.string(),
      attemptId: z.string(),
      status: z
        .enum(['pending', 'posted', 'voided', 'expired'])
        .describe('`expired`: the workflow was gone before it resolved what it held.'),
      reservedAt: instant,
      resolvedAt: instant.nullable(),
      holds: z.array(z.strictObject({ limitId: z.string(), window: z.string(), amount: z.number() })),
    }),
  ),
  ledger: z.array(
    z.strictObject({
      cause: z.string(),
      kind: z.enum(ENTRY_KINDS),
      side: z.enum(ENTRY_SIDES),
      buyerId: z.string().nullable(),
      publisherId: z.string().nullable(),
      amountMicros: micros,
      currency: z.string(),
      bookedAt: instant,
    }),
  ),
  recordings: z.array(
    z.strictObject({
      recordingSid: z.string(),
      status: z.string(),
      url: z.string().nullable(),
      durationSeconds: z.number().nullable(),
    }),
  ),
});
export type Call = z.infer<typeof callSchema>;

/** What whoever answers a dial hears, as an attempt's row keeps it. */
export const announcementSchema = z.strictObject({
  whisper: promptSchema.nullable(),
  acceptance: acceptanceSchema.nullable(),
});

/** Query of `GET /api/v1/calls`. */
export const callListQuerySchema = z.strictObject({
  sid: searchable.optional(),
  outcome: z.enum(OUTCOMES).optional(),
  campaignId: searchable.optional(),
  ...pageQuery,
});
