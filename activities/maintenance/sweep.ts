import type { Pool } from 'pg';
import { isDatabaseAway } from '../../db/errors';
import { LEASE_SECONDS } from '../../db/limits/reservation-ledger';
import {
  insertFreed,
  listLapsed,
  listOpenCalls,
  readLimitClock,
  renewLeases,
  type LapsedRow,
  type OpenCallRow,
} from '../../db/queries/limits/leases';
import { resolveBatch } from '../../db/queries/limits/resolve';
import { NOTHING_HAPPENED } from '../../domain/limits/happened';
import { transaction } from '../../db/transaction';
import type { CallId } from '../../domain/ids';
import type { CarrierInquiry } from '../../telephony/inquiry';
import { createAdoption } from './adoption';
import { closeLostBacktests } from './backtests';
import { createCarriers, type AskedAbout, type Carriers } from './carriers';
import { freeCall, freedHold } from './freeCall';
import { inParallel } from './inParallel';
import { livesOf } from './lives';
import type { FreedHold, MaintenanceActivities, Swept, WorkflowGone } from './index';
import type { CallWorkflows } from './workflows';

export type Stuck = { readonly callId: string } | { readonly limitId: string };

export interface SweepDependencies {
  readonly db: Pool;
  readonly workflows: CallWorkflows;
  /** Carriers that can be asked. */
  readonly inquiries: readonly CarrierInquiry[];
  readonly onCarrierError: (carrier: string, error: unknown) => void;
  /** A call could not be freed, or a limit not be counted anew. It is tried again by the next sweep. */
  readonly onStuck: (what: Stuck, error: unknown) => void;
  /** Seconds a live holder's hold is left alone; default {@link LEASE_SECONDS}. */
  readonly leaseSeconds?: number;
  /** Seconds a call lives before its carrier is asked whether it still does; default {@link ASK_AFTER_SECONDS}. */
  readonly askAfterSeconds?: number;
}

/** Holds read at once. */
const PAGE = 1_000;

/** Freed holds that a sweep names, and calls that are stuck; the table `freed_reservations` and the log have all. */
const MOST_EXAMPLES = 20;

/** Longer than it takes to ring one buyer: whoever is dialled for less is most likely still there. */
const ASK_AFTER_SECONDS = 60;

/** Calls freed at once. Each takes a connection for some milliseconds, and calls that live need theirs. */
const FREED_AT_ONCE = 4;

/**
 * One look at every hold whose lease has run out, and at every call that is open on record and holds nothing. The
 * workflow lives: the lease is renewed. It is gone: what is held is freed, and the call closed. Nothing is freed on a
 * guess: when Temporal cannot be asked, this fails and is run again. A call that cannot be closed does not keep the
 * others from it. Backtests whose workflow is gone are closed too.
 */
export function createSweep(dependencies: SweepDependencies): MaintenanceActivities['sweep'] {
  const { db, workflows, askAfterSeconds = ASK_AFTER_SECONDS, leaseSeconds = LEASE_SECONDS } = dependencies;
  const carriers = createCarriers(dependencies.inquiries, dependencies.onCarrierError);
  const adoptIntoRecentLimits = createAdoption(db, dependencies.onStuck);
  return async () => {
    const at = new Date().toISOString();
    const before = await readLimitClock(db);
    let swept = NOTHING_SWEPT;
    const old: Subject[] = [];
    for (let after: LapsedRow | null = null; ; ) {
      const page: LapsedRow[] = await listLapsed(db, { before, after, most: PAGE });
      if (page.length > 0) {
        const { living, ...found } = await sweepPage(dependencies, carriers, page, at);
        swept = add(swept, found);
        old.push(...living);
      }
      after = page.at(-1) ?? null;
      if (page.length < PAGE) break;
    }
    for (let after: OpenCallRow | null = null; ; ) {
      const page: OpenCallRow[] = await listOpenCalls(db, {
        before: settledBy(at, leaseSeconds),
        after,
        most: PAGE,
      });
      const { living, closed, stuck } = await sweepOpenCalls(dependencies, carriers, page, at);
      swept = add(swept, { ...NOTHING_SWEPT, closed, stuck });
      old.push(...living);
      after = page.at(-1) ?? null;
      if (page.length < PAGE) break;
    }
    const talkative = old.filter(({ since }) => secondsBetween(since, at) >= askAfterSeconds);
    const over = await carriers.findOver(oncePerCall(talkative));
    for (const { call, word } of over) {
      await workflows.tellOver(call.workflow_id, { at, carrierStatus: word.status });
    }
    await closeLostBacktests(db, workflows);
    // Last: it may take long, and capacity must not wait for it.
    await adoptIntoRecentLimits();
    return { ...swept, toldOver: over.length };
  };
}

const NOTHING_SWEPT: Swept = {
  lapsed: 0,
  renewed: 0,
  freed: 0,
  examples: [],
  closed: 0,
  stuck: [],
  toldOver: 0,
};

/** A call to look after: what it may hold is freed with it. */
interface Subject extends AskedAbout {
  readonly workflow_id: string;
  /** Whether it has ended on record. */
  readonly call_ended: boolean;
  /** Since when it is there, ISO 8601. */
  readonly since: string;
}

/** A hold that is tied to a workflow. */
type TiedRow = LapsedRow & { readonly workflow_id: string };

