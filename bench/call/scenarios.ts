import type { Pool } from 'pg';
import type { Outcome } from '../../domain/call/outcome';
import type { BuyerBehaviour, SimulatedCallOptions } from '../../telephony/simulator';

/** One way a call can go. */
export interface Scenario {
  readonly name: string;
  readonly outcome: Outcome;
  readonly call: Partial<SimulatedCallOptions> & Pick<SimulatedCallOptions, 'to'>;
}

/** Who calls where nothing depends on the caller. */
export const CALLER = '+14155550150';

const BLOCKED_CALLER = '+14155550151';
const DIRECT = '+14155550101';
const WITH_MENU = '+14155550100';
const PAUSED = '+14155550110';
const CLOSED = '+14155550111';
const NO_BUYER = '+14155550112';
const NOBODYS = '+14155550199';

const answers: BuyerBehaviour = { kind: 'answer', ringSeconds: 2, talkSeconds: 30 };
const busy: BuyerBehaviour = { kind: 'busy' };

/** The names that goals refer to. */
export const CONNECTED = 'connected, no IVR';
export const CONNECTED_WITH_MENU = 'connected, one menu';

/** Every outcome there is, and the two shapes of a connected call that the goals are about. */
export const SCENARIOS: readonly Scenario[] = [
  { name: CONNECTED, outcome: 'connected', call: { to: DIRECT, buyers: { default: answers } } },
  {
    name: CONNECTED_WITH_MENU,
    outcome: 'connected',
    call: { to: WITH_MENU, digits: ['1'], buyers: { default: answers } },
  },
  {
    name: 'busy, next connected',
    outcome: 'connected',
    call: { to: DIRECT, buyers: { default: answers, inDialOrder: [busy, answers] } },
  },
  { name: 'exhausted', outcome: 'exhausted', call: { to: DIRECT, buyers: { default: busy } } },
  { name: 'no_candidate', outcome: 'no_candidate', call: { to: NO_BUYER } },
  {
    name: 'abandoned_ringing',
    outcome: 'abandoned_ringing',
    call: {
      to: DIRECT,
      buyers: { default: { kind: 'no-answer' } },
      callerHangUp: { during: 'ringing', afterSeconds: 2 },
    },
  },
  {
    name: 'abandoned_ivr',
    outcome: 'abandoned_ivr',
    call: { to: WITH_MENU, callerHangUp: { during: 'ivr', afterSeconds: 2 } },
  },
  { name: 'blocked', outcome: 'blocked', call: { to: DIRECT, from: BLOCKED_CALLER } },
  { name: 'paused', outcome: 'paused', call: { to: PAUSED } },
  { name: 'after_hours', outcome: 'after_hours', call: { to: CLOSED } },
  { name: 'failed, unknown number', outcome: 'failed', call: { to: NOBODYS } },
];

/** Adds what the scenarios need beside the sample campaigns: three campaigns like the one without a menu. */
export async function insertScenarioRows(pool: Pool): Promise<void> {
  await insertCampaign(pool, { id: 'cmp_bench_paused', number: PAUSED, status: 'paused', hours: null });
  await insertCampaign(pool, { id: 'cmp_bench_no_buyer', number: NO_BUYER, status: 'active', hours: null });
  await insertCampaign(pool, {
    id: 'cmp_bench_closed',
    number: CLOSED,
    status: 'active',
    hours: { timeZone: 'America/Los_Angeles', openings: [] },
  });
  await pool.query(
    `INSERT INTO blocked_callers (id, kind, pattern, reason) VALUES ('blk_bench', 'number', $1, 'bench')`,
    [BLOCKED_CALLER],
  );
}

async function insertCampaign(
  pool: Pool,
  campaign: {
    readonly id: string;
    readonly number: string;
    readonly status: string;
    readonly hours: object | null;
  },
): Promise<void> {
  const { id, number, status, hours } = campaign;
  await pool.query(
    `INSERT INTO campaigns (id, name, vertical, time_zone, currency, status, hours, treatments, anonymous_callers,
                            max_call_seconds, report_answer, record_calls)
     SELECT $1, $1, vertical, time_zone, currency, 'draft', $2, treatments, anonymous_callers,
            max_call_seconds, report_answer, record_calls
       FROM campaigns WHERE id = 'cmp_sample_direct'`,
    [id, hours === null ? null : JSON.stringify(hours)],
  );
  await pool.query(
    `INSERT INTO routing_plans (campaign_id, version, definition)
     SELECT $1, 1, definition FROM routing_plans WHERE campaign_id = 'cmp_sample_direct' AND version = 1`,
    [id],
  );
  await pool.query('UPDATE campaigns SET status = $2, plan_version = 1 WHERE id = $1', [id, status]);
  await pool.query(`INSERT INTO numbers (e164, campaign_id, channel) VALUES ($1, $2, 'bench')`, [number, id]);
}
