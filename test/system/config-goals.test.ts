import type { ConfigApplied } from '../../contract/config-document';
import type { Page } from '../../contract/page';
import type { CampaignGoal } from '../../contract/resources/goal';
import { readDocument, writeDocument } from '../../scripts/callyard/document';
import { startApi, type ApiServer } from './api-server';
import { sampleConfig, type ConfigInput } from './config-sample';

describe('the goal in the document of a campaign', () => {
  let api: ApiServer;
  beforeAll(async () => {
    api = await startApi();
  });
  afterAll(() => api.stop());

  const path = '/campaigns/cmp_roofing';
  const apply = async (goal?: ConfigInput['goal'], query = ''): Promise<string[]> => {
    const document = { ...sampleConfig(), ...(goal === undefined ? {} : { goal }) };
    const { changes } = await api.ok<ConfigApplied>('PUT', `${path}/config${query}`, document);
    return changes
      .filter(({ entity }) => entity === 'goal')
      .map(({ action, id, name, lines }) => [action, id, name, ...lines].join(' '));
  };
  const goal = { period: 'week' as const, calls: 500, costPerCallMicros: '0015000000' };

  it('is set once, with a new campaign too, and comes out of an export as it went in', async () => {
    expect(await apply(goal, '?dryRun=true')).toHaveLength(1);
    expect(await apply(goal)).toEqual([expect.stringMatching(/^create cmp_roofing week .*calls: 500/)]);
    expect(await apply(goal)).toEqual([]);
    expect(await api.ok<CampaignGoal>('GET', `${path}/goal`)).toMatchObject({
      revision: 1,
      calls: 500,
      costPerCallMicros: '15000000',
      conversionRate: null,
    });
    const document = await api.ok<ConfigInput>('GET', `${path}/config`);
    const { changes } = await api.ok<ConfigApplied>('PUT', `${path}/config`, document);
    expect(changes).toEqual([]);
    const read = readDocument(writeDocument(document, 'cmp_roofing'));
    expect(read.ok && read.document).toEqual(document);
  });

  it('stays as it is under a document that says nothing of it', async () => {
    expect(await apply()).toEqual([]);
    expect(await api.ok('GET', `${path}/goal`)).toMatchObject({ calls: 500 });
  });

  it('is changed as a whole, and taken away, each in the audit trail', async () => {
    expect(await apply({ period: 'day', conversionRate: 0.5 })).toEqual([
      expect.stringMatching(/^update cmp_roofing day/),
    ]);
    expect(await api.ok('GET', `${path}/goal`)).toMatchObject({
      revision: 2,
      calls: null,
      conversionRate: 0.5,
    });
    expect(await apply(null)).toEqual(['remove cmp_roofing day']);
    expect((await api.send('GET', `${path}/goal`)).status).toBe(404);
    expect(await apply(null)).toEqual([]);
    const { data } = await api.ok<Page<{ action: string }>>(
      'GET',
      '/audit?entity=goal&campaignId=cmp_roofing',
    );
    expect(data.map(({ action }) => action)).toEqual(['delete', 'update', 'create']);
  });

  it('needs something to expect, as elsewhere', async () => {
    const document = { ...sampleConfig(), goal: { period: 'day' } };
    const answer = await api.send('PUT', `${path}/config`, { body: document });
    expect(answer).toMatchObject({ status: 400, body: { errors: [{ pointer: '/goal' }] } });
  });
});
