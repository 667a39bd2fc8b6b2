import type { Pool } from 'pg';
import type { LiveCall, LiveCounters, LiveEndedCall } from '../../contract/live';
import type { Queryable } from '../../db/pool';
import { listTodaysCounters } from '../../db/queries/live/counters';
import { listAmendedCampaigns, listEndedCalls } from '../../db/queries/live/endedCalls';
import { findFrame, readOneSnapshot, type FrameRow } from '../../db/queries/live/frame';
import { listOpenCalls, listOpenVersions, type OpenVersionRow } from '../../db/queries/live/openCalls';
import { transaction } from '../../db/transaction';
import { canGoOn } from './cursor';
import type { LiveFilter } from './filter';
import { limitsNow } from './limits';
import {
  presentCounters,
  presentEndedCall,
  presentLiveCall,
  withCallsInProgress,
  type DayCounters,
} from './present';
import { scopesNow } from './scopes';
import { differencesOf, type Differences, type LiveState, type OpenCall } from './state';

/** What a look found. `differences`: to the one before; `null`: there is nothing to compare it with. */
export interface Look {
  readonly state: LiveState;
  readonly differences: Differences | null;
}

/** PostgreSQL's largest count. */
const ALL = 2_147_483_647;

/**
 * Looks at everything that is live, in one snapshot of the database: of calls in progress reads what moved, and of
 * counters those of campaigns in which something did.
 * @param before the state of the last look; `null`: there was none
 * @param filters of those who will be told what it finds
 */
export async function look(
  pool: Pool,
  before: LiveState | null,
  filters: readonly LiveFilter[],
): Promise<Look> {
  return transaction(pool, async (db) => {
    const frozen = readOneSnapshot(db);
    frozen.catch(() => undefined); // the statements behind it fail for the same reason
    const frame = await findFrame(db);
    await frozen;
    const known = before !== null && canGoOn(before, frame) ? before : null;
    return { value: await lookAt(db, frame, known, filters) };
  });
}

async function lookAt(
  db: Queryable,
  frame: FrameRow,
  before: LiveState | null,
  filters: readonly LiveFilter[],
): Promise<Look> {
  const [versions, limits, scopes, amended] = await Promise.all([
    listOpenVersions(db),
    limitsNow(db, frame, before),
    scopesNow(db, filters),
    before === null ? [] : listAmendedCampaigns(db, before.snapshot),
  ]);
  const [calls, ended] = await Promise.all([
    openCalls(db, frame, versions, before),
    before === null ? [] : endedCalls(db, versions, before),
  ]);
  const moved = new Set([...amended, ...campaignsThatMoved(calls, ended, before)]);
  const days = await daysOf(db, frame, before, moved);
  const state: LiveState = {
    at: frame.at,
    snapshot: frame.snapshot,
    config: frame.config,
    calls,
    days,
    counters: countersOf(days, calls),
    limits,
    scopes,
  };
  return { state, differences: before === null ? null : differencesOf(before, state, ended) };
}

/** Calls in progress; those that have not moved as they were, unless names may have changed with the configuration. */
async function openCalls(
  db: Queryable,
  { config }: FrameRow,
  versions: readonly OpenVersionRow[],
  before: LiveState | null,
): Promise<Map<string, OpenCall>> {
  const known = before?.config === config ? before.calls : null;
  const moved = versions.filter((version) => !isSame(known?.get(version.id)?.version, version));
  const rows =
    moved.length === 0
      ? []
      : await listOpenCalls(
          db,
          moved.map(({ id }) => id),
        );
  const read = new Map(rows.map((row) => [row.id, presentLiveCall(row)]));
  const calls = versions.flatMap((version): OpenCall[] => {
    const call = read.get(version.id) ?? before?.calls.get(version.id)?.call;
    return call === undefined ? [] : [{ version, call }];
  });
  return new Map(calls.sort(byArrival).map((each) => [each.call.id, each]));
}

function byArrival({ call: a }: OpenCall, { call: b }: OpenCall): number {
  if (a.receivedAt !== b.receivedAt) return a.receivedAt < b.receivedAt ? -1 : 1;
  return a.id < b.id ? -1 : 1;
}

function isSame(before: OpenVersionRow | undefined, now: OpenVersionRow): boolean {
  return (
    before !== undefined &&
    before.written_in === now.written_in &&
    before.step_in === now.step_in &&
    before.step_no === now.step_no
  );
}

async function endedCalls(
  db: Queryable,
  versions: readonly OpenVersionRow[],
  before: LiveState,
): Promise<LiveEndedCall[]> {
  const open = new Set(versions.map(({ id }) => id));
  const rows = await listEndedCalls(db, {
    since: before.snapshot,
    upTo: null,
    campaignId: null,
    buyerId: null,
    ids: [...before.calls.keys()].filter((id) => !open.has(id)),
    limit: ALL,
  });
  return rows.map(presentEndedCall);
}

/** Campaigns of calls that began, moved or ended; of one that left its campaign, both. */
function campaignsThatMoved(
  calls: ReadonlyMap<string, OpenCall>,
  ended: readonly LiveEndedCall[],
  before: LiveState | null,
): string[] {
  const moved = [...calls.values()].flatMap(({ call }) => {
    const known = before?.calls.get(call.id)?.call;
    return known === call ? [] : [known, call];
  });
  const left = ended.flatMap((call) => [before?.calls.get(call.id)?.call, call]);
  return [...moved, ...left].flatMap((call) => call?.campaignId ?? []);
}

/** Today's counters: read anew of campaigns in which something happened, and of those whose day is over. */
async function daysOf(
  db: Queryable,
  { clock, config }: FrameRow,
  before: LiveState | null,
  moved: ReadonlySet<string>,
): Promise<ReadonlyMap<string, DayCounters>> {
  if (before === null || before.config !== config) {
    const all = presentCounters(await listTodaysCounters(db, null, clock));
    return new Map(all.map((day) => [day.campaignId, day]));
  }
  const over = [...before.days.values()].filter(({ until }) => Date.parse(until) <= Date.parse(clock));
  const anew = new Set([...moved, ...over.map(({ campaignId }) => campaignId)]);
  if (anew.size === 0) return before.days;
  const read = presentCounters(await listTodaysCounters(db, [...anew], clock));
  const kept = [...before.days.values()].filter(({ campaignId }) => !anew.has(campaignId));
  return new Map(
    [...kept, ...read]
      .sort((a, b) => (a.campaignId < b.campaignId ? -1 : 1))
      .map((day) => [day.campaignId, day]),
  );
}

function countersOf(
  days: ReadonlyMap<string, DayCounters>,
  calls: ReadonlyMap<string, OpenCall>,
): ReadonlyMap<string, LiveCounters> {
  const byCampaign = new Map<string, LiveCall[]>();
  for (const { call } of calls.values()) {
    if (call.campaignId === null) continue;
    const own = byCampaign.get(call.campaignId);
    if (own === undefined) byCampaign.set(call.campaignId, [call]);
    else own.push(call);
  }
  return new Map([...days].map(([id, day]) => [id, withCallsInProgress(day, byCampaign.get(id) ?? [])]));
}
