import { randomInt } from 'node:crypto';
import { Command } from 'commander';
import type { Pool } from 'pg';
import { migrate } from '../../db/migrate';
import { createPool } from '../../db/pool';
import { SeededRandom } from '../../scripts/simulate/random';
import type { Bench } from '../definition';
import { measure, type Load, type Run } from '../limits/cells';
import type { System } from '../limits/systems';
import { currentLoad, describeMachine, type Machine } from '../machine';
import { wholeNumber } from '../options';
import { Progress } from '../progress';
import { judge, writeReport, type Goal, type Result } from '../report';
import { startBenchServers } from '../servers';
import { median, spread } from '../statistics';
import { metText, table } from '../table';
import {
  bareInsert,
  freeNumbers,
  heartbeats,
  insertBenchPool,
  leaseToSame,
  newVisitors,
  sameVisitors,
} from './systems';

interface Options {
  readonly rounds: number;
  readonly window: number;
  readonly clients: number;
  readonly connections: number;
  readonly numbers: number;
  readonly seed: number;
  readonly json?: string;
}

const WARM_UP_MS = 300;
/** Visitors of the cells in which they come back. */
const SAME = 200;

interface Cell {
  readonly key: string;
  readonly system: System;
  /** Numbers of the pool, all free. */
  readonly numbers: number;
  /** Visitors who have one before it begins. */
  readonly leased: number;
  readonly clients?: number;
}

function cellsOf(url: string, { connections, numbers }: Options): Cell[] {
  const inserts = bareInsert(url, connections);
  const leases = newVisitors(url, connections, 'leased');
  return [
    { key: 'bare INSERT', system: inserts, numbers, leased: 0 },
    { key: 'new visitors', system: leases, numbers, leased: 0 },
    { key: 'the same visitors', system: sameVisitors(url, connections), numbers, leased: SAME },
    { key: 'heartbeats', system: heartbeats(url, connections), numbers, leased: SAME },
    { key: 'empty pool', system: newVisitors(url, connections, 'overflow'), numbers: 0, leased: 0 },
    { key: 'bare INSERT, alone', system: inserts, numbers, leased: 0, clients: 1 },
    { key: 'new visitors, alone', system: leases, numbers, leased: 0, clients: 1 },
  ];
}

type Runs = ReadonlyMap<string, readonly Run[]>;

export const dniBench: Bench = {
  name: 'dni',
  summary: 'leases of numbers to web visitors per second, and how long one waits, against a bare INSERT',
  async run(args) {
    const options = readOptions(args);
    const loadBefore = currentLoad();
    const progress = new Progress();
    progress.say('starting servers');
    const servers = await startBenchServers((what) => progress.say(what));
    try {
      const machine = await describeMachine(servers, loadBefore);
      await migrate(servers.databaseUrl);
      const runs = await runAll(servers.databaseUrl, options, progress);
      progress.end();
      const results = resultsOf(runs);
      console.log([head(machine, options), cellTable(runs), goalTable(results)].join('\n\n'));
      if (options.json !== undefined) {
        const { seed, rounds } = options;
        await writeReport(options.json, { bench: 'dni', machine, seed, rounds, results });
        console.log(`\nFigures written to ${options.json}`);
      }
      return 0;
    } finally {
      progress.end();
      await servers.stop();
    }
  },
};

/** All cells in turns, round after round: what disturbs one disturbs its neighbours. */
async function runAll(url: string, options: Options, progress: Progress): Promise<Runs> {
  const db: Pool = createPool({
    url,
    size: 2,
    applicationName: 'bench-dni',
    onIdleError: () => undefined,
    statementMs: 60_000,
  });
  await insertBenchPool(db);
  const cells = cellsOf(url, options);
  const runs = new Map<string, Run[]>(cells.map(({ key }) => [key, []]));
  const random = new SeededRandom(options.seed);
  for (let round = 1; round <= options.rounds; round++) {
    for (const cell of cells) {
      progress.say(`round ${round} of ${options.rounds}: ${cell.key}`);
      await freeNumbers(db, cell.numbers);
      await leaseToSame(db, cell.leased);
      const load: Load = {
        clients: cell.clients ?? options.clients,
        nextLimit: () => Math.floor(random.next() * SAME),
        warmUpMs: WARM_UP_MS,
        windowMs: options.window,
        giveBack: false,
      };
      runs.get(cell.key)?.push(await measure(cell.system, load));
    }
  }
  await Promise.all(
    [...new Set(cells.map(({ system }) => system)), { close: () => db.end() }].map((each) => each.close()),
  );
  return runs;
}

