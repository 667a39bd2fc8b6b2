import { randomInt } from 'node:crypto';
import { Command } from 'commander';
import type { Pool } from 'pg';
import { chooseSource } from '../../api/reports/query';
import { migrate } from '../../db/migrate';
import { createPool } from '../../db/pool';
import { readReport } from '../../db/queries/reports/report';
import { countStaleHours, rollUpHours } from '../../db/queries/reports/roll-up';
import { verifyReports } from '../../db/queries/reports/verify';
import type { Bench } from '../definition';
import { currentLoad, describeMachine, type Machine } from '../machine';
import { wholeNumber } from '../options';
import { Progress } from '../progress';
import { judge, writeReport, type Result } from '../report';
import { startBenchServers } from '../servers';
import { median, spread } from '../statistics';
import { metText, table } from '../table';
import { fillYear } from './load';
import { plainStatement, QUESTIONS } from './questions';
import { writeHour, type Upkeep } from './upkeep';
import { insertWorld } from './world';

interface Options {
  readonly calls: number;
  readonly rounds: number;
  readonly hourly: number;
  readonly seed: number;
  readonly json?: string;
}

/** Hours of a campaign that have changed lately, when reports are timed: late postbacks, and the hour that lasts. */
const CHANGED_HOURS = 40;

export const reportsBench: Bench = {
  name: 'reports',
  summary: 'reports over a year of calls, against a plain GROUP BY, and what keeping them ready costs',
  async run(args) {
    const options = readOptions(args);
    const loadBefore = currentLoad();
    const progress = new Progress();
    progress.say('starting servers');
    const servers = await startBenchServers((what) => progress.say(what));
    const db = createPool({
      url: servers.databaseUrl,
      size: 10,
      applicationName: 'bench-reports',
      onIdleError: () => undefined,
      statementMs: 1_800_000,
      manyRows: true,
    });
    try {
      const machine = await describeMachine(servers, loadBefore);
      await migrate(servers.databaseUrl);
      await insertWorld(db);
      const upkeep = await measureUpkeep(db, options, servers.postgresPid, progress);
      await fillYear(servers.databaseUrl, options.calls, options.seed, (what) =>
        progress.say(`filling: ${what}`),
      );
      const rollUpMs = await rollUpAll(db, progress);
      const times = await timeQuestions(db, options, progress);
      const verified = await verifyMonth(db, progress);
      progress.end();
      const results = [...resultsOf(times), ...upkeepResults(upkeep)];
      console.log(
        [
          head(machine, options),
          timeTable(times),
          upkeepTable(upkeep),
          goalTable(results),
          `All rolled up in ${(rollUpMs / 1000).toFixed(0)} s: ${((1000 * rollUpMs) / options.calls).toFixed(1)} µs a call.`,
          verified,
        ].join('\n\n'),
      );
      if (options.json !== undefined) {
        const { seed, rounds } = options;
        await writeReport(options.json, { bench: 'reports', machine, seed, rounds, results });
        console.log(`\nFigures written to ${options.json}`);
      }
      return 0;
    } finally {
      progress.end();
      await db.end();
      await servers.stop();
    }
  },
};

interface UpkeepRound {
  readonly without: Upkeep;
  readonly with: Upkeep;
}

/** Hours written with and without marks, in turns, in a year of their own. */
async function measureUpkeep(
  db: Pool,
  { rounds, hourly, seed }: Options,
  postgresPid: number,
  progress: Progress,
): Promise<UpkeepRound[]> {
  const measured: UpkeepRound[] = [];
  let hour = Date.parse('2024-01-01T00:00:00Z');
  const next = (marks: boolean): Promise<Upkeep> =>
    writeHour(db, { calls: hourly, marks, hour: (hour += 3_600_000), seed, postgresPid });
  await next(true); // warms up
  for (let round = 1; round <= rounds; round++) {
    progress.say(`writing calls, round ${round} of ${rounds}`);
    const first = round % 2 === 0;
    const one = await next(first);
    const other = await next(!first);
    measured.push(first ? { with: one, without: other } : { with: other, without: one });
  }
  await writeHour(db, { calls: 1, marks: true, hour: (hour += 3_600_000), seed, postgresPid }); // triggers on again
  return measured;
}

/** @returns milliseconds */
async function rollUpAll(db: Pool, progress: Progress): Promise<number> {
  const all = await countStaleHours(db);
  const began = performance.now();
  for (let done = 0, rolled = -1; rolled !== 0; done += rolled) {
    progress.say(`rolling up: ${done} of ${all} hours`);
    rolled = await rollUpHours(db, 2_000, '2026-01-02T00:00:00Z');
  }
  const ms = performance.now() - began;
  await db.query('VACUUM (ANALYZE) report_cells, report_hours, report_stale_hours');
  return ms;
}

interface Timed {
  readonly name: string;
  readonly bound: number;
  readonly own: readonly number[];
  readonly plain: readonly number[];
  readonly lines: number;
}

async function timeQuestions(db: Pool, { rounds }: Options, progress: Progress): Promise<Timed[]> {
  await db.query(
    `INSERT INTO report_changes
     SELECT campaign_id, hour FROM (SELECT DISTINCT ON (hour) campaign_id, hour FROM report_hours_campaign
                                     WHERE hour >= '2025-10-15' AND hour < '2025-11-14') AS h
      ORDER BY md5(hour::text) LIMIT ${CHANGED_HOURS}`,
  );
  const timed = QUESTIONS.map(({ name, bound, query }) => ({
    name,
    bound,
    query,
    own: [] as number[],
    plain: [] as number[],
    lines: 0,
  }));
  for (let round = 0; round <= rounds; round++) {
    for (const each of timed) {
      progress.say(`round ${round} of ${rounds}: ${each.name}`);
      const own = await milliseconds(async () => {
        const source = await chooseSource(db, each.query);
        each.lines = (await readReport(db, each.query, source, ['row', 'rest', 'total'], null)).length;
      });
      const plain = await milliseconds(() => db.query({ ...plainStatement(each.query) }));
      if (round === 0) continue; // reads what is on disk
      each.own.push(own);
      each.plain.push(plain);
    }
  }
  return timed;
}

