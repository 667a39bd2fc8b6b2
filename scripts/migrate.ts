import { migrate } from '../db/migrate';
import { ConfigError, loadConfig, required } from '../runtime/config';

/** `npm run migrate`: brings the database of DATABASE_URL to the newest schema. */
async function main(): Promise<void> {
  const { databaseUrl } = loadConfig(process.env);
  const applied = await migrate(required(databaseUrl, 'DATABASE_URL'));
  console.log(applied.length === 0 ? 'The schema is up to date' : `Applied ${applied.join(', ')}`);
}

main().catch((error: unknown) => {
  console.error(error instanceof ConfigError ? error.message : error);
  process.exitCode = 1;
});
