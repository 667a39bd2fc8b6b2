import type { Pool } from 'pg';
import type { BuyerPrice } from '../../domain/campaign/price';
import type { DialSettings } from '../../domain/campaign/dialing';
import type { DuplicateRule } from '../../domain/campaign/duplicates';
import type { Condition } from '../../domain/condition';
import type { Hours } from '../../domain/hours';
import type { E164 } from '../../domain/ids';
import type { Flow } from '../../domain/ivr/flow';
import type { MicrosText } from '../../domain/money';
import type { RoutingPlan, RoutingRule } from '../../domain/routing/plan';
import type { Treatment } from '../../domain/treatment';

/*
 * Campaigns for tests, put straight into the tables: what a test is about stands in it, everything else has a value
 * that lets calls through. Buyers are named by a letter: buyer `a` has the id `buy_<campaign>_a`.
 */

export interface TestBuyer {
  readonly name: string;
  readonly priority?: number;
  readonly weight?: number;
  /** Micros; default 10 units. `null`: no bid unless a rate matches. */
  readonly bid?: string | null;
  readonly rates?: BuyerPrice['rates'];
  readonly conversionEstimate?: number;
  readonly hours?: Hours | null;
  readonly buyerHours?: Hours | null;
  readonly filter?: Condition | null;
  readonly dialing?: Partial<DialSettings>;
  readonly maximum?: number;
}

export interface TestCampaign {
  readonly key: string;
  readonly number: string;
  readonly buyers: readonly TestBuyer[];
  readonly rules?: readonly (Partial<RoutingRule> & Pick<RoutingRule, 'name' | 'strategy'>)[];
  readonly plan?: Partial<RoutingPlan>;
  readonly flow?: Flow | null;
  readonly duplicates?: DuplicateRule | null;
  readonly spamWindowSeconds?: number;
  readonly minimumAttestation?: 'A' | 'B' | 'C' | null;
  readonly tags?: Readonly<Record<string, string>>;
  readonly channel?: string;
  readonly payout?: string;
  readonly holidays?: readonly { readonly date: string; readonly name: string }[];
  readonly timeZone?: string;
}

const say = (text: string) => ({ text, language: 'en-US' });
export const NOBODY: Treatment = { kind: 'message', prompt: say('Nobody can take your call.') };

/** The telephone of a buyer: unique over all campaigns of a test. */
export function telephone(campaign: TestCampaign, buyer: string): E164 {
  const index = campaign.buyers.findIndex(({ name }) => name === buyer);
  return `${campaign.number.slice(0, -3)}${String(500 + index).padStart(3, '0')}` as E164;
}

export async function insertCampaign(db: Pool, campaign: TestCampaign): Promise<void> {
  const run = (text: string, values: unknown[]): Promise<unknown> => db.query(text, values);
  const { key } = campaign;
  const id = `cmp_${key}`;
  await run(
    `INSERT INTO campaigns (id, name, vertical, time_zone, currency, status, treatments, anonymous_callers,
                            max_call_seconds, report_answer, record_calls, duplicates, spam_window_seconds,
                            minimum_attestation, holidays)
     VALUES ($1, $1, 'test', $2, 'USD', 'draft', $3, 'allow', 3600, false, false, $4, $5, $6, $7)`,
    [
      id,
      campaign.timeZone ?? 'America/New_York',
      JSON.stringify({
        paused: { kind: 'message', prompt: say('Paused.') },
        blocked: { kind: 'reject', reason: 'rejected' },
        afterHours: { kind: 'message', prompt: say('Closed.') },
      }),
      campaign.duplicates ? JSON.stringify(campaign.duplicates) : null,
      campaign.spamWindowSeconds ?? 0,
      campaign.minimumAttestation ?? null,
      JSON.stringify(campaign.holidays ?? []),
    ],
  );
  for (const buyer of campaign.buyers) await insertBuyer(db, campaign, buyer);
  const plan: RoutingPlan = {
    maxAttempts: 3,
    recoverUnderSeconds: null,
    fallback: NOBODY,
    ...campaign.plan,
    rules: (campaign.rules ?? [{ name: 'everyone', strategy: { kind: 'waterfall' } }]).map((rule) => ({
      when: null,
      candidates: null,
      fallback: null,
      ...rule,
    })),
  };
  await run('INSERT INTO routing_plans (campaign_id, version, definition) VALUES ($1, 1, $2)', [
    id,
    JSON.stringify(plan),
  ]);
  const flow = campaign.flow ?? null;
  if (flow !== null) {
    await run('INSERT INTO ivr_flows (campaign_id, version, definition) VALUES ($1, 1, $2)', [
      id,
      JSON.stringify(flow),
    ]);
  }
  await run(`UPDATE campaigns SET status = 'active', plan_version = 1, flow_version = $2 WHERE id = $1`, [
    id,
    flow === null ? null : 1,
  ]);
  if (campaign.payout !== undefined) {
    await run('INSERT INTO publishers (id, name, payout) VALUES ($1, $1, $2)', [
      `pub_${key}`,
      JSON.stringify({ amountMicros: campaign.payout, due: { on: 'connection' } }),
    ]);
  }
  await run(
    'INSERT INTO numbers (e164, campaign_id, publisher_id, channel, tags) VALUES ($1, $2, $3, $4, $5)',
    [
      campaign.number,
      id,
      campaign.payout === undefined ? null : `pub_${key}`,
      campaign.channel ?? 'print',
      JSON.stringify(campaign.tags ?? {}),
    ],
  );
}

async function insertBuyer(db: Pool, campaign: TestCampaign, buyer: TestBuyer): Promise<void> {
  const { key } = campaign;
  const hours = (value: Hours | null | undefined): string | null => (value ? JSON.stringify(value) : null);
  await db.query('INSERT INTO buyers (id, name, time_zone, hours) VALUES ($1, $2, $3, $4)', [
    `buy_${key}_${buyer.name}`,
    buyer.name,
    'America/New_York',
    hours(buyer.buyerHours),
  ]);
  const price: BuyerPrice = {
    amountMicros: (buyer.bid === undefined ? '10000000' : buyer.bid) as MicrosText | null,
    rates: buyer.rates ?? [],
    due: { on: 'connection' },
  };
  const dialing = {
    destinations: [{ kind: 'tel', number: telephone(campaign, buyer.name) }],
    ringTimeoutSeconds: 20,
    ...buyer.dialing,
  };
  const assignment = `asg_${key}_${buyer.name}`;
  await db.query(
    `INSERT INTO assignments (id, campaign_id, buyer_id, dialing, priority, weight, price, hours, filter,
                              conversion_estimate)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
    [
      assignment,
      `cmp_${key}`,
      `buy_${key}_${buyer.name}`,
      JSON.stringify(dialing),
      buyer.priority ?? 1,
      buyer.weight ?? 1,
      JSON.stringify(price),
      hours(buyer.hours),
      buyer.filter ? JSON.stringify(buyer.filter) : null,
      buyer.conversionEstimate ?? 1,
    ],
  );
  await db.query(
    `INSERT INTO limits (id, scope_kind, scope_id, "window", counts, maximum, time_zone)
     VALUES ($1, 'assignment', $2, 'concurrency', 'attempt', $3, 'America/New_York')`,
    [`lim_${assignment}`, assignment, buyer.maximum ?? 1000],
  );
}
