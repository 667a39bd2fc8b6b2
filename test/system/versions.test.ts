import { applyPatch } from 'rfc6902';
import { startApi, type ApiServer } from './api-server';
import { sampleConfig } from './config-sample';

interface Version {
  readonly version: number;
  readonly reverts: number | null;
  readonly current: boolean;
  readonly publishedBy: string;
  readonly note: string;
  readonly definition: Record<string, unknown>;
  readonly warnings: readonly { readonly code: string }[];
}

interface Draft {
  readonly revision: number;
  readonly basedOn: number | null;
  readonly definition: Record<string, unknown>;
  readonly problems: readonly {
    readonly code: string;
    readonly severity: string;
    readonly pointer: string;
  }[];
}

interface Refusal {
  readonly code: string;
  readonly errors?: readonly { readonly pointer: string; readonly message: string }[];
}

interface AuditRow {
  readonly actor: string;
  readonly action: string;
  readonly entity: string;
  readonly before: Record<string, unknown> | null;
  readonly after: Record<string, unknown> | null;
}

describe('versions of plans and flows', () => {
  let api: ApiServer;
  beforeAll(async () => {
    api = await startApi();
  });
  afterAll(() => api.stop());

  /** A campaign whose plan and flow are at version 1. */
  async function campaign(
    id: string,
  ): Promise<{ readonly path: string; readonly plan: Record<string, unknown> }> {
    await api.ok('PUT', `/campaigns/${id}/config`, sampleConfig(id));
    const { definition } = await api.ok<Version>('GET', `/campaigns/${id}/plan`);
    return { path: `/campaigns/${id}`, plan: definition };
  }

  async function auditOf(id: string): Promise<AuditRow[]> {
    const { rows } = await api.db.query<AuditRow>(
      'SELECT actor, action, entity, before, after FROM audit_entries WHERE campaign_id = $1 ORDER BY id',
      [id],
    );
    return rows;
  }

  const withAttempts = (plan: Record<string, unknown>, maxAttempts: number) => ({ ...plan, maxAttempts });

  it('publishes a draft as the next version, which new calls get, and keeps the old one', async () => {
    const { path, plan } = await campaign('cmp_publish');
    expect((await api.send('GET', `${path}/plan/draft`)).status).toBe(404);
    const draft = await api.ok<Draft>('PUT', `${path}/plan/draft`, withAttempts(plan, 5), 201);
    expect(draft).toMatchObject({ basedOn: 1, revision: 1, problems: [] });
    const before = await api.ok<Version>('GET', `${path}/plan`);
    expect(before.version).toBe(1);

    const answer = await api.send('POST', `${path}/plan/publish`, {
      body: { note: 'more attempts' },
      headers: { 'Callyard-Actor': 'Ada' },
    });
    expect(answer.status).toBe(201);
    expect(answer.headers.get('location')).toBe(`/api/v1${path}/plan/versions/2`);
    expect(await api.ok<Version>('GET', `${path}/plan`)).toMatchObject({
      version: 2,
      current: true,
      note: 'more attempts',
      publishedBy: 'admin (Ada)',
      definition: { maxAttempts: 5 },
    });
    expect(await api.ok<Version>('GET', `${path}/plan/versions/1`)).toMatchObject({
      version: 1,
      current: false,
      definition: plan,
    });
    expect((await api.send('GET', `${path}/plan/draft`)).status).toBe(404);
    const trail = await auditOf('cmp_publish');
    expect(trail.slice(-2)).toMatchObject([
      { action: 'create', entity: 'routing_plan_draft', before: null, after: { basedOn: 1 } },
      {
        actor: 'admin (Ada)',
        action: 'publish',
        entity: 'routing_plan',
        before: { version: 1, definition: { maxAttempts: 3 } },
        after: { version: 2, definition: { maxAttempts: 5 }, note: 'more attempts' },
      },
    ]);
  });

  it('refuses an edit that began from a draft somebody else has changed since', async () => {
    const { path, plan } = await campaign('cmp_stale');
    const first = await api.send('PUT', `${path}/plan/draft`, { body: withAttempts(plan, 4) });
    expect(first.headers.get('etag')).toBe('"1"');
    await api.ok('PUT', `${path}/plan/draft`, withAttempts(plan, 5));
    for (const [method, route, body] of [
      ['PUT', `${path}/plan/draft`, withAttempts(plan, 6)],
      ['POST', `${path}/plan/publish`, {}],
      ['DELETE', `${path}/plan/draft`, undefined],
    ] as const) {
      const answer = await api.send(method, route, { body, headers: { 'If-Match': '"1"' } });
      expect(answer.status).toBe(412);
      expect(answer.body).toMatchObject({ code: 'stale_revision' });
    }
    const draft = await api.ok<Draft>('GET', `${path}/plan/draft`);
    expect(draft).toMatchObject({ revision: 2, definition: { maxAttempts: 5 } });
    const discarded = await api.send('DELETE', `${path}/plan/draft`, { headers: { 'If-Match': '"2"' } });
    expect(discarded.status).toBe(204);
    const gone = await api.send('PUT', `${path}/plan/draft`, { body: plan, headers: { 'If-Match': '"2"' } });
    expect(gone.status).toBe(412);
  });

  it('changes nothing, and writes no audit entry, when a draft is written as it is', async () => {
    const { path, plan } = await campaign('cmp_same');
    await api.ok('PUT', `${path}/plan/draft`, withAttempts(plan, 4), 201);
    const entries = (await auditOf('cmp_same')).length;
    expect(await api.ok<Draft>('PUT', `${path}/plan/draft`, withAttempts(plan, 4))).toMatchObject({
      revision: 1,
    });
    expect(await auditOf('cmp_same')).toHaveLength(entries);
  });

  it('publishes a draft once, however many ask at the same moment', async () => {
    const { path, plan } = await campaign('cmp_race');
    await api.ok('PUT', `${path}/plan/draft`, withAttempts(plan, 5), 201);
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => api.send('POST', `${path}/plan/publish`, { body: {} })),
    );
    expect(answers.map(({ status }) => status).sort((a, b) => a - b)).toEqual([
      201,
      ...Array.from({ length: 7 }, () => 409),
    ]);
    const versions = await api.ok<{ data: Version[] }>('GET', `${path}/plan/versions`);
    expect(versions.data.map(({ version }) => version)).toEqual([2, 1]);
  });

  it('gives versions that are published at the same moment different numbers, without a gap', async () => {
    const { path, plan } = await campaign('cmp_numbers');
    await api.ok('PUT', `${path}/plan/draft`, withAttempts(plan, 5), 201);
    await api.ok('POST', `${path}/plan/publish`, {});
    await api.ok('PUT', `${path}/plan/draft`, withAttempts(plan, 6), 201);
    const answers = await Promise.all([
      ...Array.from({ length: 6 }, () => api.send('POST', `${path}/plan/revert`, { body: { version: 1 } })),
      api.send('POST', `${path}/plan/publish`, { body: {} }),
    ]);
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 7 }, () => 201));
    const numbers = answers.map(({ body }) => (body as Version).version).sort((a, b) => a - b);
    expect(numbers).toEqual([3, 4, 5, 6, 7, 8, 9]);
    expect((await api.ok<Version>('GET', `${path}/plan`)).version).toBe(9);
  });

  it('goes back to an old version by publishing it again', async () => {
    const { path, plan } = await campaign('cmp_revert');
    await api.ok('PUT', `${path}/plan/draft`, withAttempts(plan, 5), 201);
    await api.ok('POST', `${path}/plan/publish`, {});
    const reverted = await api.ok<Version>('POST', `${path}/plan/revert`, { version: 1, note: 'worse' });
    expect(reverted).toMatchObject({
      version: 3,
      reverts: 1,
      current: true,
      definition: plan,
      note: 'worse',
    });
    const list = await api.ok<{ data: Version[] }>('GET', `${path}/plan/versions`);
    expect(list.data).toMatchObject([
      { version: 3, reverts: 1, current: true },
      { version: 2, reverts: null, current: false },
      { version: 1, reverts: null, current: false },
    ]);
    expect((await auditOf('cmp_revert')).at(-1)).toMatchObject({
      action: 'revert',
      before: { version: 2 },
      after: { version: 3, reverts: 1 },
    });
    expect((await api.send('POST', `${path}/plan/revert`, { body: { version: 9 } })).status).toBe(404);
    expect((await api.send('POST', `${path}/plan/revert`, { body: { version: 3 } })).status).toBe(409);
  });

  it('pages through versions, newest first', async () => {
    const { path } = await campaign('cmp_pages');
    for (const maxAttempts of [4, 5, 6]) {
      const { definition } = await api.ok<Version>('GET', `${path}/plan`);
      await api.ok('PUT', `${path}/plan/draft`, withAttempts(definition, maxAttempts), 201);
      await api.ok('POST', `${path}/plan/publish`, {});
    }
    const first = await api.ok<{ data: Version[]; nextCursor: string }>(
      'GET',
      `${path}/plan/versions?limit=3`,
    );
    const second = await api.ok<{ data: Version[]; nextCursor: null }>(
      'GET',
      `${path}/plan/versions?limit=3&cursor=${first.nextCursor}`,
    );
    expect([...first.data, ...second.data].map(({ version }) => version)).toEqual([4, 3, 2, 1]);
    expect(second.nextCursor).toBeNull();
  });

  it('tells what sets two versions, or a version and the draft, apart', async () => {
    const { path, plan } = await campaign('cmp_diff');
    const rules = plan['rules'] as Record<string, unknown>[];
    const changed = {
      ...plan,
      maxAttempts: 5,
      rules: [rules[1], { ...rules[0], strategy: { kind: 'waterfall' } }],
    };
    await api.ok('PUT', `${path}/plan/draft`, changed, 201);
    interface Diff {
      readonly patch: object[];
      readonly lines: string[];
    }
    const { patch, lines } = await api.ok<Diff>('GET', `${path}/plan/diff?from=1&to=draft`);
    expect(lines).toEqual([
      '~ rules[everyone]: moved from place 2 to 1',
      '~ rules[Illinois].strategy.kind: "weighted" → "waterfall"',
      '~ maxAttempts: 3 → 5',
    ]);
    const copy = structuredClone(plan);
    expect(applyPatch(copy, patch as never).every((result) => result === null)).toBe(true);
    expect(copy).toEqual((await api.ok<Draft>('GET', `${path}/plan/draft`)).definition);
    expect((await api.ok<Diff>('GET', `${path}/plan/diff?from=1&to=1`)).lines).toEqual([]);
    expect((await api.send('GET', `${path}/plan/diff?from=1&to=7`)).status).toBe(404);
    expect((await api.send('GET', `${path}/flow/diff?from=draft&to=1`)).status).toBe(404);
    expect((await api.send('GET', `${path}/plan/diff?from=1&to=x`)).status).toBe(400);
  });

  it('publishes no plan with candidates the campaign does not have', async () => {
    const { path, plan } = await campaign('cmp_strangers');
    await campaign('cmp_other');
    await api.db.query("UPDATE assignments SET removed_at = now() WHERE id = 'asg_strangers_bravo'");
    const rule = (name: string, assignmentId: string) => ({
      name,
      strategy: { kind: 'waterfall' },
      candidates: [{ assignmentId }],
    });
    const rules = [
      rule('own', 'asg_strangers_alpha'),
      rule("another campaign's", 'asg_other_alpha'),
      rule('removed', 'asg_strangers_bravo'),
      rule('unknown', 'asg_nobody'),
    ];
    const draft = await api.ok<Draft>('PUT', `${path}/plan/draft`, { ...plan, rules }, 201);
    const pointers = [1, 2, 3].map((index) => `/rules/${index}/candidates/0/assignmentId`);
    expect(draft.problems.map(({ pointer }) => pointer)).toEqual(pointers);
    const answer = await api.send('POST', `${path}/plan/publish`, { body: {} });
    expect(answer.status).toBe(422);
    expect((answer.body as Refusal).errors?.map(({ pointer }) => pointer)).toEqual(pointers);
    expect((await api.ok<Version>('GET', `${path}/plan`)).version).toBe(1);
    // The version in force names the removed one too, so it cannot be had back either.
    await api.ok('PUT', `${path}/plan/draft`, { ...plan, rules: rules.slice(0, 1) });
    await api.ok('POST', `${path}/plan/publish`, {});
    expect((await api.send('POST', `${path}/plan/revert`, { body: { version: 1 } })).status).toBe(422);
  });

  it('edits a flow by described operations, and publishes it when nothing is wrong with it any more', async () => {
    const { path } = await campaign('cmp_flow');
    const add = {
      kind: 'add_node',
      id: 'zip',
      node: { kind: 'say', prompt: { text: 'Hello', language: 'en-US' }, next: '' },
    };
    const first = await api.send('POST', `${path}/flow/draft/operations`, {
      body: { operations: [add, { kind: 'set_start', id: 'zip' }] },
    });
    expect(first.status).toBe(200);
    expect(first.headers.get('etag')).toBe('"1"');
    expect((first.body as Draft).problems.map(({ code }) => code)).toContain('missing_exit');

    const refused = await api.send('POST', `${path}/flow/publish`, { body: {} });
    expect(refused.status).toBe(422);
    expect((refused.body as Refusal).errors?.map(({ pointer }) => pointer)).toContain('/nodes/zip/next');

    const connect = { kind: 'connect', from: 'zip', exit: 'next', to: 'menu' };
    const stale = await api.send('POST', `${path}/flow/draft/operations`, {
      body: { operations: [connect] },
      headers: { 'If-Match': '"7"' },
    });
    expect(stale.status).toBe(412);
    const second = await api.send('POST', `${path}/flow/draft/operations`, {
      body: { operations: [connect] },
      headers: { 'If-Match': '"1"' },
    });
    expect(second.status).toBe(200);
    expect(await api.ok<Version>('POST', `${path}/flow/publish`, { note: 'greeting' })).toMatchObject({
      version: 2,
      definition: { start: 'zip', nodes: { zip: { next: 'menu' }, menu: { kind: 'menu' } } },
      warnings: [],
    });
    const edits = (await auditOf('cmp_flow')).filter(({ entity }) => entity === 'ivr_flow_draft');
    expect(edits.map(({ after }) => after?.['operations'])).toEqual([
      [expect.any(String), expect.any(String)],
      [expect.any(String)],
    ]);
  });

  it('applies all operations of a request, or none', async () => {
    const { path } = await campaign('cmp_none');
    const answer = await api.send('POST', `${path}/flow/draft/operations`, {
      body: {
        operations: [
          { kind: 'remove_node', id: 'bye' },
          { kind: 'remove_node', id: 'nobody' },
        ],
      },
    });
    expect(answer.status).toBe(422);
    expect((answer.body as Refusal).errors?.[0]?.pointer).toBe('/operations/1');
    expect((await api.send('GET', `${path}/flow/draft`)).status).toBe(404);
  });

  it('validates a flow without keeping it', async () => {
    const { path } = await campaign('cmp_validate');
    const broken = { start: 'a', nodes: { a: { kind: 'goto', next: 'a' } } };
    const answer = await api.ok<{ publishable: boolean; problems: { code: string }[] }>(
      'POST',
      `${path}/flow/validate`,
      { flow: broken },
      200,
    );
    expect(answer.publishable).toBe(false);
    expect(answer.problems.map(({ code }) => code)).toContain('endless_loop');
    expect((await api.send('POST', `${path}/flow/validate`, { body: {} })).status).toBe(404);
    await api.ok('PUT', `${path}/flow/draft`, broken, 201);
    expect(await api.ok('POST', `${path}/flow/validate`, {}, 200)).toEqual(answer);
    expect(await api.ok<Version>('GET', `${path}/flow`)).toMatchObject({ version: 1 });
  });

  it('takes the IVR away, once, and brings it back by reverting', async () => {
    const { path } = await campaign('cmp_noivr');
    await api.ok('DELETE', `${path}/flow`, undefined, 204);
    const entries = (await auditOf('cmp_noivr')).length;
    await api.ok('DELETE', `${path}/flow`, undefined, 204);
    expect(await auditOf('cmp_noivr')).toHaveLength(entries);
    expect((await api.send('GET', `${path}/flow`)).status).toBe(404);
    const versions = await api.ok<{ data: Version[] }>('GET', `${path}/flow/versions`);
    expect(versions.data).toMatchObject([{ version: 1, current: false }]);
    expect(await api.ok<Version>('POST', `${path}/flow/revert`, { version: 1 })).toMatchObject({
      version: 2,
      reverts: 1,
      current: true,
    });
  });

  it('edits nothing of an archived campaign, and shows all of it', async () => {
    const { path, plan } = await campaign('cmp_archived');
    await api.ok('PUT', `${path}/plan/draft`, withAttempts(plan, 5), 201);
    await api.db.query("UPDATE campaigns SET status = 'archived' WHERE id = 'cmp_archived'");
    expect((await api.send('POST', `${path}/plan/publish`, { body: {} })).status).toBe(409);
    expect((await api.send('PUT', `${path}/plan/draft`, { body: plan })).status).toBe(409);
    expect((await api.ok<Version>('GET', `${path}/plan`)).version).toBe(1);
  });

  it.each([
    ['GET', '/plan'],
    ['GET', '/plan/draft'],
    ['GET', '/plan/versions'],
    ['GET', '/plan/versions/1'],
    ['GET', '/flow/diff?from=1&to=1'],
    ['PUT', '/plan/draft'],
    ['DELETE', '/flow'],
    ['DELETE', '/flow/draft'],
    ['POST', '/plan/publish'],
    ['POST', '/flow/validate'],
  ])('answers 404 to %s %s of a campaign that is not there', async (method, route) => {
    const body = method === 'PUT' ? sampleConfig().plan : method === 'POST' ? {} : undefined;
    expect((await api.send(method, `/campaigns/cmp_nowhere${route}`, { body })).status).toBe(404);
  });
});
