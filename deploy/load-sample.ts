import { loadSampleCampaign } from '../db/sample/load';
import { ConfigError, loadConfig, required } from '../runtime/config';

/** Loads the sample campaigns into the database of DATABASE_URL, unless they are there. `npm start` does so by itself. */
async function main(): Promise<void> {
  const { databaseUrl } = loadConfig(process.env);
  const loaded = await loadSampleCampaign(required(databaseUrl, 'DATABASE_URL'));
  console.log(loaded ? 'Sample campaigns loaded' : 'The sample campaigns are there already');
}

main().catch((error: unknown) => {
  console.error(error instanceof ConfigError ? error.message : error);
  process.exitCode = 1;
});
