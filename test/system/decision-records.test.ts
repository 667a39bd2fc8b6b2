import { z } from 'zod';
import { readRecordedCampaign, readRecordedFacts } from '../../activities/backtest/recorded';
import type { Call } from '../../contract/call';
import { planSchema } from '../../contract/plan';
import { loadRecordedCampaign } from '../../db/queries/decisionRecords';
import type { Rate } from '../../domain/campaign/price';
import type { Condition } from '../../domain/condition';
import type { CallId, CampaignId, E164 } from '../../domain/ids';
import type { FlowNode } from '../../domain/ivr/flow';
import type { MicrosText } from '../../domain/money';
import { decideRoute, NO_TURNS, routingSeed, type RouteDecision } from '../../domain/routing/decide';
import type { RoutingFacts } from '../../domain/routing/facts';
import type { DialableAssignment } from '../../domain/routing/snapshot';
import { insertCampaign, type TestCampaign } from './campaign-fixture';
import { placeCall } from './placing';
import { startSystem, type SystemUnderTest } from './system';

const say = (text: string) => ({ text, language: 'en-US' });
const never = { timeZone: 'America/New_York', openings: [], holidays: [] };
const pressed: Condition = {
  kind: 'tag',
  tag: 'answer',
  test: { is: 'one_of', values: ['yes'] },
};

const IN_CALIFORNIA: Rate = {
  when: { kind: 'geography', field: 'state', in: ['CA'] },
  amountMicros: '11000000' as MicrosText,
};

/** Everything that a choice may rest on, in one campaign. */
const PAST: TestCampaign = {
  key: 'past',
  number: '+14155559700',
  tags: { page: 'roofs' },
  channel: 'radio',
  payout: '3000000',
  duplicates: { definition: 'any_call', treatment: 'pay_once', days: 30 },
  rules: [{ name: 'by weight', strategy: { kind: 'weighted' } }],
  buyers: [
    { name: 'again', filter: { kind: 'not', condition: { kind: 'first_call' } }, weight: 3 },
    { name: 'b', weight: 1.5, bid: '7000000' },
    { name: 'c', weight: 2, bid: null, rates: [IN_CALIFORNIA] },
    { name: 'radio', filter: { kind: 'source', field: 'channel', in: ['radio'] } },
    { name: 'shut', hours: never },
    { name: 'texan', filter: { kind: 'geography', field: 'state', in: ['TX'] } },
  ],
};

/** What of a timeline's entry has to come out again. */
const routedSchema = z.object({
  order: z.array(z.string()),
  skipped: z.array(z.looseObject({ reason: z.string() })),
  chosen: z.string().nullable(),
  priceMicros: z.string().optional(),
  rules: z.array(z.string()),
  overflow: z.boolean().optional(),
});
type Routed = z.infer<typeof routedSchema>;

