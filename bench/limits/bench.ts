import { randomInt } from 'node:crypto';
import { Command } from 'commander';
import { Pool } from 'pg';
import { migrate } from '../../db/migrate';
import type { Bench } from '../definition';
import { currentLoad, describeMachine, type Machine } from '../machine';
import { wholeNumber } from '../options';
import { Progress } from '../progress';
import { judge, writeReport, type Goal, type Result } from '../report';
import { SeededRandom } from '../../scripts/simulate/random';
import { startBenchServers } from '../servers';
import { median, spread } from '../statistics';
import { metText, table } from '../table';
import { measure, prepare, zipf, type Load, type Run } from './cells';
import {
  batchedLedger,
  insertOnly,
  pipelinedForUpdate,
  selectForUpdate,
  unbatchedLedger,
  type System,
} from './systems';

interface Options {
  readonly rounds: number;
  readonly window: number;
  readonly clients: number;
  readonly connections: number;
  readonly seed: number;
  readonly json?: string;
}

/** Room that no run uses up. */
const PLENTY = 1_000_000_000;
const MANY = 1_000;
const WARM_UP_MS = 300;

/** One question: a system under a load, over limits as they are prepared. */
interface Cell {
  readonly key: string;
  readonly system: (systems: Systems) => System;
  readonly limits: { readonly count: number; readonly maximum: number; readonly used: number };
  readonly load: (options: Options, random: () => number) => Load;
}

interface Systems {
  readonly batched: System;
  readonly unbatched: System;
  readonly forUpdate: System;
  readonly pipelined: System;
  readonly inserts: System;
}

const HOT = { count: 1, maximum: PLENTY, used: 0 };
const SPREAD = { count: MANY, maximum: PLENTY, used: 0 };

function load(options: Options, more: Partial<Load> = {}): Load {
  return {
    clients: options.clients,
    nextLimit: () => 0,
    warmUpMs: WARM_UP_MS,
    windowMs: options.window,
    giveBack: false,
    ...more,
  };
}

const hot = (key: string, system: Cell['system']): Cell => ({
  key,
  system,
  limits: HOT,
  load: (o) => load(o),
});
const many = (key: string, system: Cell['system']): Cell => ({
  key,
  system,
  limits: SPREAD,
  load: (o, random) => load(o, { nextLimit: zipf(MANY, random) }),
});
/** A limit of 1,000 that stays as full as it is: who is granted a place gives it back. */
const filled = (key: string, used: number): Cell => ({
  key,
  system: ({ batched }) => batched,
  limits: { count: 1, maximum: 1_000, used },
  load: (o) => load(o, { giveBack: true }),
});

/** In the order in which they run, round after round. */
const CELLS: readonly Cell[] = [
  hot('hot/for-update', ({ forUpdate }) => forUpdate),
  hot('hot/for-update, pipelined', ({ pipelined }) => pipelined),
  hot('hot/batched', ({ batched }) => batched),
  hot('hot/unbatched', ({ unbatched }) => unbatched),
  hot('hot/inserts', ({ inserts }) => inserts),
  many('many/for-update', ({ forUpdate }) => forUpdate),
  many('many/batched', ({ batched }) => batched),
  many('many/unbatched', ({ unbatched }) => unbatched),
  many('many/inserts', ({ inserts }) => inserts),
  filled('half full', 500),
  filled('99 to 100 % full', 990),
  { ...hot('alone/batched', ({ batched }) => batched), load: (o) => load(o, { clients: 1 }) },
  { ...hot('alone/inserts', ({ inserts }) => inserts), load: (o) => load(o, { clients: 1 }) },
];

type Runs = ReadonlyMap<string, readonly Run[]>;

export const limitsBench: Bench = {
  name: 'limits',
  summary: 'reservations per second on one hot limit and on 1,000, against SELECT … FOR UPDATE',
  async run(args) {
    const options = readOptions(args);
    const loadBefore = currentLoad();
    const progress = new Progress();
    progress.say('starting servers');
    const servers = await startBenchServers((what) => progress.say(what));
    try {
      const machine = await describeMachine(servers, loadBefore);
      await migrate(servers.databaseUrl);
      const db = new Pool({ connectionString: servers.databaseUrl, max: 1 });
      const durability = await readDurability(db);
      const runs = await runAll(servers.databaseUrl, db, options, progress);
      await db.end();
      progress.end();
      const results = resultsOf(runs);
      console.log([head(machine, options, durability), cellTable(runs), goalTable(results)].join('\n\n'));
      if (options.json !== undefined) {
        const { seed, rounds } = options;
        await writeReport(options.json, { bench: 'limits', machine, seed, rounds, results });
        console.log(`\nFigures written to ${options.json}`);
      }
      return 0;
    } finally {
      progress.end();
      await servers.stop();
    }
  },
};

async function runAll(url: string, db: Pool, options: Options, progress: Progress): Promise<Runs> {
  const systems: Systems = {
    batched: batchedLedger(url),
    unbatched: unbatchedLedger(url, options.connections),
    forUpdate: selectForUpdate(url, options.connections),
    pipelined: pipelinedForUpdate(url, options.connections),
    inserts: insertOnly(url, options.connections),
  };
  const runs = new Map<string, Run[]>(CELLS.map(({ key }) => [key, []]));
  const drawn = new SeededRandom(options.seed);
  const random = (): number => drawn.next();
  for (let round = 1; round <= options.rounds; round++) {
    for (const cell of CELLS) {
      progress.say(`round ${round} of ${options.rounds}: ${cell.key}`);
      const { count, maximum, used } = cell.limits;
      await prepare(db, count, maximum, used);
      runs.get(cell.key)?.push(await measure(cell.system(systems), cell.load(options, random)));
    }
  }
  await Promise.all(Object.values(systems).map((system: System) => system.close()));
  return runs;
}