/** A call that came in later may not have reserved yet. */
function settledBy(at: string, leaseSeconds: number): string {
  return new Date(Date.parse(at) - leaseSeconds * 1000).toISOString();
}

async function sweepPage(
  dependencies: SweepDependencies,
  carriers: Carriers,
  page: readonly LapsedRow[],
  at: string,
): Promise<Swept & { readonly living: readonly Subject[] }> {
  const { db, workflows, leaseSeconds = LEASE_SECONDS } = dependencies;
  const untied = page.filter((row) => row.workflow_id === null);
  const tied = page.filter((row): row is TiedRow => row.workflow_id !== null);
  const subjects = tied.map(({ reserved_at: since, ...row }): Subject & { id: string } => ({
    ...row,
    since,
  }));
  const { living, gone } = await divide(workflows, subjects);
  await renewLeases(
    db,
    living.map(({ id }) => id),
    leaseSeconds,
  );
  const untiedFreed = await freeUntied(db, untied);
  const { freed, closed, stuck } = await freeGone(dependencies, carriers, gone, at);
  const examples = [...untiedFreed, ...freed];
  return {
    lapsed: page.length,
    renewed: living.length,
    freed: examples.length,
    examples,
    closed,
    stuck,
    toldOver: 0,
    living,
  };
}

async function sweepOpenCalls(
  dependencies: SweepDependencies,
  carriers: Carriers,
  page: readonly OpenCallRow[],
  at: string,
): Promise<{
  readonly living: readonly Subject[];
  readonly closed: number;
  readonly stuck: readonly string[];
}> {
  const subjects = page.map(
    ({ received_at: since, ...row }): Subject => ({ ...row, since, call_ended: false }),
  );
  const { living, gone } = await divide(dependencies.workflows, subjects);
  return { living, ...(await freeGone(dependencies, carriers, gone, at)) };
}

/** Those whose workflows live, and of the others each call once, with how its workflow came to its end. */
async function divide<T extends Subject>(
  workflows: CallWorkflows,
  subjects: readonly T[],
): Promise<{
  readonly living: readonly T[];
  readonly gone: readonly (T & { readonly because: WorkflowGone })[];
}> {
  const lives = await livesOf(workflows, [...new Set(subjects.map((each) => each.workflow_id))]);
  return {
    living: subjects.filter((each) => lives.get(each.workflow_id)?.running === true),
    gone: oncePerCall(subjects).flatMap((each) => {
      const life = lives.get(each.workflow_id);
      return life === undefined || life.running ? [] : [{ ...each, because: life.because }];
    }),
  };
}

/** Frees what these hold, each call for itself. @throws when the database is away */
async function freeGone(
  { db, onStuck }: SweepDependencies,
  carriers: Carriers,
  gone: readonly (Subject & { readonly because: WorkflowGone })[],
  at: string,
): Promise<{
  readonly freed: readonly FreedHold[];
  readonly closed: number;
  readonly stuck: readonly string[];
}> {
  // How a call ended that is closed on record is known.
  const words = await carriers.askAll(gone.filter((row) => !row.call_ended));
  const wordOn = new Map(words.map(({ call, word }) => [call.call_id, word]));
  const stuck: string[] = [];
  const done = await inParallel(gone, FREED_AT_ONCE, async ({ call_id: id, because }) => {
    try {
      const carrier = wordOn.get(id) ?? null;
      return await freeCall(db, { callId: id as CallId, because, carrier, at });
    } catch (error) {
      if (isDatabaseAway(error)) throw error;
      onStuck({ callId: id }, error);
      stuck.push(id);
      return { freed: [], closed: false };
    }
  });
  return {
    freed: done.flatMap(({ freed }) => freed),
    closed: done.filter(({ closed }) => closed).length,
    stuck,
  };
}

async function freeUntied(db: Pool, rows: readonly LapsedRow[]): Promise<readonly FreedHold[]> {
  if (rows.length === 0) return [];
  const reason = 'lease_elapsed';
  return transaction(db, async (tx) => {
    const items = rows.map(({ id }) => ({ id, resolution: 'expired', happened: NOTHING_HAPPENED }) as const);
    // What waited for a postback that did not come has run its time: nothing was left behind.
    const left = new Set(rows.filter(({ deferred }) => !deferred).map(({ id }) => id));
    const resolved = (await resolveBatch(tx, items))
      .filter((row) => row.resolved && left.has(row.id))
      .map(({ id }) => id);
    const freed = await insertFreed(tx, resolved, { reason, carrierSays: null });
    return { value: freed.map((row) => freedHold(row, reason)) };
  });
}

function oncePerCall<T extends AskedAbout>(rows: readonly T[]): readonly T[] {
  return [...new Map(rows.toReversed().map((row) => [row.call_id, row])).values()].toReversed();
}

function add(one: Swept, other: Swept): Swept {
  return {
    lapsed: one.lapsed + other.lapsed,
    renewed: one.renewed + other.renewed,
    freed: one.freed + other.freed,
    examples: [...one.examples, ...other.examples].slice(0, MOST_EXAMPLES),
    closed: one.closed + other.closed,
    stuck: [...one.stuck, ...other.stuck].slice(0, MOST_EXAMPLES),
    toldOver: one.toldOver + other.toldOver,
  };
}

function secondsBetween(from: string, to: string): number {
  return (Date.parse(to) - Date.parse(from)) / 1000;
}
