import type { Pool } from 'pg';
import { z } from 'zod';
import { recordEvent } from '../../db/queries/events/record';
import { findMigration } from '../../db/queries/migrations';
import { migrationEvent } from '../../domain/events/types';
import { campaignsOf } from '../../domain/migration/plan';
import type { MigrationActivities } from './index';

/** Posts JSON to a URL. @throws when it is not taken */
export type Announce = (url: string, body: object) => Promise<void>;

const settingsSchema = z.object({ notifyUrl: z.string().nullish() });

/**
 * Records the event for endpoints that want it, then posts to the migration's own `notifyUrl`. The `id` of both is the
 * same however often this is done.
 */
export function createNotify(db: Pool, announce: Announce): MigrationActivities['notify'] {
  return async (state, notice, message) => {
    const row = await findMigration(db, state.id);
    const id = `${state.id}/${state.history.length}/${notice}`;
    const type = migrationEvent(notice);
    const at = state.history.at(-1)?.at ?? null;
    const name = row?.name;
    const { shareBasisPoints, judgements } = state;
    await recordEvent(db, {
      type,
      // The history is cut off at some length: its last instant tells two notices of a kind apart.
      key: `${type}:${id}/${at}`,
      campaignId: campaignsOf(state.kind)[0] ?? null,
      at: at ?? new Date().toISOString(),
      data: { migration: { id: state.id, name: name ?? state.id, message, shareBasisPoints, judgements } },
    });
    const url = row === null ? null : settingsSchema.parse(row.settings).notifyUrl;
    if (url === null || url === undefined) return;
    await announce(url, { id, type, migrationId: state.id, name, message, shareBasisPoints, judgements, at });
  };
}
