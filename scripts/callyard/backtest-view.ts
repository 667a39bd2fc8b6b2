import type {
  Backtest,
  BacktestDifference,
  BacktestHead,
  BacktestResult,
  MoneyRange,
  Range,
} from '../../contract/resources/backtest';
import { formatMicros, microsFromText, type Micros } from '../../domain/money';
import { bar, cut, minute, WIDTH, wrap } from './layout';

const NAME_WIDTH = 16;
const OBSERVED_WIDTH = 16;
const MEAN_WIDTH = 18;
/** Of the buyers' names, then dials observed and modelled, and revenue observed and modelled. */
const BUYER_WIDTHS = [24, 8, 12, 18, 18] as const;

/** Behind the name of a buyer with too few dials of their own. */
const BORROWED = '*';

/** A backtest for a terminal of 80 columns: what was observed beside what is modelled, and how far to trust that. */
export function renderBacktest(backtest: Backtest): string {
  const { result } = backtest;
  return [...heading(backtest), ...stateOf(backtest), ...(result === null ? [] : resultOf(backtest, result))]
    .join('\n')
    .trimEnd();
}

/** How far a backtest is, while somebody waits for it. */
export function renderProgress(backtest: BacktestHead): string {
  return [cut(`Backtest ${backtest.id}; Ctrl-C leaves it running`), ...stateOf(backtest).slice(0, 1)].join(
    '\n',
  );
}

/** One line a backtest, for example `bkt_1  completed  2026-03-02 to 2026-03-09  v4 cmp_roofing`. */
export function renderList(backtests: readonly BacktestHead[]): string {
  if (backtests.length === 0) return 'No backtests.';
  const longest = Math.max(...backtests.map(({ id }) => id.length));
  return backtests
    .map(({ id, status, from, to, version, campaignId }) =>
      cut(
        [
          id.padEnd(longest),
          status.padEnd('completed'.length),
          `${from.slice(0, 10)} to ${to.slice(0, 10)}`,
          `v${version} ${campaignId}`,
        ].join('  '),
      ),
    )
    .join('\n');
}

/** Calls that would have gone elsewhere: who was dialled first and what came of it, and who would have been. */
export function renderDifferences(differences: readonly BacktestDifference[]): string {
  if (differences.length === 0) return 'No call would have gone elsewhere.';
  return differences
    .flatMap(({ at, callId, observed, modelled, outcome, revenueMicros, ...rest }) => [
      ...wrap(`${minute(at)}  ${callId}`),
      ...wrap(`  was: ${dialOf(observed)}; ${outcome}, ${exact(revenueMicros)} ${rest.currency}`),
      ...wrap(
        `  now: ${dialOf(modelled)} in ${times(rest.modelledRuns)}; ${rounded(rest.expectedRevenueMicros)} ${rest.currency} expected`,
      ),
    ])
    .join('\n');
}

function dialOf(dial: BacktestDifference['observed']): string {
  if (dial === null) return 'nobody';
  return `${dial.buyerName ?? dial.assignmentId} at ${exact(dial.priceMicros)}`;
}

function times(runs: number): string {
  return runs === 1 ? '1 run' : `${runs} runs`;
}

function heading({ id, version, campaignId, from, to, runs, seed }: Backtest): string[] {
  return [
    ...wrap(`Backtest ${id}: plan version ${version} of ${campaignId}`),
    `${minute(from)} to ${minute(to)}`,
    ...wrap(`${times(runs)}, seed ${seed}`),
    '',
  ];
}

/** The first line says where it stands. */
function stateOf({ status, progress, failure, endedAt }: BacktestHead): string[] {
  const { calls, of } = progress;
  const done =
    of === null
      ? 'calls are not counted yet'
      : `${bar(of === 0 ? 100 : (calls / of) * 100)} ${calls} of ${of} calls`;
  switch (status) {
    case 'waiting':
      return ['waiting to begin'];
    case 'running':
      return [done];
    case 'completed':
      return [`completed${endedAt === null ? '' : ` ${minute(endedAt)}`}`];
    case 'cancelled':
      return ['cancelled', done];
    case 'failed':
      return wrap(`failed: ${failure ?? 'for no known reason'}`);
  }
}

function resultOf(backtest: Backtest, result: BacktestResult): string[] {
  return [
    ...callsOf(result),
    '',
    ...table(result, backtest),
    ...(backtest.runs === 1 ? [] : wrap(spreadMeans(backtest.runs))),
    '',
    ...elsewhere(backtest.id, result),
    ...trust(result),
    '',
    ...buyers(result),
    ...limits(result),
    ...sentences('Observed:', result.basis.observed),
    ...sentences('Modelled:', result.basis.modelled),
  ];
}

function callsOf({ calls }: BacktestResult): string[] {
  const left = [
    [calls.notRouted, 'without a choice of buyer'],
    [calls.failed, 'lost before it by a fault'],
    [calls.notOnRecord, 'chosen for before choices were recorded'],
    [calls.inProgress, 'not over yet'],
  ] as const;
  const named = left.flatMap(([count, what]) => (count === 0 ? [] : [`, ${count} ${what}`]));
  return wrap(`${calls.received} calls came in: ${calls.replayed} run again${named.join('')}.`);
}

