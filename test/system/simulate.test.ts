import type { Simulation } from '../../contract/resources/simulation';
import { startApi, type ApiServer } from './api-server';
import { numberOf, sampleConfig, type ConfigInput } from './config-sample';

/** Chicago is open in the morning of this Monday. */
const MONDAY = '2026-03-02T15:00:00.000Z';
const ILLINOIS = '+13125550123';
const TEXAS = '+12145550123';

describe('a call that nobody makes', () => {
  let api: ApiServer;
  beforeAll(async () => {
    api = await startApi();
  });
  afterAll(() => api.stop());

  async function campaign(
    id: string,
    edit: (document: ConfigInput) => void = () => undefined,
  ): Promise<string> {
    const document = sampleConfig(id);
    edit(document);
    await api.ok('PUT', `/campaigns/${id}/config`, document);
    return id;
  }

  const simulate = (id: string, call: Record<string, unknown>): Promise<Simulation> =>
    api.ok<Simulation>('POST', `/campaigns/${id}/simulate`, { at: MONDAY, ...call }, 200);

  const buyersOf = ({ candidates }: Simulation): string[] => candidates.map(({ buyerId }) => buyerId);

  it('is decided and explained as a real one would be', async () => {
    const id = await campaign('cmp_explained');
    const simulation = await simulate(id, { from: ILLINOIS });
    expect(simulation).toMatchObject({
      planVersion: 1,
      source: { number: numberOf(id), publisherId: 'pub_search', channel: 'google_ads' },
      geography: { country: 'US', state: 'IL', areaCode: '312' },
      tags: { landing: 'roof' },
      screening: { passes: true, outcome: null, reason: null },
      duplicate: null,
      rules: [
        { name: 'Illinois', matched: true, when: { kind: 'geography', value: true, found: 'IL' } },
        { name: 'everyone', matched: true, when: null },
      ],
      treatment: { kind: 'message' },
    });
    expect(buyersOf(simulation).sort()).toEqual(['buy_alpha', 'buy_bravo']);
    expect(simulation.candidates[0]).toMatchObject({
      rule: 'Illinois',
      price: { amountMicros: '25000000', due: { on: 'duration', seconds: 60 } },
    });
    const [first] = simulation.candidates;
    expect(simulation.explanation).toEqual(
      expect.arrayContaining([
        'Screening lets the call pass.',
        'Rule "Illinois" applies, for its condition is true: its candidates are drawn by weight.',
        `${first?.buyerName} is dialled first (25.00 USD, by rule "Illinois").`,
        expect.stringContaining('Limits are looked at as they stand now'),
      ]),
    );
  });

  it('gives the same answer for the same seed, and draws anew for another', async () => {
    const id = await campaign('cmp_seeds');
    const first = await simulate(id, { from: ILLINOIS, seed: 'one' });
    expect(await simulate(id, { from: ILLINOIS, seed: 'one' })).toEqual(first);
    const firsts = new Set<string | undefined>();
    for (let no = 0; no < 30; no++)
      firsts.add(buyersOf(await simulate(id, { from: ILLINOIS, seed: `s${no}` }))[0]);
    expect(firsts).toEqual(new Set(['buy_alpha', 'buy_bravo']));
  });

  it('believes hints, tags, numbers and times that it is given', async () => {
    const id = await campaign('cmp_facts', (document) => {
      const [alpha, bravo] = document.assignments ?? [];
      if (alpha) alpha.filter = { kind: 'tag', tag: 'intent', test: { is: 'one_of', values: ['quote'] } };
      if (bravo)
        bravo.hours = { timeZone: 'America/Chicago', openings: [{ weekday: 1, from: '09:00', to: '12:00' }] };
    });
    const texan = await simulate(id, { from: TEXAS });
    expect(texan.rules[0]).toMatchObject({ matched: false, when: { value: false, found: 'TX' } });
    expect(buyersOf(texan)).toEqual(['buy_bravo']);
    expect(texan.skipped).toMatchObject([
      { buyerId: 'buy_alpha', reason: 'filtered', filter: { value: false, found: null } },
    ]);
    expect(texan.explanation).toContain('Left out, does not take such calls: Alpha.');
    const moved = await simulate(id, { from: TEXAS, geography: { country: 'US', state: 'IL' } });
    expect(moved.rules[0]?.matched).toBe(true);
    const quote = await simulate(id, { from: TEXAS, tags: { intent: 'quote' }, at: '2026-03-02T19:00:00Z' });
    expect(buyersOf(quote)).toEqual(['buy_alpha']);
    expect(quote.skipped).toMatchObject([{ buyerId: 'buy_bravo', reason: 'closed' }]);
  });

  it('says who would be turned away, and what routing would have done', async () => {
    const id = await campaign('cmp_screened', (document) => {
      document.campaign.anonymousCallers = 'block';
      document.campaign.minimumAttestation = 'B';
      document.campaign.spamWindowSeconds = 60;
      document.campaign.hours = {
        timeZone: 'America/Chicago',
        openings: [{ weekday: 1, from: '09:00', to: '17:00' }],
      };
    });
    const cases: [Record<string, unknown>, string, RegExp][] = [
      [{}, 'blocked', /anonymous/],
      [{ from: ILLINOIS, attestation: 'C' }, 'blocked', /attested C/],
      [{ from: ILLINOIS, history: [{ lastCalledAt: '2026-03-02T14:59:30Z' }] }, 'blocked', /30 s ago/],
      [{ from: ILLINOIS, at: '2026-03-03T04:00:00Z' }, 'after_hours', /closed/],
    ];
    for (const [call, outcome, reason] of cases) {
      const simulation = await simulate(id, call);
      expect(simulation.screening).toMatchObject({
        passes: false,
        outcome,
        reason: expect.stringMatching(reason) as unknown,
      });
      expect(simulation.candidates.length).toBeGreaterThan(0);
      expect(simulation.explanation.join(' ')).toContain('what routing would do');
    }
    expect((await simulate(id, { from: ILLINOIS })).screening.passes).toBe(true);
  });

  it('looks at the block list of the campaign, and at everybody’s', async () => {
    const id = await campaign('cmp_blocked');
    await campaign('cmp_free');
    await api.db.query(
      `INSERT INTO blocked_callers (id, kind, pattern, campaign_id, reason)
       VALUES ('blk_one', 'number', '+13125550199', 'cmp_blocked', 'rude'), ('blk_all', 'prefix', '+1900', NULL, 'robots')`,
    );
    expect((await simulate(id, { from: '+13125550199' })).screening.reason).toContain('rude');
    expect((await simulate('cmp_free', { from: '+13125550199' })).screening.passes).toBe(true);
    expect((await simulate('cmp_free', { from: '+19005550100' })).screening.reason).toContain('robots');
  });

  it('treats duplicates as the campaign does, by the history given or the calls recorded', async () => {
    const id = await campaign('cmp_duplicates', (document) => {
      document.campaign.duplicates = { definition: 'connected', treatment: 'different_buyer', days: 30 };
    });
    const connected = {
      buyerId: 'buy_alpha',
      lastCalledAt: '2026-03-01T12:00:00Z',
      lastConnectedAt: '2026-03-01T12:00:10Z',
    };
    const given = await simulate(id, { from: ILLINOIS, history: [connected] });
    expect(given.duplicate).toMatchObject({ treatment: 'different_buyer', buyerIds: ['buy_alpha'] });
    expect(buyersOf(given)).toEqual(['buy_bravo']);
    expect(given.skipped).toMatchObject([{ buyerId: 'buy_alpha', reason: 'duplicate' }]);
    expect((await simulate(id, { from: ILLINOIS })).duplicate).toBeNull();

    await api.db.query(
      `INSERT INTO calls (id, carrier, account_sid, sid, workflow_id, campaign_id, caller, dialed, state, outcome,
                          buyer_id, received_at, connected_at, ended_at)
       VALUES ('call_before', 'twilio', 'AC', 'CA', 'w', $1, $2, $3, 'ended', 'connected', 'buy_bravo',
               '2026-03-01T12:00:00Z', '2026-03-01T12:00:10Z', '2026-03-01T12:05:00Z')`,
      [id, ILLINOIS, numberOf(id)],
    );
    const recorded = await simulate(id, { from: ILLINOIS });
    expect(recorded.duplicate).toMatchObject({ buyerIds: ['buy_bravo'] });
    expect(buyersOf(recorded)).toEqual(['buy_alpha']);
    expect((await simulate(id, { from: ILLINOIS, at: '2026-02-28T12:00:00Z' })).duplicate).toBeNull();
  });

  it('does not take a call that was for its own history', async () => {
    const id = await campaign('cmp_again', (document) => {
      document.campaign.spamWindowSeconds = 60;
      document.campaign.duplicates = { definition: 'connected', treatment: 'different_buyer', days: 30 };
    });
    await api.db.query(
      `INSERT INTO calls (id, carrier, account_sid, sid, workflow_id, campaign_id, caller, dialed, state, outcome,
                          buyer_id, received_at, connected_at, ended_at)
       VALUES ('call_that_was', 'twilio', 'AC', 'CAW', 'w', $1, $2, $3, 'ended', 'connected', 'buy_alpha',
               $4::timestamptz, $4::timestamptz + interval '10 seconds', $4::timestamptz + interval '5 minutes')`,
      [id, ILLINOIS, numberOf(id), MONDAY],
    );
    const again = await simulate(id, { from: ILLINOIS, seed: 'call_that_was' });
    expect(again.screening.passes).toBe(true);
    expect(again.duplicate).toBeNull();
    expect(buyersOf(again).toSorted()).toEqual(['buy_alpha', 'buy_bravo']);
    const next = await simulate(id, { from: ILLINOIS, at: '2026-03-02T15:00:30Z', seed: 'call_after_it' });
    expect(next.screening).toMatchObject({ passes: false, outcome: 'blocked' });
    expect(next.duplicate).toMatchObject({ buyerIds: ['buy_alpha'] });
  });

  it.each([
    ['0000-01-01T00:00:00Z', 400],
    [`2026-03-02T15:00:00.${'1'.repeat(10)}Z`, 400],
    [`2026-03-02T15:00:00.${'1'.repeat(500)}Z`, 400],
    ['2026-03-02T15:00:00.123456789Z', 200],
    ['0001-01-01T00:00:00Z', 200],
    ['9999-12-31T23:59:59.999999999Z', 200],
  ])('is at an instant that can be compared with those of calls: %s', async (at, status) => {
    const id = await campaign('cmp_instants');
    const answer = await api.send('POST', `/campaigns/${id}/simulate`, { body: { from: ILLINOIS, at } });
    expect(answer.status).toBe(status);
    if (status === 400) expect(answer.body).toMatchObject({ errors: [{ pointer: '/at' }] });
  });

  it('tells how a draft, or an old version, would have decided', async () => {
    const id = await campaign('cmp_drafts');
    const draft = { ...sampleConfig(id).plan, rules: [{ name: 'best', strategy: { kind: 'auction' } }] };
    await api.ok('PUT', `/campaigns/${id}/plan/draft`, draft, 201);
    const simulation = await simulate(id, { from: ILLINOIS, plan: 'draft' });
    expect(simulation).toMatchObject({ planVersion: null, rules: [{ name: 'best', matched: true }] });
    await api.ok('POST', `/campaigns/${id}/plan/publish`, {});
    expect((await simulate(id, { from: ILLINOIS })).planVersion).toBe(2);
    expect((await simulate(id, { from: ILLINOIS, plan: 1 })).rules.map(({ name }) => name)).toEqual([
      'Illinois',
      'everyone',
    ]);
    const unknown = await api.send('POST', `/campaigns/${id}/simulate`, { body: { plan: 9 } });
    expect(unknown.status).toBe(404);
  });

  it('names the rules that are never looked at', async () => {
    const id = await campaign('cmp_chain', (document) => {
      const [first] = document.plan?.rules ?? [];
      if (first) first.fallback = { kind: 'reject', reason: 'busy' };
    });
    const simulation = await simulate(id, { from: ILLINOIS });
    expect(simulation.rules.map(({ matched }) => matched)).toEqual([true, null]);
    expect(simulation.treatment).toEqual({ kind: 'reject', reason: 'busy' });
  });

  it('changes nothing: no turn is taken, no call recorded', async () => {
    const id = await campaign('cmp_nothing', (document) => {
      if (document.plan) document.plan.rules = [{ name: 'turns', strategy: { kind: 'round_robin' } }];
    });
    const before = await api.db.query("SELECT config_version FROM campaigns WHERE id = 'cmp_nothing'");
    const first = await simulate(id, { from: ILLINOIS });
    expect(buyersOf(await simulate(id, { from: ILLINOIS, seed: 'another' }))).toEqual(buyersOf(first));
    await api.db.query(
      `INSERT INTO round_robin_turns (campaign_id, rule, assignment_id, turn) VALUES ($1, 'turns', $2, 1)`,
      [id, first.candidates[0]?.assignmentId],
    );
    expect(buyersOf(await simulate(id, { from: ILLINOIS }))).toEqual(buyersOf(first).reverse());
    const counts = await api.db.query(
      "SELECT (SELECT count(*) FROM round_robin_turns WHERE campaign_id = 'cmp_nothing') AS turns, (SELECT count(*) FROM calls WHERE campaign_id = 'cmp_nothing') AS calls",
    );
    expect(counts.rows).toEqual([{ turns: 1n, calls: 0n }]);
    const after = await api.db.query("SELECT config_version FROM campaigns WHERE id = 'cmp_nothing'");
    expect(after.rows).toEqual(before.rows);
  });

  describe('and limits', () => {
    const full = (scope: object, rest: object = {}) =>
      api.ok<{ id: string }>('POST', '/limits', { scope, window: 'concurrency', limit: 0, ...rest });
    const remove = ({ id }: { id: string }) => api.ok('DELETE', `/limits/${id}`, undefined, 204);
    const first = ({ explanation }: Simulation) => explanation.find((line) => line.includes('dialled first'));

    it('passes over a candidate without room, and says which limit has none', async () => {
      const id = await campaign('cmp_capped', (document) => {
        if (document.plan) document.plan.rules = [{ name: 'all', strategy: { kind: 'waterfall' } }];
        const [alpha, bravo] = document.assignments ?? [];
        if (alpha && bravo) Object.assign(bravo, { priority: 2 });
      });
      expect(first(await simulate(id, { from: ILLINOIS }))).toContain('Alpha');
      const limit = await full({ kind: 'assignment', id: 'asg_capped_alpha' });
      const capped = await simulate(id, { from: ILLINOIS });
      expect(buyersOf(capped)).toEqual(['buy_alpha', 'buy_bravo']);
      expect(capped.candidates.map(({ refusedBy }) => refusedBy)).toEqual([
        [
          {
            limitId: limit.id,
            scope: 'assignment:asg_capped_alpha',
            window: 'concurrency',
            counts: 'attempt',
            reason: 'full',
          },
        ],
        [],
      ]);
      expect(first(capped)).toContain('Bravo');
      expect(capped.explanation).toContain(
        `Passed over, has no room: Alpha (${limit.id} is full: concurrency attempt of assignment:asg_capped_alpha).`,
      );
      await remove(limit);
    });

    it('gives the caller the fallback when nobody has room', async () => {
      const id = await campaign('cmp_packed');
      const limit = await full({ kind: 'campaign', id });
      const packed = await simulate(id, { from: ILLINOIS });
      expect(packed.candidates.every(({ refusedBy }) => refusedBy.length === 1)).toBe(true);
      expect(packed.treatment).toMatchObject({ kind: 'message' });
      expect(packed.explanation).toEqual(
        expect.arrayContaining([
          'Nobody has room for the call.',
          'The caller hears a message, and the call ends.',
        ]),
      );
      await remove(limit);
    });

    it('counts money as a call does: what the buyer would owe, and what the publisher would get', async () => {
      const id = await campaign('cmp_money');
      const spend = { window: 'total', counts: 'spend' };
      const buyer = { kind: 'campaign', id };
      const enough = await full(buyer, { ...spend, limit: '25000000' });
      expect((await simulate(id, { from: ILLINOIS })).candidates[0]?.refusedBy).toEqual([]);
      await api.ok('PATCH', `/limits/${enough.id}`, { limit: '24999999' });
      expect((await simulate(id, { from: ILLINOIS })).candidates[0]?.refusedBy).toHaveLength(1);
      await remove(enough);
      const publisher = { kind: 'publisher', id: 'pub_search' };
      const payout = await full(publisher, { ...spend, limit: '8000000', currency: 'USD' });
      expect((await simulate(id, { from: ILLINOIS })).candidates[0]?.refusedBy).toEqual([]);
      await api.ok('PATCH', `/limits/${payout.id}`, { limit: '7999999' });
      expect((await simulate(id, { from: ILLINOIS })).candidates[0]?.refusedBy).toHaveLength(1);
      await remove(payout);
      const foreign = await full(publisher, { ...spend, limit: '99000000', currency: 'EUR' });
      expect((await simulate(id, { from: ILLINOIS })).candidates[0]?.refusedBy).toMatchObject([
        { limitId: foreign.id, reason: 'currency' },
      ]);
      await remove(foreign);
    });

    it('holds nothing', async () => {
      const { rows } = await api.db.query(
        'SELECT (SELECT count(*) FROM reservations) AS reservations, (SELECT count(*) FROM limit_counters) AS counters',
      );
      expect(rows).toEqual([{ reservations: 0n, counters: 0n }]);
    });
  });

  it('says what is missing when it cannot decide', async () => {
    const id = await campaign('cmp_missing', (document) => {
      document.campaign.status = 'draft';
      document.plan = null;
    });
    const noPlan = await api.send('POST', `/campaigns/${id}/simulate`, { body: {} });
    expect(noPlan.status).toBe(409);
    expect(noPlan.body).toMatchObject({ code: 'not_ready' });
    await campaign('cmp_has_plan');
    const wrongNumber = await api.send('POST', '/campaigns/cmp_has_plan/simulate', {
      body: { to: '+13125550999' },
    });
    expect(wrongNumber.status).toBe(422);
    expect(wrongNumber.body).toMatchObject({ errors: [{ pointer: '/to' }] });
    expect((await api.send('POST', '/campaigns/cmp_nowhere/simulate', { body: {} })).status).toBe(404);
  });
});
