import type {
  Backtest,
  BacktestDifference,
  BacktestHead,
  BacktestResult,
  MoneyRange,
  Range,
} from '../../contract/resources/backtest';
import type { CountedEvent, LimitWindow } from '../../domain/limits/limit';
import { formatMicros, microsFromText, type Micros } from '../../domain/money';
import { bar, cut, minute, WIDTH, wrap } from './layout';

const NAME_WIDTH = 16;
const OBSERVED_WIDTH = 16;
const MEAN_WIDTH = 18;
/** Of the buyers' names, then dials observed and modelled, and revenue observed and modelled. */
const BUYER_WIDTHS = [22, 11, 10, 20, 17] as const;

/** Fewer calls than that say little. */
const MANY_CALLS = 100;

/** Behind the name of a buyer with too few dials of their own. */
const BORROWED = '*';

/**
 * A backtest for a terminal of 80 columns: what was observed beside what is modelled, and how far to trust that.
 * @param workflowUrl of its workflow in the Temporal UI, on a line of its own however long; `null`: it is not known
 */
export function renderBacktest(backtest: Backtest, workflowUrl: string | null = null): string {
  const { result } = backtest;
  const text = [
    ...heading(backtest),
    ...stateOf(backtest),
    ...(result === null ? [] : resultOf(backtest, result)),
  ]
    .join('\n')
    .trimEnd();
  return workflowUrl === null ? text : `${text}\n\nWorkflow: ${workflowUrl}`;
}

/** How far a backtest is, while somebody waits for it. */
export function renderProgress(backtest: BacktestHead): string {
  return [cut(`Backtest ${backtest.id}; Ctrl-C leaves it running`), ...stateOf(backtest).slice(0, 1)].join(
    '\n',
  );
}

/**
 * Two lines a backtest: what it is and when it was made, then which calls it looks at.
 * @param campaign whose backtests they are; `null`: anybody's
 */
export function renderList(backtests: readonly BacktestHead[], campaign: string | null = null): string {
  if (backtests.length === 0) return campaign === null ? 'No backtests.' : `No backtests of ${campaign}.`;
  const longest = Math.max(...backtests.map(({ id }) => id.length));
  const lines = (
    [id, status, created, runs, version]: readonly [string, string, string, string, string],
    [period, ofCampaign]: readonly [string, string],
  ): string[] => [
    [
      id.padEnd(longest),
      status.padEnd('completed'.length),
      created.padEnd('2026-03-02 00:00'.length),
      runs.padStart('runs'.length),
      version.padStart('version'.length),
    ].join('  '),
    cut(`  ${period.padEnd('2026-03-02 00:00 to 2026-03-09 00:00'.length)}  ${ofCampaign}`),
  ];
  return [
    ...lines(
      ['backtest', 'status', 'created (UTC)', 'runs', 'version'],
      ['of calls from, to (UTC)', 'campaign'],
    ),
    ...backtests.flatMap(({ id, status, createdAt, runs, version, from, to, campaignId }) =>
      lines(
        [id, status, toMinute(createdAt), String(runs), String(version)],
        [`${toMinute(from)} to ${toMinute(to)}`, campaignId],
      ),
    ),
  ].join('\n');
}

/** For lists of which the head says that it is UTC. */
function toMinute(at: string): string {
  return minute(at).replace(' UTC', '');
}

/** Calls that would have gone elsewhere: who was dialled first and what came of it, and who would have been. */
export function renderDifferences(
  { id, version, campaignId, runs }: BacktestHead,
  differences: readonly BacktestDifference[],
): string {
  return [
    ...wrap(`Backtest ${id}: plan version ${version} of ${campaignId}`),
    '',
    ...(differences.length === 0 ? ['No call would have gone elsewhere.'] : []),
    ...differences.flatMap(({ at, callId, observed, modelled, outcome, revenueMicros, ...rest }) => [
      ...wrap(`${minute(at)}  ${callId}`),
      ...wrap(
        `  first: ${dialOf(observed)}; the call ended ${outcome} and brought ${exact(revenueMicros)} ${rest.currency}`,
      ),
      ...wrap(
        `  instead: ${dialOf(modelled)} in ${rest.modelledRuns} of ${counted(runs, 'run')}; ${rounded(rest.expectedRevenueMicros)} ${rest.currency} expected, over all runs`,
      ),
    ]),
  ].join('\n');
}