/** A figure of each round, and the median of the rounds' ratios to another one. */
function compared(runs: Runs, of: string, to: string | null, figure: keyof Run) {
  const mine = (runs.get(of) ?? []).map((run) => run[figure]);
  const theirs = to === null ? [] : (runs.get(to) ?? []).map((run) => run[figure]);
  return {
    value: median(mine),
    ...(to === null
      ? {}
      : { baseline: median(theirs), ratio: median(mine.map((each, n) => each / (theirs[n] ?? NaN))) }),
  };
}

/** By how much the p50 of one lies above that of another: the median of the rounds' differences. */
function added(runs: Runs, of: string, over: string): number {
  const theirs = runs.get(over) ?? [];
  return median((runs.get(of) ?? []).map(({ p50 }, n) => p50 - (theirs[n]?.p50 ?? NaN)));
}

function resultsOf(runs: Runs): Result[] {
  const atLeast = (bound: number): Goal => ({ of: 'ratio', is: '>=', bound });
  const rate = (metric: string, of: string, to: string, goal: Goal | null): Result =>
    judge({ metric, unit: '/s', ...compared(runs, of, to, 'perSecond') }, goal);
  return [
    rate('hot limit, batched / FOR UPDATE', 'hot/batched', 'hot/for-update', atLeast(15)),
    rate('the same / FOR UPDATE, pipelined', 'hot/batched', 'hot/for-update, pipelined', atLeast(15)),
    rate('hot limit, one by one / FOR UPDATE', 'hot/unbatched', 'hot/for-update', atLeast(5)),
    rate('hot limit, batched / insert only', 'hot/batched', 'hot/inserts', null),
    rate('1,000 limits, batched / FOR UPDATE', 'many/batched', 'many/for-update', null),
    rate('1,000 limits, one by one / FOR UPDATE', 'many/unbatched', 'many/for-update', null),
    rate('1,000 limits, batched / insert only', 'many/batched', 'many/inserts', null),
    rate('99 to 100 % full / half full', '99 to 100 % full', 'half full', atLeast(0.5)),
    judge(
      {
        metric: 'added p50, one at a time',
        unit: 'ms',
        value: added(runs, 'alone/batched', 'alone/inserts'),
      },
      { of: 'value', is: '<=', bound: 5 },
    ),
    judge(
      { metric: 'p50 of all clients', unit: 'ms', ...compared(runs, 'hot/batched', 'hot/for-update', 'p50') },
      null,
    ),
  ];
}

function cellTable(runs: Runs): string {
  const rows = CELLS.map(({ key }) => {
    const all = runs.get(key) ?? [];
    const perSecond = spread(all.map((run) => run.perSecond));
    const round = (value: number): number => Math.round(value);
    return [
      key,
      round(perSecond.median),
      `${round(perSecond.min)}–${round(perSecond.max)}`,
      median(all.map(({ p50 }) => p50)).toFixed(2),
      median(all.map(({ p99 }) => p99)).toFixed(2),
    ];
  });
  return table(['cell', 'per second', 'spread', 'p50 ms', 'p99 ms'], rows);
}

function goalTable(results: readonly Result[]): string {
  const text = (value: number | null): string =>
    value === null ? '' : value >= 100 ? String(Math.round(value)) : value.toFixed(2);
  return table(
    ['figure', 'value', 'other', 'ratio', 'goal', 'met'],
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

async function readDurability(db: Pool): Promise<string> {
  const { rows } = await db.query<{ fsync: string; synchronous_commit: string }>(
    `SELECT current_setting('fsync') AS fsync, current_setting('synchronous_commit') AS synchronous_commit`,
  );
  return `fsync ${rows[0]?.fsync}, synchronous_commit ${rows[0]?.synchronous_commit}`;
}

function head(machine: Machine, options: Options, durability: string): string {
  const { cpu, cores, memoryGiB, os, node, postgres, loadBefore } = machine;
  const { rounds, window, clients, connections, seed } = options;
  return [
    `Machine: ${cpu}, ${cores} cores, ${memoryGiB} GiB, ${os}, load ${loadBefore} before the run`,
    `Node ${node}, PostgreSQL ${postgres}, ${durability}`,
    `${rounds} rounds of ${window} ms a cell, ${clients} clients, ${connections} connections (the batched ledger: 2), seed ${seed}`,
  ].join('\n');
}

function readOptions(args: readonly string[]): Options {
  const command = new Command('npm run bench -- limits')
    .description('Measures reservations against limits, on a PostgreSQL of its own.')
    .option('--rounds <n>', 'how often each cell is measured', wholeNumber(1, 100, 'rounds'), 5)
    .option('--window <ms>', 'counted milliseconds of each cell', wholeNumber(100, 60_000, 'ms'), 1_500)
    .option('--clients <n>', 'requests under way', wholeNumber(1, 1_000, 'clients'), 256)
    .option('--connections <n>', 'of the systems that need them', wholeNumber(1, 90, 'connections'), 16)
    .option('--seed <n>', 'which limit is asked for', wholeNumber(0, 2 ** 31, 'any'), randomInt(2 ** 31))
    .option('--json <file>', 'write the figures to a file')
    .allowExcessArguments(false)
    .exitOverride();
  return command.parse([...args], { from: 'user' }).opts<Options>();
}
