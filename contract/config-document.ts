import { z } from 'zod';
import type { AssignmentId } from '../domain/ids';
import { isPublishable, validateFlow } from '../domain/ivr/validate';
import {
  attestationSchema,
  campaignStatusSchema,
  dialSettingsSchema,
  duplicateRuleSchema,
  holidaysSchema,
  treatmentsSchema,
} from './campaign';
import { conditionSchema, tagSchema } from './condition';
import { flowSchema } from './flow';
import { hoursSchema, timeZoneSchema } from './hours';
import { buyerPriceSchema, currencySchema, priceRuleSchema } from './money';
import { planSchema, prioritySchema, weightSchema } from './plan';
import { e164Schema, treatmentSchema } from './prompt';

/*
 * A campaign as one document, which a person keeps in a file: all that decides about its calls, and nothing that
 * changes by itself. What is left out has the default said here; it does not stay as it was.
 */

const name = z.string().trim().min(1).max(200);
const id = (prefix: string): z.ZodString =>
  z
    .string()
    .regex(new RegExp(`^${prefix}_[a-z0-9_]{1,40}$`), `must be ${prefix}_ and lower-case letters, digits or _`);

export const configCampaignSchema = z.strictObject({
  id: id('cmp'),
  name,
  vertical: z.string().max(100).default(''),
  /** Countries and states the campaign is for, as `US` or `US-CA`: a label, not a rule. */
  geography: z
    .array(z.string().regex(/^[A-Z]{2}(-[A-Z0-9]{1,3})?$/, 'must be a country or state, as US or US-CA'))
    .max(300)
    .default([]),
  timeZone: timeZoneSchema,
  currency: currencySchema,
  /** Left out: as it is; a new campaign is a draft. */
  status: campaignStatusSchema.optional(),
  hours: hoursSchema.nullable().default(null),
  holidays: holidaysSchema.default([]),
  treatments: treatmentsSchema,
  anonymousCallers: z.enum(['allow', 'block']).default('allow'),
  spamWindowSeconds: z.int().min(0).max(86_400).default(0),
  minimumAttestation: attestationSchema.nullable().default(null),
  duplicates: duplicateRuleSchema.nullable().default(null),
  maxCallSeconds: z.int().min(1).max(86_400).default(14_400),
  reportAnswer: z.boolean().default(false),
  recordCalls: z.boolean().default(false),
});
export type ConfigCampaign = z.output<typeof configCampaignSchema>;

export const configPublisherSchema = z.strictObject({
  id: id('pub'),
  name,
  payout: priceRuleSchema.nullable().default(null),
});
export type ConfigPublisher = z.output<typeof configPublisherSchema>;

export const configBuyerSchema = z.strictObject({
  id: id('buy'),
  name,
  status: z.enum(['active', 'paused']).default('active'),
  timeZone: timeZoneSchema,
  hours: hoursSchema.nullable().default(null),
});
export type ConfigBuyer = z.output<typeof configBuyerSchema>;

export const configNumberSchema = z.strictObject({
  number: e164Schema,
  publisherId: id('pub').nullable().default(null),
  channel: z.string().min(1).max(64),
  tags: z.record(tagSchema, z.string().max(1024)).default({}),
  failSafe: treatmentSchema.nullable().default(null),
});
export type ConfigNumber = z.output<typeof configNumberSchema>;

export const configAssignmentSchema = z.strictObject({
  id: id('asg').transform((text) => text as AssignmentId),
  buyerId: id('buy'),
  priority: prioritySchema.default(1),
  weight: weightSchema.default(1),
  paused: z.boolean().default(false),
  dialing: dialSettingsSchema,
  hours: hoursSchema.nullable().default(null),
  filter: conditionSchema.nullable().default(null),
  price: buyerPriceSchema,
  conversionEstimate: z.number().min(0).max(1).default(1),
});
export type ConfigAssignment = z.output<typeof configAssignmentSchema>;

const documentShape = z.strictObject({
  campaign: configCampaignSchema,
  /** Publishers and buyers may belong to other campaigns too: a change here is one for all of them. */
  publishers: z.array(configPublisherSchema).max(1_000).default([]),
  buyers: z.array(configBuyerSchema).max(20_000).default([]),
  numbers: z.array(configNumberSchema).max(20_000).default([]),
  assignments: z.array(configAssignmentSchema).max(20_000).default([]),
  /** `null`: none yet, which only a draft may do. */
  plan: planSchema.nullable().default(null),
  /** `null`: callers go to a buyer at once. */
  flow: flowSchema.nullable().default(null),
});

