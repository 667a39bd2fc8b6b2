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

const SEED_LENGTH = 'must be 1 to 64 characters';

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
    .min(1, SEED_LENGTH)
    .max(64, SEED_LENGTH)
    .optional()
    .describe('What those are drawn by: the same seed gives the same figures. Left out: one of its own.'),
});
export type NewBacktest = z.output<typeof newBacktestSchema>;

export const BACKTEST_STATUSES = ['waiting', 'running', 'completed', 'failed', 'cancelled'] as const;
export const backtestStatusSchema = z.enum(BACKTEST_STATUSES);
export type BacktestStatus = z.infer<typeof backtestStatusSchema>;

/** What each figure counts, of what was and of what is modelled alike. */
const FIGURES = {
  dialled: 'Calls for which at least one buyer was dialled; each counts once.',
  dials: 'Dials in all: a call whose first buyer is busy goes on to the next, which is one dial more.',
  connected: 'Calls that a buyer took.',
  converted: 'Connected calls for which a buyer pays.',
  noCandidate: 'Calls for which no buyer could be dialled; not those where all were closed.',
  afterHours: 'Calls for which no buyer could be dialled because all were closed.',
  exhausted: 'Calls for which somebody was dialled, and nobody took the call.',
  abandonedRinging: 'Calls whose caller hung up while it rang at a buyer.',
  revenueMicros: 'What buyers pay for these calls.',
  payoutMicros: 'What publishers get for these calls.',
} as const;

/** What calls came to. */
const figuresSchema = z.strictObject({
  dialled: count.describe(FIGURES.dialled),
  dials: count.describe(FIGURES.dials),
  connected: count.describe(FIGURES.connected),
  converted: count.describe(FIGURES.converted),
  noCandidate: count.describe(FIGURES.noCandidate),
  afterHours: count.describe(FIGURES.afterHours),
  exhausted: count.describe(FIGURES.exhausted),
  abandonedRinging: count.describe(FIGURES.abandonedRinging),
  revenueMicros: microsTextSchema.describe(FIGURES.revenueMicros),
  payoutMicros: microsTextSchema.describe(FIGURES.payoutMicros),
});
export type BacktestFigures = z.infer<typeof figuresSchema>;

const MEAN = 'On average over the runs.';
const LOW =
  'From 19 runs on, what the plan would have come to is not below this, nor above `high`, nine times in ten, if buyers do with these calls as they did with theirs. Of fewer runs: the least.';
const HIGH = 'The other end, see `low`. Of fewer than 19 runs: the most.';

/** Over the runs. */
const rangeSchema = z.strictObject({
  mean: z.number().describe(MEAN),
  low: z.number().describe(LOW),
  high: z.number().describe(HIGH),
});
const moneyRangeSchema = z.strictObject({
  mean: microsTextSchema.describe(MEAN),
  low: microsTextSchema.describe(LOW),
  high: microsTextSchema.describe(HIGH),
});
export type Range = z.infer<typeof rangeSchema>;
export type MoneyRange = z.infer<typeof moneyRangeSchema>;

const rangesSchema = z.strictObject({
  dialled: rangeSchema.describe(FIGURES.dialled),
  dials: rangeSchema.describe(FIGURES.dials),
  connected: rangeSchema.describe(FIGURES.connected),
  converted: rangeSchema.describe(FIGURES.converted),
  noCandidate: rangeSchema.describe(FIGURES.noCandidate),
  afterHours: rangeSchema.describe(FIGURES.afterHours),
  exhausted: rangeSchema.describe(FIGURES.exhausted),
  abandonedRinging: rangeSchema.describe(FIGURES.abandonedRinging),
  revenueMicros: moneyRangeSchema.describe(FIGURES.revenueMicros),
  payoutMicros: moneyRangeSchema.describe(FIGURES.payoutMicros),
});
export type BacktestRanges = z.infer<typeof rangesSchema>;

/** Of dials to one buyer. */
const BUYER_FIGURES = {
  dials: 'Dials to this buyer, first or later ones of a call.',
  connected: 'Calls that this buyer took.',
  converted: 'Calls for which this buyer pays.',
  revenueMicros: 'What this buyer pays.',
} as const;

/** Where outcomes of dials that were never made come from. */
export const OUTCOME_SOURCES = ['own', 'campaign', 'none'] as const;

