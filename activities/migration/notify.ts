import type { Pool } from 'pg';
import { z } from 'zod';
import { findMigration } from '../../db/queries/migrations';
import type { MigrationActivities } from './index';

/** Posts JSON to a URL. @throws when it is not taken */
export type Announce = (url: string, body: object) => Promise<void>;

const settingsSchema = z.object({ notifyUrl: z.string().nullish() });

/** What is posted to a migration's `notifyUrl`. `id` is the same however often it is sent. */
export function createNotify(db: Pool, announce: Announce): MigrationActivities['notify'] {
  return async (state, notice, message) => {
    const row = await findMigration(db, state.id);
    const url = row === null ? null : settingsSchema.parse(row.settings).notifyUrl;
    if (url === null || url === undefined) return;
    await announce(url, {
      id: `${state.id}/${state.history.length}/${notice}`,
      type: `migration.${notice}`,
      migrationId: state.id,
      name: row?.name,
      message,
      shareBasisPoints: state.shareBasisPoints,
      judgements: state.judgements,
      at: state.history.at(-1)?.at ?? null,
    });
  };
}
