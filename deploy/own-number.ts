import { Client } from 'pg';
import { e164Schema } from '../contract/prompt';
import { SAMPLE_BUYERS, SAMPLE_CAMPAIGNS } from '../db/sample/campaign';
import { ConfigError, loadConfig, required } from '../runtime/config';
import { findRunningSystem } from '../scripts/start/run-record';

/*
 * For trying Callyard with real telephones: gives a number of yours to the sample campaign, and lets its first buyer
 * be a telephone of yours.
 *   node scripts/run.mjs deploy/own-number.ts <your tracked number> <telephone that rings>
 * The database is the one of DATABASE_URL, else of the system started here. May be repeated.
 */

async function main(): Promise<void> {
  const [tracked, telephone] = process.argv.slice(2);
  if (tracked === undefined || telephone === undefined) {
    throw new ConfigError(
      'Usage: own-number <your tracked number> <telephone that rings>, both like +14155550100',
    );
  }
  const [campaign] = SAMPLE_CAMPAIGNS;
  const [buyer] = SAMPLE_BUYERS;
  if (campaign === undefined || buyer === undefined) throw new Error('There is no sample campaign');
  const number = e164(tracked);
  const destination = { kind: 'tel', number: e164(telephone) };
  const client = new Client({ connectionString: await databaseUrl() });
  await client.connect();
  try {
    const { rowCount } = await client.query(
      `WITH mine AS (
         INSERT INTO numbers (e164, campaign_id, channel) VALUES ($1, $2, 'print')
             ON CONFLICT (e164) DO UPDATE SET campaign_id = excluded.campaign_id
       )
       UPDATE assignments SET dialing = jsonb_set(dialing, '{destinations}', jsonb_build_array($4::jsonb)) WHERE campaign_id = $2 AND buyer_id = $3`,
      [number, campaign.id, buyer.id, JSON.stringify(destination)],
    );
    if (rowCount !== 1) throw new ConfigError(`There is no assignment of ${buyer.name} in ${campaign.name}`);
  } finally {
    await client.end();
  }
  console.log(`${number} now reaches "${campaign.name}"; its first buyer, ${buyer.name}, is at ${telephone}`);
}

function e164(text: string): string {
  const parsed = e164Schema.safeParse(text);
  if (!parsed.success)
    throw new ConfigError(`"${text}" ${parsed.error.issues[0]?.message ?? 'is not valid'}`);
  return parsed.data;
}

async function databaseUrl(): Promise<string> {
  const given = loadConfig(process.env).databaseUrl;
  return given ?? required((await findRunningSystem(process.env))?.databaseUrl ?? null, 'DATABASE_URL');
}

main().catch((error: unknown) => {
  console.error(error instanceof ConfigError ? error.message : error);
  process.exitCode = 1;
});
