import { z } from 'zod';
import {
  CYCLES,
  DIMENSIONS,
  isPeriod,
  PERIODS,
  type Column,
  type Dimension,
} from '../../domain/report/dimensions';
import { MEASURES, type Measure } from '../../domain/report/measures';
import { dateSchema, timeZoneSchema } from '../hours';
import { currencySchema, microsTextSchema, signedMicrosTextSchema } from '../money';
import { goalBesideSchema } from './goal';
import { instantSchema } from './ids';
import { countedEventSchema, limitIdSchema, limitWindowSchema } from './limit';

/*
 * Reports: what calls and the ledger come to, by the dimensions asked for.
 */

const TAG = /^tag:[^\s,:\p{Cc}]{1,64}$/u;
const COLUMNS: readonly string[] = [...DIMENSIONS, ...PERIODS, ...CYCLES];

/** How many columns a report has at most. */
export const MOST_COLUMNS = 4;

function isColumn(text: string): text is Column {
  return COLUMNS.includes(text) || TAG.test(text);
}

const columnsSchema = z
  .string()
  .max(400)
  .transform((text, context): Column[] => {
    const names = text === '' ? [] : text.split(',').map((name) => name.trim());
    const columns = names.filter(isColumn);
    const fail = (message: string): Column[] => {
      context.addIssue({ code: 'custom', message });
      return [];
    };
    const strange = names.find((name) => !isColumn(name));
    if (strange !== undefined)
      return fail(`"${strange}" is no dimension: one of ${COLUMNS.join(', ')}, or tag: and the tag's name`);
    if (new Set(columns).size !== columns.length) return fail('names a dimension twice');
    if (columns.length > MOST_COLUMNS) return fail(`has more than ${MOST_COLUMNS} dimensions`);
    if (columns.filter(isPeriod).length > 1) return fail(`takes one of ${PERIODS.join(', ')}, not several`);
    return columns;
  })
  .describe(
    `Up to ${MOST_COLUMNS} dimensions, divided by commas: ${COLUMNS.join(', ')}, or \`tag:\` and the name of a tag. One of ${PERIODS.join(', ')} at most.`,
  );

const measuresSchema = z
  .string()
  .max(600)
  .transform((text, context): Measure[] => {
    const names = text.split(',').map((name) => name.trim());
    const strange = names.find((name) => !isMeasure(name));
    if (strange === undefined) return [...new Set(names.filter(isMeasure))];
    context.addIssue({
      code: 'custom',
      message: `"${strange}" is no measure: one of ${MEASURES.join(', ')}`,
    });
    return [];
  })
  .describe(`Divided by commas; default all: ${MEASURES.join(', ')}.`);

function isMeasure(text: string): text is Measure {
  return (MEASURES as readonly string[]).includes(text);
}

/** What stands for "has none" in a filter. */
export const NONE = '(none)';

const valuesSchema = z
  .string()
  .min(1)
  .max(2000)
  .refine((text) => !text.includes('\u0000'), 'has a NUL character')
  .transform((text) => text.split(',').map((value) => (value === NONE ? null : value)));

const tagFilterSchema = z
  .union([z.string(), z.array(z.string()).max(10)])
  .transform((given, context): Record<string, (string | null)[]> => {
    const filters: Record<string, (string | null)[]> = {};
    for (const text of typeof given === 'string' ? [given] : given) {
      const [key = '', ...rest] = text.split(':');
      const values = valuesSchema.safeParse(rest.join(':'));
      if (!TAG.test(`tag:${key}`) || !values.success || Object.hasOwn(filters, key)) {
        context.addIssue({
          code: 'custom',
          message: `"${text}" is no filter: write the tag's name, a colon, and its values, for example intent:quote,service; each tag once`,
        });
        continue;
      }
      Object.defineProperty(filters, key, { value: values.data, enumerable: true });
    }
    return filters;
  })
  .describe('`name:value,value`; repeated for more tags.');

/** Where the time of a report begins or ends, asked for or saved. */
export const boundSchema = z
  .union([dateSchema, instantSchema], {
    error: ({ input }) =>
      typeof input === 'string' && /^\d{4}-\d\d-\d\d/.test(input)
        ? `must be a day or an instant that there is: there is no ${input}`
        : 'must be a day, for example 2026-03-02, or an instant, for example 2026-03-02T09:15:00Z',
  })
  .refine((text) => text >= '2000' && text < '2200', 'must be from 2000 on and before 2200')
  .refine(
    (text) => text.length === 10 || Date.parse(text) % 900_000 === 0,
    'must be a quarter of an hour, for example 2026-03-02T09:15:00Z',
  );

const dimensionFilters = Object.fromEntries(
  DIMENSIONS.map((dimension) => [
    dimension,
    valuesSchema.optional().describe(`Values divided by commas; \`${NONE}\`: those that have none.`),
  ]),
) as Record<Dimension, z.ZodOptional<typeof valuesSchema>>;

/** What rows carry beside their measures, when it is asked for. */
export const EXTRAS = ['goal', 'capFill'] as const;
export type Extra = (typeof EXTRAS)[number];

