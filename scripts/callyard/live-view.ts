import type { LiveCall, LiveCounters, LiveEndedCall, LiveEvent } from '../../contract/live';
import type { Limit } from '../../contract/resources/limit';
import { unreachable } from '../../domain/exhaustive';
import { formatMicros, type Micros } from '../../domain/money';
import { cut } from './layout';
import { limitBar, limitUsed } from './limits';
import type { LiveBook } from './live-book';

/** Rows of each part; a terminal is not a report. */
const MOST_CALLS = 12;
const MOST_CAMPAIGNS = 6;
const MOST_BUYERS = 4;
const MOST_LIMITS = 8;
const MOST_ENDED = 4;

/**
 * Live data for a terminal of 80 columns: calls in progress, today's counters, limits, and who hung up last.
 * @param now milliseconds since the epoch
 */
export function renderLive(book: LiveBook, now: number): string {
  if (book.at === null) return book.trouble ?? 'Waiting for the first look.';
  const calls = [...book.calls.values()].toSorted((a, b) => (a.receivedAt < b.receivedAt ? -1 : 1));
  const campaigns = [...book.counters.values()].toSorted(busiestFirst);
  const limits = [...book.limits.values()].toSorted((a, b) => share(b) - share(a));
  return [
    columns([`${many(calls.length, 'call')} in progress`, -46], [clock(book.at), 34]),
    ...(book.trouble === null ? [] : [cut(`! ${book.trouble}`)]),
    ...some(calls, MOST_CALLS, (call) => [callLine(call, now)]),
    '',
    columns(
      ['today', -26],
      ['in', 6],
      ['out', 6],
      ['conn', 6],
      ['conv', 6],
      ['now', 5],
      ['revenue', 12],
      ['profit', 13],
    ),
    ...some(campaigns, MOST_CAMPAIGNS, counterLines),
    '',
    'limits, the fullest',
    ...some(limits, MOST_LIMITS, (limit) => [limitLine(limit, limits)]),
    '',
    'ended',
    ...book.ended.slice(0, MOST_ENDED).map(endedLine),
  ].join('\n');
}

/** An event as one line, for what is no terminal; `null`: there is nothing to say of it. */
export function eventLine(event: LiveEvent): string | null {
  switch (event.event) {
    case 'snapshot': {
      const { at, calls, counters, limits } = event.data;
      return `${at} snapshot: ${many(calls.length, 'call')} in progress, ${many(counters.length, 'campaign')}, ${many(limits.length, 'limit')}`;
    }
    case 'resumed':
      return `${event.data.at} resumed: ${many(event.data.calls.length, 'call')} in progress`;
    case 'call': {
      const { since, id, state, step, buyerName } = event.data;
      return `${since} ${id} ${state} (${step})${buyerName === null ? '' : ` with ${buyerName}`}`;
    }
    case 'call.ended': {
      const { endedAt, id, outcome, buyerName, converted } = event.data;
      const who = buyerName === null ? '' : ` with ${buyerName}`;
      return `${endedAt} ${id} ended: ${outcome}${who}${converted ? `, ${revenueOf(event.data)}` : ''}`;
    }
    case 'counters':
    case 'limits':
      return null;
    case 'trouble':
      return `${event.data.at} ${event.data.message}`;
    default:
      return unreachable(event);
  }
}

function many(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}

/** The first so many rows, and how many more there are. */
function some<T>(rows: readonly T[], most: number, lines: (row: T) => string[]): string[] {
  const more = rows.length - most;
  return [...rows.slice(0, most).flatMap(lines), ...(more > 0 ? [`  and ${more} more`] : [])];
}

/** Cells one behind the other; a width below 0 is one to the left. */
function columns(...cells: readonly (readonly [text: string, width: number])[]): string {
  return cells
    .map(([text, width]) => {
      const size = Math.abs(width);
      return width < 0 ? cut(text, size - 1).padEnd(size) : ` ${cut(text, size - 1)}`.padStart(size);
    })
    .join('')
    .trimEnd();
}

function callLine(call: LiveCall, now: number): string {
  const { id, receivedAt, state, step, buyerName, campaignName, migration } = call;
  const side = migration === null ? '' : ` (${migration.side})`;
  return columns(
    [`  ${id}`, -28],
    [lasting(now - Date.parse(receivedAt)), 7],
    [state === 'ivr' ? step : state, 14],
    [`${buyerName ?? campaignName ?? ''}${side}`, 31],
  );
}

function counterLines(campaign: LiveCounters): string[] {
  const { campaignName, received, buyers } = campaign;
  const others = buyers.length - MOST_BUYERS;
  const busy = buyers.toSorted((a, b) => b.routed - a.routed).slice(0, MOST_BUYERS);
  return [
    counterLine(campaignName, String(received), campaign),
    ...busy.map((buyer) => counterLine(`  ${buyer.buyerName}`, '', buyer)),
    ...(others > 0 ? [`    and ${others} more buyers`] : []),
  ];
}

function counterLine(
  name: string,
  received: string,
  counts: Omit<LiveCounters['buyers'][number], 'buyerId' | 'buyerName'>,
): string {
  const { routed, connected, converted, inProgress, revenueMicros, payoutMicros, costMicros } = counts;
  const revenue = BigInt(revenueMicros);
  const profit = revenue - BigInt(payoutMicros) - BigInt(costMicros);
  return columns(
    [`  ${name}`, -26],
    [received, 6],
    ...[routed, connected, converted].map((n) => [String(n), 6] as const),
    [String(inProgress), 5],
    [toCents(revenue), 12],
    [toCents(profit), 13],
  );
}

/** By name; two limits of one name, as of a buyer and of its assignment, by what they are on. */
function limitLine(limit: Limit, all: readonly Limit[]): string {
  const { scope, window, counts } = limit;
  const alike = all.filter(
    (other) => other.scope.name === scope.name && other.window === window && other.counts === counts,
  );
  return columns(
    [`  ${alike.length > 1 ? scope.id : (scope.name ?? scope.id)}`, -26],
    [`${window} ${counts}`, -20],
    [limitBar(limit), -14],
    [limitUsed(limit), 20],
  );
}

function endedLine(call: LiveEndedCall): string {
  const { id, endedAt, outcome, buyerName, converted } = call;
  const end = converted ? `converted, ${revenueOf(call)}` : outcome;
  return columns([`  ${id}`, -28], [endedAt.slice(11, 19), 10], [end, 21], [buyerName ?? '', 21]);
}

function revenueOf({ revenueMicros, currency }: LiveEndedCall): string {
  return `${formatMicros(BigInt(revenueMicros) as Micros)} ${currency ?? ''}`.trimEnd();
}

function busiestFirst(a: LiveCounters, b: LiveCounters): number {
  return b.inProgress - a.inProgress || b.received - a.received || (a.campaignId < b.campaignId ? -1 : 1);
}

function share({ limit, posted, pending }: Limit): number {
  const most = Number(limit);
  return most === 0 ? 1 : (Number(posted) + Number(pending)) / most;
}

/** To the nearest hundredth, for a column; sums are exact in the API. */
function toCents(micros: bigint): string {
  return (Number(micros) / 1e6).toFixed(2);
}

function lasting(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}

function clock(at: string): string {
  return `${at.slice(0, 19).replace('T', ' ')} UTC`;
}
