import type { Pool } from 'pg';
import type { SeededRandom } from '../../scripts/simulate/random';

/*
 * What the calls of this bench belong to, and what they are like: 20 campaigns of 10 numbers and 5 buyers each, 30
 * publishers, 6 channels, 300 area codes, three tags.
 */

export const CAMPAIGNS = 20;
const BUYERS = 5;
const NUMBERS = 10;
const PUBLISHERS = 30;
const CHANNELS = ['google_ads', 'facebook', 'landing_page', 'print', 'radio', 'other'];
const STATES = 50;
const AREA_CODES = 300;
const INTENTS = ['roof', 'gutter', 'window', 'solar', 'siding', 'other'];
const SOURCES = ['google', 'bing', 'newsletter', 'partner', 'direct', 'tv', 'radio', 'print'];
const ZIP_GROUPS = 20;
const OUTCOMES = {
  connected: 66,
  abandoned_ivr: 10,
  abandoned_ringing: 6,
  exhausted: 6,
  no_candidate: 5,
  after_hours: 4,
  blocked: 3,
} as const;

export type BenchOutcome = keyof typeof OUTCOMES;

/** One call of the bench. Amounts are micros. */
export interface BenchCall {
  readonly campaign: string;
  readonly buyer: string;
  readonly assignment: string;
  readonly publisher: string;
  readonly number: string;
  readonly channel: string;
  readonly geography: string;
  readonly tags: string;
  readonly planVersion: number;
  readonly outcome: BenchOutcome;
  readonly dialled: boolean;
  readonly converted: boolean;
  readonly duration: number;
  readonly talk: number;
  readonly revenue: number;
  readonly payout: number;
  readonly cost: number;
}

export function benchCall(random: SeededRandom): BenchCall {
  const whole = (most: number): number => Math.floor(random.next() * most);
  const campaign = whole(CAMPAIGNS);
  const buyer = whole(BUYERS);
  const area = whole(AREA_CODES);
  const outcome = random.weighted(OUTCOMES);
  const connected = outcome === 'connected';
  const talk = connected ? whole(600) : 0;
  const converted = talk > 90;
  return {
    campaign: `cmp_bench_${campaign}`,
    buyer: `buy_bench_${campaign}_${buyer}`,
    assignment: `asg_bench_${campaign}_${buyer}`,
    publisher: `pub_bench_${whole(PUBLISHERS)}`,
    number: `+1415555${1000 + campaign * NUMBERS + whole(NUMBERS)}`,
    channel: random.pick(CHANNELS),
    geography: `{"country": "US", "state": "S${area % STATES}", "areaCode": "${200 + area}"}`,
    tags: `{"intent": "${random.pick(INTENTS)}", "zip_group": "z${whole(ZIP_GROUPS)}", "utm_source": "${random.pick(SOURCES)}"}`,
    planVersion: 1 + whole(3),
    outcome,
    dialled: connected || outcome === 'abandoned_ringing' || outcome === 'exhausted',
    converted,
    duration: talk + 10 + whole(40),
    talk,
    revenue: converted ? 20_000_000 + 500_000 * buyer : 0,
    payout: converted ? 8_000_000 : 0,
    cost: 1_000 * (1 + Math.floor(talk / 60)),
  };
}

/** What calls refer to. */
export async function insertWorld(db: Pool): Promise<void> {
  const run = (text: string, values: unknown[]): Promise<unknown> => db.query({ name: '', text, values });
  await run(
    `INSERT INTO campaigns (id, name, vertical, time_zone, currency, status, treatments, anonymous_callers,
                            max_call_seconds, report_answer, record_calls)
     SELECT 'cmp_bench_' || i, 'Campaign ' || i, 'home services', 'America/New_York', 'USD', 'draft', '{}', 'allow', 3600,
            true, false FROM generate_series(0, $1::integer - 1) AS i`,
    [CAMPAIGNS],
  );
  await run(
    `INSERT INTO publishers (id, name)
     SELECT 'pub_bench_' || i, 'Publisher ' || i FROM generate_series(0, $1::integer - 1) AS i`,
    [PUBLISHERS],
  );
  await run(
    `WITH made AS (
       INSERT INTO buyers (id, name, time_zone)
       SELECT 'buy_bench_' || c || '_' || b, 'Buyer ' || c || b, 'UTC'
         FROM generate_series(0, $1::integer - 1) AS c, generate_series(0, $2::integer - 1) AS b
     )
     SELECT 1`,
    [CAMPAIGNS, BUYERS],
  );
  await run(
    `INSERT INTO assignments (id, campaign_id, buyer_id, priority, weight, price, dialing)
     SELECT 'asg_bench_' || c || '_' || b, 'cmp_bench_' || c, 'buy_bench_' || c || '_' || b, 1, 1, '{}', '{}'
       FROM generate_series(0, $1::integer - 1) AS c, generate_series(0, $2::integer - 1) AS b`,
    [CAMPAIGNS, BUYERS],
  );
  await run(
    `INSERT INTO numbers (e164, campaign_id, channel)
     SELECT '+1415555' || (1000 + n), 'cmp_bench_' || n / $2::integer, 'other'
       FROM generate_series(0, $1::integer * $2::integer - 1) AS n`,
    [CAMPAIGNS, NUMBERS],
  );
}
