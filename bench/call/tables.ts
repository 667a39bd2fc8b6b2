import type { Machine } from '../machine';
import type { Result } from '../report';
import { metText, table, type Cells } from '../table';
import type { Spread } from '../statistics';
import type { CallCost } from './costs';
import type { RoundsFigure } from './figures';

export function machineLines(machine: Machine, seed: number): string {
  const { cpu, cores, memoryGiB, os, node, postgres, temporal, loadBefore } = machine;
  return [
    `Machine: ${cpu}, ${cores} cores, ${memoryGiB} GiB, ${os}, load ${loadBefore} before the run`,
    `Node ${node}, PostgreSQL ${postgres} (fsync on), Temporal ${temporal} (dev server, file), seed ${seed}`,
  ].join('\n');
}

/** Median of the rounds, and lowest to highest. */
export function comparisonTable(figures: readonly RoundsFigure[]): string {
  return table(
    ['', 'Callyard', 'bare', 'ratio', 'goal', 'met'],
    figures.map(({ inFlight, name, result, ours, bare }) => [
      `${name} @${inFlight}`,
      spreadText(ours),
      bare === null ? '' : spreadText(bare),
      result.ratio === null ? '' : result.ratio.toFixed(2),
      result.goal ?? '',
      metText(result),
    ]),
  );
}

export function costTable(costs: readonly CallCost[]): string {
  const rows = costs.map(
    (cost): Cells => [
      cost.scenario,
      cost.webhooks,
      cost.roundTrips,
      cost.lateRoundTrips,
      cost.workflowTasks,
      cost.historyEvents,
      cost.localActivities,
      cost.timers,
      cost.statements,
      cost.commits,
    ],
  );
  const head = ['', 'hooks', 'trips', 'late', 'tasks', 'events', 'local', 'timers', 'SQL', 'tx'];
  return table(head, rows);
}

export const COST_LEGEND = [
  'hooks: requests of the carrier; trips: from the API to Temporal; late: those of them from',
  'the status callback on (after a hang-up, it comes along with the last result); tasks,',
  'events, timers: of the workflow; local: local activities; SQL: statements without BEGIN',
  'and COMMIT; tx: PostgreSQL transactions that changed rows.',
].join('\n');

export function goalTable(results: readonly Result[]): string {
  return table(
    ['', 'value', 'goal', 'met'],
    results.map((result) => [
      result.metric,
      result.value ?? 'not measured',
      result.goal ?? '',
      metText(result),
    ]),
  );
}

function spreadText({ median, min, max }: Spread): string {
  return Number.isFinite(median) ? `${short(median)} (${short(min)}–${short(max)})` : '–';
}

function short(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toFixed(1);
}
