import { readRecordedCampaign } from '../../activities/backtest/recorded';
import { createCampaigns, type Campaigns } from '../../activities/call/campaigns';
import { assignmentDigest, recordedForm } from '../../activities/call/recording';
import { countStatements } from '../../bench/call/counters';
import { createPool } from '../../db/pool';
import { loadRecordedCampaign } from '../../db/queries/decisionRecords';
import type { CampaignId } from '../../domain/ids';
import { insertCampaign, type TestCampaign } from './campaign-fixture';
import { startSystem, type SystemUnderTest } from './system';

const PAST: TestCampaign = {
  key: 'past',
  number: '+14155559700',
  duplicates: { definition: 'any_call', treatment: 'pay_once', days: 30 },
  buyers: [
    { name: 'a', filter: { kind: 'not', condition: { kind: 'first_call' } }, weight: 3 },
    { name: 'b', weight: 1.5, bid: '7000000' },
    { name: 'c', hours: { timeZone: 'America/New_York', openings: [], holidays: [] } },
  ],
};

describe('what is recorded of a campaign', () => {
  let system: SystemUnderTest;
  beforeAll(async () => {
    system = await startSystem({ worker: false });
    await insertCampaign(system.db, PAST);
  });
  afterAll(() => system.stop());

  const ID = 'cmp_past' as CampaignId;
  let campaigns: Campaigns;
  beforeEach(() => {
    campaigns = createCampaigns(system.db);
  });

  const change = (text: string): Promise<unknown> => system.db.query(text);
  const read = async () => {
    const { rows } = await system.db.query<{ config_version: bigint }>(
      'SELECT config_version FROM campaigns WHERE id = $1',
      [ID],
    );
    return campaigns.at(ID, rows[0]?.config_version ?? 0n);
  };
  const kept = async (): Promise<readonly number[]> => {
    const { rows } = await system.db.query<{ assignments: number; campaigns: number }>(
      `SELECT (SELECT count(*)::integer FROM decision_assignments) AS assignments,
              (SELECT count(*)::integer FROM decision_campaigns) AS campaigns`,
    );
    return [rows[0]?.assignments ?? 0, rows[0]?.campaigns ?? 0];
  };
  /** What an edit adds, in assignments and campaigns. */
  const addedBy = async (edit: string): Promise<readonly number[]> => {
    const [assignments = 0, all = 0] = (await read(), await kept());
    await change(edit);
    await read();
    const [assignmentsNow = 0, allNow = 0] = await kept();
    return [assignmentsNow - assignments, allNow - all];
  };

  it('is under the digest that the campaign in memory has', async () => {
    const campaign = await read();
    expect(campaign.recorded).toBe(recordedForm(campaign).digest);
    const row = await loadRecordedCampaign(system.db, campaign.recorded);
    const { timeZone, holidays, duplicates, currency, assignments } = campaign;
    const again = readRecordedCampaign(row?.body, row?.assignments ?? []);
    expect(again).toEqual({ timeZone, holidays, duplicates, currency, assignments });
    expect(again.assignments.map(assignmentDigest)).toEqual(assignments.map(assignmentDigest));
  });

  it.each([
    ['an assignment', `UPDATE assignments SET weight = 2.25 WHERE id = 'asg_past_b'`, [1, 1]],
    ['a buyer', `UPDATE buyers SET name = 'bee' WHERE id = 'buy_past_b'`, [1, 1]],
    ['an assignment back', `UPDATE assignments SET weight = 1.5 WHERE id = 'asg_past_b'`, [1, 1]],
    ['a buyer back', `UPDATE buyers SET name = 'b' WHERE id = 'buy_past_b'`, [0, 0]],
    [
      'holidays',
      `UPDATE campaigns SET holidays = '[{"date":"2026-12-25","name":"x"}]' WHERE id = '${ID}'`,
      [0, 1],
    ],
    ['what choices do not look at', `UPDATE campaigns SET record_calls = true WHERE id = '${ID}'`, [0, 0]],
    ['nothing', `UPDATE assignments SET weight = weight WHERE id = 'asg_past_b'`, [0, 0]],
    ['a limit', `UPDATE limits SET maximum = 999 WHERE id = 'lim_asg_past_b'`, [0, 0]],
  ])('grows by what is new, and no more, after an edit of %s', async (_, edit, added) => {
    expect(await addedBy(edit)).toEqual(added);
  });

  it('is written before anybody gets the campaign, and tried again when it could not be', async () => {
    await change('ALTER TABLE decision_campaigns RENAME TO away');
    await change(`UPDATE assignments SET weight = 7 WHERE id = 'asg_past_b'`);
    await expect(read()).rejects.toThrow('decision_campaigns');
    await change('ALTER TABLE away RENAME TO decision_campaigns');
    const campaign = await read();
    const row = await loadRecordedCampaign(system.db, campaign.recorded);
    expect(row?.assignments).toHaveLength(PAST.buyers.length);
    expect(row?.assignments).not.toContain(null);
  });

  it('is not sent again by a process that starts and finds nothing new', async () => {
    await read();
    const pool = createPool({
      url: system.databaseUrl,
      size: 2,
      applicationName: 'test-counted',
      onIdleError: () => undefined,
    });
    const statements = countStatements(pool);
    expect((await createCampaigns(pool).at(ID, 0n)).recorded).toBe((await read()).recorded);
    // Campaign and assignments are read, in one transaction; then what is recorded is looked for.
    expect(statements.read()).toEqual({ statements: 3, commits: 1 });
    await pool.end();
  });

  it('is written by many at once', async () => {
    await change(`UPDATE assignments SET weight = weight + 10 WHERE campaign_id = '${ID}'`);
    const before = await kept();
    const all = await Promise.all(Array.from({ length: 8 }, () => createCampaigns(system.db).at(ID, 0n)));
    expect(new Set(all.map(({ recorded }) => recorded)).size).toBe(1);
    expect(await kept()).toEqual([(before[0] ?? 0) + PAST.buyers.length, (before[1] ?? 0) + 1]);
  });
});
