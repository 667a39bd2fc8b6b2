import { randomBytes } from 'node:crypto';
import { Client } from 'pg';
import { findCounterDifferences } from '../../db/queries/limits/verify';
import { gatherChanges, rollUpHours } from '../../db/queries/reports/roll-up';
import { verifyReports } from '../../db/queries/reports/verify';

export interface TestDatabase {
  readonly url: string;
  /**
   * Deletes the database, cutting the connections that are still open.
   * @throws when a counter of its limits is not what its reservations say, or a rolled up figure not what its calls and
   * ledger say
   */
  drop(): Promise<void>;
}

/**
 * Makes a database for one test file: a copy of the migrated template, so that it is ready in a fraction of a second
 * and no file sees another one's rows.
 *
 * @throws when the test environment is not running: only tests of the project `system` have one.
 */
export function createTestDatabase(): Promise<TestDatabase> {
  const template = process.env.CALLYARD_TEST_DATABASE_URL;
  if (!template) {
    throw new Error(
      'CALLYARD_TEST_DATABASE_URL is not set: tests that need a database belong in test/system.',
    );
  }
  return copyDatabase(template, nameOf(template));
}

/** Makes an empty database beside the given one. */
export function createEmptyDatabase(serverUrl: string): Promise<TestDatabase> {
  return copyDatabase(serverUrl, 'template0');
}

async function copyDatabase(serverUrl: string, template: string): Promise<TestDatabase> {
  const name = `callyard_test_${randomBytes(6).toString('hex')}`;
  await administer(serverUrl, `CREATE DATABASE "${name}" TEMPLATE "${template}"`);
  return {
    url: withDatabase(serverUrl, name),
    async drop() {
      try {
        await requireExactFigures(withDatabase(serverUrl, name));
      } finally {
        await administer(serverUrl, `DROP DATABASE IF EXISTS "${name}" WITH (FORCE)`);
      }
    },
  };
}

/**
 * Whatever a test did, every counter of its limits is what its reservations say, and what reports read is what calls and
 * ledger say, before and after everything is rolled up.
 * @throws when one is not, with what differs
 */
async function requireExactFigures(url: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<{ there: boolean }>(
      `SELECT to_regproc('limit_recount') IS NOT NULL AS there`,
    );
    if (rows[0]?.there !== true) return;
    const differences = await findCounterDifferences(client);
    if (differences.length > 0)
      throw new Error(`Counters differ from the reservations: ${JSON.stringify(differences)}`);
    await requireExactReports(client);
  } finally {
    await client.end();
  }
}

async function requireExactReports(client: Client): Promise<void> {
  const { rows } = await client.query<{ there: boolean }>(
    `SELECT to_regproc('report_hour') IS NOT NULL AS there`,
  );
  if (rows[0]?.there !== true) return;
  for (const rollUp of [false, true]) {
    if (rollUp) {
      await gatherChanges(client);
      while ((await rollUpHours(client, 1_000, '9999-01-01T00:00:00Z')) === 1_000);
    }
    const { differences } = await verifyReports(client, '2000-01-01T00:00:00Z', '2200-01-01T00:00:00Z');
    if (differences.length > 0)
      throw new Error(`What was rolled up differs: ${JSON.stringify(differences.slice(0, 5))}`);
  }
}

/** Runs one statement from the database `postgres`: a template must have no connections while it is copied. */
async function administer(serverUrl: string, statement: string): Promise<void> {
  const client = new Client({ connectionString: withDatabase(serverUrl, 'postgres') });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}

function nameOf(url: string): string {
  return decodeURIComponent(new URL(url).pathname.slice(1));
}

function withDatabase(url: string, name: string): string {
  const changed = new URL(url);
  changed.pathname = `/${name}`;
  return changed.href;
}
