import type { Pool } from 'pg';
import { LEASE_SECONDS } from '../../db/limits/reservation-ledger';
import {
  adoptIntoRecentLimits,
  insertFreed,
  listLapsed,
  readLimitClock,
  renewLeases,
  type LapsedRow,
} from '../../db/queries/limits/leases';
import { NOTHING_HAPPENED, resolveBatch } from '../../db/queries/limits/resolve';
import { transaction } from '../../db/transaction';
import type { CallId } from '../../domain/ids';
import type { CarrierInquiry } from '../../telephony/inquiry';
import { createCarriers, type Carriers } from './carriers';
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

/** Freed holds that a sweep names; the table `freed_reservations` has all. */
const MOST_EXAMPLES = 20;

/** Longer than it takes to ring one buyer: whoever is dialled for less is most likely still there. */
const ASK_AFTER_SECONDS = 60;

/** How long a reservation that was under way may be older than a new limit, in seconds, with room to spare. */
const RECENT_SECONDS = 120;

/**
 * One look at every hold whose lease has run out. The holder lives: the lease is renewed. It is gone: the hold is freed
 * and its call closed. Nothing is freed on a guess: when Temporal cannot be asked, this fails and is run again.
 */
export function createSweep(dependencies: SweepDependencies): MaintenanceActivities['sweep'] {
  const { db } = dependencies;
  const carriers = createCarriers(dependencies.inquiries, dependencies.onCarrierError);
  return async () => {
    await adoptIntoRecentLimits(db, RECENT_SECONDS);
    const before = await readLimitClock(db);
    let swept: Swept = { lapsed: 0, renewed: 0, freed: 0, examples: [], toldOver: 0 };
    carriers.beginSweep();
    for (let after: LapsedRow | null = null; ; ) {
      const page: LapsedRow[] = await listLapsed(db, { before, after, most: PAGE });
      if (page.length > 0) swept = add(swept, await sweepPage(dependencies, carriers, page));
      after = page.at(-1) ?? null;
      if (page.length < PAGE) return swept;
    }
  };
}

async function sweepPage(
  { db, workflows, leaseSeconds = LEASE_SECONDS, askAfterSeconds = ASK_AFTER_SECONDS }: SweepDependencies,
  carriers: Carriers,
  page: readonly LapsedRow[],
): Promise<Swept> {
  const at = new Date().toISOString();
  const untied = page.filter((row) => row.workflow_id === null);
  const tied = page.flatMap((row) =>
    row.workflow_id === null ? [] : [{ ...row, workflow_id: row.workflow_id }],
  );
  const lives = await livesOf(workflows, [...new Set(tied.map((row) => row.workflow_id))]);
  const living = tied.filter((row) => lives.get(row.workflow_id)?.running === true);
  await renewLeases(
    db,
    living.map(({ id }) => id),
    leaseSeconds,
  );

  const freed: FreedHold[] = await freeUntied(db, untied, at);
  const seen = new Set<string>();
  for (const row of tied) {
    const life = lives.get(row.workflow_id);
    if (life === undefined || life.running || seen.has(row.call_id)) continue;
    seen.add(row.call_id);
    const carrier = await carriers.ask(row);
    const ids = await freeCall(db, { callId: row.call_id as CallId, because: life.because, carrier, at });
    freed.push(...holdsOf(page, ids, life.because, at));
  }

  const old = living.filter((row) => secondsBetween(row.reserved_at, at) >= askAfterSeconds);
  const over = await carriers.findOver(old);
  for (const { call, word } of over) {
    await workflows.tellOver(call.workflow_id, { at, carrierStatus: word.status });
  }
  return {
    lapsed: page.length,
    renewed: living.length,
    freed: freed.length,
    examples: freed,
    toldOver: over.length,
  };
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
  return holdsOf(rows, ids, 'lease_elapsed', at);
}

function holdsOf(
  rows: readonly LapsedRow[],
  ids: readonly string[],
  reason: FreedBecause,
  at: string,
): FreedHold[] {
  return ids.flatMap((id) => {
    const row = rows.find((each) => each.id === id);
    if (row === undefined) return [];
    return [
      {
        reservationId: id,
        callId: row.call_id,
        reason,
        heldSeconds: Math.round(secondsBetween(row.reserved_at, at)),
      },
    ];
  });
}

function add(one: Swept, other: Swept): Swept {
  return {
    lapsed: one.lapsed + other.lapsed,
    renewed: one.renewed + other.renewed,
    freed: one.freed + other.freed,
    examples: [...one.examples, ...other.examples].slice(0, MOST_EXAMPLES),
    toldOver: one.toldOver + other.toldOver,
  };
}

function secondsBetween(from: string, to: string): number {
  return (Date.parse(to) - Date.parse(from)) / 1000;
}
