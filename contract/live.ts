import { z } from 'zod';
import { CALL_STATES, OUTCOMES } from '../domain/call/outcome';
import { TIMELINE_STEPS } from '../domain/call/timeline';
import { knownTimeZoneSchema } from './hours';
import { buyerIdSchema, campaignIdSchema } from './resources/ids';
import { limitSchema } from './resources/limit';

/*
 * Live data: events of `GET /api/v1/live`. Instants are ISO 8601, durations whole seconds, money whole micros in strings.
 * Fields and events may be added; none is taken away.
 */

const instant = z.iso.datetime();
const micros = z.string().regex(/^-?\d+$/);
const count = z.int().min(0);
const migration = z
  .strictObject({ id: z.string(), side: z.enum(['control', 'challenger']), overflow: z.boolean() })
  .nullable()
  .describe('`overflow`: the challenger had no room, so the caller went to the control after all.');

/** A call in progress. */
export const liveCallSchema = z.strictObject({
  id: z.string(),
  campaignId: z.string().nullable(),
  campaignName: z.string().nullable(),
  publisherId: z.string().nullable(),
  from: z.string().nullable().describe('`null`: the caller withheld the number.'),
  to: z.string(),
  state: z.enum(CALL_STATES),
  step: z.enum(TIMELINE_STEPS).describe('The last step of its timeline.'),
  since: instant.describe('When that step was.'),
  receivedAt: instant,
  connectedAt: instant
    .nullable()
    .describe('`null`: not, or it is not known before the end, as where carriers are not asked for it.'),
  buyerId: z.string().nullable().describe('Who rings or talks; `null`: nobody.'),
  buyerName: z.string().nullable(),
  attempt: z.int().min(1).nullable().describe('The number of the dial under way; `null`: none is.'),
  migration,
});
export type LiveCall = z.infer<typeof liveCallSchema>;

/** A call that has ended, with its money as it was when it was told. */
export const liveEndedCallSchema = z.strictObject({
  id: z.string(),
  campaignId: z.string().nullable(),
  campaignName: z.string().nullable(),
  publisherId: z.string().nullable(),
  from: z.string().nullable().describe('`null`: the caller withheld the number.'),
  to: z.string(),
  receivedAt: instant,
  endedAt: instant,
  outcome: z.enum(OUTCOMES),
  outcomeReason: z.string().nullable(),
  buyerId: z.string().nullable().describe('Who was connected; `null`: nobody.'),
  buyerName: z.string().nullable(),
  durationSeconds: z.number().nullable(),
  talkSeconds: z.number().nullable(),
  converted: z.boolean(),
  currency: z.string().nullable(),
  revenueMicros: micros,
  payoutMicros: micros,
  costMicros: micros,
  migration,
});
export type LiveEndedCall = z.infer<typeof liveEndedCallSchema>;

const counted = {
  routed: count.describe('Calls for which somebody was dialled; of a buyer, those that rang it.'),
  connected: count.describe('Calls a buyer took; those in progress as far as it is known.'),
  converted: count,
  inProgress: count.describe(
    'Now, whenever they came in. Of a buyer, calls that ring it or that it talks with.',
  ),
  revenueMicros: micros,
  payoutMicros: micros,
  costMicros: micros.describe('Of the calls; advertising and rent are in the reports.'),
};

/** Today's counters of a campaign, and of each buyer who was dialled. */
export const liveCountersSchema = z.strictObject({
  campaignId: z.string(),
  campaignName: z.string(),
  timeZone: knownTimeZoneSchema,
  day: z.iso.date().describe("Today in the campaign's time zone."),
  currency: z.string(),
  received: count.describe('Calls that came in today.'),
  ...counted,
  buyers: z.array(z.strictObject({ buyerId: z.string(), buyerName: z.string(), ...counted })),
});
export type LiveCounters = z.infer<typeof liveCountersSchema>;

const at = instant.describe('When the server looked.');

/** Every event of the stream: its name, and the JSON in its data. */
export const liveEventSchema = z.discriminatedUnion('event', [
  z.strictObject({
    event: z.literal('snapshot'),
    data: z
      .strictObject({
        at,
        calls: z.array(liveCallSchema),
        counters: z.array(liveCountersSchema),
        limits: z.array(limitSchema),
      })
      .describe('Everything as it is: forget what was known.'),
  }),
  z.strictObject({
    event: z.literal('resumed'),
    data: z
      .strictObject({
        at,
        calls: z.array(z.string()).describe('The ids of the calls in progress.'),
        campaigns: z.array(z.string()).describe('The ids of the campaigns that have counters.'),
        limits: z.array(z.string()).describe('The ids of the limits.'),
      })
      .describe(
        'Goes on where the client was: what has changed since follows. Forget other calls in progress, counters and limits.',
      ),
  }),
  z.strictObject({ event: z.literal('call'), data: liveCallSchema }),
  z.strictObject({ event: z.literal('call.ended'), data: liveEndedCallSchema }),
  z.strictObject({
    event: z.literal('counters'),
    data: z.strictObject({
      at,
      campaigns: z.array(liveCountersSchema).describe('Those that changed, whole.'),
      gone: z.array(z.string()).describe('Ids of campaigns that have no counters any more.'),
    }),
  }),
  z.strictObject({
    event: z.literal('limits'),
    data: z.strictObject({
      at,
      limits: z.array(limitSchema).describe('Those that changed, whole.'),
      gone: z
        .array(z.string())
        .describe('Ids of limits that were deleted, or are no longer of what was asked for.'),
    }),
  }),
  z.strictObject({
    event: z.literal('trouble'),
    data: z
      .strictObject({ at: instant, over: z.boolean(), message: z.string() })
      .describe(
        'The server cannot look (`over: false`): what is known may be old. It goes on by itself (`over: true`).',
      ),
  }),
]);
export type LiveEvent = z.infer<typeof liveEventSchema>;

/** Query of `GET /api/v1/live`. */
export const liveQuerySchema = z.strictObject({
  campaignId: campaignIdSchema.optional().describe('Only what is of this campaign.'),
  buyerId: buyerIdSchema
    .optional()
    .describe(
      'Only calls that ring this buyer, or that it talks or talked with, its counters and its limits.',
    ),
});
