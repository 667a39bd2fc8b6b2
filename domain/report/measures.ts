/**
 * What a group of calls comes to: sums, which can be added to those of another group. Whole numbers; times are seconds,
 * amounts micros of one currency.
 */
export const SUMS = [
  'received',
  'ended',
  'routed',
  'dials',
  'answered',
  'connected',
  'abandoned',
  'converted',
  'durationSeconds',
  'talkSeconds',
  'revenue',
  'payout',
  'cost',
] as const;
export type Sum = (typeof SUMS)[number];
export type Sums = Readonly<Record<Sum, bigint>>;

/** The sums of nothing. */
export const NO_SUMS: Sums = Object.freeze(
  Object.fromEntries(SUMS.map((sum) => [sum, 0n])) as Record<Sum, bigint>,
);

export function addSums(a: Sums, b: Sums): Sums {
  return Object.fromEntries(SUMS.map((sum) => [sum, a[sum] + b[sum]])) as Record<Sum, bigint>;
}

/** How a measure is written: a count, whole seconds, an amount in micros, a share or ratio. */
export type MeasureUnit = 'count' | 'seconds' | 'micros' | 'ratio';

type Terms = Readonly<Partial<Record<Sum, 1 | -1>>>;

/**
 * A measure is a sum of sums, or one over another. An empty denominator gives `null`, never 0 and never infinity.
 * (Product specification, Money and Reports; answer rate is telephony's answer-seizure ratio, ITU-T E.411.)
 */
export interface MeasureRule {
  readonly unit: MeasureUnit;
  readonly of: Terms;
  readonly per: Terms | null;
  /** What it is, for people. */
  readonly says: string;
}

const PROFIT = { revenue: 1, payout: -1, cost: -1 } as const;
const SPENT = { payout: 1, cost: 1 } as const;

const RULES = {
  received: sum('count', 'received', 'calls that came in'),
  routed: sum('count', 'routed', 'calls for which a buyer was dialled'),
  dials: sum('count', 'dials', 'dials of buyers: a call may have several'),
  answered: sum('count', 'answered', 'dials that the buyer answered'),
  connected: sum('count', 'connected', 'calls that talked with a buyer'),
  abandoned: sum('count', 'abandoned', 'calls whose caller hung up before'),
  converted: sum('count', 'converted', 'calls for which the buyer owes money'),
  answerRate: ratio('ratio', { answered: 1 }, { dials: 1 }, 'answered dials of all dials'),
  conversionRate: ratio('ratio', { converted: 1 }, { connected: 1 }, 'converted calls of the connected'),
  totalDuration: sum('seconds', 'durationSeconds', 'from the first webhook to the end, of ended calls'),
  meanDuration: ratio('seconds', { durationSeconds: 1 }, { ended: 1 }, 'the same of one ended call'),
  totalTalk: sum('seconds', 'talkSeconds', 'time that caller and buyer talked'),
  meanTalk: ratio('seconds', { talkSeconds: 1 }, { connected: 1 }, 'the same of one connected call'),
  revenue: sum('micros', 'revenue', 'what buyers owe'),
  payout: sum('micros', 'payout', 'what publishers get'),
  cost: sum('micros', 'cost', 'telephony, numbers and advertising'),
  profit: { unit: 'micros', of: PROFIT, per: null, says: 'revenue − payout − cost' },
  margin: ratio('ratio', PROFIT, { revenue: 1 }, 'profit of the revenue'),
  roi: ratio('ratio', PROFIT, SPENT, 'profit / (payout + cost)'),
  revenuePerCall: ratio('micros', { revenue: 1 }, { received: 1 }, 'revenue of one call received'),
  costPerCall: ratio('micros', SPENT, { received: 1 }, 'payout and cost of one call received'),
  cac: ratio('micros', SPENT, { converted: 1 }, 'payout and cost of one converted call'),
} as const satisfies Readonly<Record<string, MeasureRule>>;

export type Measure = keyof typeof RULES;
export const MEASURES = Object.keys(RULES) as readonly Measure[];

export function measureRule(measure: Measure): MeasureRule {
  return RULES[measure];
}

/** What a measure comes to: a number of its unit; amounts are whole micros, rounded half away from zero. */
export type MeasureValue = bigint | number | null;

/** @returns `bigint` for counts, whole seconds in all and amounts; `number` for means and ratios; `null`: of nothing */
export function measureOf(measure: Measure, sums: Sums): MeasureValue {
  const { unit, of, per } = measureRule(measure);
  const above = totalOf(of, sums);
  if (per === null) return above;
  const below = totalOf(per, sums);
  if (below === 0n) return null;
  return unit === 'micros' ? rounded(above, below) : Number(above) / Number(below);
}

function totalOf(terms: Terms, sums: Sums): bigint {
  let total = 0n;
  for (const sum of SUMS) total += BigInt(terms[sum] ?? 0) * sums[sum];
  return total;
}

/** Half away from zero. */
function rounded(above: bigint, below: bigint): bigint {
  const negative = above < 0n !== below < 0n;
  const a = above < 0n ? -above : above;
  const b = below < 0n ? -below : below;
  const whole = (2n * a + b) / (2n * b);
  return negative ? -whole : whole;
}

function sum(unit: MeasureUnit, of: Sum, says: string): MeasureRule {
  return { unit, of: { [of]: 1 }, per: null, says };
}

function ratio(unit: MeasureUnit, of: Terms, per: Terms, says: string): MeasureRule {
  return { unit, of, per, says };
}
