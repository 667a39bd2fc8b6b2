import type { Pool } from 'pg';
import type { ReserveCandidate } from '../../domain/limits/candidates';
import type { AssignmentId, AttemptId, CallId, ReservationId } from '../../domain/ids';
import { isDatabaseAway, isDatabaseBusy, isUniqueViolation } from '../errors';
import { createPool, type PoolOptions } from '../pool';
import {
  openCounters,
  reserveBatch,
  type Refusal,
  type ReserveItem,
  type ReserveRow,
} from '../queries/limits/reserve';
import { NOTHING_HAPPENED, ONLY_DIALLED, type Happened } from '../../domain/limits/happened';
import { resolveBatch, type ResolveItem, type ResolveRow } from '../queries/limits/resolve';
import { MicroBatcher } from './micro-batcher';

export interface ReserveRequest {
  /** Derived from what the hold is for: asking again with it gives the first answer again. */
  readonly id: ReservationId;
  readonly callId: CallId;
  readonly attemptId: AttemptId;
  /** Whose life the hold is tied to; `null`: nobody's, it ends with its lease. */
  readonly workflowId: string | null;
  /** In the order in which they are wanted. */
  readonly candidates: readonly ReserveCandidate[];
  /** Seconds until somebody has to look whether the holder still lives; default {@link LEASE_SECONDS}. */
  readonly leaseSeconds?: number;
}

export interface Granted {
  readonly kind: 'granted';
  readonly assignmentId: AssignmentId;
  /** What was reserved of money, in micros. */
  readonly spend: bigint;
  readonly payout: bigint;
  /** Whether it is still held: an answer that is given again may be resolved by now. */
  readonly held: boolean;
  /** Limits that had no room, of candidates that come before. */
  readonly refusals: readonly Refusal[];
}

export interface Refused {
  readonly kind: 'refused';
  readonly refusals: readonly Refusal[];
}

export type ReserveAnswer = Granted | Refused;

/** More was to be posted than is reserved: nothing was posted, the reservation is as it was. */
export class OverReserved extends Error {
  override readonly name = 'OverReserved';
}

/** Nobody ever reserved under this id. */
export class UnknownReservation extends Error {
  override readonly name = 'UnknownReservation';
}

/**
 * A hold is looked after when it is so old, in seconds: renewed if its workflow lives, freed if not. With a look every
 * ten seconds, capacity is back within 30 s of the end of a workflow.
 */
export const LEASE_SECONDS = 15;

/**
 * How many candidates are looked at in one statement: few at first, because the first one nearly always has room and
 * a statement over all of a large campaign costs milliseconds; then ever more.
 */
const FIRST_LOOK = 8;
const LOOK_GROWS = 8;

/** Scopes in one statement at most: past it, a statement takes longer by as much as it saves. */
const MOST_SCOPES = 2_000;

/** Refused past it. At 5,000 a second, which one process does on two cores, two seconds' worth. */
const MOST_WAITING = 10_000;

/** A reservation under way, with the part of its candidates that is looked at now. */
interface Looking {
  readonly request: ReserveRequest;
  from: number;
  size: number;
  readonly refusals: Refusal[];
}

export interface LedgerOptions {
  /** Of {@link createLedgerPool}; closed with the ledger. */
  readonly pool: Pool;
  readonly mostWaiting?: number;
}

/**
 * Connections of a ledger's own: a request is often made from within a transaction, and must not wait for one of the
 * connections such transactions hold. One for each kind of statement, of which one is under way at a time.
 */
export function createLedgerPool(
  options: Pick<PoolOptions, 'url' | 'applicationName' | 'onIdleError'>,
): Pool {
  return createPool({ ...options, size: 2, planOnce: true });
}

/**
 * Holds on limits: `reserve`, then `post` or `void`, each once. Requests of this process share statements (see
 * {@link MicroBatcher}); the database decides, so that any number of processes may do so at once.
 */
export class ReservationLedger {
  readonly #pool: Pool;
  readonly #reservations: MicroBatcher<Looking, ReserveAnswer>;
  readonly #resolutions: MicroBatcher<ResolveItem, ResolveRow>;

