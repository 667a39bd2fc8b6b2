import type { DuplicateDefinition, DuplicateTreatment } from '../../domain/campaign/duplicates';
import { insertCampaign, type TestCampaign } from './campaign-fixture';
import { dialled, placeCall, skipReasons, type PlacedCall } from './placing';
import { startSystem, type SystemUnderTest } from './system';

const TALK = { default: { kind: 'answer', talkSeconds: 20 } } as const;
let nextNumber = 100;
let nextCaller = 100;

describe('a caller who has called before', () => {
  let system: SystemUnderTest;
  beforeAll(async () => {
    system = await startSystem();
  });
  afterAll(() => system.stop());

  const newCaller = (): string => `+1415555${(nextCaller += 1)}3`;

  async function campaign(extra: Partial<TestCampaign>): Promise<TestCampaign> {
    nextNumber += 1;
    const made: TestCampaign = {
      key: `dup${nextNumber}`,
      number: `+1415557${nextNumber}0`,
      buyers: [
        { name: 'a', priority: 1 },
        { name: 'b', priority: 2 },
      ],
      payout: '5000000',
      ...extra,
    };
    await insertCampaign(system.db, made);
    return made;
  }

  /** Two calls of one caller; the first one goes to buyer `b`, because `a` is busy then. */
  async function twice(definition: DuplicateDefinition, treatment: DuplicateTreatment): Promise<PlacedCall> {
    const { number: to } = await campaign({ duplicates: { definition, treatment, days: 7 } });
    const from = newCaller();
    const first = await placeCall(system, { to, from, buyers: { ...TALK, inDialOrder: [{ kind: 'busy' }] } });
    expect(dialled(first.call)).toEqual(['a', 'b']);
    return placeCall(system, { to, from, buyers: TALK });
  }

  const DEFINITIONS = ['any_call', 'connected', 'converted'] as const;

  it.each(DEFINITIONS)('goes to the same buyer, counted by %s', async (definition) => {
    const { call } = await twice(definition, 'same_buyer');
    if (definition === 'any_call') expect(call.outcome).toBe('connected');
    expect(dialled(call)).toEqual(['b']);
    expect(skipReasons(call)).toEqual({ a: 'not_needed' });
  });

  it.each(DEFINITIONS)('goes to a different buyer, counted by %s', async (definition) => {
    const { call } = await twice(definition, 'different_buyer');
    expect(dialled(call)).toEqual(['a']);
    expect(skipReasons(call)).toEqual({ b: 'duplicate' });
  });

  it.each(DEFINITIONS)('is refused, counted by %s', async (definition) => {
    const { call, carrier } = await twice(definition, 'refuse');
    expect(call).toMatchObject({ outcome: 'blocked', attempts: [], ledger: [] });
    expect(call.outcomeReason).toMatch(/duplicate/);
    expect(carrier.ending.kind).toBe('rejected');
  });

  it.each(DEFINITIONS)('is paid for once, counted by %s', async (definition) => {
    const { call } = await twice(definition, 'pay_once');
    expect(call).toMatchObject({ outcome: 'connected', converted: true, payoutMicros: '0' });
    expect(call.ledger.map(({ kind }) => kind)).toEqual(['revenue']);
  });

  it.each([
    ['any_call', 'different_buyer'],
    ['connected', 'different_buyer'],
  ] as const)(
    'goes to a different buyer while the first still talks, counted by %s',
    async (definition, treatment) => {
      const { number: to } = await campaign({ duplicates: { definition, treatment, days: 7 } });
      const from = newCaller();
      const sid = system.carrier.newSid();
      const dial = await system.carrier.post('voice', sid, { To: to, From: from });
      const { call } = await placeCall(system, { to, from, buyers: TALK });
      expect(dialled(call)).toEqual(['b']);
      expect(skipReasons(call)).toEqual({ a: 'duplicate' });
      await system.carrier.post(dial.verbs[0]?.attributes['action'] ?? '', sid, {
        To: to,
        From: from,
        DialCallStatus: 'completed',
        DialCallDuration: '30',
      });
      await system.endedCall(sid);
    },
  );

  it('is paid for all the same when nobody was paid for the earlier call', async () => {
    const { number: to } = await campaign({
      duplicates: { definition: 'any_call', treatment: 'pay_once', days: 7 },
    });
    const from = newCaller();
    const unpaid = await placeCall(system, { to, from, buyers: { default: { kind: 'busy' } } });
    expect(unpaid.call.ledger).toEqual([]);
    const paid = await placeCall(system, { to, from, buyers: TALK });
    expect(paid.call.payoutMicros).toBe('5000000');
    const again = await placeCall(system, { to, from, buyers: TALK });
    expect(again.call.payoutMicros).toBe('0');
  });

  it('is no duplicate when the earlier call did not come to what the rule asks for', async () => {
    const { number: to } = await campaign({
      duplicates: { definition: 'connected', treatment: 'refuse', days: 7 },
    });
    const from = newCaller();
    const first = await placeCall(system, { to, from, buyers: { default: { kind: 'busy' } } });
    expect(first.call.outcome).toBe('exhausted');
    const { call } = await placeCall(system, { to, from, buyers: TALK });
    expect(call.outcome).toBe('connected');
  });

  it('is no duplicate when the earlier call is too long ago', async () => {
    const { number: to, key } = await campaign({
      duplicates: { definition: 'any_call', treatment: 'refuse', days: 7 },
    });
    const from = newCaller();
    await placeCall(system, { to, from, buyers: TALK });
    await system.db.query(
      `UPDATE calls SET received_at = received_at - interval '8 days', connected_at = connected_at - interval '8 days'
        WHERE campaign_id = $1`,
      [`cmp_${key}`],
    );
    const { call } = await placeCall(system, { to, from, buyers: TALK });
    expect(call.outcome).toBe('connected');
  });

  it('is routed by what they did before: first calls, callers, buyers they spoke to', async () => {
    const { number: to, key } = await campaign({
      buyers: [{ name: 'new' }, { name: 'known' }, { name: 'talked' }],
      rules: [],
    });
    const candidate = (name: string) => [
      { assignmentId: `asg_${key}_${name}` as never, priority: null, weight: null },
    ];
    const rule = (name: string, when: object | null) => ({
      name,
      when,
      strategy: { kind: 'waterfall' },
      candidates: candidate(name),
      fallback: { kind: 'reject', reason: 'busy' },
    });
    await system.db.query(`INSERT INTO routing_plans (campaign_id, version, definition) VALUES ($1, 2, $2)`, [
      `cmp_${key}`,
      JSON.stringify({
        rules: [
          rule('new', { kind: 'first_call' }),
          rule('talked', {
            kind: 'caller_history',
            event: 'connected',
            withinDays: 1,
            buyerIds: [`buy_${key}_new`],
          }),
          rule('known', null),
        ],
        maxAttempts: 3,
        fallback: { kind: 'reject', reason: 'busy' },
      }),
    ]);
    await system.db.query('UPDATE campaigns SET plan_version = 2 WHERE id = $1', [`cmp_${key}`]);
    const from = newCaller();
    const other = newCaller();
    expect(dialled((await placeCall(system, { to, from, buyers: TALK })).call)).toEqual(['new']);
    expect(dialled((await placeCall(system, { to, from, buyers: TALK })).call)).toEqual(['talked']);
    await placeCall(system, { to, from: other, buyers: { default: { kind: 'busy' } } });
    expect(dialled((await placeCall(system, { to, from: other, buyers: TALK })).call)).toEqual(['known']);
  });

  it('within the spam window is blocked, and afterwards is not', async () => {
    const { number: to, key } = await campaign({ spamWindowSeconds: 60 });
    const from = newCaller();
    expect((await placeCall(system, { to, from, buyers: TALK })).call.outcome).toBe('connected');
    const { call } = await placeCall(system, { to, from, buyers: TALK });
    expect(call).toMatchObject({ outcome: 'blocked', attempts: [] });
    expect(call.outcomeReason).toMatch(/60 s/);
    await system.db.query(
      `UPDATE calls SET received_at = received_at - interval '61 seconds' WHERE campaign_id = $1`,
      [`cmp_${key}`],
    );
    expect((await placeCall(system, { to, from, buyers: TALK })).call.outcome).toBe('connected');
  });

  it('is blocked by number, by prefix, for one campaign or for all', async () => {
    const here = await campaign({});
    const elsewhere = await campaign({});
    const block = (id: string, kind: string, pattern: string, campaignId: string | null) =>
      system.db.query(
        `INSERT INTO blocked_callers (id, kind, pattern, campaign_id, reason) VALUES ($1, $2, $3, $4, 'test')`,
        [id, kind, pattern, campaignId],
      );
    await block('blk_one', 'number', '+442071838750', null);
    await block('blk_prefix', 'prefix', '+4930', `cmp_${here.key}`);
    const outcome = async (to: string, from: string) =>
      (await placeCall(system, { to, from, buyers: TALK })).call.outcome;
    expect(await outcome(here.number, '+442071838750')).toBe('blocked');
    expect(await outcome(here.number, '+442071838751')).toBe('connected');
    expect(await outcome(here.number, '+493012345678')).toBe('blocked');
    expect(await outcome(elsewhere.number, '+493012345678')).toBe('connected');
    expect(await outcome(elsewhere.number, '+442071838750')).toBe('blocked');
  });

  it.each([
    ['TN-Validation-Passed-A', 'connected'],
    ['TN-Validation-Passed-B', 'connected'],
    ['TN-Validation-Passed-C', 'blocked'],
    ['TN-Validation-Failed-A', 'blocked'],
    [undefined, 'blocked'],
  ])('with attestation %s is %s where B is the minimum', async (stirVerstat, outcome) => {
    const { number: to } = await campaign({ minimumAttestation: 'B' });
    const { call } = await placeCall(system, {
      to,
      from: newCaller(),
      buyers: TALK,
      ...(stirVerstat === undefined ? {} : { stirVerstat }),
    });
    expect(call.outcome).toBe(outcome);
  });
});
