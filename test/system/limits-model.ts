import { DateTime } from 'luxon';
import type { Happened } from '../../domain/limits/happened';
import type { CountedEvent, LimitWindow, Scope } from '../../domain/limits/limit';

/*
 * What limits are, in as few words as can be: a list of holds, and sums over it. The ledger is held against this.
 */

export interface ModelLimit {
  readonly id: string;
  readonly scope: Scope;
  readonly window: LimitWindow;
  readonly counts: CountedEvent;
  readonly timeZone: string;
  maximum: number;
}

export interface ModelCandidate {
  readonly scopes: readonly Scope[];
  readonly spend: number;
  readonly payout: number;
}

interface Hold {
  readonly limit: ModelLimit;
  readonly window: string;
  readonly amount: number;
}

interface Reservation {
  readonly holds: readonly Hold[];
  happened: Happened | null;
}

export class LimitsModel {
  readonly reservations = new Map<string, Reservation>();

  constructor(readonly limits: readonly ModelLimit[]) {}

  /** What a candidate takes of each limit, at an instant. */
  demandsOf(candidate: ModelCandidate, at: string): Hold[] {
    return this.limits
      .filter(({ scope }) => candidate.scopes.includes(scope))
      .map((limit) => ({ limit, window: windowOf(limit, at), amount: amountOf(limit, candidate) }))
      .filter(({ amount }) => amount > 0);
  }

  grant(id: string, candidate: ModelCandidate, at: string): void {
    this.reservations.set(id, { holds: this.demandsOf(candidate, at), happened: null });
  }

  resolve(id: string, happened: Happened): void {
    const reservation = this.reservations.get(id);
    if (reservation !== undefined && reservation.happened === null) reservation.happened = happened;
  }

  counter(limit: ModelLimit, window: string): { posted: number; pending: number } {
    let posted = 0;
    let pending = 0;
    for (const { holds, happened } of this.reservations.values()) {
      for (const hold of holds) {
        if (hold.limit !== limit || hold.window !== window) continue;
        if (happened === null) pending += hold.amount;
        else posted += postedOf(limit, happened);
      }
    }
    return { posted, pending };
  }

  used(limit: ModelLimit, window: string): number {
    const { posted, pending } = this.counter(limit, window);
    return posted + pending;
  }
}

/** The local start of the window, as people write it: another way to it than the database's. */
export function windowOf({ window, timeZone }: ModelLimit, at: string): string {
  const local = DateTime.fromISO(at, { zone: timeZone });
  switch (window) {
    case 'hour':
      // With the offset, which tells the two hours of an autumn night apart.
      return local.toFormat("yyyy-MM-dd'T'HHZZ");
    case 'day':
      return local.toFormat('yyyy-MM-dd');
    case 'month':
      return local.toFormat('yyyy-MM');
    case 'concurrency':
    case 'total':
      return 'always';
    default:
      return window satisfies never;
  }
}

function amountOf({ counts, scope }: ModelLimit, { spend, payout }: ModelCandidate): number {
  if (counts !== 'spend') return 1;
  return scope.startsWith('publisher:') ? payout : spend;
}

function postedOf({ window, counts, scope }: ModelLimit, happened: Happened): number {
  if (window === 'concurrency') return 0;
  const publisher = scope.startsWith('publisher:');
  switch (counts) {
    case 'attempt':
      return happened.dialled ? 1 : 0;
    case 'connection':
      return happened.connected ? 1 : 0;
    case 'conversion':
      return (publisher ? happened.paid : happened.converted) ? 1 : 0;
    case 'spend':
      return Number(publisher ? happened.payout : happened.spent);
    default:
      return counts satisfies never;
  }
}
