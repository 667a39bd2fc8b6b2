import type { Pool } from 'pg';
import { LEASE_SECONDS } from '../../db/limits/reservation-ledger';
import {
  adoptIntoRecentLimits,
  insertFreed,
  listLapsed,
  listOpenCalls,
  readLimitClock,
  renewLeases,
  type LapsedRow,
  type OpenCallRow,
} from '../../db/queries/limits/leases';
import { NOTHING_HAPPENED, resolveBatch } from '../../db/queries/limits/resolve';
import { transaction } from '../../db/transaction';
import type { CallId } from '../../domain/ids';
import type { CarrierInquiry } from '../../telephony/inquiry';
import { createCarriers, type AskedAbout, type Carriers } from './carriers';
import { freeCall } from './freeCall';
import type { FreedBecause, FreedHold, MaintenanceActivities, Swept } from './index';
import type { CallWorkflows, Life } from './workflows';

export interface SweepDependencies {
  readonly db: Pool;
  readonly workflows: CallWorkflows;
  /** Carriers that can be asked. */
  readonly inquiries: readonly CarrierInquiry[];
  readonly onCarrierError: (carrier: string, error: unknown) => void;
  /** Seconds a live holder's hold is left alone; default {@link LEASE_SECONDS}. */
  readonly leaseSeconds?: number;
  /** Seconds a call lives before its carrier is asked whether it still does; default {@link ASK_AFTER_SECONDS}. */
  readonly askAfterSeconds?: number;
}

/** Holds read at once. */
const PAGE = 1_000;

/** Calls that are freed at the same time: a carrier that answers slowly must not keep the others' capacity. */
const AT_ONCE = 20;

/** Freed holds that a sweep names; the table `freed_reservations` has all. */
const MOST_EXAMPLES = 20;

/** Longer than it takes to ring one buyer: whoever is dialled for less is most likely still there. */
const ASK_AFTER_SECONDS = 60;

/** How long a reservation that was under way may be older than a new limit, in seconds, with room to spare. */
const RECENT_SECONDS = 120;

/** A call to look after: what it may hold is freed with it. */
interface Subject extends AskedAbout {
  readonly workflow_id: string;
  /** Since when it is there, ISO 8601. */
  readonly since: string;
}

/**
 * One look at every hold whose lease has run out, and at every call that is open on record without one. The workflow
 * lives: the lease is renewed. It is gone: what is held is freed, and the call closed. Nothing is freed on a guess: when
 * Temporal cannot be asked, this fails and is run again.
 */
export function createSweep(dependencies: SweepDependencies): MaintenanceActivities['sweep'] {
  const { db, leaseSeconds = LEASE_SECONDS } = dependencies;
  const carriers = createCarriers(dependencies.inquiries, dependencies.onCarrierError);
  return async () => {
    await adoptIntoRecentLimits(db, RECENT_SECONDS);
    const before = await readLimitClock(db);
    let swept: Swept = { lapsed: 0, renewed: 0, freed: 0, examples: [], closed: 0, toldOver: 0 };
    carriers.beginSweep();
    for (let after: LapsedRow | null = null; ; ) {
      const page: LapsedRow[] = await listLapsed(db, { before, after, most: PAGE });
      if (page.length > 0) swept = add(swept, await sweepHolds(dependencies, carriers, page));
      after = page.at(-1) ?? null;
      if (page.length < PAGE) break;
    }
    const settled = new Date(Date.now() - leaseSeconds * 1000).toISOString();
    for (let after: OpenCallRow | null = null; ; ) {
      const page: OpenCallRow[] = await listOpenCalls(db, { before: settled, after, most: PAGE });
      if (page.length > 0) swept = add(swept, await sweepOpenCalls(dependencies, carriers, page));
      after = page.at(-1) ?? null;
      if (page.length < PAGE) return swept;
    }
  };
}

async function sweepHolds(
  dependencies: SweepDependencies,
  carriers: Carriers,
  page: readonly LapsedRow[],
): Promise<Swept> {
  const { db, leaseSeconds = LEASE_SECONDS } = dependencies;
  const at = new Date().toISOString();
  const untied = page.filter((row) => row.workflow_id === null);
  const tied = new Map<string, Subject>();
  for (const { workflow_id, reserved_at, ...call } of page) {
    if (workflow_id !== null && !tied.has(call.call_id))
      tied.set(call.call_id, { ...call, workflow_id, since: reserved_at });
  }
  const { living, ...found } = await lookAfter(dependencies, carriers, [...tied.values()], at);
  const alive = new Set(living);
  const renewed = page.filter((row) => alive.has(row.call_id));
  await renewLeases(
    db,
    renewed.map(({ id }) => id),
    leaseSeconds,
  );
  const freed = [...(await freeUntied(db, untied, at)), ...holdsOf(page, found.freed, at)];
  return {
    lapsed: page.length,
    renewed: renewed.length,
    freed: freed.length,
    examples: freed,
    closed: found.closed,
    toldOver: found.toldOver,
  };
}