/** A document whose parts fit each other. What it refers to outside of itself, only the database can tell. */
export const configDocumentSchema = documentShape.superRefine((document, context) => {
  for (const { path, message } of misfits(document)) context.addIssue({ code: 'custom', path: [...path], message });
});
export type ConfigDocument = z.output<typeof configDocumentSchema>;

interface Misfit {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

function* misfits(document: z.output<typeof documentShape>): Generator<Misfit> {
  yield* repeated('publishers', 'id', document.publishers.map(({ id }) => id));
  yield* repeated('buyers', 'id', document.buyers.map(({ id }) => id));
  yield* repeated('numbers', 'number', document.numbers.map(({ number }) => number));
  yield* repeated('assignments', 'id', document.assignments.map(({ id }) => id));
  yield* strangers(document);
  if (document.flow === null) return;
  const problems = validateFlow(document.flow);
  if (isPublishable(problems)) return;
  for (const { severity, pointer, message } of problems) {
    if (severity === 'error') yield { path: ['flow', ...fromPointer(pointer)], message };
  }
}

function* repeated(list: string, field: string, keys: readonly string[]): Generator<Misfit> {
  const seen = new Set<string>();
  for (const [index, key] of keys.entries()) {
    if (seen.has(key)) yield { path: [list, index, field], message: `is in the list before: ${key}` };
    seen.add(key);
  }
}

/** Candidates that are no assignments of this document: those not in it are removed when it is applied. */
function* strangers({ assignments, plan }: z.output<typeof documentShape>): Generator<Misfit> {
  const own = new Set(assignments.map(({ id }) => id));
  for (const [rule, { candidates }] of (plan?.rules ?? []).entries()) {
    for (const [place, { assignmentId }] of (candidates ?? []).entries()) {
      if (!own.has(assignmentId))
        yield {
          path: ['plan', 'rules', rule, 'candidates', place, 'assignmentId'],
          message: `is no assignment of this document: add ${assignmentId} to its assignments`,
        };
    }
  }
}

/** RFC 6901. Array indices become numbers, as zod has them. */
function fromPointer(pointer: string): (string | number)[] {
  return pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    .map((part) => (/^(0|[1-9]\d*)$/.test(part) ? Number(part) : part));
}

export const CONFIG_ENTITIES = ['campaign', 'publisher', 'buyer', 'number', 'assignment', 'plan', 'flow'] as const;
export const CONFIG_ACTIONS = ['create', 'update', 'remove', 'publish'] as const;

/** One step of an RFC 6902 patch. */
export const patchOperationSchema = z.discriminatedUnion('op', [
  z.strictObject({ op: z.literal('add'), path: z.string(), value: z.unknown() }),
  z.strictObject({ op: z.literal('remove'), path: z.string() }),
  z.strictObject({ op: z.literal('replace'), path: z.string(), value: z.unknown() }),
  z.strictObject({ op: z.literal('move'), from: z.string(), path: z.string() }),
]);

/** What one thing becomes when a document is applied. */
export const configChangeSchema = z.strictObject({
  action: z.enum(CONFIG_ACTIONS),
  entity: z.enum(CONFIG_ENTITIES),
  /** Of a plan or flow: the number of the version that is published or taken away. */
  id: z.string(),
  name: z.string(),
  /** From what it was; from `{}` when it is new; empty when it goes. */
  patch: z.array(patchOperationSchema),
  /** The same for people. */
  lines: z.array(z.string()),
});
export type ConfigChange = z.output<typeof configChangeSchema>;

/** What applying a document did, or would do. */
export const configAppliedSchema = z.strictObject({
  campaignId: z.string(),
  dryRun: z.boolean(),
  /** In the order in which they are made; empty: the document says what is there. */
  changes: z.array(configChangeSchema),
  /** Of the changes: given back as `expect`, nothing else is applied than what was shown. */
  digest: z.string(),
  /** What the flow's validator would have somebody look at. */
  warnings: z.array(z.strictObject({ pointer: z.string(), message: z.string() })),
});
export type ConfigApplied = z.output<typeof configAppliedSchema>;

/** Query of `PUT /api/v1/campaigns/{id}/config`. */
export const applyConfigQuerySchema = z.strictObject({
  dryRun: z
    .enum(['true', 'false'])
    .default('false')
    .transform((text) => text === 'true'),
  /** `digest` of a dry run: refuses when the changes would be others by now. */
  expect: z.string().min(1).max(128).optional(),
});
