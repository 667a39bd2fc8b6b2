import type { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Command } from 'commander';
import type { Report } from '../../contract/resources/report';
import { savedReportIdSchema } from '../../contract/resources/saved-report';
import { CYCLES, DIMENSIONS, PERIODS } from '../../domain/report/dimensions';
import { collect, InputError } from '../simulate/input';
import { refuse, refuseOptions } from './answers';
import type { Client, Problem, ReportAsked } from './client';
import type { ExitCode, Surroundings } from './commands';
import { columnsOf, wrap } from './layout';
import type { Means } from './means';
import { goalNotes } from './report-goals';
import { renderReport } from './report-view';

/** What a table shows where nothing else is asked for. */
const MEASURES = 'received,connected,converted,revenue,profit';

/** The command line of a report. */
export interface ReportOptions {
  readonly by?: string;
  readonly from?: string;
  readonly to?: string;
  readonly zone?: string;
  readonly compare?: boolean;
  readonly top?: string;
  readonly orderBy?: string;
  readonly measures?: string;
  readonly with?: string;
  readonly where?: readonly string[];
  readonly tag?: readonly string[];
  readonly csv?: boolean;
  readonly saved?: string;
}

/** Adds `report` to the command line. */
export function addReport(command: Command, means: Means): void {
  command
    .command('report')
    .description('what calls and the ledger come to, as a table or as CSV')
    .option('--by <dimensions>', 'divided by commas, for example campaign,day (default: campaign)')
    .option('--from <day>', 'a local day, or an instant (default: 29 days ago)')
    .option('--to <day>', 'exclusive (default: tomorrow)')
    .option('--zone <zone>', 'of the days, for example America/Chicago (default: UTC)')
    .option('--compare', 'with the period of the same length before')
    .option('--top <number>', 'only so many groups, the others added up')
    .option('--order-by <measure>', 'the largest first (default: received)')
    .option('--measures <measures>', `divided by commas (default of tables: ${MEASURES}; of CSV: all)`)
    .option(
      '--with <extras>',
      'goal: calls received of what the goal of each campaign expects; capFill: how full the fullest limit of each row is now; or both, with a comma between them',
    )
    .option('--where <dimension=values>', 'only these, for example buyer=buy_a; repeatable', collect)
    .option('--tag <name:values>', 'only calls with this tag, for example intent:quote; repeatable', collect)
    .option('--csv', 'everything as CSV, in amounts to the micro')
    .option('--saved <id>', 'a saved report, for example rep_weekly')
    .option(...means.urlOption)
    // Its own mistake, to say what was meant.
    .allowExcessArguments()
    .action((options: ReportOptions & { readonly url?: string }, { args }: Command) => {
      means.choose(async (around) => {
        refuseArguments(args);
        const { url, ...asked } = options;
        return printReport(await means.connect(url), asked, around, process.stdout);
      });
    });
}

/** @throws InputError when there is one */
function refuseArguments([first]: readonly string[]): void {
  if (first === undefined) return;
  throw new InputError(
    first === 'verify'
      ? 'Did you mean npm run callyard -- reports verify? It says whether reports are right.'
      : `report takes options only, for example --where campaign=cmp_sample: "${first}" is none.`,
  );
}

/**
 * Prints a report as a table, or gives it out as CSV.
 * @throws InputError when the options do not go together
 */
export async function printReport(
  client: Pick<Client, 'report' | 'reportCsv' | 'goalProgress'>,
  options: ReportOptions,
  around: Surroundings,
  out: Writable & { readonly columns?: number },
): Promise<ExitCode> {
  const asked = reportAsked(options);
  if (options.csv !== true) return printTable(client, asked, around, columnsOf(out));
  const answer = await client.reportCsv(asked);
  if (!answer.ok) return refuseReport(answer.problem, around);
  await pipeline(answer.value, out, { end: false });
  return 0;
}

/** Options whose names are not those of the query, or whose problems would not name them. */
const OPTIONS: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    ['by', 'from', 'to', 'zone', 'top', 'measures', 'with', 'tag'].map((name) => [name, `--${name}`]),
  ),
  ...Object.fromEntries(DIMENSIONS.map((name) => [name, `--where ${name}=…`])),
  orderBy: '--order-by',
};

function refuseReport(problem: Problem, around: Surroundings): ExitCode {
  // What is not there is named by itself: cmp_nope is no campaign.
  return problem.code === 'invalid_request'
    ? refuseOptions(problem, around, OPTIONS)
    : refuse(problem, around);
}

