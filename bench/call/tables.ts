import Table from 'cli-table3';
import type { Machine } from '../machine';
import type { Result } from '../report';
import type { Spread } from '../statistics';
import type { CallCost } from './costs';
import type { RoundsFigure } from './figures';

/** Lines between rows cost a screen and say nothing. */
const STYLE = {
  chars: { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' },
  style: { head: [], border: [], 'padding-left': 0, 'padding-right': 1 },
};

type Cells = readonly (string | number)[];

/** A table as text, at most 80 columns wide as long as its cells are short. Numbers stand to the right. */
function table(head: readonly string[], rows: readonly Cells[]): string {
  const isNumber = (column: number): boolean => rows.some((row) => typeof row[column] === 'number');
  const made = new Table({
    ...STYLE,
    head: [...head],
    colAligns: head.map((_, column) => (isNumber(column) ? 'right' : 'left')),
  });
  made.push(...rows.map((row) => [...row]));
  return made.toString();
}

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

function metText({ met }: Result): string {
  return met === null ? '' : met ? 'yes' : 'NO';
}

function spreadText({ median, min, max }: Spread): string {
  return Number.isFinite(median) ? `${short(median)} (${short(min)}–${short(max)})` : '–';
}

function short(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toFixed(1);
}