function table({ observed, modelled, currency }: BacktestResult, { version, runs }: BacktestHead): string[] {
  const counted = (name: string, figure: number, range: Range): string[] =>
    row(name, String(figure), number(range.mean), spread(range, number));
  const paid = (name: string, figure: string, range: MoneyRange): string[] =>
    row(`${name} (${currency})`, exact(figure), rounded(range.mean), spread(range, rounded));
  return [
    ...row('', 'observed', `plan version ${version}`, runs === 1 ? '' : '(low to high)'),
    ...counted('calls dialled', observed.dialled, modelled.dialled),
    ...counted('connected', observed.connected, modelled.connected),
    ...row(
      'answer rate',
      percent(observed.connected, observed.dialled),
      percent(modelled.connected.mean, modelled.dialled.mean),
      '',
    ),
    ...counted('converted', observed.converted, modelled.converted),
    ...counted('nobody found', observed.noCandidate, modelled.noCandidate),
    ...counted('all closed', observed.afterHours, modelled.afterHours),
    ...counted('exhausted', observed.exhausted, modelled.exhausted),
    ...counted('abandoned', observed.abandonedRinging, modelled.abandonedRinging),
    ...paid('revenue', observed.revenueMicros, modelled.revenueMicros),
    ...paid('payout', observed.payoutMicros, modelled.payoutMicros),
  ];
}

/** One line; with figures too large for that, the spread on a line of its own. */
function row(name: string, observed: string, mean: string, range: string): string[] {
  const figures = `${name.padEnd(NAME_WIDTH)}${observed.padStart(OBSERVED_WIDTH)}  ${mean.padStart(MEAN_WIDTH)}`;
  if (range === '') return [figures];
  const line = `${figures}  ${range}`;
  return line.length <= WIDTH ? [line] : [figures, range.padStart(WIDTH)];
}

/** Fewer runs than 19 do not reach far enough. */
function spreadMeans(runs: number): string {
  return runs < 19
    ? 'Between low and high lie all runs.'
    : 'If buyers do with these calls as they did with theirs, what would have been lies between low and high nine times in ten.';
}

/** From low to high; nothing where all runs came to the same. */
function spread<T>(
  { low, high }: { readonly low: T; readonly high: T },
  text: (figure: T) => string,
): string {
  return low === high ? '' : `(${text(low)} to ${text(high)})`;
}

function elsewhere(id: string, { differences }: BacktestResult): string[] {
  const { same, otherBuyer, gained, lost } = differences;
  const other = otherBuyer + gained + lost;
  const line = `${other} of ${same + other} calls go elsewhere first`;
  if (other === 0) return [`${line}.`];
  return [
    ...wrap(
      `${line}: ${otherBuyer} to another buyer, ${gained} to somebody instead of nobody, ${lost} to nobody instead of somebody.`,
    ),
    ...wrap(`  See them: npm run callyard -- backtest differences ${id}`),
  ];
}

function trust({ reproduced: { calls, same } }: BacktestResult): string[] {
  return wrap(
    `The versions that chose were asked again, and dialled the same buyer first in ${same} of ${calls} calls (${percent(same, calls)}).`,
  );
}

function buyers({ buyers: each, currency }: BacktestResult): string[] {
  if (each.length === 0) return [];
  const cells = (name: string, ...figures: readonly string[]): string =>
    [
      name.padEnd(BUYER_WIDTHS[0]),
      ...figures.map((figure, i) => figure.padStart(BUYER_WIDTHS[i + 1] ?? 0)),
    ].join('');
  const rows = each.map(({ buyerName, observed, modelled, outcomesFrom }) => {
    const mark = outcomesFrom === 'campaign' ? ` ${BORROWED}` : '';
    return cells(
      `${cut(buyerName, BUYER_WIDTHS[0] - 1 - mark.length)}${mark}`,
      String(observed.dials),
      number(modelled.dials.mean),
      rounded(observed.revenueMicros),
      rounded(modelled.revenueMicros.mean),
    );
  });
  const borrowed = each.some(({ outcomesFrom }) => outcomesFrom === 'campaign');
  return [
    cells('buyer', 'dials', 'modelled', `revenue (${currency})`, 'modelled'),
    ...rows,
    ...(borrowed
      ? [`${BORROWED} too few dials of their own: outcomes are drawn from those of all buyers`]
      : []),
    '',
  ];
}

function limits({ limits: each }: BacktestResult): string[] {
  if (each.length === 0) return [];
  return [
    'Limits in the way of somebody:',
    ...each.flatMap(({ limitId, scope, window, counts, observed, modelled }) => {
      const range = spread(modelled, number);
      return [
        ...wrap(`- ${limitId} (${counts}, ${window}) on ${scope}`).map((line) => cut(line)),
        `  in ${observed} calls observed, ${number(modelled.mean)} modelled${range === '' ? '' : ` ${range}`}`,
      ];
    }),
    '',
  ];
}

function sentences(heading: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [heading, ...lines.flatMap((line) => wrap(`- ${line}`))];
}

/** Whole numbers as they are, means to one decimal. */
function number(figure: number): string {
  return Number.isInteger(figure) ? String(figure) : figure.toFixed(1);
}

/** `-` of nothing. */
function percent(part: number, of: number): string {
  return of === 0 ? '-' : `${((part / of) * 100).toFixed(1)} %`;
}

function exact(micros: string): string {
  return formatMicros(microsFromText(micros));
}

const HUNDREDTH = 10_000n;

/** To the hundredth: a mean, or one of many amounts, is not to be settled by. */
function rounded(micros: string): string {
  const amount = microsFromText(micros);
  return formatMicros((((amount + HUNDREDTH / 2n) / HUNDREDTH) * HUNDREDTH) as Micros);
}