export const backtestResultSchema = z.strictObject({
  currency: currencySchema.describe('Of all amounts.'),
  calls: z
    .strictObject({
      received: count.describe('Calls of the campaign that came in during the period.'),
      replayed: count.describe('Those that were run again. All figures are of these.'),
      notRouted: count.describe(
        'Left out: turned away or gone before a buyer was chosen, for example in the IVR. No plan was asked about them.',
      ),
      failed: count.describe(
        'Left out: lost before a buyer was chosen, by a fault: answered by the fail-safe, or ended as `failed`.',
      ),
      notOnRecord: count.describe('Left out: a buyer was chosen before such choices were recorded.'),
      inProgress: count.describe('Left out: not over yet when the backtest looked.'),
    })
    .describe('What became of the calls of the period.'),
  reproduced: z
    .strictObject({
      calls: count.describe('Calls for which the version that really chose was asked again.'),
      same: count.describe('Those it gave to the buyer who was really dialled first.'),
    })
    .describe('How far the model is to be trusted: far below all, something is not as it takes it to be.'),
  differences: z
    .strictObject({
      same: count.describe('The same buyer would have been dialled first, or nobody either.'),
      otherBuyer: count.describe('Another buyer would have been dialled first.'),
      gained: count.describe('Nobody was dialled, and somebody would have been.'),
      lost: count.describe('Somebody was dialled, and nobody would have been.'),
    })
    .describe('The calls by who is dialled first: as it was, against what most of the runs came to.'),
  observed: figuresSchema.describe('What the calls that were run again really came to.'),
  modelled: rangesSchema.describe('What they would have come to under the version asked.'),
  outcomes: z
    .strictObject({
      observed: rangeSchema.describe(
        'Dials that were really made in the same call, to the same buyer: they end as they did.',
      ),
      drawn: rangeSchema.describe(
        'Dials that were never made: each ends as some past dial that is drawn anew in each run. The greater their part, the more is modelled.',
      ),
    })
    .describe('The modelled dials by where their outcome comes from; together they are `modelled.dials`.'),
  buyers: z
    .array(
      z.strictObject({
        assignmentId: assignmentIdSchema,
        buyerName: z.string().describe('For people.'),
        observed: z
          .strictObject({
            dials: count.describe(BUYER_FIGURES.dials),
            connected: count.describe(BUYER_FIGURES.connected),
            converted: count.describe(BUYER_FIGURES.converted),
            revenueMicros: microsTextSchema.describe(BUYER_FIGURES.revenueMicros),
          })
          .describe('As it was.'),
        modelled: z
          .strictObject({
            dials: rangeSchema.describe(BUYER_FIGURES.dials),
            connected: rangeSchema.describe(BUYER_FIGURES.connected),
            converted: rangeSchema.describe(BUYER_FIGURES.converted),
            revenueMicros: moneyRangeSchema.describe(BUYER_FIGURES.revenueMicros),
          })
          .describe('As it would have been.'),
        outcomesFrom: z
          .enum(OUTCOME_SOURCES)
          .describe(
            "What the outcomes of this buyer's dials that were never made are drawn from. `own`: past dials to this buyer; `campaign`: there are too few of those, so past dials to all buyers of the campaign; `none`: nothing was drawn, or there is nothing to draw from.",
          ),
        sample: count.describe('How many past dials those are; 0 with `none`.'),
      }),
    )
    .describe('Everybody who was dialled, or would have been.'),
  absent: z
    .array(
      z.strictObject({
        assignmentId: assignmentIdSchema,
        calls: count.describe('Calls at which the campaign did not have it, so that it got none of them.'),
      }),
    )
    .describe('Assignments that the version names, and that the campaign did not have at some of the calls.'),
  limits: z
    .array(
      z.strictObject({
        limitId: z.string(),
        scope: z.string().describe('What it is on, for example `buyer:buy_dallas`.'),
        window: limitWindowSchema,
        counts: countedEventSchema.describe('What it counts.'),
        observed: count.describe('Calls in which it stood in the way of a buyer.'),
        modelled: rangeSchema.describe('Calls in which it would have.'),
      }),
    )
    .describe('Limits that stood in the way of a buyer, or would have.'),
  basis: z
    .strictObject({
      observed: z.array(z.string()).describe('What was observed.'),
      modelled: z.array(z.string()).describe('What is modelled, and how.'),
    })
    .describe('In sentences: what all this rests on.'),
});
export type BacktestResult = z.infer<typeof backtestResultSchema>;

export const backtestHeadSchema = z.strictObject({
  id: backtestIdSchema,
  campaignId: campaignIdSchema,
  version: versionNumberSchema.describe('Of the routing plan that is run over the calls.'),
  from: instantSchema.describe('Calls that came in from then on.'),
  to: instantSchema.describe('Up to then, exclusive.'),
  runs: count.describe('How often the period is run.'),
  seed: z.string().describe('What outcomes are drawn by: the same seed gives the same figures.'),
  status: backtestStatusSchema,
  progress: z
    .strictObject({
      calls: count.describe('Calls run so far.'),
      of: count.nullable().describe('Calls in all; `null`: not counted yet.'),
    })
    .describe('How far it is.'),
  createdAt: instantSchema,
  startedAt: instantSchema.nullable().describe('`null`: it waits.'),
  endedAt: instantSchema.nullable().describe('When it was over, however it ended; `null`: not yet.'),
  failure: z.string().nullable().describe('Why it failed; `null`: it did not.'),
});
export type BacktestHead = z.infer<typeof backtestHeadSchema>;

export const backtestSchema = backtestHeadSchema.extend({
  /** `null`: there is none, because it is not completed. */
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
    buyerName: z.string().nullable().describe('For people.'),
    priceMicros: microsTextSchema.describe('What this buyer pays for this call, should it convert.'),
  })
  .nullable();

/** A call that would have gone elsewhere. */
export const backtestDifferenceSchema = z.strictObject({
  callId: z.string(),
  at: instantSchema.describe('When a buyer was first chosen for the call.'),
  currency: currencySchema.describe('Of the amounts.'),
  observed: dialSchema.describe(
    'Who was dialled first; `null`: nobody. Whoever took the call may be another buyer.',
  ),
  outcome: z.string().describe('What the call came to in the end, whoever took it.'),
  revenueMicros: microsTextSchema.describe('What the call brought in the end, from whoever took it.'),
  modelled: dialSchema.describe('Who would have been dialled first in most of the runs; `null`: nobody.'),
  modelledRuns: count.describe('In how many of the runs that is so.'),
  expectedRevenueMicros: microsTextSchema.describe(
    'What the call would have brought on average over all runs, from whoever would have taken it.',
  ),
});
export type BacktestDifference = z.infer<typeof backtestDifferenceSchema>;
