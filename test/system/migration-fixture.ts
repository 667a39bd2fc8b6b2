import { randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import { insertMigration, claimTraffic } from '../../db/queries/migrations';
import { assignmentsOf } from '../../activities/migration/evaluate';
import type { MigrationId } from '../../domain/ids';
import type { OperationType } from '../../domain/migration/events';
import {
  campaignsOf,
  DEFAULT_PLAN,
  type MigrationKind,
  type MigrationPlan,
} from '../../domain/migration/plan';
import { newMigration, type MigrationState } from '../../domain/migration/state';
import type { MigrationStatus } from '../../domain/migration/status';
import { migrationWorkflowId } from '../../workflows/ids';
import { maintenanceTaskQueue } from '../../workflows/maintenance/messages';
import { MIGRATION_WORKFLOW, migrationStatus, OPERATION_UPDATES } from '../../workflows/migration/messages';
import type { SystemUnderTest } from './system';

/** Steps that need next to no time, and a look every second. */
export const QUICK: MigrationPlan = {
  ...DEFAULT_PLAN,
  steps: [1_000, 5_000, 10_000].map((shareBasisPoints) => ({
    shareBasisPoints,
    minimumSeconds: 1,
    minimumCalls: 20,
    approval: false,
  })),
  guardrails: [{ metric: 'answer_rate', rule: { kind: 'relative_drop', drop: 0.1 } }],
  evaluationSeconds: 1,
};

export interface RunningMigration {
  readonly id: MigrationId;
  operate(
    type: OperationType,
    options?: { id?: string; share?: number; reason?: string },
  ): Promise<MigrationStatus>;
  status(): Promise<MigrationStatus>;
  /** Settles with the result of the workflow. */
  ended(): Promise<{ outcome: string }>;
}

/** Puts a migration on record and starts its workflow, as the API does. */
export async function startMigration(
  system: SystemUnderTest,
  name: string,
  kind: MigrationKind,
  plan: MigrationPlan = QUICK,
): Promise<RunningMigration> {
  const id = `mig_${name}` as MigrationId;
  const state = newMigration(id, kind, plan);
  await putOnRecord(system.db, state);
  const handle = await system.temporal.workflow.start(MIGRATION_WORKFLOW, {
    workflowId: migrationWorkflowId(id),
    taskQueue: maintenanceTaskQueue(system.taskQueue),
    args: [{ state }],
  });
  return {
    id,
    operate: (type, { id: operation = randomUUID(), share, reason = null } = {}) =>
      handle.executeUpdate(OPERATION_UPDATES[type], {
        updateId: operation,
        args: [
          {
            id: operation,
            by: 'tester',
            reason,
            ...(share === undefined ? {} : { shareBasisPoints: share }),
          },
        ],
      }),
    status: () => handle.query(migrationStatus),
    ended: () => handle.result() as Promise<{ outcome: string }>,
  };
}

export async function putOnRecord(db: Pool, state: MigrationState, settings: object = {}): Promise<void> {
  const { id, kind } = state;
  await insertMigration(db, {
    id,
    name: id,
    kind: kind.kind,
    campaignId: campaignsOf(kind)[0] ?? '',
    ...assignmentsOf(kind),
    controlVersion: kind.kind === 'plan' ? kind.controlVersion : null,
    challengerVersion: kind.kind === 'plan' ? kind.challengerVersion : null,
    challengerCampaignId: kind.kind === 'campaign' ? kind.challengerCampaignId : null,
    settings,
    status: state.phase.name,
    state,
  });
  await claimTraffic(db, id, campaignsOf(kind));
}

/** Ended calls of one side in the comparison that runs: `answered` of `calls` were taken by a buyer. */
export async function addCalls(
  db: Pool,
  migrationId: MigrationId,
  side: 'control' | 'challenger',
  calls: number,
  answered: number,
): Promise<void> {
  const prefix = `${migrationId}_${randomUUID()}`;
  await db.query(
    `INSERT INTO calls (id, carrier, account_sid, sid, workflow_id, campaign_id, dialed, state, outcome, buyer_id,
                        received_at, ended_at, connected_at, talk_seconds, converted, revenue_micros, currency,
                        migration_id, migration_side, migration_comparison)
     SELECT $1 || i, 'twilio', 'AC1', $1 || i, 'w', m.campaign_id, '+14155550100', 'ended',
            CASE WHEN i <= $4 THEN 'connected' ELSE 'exhausted' END, CASE WHEN i <= $4 THEN a.buyer_id END,
            now(), now(), CASE WHEN i <= $4 THEN now() END, CASE WHEN i <= $4 THEN 60 END, i <= $4,
            CASE WHEN i <= $4 THEN 10000000 ELSE 0 END, 'USD', m.id, $2, m.comparison
       FROM migrations m
       JOIN LATERAL (SELECT * FROM assignments
                      WHERE id = coalesce(CASE $2 WHEN 'control' THEN m.control_assignment_id
                                                  ELSE m.challenger_assignment_id END, id)
                        AND campaign_id = m.campaign_id LIMIT 1) a ON true
      CROSS JOIN generate_series(1, $3::integer) i
      WHERE m.id = $5`,
    [prefix, side, calls, answered, migrationId],
  );
  await db.query(
    `INSERT INTO attempts (id, call_id, no, assignment_id, buyer_id, destinations, ring_timeout_seconds, terms, state,
                           dialed_at, ended_at)
     SELECT c.id || '/1', c.id, 1, a.id, a.buyer_id, '[]', 20, '{}',
            CASE c.outcome WHEN 'connected' THEN 'completed' ELSE 'no_answer' END, now(), now()
       FROM calls c
       JOIN migrations m ON m.id = c.migration_id
       JOIN LATERAL (SELECT * FROM assignments
                      WHERE id = coalesce(CASE c.migration_side WHEN 'control' THEN m.control_assignment_id
                                                                ELSE m.challenger_assignment_id END, id)
                        AND campaign_id = m.campaign_id LIMIT 1) a ON true
      WHERE c.id LIKE $1 || '%'`,
    [prefix],
  );
}
