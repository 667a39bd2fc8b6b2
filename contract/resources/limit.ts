import { z } from 'zod';
import {
  COUNTED_EVENTS,
  LIMIT_WINDOWS,
  SCOPE_KINDS,
  type CountedEvent,
  type LimitWindow,
  type ScopeKind,
} from '../../domain/limits/limit';
import { knownTimeZoneSchema, timeZoneSchema } from '../hours';
import { currencySchema, microsTextSchema } from '../money';
import { pageQuery, searchable } from '../page';
import {
  assignmentIdSchema,
  buyerIdSchema,
  campaignIdSchema,
  instantSchema,
  nameSchema,
  publisherIdSchema,
  resourceFields,
} from './ids';

export const limitIdSchema = z
  .string()
  .regex(/^lim_[a-z0-9_]{1,60}$/, 'must be an id: lim_ and up to 60 of a-z, 0-9 and _');

export const scopeKindSchema = z.enum(SCOPE_KINDS);
export const limitWindowSchema = z
  .enum(LIMIT_WINDOWS)
  .describe(
    '`concurrency`: calls at once, from the dial to the end. The others are stretches of a local calendar.',
  );
export const countedEventSchema = z.enum(COUNTED_EVENTS);

const destinationSchema = z
  .string()
  .max(256)
  .regex(/^(tel:\+[1-9]\d{3,14}|sips?:[^\s@]+@[^\s@]+)$/, 'must be tel: and a number in E.164, or a SIP URI');

const SCOPE_IDS: Readonly<Record<ScopeKind, z.ZodType<string>>> = {
  campaign: campaignIdSchema,
  publisher: publisherIdSchema,
  buyer: buyerIdSchema,
  assignment: assignmentIdSchema,
  destination: destinationSchema,
};

/** What a limit is on. */
export const limitScopeSchema = z
  .strictObject({ kind: scopeKindSchema, id: z.string().max(256) })
  .superRefine(({ kind, id }, context) => {
    const read = SCOPE_IDS[kind].safeParse(id);
    if (read.success) return;
    const message = read.error.issues[0]?.message ?? 'is not valid';
    context.addIssue({ code: 'custom', path: ['id'], message });
  });

const count = z.int().min(0).max(1_000_000_000_000);
const eventFields = { counts: z.enum(['attempt', 'connection', 'conversion']), currency: z.null() };
const spendFields = { counts: z.literal('spend'), currency: currencySchema };

const shared = {
  id: limitIdSchema,
  scope: z.strictObject({
    kind: scopeKindSchema,
    id: z.string(),
    name: nameSchema.nullable().describe('Of whom the limit is on; `null` of a destination.'),
  }),
  window: limitWindowSchema,
  timeZone: knownTimeZoneSchema.describe('In which the window begins.'),
  resetsAt: instantSchema.nullable().describe('When the counts begin anew; `null`: never.'),
  ...resourceFields,
};

/** What is used now. `posted`: for good, in this window. `pending`: held for calls in progress. */
export const limitSchema = z.discriminatedUnion('counts', [
  z.strictObject({ ...shared, ...eventFields, limit: count, posted: count, pending: count }),
  z.strictObject({
    ...shared,
    ...spendFields,
    limit: microsTextSchema,
    posted: microsTextSchema,
    pending: microsTextSchema,
  }),
]);
export type Limit = z.infer<typeof limitSchema>;

const amount = z
  .union([count, microsTextSchema])
  .describe('How many; of a `spend` limit, whole micros in a string.');

const limitRequest = {
  scope: limitScopeSchema,
  window: limitWindowSchema,
  counts: countedEventSchema
    .optional()
    .describe('Default: `attempt` of a concurrency limit, which can count nothing else; else `connection`.'),
  limit: amount,
  currency: currencySchema
    .optional()
    .describe('Of a `spend` limit; default: that of the campaign it is on, or in.'),
  timeZone: timeZoneSchema
    .optional()
    .describe('Only of publishers and destinations, which have no zone of their own.'),
};

interface LimitRequest {
  readonly scope: z.output<typeof limitScopeSchema>;
  readonly window: LimitWindow;
  readonly counts?: CountedEvent | undefined;
}

function withCounts<T extends LimitRequest>(limit: T): T & { readonly counts: CountedEvent } {
  return { ...limit, counts: limit.counts ?? (limit.window === 'concurrency' ? 'attempt' : 'connection') };
}

