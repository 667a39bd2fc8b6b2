import { randomUUID } from 'node:crypto';
import type { CreatedMigration, Migration } from '../../contract/resources/migration';
import type { Page } from '../../contract/page';
import type { MigrationId } from '../../domain/ids';
import { startApi, type ApiServer } from './api-server';
import { sampleConfig } from './config-sample';
import { eventually } from './eventually';
import { addCalls } from './migration-fixture';

interface Refusal {
  readonly code: string;
  readonly detail: string;
  readonly errors?: readonly { readonly pointer: string; readonly message: string }[];
}

const STEPS = [10, 50, 100].map((sharePercent) => ({ sharePercent, minimumSeconds: 1, minimumCalls: 20 }));
const QUICK = {
  steps: STEPS,
  guardrails: [{ metric: 'answer_rate', rule: { kind: 'relative_drop', drop: 0.1 } }],
  evaluationSeconds: 5,
};

describe('migrations over HTTP', () => {
  let api: ApiServer;
  let campaigns = 0;
  beforeAll(async () => {
    api = await startApi({ worker: true });
  });
  afterAll(() => api.stop());

  /** An active campaign with two versions of its plan, of which calls get the first. */
  async function campaign(): Promise<string> {
    campaigns += 1;
    const id = `cmp_shift${campaigns}`;
    await api.ok('PUT', `/campaigns/${id}/config`, sampleConfig(id));
    const { definition } = await api.ok<{ definition: object }>('GET', `/campaigns/${id}/plan`);
    await api.ok('PUT', `/campaigns/${id}/plan/draft`, { ...definition, maxAttempts: 2 }, 201);
    await api.ok('POST', `/campaigns/${id}/plan/publish`, { activate: false });
    return id;
  }
  const betweenPlans = (campaignId: string) => ({ kind: 'plan', campaignId, challengerVersion: 2 });
  const make = (name: string, kind: object, more: object = {}) =>
    api.ok<CreatedMigration>('POST', '/migrations', { name, kind, ...QUICK, ...more });
  const act = (id: string, action: string, body: object = {}) =>
    api.ok<Migration>('POST', `/migrations/${id}/${action}`, body, 200);
  async function refused(path: string, body: object, status = 409): Promise<Refusal> {
    const answer = await api.send('POST', path, { body });
    expect([answer.status, answer.text]).toEqual([status, expect.any(String)]);
    return answer.body as Refusal;
  }

  it('is made, started, watched, operated and ended, with the names of those who did it', async () => {
    const campaignId = await campaign();
    const { warnings, ...made } = await make('New order', betweenPlans(campaignId));
    expect(warnings).toEqual([]);
    expect(made).toMatchObject({
      status: 'scheduled',
      kind: { kind: 'plan', controlVersion: 1, challengerVersion: 2 },
      progress: { sharePercent: 0, step: { no: 0, of: 3 }, possible: ['start', 'abort'] },
      onBreach: 'roll_back',
      startedAt: null,
    });
    expect(await api.ok<Migration>('GET', `/migrations/${made.id}`)).toEqual(made);

    const started = await act(made.id, 'start', { reason: 'let us see' });
    expect(started).toMatchObject({ status: 'running', progress: { sharePercent: 10, step: { no: 1 } } });
    expect(started.history).toMatchObject([{ what: 'started', by: 'admin', reason: 'let us see' }]);

    await addCalls(api.db, made.id, 'control', 30, 15);
    await addCalls(api.db, made.id, 'challenger', 10, 5);
    await eventually(async () => {
      const { progress } = await api.ok<Migration>('GET', `/migrations/${made.id}`);
      expect(progress.figures?.challenger).toMatchObject({ calls: 10, answered: 5 });
      expect(progress.judgements[0]?.control.low).toBeLessThan(0.5);
      expect(progress.missing).toContainEqual({ kind: 'calls', left: 10 });
    });
    expect(await act(made.id, 'share', { sharePercent: 33.33 })).toMatchObject({
      progress: { sharePercent: 33.33, nextSharePercent: 50 },
    });
    expect((await act(made.id, 'advance')).progress.sharePercent).toBe(50);
    expect((await act(made.id, 'pause')).progress).toMatchObject({ pausedBy: 'operator' });
    expect((await act(made.id, 'resume')).status).toBe('running');
    const back = await act(made.id, 'roll-back', { reason: 'seen enough' });
    expect(['rolling_back', 'rolled_back']).toContain(back.status);
    await eventually(async () =>
      expect(await api.ok<Migration>('GET', `/migrations/${made.id}`)).toMatchObject({
        status: 'rolled_back',
        progress: { reason: 'seen enough', possible: [] },
        endedAt: expect.any(String) as string,
      }),
    );
    const { data } = await api.ok<Page<{ action: string; actor: string }>>(
      'GET',
      `/audit?entity=migration&entityId=${made.id}`,
    );
    expect(data.map(({ action }) => action)).toEqual(
      expect.arrayContaining(['create', 'started', 'share set', 'advanced', 'rolled back']),
    );
  });

  it('refuses what cannot be done now with what can, in the names of the routes', async () => {
    const { id } = await make('Refused', betweenPlans(await campaign()));
    expect((await refused(`/migrations/${id}/pause`, {})).detail).toMatch(
      /has not begun .* Possible now: start, abort/,
    );
    await act(id, 'start');
    expect((await refused(`/migrations/${id}/approve`, {})).detail).toMatch(
      /Possible now: pause, advance, share, roll-back, abort/,
    );
    expect((await refused(`/migrations/${id}/share`, { sharePercent: 10 })).detail).toContain('10 % already');
    await refused(`/migrations/${id}/share`, { sharePercent: 0.001 }, 400);
    await act(id, 'abort');
    await eventually(async () =>
      expect((await refused(`/migrations/${id}/start`, {})).detail).toMatch(/was aborted/),
    );
    await refused('/migrations/mig_nobody/start', {}, 404);
  });

  it('does once what is sent twice under one key', async () => {
    const { id } = await make('Twice', betweenPlans(await campaign()));
    const headers = { 'Idempotency-Key': randomUUID() };
    const start = () => api.send('POST', `/migrations/${id}/start`, { body: {}, headers });
    const answers = await Promise.all([start(), start()]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    // As after a crash between the workflow's answer and the API's: the key has been forgotten, the operation has not.
    await api.db.query('DELETE FROM idempotent_requests');
    expect((await start()).status).toBe(200);
    expect((await act(id, 'abort')).history.filter(({ what }) => what === 'started')).toHaveLength(1);
  });

  it('is refused over traffic that another one moves, which is named', async () => {
    const campaignId = await campaign();
    const first = await make('First come', betweenPlans(campaignId));
    const { code, detail } = await refused('/migrations', {
      name: 'Second',
      kind: {
        kind: 'buyer',
        campaignId,
        controlAssignmentId: `asg_${campaignId.slice(4)}_alpha`,
        challengerAssignmentId: `asg_${campaignId.slice(4)}_bravo`,
      },
    });
    expect({ code, detail }).toEqual({
      code: 'conflict',
      detail: expect.stringContaining(`"First come" (${first.id})`) as string,
    });
    await act(first.id, 'abort');
    await eventually(async () => {
      await make('Third', betweenPlans(campaignId));
    });
  });

  it('names by field what it refers to and is not there, or does not fit', async () => {
    const campaignId = await campaign();
    const other = await campaign();
    await api.ok('PATCH', `/campaigns/${campaignId}`, { name: 'A' });
    const own = `asg_${campaignId.slice(4)}_alpha`;
    const buyers = (controlAssignmentId: string, challengerAssignmentId: string) => ({
      kind: 'buyer',
      campaignId,
      controlAssignmentId,
      challengerAssignmentId,
    });
    const cases: readonly (readonly [object, string])[] = [
      [{ kind: betweenPlans('cmp_nobody') }, '/kind/campaignId'],
      [{ kind: { ...betweenPlans(campaignId), challengerVersion: 9 } }, '/kind/challengerVersion'],
      [{ kind: { ...betweenPlans(campaignId), challengerVersion: 1 } }, '/kind/challengerVersion'],
      [{ kind: buyers(own, `asg_${other.slice(4)}_alpha`) }, '/kind/challengerAssignmentId'],
      [{ kind: buyers(own, own) }, '/kind/challengerAssignmentId'],
      [
        { kind: { kind: 'campaign', controlCampaignId: other, challengerCampaignId: 'cmp_none' } },
        '/kind/challengerCampaignId',
      ],
      [{ kind: betweenPlans(campaignId), steps: STEPS.slice(0, 2) }, '/steps/1/sharePercent'],
      [{ kind: betweenPlans(campaignId), evaluationSeconds: 1 }, '/evaluationSeconds'],
    ];
    for (const [body, pointer] of cases) {
      const { errors } = await refused('/migrations', { name: 'Misfit', ...QUICK, ...body }, 422);
      expect(errors?.map((error) => error.pointer)).toContain(pointer);
    }
    expect(await api.ok<Page<object>>('GET', `/migrations?campaignId=${campaignId}`)).toEqual({
      data: [],
      nextCursor: null,
    });
  });

  it('stands still as soon as its campaign is paused, and ends with it', async () => {
    const campaignId = await campaign();
    const { id } = await make('Follows', betweenPlans(campaignId), { evaluationSeconds: 3600 });
    await act(id, 'start');
    const becomes = (wanted: object) =>
      eventually(async () =>
        expect(await api.ok<Migration>('GET', `/migrations/${id}`)).toMatchObject(wanted),
      );
    await api.ok('POST', `/campaigns/${campaignId}/pause`, undefined, 200);
    await becomes({ status: 'paused', progress: { pausedBy: 'campaign' } });
    await api.ok('POST', `/campaigns/${campaignId}/resume`, undefined, 200);
    await becomes({ status: 'running' });
    const document = sampleConfig(campaignId);
    const paused = { ...document, campaign: { ...document.campaign, status: 'paused' } };
    await api.ok('PUT', `/campaigns/${campaignId}/config`, paused);
    await becomes({ status: 'paused' });
    await api.ok('POST', `/campaigns/${campaignId}/archive`, undefined, 200);
    await becomes({ status: 'aborted', progress: { sharePercent: 0 } });
  });

  it('keeps the plan it moves calls to from being passed over, but lets versions be made', async () => {
    const campaignId = await campaign();
    const { id } = await make('Steady', betweenPlans(campaignId));
    const { definition } = await api.ok<{ definition: object }>('GET', `/campaigns/${campaignId}/plan`);
    await api.ok('PUT', `/campaigns/${campaignId}/plan/draft`, { ...definition, maxAttempts: 1 }, 201);
    const blocked = await refused(`/campaigns/${campaignId}/plan/publish`, {});
    expect(blocked.detail).toContain(`"Steady" (${id})`);
    await refused(`/campaigns/${campaignId}/plan/revert`, { version: 2 });
    const changed = { ...sampleConfig(campaignId), plan: { ...definition, maxAttempts: 1 } };
    expect((await api.send('PUT', `/campaigns/${campaignId}/config`, { body: changed })).status).toBe(409);
    const version = await api.ok<object>('POST', `/campaigns/${campaignId}/plan/publish`, {
      activate: false,
    });
    expect(version).toMatchObject({ version: 3, current: false });
    await act(id, 'abort');
    await eventually(async () => {
      await api.ok('POST', `/campaigns/${campaignId}/plan/revert`, { version: 2 });
    });
  });

  it('keeps its sides in the campaign', async () => {
    const campaignId = await campaign();
    const of = (buyer: string) => `asg_${campaignId.slice(4)}_${buyer}`;
    const document = sampleConfig(campaignId);
    const plan = { ...document.plan, rules: [{ name: 'everyone', strategy: { kind: 'waterfall' } }] };
    await api.ok('PUT', `/campaigns/${campaignId}/config`, { ...document, plan });
    const { id } = await make('Sides', {
      kind: 'buyer',
      campaignId,
      controlAssignmentId: of('alpha'),
      challengerAssignmentId: of('bravo'),
    });
    const removal = await api.send('DELETE', `/assignments/${of('bravo')}`);
    expect([removal.status, (removal.body as Refusal).detail]).toEqual([
      409,
      expect.stringContaining(`"Sides" (${id})`) as string,
    ]);
    const without = { ...document, plan, assignments: document.assignments?.slice(0, 1) };
    expect((await api.send('PUT', `/campaigns/${campaignId}/config`, { body: without })).status).toBe(409);
    await act(id, 'abort');
    await eventually(async () => {
      await api.ok('DELETE', `/assignments/${of('bravo')}`, undefined, 204);
    });
  });

  it('goes on with what is on record when its workflow was terminated', async () => {
    const { id } = await make('Revived', betweenPlans(await campaign()));
    await act(id, 'start');
    await api.temporal.workflow.getHandle(`migration/${id satisfies MigrationId}`).terminate('by mistake');
    expect(await act(id, 'pause')).toMatchObject({ status: 'paused', progress: { sharePercent: 10 } });
    await act(id, 'abort');
  });

  it('refuses a version that names a buyer who has left', async () => {
    const campaignId = await campaign();
    const bravo = `asg_${campaignId.slice(4)}_bravo`;
    const { definition } = await api.ok<{ definition: { rules: object[] } }>(
      'GET',
      `/campaigns/${campaignId}/plan`,
    );
    const alone = { ...definition, rules: [{ name: 'everyone', strategy: { kind: 'waterfall' } }] };
    await api.ok('PUT', `/campaigns/${campaignId}/plan/draft`, alone, 201);
    await api.ok('POST', `/campaigns/${campaignId}/plan/publish`, {});
    await api.ok('DELETE', `/assignments/${bravo}`, undefined, 204);
    const { errors } = await refused(
      '/migrations',
      { name: 'Too late', kind: betweenPlans(campaignId), ...QUICK },
      422,
    );
    expect(errors).toMatchObject([{ pointer: '/kind/challengerVersion' }]);
    expect(errors?.[0]?.message).toContain('does not fit');
  });

  it('does once what was asked for while no worker was there, when it is there again', async () => {
    const other = await startApi({ patienceMs: 700 });
    try {
      await other.ok('PUT', '/campaigns/cmp_a/config', sampleConfig('cmp_a'));
      await other.ok('PUT', '/campaigns/cmp_b/config', sampleConfig('cmp_b'));
      const { id } = await other.ok<CreatedMigration>('POST', '/migrations', {
        name: 'Waits',
        kind: { kind: 'campaign', controlCampaignId: 'cmp_a', challengerCampaignId: 'cmp_b' },
      });
      const request = { body: {}, headers: { 'Idempotency-Key': randomUUID() } };
      expect((await other.send('POST', `/migrations/${id}/start`, request)).status).toBe(503);
      await other.startWorker();
      await eventually(async () =>
        expect((await other.ok<Migration>('GET', `/migrations/${id}`)).status).toBe('running'),
      );
      const again = await other.send('POST', `/migrations/${id}/start`, request);
      expect([again.status, (again.body as Migration).history.length]).toEqual([200, 1]);
    } finally {
      await other.stop();
    }
  });

  it('says what to do while Temporal is away, and makes and shows migrations all the same', async () => {
    const alone = await startApi({ temporalAddress: '127.0.0.1:9', patienceMs: 700 });
    try {
      await alone.ok('PUT', '/campaigns/cmp_alone/config', sampleConfig('cmp_alone'));
      await alone.ok('PUT', '/campaigns/cmp_two/config', sampleConfig('cmp_two'));
      const { id } = await alone.ok<CreatedMigration>('POST', '/migrations', {
        name: 'Alone',
        kind: { kind: 'campaign', controlCampaignId: 'cmp_alone', challengerCampaignId: 'cmp_two' },
      });
      const { status, body } = await alone.send('POST', `/migrations/${id}/start`, { body: {} });
      expect([status, (body as Refusal).detail]).toEqual([
        503,
        expect.stringContaining('Idempotency-Key') as string,
      ]);
      expect(await alone.ok<Migration>('GET', `/migrations/${id}`)).toMatchObject({ status: 'scheduled' });
    } finally {
      await alone.stop();
    }
  });
});
