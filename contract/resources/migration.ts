import { z } from 'zod';
import type { MigrationId } from '../../domain/ids';
import { DEFAULT_PLAN, type Guardrail } from '../../domain/migration/plan';
import type { Missing } from '../../domain/migration/progress';
import type { PhaseName } from '../../domain/migration/state';
import type { Estimate } from '../../domain/migration/statistics/intervals';
import type { Judgement } from '../../domain/migration/statistics/verdict';
import { hoursSchema } from '../hours';
import { microsTextSchema } from '../money';
import { pageQuery } from '../page';
import { serviceUrlSchema } from '../url';
import { assignmentIdSchema, campaignIdSchema, instantSchema, nameSchema } from './ids';
import { documentProblemSchema, versionNumberSchema } from './version';

export const migrationIdSchema = z
  .string()
  .regex(/^mig_[a-z0-9_]{1,40}$/, 'must be an id: mig_ and up to 40 of a-z, 0-9 and _')
  .transform((id) => id as MigrationId);

const TWO_DECIMALS = 'must be a percentage with at most two decimals';

/** Rounded to whole hundredths, what floating point made of two decimals is itself again. */
function hasTwoDecimals(percent: number): boolean {
  return Math.abs(percent * 100 - Math.round(percent * 100)) < 1e-6;
}

/** A share of the calls in percent, for example 12.5. */
export const sharePercentSchema = z.number().min(0).max(100).refine(hasTwoDecimals, TWO_DECIMALS);

const buyerKind = z.strictObject({
  kind: z.literal('buyer'),
  campaignId: campaignIdSchema,
  controlAssignmentId: assignmentIdSchema,
  challengerAssignmentId: assignmentIdSchema,
});
const planKind = z.strictObject({
  kind: z.literal('plan'),
  campaignId: campaignIdSchema,
  controlVersion: versionNumberSchema,
  challengerVersion: versionNumberSchema,
});
const campaignKind = z.strictObject({
  kind: z.literal('campaign'),
  controlCampaignId: campaignIdSchema,
  challengerCampaignId: campaignIdSchema,
});

/** What calls move between. */
export const migrationKindSchema = z.discriminatedUnion('kind', [buyerKind, planKind, campaignKind]);

export const newMigrationKindSchema = z.discriminatedUnion('kind', [
  buyerKind,
  planKind.extend({
    controlVersion: versionNumberSchema.optional().describe('Left out: the one that new calls get.'),
  }),
  campaignKind,
]);
export type NewMigrationKind = z.infer<typeof newMigrationKindSchema>;

export const migrationStepSchema = z.strictObject({
  sharePercent: sharePercentSchema.describe("The challenger's share of the callers, in percent."),
  minimumSeconds: z.int().describe('How long the share stays at least, in seconds.'),
  minimumCalls: z.int().describe('Calls of the challenger that have to be counted at this share.'),
  approval: z.boolean().default(false).describe('Whether somebody has to approve before this step begins.'),
});

const dropSchema = z.strictObject({
  kind: z.literal('relative_drop'),
  drop: z.number().describe("By how much worse than control's figure: 0.1 is ten percent."),
});

/** The challenger may be no worse than this. */
export const guardrailSchema = z.discriminatedUnion('metric', [
  z.strictObject({
    metric: z.enum(['answer_rate', 'conversion_rate', 'no_candidate_rate', 'mean_duration']),
    rule: z.discriminatedUnion('kind', [
      z.strictObject({
        kind: z.literal('floor'),
        value: z.number().describe('A rate from 0 to 1; of the mean duration: seconds.'),
      }),
      dropSchema,
    ]),
  }),
  z.strictObject({
    metric: z.literal('revenue_per_call'),
    rule: z.discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('floor'), valueMicros: microsTextSchema }),
      dropSchema,
    ]),
  }),
]) satisfies z.ZodType<Guardrail>;

/** What people may say of how a migration goes. */
const settings = {
  name: nameSchema,
  steps: z.array(migrationStepSchema).max(100).describe('In ascending order of share; the last has 100.'),
  guardrails: z.array(guardrailSchema).max(20),
  falseAlarmRate: z
    .number()
    .describe('The chance that a challenger as good as is asked is stopped all the same, over all looks.'),
  onBreach: z.enum(['hold', 'roll_back']).describe('What happens by itself when a guardrail is breached.'),
  conversionWindowSeconds: z
    .int()
    .describe('How long after its end a call may still convert; before, its money is not compared.'),
  evaluationSeconds: z.int().describe('Time from one look at the guardrails to the next.'),
  window: hoursSchema.nullable().describe('When it may go on by itself; `null`: at any time.'),
  notifyUrl: serviceUrlSchema
    .nullable()
    .describe('Told by a POST of JSON when a person is wanted, and of the end; `null`: nobody is.'),
};

export const newMigrationSchema = z.strictObject({
  id: migrationIdSchema.optional().describe('Generated when it is left out.'),
  ...settings,
  kind: newMigrationKindSchema,
  steps: settings.steps.default(
    DEFAULT_PLAN.steps.map(({ shareBasisPoints, ...step }) => ({
      ...step,
      sharePercent: shareBasisPoints / 100,
    })),
  ),
  guardrails: settings.guardrails.default([...DEFAULT_PLAN.guardrails]),
  falseAlarmRate: settings.falseAlarmRate.default(DEFAULT_PLAN.falseAlarmRate),
  onBreach: settings.onBreach.default(DEFAULT_PLAN.onBreach),
  conversionWindowSeconds: settings.conversionWindowSeconds.default(DEFAULT_PLAN.conversionWindowSeconds),
  evaluationSeconds: settings.evaluationSeconds.default(DEFAULT_PLAN.evaluationSeconds),
  window: settings.window.default(null),
  notifyUrl: settings.notifyUrl.default(null),
});
export type NewMigration = z.infer<typeof newMigrationSchema>;