  constructor({ pool, mostWaiting = MOST_WAITING }: LedgerOptions) {
    this.#pool = pool;
    const isPassing = (error: unknown): boolean =>
      isDatabaseAway(error) || isDatabaseBusy(error) || isUniqueViolation(error);
    this.#reservations = new MicroBatcher({
      what: 'reservations',
      run: (items) => this.#reserve(items),
      weightOf: ({ request }) => request.candidates.length * SCOPES_OF_A_CANDIDATE,
      mostWeight: MOST_SCOPES,
      mostWaiting,
      isPassing,
    });
    this.#resolutions = new MicroBatcher({
      what: 'resolutions',
      run: (items) => resolveInOrder(this.#pool, items),
      weightOf: () => 1,
      mostWeight: MOST_SCOPES,
      mostWaiting,
      isPassing,
    });
  }

  /**
   * Holds capacity for the first candidate with room under all limits of all its scopes, or for none. Durable when it
   * answers. The same id always gets the same answer.
   * @throws QueueFull when more waits than may
   */
  reserve(request: ReserveRequest): Promise<ReserveAnswer> {
    if (request.candidates.length === 0) return Promise.resolve({ kind: 'refused', refusals: [] });
    return this.#reservations.ask({ request, from: 0, size: FIRST_LOOK, refusals: [] });
  }

  /**
   * The attempt connected: what happened counts for good, the rest of the hold is given back.
   * @returns whether it was this call that resolved it
   * @throws OverReserved when the amounts exceed what was reserved; UnknownReservation
   */
  post(id: ReservationId, happened: Happened): Promise<boolean> {
    return this.#resolve({ id, resolution: 'posted', happened });
  }

  /** The attempt did not connect, or was never dialled: gives back all that cannot happen any more. */
  void(id: ReservationId, { dialled }: { readonly dialled: boolean }): Promise<boolean> {
    return this.#resolve({
      id,
      resolution: 'voided',
      happened: dialled ? ONLY_DIALLED : NOTHING_HAPPENED,
    });
  }

  /** Nobody is left to resolve it: like {@link post}, on record as expired. */
  expire(id: ReservationId, happened: Happened): Promise<boolean> {
    return this.#resolve({ id, resolution: 'expired', happened });
  }

  /** Waits for what is under way, then closes the connections. */
  async close(): Promise<void> {
    await Promise.all([this.#reservations.idle(), this.#resolutions.idle()]);
    await this.#pool.end();
  }

  async #resolve(item: ResolveItem): Promise<boolean> {
    const row = await this.#resolutions.ask(item);
    if (row.status === null) throw new UnknownReservation(`There is no reservation ${item.id}`);
    if (row.over) throw overReserved(row);
    return row.resolved;
  }

  async #reserve(items: readonly Looking[]): Promise<(ReserveAnswer | null)[]> {
    const asked = dropRepeated(items);
    const rows = await reserveBatch(this.#pool, asked.map(itemOf));
    const answers = new Map<Looking, ReserveAnswer | null>();
    const uncounted: Looking[] = [];
    for (const [index, looking] of asked.entries()) {
      const row = rows[index];
      if (row === undefined) throw new Error('reserve_batch left out a row');
      if (row.verdict === 'uncounted') uncounted.push(looking);
      answers.set(looking, answerFrom(looking, row));
    }
    if (uncounted.length > 0) {
      await openCounters(this.#pool, [...new Set(uncounted.flatMap(scopesLookedAt))]);
    }
    return items.map((item) => answers.get(item) ?? null);
  }
}

/** Campaign, publisher, buyer, assignment and one destination. */
const SCOPES_OF_A_CANDIDATE = 5;

function overReserved(row: ResolveRow): OverReserved {
  return new OverReserved(`Reservation ${row.id} cannot post more than it holds`);
}

/** The second of two requests with one id waits for the first one's answer. */
function dropRepeated(items: readonly Looking[]): Looking[] {
  const seen = new Set<string>();
  return items.filter(({ request }) => {
    if (seen.has(request.id)) return false;
    seen.add(request.id);
    return true;
  });
}

function lookedAt({ request, from, size }: Looking): readonly ReserveCandidate[] {
  return request.candidates.slice(from, from + size);
}

function scopesLookedAt(looking: Looking) {
  return lookedAt(looking).flatMap(({ scopes }) => scopes);
}

function itemOf(looking: Looking): ReserveItem {
  const { request, from, size, refusals } = looking;
  return {
    id: request.id,
    callId: request.callId,
    attemptId: request.attemptId,
    workflowId: request.workflowId,
    leaseSeconds: request.leaseSeconds ?? LEASE_SECONDS,
    candidates: lookedAt(looking),
    final: from + size >= request.candidates.length,
    refusedBefore: refusals,
  };
}

/** @returns `null` when it has to be asked again: the same candidates, or the ones behind them */
function answerFrom(looking: Looking, row: ReserveRow): ReserveAnswer | null {
  switch (row.verdict) {
    case 'granted':
    case 'before':
    case 'refused':
      return decided(row);
    case 'passed':
      looking.refusals.splice(0, Infinity, ...row.refusals);
      looking.from += looking.size;
      looking.size *= LOOK_GROWS;
      return null;
    case 'again':
    case 'uncounted':
      return null;
    default:
      return row.verdict satisfies never;
  }
}

function decided(row: ReserveRow): ReserveAnswer {
  const { assignment_id: assignmentId, spend_micros: spend, payout_micros: payout, refusals } = row;
  if (assignmentId === null || row.verdict === 'refused' || row.status === 'refused')
    return { kind: 'refused', refusals };
  return {
    kind: 'granted',
    assignmentId: assignmentId as AssignmentId,
    spend: spend ?? 0n,
    payout: payout ?? 0n,
    held: row.verdict === 'granted' || row.status === 'pending',
    refusals,
  };
}

async function resolveInOrder(pool: Pool, items: readonly ResolveItem[]): Promise<ResolveRow[]> {
  // One id twice in a statement would be a coin toss between the two.
  const first = new Map(items.toReversed().map((item) => [item.id, item] as const));
  const rows = new Map((await resolveBatch(pool, [...first.values()])).map((row) => [row.id, row]));
  return items.map((item) => {
    const row = rows.get(item.id);
    if (row === undefined) throw new Error('resolve_batch left out a row');
    return first.get(item.id) === item ? row : { ...row, resolved: false };
  });
}
