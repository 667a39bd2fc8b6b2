/** What a report can be divided by, and narrowed to, besides time and tags. */
export const DIMENSIONS = [
  'campaign',
  'buyer',
  'publisher',
  'number',
  'channel',
  'country',
  'state',
  'areaCode',
  'planVersion',
  'migration',
  'side',
  'outcome',
] as const;
export type Dimension = (typeof DIMENSIONS)[number];

/** Dimensions whose values are ids of something with a name. */
export const NAMED: readonly string[] = ['campaign', 'buyer', 'publisher', 'migration'] satisfies Dimension[];

/** Stretches of a local calendar, one after the other. A report has one of them at most. */
export const PERIODS = ['hour', 'day', 'week', 'month'] as const;
export type Period = (typeof PERIODS)[number];

/** Parts of a local calendar that come again: 0–23, and 1 (Monday) to 7. */
export const CYCLES = ['hourOfDay', 'weekday'] as const;
export type Cycle = (typeof CYCLES)[number];

/** The value of one tag of the call: `tag:intent`. */
export type TagDimension = `tag:${string}`;

/** One column of a report. */
export type Column = Dimension | Period | Cycle | TagDimension;

export function isPeriod(column: Column): column is Period {
  return (PERIODS as readonly string[]).includes(column);
}

export function isCycle(column: Column): column is Cycle {
  return (CYCLES as readonly string[]).includes(column);
}

export function isTag(column: Column): column is TagDimension {
  return column.startsWith('tag:');
}

/** The key of the tag that a column shows. */
export function tagKey(column: TagDimension): string {
  return column.slice('tag:'.length);
}