async function milliseconds(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

async function verifyMonth(db: Pool, progress: Progress): Promise<string> {
  progress.say('verifying a month');
  const began = performance.now();
  const { hours, calls, entries, differences } = await verifyReports(
    db,
    '2025-06-01T00:00:00Z',
    '2025-07-01T00:00:00Z',
  );
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  if (differences.length > 0) throw new Error(`Rolled up and wrong: ${JSON.stringify(differences[0])}`);
  return `Verified June in ${seconds} s: ${hours} hours of campaigns, ${calls} calls, ${entries} entries, no difference.`;
}

function resultsOf(times: readonly Timed[]): Result[] {
  return times.map(({ name, bound, own, plain }) =>
    judge(
      {
        metric: name,
        unit: 'ms',
        value: median(own),
        baseline: median(plain),
        ratio: median(own.map((each, round) => each / (plain[round] ?? NaN))),
      },
      { of: 'value', is: '<=', bound },
    ),
  );
}

/** What marking and rolling up take of what writing a call takes. */
function upkeepResults(rounds: readonly UpkeepRound[]): Result[] {
  const share = (written: keyof Upkeep, rolledUp: keyof Upkeep): number =>
    median(
      rounds.map(
        ({ with: own, without }) => (own[written] - without[written] + own[rolledUp]) / without[written],
      ),
    );
  return [
    judge(
      { metric: 'upkeep of writing a call, time', unit: 'share', value: share('written', 'rolledUp') },
      { of: 'value', is: '<=', bound: 0.1 },
    ),
    judge(
      {
        metric: 'upkeep of writing a call, CPU of PostgreSQL',
        unit: 'share',
        value: share('writtenCpu', 'rolledUpCpu'),
      },
      { of: 'value', is: '<=', bound: 0.1 },
    ),
  ];
}

function timeTable(times: readonly Timed[]): string {
  const range = (all: readonly number[]): string => {
    const { min, max } = spread(all);
    return `${Math.round(min)}–${Math.round(max)}`;
  };
  return table(
    ['report', 'lines', 'ms', 'spread', 'plain', 'spread'],
    times.map(({ name, own, plain, lines }) => [
      name,
      lines,
      Math.round(median(own)),
      range(own),
      Math.round(median(plain)),
      range(plain),
    ]),
  );
}

function upkeepTable(rounds: readonly UpkeepRound[]): string {
  const row = (name: string, of: (round: UpkeepRound) => number): (string | number)[] => {
    const all = spread(rounds.map(of));
    const us = (ms: number): number => Math.round(1000 * ms);
    return [name, us(all.median), `${us(all.min)}–${us(all.max)}`];
  };
  return table(
    ['µs a call', 'median', 'spread'],
    [
      row('written without marks', ({ without }) => without.written),
      row('written with marks', (round) => round.with.written),
      row('rolled up', (round) => round.with.rolledUp),
      row('CPU: written without marks', ({ without }) => without.writtenCpu),
      row('CPU: written with marks', (round) => round.with.writtenCpu),
      row('CPU: rolled up', (round) => round.with.rolledUpCpu),
    ],
  );
}

function goalTable(results: readonly Result[]): string {
  const text = (value: number | null): string =>
    value === null ? '' : value >= 10 ? String(Math.round(value)) : value.toFixed(3);
  return table(
    ['figure', 'value', 'ratio', 'goal', 'met'],
    results.map((result) => [
      result.metric,
      text(result.value),
      text(result.ratio),
      result.goal ?? '',
      metText(result),
    ]),
  );
}

function head(machine: Machine, { calls, rounds, hourly, seed }: Options): string {
  const { cpu, cores, memoryGiB, os, node, postgres, loadBefore } = machine;
  return [
    `Machine: ${cpu}, ${cores} cores, ${memoryGiB} GiB, ${os}, load ${loadBefore} before the run`,
    `Node ${node}, PostgreSQL ${postgres}`,
    `${calls} calls in 2025, ${rounds} rounds; ${CHANGED_HOURS} hours of campaigns changed since they were rolled up`,
    `Upkeep: hours of ${hourly} calls; seed ${seed}`,
  ].join('\n');
}

function readOptions(args: readonly string[]): Options {
  const command = new Command('npm run bench -- reports')
    .description(
      'Measures reports on a PostgreSQL of its own. Ten million calls take some 25 GB of disk and 20 minutes.',
    )
    .option('--calls <n>', 'calls of the year', wholeNumber(1_000, 100_000_000, 'calls'), 10_000_000)
    .option('--rounds <n>', 'how often each report is asked', wholeNumber(1, 100, 'rounds'), 5)
    .option('--hourly <n>', 'calls of an hour that is written', wholeNumber(20, 100_000, 'calls'), 1_140)
    .option('--seed <n>', 'what calls are like', wholeNumber(0, 2 ** 31, 'any'), randomInt(2 ** 31))
    .option('--json <file>', 'write the figures to a file')
    .allowExcessArguments(false)
    .exitOverride();
  return command.parse([...args], { from: 'user' }).opts<Options>();
}
