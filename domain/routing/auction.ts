import { readAmount, type Amount } from '../campaign/price';
import type { Draw } from './draw';
import type { Entrant } from './entrant';
import { byId, byPriority, compareBigints, sortByKey } from './order';
import type { Strategy } from './plan';

export type AuctionStrategy = Extract<Strategy, { kind: 'auction' }>;

export interface AuctionResult<E> {
  /** Best first; the losers are the fallbacks, in order of their bids. */
  readonly ordered: readonly E[];
  /** Bids under the reserve price, in the order they came. */
  readonly belowReserve: readonly E[];
  /** The reserve price for people, for example `12.50`; empty where there is none. */
  readonly reserve: string;
}

/**
 * Highest bid first, or highest bid × conversion estimate where the rule asks for it. Equal ones by priority, then by
 * the call's draw. The reserve price is held against the bid itself. Bids compare exactly; their products with an
 * estimate as IEEE doubles, which are the same on every machine.
 * @throws RangeError when the reserve is no whole number of micros.
 */
export function auction<E extends Entrant>(
  entrants: readonly E[],
  { reserveMicros, rankBy }: AuctionStrategy,
  draw: Draw,
): AuctionResult<E> {
  const reserve = reserveMicros === null ? null : readAmount(reserveMicros);
  const belowReserve: E[] = [];
  const bidders: E[] = [];
  for (const entrant of entrants) {
    if (reserve !== null && isBelow(entrant.bid, reserve)) belowReserve.push(entrant);
    else bidders.push(entrant);
  }
  const byDraw = (a: E, b: E): number => byPriority(a, b) || draw(a.id) - draw(b.id) || byId(a, b);
  const ordered =
    rankBy === 'bid'
      ? sortByKey(
          bidders,
          ({ bid }) => -bid.rough,
          (a, b) => compareBigints(b.bid.amount, a.bid.amount) || byDraw(a, b),
        )
      : sortByKey(bidders, ({ bid, conversionEstimate }) => -(bid.rough * conversionEstimate), byDraw);
  return { ordered, belowReserve, reserve: reserve?.text ?? '' };
}

/** Doubles first: they settle nearly every comparison, and are at hand where a bigint is not. */
function isBelow(bid: Amount, reserve: Amount): boolean {
  return bid.rough === reserve.rough ? bid.amount < reserve.amount : bid.rough < reserve.rough;
}
