import { z } from 'zod';
import { currencySchema, microsTextSchema } from '../money';
import { pageQuery } from '../page';
import { assignmentIdSchema, campaignIdSchema, instantSchema } from './ids';
import { countedEventSchema, limitWindowSchema } from './limit';
import { versionNumberSchema } from './version';

/*
 * A backtest: a version of a campaign's routing plan run over calls that were. What was observed of them is taken as it
 * was; what would have come of dials that were never made is drawn from dials that were.
 */

export const backtestIdSchema = z
  .string()
  .regex(/^bkt_[a-z0-9_]{1,40}$/, 'must be an id: bkt_ and up to 40 of a-z, 0-9 and _');

const count = z.int().min(0);

export const MOST_RUNS = 200;
export const DEFAULT_RUNS = 100;
export const DEFAULT_DAYS = 7;

export const newBacktestSchema = z.strictObject({
  version: versionNumberSchema.describe('A published version of the campaign’s routing plan.'),
  from: instantSchema
    .optional()
    .describe(`Calls that came in from then on; left out: ${DEFAULT_DAYS} days before the end.`),
  to: instantSchema.optional().describe('Up to then, exclusive; left out, and at most: now.'),
  runs: z
    .int()
    .min(1)
    .max(MOST_RUNS)
    .default(DEFAULT_RUNS)
    .describe('How often the period is run, each time with other outcomes of dials never made.'),
  seed: z
    .string()
    .min(1)
    .max(64)
    .optional()
    .describe('What those are drawn by: the same seed gives the same figures. Left out: one of its own.'),
});
export type NewBacktest = z.output<typeof newBacktestSchema>;

export const BACKTEST_STATUSES = ['waiting', 'running', 'completed', 'failed', 'cancelled'] as const;
export const backtestStatusSchema = z.enum(BACKTEST_STATUSES);
export type BacktestStatus = z.infer<typeof backtestStatusSchema>;

/** What calls came to. */
const figuresSchema = z.strictObject({
  /** Calls somebody was dialled for. */
  dialled: count,
  dials: count,
  connected: count,
  converted: count,
  /** Nobody could be dialled. */
  noCandidate: count,
  /** Nobody could be dialled because all were closed. */
  afterHours: count,
  /** Somebody was dialled, and nobody took the call. */
  exhausted: count,
  /** The caller hung up while it rang. */
  abandonedRinging: count,
  revenueMicros: microsTextSchema,
  payoutMicros: microsTextSchema,
});
export type BacktestFigures = z.infer<typeof figuresSchema>;

/**
 * Over the runs. From 19 runs on, what the plan would have come to lies between `low` and `high` nine times in ten, if
 * buyers do with these calls as they did with theirs.
 */
const rangeSchema = z.strictObject({ mean: z.number(), low: z.number(), high: z.number() });
const moneyRangeSchema = z.strictObject({
  mean: microsTextSchema,
  low: microsTextSchema,
  high: microsTextSchema,
});
export type Range = z.infer<typeof rangeSchema>;
export type MoneyRange = z.infer<typeof moneyRangeSchema>;

const rangesSchema = z.strictObject({
  dialled: rangeSchema,
  dials: rangeSchema,
  connected: rangeSchema,
  converted: rangeSchema,
  noCandidate: rangeSchema,
  afterHours: rangeSchema,
  exhausted: rangeSchema,
  abandonedRinging: rangeSchema,
  revenueMicros: moneyRangeSchema,
  payoutMicros: moneyRangeSchema,
});
export type BacktestRanges = z.infer<typeof rangesSchema>;

/** Where outcomes of dials that were never made come from. */
export const OUTCOME_SOURCES = ['own', 'campaign', 'none'] as const;

