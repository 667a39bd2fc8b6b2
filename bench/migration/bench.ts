import { randomInt } from 'node:crypto';
import { Command } from 'commander';
import type { Bench } from '../definition';
import { currentLoad, describeMachine } from '../machine';
import { wholeNumber } from '../options';
import { Progress } from '../progress';
import { judge, writeReport, type Result } from '../report';
import { insertBigCampaign, type BigCampaign } from '../routing/big-campaign';
import { median, quantile } from '../statistics';
import { metText, table } from '../table';
import { compareWebhooks, type WebhookRound } from '../webhooks';

interface Options {
  readonly rounds: number;
  readonly calls: number;
  readonly seed: number;
  readonly json?: string;
}

/** As good as equal; the one is divided between two versions of its plan, which say the same. */
const WITHOUT: BigCampaign = { assignments: 20, number: '+14155550320' };
const WITH: BigCampaign = { assignments: 21, number: '+14155550321' };

/** A call of a campaign in a migration may take so many times one of a campaign that is in none. */
const GOAL = 1.05;

export const migrationBench: Bench = {
  name: 'migration',
  summary: 'the inbound webhook of a campaign whose callers are divided, against one whose are not',
  async run(args) {
    const { rounds: count, calls, seed, json } = readOptions(args);
    const machine = await describeMachine(null, currentLoad());
    const progress = new Progress();
    let rounds: readonly WebhookRound[];
    try {
      rounds = await compareWebhooks({
        rounds: count,
        seed,
        progress,
        async prepare(db, random) {
          for (const campaign of [WITHOUT, WITH]) await insertBigCampaign(db, campaign, random);
          await db.query(
            `INSERT INTO routing_plans (campaign_id, version, definition)
             SELECT campaign_id, 2, definition FROM routing_plans WHERE campaign_id = 'cmp_bench_21'`,
          );
          await db.query(
            `INSERT INTO migrations (id, name, kind, campaign_id, control_version, challenger_version, settings, status,
                                     state, splits, share_basis_points, comparison)
             VALUES ('mig_bench', 'bench', 'plan', 'cmp_bench_21', 1, 2, '{}', 'running', '{}', true, 5000, 1)`,
          );
        },
        number: WITH.number,
        baseline: WITHOUT.number,
        callsARound: calls,
      });
    } finally {
      progress.end();
    }
    const results = [0.5, 0.99].map((share) => compare(rounds, share));
    const { cpu, cores, memoryGiB, os, node, loadBefore } = machine;
    console.log(
      `Machine: ${cpu}, ${cores} cores, ${memoryGiB} GiB, ${os}, load ${loadBefore} before the run`,
    );
    console.log(
      `Node ${node}, ${count} rounds of ${calls} calls each, one at a time, in turns; seed ${seed}\n`,
    );
    console.log(
      table(
        ['inbound webhook, ms', 'without', 'with', 'ratio', 'goal', 'met'],
        results.map((result) => [
          result.metric,
          result.baseline?.toFixed(1) ?? '',
          result.value?.toFixed(1) ?? '',
          result.ratio?.toFixed(3) ?? '',
          result.goal ?? '',
          metText(result),
        ]),
      ),
    );
    if (json !== undefined) {
      await writeReport(json, { bench: 'migration', machine, seed, rounds: count, results });
      console.log(`\nFigures written to ${json}`);
    }
    return 0;
  },
};

/** The median of the rounds' ratios: both sides of a round were disturbed alike. */
function compare(rounds: readonly WebhookRound[], share: number): Result {
  const value = rounds.map(({ measured }) => quantile(measured, share));
  const baseline = rounds.map((round) => quantile(round.baseline, share));
  return judge(
    {
      metric: `p${share * 100}`,
      unit: 'ms',
      value: median(value),
      baseline: median(baseline),
      ratio: median(value.map((each, round) => each / (baseline[round] ?? NaN))),
    },
    share === 0.5 ? { of: 'ratio', is: '<=', bound: GOAL } : null,
  );
}

function readOptions(args: readonly string[]): Options {
  const command = new Command('npm run bench -- migration')
    .description('Measures what a migration costs the calls it divides.')
    .option('--rounds <n>', 'how often both are measured', wholeNumber(1, 100, 'rounds'), 5)
    .option('--calls <n>', 'to each campaign in a round', wholeNumber(5, 1_000, 'calls'), 60)
    .option('--seed <n>', 'campaigns and callers', wholeNumber(0, 2 ** 31, 'any'), randomInt(2 ** 31))
    .option('--json <file>', 'write the figures to a file')
    .allowExcessArguments(false)
    .exitOverride();
  return command.parse([...args], { from: 'user' }).opts<Options>();
}
