import { migrate } from '../../db/migrate';
import { ensureWorkflowBundle } from '../../workers/bundle';
import { createEmptyDatabase } from './database';
import { keepTemplate } from './run-state';
import { startTestServers } from './servers';

/**
 * Sets up what the system tests share: the servers, a migrated template database that each test file copies, and the
 * workflow bundle. Tests find them by environment variables, which jest hands on to its workers.
 */
export default async function globalSetup(): Promise<void> {
  const began = Date.now();
  const [servers, bundle] = await Promise.all([startTestServers(), ensureWorkflowBundle()]);
  const template = await createEmptyDatabase(servers.databaseUrl);
  keepTemplate(template);
  await migrate(template.url);
  process.env.CALLYARD_TEST_DATABASE_URL = template.url;
  process.env.CALLYARD_TEST_TEMPORAL_ADDRESS = servers.temporalAddress;
  process.env.CALLYARD_TEST_BUNDLE = bundle;
  process.stderr.write(`Test environment ready in ${((Date.now() - began) / 1000).toFixed(1)} s\n`);
}
