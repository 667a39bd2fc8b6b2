import { InvalidArgumentError, type Command } from 'commander';
import { DEFAULT_DAYS, DEFAULT_RUNS, MOST_RUNS } from '../../contract/resources/backtest';
import { numberBetween } from '../simulate/input';
import {
  cancelBacktest,
  listBacktests,
  listDifferences,
  runBacktest,
  showBacktest,
  type BacktestAsked,
} from './backtests';
import type { Means } from './means';
import { lastLines } from './screen';

const ID = ['<backtest>', 'its id, for example bkt_1f2e3d'] as const;

/** Adds `backtest …` to the command line. */
export function addBacktest(command: Command, means: Means): void {
  const backtest = command
    .command('backtest')
    .description('runs a version of a routing plan over past calls; nobody is dialled');
  addRun(backtest, means);
  backtest
    .command('show')
    .description('how far it is, and what it came to')
    .argument(...ID)
    .option(...means.urlOption)
    .action((id: string, { url }: { url?: string }) => {
      means.choose(async (around) => showBacktest(await means.connect(url), id, around));
    });
  backtest
    .command('list')
    .description('backtests, newest first')
    .option('--campaign <id>', 'those of this campaign')
    .option(...means.urlOption)
    .action((options: { campaign?: string; url?: string }) => {
      means.choose(async (around) => listBacktests(await means.connect(options.url), options, around));
    });
  backtest
    .command('differences')
    .description('calls that would have gone elsewhere, in the order in which they came')
    .argument(...ID)
    .option('--limit <number>', 'so many at most', numberBetween(1, 1e6, 'calls'), 20)
    .option(...means.urlOption)
    .action((id: string, { limit, url }: { limit: number; url?: string }) => {
      means.choose(async (around) => listDifferences(await means.connect(url), id, limit, around));
    });
  backtest
    .command('cancel')
    .description('ends it without a result')
    .argument(...ID)
    .option(...means.urlOption)
    .action((id: string, { url }: { url?: string }) => {
      means.choose(async (around) => cancelBacktest(await means.connect(url), id, around));
    });
}

function addRun(backtest: Command, { choose, connect, urlOption }: Means): void {
  backtest
    .command('run')
    .description('runs a version, and shows what it came to; exit code 1 when it ends without a result')
    .argument('<campaign>', 'its id, for example cmp_sample')
    .requiredOption(
      '--version <number>',
      'a published version of its plan; one that calls do not get yet, too',
      numberBetween(1, 2 ** 31 - 1, 'version'),
    )
    .option('--from <instant>', 'calls from then on, for example 2026-03-02 (UTC)', instant)
    .option('--to <instant>', 'up to then, exclusive (default: now)', instant)
    .option(
      '--days <number>',
      `so many days before the end, instead of --from (default: ${DEFAULT_DAYS})`,
      numberBetween(0.001, 36_525, 'days'),
    )
    .option(
      '--runs <number>',
      `how often, each time with other outcomes of dials never made (default: ${DEFAULT_RUNS})`,
      numberBetween(1, MOST_RUNS, 'runs'),
    )
    .option('--seed <text>', 'what those are drawn by: the same seed gives the same figures')
    .option('--no-wait', 'only start it, and print its id')
    .option(...urlOption)
    .action(
      (
        campaign: string,
        { wait, url, ...asked }: BacktestAsked & { readonly wait: boolean; readonly url?: string },
      ) => {
        choose(async (around) =>
          runBacktest(await connect(url), campaign, asked, wait ? lastLines() : null, around),
        );
      },
    );
}

/** With its zone, so that it does not depend on where the command is given. */
const INSTANT = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2}))?$/;

/** A commander argument parser for instants; a date alone is its beginning in UTC. */
function instant(text: string): string {
  const at = INSTANT.test(text) ? Date.parse(text) : NaN;
  if (!Number.isNaN(at)) return new Date(at).toISOString();
  throw new InvalidArgumentError(
    'It must be a date or an instant with its zone, for example 2026-03-02 or 2026-03-02T09:00:00-06:00.',
  );
}
