import { SUMS, type Sum } from '../../../domain/report/measures';
import type { Dimension } from '../../../domain/report/dimensions';

/*
 * What the sums and dimensions of domain/report are called in SQL: in facts, cells and hours alike.
 */

export const SUM_COLUMNS: Readonly<Record<Sum, string>> = {
  received: 'received',
  ended: 'ended',
  routed: 'routed',
  dials: 'dials',
  answered: 'answered',
  connected: 'connected',
  abandoned: 'abandoned',
  converted: 'converted',
  durationSeconds: 'duration_seconds',
  talkSeconds: 'talk_seconds',
  revenue: 'revenue_micros',
  payout: 'payout_micros',
  cost: 'cost_micros',
};

/** The columns of all sums, in their order. */
export const ALL_SUMS: readonly string[] = SUMS.map((sum) => SUM_COLUMNS[sum]);

/** Columns that hold more than 32 bits; the others are counts. */
const WIDE: ReadonlySet<string> = new Set([
  'duration_seconds',
  'talk_seconds',
  'revenue_micros',
  'payout_micros',
  'cost_micros',
]);

/** SQL that adds up a column of rows, to a bigint. */
export function addUp(column: string): string {
  return WIDE.has(column) ? `report_sum(${column})` : `sum(${column})`;
}

/** The column of `report_cells` that a dimension is. */
export const DIMENSION_COLUMNS: Readonly<Record<Dimension, string>> = {
  campaign: 'campaign_id',
  buyer: 'buyer_id',
  publisher: 'publisher_id',
  number: 'number',
  channel: 'channel',
  country: 'country',
  state: 'state',
  areaCode: 'area_code',
  planVersion: 'plan_version',
  migration: 'migration_id',
  side: 'migration_side',
  outcome: 'outcome',
};

/** SQL of a dimension as text, of an alias `c` with the columns of `report_cells`. */
export function dimensionSql(dimension: Dimension): string {
  switch (dimension) {
    case 'campaign':
      return `nullif(c.campaign_id, '')`;
    case 'state':
      return `c.country || '-' || c.state`;
    case 'planVersion':
      return 'c.plan_version::text';
    default:
      return `c.${DIMENSION_COLUMNS[dimension]}`;
  }
}

/** Where something stands in a report: the columns of `report_cells` that are not sums. */
export const PLACE_COLUMNS: readonly string[] = [
  'quarter',
  'campaign_id',
  'currency',
  'buyer_id',
  'publisher_id',
  'number',
  'channel',
  'country',
  'state',
  'area_code',
  'plan_version',
  'migration_id',
  'migration_side',
  'outcome',
  'tags',
];

/** The one more dimension that `report_hours` is cut by, beside campaign and hour, and its column in `report_cells`. */
export const CUTS = {
  buyer: 'buyer_id',
  publisher: 'publisher_id',
  channel: 'channel',
  outcome: 'outcome',
} as const satisfies Partial<Record<Dimension, string>>;
export type Cut = keyof typeof CUTS;
