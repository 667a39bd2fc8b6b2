import type { BacktestFigures, BacktestResult } from '../../contract/resources/backtest';
import type { AssignmentId } from '../../domain/ids';
import type { Currency, MicrosText } from '../../domain/money';

const units = (amount: number): MicrosText => String(Math.round(amount * 1_000_000)) as MicrosText;
const range = (mean: number, low: number, high: number) => ({ mean, low, high });
const exactly = (count: number) => range(count, count, count);
const money = (mean: number, low: number, high: number) => ({
  mean: units(mean),
  low: units(low),
  high: units(high),
});

const OBSERVED: BacktestFigures = {
  dialled: 4_690,
  dials: 5_210,
  connected: 3_000,
  converted: 1_410,
  noCandidate: 12,
  afterHours: 8,
  exhausted: 1_500,
  abandonedRinging: 190,
  revenueMicros: units(35_250.5),
  payoutMicros: units(24_000),
};

/** What a backtest came to, of a week with two buyers, a limit that was in the way, and a third buyer who is new. */
export function sampleResult(): BacktestResult {
  return {
    currency: 'USD' as Currency,
    calls: { received: 5_000, replayed: 4_702, notRouted: 180, failed: 20, notOnRecord: 90, inProgress: 8 },
    reproduced: { calls: 4_702, same: 4_650 },
    differences: { same: 4_402, otherBuyer: 250, gained: 30, lost: 20 },
    observed: OBSERVED,
    modelled: {
      dialled: exactly(4_700),
      dials: range(5_180.4, 5_150, 5_211),
      connected: range(3_120.35, 3_080, 3_160.5),
      converted: range(1_466.6, 1_440, 1_495),
      noCandidate: exactly(2),
      afterHours: exactly(0),
      exhausted: range(1_392.2, 1_360, 1_420),
      abandonedRinging: range(187.5, 180, 196),
      revenueMicros: money(36_665.123457, 36_000, 37_375),
      payoutMicros: money(24_962.8, 24_640, 25_284),
    },
    outcomes: { observed: range(4_880, 4_880, 4_880), drawn: range(300.4, 270, 331) },
    absent: [],
    buyers: [
      {
        assignmentId: 'asg_dallas' as AssignmentId,
        buyerName: 'Dallas Roofers',
        observed: { dials: 4_000, connected: 2_400, converted: 1_100, revenueMicros: units(27_500) },
        modelled: {
          dials: range(3_720.2, 3_700, 3_741),
          connected: range(2_250, 2_200, 2_300),
          converted: range(1_030, 1_000, 1_060),
          revenueMicros: money(25_750, 25_000, 26_500),
        },
        outcomesFrom: 'own',
        sample: 4_000,
      },
      {
        assignmentId: 'asg_new' as AssignmentId,
        buyerName: 'Storm Damage and Hail Specialists of Greater Houston',
        observed: { dials: 3, connected: 1, converted: 0, revenueMicros: units(0) },
        modelled: {
          dials: range(260, 240, 280),
          connected: range(150, 130, 170),
          converted: range(70, 60, 80),
          revenueMicros: money(2_165.123457, 1_900, 2_430),
        },
        outcomesFrom: 'campaign',
        sample: 5_210,
      },
    ],
    limits: [
      {
        limitId: 'lim_buy_dallas_day',
        scope: 'buyer:buy_dallas',
        window: 'day',
        counts: 'connection',
        observed: 41,
        modelled: range(12.5, 9, 17),
      },
    ],
    basis: {
      observed: [
        'Which calls came in, when, from where, and what the caller chose.',
        'What came of 4880 of the dials that version 4 makes, because they were made in the same call, to the same buyer.',
      ],
      modelled: ['What came of 300.4 dials, on average over the runs: drawn from dials that were made.'],
    },
  };
}