const extrasSchema = z
  .string()
  .max(100)
  .transform((text, context): Extra[] => {
    const names = [...new Set(text.split(',').map((name) => name.trim()))];
    const strange = names.find((name) => !(EXTRAS as readonly string[]).includes(name));
    if (strange === undefined) return names as Extra[];
    context.addIssue({ code: 'custom', message: `"${strange}" is none of ${EXTRAS.join(', ')}` });
    return [];
  })
  .describe(
    'Divided by commas. `goal`: the goal of each campaign beside what it comes to, in a report by `campaign` alone, or with the day, week or month of the goal. `capFill`: how full the fullest limit of each row is now, in a report by `campaign`, `buyer` or `publisher`, or several of them.',
  );

/** What a report asks, as the query of an address. */
export const reportQueryFields = {
  by: columnsSchema.optional().describe('Default `campaign`; empty: everything in one line.'),
  zone: timeZoneSchema.optional().describe('Of days, hours and the like; default UTC.'),
  from: boundSchema.optional().describe('A local day or an instant; default 29 days before today.'),
  to: boundSchema.optional().describe('Exclusive, and of the same kind as `from`; default tomorrow.'),
  compare: z
    .enum(['previous'])
    .optional()
    .describe('With the period of the same length just before; of whole months: as many months before.'),
  measures: measuresSchema.optional(),
  top: z.coerce
    .number()
    .int()
    .min(1)
    .max(1000)
    .optional()
    .describe('Only so many groups by themselves, the others added up as the rest.'),
  orderBy: z.enum(MEASURES as [Measure, ...Measure[]]).default('received'),
  direction: z.enum(['asc', 'desc']).default('desc'),
  ...dimensionFilters,
  tag: tagFilterSchema.optional(),
  with: extrasSchema.optional(),
};

export const reportQuerySchema = z.strictObject(reportQueryFields);
export type AskedReport = z.output<typeof reportQuerySchema>;

/** Counts and whole seconds are numbers, amounts text in micros, means and ratios numbers; `null`: of nothing. */
const valuesShownSchema = z.partialRecord(
  z.enum(MEASURES as [Measure, ...Measure[]]),
  z.union([z.number(), signedMicrosTextSchema, z.null()]),
);

const lineFields = {
  currency: currencySchema.nullable().describe('`null`: calls of no campaign.'),
  values: valuesShownSchema,
  previous: valuesShownSchema.nullable().describe('Of the period before; `null`: not asked for.'),
};

const keysSchema = z
  .record(z.string(), z.string().nullable())
  .describe('By dimension; `null`: has none. Days, weeks and months are the local date they begin with.');

/** The fullest of the limits that a call of the row counts towards, in the window that runs now. */
export const capFillSchema = z.strictObject({
  limitId: limitIdSchema,
  window: limitWindowSchema,
  counts: countedEventSchema,
  used: z.union([z.number(), microsTextSchema]).describe('For good, and held for calls in progress.'),
  limit: z.union([z.number(), microsTextSchema]),
  share: z.number().nullable().describe('Used of the limit; `null`: the limit is 0.'),
});

const extraFields = {
  goal: goalBesideSchema
    .nullable()
    .optional()
    .describe('With `with=goal`; `null`: it has none of this period, or the row is of another currency.'),
  capFill: capFillSchema.nullable().optional().describe('With `with=capFill`; `null`: it has no limit.'),
};

export const reportSchema = z.strictObject({
  by: z.array(z.string()),
  measures: z.array(z.enum(MEASURES as [Measure, ...Measure[]])),
  zone: z.string(),
  from: z.string(),
  to: z.string(),
  previous: z.strictObject({ from: z.string(), to: z.string() }).nullable(),
  rows: z.array(z.strictObject({ keys: keysSchema, ...lineFields, ...extraFields })),
  rest: z
    .array(z.strictObject({ keys: keysSchema, ...lineFields }))
    .describe('What is not among the top, added up: by period, where periods are asked for.'),
  totals: z.array(z.strictObject(lineFields)).describe('Of everything, a currency each.'),
  names: z
    .record(z.string(), z.string())
    .describe('Of the campaigns, buyers, publishers and migrations in the rows, by id.'),
});
export type Report = z.infer<typeof reportSchema>;

export const reportVerificationQuerySchema = z.strictObject({
  from: boundSchema.optional().describe('Default: the first there is.'),
  to: boundSchema.optional().describe('Exclusive; default: the last there is.'),
  count: z
    .enum(['true', 'false'])
    .default('true')
    .describe('`false`: only which time there is something to report on.'),
});

/** What was rolled up, held against calls and ledger. */
export const reportVerificationSchema = z.strictObject({
  from: instantSchema.nullable().describe('`null`: there is nothing to report on.'),
  to: instantSchema.nullable(),
  hours: z.int().min(0).describe('Hours of campaigns that have been rolled up and not changed since.'),
  unrolled: z.int().min(0).describe('Hours of campaigns that are read from calls and ledger themselves.'),
  calls: z.int().min(0),
  entries: z.int().min(0).describe('Of the ledger.'),
  differences: z
    .array(
      z.strictObject({
        hour: instantSchema,
        campaignId: z.string().nullable(),
        currency: currencySchema.nullable(),
        rolledUpIn: z.string(),
        place: z
          .string()
          .nullable()
          .describe('Of `cells` what they have in all dimensions, as JSON; else the value of `rolledUpIn`.'),
        sum: z.string(),
        rolledUp: signedMicrosTextSchema,
        counted: signedMicrosTextSchema,
      }),
    )
    .describe('None is what has to be; the first 200 where there are more.'),
});
export type ReportVerification = z.infer<typeof reportVerificationSchema>;
