import type { Queryable } from '../../pool';

/** Milliseconds to wait for each connection to be gone. */
const PATIENCE_MS = 500;

/** Ends connections to this database by the name they go by, whatever statement is under way on them. */
export async function endConnections(db: Queryable, applicationName: string): Promise<void> {
  await db.query({
    name: 'end_connections',
    text: `
      SELECT pg_terminate_backend(pid, $2::integer) FROM pg_stat_activity
       WHERE application_name = $1::text AND datname = current_database() AND pid <> pg_backend_pid()`,
    values: [applicationName, PATIENCE_MS],
  });
}
