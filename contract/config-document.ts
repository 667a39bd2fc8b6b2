import { z } from 'zod';
import type { Flow } from '../domain/ivr/flow';
import type { RoutingPlan } from '../domain/routing/plan';
import { campaignStatusSchema } from './campaign';
import { flowSchema } from './flow';
import { patchOperationSchema } from './patch';
import { planSchema } from './plan';
import { e164Schema } from './prompt';
import { newAssignmentSchema } from './resources/assignment';
import { newBuyerSchema } from './resources/buyer';
import { newCampaignSchema } from './resources/campaign';
import { goalSettingsSchema, type GoalSettings } from './resources/goal';
import { configLimitSchema, type ConfigLimit } from './resources/limit';
import { assignmentIdSchema, buyerIdSchema, campaignIdSchema, publisherIdSchema } from './resources/ids';
import { numberSettings } from './resources/number';
import { newPublisherSchema } from './resources/publisher';

/*
 * A campaign as one document, which a person keeps in a file: all that decides about its calls, and nothing that
 * changes by itself. Fields and defaults are those of the resources; but all have to have an id, so that applying a
 * document twice changes things once. What is left out has its default: it does not stay as it was.
 */

export const configCampaignSchema = newCampaignSchema.extend({
  id: campaignIdSchema,
  /** Left out: as it is; a new campaign is a draft. */
  status: campaignStatusSchema.optional(),
});
export type ConfigCampaign = z.output<typeof configCampaignSchema>;

export const configPublisherSchema = newPublisherSchema.extend({ id: publisherIdSchema });
export type ConfigPublisher = z.output<typeof configPublisherSchema>;

export const configBuyerSchema = newBuyerSchema.extend({ id: buyerIdSchema });
export type ConfigBuyer = z.output<typeof configBuyerSchema>;

export const configNumberSchema = z.strictObject({
  /** In E.164: a document says which number it is, in one way only. */
  number: e164Schema,
  publisherId: numberSettings.publisherId.default(null),
  channel: numberSettings.channel.default('other'),
  tags: numberSettings.tags.default({}),
  failSafe: numberSettings.failSafe.default(null),
});
export type ConfigNumber = z.output<typeof configNumberSchema>;

export const configAssignmentSchema = newAssignmentSchema.extend({ id: assignmentIdSchema });
export type ConfigAssignment = z.output<typeof configAssignmentSchema>;

/** Shapes only: whether the parts fit each other is `api/config/misfits.ts` to say. */
export const configDocumentSchema = z.strictObject({
  campaign: configCampaignSchema,
  /** Publishers and buyers may belong to other campaigns too: a change here is one for all of them. */
  publishers: z.array(configPublisherSchema).max(1_000).default([]),
  buyers: z.array(configBuyerSchema).max(20_000).default([]),
  numbers: z.array(configNumberSchema).max(20_000).default([]),
  assignments: z.array(configAssignmentSchema).max(20_000).default([]),
  /** Left out: all limits stay as they are. */
  limits: z.array(configLimitSchema).max(20_000).optional(),
  /** Left out: it stays as it is. `null`: none. */
  goal: goalSettingsSchema.nullable().optional(),
  /** `null`: none yet, which only a draft may do. */
  plan: planSchema.nullable().default(null),
  /** `null`: callers go to a buyer at once. */
  flow: flowSchema.nullable().default(null),
});

export interface ConfigDocument {
  readonly campaign: ConfigCampaign;
  readonly publishers: readonly ConfigPublisher[];
  readonly buyers: readonly ConfigBuyer[];
  readonly numbers: readonly ConfigNumber[];
  readonly assignments: readonly ConfigAssignment[];
  readonly limits?: readonly ConfigLimit[] | undefined;
  readonly goal?: GoalSettings | null | undefined;
  readonly plan: RoutingPlan | null;
  readonly flow: Flow | null;
}

export const CONFIG_ENTITIES = [
  'campaign',
  'publisher',
  'buyer',
  'number',
  'assignment',
  'limit',
  'goal',
  'plan',
  'flow',
] as const;
export const CONFIG_ACTIONS = ['create', 'update', 'remove', 'publish'] as const;

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