export const backtestResultSchema = z.strictObject({
  currency: currencySchema,
  calls: z.strictObject({
    /** Calls of the campaign that came in during the period. */
    received: count,
    /** Those that were run again. */
    replayed: count,
    /** Turned away before a buyer was chosen, or gone by then: no plan was asked about them. */
    notRouted: count,
    /** Lost before a buyer was chosen, by a fault: answered by the fail-safe, or ended as `failed`. */
    failed: count,
    /** Chosen for before choices were recorded. */
    notOnRecord: count,
    /** Not over yet when the backtest looked. */
    inProgress: count,
  }),
  /**
   * How far the model is to be trusted: the versions that chose were asked again, and gave so many of the calls to the
   * buyer who was dialled first.
   */
  reproduced: z.strictObject({ calls: count, same: count }),
  /** First dials, by what most runs came to. */
  differences: z.strictObject({
    same: count,
    otherBuyer: count,
    /** Nobody was dialled, and somebody would have been. */
    gained: count,
    /** Somebody was dialled, and nobody would have been. */
    lost: count,
  }),
  observed: figuresSchema,
  modelled: rangesSchema,
  /** Of the modelled dials: how many were made in that call, so that their outcome is known. */
  outcomes: z.strictObject({ observed: rangeSchema, drawn: rangeSchema }),
  buyers: z.array(
    z.strictObject({
      assignmentId: assignmentIdSchema,
      buyerName: z.string(),
      observed: z.strictObject({
        dials: count,
        connected: count,
        converted: count,
        revenueMicros: microsTextSchema,
      }),
      modelled: z.strictObject({
        dials: rangeSchema,
        connected: rangeSchema,
        converted: rangeSchema,
        revenueMicros: moneyRangeSchema,
      }),
      /** `own`: its own dials; `campaign`: too few of its own, so those of all; `none`: none was needed. */
      outcomesFrom: z.enum(OUTCOME_SOURCES),
      /** Dials they are drawn from. */
      sample: count,
    }),
  ),
  /** Assignments that the version names, and in how many of the calls the campaign did not have them: they got none. */
  absent: z.array(z.strictObject({ assignmentId: assignmentIdSchema, calls: count })),
  /** Limits that stood in somebody's way: in how many calls. */
  limits: z.array(
    z.strictObject({
      limitId: z.string(),
      scope: z.string(),
      window: limitWindowSchema,
      counts: countedEventSchema,
      observed: count,
      modelled: rangeSchema,
    }),
  ),
  /** In sentences: what of this was observed, and what is modelled. */
  basis: z.strictObject({ observed: z.array(z.string()), modelled: z.array(z.string()) }),
});
export type BacktestResult = z.infer<typeof backtestResultSchema>;

export const backtestHeadSchema = z.strictObject({
  id: backtestIdSchema,
  campaignId: campaignIdSchema,
  version: versionNumberSchema,
  from: instantSchema,
  to: instantSchema,
  runs: count,
  seed: z.string(),
  status: backtestStatusSchema,
  /** Calls run so far, and in all; `null`: not counted yet. */
  progress: z.strictObject({ calls: count, of: count.nullable() }),
  createdAt: instantSchema,
  startedAt: instantSchema.nullable(),
  endedAt: instantSchema.nullable(),
  /** Why it failed; `null`: it did not. */
  failure: z.string().nullable(),
});
export type BacktestHead = z.infer<typeof backtestHeadSchema>;

export const backtestSchema = backtestHeadSchema.extend({
  /** `null`: not there yet. */
  result: backtestResultSchema.nullable(),
});
export type Backtest = z.infer<typeof backtestSchema>;

export const backtestListQuerySchema = z.strictObject({
  campaignId: campaignIdSchema.optional(),
  ...pageQuery,
});

const dialSchema = z
  .strictObject({
    assignmentId: assignmentIdSchema,
    buyerName: z.string().nullable(),
    priceMicros: microsTextSchema,
  })
  .nullable()
  .describe('`null`: nobody.');

/** A call that would have gone elsewhere. */
export const backtestDifferenceSchema = z.strictObject({
  callId: z.string(),
  at: instantSchema,
  currency: currencySchema,
  /** Who was dialled first, and what came of the call. */
  observed: dialSchema,
  outcome: z.string(),
  revenueMicros: microsTextSchema,
  /** Who would have been dialled first in most of the runs, and in how many. */
  modelled: dialSchema,
  modelledRuns: count,
  /** What the call would have brought, on average over the runs. */
  expectedRevenueMicros: microsTextSchema,
});
export type BacktestDifference = z.infer<typeof backtestDifferenceSchema>;
