import type { Pool } from 'pg';
import { insertAuditEntries } from '../../db/queries/audit';
import { lockCampaignsOf } from '../../db/queries/lockOrder';
import {
  lockMigration,
  releaseTraffic,
  writeMigration,
  type MigrationRow,
} from '../../db/queries/migrations';
import {
  pauseAssignment,
  switchAssignments,
  switchNumbers,
  switchPlan,
} from '../../db/queries/migrationSwitch';
import type { Queryable } from '../../db/pool';
import { retrying } from '../../db/retry';
import { transaction } from '../../db/transaction';
import { unreachable } from '../../domain/exhaustive';
import { campaignsOf, type MigrationKind } from '../../domain/migration/plan';
import { WHOLE_SHARE } from '../../domain/migration/split';
import { isOver, isWatched, type HistoryEntry, type MigrationState } from '../../domain/migration/state';
import { assignmentsOf } from './evaluate';
import type { MigrationActivities } from './index';

/** Who did what a migration does by itself, in the audit trail. */
const ITSELF = 'migration';

export function createWriteState(db: Pool): MigrationActivities['writeState'] {
  return (state) => inOneGo(db, state, (tx, row) => write(tx, row, state, {}));
}

/**
 * The switch and the end of the split are one transaction: a crash leaves either the share as it was or the challenger
 * with all. Run again, it finds itself done.
 */
export function createComplete(db: Pool): MigrationActivities['complete'] {
  return (state) =>
    inOneGo(db, state, async (tx, row) => {
      if (row.ended_at !== null) return { done: 'switched' };
      const refusal = await switchOver(tx, state.kind);
      if (refusal !== null) return { done: 'refused', reason: refusal };
      await write(tx, row, state, { share: WHOLE_SHARE, splits: false, ended: true });
      await releaseTraffic(tx, state.id);
      await auditSwitch(tx, state, 'switch');
      return { done: 'switched' };
    });
}

export function createRollBack(db: Pool): MigrationActivities['rollBack'] {
  return (state, to) =>
    inOneGo(db, state, async (tx, row) => {
      if (row.ended_at !== null) return;
      const { challengerAssignmentId } = assignmentsOf(state.kind);
      // Found wanting, it takes no calls until somebody says so. One that is not wanted any more is as it was found.
      if (challengerAssignmentId !== null && row.started_at !== null && to === 'rolled_back')
        if (await pauseAssignment(tx, challengerAssignmentId))
          await auditPause(tx, state, challengerAssignmentId);
      await write(tx, row, state, { share: 0, splits: false, ended: true });
      await releaseTraffic(tx, state.id);
      await auditSwitch(tx, state, to);
    });
}

/** Behind the locks that every edit of a campaign takes, in their order. */
function inOneGo<T>(
  db: Pool,
  { id, kind }: MigrationState,
  work: (tx: Queryable, row: MigrationRow) => Promise<T>,
): Promise<T> {
  return retrying(() =>
    transaction(db, async (tx) => {
      await lockCampaignsOf(tx, { campaigns: [...campaignsOf(kind)], buyers: [], numbers: [] });
      const row = await lockMigration(tx, id);
      if (row === null) throw new Error(`Migration ${id} is not on record`);
      return { value: await work(tx, row) };
    }),
  );
}

/** @returns why nothing was switched; `null`: it was */
async function switchOver(tx: Queryable, kind: MigrationKind): Promise<string | null> {
  switch (kind.kind) {
    case 'plan':
      return (await switchPlan(tx, kind.campaignId, kind.challengerVersion))
        ? null
        : `campaign ${kind.campaignId} is archived`;
    case 'buyer': {
      const { controlAssignmentId: control, challengerAssignmentId: challenger } = assignmentsOf(kind);
      const switched =
        control !== null && challenger !== null && (await switchAssignments(tx, control, challenger));
      return switched ? null : `assignment ${control ?? ''} or ${challenger ?? ''} is removed`;
    }
    case 'campaign':
      await switchNumbers(tx, kind.controlCampaignId, kind.challengerCampaignId);
      return null;
    default:
      return unreachable(kind);
  }
}

/** Writes what a state says, and everything of its history that the trail has not yet. */
async function write(
  tx: Queryable,
  row: MigrationRow,
  state: MigrationState,
  end: { readonly share?: number; readonly splits?: boolean; readonly ended?: boolean },
): Promise<void> {
  const over = row.ended_at !== null;
  await writeMigration(tx, {
    id: state.id,
    status: state.phase.name,
    state,
    // What has ended divides no callers any more, whatever a late repetition of an earlier step says.
    splits: over ? false : (end.splits ?? (isWatched(state) || state.phase.name === 'completing')),
    shareBasisPoints: end.share ?? state.shareBasisPoints,
    comparison: state.comparison?.no ?? 0,
    started: state.comparison !== null,
    ended: end.ended ?? isOver(state),
  });
  for (const entry of newEntries(row.state, state)) await auditEntry(tx, state, entry);
}

/** Lines of the history that stand behind the last one on record. */
function newEntries(stored: unknown, { history }: MigrationState): readonly HistoryEntry[] {
  const before = (stored as Partial<MigrationState> | null)?.history ?? [];
  const last = before.at(-1);
  if (last === undefined) return history;
  const at = history.findLastIndex((entry) => entry.at === last.at && entry.what === last.what);
  return history.slice(at + 1);
}

function auditEntry(tx: Queryable, state: MigrationState, entry: HistoryEntry): Promise<void> {
  return insertAuditEntries(tx, { actor: entry.by ?? ITSELF, requestId: state.id }, [
    {
      action: entry.what,
      entity: 'migration',
      entityId: state.id,
      campaignId: campaignsOf(state.kind)[0] ?? null,
      before: null,
      after: { ...entry },
    },
  ]);
}

/** Whoever looks at the buyer's place finds there why it is paused. */
function auditPause(tx: Queryable, state: MigrationState, assignmentId: string): Promise<void> {
  return insertAuditEntries(tx, { actor: ITSELF, requestId: state.id }, [
    {
      action: 'pause',
      entity: 'assignment',
      entityId: assignmentId,
      campaignId: campaignsOf(state.kind)[0] ?? null,
      before: { paused: false },
      after: { paused: true, because: `migration ${state.id} was rolled back` },
    },
  ]);
}

function auditSwitch(tx: Queryable, state: MigrationState, action: string): Promise<void> {
  return insertAuditEntries(tx, { actor: ITSELF, requestId: state.id }, [
    {
      action,
      entity: 'migration',
      entityId: state.id,
      campaignId: campaignsOf(state.kind)[0] ?? null,
      before: { shareBasisPoints: state.shareBasisPoints },
      after: { kind: state.kind },
    },
  ]);
}
