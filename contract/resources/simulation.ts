import { z } from 'zod';
import type { Explanation } from '../../domain/condition-explanation';
import { DUPLICATE_DEFINITIONS, DUPLICATE_TREATMENTS } from '../../domain/campaign/duplicates';
import { SKIP_REASONS } from '../../domain/routing/skip';
import { attestationSchema } from '../campaign';
import { tagSchema } from '../condition';
import { priceRuleSchema } from '../money';
import { strategySchema } from '../plan';
import { e164Schema, treatmentSchema } from '../prompt';
import { assignmentIdSchema, buyerIdSchema, instantSchema, publisherIdSchema } from './ids';
import { countedEventSchema, limitWindowSchema } from './limit';
import { versionNumberSchema } from './version';

/** What this caller did in the campaign before, by who took the call. */
const historyEntrySchema = z.strictObject({
  /** `null`: calls that no buyer took. */
  buyerId: buyerIdSchema.nullable().default(null),
  lastCalledAt: instantSchema,
  lastConnectedAt: instantSchema.nullable().default(null),
  lastConvertedAt: instantSchema.nullable().default(null),
});

/** A call that nobody makes. What is left out is what most calls have. */
export const simulateSchema = z.strictObject({
  /** `null`, and left out: the caller withholds the number. */
  from: e164Schema.nullable().default(null),
  /** One of the campaign's numbers; left out: its first. */
  to: e164Schema.optional(),
  /** Left out: now. */
  at: instantSchema.optional(),
  /** What the IVR asked, over the tags of the number. */
  tags: z
    .record(tagSchema, z.string().max(1024))
    .refine((tags) => Object.keys(tags).length <= 100, 'has more than 100 tags')
    .default({}),
  /** What the carrier says about where the caller is. */
  geography: z
    .strictObject({
      city: z.string().max(128),
      state: z.string().max(64),
      postalCode: z.string().max(16),
      country: z.string().max(64),
    })
    .partial()
    .default({}),
  /** STIR/SHAKEN; `null`: the carrier attests nothing. */
  attestation: attestationSchema.nullable().default('A'),
  /** Left out: what the database knows of `from`. */
  history: z.array(historyEntrySchema).max(1_000).optional(),
  /** A published version, or `draft`; left out: the current one. */
  plan: z.union([z.literal('draft'), versionNumberSchema], 'must be a version number, or draft').optional(),
  /** Dialled before in this call. */
  alreadyTried: z.array(assignmentIdSchema).max(20).default([]),
  /** Stands for the call's id: another seed draws as for another call. The id of a call that was is that call again. */
  seed: z.string().min(1).max(64).default('simulated'),
});
export type Simulate = z.output<typeof simulateSchema>;

/** A condition in words, whether it is true of the call, and what it found there. */
export const explanationSchema: z.ZodType<Explanation> = z.lazy(() =>
  z.strictObject({
    kind: z.enum([
      'all',
      'any',
      'not',
      'geography',
      'local_time',
      'holiday',
      'tag',
      'source',
      'first_call',
      'caller_history',
    ]),
    summary: z.string(),
    value: z.boolean(),
    /** `null`: nobody knows. */
    found: z.string().nullable().exactOptional(),
    parts: z.array(explanationSchema).readonly().exactOptional(),
  }),
);

const text = z.string().nullable();

export const simulationSchema = z.strictObject({
  at: instantSchema,
  /** `null`: an unpublished draft. */
  planVersion: versionNumberSchema.nullable(),
  /** The number the call came in on, and where its callers come from; `null`: the campaign has none. */
  source: z
    .strictObject({ number: e164Schema, publisherId: publisherIdSchema.nullable(), channel: z.string() })
    .nullable(),
  /** Where the caller probably is. */
  geography: z.strictObject({
    country: text,
    state: text,
    areaCode: text,
    postalCode: text,
    timeZone: text,
  }),
  /** What the call is qualified with. */
  tags: z.record(z.string(), z.string()),
  screening: z.strictObject({
    passes: z.boolean(),
    /** How a call that does not pass is counted. */
    outcome: z.string().nullable(),
    reason: z.string().nullable(),
  }),
  /** What the campaign's rule about duplicates found; `null`: no rule, or no duplicate. */
  duplicate: z
    .strictObject({
      treatment: z.enum(DUPLICATE_TREATMENTS),
      definition: z.enum(DUPLICATE_DEFINITIONS),
      buyerIds: z.array(buyerIdSchema),
      lastAt: instantSchema,
    })
    .nullable(),
  rules: z.array(
    z.strictObject({
      name: z.string(),
      strategy: strategySchema,
      /** `null`: a rule before ended the chain, so this one is not looked at. */
      matched: z.boolean().nullable(),
      /** `null`: the rule is for every call. */
      when: explanationSchema.nullable(),
    }),
  ),
  /** In the order in which they are tried. */
  candidates: z.array(
    z.strictObject({
      assignmentId: assignmentIdSchema,
      buyerId: buyerIdSchema,
      buyerName: z.string(),
      rule: z.string(),
      /** What the buyer pays for this call, and when. */
      price: priceRuleSchema,
      /** Limits that have no room for the call as they stand now, so that it passes the candidate over. */
      refusedBy: z.array(
        z.strictObject({
          limitId: z.string(),
          scope: z.string(),
          window: limitWindowSchema,
          counts: countedEventSchema,
          /** `currency`: the call's money is in another one than the limit's, and cannot be counted. */
          reason: z.enum(['full', 'currency']),
        }),
      ),
    }),
  ),
  /** Every other assignment. */
  skipped: z.array(
    z.strictObject({
      assignmentId: assignmentIdSchema,
      buyerId: buyerIdSchema,
      buyerName: z.string(),
      reason: z.enum(SKIP_REASONS),
      detail: z.string().nullable(),
      /** What its filter found, where it has one. */
      filter: explanationSchema.nullable(),
    }),
  ),
  /** What the caller gets when nobody is dialled, or nobody of those takes the call. */
  treatment: treatmentSchema,
  /** All of it in sentences. */
  explanation: z.array(z.string()),
});
export type Simulation = z.output<typeof simulationSchema>;