/** Why a backtest has no list of calls that would have gone elsewhere, and what to do; `null`: it has one. */
export function whyNoDifferences({ id, status, failure }: BacktestHead): string | null {
  switch (status) {
    case 'completed':
      return null;
    case 'waiting':
    case 'running':
      return `Backtest ${id} is ${status}: wait until it is completed. Look at it:\n  npm run callyard -- backtest show ${id}`;
    case 'cancelled':
      return `Backtest ${id} was cancelled: it has no differences. Run it again.`;
    case 'failed':
      return `Backtest ${id} failed: it has no differences. Why: ${failure ?? 'for no known reason'}`;
  }
}

function dialOf(dial: BacktestDifference['observed']): string {
  if (dial === null) return 'nobody';
  return `${dial.buyerName ?? dial.assignmentId} at ${exact(dial.priceMicros)}`;
}

/** For example `1 call`, `2 calls`. */
function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

function heading({ id, version, campaignId, from, to, runs, seed }: Backtest): string[] {
  return [
    ...wrap(`Backtest ${id}: plan version ${version} of ${campaignId}`),
    `${minute(from)} to ${minute(to)}`,
    ...wrap(`${counted(runs, 'run')}, seed ${seed}`),
    '',
  ];
}

/** The first line says where it stands. */
function stateOf({ status, progress, failure, endedAt }: BacktestHead): string[] {
  const { calls, of } = progress;
  const done = of === null ? 'calls are not counted yet' : progressBar(calls, of);
  const when = endedAt === null ? '' : ` ${minute(endedAt)}`;
  switch (status) {
    case 'waiting':
      return ['waiting to begin'];
    case 'running':
      return [done];
    case 'completed':
      return [`completed${when}`];
    case 'cancelled':
      return [`cancelled${when}`, done];
    case 'failed':
      return wrap(`failed: ${failure ?? 'for no known reason'}`);
  }
}

function progressBar(calls: number, of: number): string {
  return of === 0 ? 'no call to run again' : `${bar((calls / of) * 100)} ${calls} of ${counted(of, 'call')}`;
}

