import { z } from 'zod';
import type { SavedReportId } from '../../domain/ids';
import { NAMED_RANGES } from '../../domain/report/calendar';
import { pageQuery } from '../page';
import { nameSchema, resourceFields } from './ids';
import { boundSchema, reportQuerySchema } from './report';

/*
 * Reports that are kept: what they ask, and over which time as of whenever they are run.
 */

export const savedReportIdSchema = z
  .string()
  .regex(/^rep_[a-z0-9_]{1,40}$/, 'must be an id: rep_ and up to 40 of a-z, 0-9 and _')
  .transform((id) => id as SavedReportId);

/** Fields of a report's query that are its range. */
const RANGE_FIELDS = ['from', 'to'];

/** All that a report's query may say but its range. */
const restOfQuerySchema = reportQuerySchema.omit({ from: true, to: true });

const querySchema = z
  .record(z.string().max(64), z.union([z.string().max(2_000), z.array(z.string().max(2_000)).max(10)]))
  .superRefine((query, context) => {
    for (const field of RANGE_FIELDS)
      if (Object.hasOwn(query, field))
        context.addIssue({ code: 'custom', path: [field], message: 'stands in `range`' });
    const read = restOfQuerySchema.safeParse(
      Object.fromEntries(Object.entries(query).filter(([field]) => !RANGE_FIELDS.includes(field))),
    );
    for (const issue of read.error?.issues ?? [])
      context.issues.push({ ...issue, input: query } as (typeof context.issues)[number]);
  })
  .describe(
    'As the query of `GET /reports`, each value text; several of `tag` in a list. `from` and `to` stand in `range`.',
  );

/** The time a saved report is over. */
export const savedRangeSchema = z.union([
  z
    .strictObject({ lastDays: z.int().min(1).max(1_850) })
    .describe('So many local days, of which the day of asking is the last.'),
  z.strictObject({ period: z.enum(NAMED_RANGES) }).describe('Of the local calendar; weeks begin on Monday.'),
  z
    .strictObject({ from: boundSchema, to: boundSchema })
    .describe('Always the same: two local days, or two instants; `to` is exclusive.'),
]);
export type SavedRange = z.output<typeof savedRangeSchema>;

const settings = { name: nameSchema, query: querySchema, range: savedRangeSchema };

export const savedReportSchema = z.strictObject({ id: savedReportIdSchema, ...settings, ...resourceFields });
export type SavedReport = z.output<typeof savedReportSchema>;
export type SavedReportSettings = Pick<SavedReport, keyof typeof settings>;

export const newSavedReportSchema = z.strictObject({
  id: savedReportIdSchema.optional().describe('Generated when it is left out.'),
  ...settings,
  query: querySchema.default({}),
  range: savedRangeSchema.default({ lastDays: 30 }),
});

export const savedReportPatchSchema = z.strictObject(settings).partial();

export const savedReportListQuerySchema = z.strictObject(pageQuery);
