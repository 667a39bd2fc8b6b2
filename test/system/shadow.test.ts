import type { Page } from '../../contract/page';
import type { Shadow, ShadowDifference } from '../../contract/resources/shadow';
import { insertCampaign } from './campaign-fixture';
import { placeCall } from './placing';
import { startSystem, type SystemUnderTest } from './system';

const NUMBER = '+14155559800';

describe('a shadow plan', () => {
  let system: SystemUnderTest;
  beforeAll(async () => {
    system = await startSystem();
    await insertCampaign(system.db, {
      key: 'shade',
      number: NUMBER,
      buyers: [
        { name: 'a', bid: '10000000' },
        { name: 'b', bid: '14000000', priority: 2 },
      ],
    });
    const only = (buyer: string) => [{ assignmentId: `asg_shade_${buyer}`, priority: null, weight: null }];
    await system.db.query(
      `INSERT INTO routing_plans (campaign_id, version, definition)
       SELECT campaign_id, 2, jsonb_set(definition, '{rules,0,candidates}', $1) FROM routing_plans
        WHERE campaign_id = 'cmp_shade' AND version = 1`,
      [JSON.stringify(only('b'))],
    );
  });
  afterAll(() => system.stop());

  async function send<T>(method: string, path: string, body?: unknown): Promise<{ status: number; body: T }> {
    const response = await fetch(`${system.baseUrl}/api/v1/campaigns/cmp_shade/shadow${path}`, {
      method,
      headers: { authorization: `Bearer ${system.adminKey}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, body: (text === '' ? null : JSON.parse(text)) as T };
  }

  it('is asked about live calls, takes none, and lists who would have got them at what price', async () => {
    expect((await send('GET', '')).status).toBe(404);
    expect(await send('PUT', '', { version: 9 })).toMatchObject({
      status: 422,
      body: { detail: 'version 9 is not published; there are 1 to 2' },
    });
    expect((await send<Shadow>('PUT', '', { version: 2 })).body).toMatchObject({ version: 2, calls: 0 });
    const placed = [await placeCall(system, { to: NUMBER }), await placeCall(system, { to: NUMBER })];
    expect(placed.map(({ call }) => call.attempts[0]?.buyerName)).toEqual(['a', 'a']);
    expect((await send<Shadow>('GET', '')).body).toMatchObject({
      calls: 2,
      same: 0,
      otherBuyer: 2,
      gained: 0,
      lost: 0,
      livePriceMicros: '20000000',
      shadowPriceMicros: '28000000',
    });
    const { body } = await send<Page<ShadowDifference>>('GET', '/differences?limit=1');
    expect(body.data).toMatchObject([
      {
        callId: placed[1]?.call.id,
        liveVersion: 1,
        shadowVersion: 2,
        live: { assignmentId: 'asg_shade_a', priceMicros: '10000000' },
        shadow: { assignmentId: 'asg_shade_b', priceMicros: '14000000' },
      },
    ]);
    expect(body.nextCursor).not.toBeNull();
    expect((await send('DELETE', '')).status).toBe(204);
    await placeCall(system, { to: NUMBER });
    const { rows } = await system.db.query('SELECT FROM shadow_decisions');
    expect(rows).toHaveLength(2);
  });

  it('does not have buyers whom the call itself found full', async () => {
    await send('PUT', '', { version: 2 });
    await system.db.query(`UPDATE limits SET maximum = 0 WHERE scope_id = 'asg_shade_a'`);
    const { call } = await placeCall(system, { to: NUMBER });
    expect(call.attempts[0]?.buyerName).toBe('b');
    expect((await send<Shadow>('GET', '')).body).toMatchObject({ calls: 1, same: 1 });
  });
});
