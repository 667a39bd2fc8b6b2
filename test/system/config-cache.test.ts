import { createCampaigns, type Campaigns } from '../../activities/call/campaigns';
import { CONFIG_CHANNEL, listen, type Listener } from '../../db/listen';
import type { CampaignId } from '../../domain/ids';
import { insertCampaign, type TestCampaign } from './campaign-fixture';
import { dialled, placeCall } from './placing';
import { eventually, startSystem, type SystemUnderTest } from './system';

const campaign: TestCampaign = {
  key: 'cached',
  number: '+14155559100',
  buyers: [
    { name: 'a', priority: 1 },
    { name: 'b', priority: 2 },
  ],
};
const ID = 'cmp_cached' as CampaignId;

/** The bound on staleness, in milliseconds. */
const STALE_AT_MOST_MS = 1_000;

describe('a campaign in memory', () => {
  let system: SystemUnderTest;
  beforeAll(async () => {
    system = await startSystem();
    await insertCampaign(system.db, campaign);
  });
  afterAll(() => system.stop());

  const change = (text: string, values: unknown[] = []): Promise<unknown> => system.db.query(text, values);
  const versionNow = async (): Promise<bigint> => {
    const { rows } = await system.db.query<{ config_version: bigint }>(
      'SELECT config_version FROM campaigns WHERE id = $1',
      [ID],
    );
    return rows[0]?.config_version ?? 0n;
  };

  it('is never older than the call that uses it: each call sees the change made right before', async () => {
    for (let round = 0; round < 4; round++) {
      for (const [status, buyer] of [
        ['paused', 'b'],
        ['active', 'a'],
      ]) {
        await change(`UPDATE buyers SET status = $1 WHERE id = 'buy_cached_a'`, [status]);
        const { call } = await placeCall(system, { to: campaign.number });
        expect(dialled(call)).toEqual([buyer]);
      }
    }
  });

  it.each([
    [
      'its settings',
      `UPDATE campaigns SET spam_window_seconds = spam_window_seconds WHERE id = 'cmp_cached'`,
    ],
    ['one of its assignments', `UPDATE assignments SET weight = weight + 1 WHERE id = 'asg_cached_a'`],
    ['the hours of one of its buyers', `UPDATE buyers SET hours = NULL WHERE id = 'buy_cached_b'`],
    ['the removal of an assignment', `UPDATE assignments SET removed_at = now() WHERE id = 'asg_cached_b'`],
    ['its return', `UPDATE assignments SET removed_at = NULL WHERE id = 'asg_cached_b'`],
  ])('is counted as changed by %s, whoever writes it', async (_, statement) => {
    const before = await versionNow();
    await change(statement);
    expect(await versionNow()).toBeGreaterThan(before);
  });

  it('is not counted as changed by another campaign', async () => {
    const before = await versionNow();
    await change(`UPDATE assignments SET weight = weight + 1 WHERE campaign_id = 'cmp_sample_direct'`);
    expect(await versionNow()).toBe(before);
  });

  describe('without a call that would ask for it', () => {
    let campaigns: Campaigns;
    let listener: Listener;
    let listening = 0;
    beforeAll(async () => {
      campaigns = createCampaigns(system.db);
      listener = listen({
        url: system.databaseUrl,
        channel: CONFIG_CHANNEL,
        applicationName: 'test-listener',
        onMessage: (id) => void campaigns.refresh(id as CampaignId),
        onLost: () => undefined,
        onListening: () => {
          listening += 1;
        },
      });
      await eventually(() => (listening === 1 ? Promise.resolve() : Promise.reject(new Error('not yet'))));
    });
    afterAll(async () => {
      await listener.stop();
      await campaigns.quiet();
    });

    /** What a reader that knows of nothing newer gets. */
    const kept = () => campaigns.at(ID, 0n);
    const weightOf = async (): Promise<number | undefined> =>
      (await kept()).assignments.find(({ id }) => id === 'asg_cached_a')?.weight;
    const follows = (weight: number): Promise<void> =>
      eventually(async () => expect(await weightOf()).toBe(weight), STALE_AT_MOST_MS);

    it('follows within a second, by notification', async () => {
      await kept();
      for (const weight of [11, 12, 13]) {
        await change(`UPDATE assignments SET weight = $1 WHERE id = 'asg_cached_a'`, [weight]);
        await follows(weight);
      }
    });

    it('follows again after its connection was lost, and in between a call still sees what is new', async () => {
      await change(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'test-listener'`,
      );
      await change(`UPDATE assignments SET weight = 21 WHERE id = 'asg_cached_a'`);
      const seen = await campaigns.at(ID, await versionNow());
      expect(seen.assignments.find(({ id }) => id === 'asg_cached_a')?.weight).toBe(21);
      await eventually(() => (listening === 2 ? Promise.resolve() : Promise.reject(new Error('not yet'))));
      await change(`UPDATE assignments SET weight = 22 WHERE id = 'asg_cached_a'`);
      await follows(22);
    });

    it('takes over what has not changed, and nothing else', async () => {
      const before = await kept();
      await change(`UPDATE assignments SET weight = 41 WHERE id = 'asg_cached_a'`);
      await follows(41);
      const after = await kept();
      const of = (which: typeof after, id: string) => which.assignments.find((one) => one.id === id);
      expect(of(after, 'asg_cached_a')).not.toBe(of(before, 'asg_cached_a'));
      expect(of(after, 'asg_cached_b')).toBe(of(before, 'asg_cached_b'));
      await change(`UPDATE buyers SET name = 'renamed' WHERE id = 'buy_cached_b'`);
      await eventually(
        async () => expect(of(await kept(), 'asg_cached_b')?.buyerName).toBe('renamed'),
        STALE_AT_MOST_MS,
      );
    });

    it('is read a few times for hundreds of edits in a row, and has the last one in the end', async () => {
      const seen = new Set<unknown>();
      for (let weight = 1_000; weight < 1_300; weight++) {
        await change(`UPDATE assignments SET weight = $1 WHERE id = 'asg_cached_a'`, [weight]);
        seen.add(await kept());
      }
      await follows(1_299);
      expect(seen.size).toBeLessThan(30);
    });

    it('is there before anybody asks, in a process that has just started', async () => {
      const fresh = createCampaigns(system.db);
      const spoil = (id: string) =>
        change(`UPDATE campaigns SET hours = '{"openings": 1}' WHERE id = $1`, [id]);
      await spoil('cmp_sample'); // cannot be read, and must not keep the others from being
      await fresh.warm();
      await spoil('cmp_sample_direct'); // only what is in memory can still be had
      await expect(fresh.at('cmp_sample_direct' as CampaignId, 0n)).resolves.toMatchObject({ hours: null });
      await expect(fresh.at('cmp_sample' as CampaignId, 0n)).rejects.toThrow();
      await change(`UPDATE campaigns SET hours = NULL WHERE id IN ('cmp_sample', 'cmp_sample_direct')`);
      await expect(fresh.at('cmp_sample' as CampaignId, 0n)).resolves.toMatchObject({ hours: null });
    });

    it('is read once, however many ask for the same change at once', async () => {
      await change(`UPDATE assignments SET weight = 31 WHERE id = 'asg_cached_a'`);
      const version = await versionNow();
      const all = await Promise.all(Array.from({ length: 50 }, () => campaigns.at(ID, version)));
      expect(new Set(all).size).toBeLessThanOrEqual(2);
    });
  });
});