function resultOf(backtest: Backtest, result: BacktestResult): string[] {
  const { received, replayed } = result.calls;
  const { campaignId, from, to } = backtest;
  if (received === 0)
    return wrap(`No calls of ${campaignId} came in between ${minute(from)} and ${minute(to)}.`);
  if (replayed === 0) return [...callsOf(result), 'None could be run again, so there is nothing to compare.'];
  return [
    ...callsOf(result),
    ...few(replayed),
    '',
    ...table(result, backtest),
    ...(backtest.runs === 1 ? [] : wrap(spreadMeans(backtest.runs))),
    '',
    ...elsewhere(backtest.id, result),
    ...trust(result),
    '',
    ...buyers(result),
    ...absent(result, backtest),
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
  return wrap(`${counted(calls.received, 'call')} came in: ${calls.replayed} run again${named.join('')}.`);
}

function few(calls: number): string[] {
  if (calls >= MANY_CALLS) return [];
  return [`${calls === 1 ? '1 call is' : `${calls} calls are`} few: the figures say little.`];
}

function table({ observed, modelled, currency }: BacktestResult, { version, runs }: BacktestHead): string[] {
  const calls = (name: string, figure: number, range: Range): string[] =>
    row(name, String(figure), number(range.mean), spread(range, number));
  const paid = (name: string, figure: string, range: MoneyRange): string[] =>
    row(`${name} (${currency})`, exact(figure), rounded(range.mean), spread(range, rounded));
  return [
    ...row('', 'observed', `plan version ${version}`, runs === 1 ? '' : '(low to high)'),
    ...calls('calls dialled', observed.dialled, modelled.dialled),
    ...calls('connected', observed.connected, modelled.connected),
    ...row(
      'answer rate',
      percent(observed.connected, observed.dialled),
      percent(modelled.connected.mean, modelled.dialled.mean),
      '',
    ),
    ...calls('converted', observed.converted, modelled.converted),
    ...calls('nobody found', observed.noCandidate, modelled.noCandidate),
    ...calls('all closed', observed.afterHours, modelled.afterHours),
    ...calls('exhausted', observed.exhausted, modelled.exhausted),
    ...calls('abandoned', observed.abandonedRinging, modelled.abandonedRinging),
    ...paid('revenue', observed.revenueMicros, modelled.revenueMicros),
    ...paid('payout', observed.payoutMicros, modelled.payoutMicros),
    ...row(
      `margin (${currency})`,
      formatMicros(margin(observed.revenueMicros, observed.payoutMicros)),
      formatMicros(toHundredth(margin(modelled.revenueMicros.mean, modelled.payoutMicros.mean))),
      '',
    ),
  ];
}

/** What is left of the revenue; the runs' ranges cannot be subtracted from each other. */
function margin(revenue: string, payout: string): Micros {
  return (microsFromText(revenue) - microsFromText(payout)) as Micros;
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
  { mean, low, high }: { readonly mean: T; readonly low: T; readonly high: T },
  text: (figure: T) => string,
): string {
  return mean === low && mean === high ? '' : `(${text(low)} to ${text(high)})`;
}

function elsewhere(id: string, { differences }: BacktestResult): string[] {
  const { same, otherBuyer, gained, lost } = differences;
  const other = otherBuyer + gained + lost;
  if (other === 0) return ['No call goes elsewhere first.'];
  const line = `${other} of ${counted(same + other, 'call')} ${other === 1 ? 'goes' : 'go'} elsewhere first`;
  return [
    ...wrap(
      `${line}: ${otherBuyer} to another buyer, ${gained} to somebody instead of nobody, ${lost} to nobody instead of somebody.`,
    ),
    ...wrap(`  See them: npm run callyard -- backtest differences ${id}`),
  ];
}

function trust({ reproduced: { calls, same } }: BacktestResult): string[] {
  if (calls === 0) return [];
  return wrap(
    `The versions that chose were asked again, and dialled the same buyer first in ${same} of ${counted(calls, 'call')} (${percent(same, calls)}).`,
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
    cells('buyer', 'dials: was', 'would be', `revenue (${currency}): was`, 'would be'),
    ...rows,
    ...(borrowed
      ? [`${BORROWED} too few dials of their own: outcomes are drawn from those of all buyers`]
      : []),
    '',
  ];
}

const WHAT_COUNTS = {
  attempt: 'attempts',
  connection: 'connections',
  conversion: 'conversions',
  spend: 'spend',
} as const satisfies Record<CountedEvent, string>;

const OVER_WHAT = {
  concurrency: 'at once',
  hour: 'an hour',
  day: 'a day',
  month: 'a month',
  total: 'in all',
} as const satisfies Record<LimitWindow, string>;

/** A buyer who is new could get no call that was: that must not read as one who is not worth having. */
function absent({ absent: each, calls }: BacktestResult, { version }: BacktestHead): string[] {
  if (each.length === 0) return [];
  return [
    ...each.flatMap((one) =>
      wrap(
        `${one.assignmentId}, named by version ${version}, was not in the campaign at ${one.calls} of ${counted(calls.replayed, 'call')}: it got none of those.`,
      ),
    ),
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
        ...wrap(`- ${limitId}: ${WHAT_COUNTS[counts]} ${OVER_WHAT[window]} on ${scope}`).map((line) =>
          cut(line),
        ),
        `  in ${counted(observed, 'call')} observed, ${number(modelled.mean)} modelled${range === '' ? '' : ` ${range}`}`,
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
  return Number.isInteger(figure) ? String(figure) : oneDecimal(figure);
}

/** `-` of nothing. */
function percent(part: number, of: number): string {
  return of === 0 ? '-' : `${oneDecimal((part / of) * 100)} %`;
}

/** Half is rounded up, also where the figure in binary is a little less than it looks. */
function oneDecimal(figure: number): string {
  return (Math.round(Number((figure * 10).toPrecision(12))) / 10).toFixed(1);
}

function exact(micros: string): string {
  return formatMicros(microsFromText(micros));
}

const HUNDREDTH = 10_000n;

/** To the hundredth: a mean, or one of many amounts, is not to be settled by. */
function rounded(micros: string): string {
  return formatMicros(toHundredth(microsFromText(micros)));
}

/** Half is rounded up, of amounts below zero as well. */
function toHundredth(amount: Micros): Micros {
  const above = amount + HUNDREDTH / 2n;
  const past = ((above % HUNDREDTH) + HUNDREDTH) % HUNDREDTH;
  return (above - past) as Micros;
}