describe('what a choice of a buyer rested on', () => {
  let system: SystemUnderTest;
  beforeAll(async () => {
    system = await startSystem();
    await insertCampaign(system.db, PAST);
  });
  afterAll(() => system.stop());

  interface RecordRow {
    readonly campaign_id: string;
    readonly campaign_digest: string;
    readonly decided_at: string;
    readonly facts: unknown;
    readonly caller: E164 | null;
    readonly dialed: string;
    readonly publisher_id: string | null;
    readonly plan_version: number;
    readonly plan: unknown;
  }

  async function recordsOf(callId: string): Promise<RecordRow[]> {
    const { rows } = await system.db.query<RecordRow>(
      `SELECT d.*, c.caller, c.dialed, c.publisher_id, c.plan_version, p.definition AS plan
         FROM decision_records d
         JOIN calls c ON c.id = d.call_id
         JOIN routing_plans p ON p.campaign_id = d.campaign_id AND p.version = c.plan_version
        WHERE d.call_id = $1`,
      [callId],
    );
    return rows;
  }

  async function recordOf(call: Call): Promise<RecordRow> {
    const [record, ...others] = await recordsOf(call.id);
    if (record === undefined || others.length > 0) throw new Error(`${call.id} has not one record`);
    return record;
  }

  /** The choice made once more, from what is on record and nothing else. */
  async function decideAgain(call: Call): Promise<RouteDecision<DialableAssignment>> {
    const record = await recordOf(call);
    const recorded = await loadRecordedCampaign(system.db, record.campaign_digest);
    const { geography, channel, tags, history } = readRecordedFacts(record.facts);
    const callId = call.id as CallId;
    const facts: RoutingFacts = {
      callId,
      at: record.decided_at,
      caller: record.caller,
      geography,
      source: { number: record.dialed, publisherId: record.publisher_id, channel },
      tags,
      history: history ?? [],
    };
    const snapshot = {
      ...readRecordedCampaign(recorded?.body, recorded?.assignments ?? []),
      campaignId: record.campaign_id as CampaignId,
      planVersion: record.plan_version,
      plan: planSchema.parse(record.plan),
    };
    const seed = routingSeed(callId, record.plan_version);
    return decideRoute({ snapshot, facts, seed, alreadyTried: [], turns: NO_TURNS });
  }

  const routedOf = (call: Call): Routed =>
    routedSchema.parse(call.timeline.find(({ step }) => step === 'routed')?.detail);

  /** The record gives what the call did: who, in which order, at what price, and why nobody else. */
  async function expectSame(call: Call): Promise<RouteDecision<DialableAssignment>> {
    const decision = await decideAgain(call);
    const { order, skipped, chosen, priceMicros, rules } = routedOf(call);
    expect(decision.candidates.map(({ assignment }) => assignment.id)).toEqual(order);
    // Those behind the chosen one are said by the order; the API says it of each.
    expect(decision.skipped).toEqual(skipped.filter(({ reason }) => reason !== 'not_needed'));
    expect(decision.candidates[0]?.assignment.id ?? null).toBe(chosen);
    expect(decision.candidates[0]?.price.amountMicros).toBe(priceMicros);
    expect(decision.rules.filter(({ matched }) => matched).map(({ name }) => name)).toEqual(rules);
    const { rows } = await system.db.query<{ dialing: unknown; payout: unknown }>(
      `SELECT terms->'payout' AS payout FROM attempts WHERE call_id = $1 AND no = 1`,
      [call.id],
    );
    const { payout } = readRecordedFacts((await recordOf(call)).facts);
    if (rows[0] !== undefined) expect(rows[0].payout).toEqual(payout);
    return decision;
  }

  it('gives the same choice again: for a first call, and for the next one of the same caller', async () => {
    const { call: first } = await placeCall(system, { to: PAST.number });
    const decision = await expectSame(first);
    expect(decision.candidates.map(({ assignment }) => assignment.buyerName).toSorted()).toEqual([
      'b',
      'c',
      'radio',
    ]);
    expect(readRecordedFacts((await recordOf(first)).facts)).toMatchObject({
      channel: 'radio',
      tags: { page: 'roofs' },
      history: [],
      payout: { amountMicros: '3000000' },
    });

    const { call: second } = await placeCall(system, { to: PAST.number });
    await expectSame(second);
    const { history, payout } = readRecordedFacts((await recordOf(second)).facts);
    expect(history).toMatchObject([{ buyerId: first.attempts[0]?.buyerId, lastPaidAt: expect.any(String) }]);
    expect(payout).toBeNull();
    expect((await recordOf(second)).campaign_digest).toBe((await recordOf(first)).campaign_digest);
  });

  it('gives the same choice for a caller who withholds their number', async () => {
    const { call } = await placeCall(system, { to: PAST.number, from: 'anonymous' });
    expect((await recordOf(call)).caller).toBeNull();
    await expectSame(call);
  });

  it('is kept of a call that nobody could take', async () => {
    const number = '+14155559710';
    const buyers = [{ name: 'a', filter: pressed }];
    await insertCampaign(system.db, { key: 'nobody', number, buyers });
    const { call } = await placeCall(system, { to: number });
    expect(call.outcome).toBe('no_candidate');
    expect((await expectSame(call)).skipped).toMatchObject([{ reason: 'filtered' }]);
  });

  it('is not kept of a call that came to no choice', async () => {
    const { call } = await placeCall(system, { to: '+14155559999' });
    expect(await recordsOf(call.id)).toEqual([]);
  });

  it('has the caller’s answers, and is that of the first choice when more buyers are dialled', async () => {
    const number = '+14155559720';
    const menu: FlowNode = {
      kind: 'menu',
      prompt: say('Roof?'),
      retryPrompt: null,
      options: [{ digit: '1', tag: 'answer', value: 'yes', next: 'route' }],
      timeoutSeconds: 3,
      tries: 1,
      noAnswer: 'route',
    };
    await insertCampaign(system.db, {
      key: 'asks',
      number,
      buyers: [
        { name: 'a', filter: pressed },
        { name: 'b', priority: 2 },
        { name: 'c', priority: 3 },
      ],
      flow: { start: 'menu', nodes: { menu, route: { kind: 'route' } } },
    });
    const answers = { kind: 'answer', ringSeconds: 1, talkSeconds: 10 } as const;
    const { call } = await placeCall(system, {
      to: number,
      digits: ['1'],
      buyers: { default: answers, inDialOrder: [{ kind: 'busy' }, answers] },
    });
    expect(call.attempts.map(({ buyerName }) => buyerName)).toEqual(['a', 'b']);
    expect(readRecordedFacts((await recordOf(call)).facts).tags).toEqual({ answer: 'yes' });
    await expectSame(call);
  });

  it('is the control’s way, when the challenger had no room', async () => {
    const number = '+14155559730';
    await insertCampaign(system.db, {
      key: 'old',
      number,
      buyers: [{ name: 'a' }, { name: 'b', hours: never }],
    });
    await insertCampaign(system.db, {
      key: 'new',
      number: '+14155559740',
      buyers: [{ name: 'z', maximum: 0 }],
    });
    await system.db.query(
      `INSERT INTO migrations (id, name, kind, campaign_id, settings, status, state, splits, share_basis_points,
                               challenger_campaign_id)
       VALUES ('mig_old', 'old', 'campaign', 'cmp_old', '{}', 'running', '{}', true, 10000, 'cmp_new')`,
    );
    await system.db.query(`UPDATE campaigns SET config_version = config_version + 1 WHERE id = 'cmp_old'`);
    const { call } = await placeCall(system, { to: number });
    expect(routedOf(call)).toMatchObject({ overflow: true, order: ['asg_new_z', 'asg_old_a'] });
    expect((await recordOf(call)).campaign_id).toBe('cmp_old');
    const { candidates, skipped } = await decideAgain(call);
    expect(candidates.map(({ assignment }) => assignment.id)).toEqual(['asg_old_a']);
    expect(skipped).toMatchObject([{ assignmentId: 'asg_old_b', reason: 'closed' }]);
  });
});
