import { z } from 'zod';
import { pageSchema } from '../../contract/page';
import {
  createdMigrationSchema,
  MIGRATION_ACTIONS,
  migrationHeadSchema,
  migrationIdSchema,
  migrationListQuerySchema,
  migrationOperationSchema,
  migrationSchema,
  migrationShareSchema,
  newMigrationSchema,
  type Migration,
  type MigrationAction,
} from '../../contract/resources/migration';
import { findMigration, listMigrations, type MigrationRow } from '../../db/queries/migrations';
import type { Queryable } from '../../db/pool';
import type { MigrationOperation } from '../../domain/migration/events';
import { canDo } from '../../domain/migration/operations';
import { isOver } from '../../domain/migration/state';
import { byCreation, createdPlaceOf } from '../http/cursor';
import { found } from '../http/edit';
import { readRoute, writeRoute, type Route } from '../http/route';
import { Problem } from '../problems';
import { createMigration } from './create';
import type { MigrationGateway } from './gateway';
import {
  dividedCampaign,
  inWordsOfTheApi,
  OPERATION_OF,
  presentHead,
  presentMigration,
  stateOf,
  toBasisPoints,
} from './present';

const params = z.strictObject({ id: migrationIdSchema });
const TAG = 'Migrations' as const;

const SUMMARIES: Readonly<Record<MigrationAction, string>> = {
  start: 'Sends the first share of the callers to the challenger',
  pause: 'Keeps the share as it is; guardrails are watched all the same',
  resume: 'Goes on after a pause, or after a hold with figures counted anew',
  advance: 'Goes to the next step now, whatever is still missing; from the last one on, completes',
  share: 'Sets the share, with figures counted anew; the steps go on above it',
  approve: 'Lets the next step begin',
  'roll-back': 'Gives all calls to control: the challenger was found wanting',
  abort: 'Gives all calls to control: the migration is not wanted any more',
};

export const migrationRoutes: readonly Route[] = [
  writeRoute({
    method: 'post',
    path: '/migrations',
    operationId: 'createMigration',
    summary: 'Plan a gradual shift from a control to a challenger',
    description:
      'No caller is moved before it is started, but no other migration can have the traffic from now on.',
    tag: TAG,
    body: newMigrationSchema,
    example: {
      name: 'Dallas to Austin',
      kind: {
        kind: 'buyer',
        campaignId: 'cmp_roofing',
        controlAssignmentId: 'asg_dallas',
        challengerAssignmentId: 'asg_austin',
      },
    },
    responses: { 201: { description: 'The migration, not begun.', body: createdMigrationSchema } },
    problems: ['conflict', 'unprocessable'],
    async handle({ db, body }) {
      const { warnings, ...migration } = await createMigration(db, body);
      return {
        status: 201,
        body: { ...migration, warnings },
        location: `/migrations/${migration.id}`,
        audit: [
          {
            action: 'create',
            entity: 'migration',
            entityId: migration.id,
            campaignId: dividedCampaign(migration.kind),
            before: null,
            after: migration,
          },
        ],
      };
    },
  }),
  readRoute({
    method: 'get',
    path: '/migrations',
    operationId: 'listMigrations',
    summary: 'Migrations, newest first',
    description: 'As they stood at the last change of their share or status.',
    tag: TAG,
    query: migrationListQuerySchema,
    responses: { 200: { description: 'A page of migrations.', body: pageSchema(migrationHeadSchema) } },
    async handle({ db, query: { campaignId, status, cursor, limit } }) {
      const rows = await listMigrations(db, {
        campaignId: campaignId ?? null,
        status: status ?? null,
        after: byCreation.read(cursor),
        limit: limit + 1,
      });
      return { status: 200, body: byCreation.page(rows, limit, createdPlaceOf, (row) => presentHead(row)) };
    },
  }),
  readRoute({
    method: 'get',
    path: '/migrations/{id}',
    operationId: 'getMigration',
    summary: 'A migration: its share, both sides, and what comes next',
    tag: TAG,
    params,
    responses: { 200: { description: 'The migration.', body: migrationSchema } },
    async handle({ db, migrations, params: { id } }) {
      const row = found(await findMigration(db, id), `migration ${id}`);
      return { status: 200, body: await shown(row, migrations) };
    },
  }),
  ...MIGRATION_ACTIONS.map((action) => (action === 'share' ? shareRoute() : operationRoute(action))),
];

/** With the figures of the last look, which are on record only where something came of them. */
async function shown(row: MigrationRow, migrations: MigrationGateway): Promise<Migration> {
  const state = stateOf(row);
  const looks = state.phase.name !== 'scheduled' && !isOver(state);
  return presentMigration(row, (looks ? await migrations.look(state) : null) ?? state);
}

function operationRoute(action: Exclude<MigrationAction, 'share'>): Route {
  return writeRoute({
    ...declarationOf(action),
    params,
    body: migrationOperationSchema,
    responses: { 200: { description: 'The migration as it is now.', body: migrationSchema } },
    async handle({ db, migrations, params: { id }, body: { reason = null }, actor, onceId }) {
      const operation = { type: OPERATION_OF[action], id: onceId, by: actor, reason };
      return { status: 200, body: await operate(db, migrations, id, operation), audit: [] };
    },
  });
}

function shareRoute(): Route {
  return writeRoute({
    ...declarationOf('share'),
    params,
    body: migrationShareSchema,
    example: { sharePercent: 12.5, reason: 'a quiet week' },
    responses: { 200: { description: 'The migration as it is now.', body: migrationSchema } },
    async handle({ db, migrations, params: { id }, body: { sharePercent, reason = null }, actor, onceId }) {
      const shareBasisPoints = toBasisPoints(sharePercent);
      const operation = { type: OPERATION_OF.share, id: onceId, by: actor, reason, shareBasisPoints };
      return { status: 200, body: await operate(db, migrations, id, operation), audit: [] };
    },
  });
}

function declarationOf(action: MigrationAction) {
  return {
    method: 'post' as const,
    path: `/migrations/{id}/${action}` as const,
    operationId: `${action.replace(/-(\w)/, (_, letter: string) => letter.toUpperCase())}Migration`,
    summary: SUMMARIES[action],
    tag: TAG,
    problems: ['conflict'] as const,
  };
}

/**
 * Has the workflow do it, which writes the audit trail too. Its row is read without a lock: the workflow needs it, and
 * decides by its own state, in turn.
 * @throws Problem `conflict` with what is possible instead, `unavailable`
 */
async function operate(
  db: Queryable,
  migrations: MigrationGateway,
  id: string,
  operation: MigrationOperation,
): Promise<Migration> {
  const read = async (): Promise<MigrationRow> => found(await findMigration(db, id), `migration ${id}`);
  const row = await read();
  const state = stateOf(row);
  // What has not begun or is over stands as it is on record. No workflow has to be asked, or begun for a refusal.
  if (state.phase.name === 'scheduled' || isOver(state)) refuse(canDo(state, operation));
  if (isOver(state)) return presentMigration(row);
  const { type, ...input } = operation;
  const operated = await migrations.operate(state, type, input);
  switch (operated.kind) {
    case 'done':
      return shown(await read(), migrations);
    case 'refused':
      throw new Problem('conflict', inWordsOfTheApi(operated.why));
    case 'over': {
      const ended = await read();
      refuse(canDo(stateOf(ended), operation) ?? 'The migration has come to its end meanwhile: look at it.');
      return presentMigration(ended);
    }
  }
}

function refuse(why: string | null): void {
  if (why !== null) throw new Problem('conflict', inWordsOfTheApi(why));
}
