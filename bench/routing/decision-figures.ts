import type { StrategyKind } from '../../domain/routing/plan';
import { judge, type Goal, type Result } from '../report';
import { median, quantile, spread, type Spread } from '../statistics';
import { metText, table } from '../table';
import { SIZES, STRATEGY_KINDS, type DecisionCell } from './decision-cell';
import type { SectionOptions } from './section';

/** The size the goals are set at, and the one whose cost per candidate is compared with it. */
const GOAL_SIZE = 1_000;
const BIG_SIZE = 10_000;

const P99_GOAL: Goal = { of: 'value', is: '<=', bound: 2 };
const LINEAR_GOAL: Goal = { of: 'ratio', is: '<=', bound: 1.3 };

type Kind = 'rate' | 'p50' | 'p99' | 'cpu-p99' | 'first' | 'linearity';

export interface DecisionFigure {
  readonly kind: Kind;
  readonly strategy: StrategyKind;
  readonly assignments: number;
  readonly rounds: Spread;
  readonly result: Result;
}

interface Measure {
  readonly kind: Kind;
  readonly name: string;
  readonly unit: string;
  readonly of: (cell: DecisionCell) => number;
}

const wall = ({ took }: DecisionCell): number[] => took.map((one) => one.wall);
const cpu = ({ took }: DecisionCell): number[] => took.map((one) => one.cpu);

const MEASURES: readonly Measure[] = [
  {
    kind: 'rate',
    name: 'candidates considered',
    unit: 'candidates/s',
    of: (cell) => (cell.assignments * cell.took.length * 1000) / sum(wall(cell)),
  },
  { kind: 'p50', name: 'decision p50', unit: 'ms', of: (cell) => quantile(wall(cell), 0.5) },
  { kind: 'p99', name: 'decision p99', unit: 'ms', of: (cell) => quantile(wall(cell), 0.99) },
  {
    kind: 'cpu-p99',
    name: 'decision p99, processor time',
    unit: 'ms',
    of: (cell) => quantile(cpu(cell), 0.99),
  },
  { kind: 'first', name: 'first decision after a change', unit: 'ms', of: ({ first }) => first.cpu },
];

/** Held against the goal at {@link GOAL_SIZE}: by the clock, and by what one core spent. */
const JUDGED: readonly Kind[] = ['p99', 'cpu-p99'];

export function decisionFigures(cells: readonly DecisionCell[]): DecisionFigure[] {
  return STRATEGY_KINDS.flatMap((strategy) => [
    ...SIZES.flatMap((assignments) =>
      MEASURES.map((measure) =>
        figureOf(measure, strategy, assignments, select(cells, strategy, assignments)),
      ),
    ),
    linearity(strategy, cells),
  ]);
}

function figureOf(
  { kind, name, unit, of }: Measure,
  strategy: StrategyKind,
  assignments: number,
  cells: readonly DecisionCell[],
): DecisionFigure {
  const rounds = spread(cells.map(of));
  const goal = JUDGED.includes(kind) && assignments === GOAL_SIZE ? P99_GOAL : null;
  const metric = `${strategy}: ${name} at ${assignments} assignments`;
  return { kind, strategy, assignments, rounds, result: judge({ metric, unit, value: rounds.median }, goal) };
}

/** What one candidate costs in a big campaign, against one in a campaign of the size before; round by round. */
function linearity(strategy: StrategyKind, cells: readonly DecisionCell[]): DecisionFigure {
  const cost = (cell: DecisionCell): number => (median(cpu(cell)) * 1000) / cell.assignments;
  const [big, small] = [select(cells, strategy, BIG_SIZE), select(cells, strategy, GOAL_SIZE)];
  const ratios = big.flatMap((one) => {
    const other = small.find(({ round }) => round === one.round);
    return other === undefined ? [] : [cost(one) / cost(other)];
  });
  const rounds = spread(ratios);
  const figure = {
    metric: `${strategy}: cost of a candidate at ${BIG_SIZE} against ${GOAL_SIZE} assignments`,
    unit: 'µs',
    value: median(big.map(cost)),
    baseline: median(small.map(cost)),
    ratio: rounds.median,
  };
  return { kind: 'linearity', strategy, assignments: BIG_SIZE, rounds, result: judge(figure, LINEAR_GOAL) };
}

export function decisionTables(
  figures: readonly DecisionFigure[],
  { rounds, windowMs }: SectionOptions,
): string {
  const find = (kind: Kind, strategy: StrategyKind, assignments: number): DecisionFigure | undefined =>
    figures.find((one) => one.kind === kind && one.strategy === strategy && one.assignments === assignments);
  const rows = (kinds: readonly Kind[]) =>
    STRATEGY_KINDS.flatMap((strategy) =>
      SIZES.map((assignments) => {
        const found = kinds.map((kind) => find(kind, strategy, assignments));
        const met = found.flatMap((figure) => (figure?.result.goal ? [metText(figure.result)] : []));
        return [
          strategy,
          assignments,
          ...found.map((figure) => shown(figure, figure?.kind === 'rate' ? millions : milliseconds)),
          met.join(' '),
        ];
      }),
    );
  const linear = STRATEGY_KINDS.map((strategy) => {
    const figure = find('linearity', strategy, BIG_SIZE);
    const result = figure?.result;
    return [
      strategy,
      result?.baseline?.toFixed(2) ?? '',
      result?.value?.toFixed(2) ?? '',
      shown(figure, (value) => value.toFixed(2)),
      result?.goal ?? '',
      result === undefined ? '' : metText(result),
    ];
  });
  return [
    `Routing decisions on one core: median of ${rounds} rounds of ${windowMs} ms (lowest–highest);`,
    `goal: p99 ${P99_GOAL.is} ${P99_GOAL.bound} ms at ${GOAL_SIZE} assignments`,
    table(
      ['strategy', 'size', 'million candidates/s', 'p50 ms', 'p99 ms', 'met'],
      rows(['rate', 'p50', 'p99']),
    ),
    '\nProcessor time, from which others on the machine take nothing away; first: after a change of configuration',
    table(['strategy', 'size', 'p99 ms', 'first ms', 'met'], rows(['cpu-p99', 'first'])),
    '\nProcessor time of one candidate, in µs',
    table(['strategy', `at ${GOAL_SIZE}`, `at ${BIG_SIZE}`, 'ratio', 'goal', 'met'], linear),
  ].join('\n');
}

function select(cells: readonly DecisionCell[], strategy: StrategyKind, assignments: number): DecisionCell[] {
  return cells.filter((one) => one.strategy === strategy && one.assignments === assignments);
}

function shown(figure: DecisionFigure | undefined, format: (value: number) => string): string {
  if (figure === undefined || !Number.isFinite(figure.rounds.median)) return '–';
  const { median: middle, min, max } = figure.rounds;
  return `${format(middle)} (${format(min)}–${format(max)})`;
}

function milliseconds(value: number): string {
  return value.toFixed(2);
}

function millions(value: number): string {
  return (value / 1e6).toFixed(2);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
