import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { Command } from 'commander';
import { numberBetween } from '../../scripts/simulate/input';
import { SetupProblem } from '../../scripts/servers/setup-problem';
import type { Bench } from '../definition';
import { currentLoad, describeMachine, type Machine } from '../machine';
import { wholeNumber } from '../options';
import { Progress } from '../progress';
import { writeReport } from '../report';
import { BENCH_FOLDER, type BenchServers, startBenchServers } from '../servers';
import { type CallCost, costResults, measureCosts } from './costs';
import { detailFigures, headlineFigures, menuFigures, soundness } from './figures';
import { profileText } from './profiles';
import { type Measurement, measureRounds } from './rounds';
import { setUpDatabase, startSystems } from './systems';
import { COST_LEGEND, comparisonTable, costTable, goalTable, machineLines } from './tables';

interface Options {
  readonly rounds: number;
  readonly seconds: number;
  readonly inFlight: readonly number[];
  readonly seed: number;
  readonly withMenu: boolean;
  readonly json?: string;
  readonly profile: boolean;
}

interface Measured {
  readonly machine: Machine;
  readonly costs: readonly CallCost[];
  readonly measurements: readonly Measurement[];
}

/** A folder a run: profiles of two runs are what one compares. */
const PROFILES = join(BENCH_FOLDER, 'profiles');

export const callBench: Bench = {
  name: 'call',
  summary: 'calls/s and webhook latency against a bare workflow; what one call of each outcome costs',
  async run(args) {
    const options = readOptions(args);
    const stamp = new Date().toISOString().replaceAll(/[:.]/g, '-');
    const profileFolder = options.profile ? join(PROFILES, stamp) : null;
    const progress = new Progress();
    try {
      const measured = await measure(options, profileFolder, progress);
      progress.end();
      return await tell(measured, options, profileFolder);
    } finally {
      progress.end();
    }
  },
};

function readOptions(args: readonly string[]): Options {
  const command = new Command('npm run bench -- call')
    .description('Measures calls against a bare workflow on servers of its own, under .callyard/bench.')
    .option('--rounds <n>', 'how often each cell is measured', wholeNumber(1, 100, 'rounds'), 5)
    .option('--seconds <n>', 'counted seconds of each cell', numberBetween(1, 600, 'seconds'), 8)
    .option('--in-flight <list>', 'calls in flight, with commas', levels, [1, 8, 32])
    .option('--seed <n>', 'callers', wholeNumber(0, 2 ** 32 - 1, 'any'), randomInt(2 ** 32 - 1))
    .option('--with-menu', 'calls through a menu too, for information', false)
    .option('--json <file>', 'write the figures to a file')
    .option('--profile', 'take CPU profiles of API and worker; slows everything down by some percent', false)
    .allowExcessArguments(false)
    .exitOverride();
  return command.parse([...args], { from: 'user' }).opts<Options>();
}

function levels(text: string): number[] {
  return text.split(',').map(wholeNumber(1, 1_000, 'calls'));
}

/** Starts everything, measures, and stops everything, however it ends. */
async function measure(
  options: Options,
  profileFolder: string | null,
  progress: Progress,
): Promise<Measured> {
  const loadBefore = currentLoad();
  const end = abortable();
  const interrupted = (): void => end.abort(new SetupProblem('Interrupted; everything has been stopped.'));
  process.once('SIGINT', interrupted).once('SIGTERM', interrupted).once('disconnect', interrupted);
  progress.say('starting PostgreSQL and Temporal');
  const servers = await startBenchServers((text) => progress.say(text));
  try {
    const machine = await describeMachine(servers, loadBefore);
    await setUpDatabase(servers.databaseUrl);
    // The log of the SDK's core and of its bundler must not run into our progress line.
    Runtime.install({ logger: new DefaultLogger('ERROR') });
    const costs = await Promise.race([measureCosts(servers, BENCH_FOLDER, progress), end.aborted]);
    const measurements = await compare(servers, options, profileFolder, progress, end);
    return { machine, costs, measurements };
  } finally {
    progress.say('stopping');
    await servers.stop();
  }
}

/** What a run is cut short by: Ctrl-C, or the death of a program that is being measured. */
interface Abortable {
  /** Never resolves. */
  readonly aborted: Promise<never>;
  readonly abort: (reason: Error) => void;
}

function abortable(): Abortable {
  let abort: Abortable['abort'] = () => undefined;
  const aborted = new Promise<never>((_, reject) => {
    abort = reject;
  });
  aborted.catch(() => undefined); // whoever waits for it is told; nobody may be waiting yet
  return { aborted, abort: (reason) => abort(reason) };
}

async function compare(
  servers: BenchServers,
  options: Options,
  profileFolder: string | null,
  progress: Progress,
  end: Abortable,
): Promise<Measurement[]> {
  const { rounds, seconds, seed, withMenu } = options;
  progress.say('starting API and worker, and the bare ones');
  const systems = await startSystems({ servers, folder: BENCH_FOLDER, profileFolder, onDeath: end.abort });
  try {
    return await Promise.race([
      measureRounds({
        servers,
        systems,
        levels: options.inFlight,
        withMenu,
        rounds,
        seconds,
        seed,
        progress,
      }),
      end.aborted,
    ]);
  } finally {
    await systems.stop();
  }
}

async function tell(measured: Measured, options: Options, profileFolder: string | null): Promise<number> {
  const { machine, costs, measurements } = measured;
  const { seed, rounds, seconds, json } = options;
  const headline = headlineFigures(measurements);
  const details = [...detailFigures(measurements), ...menuFigures(measurements)];
  const sound = soundness(measurements);
  const { goals, counts } = costResults(costs);

  console.log(machineLines(machine, seed));
  console.log(
    `\nMedian of ${rounds} rounds of ${seconds} s (lowest–highest); @n: calls in flight; ms, calls/s`,
  );
  console.log(comparisonTable(headline));
  console.log('\nWhere it goes: single webhooks in ms, processor time of each process in ms per call');
  console.log(comparisonTable(details));
  console.log('\nWhat one call costs');
  console.log(costTable(costs));
  console.log(COST_LEGEND);
  console.log(`\n${goalTable([...goals, ...sound])}`);
  if (profileFolder !== null) console.log(`\n${await profileText(profileFolder, measurements)}`);

  const failures = new Set(measurements.flatMap(({ load }) => load.failures));
  if (failures.size > 0) {
    console.log(
      `\nCalls failed, so the figures say little. Reasons:\n${[...failures].slice(0, 5).join('\n')}`,
    );
  }
  if (json !== undefined) {
    const figures = [...headline, ...details].map(({ result }) => result);
    await writeReport(json, {
      bench: 'call',
      machine,
      seed,
      rounds,
      results: [...figures, ...sound, ...goals, ...counts],
    });
    console.log(`\nFigures written to ${json}`);
  }
  return failures.size > 0 ? 1 : 0;
}
