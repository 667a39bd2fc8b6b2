import type { ConfigApplied } from '../../contract/config-document';
import type { Page } from '../../contract/page';
import type { Limit } from '../../contract/resources/limit';
import { readDocument, writeDocument } from '../../scripts/callyard/document';
import { startApi, type ApiServer } from './api-server';
import { sampleConfig, type ConfigInput } from './config-sample';

type LimitInput = NonNullable<ConfigInput['limits']>[number];

describe('limits in the document of a campaign', () => {
  let api: ApiServer;
  beforeAll(async () => {
    api = await startApi();
  });
  afterAll(() => api.stop());

  const keys: string[] = [];
  /** Of the buyer Alpha of a campaign. */
  function telephoneOf(key: string): string {
    if (!keys.includes(key)) keys.push(key);
    return `+121255501${String(keys.indexOf(key)).padStart(2, '0')}`;
  }

  /** A campaign with buyers and a publisher of its own, so that no test sees another one's limits. */
  function config(key: string, limits?: readonly LimitInput[]): ConfigInput {
    const text = JSON.stringify(sampleConfig(`cmp_${key}`))
      .replaceAll('buy_', `buy_${key}_`)
      .replaceAll('pub_search', `pub_${key}`)
      .replaceAll('+13125550111', telephoneOf(key));
    const document = JSON.parse(text) as ConfigInput;
    return limits === undefined ? document : { ...document, limits: [...limits] };
  }

  const limitsOf = (key: string): LimitInput[] => [
    { id: `lim_${key}_c`, scope: { kind: 'campaign', id: `cmp_${key}` }, window: 'concurrency', limit: 20 },
    {
      id: `lim_${key}_a`,
      scope: { kind: 'assignment', id: `asg_${key}_alpha` },
      window: 'day',
      counts: 'spend',
      limit: '500000000',
    },
    { id: `lim_${key}_b`, scope: { kind: 'buyer', id: `buy_${key}_bravo` }, window: 'day', limit: 50 },
    {
      id: `lim_${key}_p`,
      scope: { kind: 'publisher', id: `pub_${key}` },
      window: 'month',
      counts: 'conversion',
      limit: 900,
      timeZone: 'America/Denver',
    },
    {
      id: `lim_${key}_d`,
      scope: { kind: 'destination', id: `tel:${telephoneOf(key)}` },
      window: 'concurrency',
      limit: 2,
    },
  ];

  async function apply(document: ConfigInput): Promise<string[]> {
    const path = `/campaigns/${document.campaign.id}/config`;
    const { changes } = await api.ok<ConfigApplied>('PUT', path, document);
    return changes.map(({ action, entity, id }) => `${action} ${entity} ${id}`);
  }
  const exported = (key: string): Promise<ConfigInput> =>
    api.ok<ConfigInput>('GET', `/campaigns/cmp_${key}/config`);
  const get = (id: string): Promise<Limit> => api.ok<Limit>('GET', `/limits/${id}`);
  const idsOf = async (key: string): Promise<string[]> =>
    (await api.ok<Page<Limit>>('GET', `/limits?campaignId=cmp_${key}`)).data.map(({ id }) => id);

  it('are made with the zone and currency of what they are on, once', async () => {
    const document = config('made', limitsOf('made'));
    expect((await apply(document)).filter((change) => change.includes(' limit '))).toEqual(
      ['c', 'a', 'b', 'p', 'd'].map((it) => `create limit lim_made_${it}`),
    );
    expect(await get('lim_made_c')).toMatchObject({
      counts: 'attempt',
      limit: 20,
      timeZone: 'America/Chicago',
    });
    expect(await get('lim_made_a')).toMatchObject({ currency: 'USD', limit: '500000000' });
    expect(await get('lim_made_b')).toMatchObject({ counts: 'connection', timeZone: 'America/New_York' });
    expect(await get('lim_made_p')).toMatchObject({ timeZone: 'America/Denver' });
    expect(await apply(document)).toEqual([]);
  });

  it('come out of an export as they went in, and change nothing when it is applied', async () => {
    await apply(config('round', limitsOf('round')));
    const document = await exported('round');
    expect(document.limits).toHaveLength(5);
    expect(await apply(document)).toEqual([]);
    const read = readDocument(writeDocument(document, 'cmp_round'));
    expect(read.ok && read.document).toEqual(document);
    const other = await startApi();
    try {
      await other.ok('PUT', '/campaigns/cmp_round/config', document);
      expect(await other.ok('GET', '/campaigns/cmp_round/config')).toEqual(document);
    } finally {
      await other.stop();
    }
  });

  it('stay as they are under a document that says nothing about limits', async () => {
    await apply(config('older', limitsOf('older')));
    expect(await apply(config('older'))).toEqual([]);
    expect(await idsOf('older')).toHaveLength(5);
  });

  it('are removed when they are left out and the campaign’s own, and stay when they are on what others share', async () => {
    await apply(config('less', limitsOf('less')));
    expect(await apply(config('less', []))).toEqual(['remove limit lim_less_a', 'remove limit lim_less_c']);
    expect(await idsOf('less')).toEqual(['lim_less_b', 'lim_less_d', 'lim_less_p']);
  });

  it('are moved without touching what they count, each change in the audit trail', async () => {
    await apply(config('moved', limitsOf('moved')));
    await api.db.query(
      `INSERT INTO reservations (id, call_id, attempt_id, status, lease_until, scopes)
       VALUES ('call_m/1', 'call_m', 'call_m/1', 'pending', now(), '{campaign:cmp_moved}')`,
    );
    await api.db.query(`SELECT limit_adopt('lim_moved_c')`);
    const lower = limitsOf('moved').map((limit) =>
      limit.id === 'lim_moved_c' ? { ...limit, limit: 0 } : limit,
    );
    expect(await apply(config('moved', lower))).toEqual(['update limit lim_moved_c']);
    expect(await get('lim_moved_c')).toMatchObject({ limit: 0, pending: 1, revision: 2 });
    const { rows } = await api.db.query<Record<string, unknown>>(
      "SELECT action, campaign_id, before, after FROM audit_entries WHERE entity_id = 'lim_moved_c' ORDER BY id",
    );
    expect(rows).toMatchObject([
      { action: 'create', campaign_id: 'cmp_moved', before: null },
      { action: 'update', campaign_id: 'cmp_moved', before: { limit: 20 }, after: { limit: 0 } },
    ]);
  });

  it('may take the place of another of the campaign’s own under a new id', async () => {
    await apply(config('renamed', limitsOf('renamed')));
    const renamed = limitsOf('renamed').map((limit) =>
      limit.id === 'lim_renamed_c' ? { ...limit, id: 'lim_renamed_calls' } : limit,
    );
    expect(await apply(config('renamed', renamed))).toEqual([
      'create limit lim_renamed_calls',
      'remove limit lim_renamed_c',
    ]);
  });

  it('follow the zone of their campaign in the same document', async () => {
    const document = config('zoned', limitsOf('zoned'));
    await apply({ ...document, limits: [] });
    document.campaign.timeZone = 'Asia/Tokyo';
    await apply(document);
    expect(await get('lim_zoned_a')).toMatchObject({ timeZone: 'Asia/Tokyo' });
  });

  it('follow the currency of a draft', async () => {
    const draft = config('draft', limitsOf('draft'));
    draft.campaign.status = 'draft';
    await apply(draft);
    await api.ok('PATCH', '/campaigns/cmp_draft', { currency: 'EUR' });
    expect(await get('lim_draft_a')).toMatchObject({ currency: 'EUR' });
    draft.campaign.currency = 'GBP';
    await apply(draft);
    expect(await get('lim_draft_a')).toMatchObject({ currency: 'GBP' });
  });

  it.each<[string, (limits: LimitInput[]) => void, number, string]>([
    [
      'another campaign',
      ([first]) => void (first && (first.scope.id = 'cmp_other')),
      422,
      '/limits/0/scope/id',
    ],
    [
      'a buyer of no assignment',
      (all) => void (all[2] && (all[2].scope.id = 'buy_no')),
      422,
      '/limits/2/scope/id',
    ],
    [
      'a telephone nobody has',
      (all) => void (all[4] && (all[4].scope.id = 'tel:+19995550100')),
      422,
      '/limits/4/scope/id',
    ],
    [
      'one thing twice',
      (all) => void (all[0] && all.push({ ...all[0], id: 'lim_wrong_again' })),
      422,
      '/limits/5/scope',
    ],
    [
      'other money than the campaign’s',
      (all) => void (all[1] && (all[1].currency = 'EUR')),
      422,
      '/limits/1/currency',
    ],
    ['what an id is not of', (all) => void (all[0] && (all[0].window = 'day')), 422, '/limits/0/id'],
    [
      'a buyer who has one already',
      (all) => void (all[2] && (all[2].id = 'lim_wrong_new')),
      409,
      '/limits/2/id',
    ],
    [
      'another zone than it was set with',
      (all) => void (all[3] && (all[3].timeZone = 'UTC')),
      422,
      '/limits/3/timeZone',
    ],
  ])('are refused on %s, and nothing is changed', async (_what, edit, status, pointer) => {
    await apply(config('wrong', limitsOf('wrong')));
    const limits = limitsOf('wrong');
    edit(limits);
    const answer = await api.send('PUT', '/campaigns/cmp_wrong/config', { body: config('wrong', limits) });
    expect(answer).toMatchObject({ status, body: { errors: [{ pointer }] } });
    expect(await idsOf('wrong')).toHaveLength(5);
  });
});