const PHASES = {
  scheduled: true,
  running: true,
  paused: true,
  holding: true,
  awaiting_approval: true,
  completing: true,
  rolling_back: true,
  completed: true,
  rolled_back: true,
  aborted: true,
} satisfies Record<PhaseName, true>;
export const migrationStatusSchema = z.enum(Object.keys(PHASES) as [PhaseName, ...PhaseName[]]);

/** What an operator can do, each a route of its own. */
export const MIGRATION_ACTIONS = [
  'start',
  'pause',
  'resume',
  'advance',
  'share',
  'approve',
  'roll-back',
  'abort',
] as const;
export type MigrationAction = (typeof MIGRATION_ACTIONS)[number];

const estimateSchema = z
  .strictObject({ value: z.number().nullable(), low: z.number().nullable(), high: z.number().nullable() })
  .describe(
    'A figure, and between which its true value is; `null`: too few calls.',
  ) satisfies z.ZodType<Estimate>;

export const judgementSchema = z.strictObject({
  guardrail: guardrailSchema,
  verdict: z.enum(['wait', 'holds', 'breach', 'not_compared']),
  control: estimateSchema,
  challenger: estimateSchema,
  calls: z.strictObject({ control: z.int(), challenger: z.int() }),
  evidence: z
    .number()
    .nullable()
    .describe(
      'How many times likelier the calls are with a challenger that is worse; `null`: too little is known.',
    ),
  needed: z.number().describe('From how much evidence on it is a breach.'),
  provisional: z.boolean().describe('Calls may still convert: this figure will move.'),
  reason: z.string(),
}) satisfies z.ZodType<Judgement>;

const figuresSchema = z.strictObject({
  calls: z.int(),
  dialled: z.int(),
  answered: z.int(),
  noCandidate: z.int(),
  matured: z.int().describe('Calls that cannot convert any more, unless they have.'),
  conversions: z.int(),
  revenueMicros: microsTextSchema,
  talkSeconds: z.number(),
  turnedAway: z.int().describe('Calls of the challenger that control took for want of room.'),
});

const missingSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('seconds'), left: z.number() }),
  z.strictObject({ kind: z.literal('calls'), left: z.number() }),
  z.strictObject({ kind: z.literal('guardrail'), reason: z.string() }),
  z.strictObject({ kind: z.literal('approval') }),
  z.strictObject({ kind: z.literal('window') }),
]) satisfies z.ZodType<Missing>;

/** Where a migration is now. */
export const migrationProgressSchema = z.strictObject({
  sharePercent: sharePercentSchema.describe("The challenger's share in force."),
  step: z.strictObject({ no: z.int().describe('From 1; 0: it has not begun.'), of: z.int() }),
  nextSharePercent: sharePercentSchema.nullable().describe('`null`: completion is next, or nothing.'),
  since: instantSchema.nullable().describe('Since when the share is in force, and figures are counted.'),
  lookedAt: instantSchema.nullable().describe('When the guardrails were last looked at.'),
  reason: z.string().nullable().describe('Why it is on hold, or goes or went back.'),
  pausedBy: z.enum(['operator', 'campaign']).nullable(),
  figures: z
    .strictObject({ control: figuresSchema, challenger: figuresSchema })
    .nullable()
    .describe('Calls that have ended at this share; `null`: nobody has looked yet.'),
  judgements: z.array(judgementSchema),
  missing: z.array(missingSchema).describe('What it waits for before it goes on by itself.'),
  possible: z.array(z.enum(MIGRATION_ACTIONS)).describe('What can be done now.'),
  nextDecision: z.string(),
});

const historyEntrySchema = z.strictObject({
  at: instantSchema,
  what: z.string(),
  by: z.string().nullable().describe('`null`: the migration by itself.'),
  reason: z.string().nullable(),
  sharePercent: sharePercentSchema,
  figures: z.array(z.string()).describe('What the guardrails said.'),
});

/** A migration in a list. */
export const migrationHeadSchema = z.strictObject({
  id: migrationIdSchema,
  status: migrationStatusSchema,
  kind: migrationKindSchema,
  ...settings,
  progress: migrationProgressSchema,
  createdAt: instantSchema,
  startedAt: instantSchema.nullable(),
  endedAt: instantSchema.nullable(),
});
export type MigrationHead = z.infer<typeof migrationHeadSchema>;

export const migrationSchema = migrationHeadSchema.extend({
  history: z.array(historyEntrySchema).describe('Oldest first; the last 200 lines.'),
});
export type Migration = z.infer<typeof migrationSchema>;

/** A migration made just now, with what somebody should look at before it is started. */
export const createdMigrationSchema = migrationSchema.extend({ warnings: z.array(documentProblemSchema) });
export type CreatedMigration = z.infer<typeof createdMigrationSchema>;

const reason = z.string().trim().min(1).max(500).optional().describe('For the history and the audit trail.');
export const migrationOperationSchema = z.strictObject({ reason });
export const migrationShareSchema = z.strictObject({
  sharePercent: sharePercentSchema.describe('Any share, from none to all; the steps go on above it.'),
  reason,
});

export const migrationListQuerySchema = z.strictObject({
  campaignId: campaignIdSchema.optional().describe('Those that move calls of this campaign, or to it.'),
  status: migrationStatusSchema.optional(),
  ...pageQuery,
});
