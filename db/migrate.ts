import path from 'node:path';

/** The folder of numbered migrations. */
const MIGRATIONS = path.join(__dirname, 'migrations');

/**
 * Brings a database to the newest schema. Processes that do so at the same time wait for each other.
 * @returns the names of the migrations that were applied.
 */
export async function migrate(databaseUrl: string): Promise<string[]> {
  // An ES module: only a dynamic import reaches it from CommonJS.
  const { runner } = await import('node-pg-migrate');
  const applied = await runner({
    databaseUrl,
    dir: MIGRATIONS,
    direction: 'up',
    migrationsTable: 'schema_migrations',
    log: () => undefined,
    // Another process may be migrating: that is for waiting, not for failing.
    advisoryLockMode: 'wait',
  });
  return applied.map(({ name }) => name);
}