function resultsOf(runs: Runs): Result[] {
  const compared = (metric: string, of: string, figure: keyof Run, goal: Goal | null): Result => {
    const mine = (runs.get(of) ?? []).map((run) => run[figure]);
    const bare = of.endsWith('alone') ? 'bare INSERT, alone' : 'bare INSERT';
    const theirs = (runs.get(bare) ?? []).map((run) => run[figure]);
    const ratio = median(mine.map((each, round) => each / (theirs[round] ?? NaN)));
    const unit = figure === 'perSecond' ? '/s' : 'ms';
    return judge({ metric, unit, value: median(mine), baseline: median(theirs), ratio }, goal);
  };
  return [
    compared('leases / INSERT', 'new visitors', 'perSecond', { of: 'ratio', is: '>=', bound: 0.25 }),
    compared('p99 of a lease / of an INSERT', 'new visitors', 'p99', { of: 'ratio', is: '<=', bound: 4 }),
    compared('heartbeats / INSERT', 'heartbeats', 'perSecond', null),
    compared('empty pool / INSERT', 'empty pool', 'perSecond', null),
    compared('p50 of a lease, one at a time', 'new visitors, alone', 'p50', null),
    compared('p99 of a lease, one at a time', 'new visitors, alone', 'p99', null),
  ];
}

function cellTable(runs: Runs): string {
  const rows = [...runs].map(([key, all]) => {
    const perSecond = spread(all.map((run) => run.perSecond));
    const p99 = spread(all.map((run) => run.p99));
    const round = (value: number): number => Math.round(value);
    return [
      key,
      round(perSecond.median),
      `${round(perSecond.min)}–${round(perSecond.max)}`,
      median(all.map(({ p50 }) => p50)).toFixed(2),
      p99.median.toFixed(2),
      `${p99.min.toFixed(2)}–${p99.max.toFixed(2)}`,
    ];
  });
  return table(['cell', 'per second', 'spread', 'p50 ms', 'p99 ms', 'spread'], rows);
}

function goalTable(results: readonly Result[]): string {
  const text = (value: number | null): string =>
    value === null ? '' : value >= 100 ? String(Math.round(value)) : value.toFixed(2);
  return table(
    ['figure', 'value', 'INSERT', 'ratio', 'goal', 'met'],
    results.map((result) => [
      result.metric,
      text(result.value),
      text(result.baseline),
      text(result.ratio),
      result.goal ?? '',
      metText(result),
    ]),
  );
}

function head(machine: Machine, options: Options): string {
  const { cpu, cores, memoryGiB, os, node, postgres, loadBefore } = machine;
  const { rounds, window, clients, connections, numbers, seed } = options;
  return [
    `Machine: ${cpu}, ${cores} cores, ${memoryGiB} GiB, ${os}, load ${loadBefore} before the run`,
    `Node ${node}, PostgreSQL ${postgres}`,
    `${rounds} rounds of ${window} ms a cell, ${clients} clients, ${connections} connections, ${numbers} numbers, seed ${seed}`,
  ].join('\n');
}

function readOptions(args: readonly string[]): Options {
  const command = new Command('npm run bench -- dni')
    .description('Measures leases of numbers to web visitors, on a PostgreSQL of its own.')
    .option('--rounds <n>', 'how often each cell is measured', wholeNumber(1, 100, 'rounds'), 5)
    .option('--window <ms>', 'counted milliseconds of each cell', wholeNumber(100, 60_000, 'ms'), 1_500)
    .option('--clients <n>', 'requests under way', wholeNumber(1, 1_000, 'clients'), 32)
    .option('--connections <n>', 'to the database', wholeNumber(1, 90, 'connections'), 16)
    .option('--numbers <n>', 'of the pool', wholeNumber(1, 1_000_000, 'numbers'), 20_000)
    .option('--seed <n>', 'which visitor comes back', wholeNumber(0, 2 ** 31, 'any'), randomInt(2 ** 31))
    .option('--json <file>', 'write the figures to a file')
    .allowExcessArguments(false)
    .exitOverride();
  return command.parse([...args], { from: 'user' }).opts<Options>();
}