async function printTable(
  client: Pick<Client, 'report' | 'goalProgress'>,
  asked: ReportAsked,
  around: Surroundings,
  width: number,
): Promise<ExitCode> {
  const answer = await client.report(asked);
  if (!answer.ok) return refuseReport(answer.problem, around);
  around.say(renderReport(answer.value, width));
  const notes = [...hints(answer.value, asked), ...(await goalNotes(client, answer.value))];
  if (notes.length > 0) around.say(['', ...notes.flatMap((note) => wrap(note, width))].join('\n'));
  return 0;
}

/** What may have been meant where a report has nothing to show: the values of a filter are not always known anywhere. */
export function hints({ by, rows, rest, totals }: Report, asked: ReportAsked): string[] {
  if (totals.length === 0) {
    if ('saved' in asked) return [];
    const filters = [...asked.query].filter(([name]) => isFilter(name));
    if (filters.length === 0) return [];
    return [
      `That is only of ${filters.map(([name, value]) => (name === 'tag' ? `tag ${value}` : `${name}=${value}`)).join(' and ')}: is it spelled so, and was it in these days?`,
    ];
  }
  return by
    .filter((column) => column.startsWith('tag:'))
    .filter((column) => rest.length === 0 && rows.every(({ keys }) => (keys[column] ?? null) === null))
    .map((column) => `No call of these days has a tag ${column.slice('tag:'.length)}: is it spelled so?`);
}

function isFilter(name: string): boolean {
  return name === 'tag' || (DIMENSIONS as readonly string[]).includes(name);
}

/** @throws InputError when the options do not go together */
export function reportAsked({ saved, csv, where = [], tag = [], ...options }: ReportOptions): ReportAsked {
  const said = Object.values(options).some((value) => value !== undefined && value !== false);
  if (saved !== undefined) {
    if (!savedReportIdSchema.safeParse(saved).success)
      throw new InputError(
        `"${saved}" is no id of a saved report: they look like rep_weekly, and GET /api/v1/saved-reports lists them.`,
      );
    if (said || where.length > 0 || tag.length > 0)
      throw new InputError(
        'A saved report asks what was saved: say --saved with nothing but --csv and --url.',
      );
    return { saved };
  }
  const query = new URLSearchParams();
  const { by, from, to, zone, compare, top, orderBy, measures } = options;
  const fields = { by, from, to, zone, top, orderBy, with: options.with };
  for (const [name, value] of Object.entries(fields)) if (value !== undefined) query.set(name, value);
  if (compare === true) query.set('compare', 'previous');
  const shown = measures ?? (csv === true ? undefined : MEASURES);
  if (shown !== undefined) query.set('measures', shown);
  for (const [dimension, values] of filtersOf(where)) query.set(dimension, values.join(','));
  for (const each of tag) query.append('tag', each);
  return { query };
}

/** `buyer=buy_a`, each dimension with all the values it was given. */
function filtersOf(where: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const filters = new Map<string, string[]>();
  for (const text of where) {
    const [, dimension = '', values = ''] = /^(\w+)=(.+)$/.exec(text) ?? [];
    requireDimension(text, dimension);
    filters.set(dimension, [...(filters.get(dimension) ?? []), values]);
  }
  return filters;
}

/** @throws InputError when a filter is no dimension and its values */
function requireDimension(text: string, dimension: string): void {
  if ((DIMENSIONS as readonly string[]).includes(dimension)) return;
  const example = 'for example --where buyer=buy_alpha';
  const [name = ''] = /^[^=]+(?==)/.exec(text) ?? [];
  if (name === '' || text.endsWith('='))
    throw new InputError(
      `--where wants a dimension, an equals sign and values, ${example}: "${text}" is something else.`,
    );
  if ((PERIODS as readonly string[]).includes(name))
    throw new InputError(
      `--where takes no ${name}: say --from and --to, for example --from 2026-03-02 --to 2026-03-09.`,
    );
  if ((CYCLES as readonly string[]).includes(name))
    throw new InputError(`--where takes no ${name}: divide the report by it, --by ${name}.`);
  if (name.startsWith('tag:'))
    throw new InputError(`--where takes no tags: say --tag ${text.slice('tag:'.length).replace('=', ':')}.`);
  throw new InputError(
    `"${name}" is no dimension to filter by: one of ${DIMENSIONS.join(', ')}, ${example}.`,
  );
}