/** What of a limit does not go together. */
function refuseMisfits(
  limit: LimitRequest & {
    readonly counts: CountedEvent;
    readonly limit: number | string;
    readonly currency?: string | undefined;
    readonly timeZone?: string | undefined;
  },
  context: z.RefinementCtx,
): void {
  const refuse = (field: string, message: string): void =>
    context.addIssue({ code: 'custom', path: [field], message });
  const { window, counts, currency, timeZone, scope } = limit;
  if (window === 'concurrency' && counts !== 'attempt')
    refuse('counts', 'must be attempt: a concurrency limit counts calls from the dial to the end');
  if (counts === 'spend' && typeof limit.limit !== 'string')
    refuse('limit', 'must be whole micros in a string: the limit counts spend');
  if (counts !== 'spend' && typeof limit.limit !== 'number')
    refuse('limit', `must be a whole number: the limit counts ${counts}s`);
  if (counts !== 'spend' && currency !== undefined)
    refuse('currency', 'goes with a limit that counts spend only');
  const zoned = scope.kind !== 'publisher' && scope.kind !== 'destination';
  if (zoned && timeZone !== undefined)
    refuse('timeZone', `is that of the ${scope.kind === 'buyer' ? 'buyer' : 'campaign'}: leave it out`);
  const needsZone = window !== 'concurrency' && window !== 'total';
  if (!zoned && needsZone && timeZone === undefined)
    refuse('timeZone', `is missing: a ${scope.kind} has no time zone of its own`);
}

export const newLimitSchema = z
  .strictObject({ id: limitIdSchema.optional().describe('Generated when it is left out.'), ...limitRequest })
  .transform(withCounts)
  .superRefine(refuseMisfits);
export type NewLimit = z.output<typeof newLimitSchema>;

/** A limit of a campaign's document: as a new one, with an id. */
export const configLimitSchema = z
  .strictObject({ id: limitIdSchema, ...limitRequest })
  .transform(withCounts)
  .superRefine(refuseMisfits);
export type ConfigLimit = z.output<typeof configLimitSchema>;

export const limitPatchSchema = z.strictObject({ limit: amount }).partial();

export const limitListQuerySchema = z.strictObject({
  scopeKind: scopeKindSchema.optional(),
  scopeId: searchable.optional(),
  window: limitWindowSchema.optional(),
  counts: countedEventSchema.optional(),
  campaignId: campaignIdSchema
    .optional()
    .describe(
      'All that can stop a call of this campaign: its own, and those of its assignments, buyers, publishers and destinations.',
    ),
  full: z.enum(['true', 'false']).optional().describe('Whether there is no room for one more.'),
  ...pageQuery,
});

/** What holds a part of a limit's pending count. */
export const heldReservationSchema = z.strictObject({
  reservationId: z.string(),
  callId: z.string(),
  callState: z.string().nullable().describe('`null`: the call is not on record yet.'),
  attemptId: z.string(),
  assignmentId: z.string().nullable(),
  workflowId: z.string().nullable(),
  amount: z.union([count, microsTextSchema]),
  reservedAt: instantSchema,
});
export type HeldReservation = z.infer<typeof heldReservationSchema>;

/** A hold that maintenance gave back, because nobody was left to do it. */
export const freedReservationSchema = z.strictObject({
  reservationId: z.string(),
  callId: z.string(),
  workflowId: z.string().nullable(),
  assignmentId: z.string().nullable(),
  reason: z.string().describe('How the workflow ended, `missing`, `call_over` or `lease_elapsed`.'),
  carrierSays: z.enum(['in_progress', 'over']).nullable().describe('`null`: not asked, or no answer.'),
  reservedAt: instantSchema,
  freedAt: instantSchema,
});
export type FreedReservation = z.infer<typeof freedReservationSchema>;

export const pageQuerySchema = z.strictObject(pageQuery);

/** Counters held against the reservations they count. */
export const verificationSchema = z.strictObject({
  counters: z.int().min(0).describe('How many were recomputed.'),
  differences: z.array(
    z.strictObject({
      limitId: z.string(),
      scope: z.string(),
      window: limitWindowSchema,
      counts: countedEventSchema,
      windowStart: instantSchema.nullable(),
      posted: z.string(),
      pending: z.string(),
      recountedPosted: z.string(),
      recountedPending: z.string(),
    }),
  ),
});
export type Verification = z.infer<typeof verificationSchema>;