async function sweepOpenCalls(
  dependencies: SweepDependencies,
  carriers: Carriers,
  page: readonly OpenCallRow[],
): Promise<Swept> {
  const at = new Date().toISOString();
  const subjects = page.map(({ received_at, ...call }) => ({ ...call, since: received_at }));
  const { closed, toldOver } = await lookAfter(dependencies, carriers, subjects, at);
  return { lapsed: 0, renewed: 0, freed: 0, examples: [], closed, toldOver };
}

interface LookedAfter {
  /** Ids of the calls whose workflows live. */
  readonly living: readonly string[];
  readonly freed: ReadonlyMap<string, FreedBecause>;
  readonly closed: number;
  readonly toldOver: number;
}

/** Frees and closes the calls whose workflows are gone; asks the carriers about those that have lived for long. */
async function lookAfter(
  { db, workflows, askAfterSeconds = ASK_AFTER_SECONDS }: SweepDependencies,
  carriers: Carriers,
  subjects: readonly Subject[],
  at: string,
): Promise<LookedAfter> {
  const lives = await livesOf(workflows, [...new Set(subjects.map((call) => call.workflow_id))]);
  const freed = new Map<string, FreedBecause>();
  let closed = 0;
  const free = async (call: Subject, because: FreedBecause): Promise<void> => {
    const carrier = await carriers.ask(call);
    const done = await freeCall(db, { callId: call.call_id as CallId, because, carrier, at });
    for (const id of done.freed) freed.set(id, because);
    if (done.closed) closed += 1;
  };
  const gone = subjects.flatMap((call) => {
    const life = lives.get(call.workflow_id);
    return life === undefined || life.running ? [] : [{ call, because: life.because }];
  });
  for (let from = 0; from < gone.length; from += AT_ONCE) {
    await Promise.all(gone.slice(from, from + AT_ONCE).map(({ call, because }) => free(call, because)));
  }
  const living = subjects.filter((call) => lives.get(call.workflow_id)?.running === true);
  const old = living.filter(({ since }) => secondsBetween(since, at) >= askAfterSeconds);
  const over = await carriers.findOver(old);
  for (const { call, word } of over) {
    await workflows.tellOver(call.workflow_id, { at, carrierStatus: word.status });
  }
  return { living: living.map(({ call_id }) => call_id), freed, closed, toldOver: over.length };
}

/** Visibility answers for many at once; whoever it does not name is asked about one by one, for it may be behind. */
async function livesOf(workflows: CallWorkflows, ids: readonly string[]): Promise<ReadonlyMap<string, Life>> {
  if (ids.length === 0) return new Map();
  const running = await workflows.listRunning(ids);
  const lives = new Map<string, Life>();
  for (const id of ids) lives.set(id, running.has(id) ? { running: true } : await workflows.lifeOf(id));
  return lives;
}

async function freeUntied(db: Pool, rows: readonly LapsedRow[], at: string): Promise<FreedHold[]> {
  if (rows.length === 0) return [];
  const ids = await transaction(db, async (tx) => {
    const items = rows.map(({ id }) => ({ id, resolution: 'expired', happened: NOTHING_HAPPENED }) as const);
    const resolved = (await resolveBatch(tx, items)).filter((row) => row.resolved).map(({ id }) => id);
    await insertFreed(tx, resolved, { reason: 'lease_elapsed', carrierSays: null });
    return { value: resolved };
  });
  return holdsOf(rows, new Map(ids.map((id) => [id, 'lease_elapsed'])), at);
}

function holdsOf(
  rows: readonly LapsedRow[],
  freed: ReadonlyMap<string, FreedBecause>,
  at: string,
): FreedHold[] {
  return rows.flatMap((row) => {
    const reason = freed.get(row.id);
    if (reason === undefined) return [];
    const heldSeconds = Math.round(secondsBetween(row.reserved_at, at));
    return [{ reservationId: row.id, callId: row.call_id, reason, heldSeconds }];
  });
}

function add(one: Swept, other: Swept): Swept {
  return {
    lapsed: one.lapsed + other.lapsed,
    renewed: one.renewed + other.renewed,
    freed: one.freed + other.freed,
    examples: [...one.examples, ...other.examples].slice(0, MOST_EXAMPLES),
    closed: one.closed + other.closed,
    toldOver: one.toldOver + other.toldOver,
  };
}

function secondsBetween(from: string, to: string): number {
  return (Date.parse(to) - Date.parse(from)) / 1000;
}
