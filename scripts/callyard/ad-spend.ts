import type { Command } from 'commander';
import { parse } from 'csv-parse/sync';
import { adSpendSchema, type AdSpend } from '../../contract/resources/money';
import { InputError } from '../simulate/input';
import type { Client } from './client';
import type { ExitCode, Surroundings } from './commands';
import type { Means } from './means';

/** Days in one request at most: all of them are booked, or none. */
const MOST_DAYS = 10_000;

/** Mistakes that are shown at most. */
const MOST_SHOWN = 20;

/** Adds `ad-spend …` to the command line. */
export function addAdSpend(command: Command, means: Means): void {
  command
    .command('ad-spend')
    .description('what advertising has cost')
    .command('import')
    .description('books spend by campaign, channel and day; said again, it takes the place of before')
    .argument('<file>', 'CSV with the columns campaign, channel, day, amount, currency; - for standard input')
    .option('--currency <code>', 'where the file has no such column, for example USD')
    .option(...means.urlOption)
    .action((file: string, options: { currency?: string; url?: string }) => {
      means.choose(async (around) =>
        importAdSpend(await means.connect(options.url), file, options.currency, around),
      );
    });
}

/** Books a file of spend: all of it or, where a line cannot be used, nothing. */
export async function importAdSpend(
  client: Pick<Client, 'bookAdSpend'>,
  file: string,
  currency: string | undefined,
  around: Surroundings,
): Promise<ExitCode> {
  const { days, mistakes } = readSpend(await around.read(file), currency);
  if (mistakes.length > 0) {
    for (const mistake of mistakes.slice(0, MOST_SHOWN)) around.complain(`${file}: ${mistake}`);
    if (mistakes.length > MOST_SHOWN) around.complain(`and ${mistakes.length - MOST_SHOWN} more`);
    around.complain('Nothing was booked.');
    return 2;
  }
  if (days.length === 0)
    throw new InputError(`${file} has no lines behind its head: there is nothing to book.`);
  if (days.length > MOST_DAYS)
    throw new InputError(`${file} has ${days.length} lines; ${MOST_DAYS} can be booked at once: split it.`);
  const answer = await client.bookAdSpend({ days: days.map(({ spend }) => spend) });
  if (!answer.ok) {
    const { problem } = answer;
    for (const { pointer, message } of problem.errors ?? []) {
      const line = days[Number(/^\/days\/(\d+)/.exec(pointer)?.[1])]?.line;
      const said = pointer.endsWith('/currency') ? `the currency ${message}` : message;
      around.complain(`${file}${line === undefined ? '' : `: line ${line}`}: ${said}`);
    }
    around.complain(`${problem.detail} (request ${problem.requestId})`);
    return problem.code === 'unprocessable' || problem.code === 'invalid_request' ? 2 : 1;
  }
  const { booked, unchanged } = answer.value;
  around.say(`${booked} ${booked === 1 ? 'day' : 'days'} booked, ${unchanged} known already.`);
  return 0;
}

interface SpendLine {
  /** In the file, from 1. */
  readonly line: number;
  readonly spend: AdSpend;
}

function readSpend(
  text: string,
  currency: string | undefined,
): { readonly days: readonly SpendLine[]; readonly mistakes: readonly string[] } {
  const days: SpendLine[] = [];
  const mistakes: string[] = [];
  const records = recordsOf(text);
  if (currency === undefined && records[0] !== undefined && !('currency' in records[0].record))
    throw new InputError('Say --currency, for example --currency USD: the file has no column of that name.');
  for (const { info, record } of records) {
    const { campaign, channel, day, amount } = record;
    const micros = microsOf(amount ?? '');
    const parsed = adSpendSchema.safeParse({
      campaignId: campaign,
      channel,
      day,
      amountMicros: micros ?? '',
      // An empty cell says nothing.
      currency: record['currency'] || currency,
    });
    if (parsed.success) {
      days.push({ line: info.lines, spend: parsed.data });
      continue;
    }
    for (const { path, message } of parsed.error.issues) {
      const column = COLUMN_OF[String(path[0])] ?? String(path[0]);
      mistakes.push(`line ${info.lines}: ${column} ${saidOf(column, record, message)}`);
    }
  }
  return { days, mistakes };
}

function saidOf(column: string, record: CsvRecord['record'], message: string): string {
  if (column === 'amount') return 'must be an amount like 182.50, with at most six decimals';
  if (column === 'currency' && !record['currency'])
    return 'is missing: fill it in, or say --currency for all that have none';
  return message;
}

const COLUMN_OF: Readonly<Record<string, string>> = { campaignId: 'campaign', amountMicros: 'amount' };

interface CsvRecord {
  readonly info: { readonly lines: number };
  readonly record: Readonly<Record<string, string>>;
}

/** @throws InputError when it is no CSV, or a column is missing */
function recordsOf(text: string): readonly CsvRecord[] {
  try {
    const records: unknown = parse(text, {
      bom: true,
      columns: (head: readonly string[]) => head.map((name) => name.trim().toLowerCase()),
      info: true,
      skip_empty_lines: true,
      trim: true,
    });
    const read = records as readonly CsvRecord[];
    const missing = ['campaign', 'channel', 'day', 'amount'].filter(
      (column) => read[0] !== undefined && !(column in read[0].record),
    );
    if (missing.length > 0)
      throw new InputError(`The first line has to name the columns: ${missing.join(', ')} is not there.`);
    return read;
  } catch (error) {
    if (error instanceof InputError || !(error instanceof Error)) throw error;
    const [, wanted, got, line] =
      /columns length is (\d+), got (\d+) on line (\d+)/.exec(error.message) ?? [];
    if (line !== undefined)
      throw new InputError(
        `line ${line} has ${got} fields instead of ${wanted}: text with a comma in it stands in quotes.`,
        { cause: error },
      );
    throw new InputError(`It is no CSV: ${error.message}`, { cause: error });
  }
}

/** `182.5` → `182500000`; `null`: it is no such amount. */
function microsOf(text: string): string | null {
  const match = /^(\d{1,12})(?:\.(\d{1,6}))?$/.exec(text);
  if (match === null) return null;
  const [, whole = '0', fraction = ''] = match;
  return (BigInt(whole) * 1_000_000n + BigInt(fraction.padEnd(6, '0'))).toString();
}
