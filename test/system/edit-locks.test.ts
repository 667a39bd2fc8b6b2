import { startApi, type ApiAnswer, type ApiServer } from './api-server';
import { numberOf, sampleConfig } from './config-sample';
import { eventually } from './eventually';

/** A transaction of somebody else's, who has locked something and takes their time. */
interface Bystander {
  readonly query: (text: string, values?: readonly string[]) => Promise<unknown>;
  /** Whether nobody has this row locked against other edits. */
  isFree(table: 'buyers' | 'numbers', key: string, id: string): Promise<boolean>;
  /** Waits until so many transactions wait for a row: so far the API has come. */
  seeWaiting(count: number): Promise<void>;
}

describe('edits that need the same rows', () => {
  let api: ApiServer;
  beforeAll(async () => {
    api = await startApi();
  });
  afterAll(() => api.stop());

  async function withBystander(work: (bystander: Bystander) => Promise<void>): Promise<void> {
    const client = await api.db.connect();
    try {
      await client.query('BEGIN');
      await work({
        query: (text, values = []) => client.query(text, [...values]),
        async isFree(table, key, id) {
          await client.query('SAVEPOINT look');
          const { rowCount } = await client.query(
            `SELECT FROM ${table} WHERE ${key} = $1 FOR NO KEY UPDATE SKIP LOCKED`,
            [id],
          );
          await client.query('ROLLBACK TO SAVEPOINT look');
          return rowCount === 1;
        },
        seeWaiting: (count) =>
          eventually(async () => {
            // pg_stat_activity is read once a transaction otherwise.
            await client.query('SELECT pg_stat_clear_snapshot()');
            const { rows } = await client.query(
              `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
            );
            expect(rows).toHaveLength(count);
          }),
      });
    } finally {
      await client.query('ROLLBACK');
      client.release();
    }
  }

  const lockCampaign = ({ query }: Bystander, id: string) =>
    query('SELECT FROM campaigns WHERE id = $1 FOR NO KEY UPDATE', [id]);

  const apply = (id: string, name: string): Promise<ApiAnswer> => {
    const document = sampleConfig(id);
    document.campaign.name = name;
    for (const buyer of document.buyers ?? []) buyer.name = name;
    return api.send('PUT', `/campaigns/${id}/config`, { body: document });
  };

  it('take campaigns before buyers', async () => {
    await apply('cmp_buyer_waits', 'as it was');
    await withBystander(async (bystander) => {
      await lockCampaign(bystander, 'cmp_buyer_waits');
      const edit = api.send('PATCH', '/buyers/buy_alpha', { body: { name: 'Edited' } });
      await bystander.seeWaiting(1);
      expect(await bystander.isFree('buyers', 'id', 'buy_alpha')).toBe(true);
      await bystander.query('COMMIT');
      expect((await edit).status).toBe(200);
    });
  });

  it('take campaigns before numbers, both the one that is left and the one that is joined', async () => {
    await apply('cmp_joined', 'as it was');
    await apply('cmp_left', 'as it was');
    await api.ok('POST', '/campaigns/cmp_left/pause', undefined, 200);
    const number = numberOf('cmp_left');
    for (const campaign of ['cmp_left', 'cmp_joined']) {
      await withBystander(async (bystander) => {
        await lockCampaign(bystander, campaign);
        const edit = api.send('PATCH', `/numbers/${encodeURIComponent(number)}`, {
          body: { campaignId: campaign === 'cmp_left' ? null : 'cmp_joined' },
        });
        await bystander.seeWaiting(1);
        expect(await bystander.isFree('numbers', 'e164', number)).toBe(true);
        await bystander.query('COMMIT');
        expect((await edit).status).toBe(200);
      });
    }
  });

  it('begin again when the buyer got a place in another campaign meanwhile', async () => {
    await apply('cmp_first', 'as it was');
    await api.ok('POST', '/campaigns', { id: 'cmp_new', name: 'N', timeZone: 'UTC', currency: 'USD' });
    await withBystander(async (bystander) => {
      await lockCampaign(bystander, 'cmp_first');
      const edit = api.send('PATCH', '/buyers/buy_bravo', { body: { name: 'Edited again' } });
      await bystander.seeWaiting(1);
      const [assignment] = sampleConfig().assignments ?? [];
      await api.ok('POST', '/campaigns/cmp_new/assignments', {
        ...assignment,
        id: 'asg_new',
        buyerId: 'buy_bravo',
      });
      await withBystander(async (other) => {
        await lockCampaign(other, 'cmp_new');
        await bystander.query('COMMIT');
        await other.seeWaiting(1);
        expect(await other.isFree('buyers', 'id', 'buy_bravo')).toBe(true);
      });
      expect((await edit).status).toBe(200);
    });
  });

  it('give a buyer who is being edited no place in another campaign', async () => {
    await apply('cmp_held', 'as it was');
    await withBystander(async (bystander) => {
      await bystander.query(`SELECT FROM buyers WHERE id = 'buy_alpha' FOR NO KEY UPDATE`);
      const [assignment] = sampleConfig().assignments ?? [];
      const placed = api.send('POST', '/campaigns/cmp_held/assignments', {
        body: { ...assignment, id: 'asg_another' },
      });
      await bystander.seeWaiting(1);
      await bystander.query('COMMIT');
      expect((await placed).status).toBe(201);
    });
  });

  it('never wait for each other in a circle, however many come at once', async () => {
    const campaigns = ['cmp_shared_a', 'cmp_shared_b'] as const;
    const kept = '+13125550190';
    for (const id of campaigns) await apply(id, 'as it was');
    await api.ok('POST', '/numbers', { number: kept });
    const edits: ((round: number) => Promise<ApiAnswer>)[] = [
      ...campaigns.flatMap((id) => [
        (round: number) => apply(id, `round ${round}`),
        (round: number) => api.send('PATCH', `/campaigns/${id}`, { body: { name: `patched ${round}` } }),
        (round: number) =>
          api.send('PATCH', `/numbers/${encodeURIComponent(numberOf(id))}`, {
            body: { channel: `radio_${round}`, campaignId: id },
          }),
      ]),
      ...['buy_alpha', 'buy_bravo'].map(
        (id) => (round: number) => api.send('PATCH', `/buyers/${id}`, { body: { name: `patched ${round}` } }),
      ),
      (round: number) =>
        api.send('PATCH', `/numbers/${encodeURIComponent(kept)}`, {
          body: { campaignId: campaigns[round % 2] ?? null },
        }),
      (round: number) =>
        api.send('PATCH', '/buyers/buy_alpha', {
          body: { timeZone: round % 2 === 0 ? 'America/Chicago' : 'UTC' },
          headers: { 'If-Match': `"${round}"` },
        }),
    ];
    // As many at once as there are connections; each goes through its edits six times, in an order of its own.
    const answers = await Promise.all(
      edits.map(async (edit, index) => {
        const statuses: number[] = [];
        for (let round = 1; round <= 6; round++) {
          statuses.push((await edit(round)).status);
          const next = edits[(index + round) % edits.length];
          if (next !== undefined) statuses.push((await next(round)).status);
        }
        return statuses;
      }),
    );
    const statuses = answers.flat();
    expect(statuses).toHaveLength(120);
    expect(statuses.filter((status) => ![200, 409, 412].includes(status))).toEqual([]);
    expect(statuses.filter((status) => status === 200).length).toBeGreaterThan(60);
    expect(await countDeadlocks()).toBe(0);
  });

  /** In the database, ever. A connection tells of its own when it ends, if not before. */
  async function countDeadlocks(): Promise<number> {
    let deadlocks = Number.NaN;
    await eventually(async () => {
      const { rows } = await api.db.query<{ deadlocks: string; others: string }>(
        `SELECT (SELECT deadlocks::text FROM pg_stat_database WHERE datname = current_database()) AS deadlocks,
                count(pg_terminate_backend(pid))::text AS others
           FROM pg_stat_activity
          WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'`,
      );
      expect(rows[0]?.others).toBe('0');
      deadlocks = Number(rows[0]?.deadlocks);
    });
    return deadlocks;
  }
});
