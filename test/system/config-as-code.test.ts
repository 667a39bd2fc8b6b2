import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { ConfigApplied } from '../../contract/config-document';
import { readDocument, writeDocument } from '../../scripts/callyard/document';
import { startApi, type ApiAnswer, type ApiServer } from './api-server';
import { numberOf, sampleConfig, type ConfigInput } from './config-sample';

const ROOT = path.join(__dirname, '..', '..');

interface Run {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

describe('a campaign as a document', () => {
  let api: ApiServer;
  let folder: string;
  beforeAll(async () => {
    api = await startApi();
    folder = await mkdtemp(path.join(tmpdir(), 'callyard-config-'));
  });
  afterAll(async () => {
    await api.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const put = (document: ConfigInput, query = ''): Promise<ApiAnswer> =>
    api.send('PUT', `/campaigns/${document.campaign.id}/config${query}`, { body: document });

  async function applied(document: ConfigInput, query = ''): Promise<ConfigApplied> {
    const answer = await put(document, query);
    if (answer.status !== 200) throw new Error(answer.text);
    return answer.body as ConfigApplied;
  }

  const exported = (id: string): Promise<ConfigInput> =>
    api.ok<ConfigInput>('GET', `/campaigns/${id}/config`);

  const headsOf = ({ changes }: ConfigApplied): string[] =>
    changes.map(({ action, entity, id }) => `${action} ${entity} ${id}`);

  /** Everything a document may change, as it is stored. */
  async function everything(): Promise<unknown> {
    const tables = [
      'campaigns',
      'publishers',
      'buyers',
      'numbers',
      'assignments',
      'routing_plans',
      'ivr_flows',
      'audit_entries',
    ];
    const rows = await Promise.all(
      tables.map((table) =>
        api.db.query(`SELECT to_jsonb(t) AS row FROM ${table} t ORDER BY to_jsonb(t)::text`),
      ),
    );
    return rows.map((result) => result.rows as unknown);
  }

  it('creates a campaign with all that belongs to it, and finds nothing to do the second time', async () => {
    const document = sampleConfig('cmp_created');
    const first = await applied(document);
    expect(headsOf(first)).toEqual([
      'create campaign cmp_created',
      'create publisher pub_search',
      'create buyer buy_alpha',
      'create buyer buy_bravo',
      'create assignment asg_created_alpha',
      'create assignment asg_created_bravo',
      `create number ${numberOf('cmp_created')}`,
      'publish plan 1',
      'publish flow 1',
    ]);
    const { rows } = await api.db.query(
      "SELECT status, plan_version, flow_version FROM campaigns WHERE id = 'cmp_created'",
    );
    expect(rows).toEqual([{ status: 'active', plan_version: 1, flow_version: 1 }]);

    const before = await everything();
    const second = await applied(document);
    expect(second.changes).toEqual([]);
    expect(await everything()).toEqual(before);
  });

  it('writes one audit entry for each change, with before and after', async () => {
    const document = sampleConfig('cmp_audited');
    await applied(document);
    document.campaign.name = 'Roofing, renamed';
    document.assignments?.pop();
    document.plan?.rules.shift();
    await applied(document);
    const { rows } = await api.db.query<Record<string, unknown>>(
      "SELECT action, entity, entity_id, before, after FROM audit_entries WHERE campaign_id = 'cmp_audited' ORDER BY id",
    );
    expect(rows.slice(-3)).toMatchObject([
      { action: 'delete', entity: 'assignment', entity_id: 'asg_audited_bravo', after: null },
      { action: 'publish', entity: 'routing_plan', before: { version: 1 }, after: { version: 2 } },
      {
        action: 'update',
        entity: 'campaign',
        before: { name: 'Roofing' },
        after: { name: 'Roofing, renamed' },
      },
    ]);
  });

  it('is the same after it was exported and applied again, also on another server', async () => {
    await applied(sampleConfig('cmp_round'));
    const document = await exported('cmp_round');
    const before = await everything();
    expect((await applied(document)).changes).toEqual([]);
    expect(await everything()).toEqual(before);

    const other = await startApi();
    try {
      await other.ok('PUT', '/campaigns/cmp_round/config', document);
      expect(await other.ok('GET', '/campaigns/cmp_round/config')).toEqual(document);
    } finally {
      await other.stop();
    }
  });

  it('keeps its meaning through YAML', async () => {
    await applied(sampleConfig('cmp_yaml'));
    const document = await exported('cmp_yaml');
    const read = readDocument(writeDocument(document, 'cmp_yaml'));
    expect(read.ok && read.document).toEqual(document);
  });

  it('changes nothing in a dry run, and then exactly what the dry run showed', async () => {
    await applied(sampleConfig('cmp_dry'));
    const document = await exported('cmp_dry');
    document.campaign.spamWindowSeconds = 30;
    document.plan = { ...sampleConfig('cmp_dry').plan, maxAttempts: 5 } as NonNullable<ConfigInput['plan']>;
    const before = await everything();
    const shown = await applied(document, '?dryRun=true');
    expect(shown).toMatchObject({ dryRun: true });
    expect(headsOf(shown)).toEqual(['update campaign cmp_dry', 'publish plan 2']);
    expect(shown.changes.map(({ lines }) => lines)).toEqual([
      ['~ spamWindowSeconds: 0 → 30'],
      ['~ maxAttempts: 3 → 5'],
    ]);
    expect(await everything()).toEqual(before);

    await api.db.query("UPDATE campaigns SET vertical = 'solar' WHERE id = 'cmp_dry'");
    const stale = await put(document, `?expect=${shown.digest}`);
    expect(stale.status).toBe(409);
    const again = await applied(document, '?dryRun=true');
    expect(headsOf(await applied(document, `?expect=${again.digest}`))).toEqual([
      'update campaign cmp_dry',
      'publish plan 2',
    ]);
    expect((await exported('cmp_dry')).campaign).toMatchObject({
      spamWindowSeconds: 30,
      vertical: 'general',
    });
  });

  it('publishes a new version only of what differs', async () => {
    const document = sampleConfig('cmp_versions');
    await applied(document);
    const bye = document.flow?.nodes['bye'];
    if (bye?.kind === 'hang_up') bye.prompt = { text: 'Adiós.', language: 'es-MX' };
    const change = await applied(document);
    expect(headsOf(change)).toEqual(['publish flow 2']);
    expect(change.changes[0]?.lines).toEqual([
      '~ nodes.bye.prompt.text: "Goodbye." → "Adiós."',
      '~ nodes.bye.prompt.language: "en-US" → "es-MX"',
    ]);
    document.flow = null;
    expect(headsOf(await applied(document))).toEqual(['remove flow 2']);
    const { rows } = await api.db.query(
      "SELECT plan_version, flow_version FROM campaigns WHERE id = 'cmp_versions'",
    );
    expect(rows).toEqual([{ plan_version: 1, flow_version: null }]);
  });

  it('removes what is left out, and brings it back when it is there again', async () => {
    const document = sampleConfig('cmp_less');
    await applied(document);
    const less = sampleConfig('cmp_less');
    less.assignments?.pop();
    less.numbers = [];
    less.plan?.rules.shift();
    expect(headsOf(await applied(less))).toEqual([
      'remove assignment asg_less_bravo',
      `remove number ${numberOf('cmp_less')}`,
      'publish plan 2',
    ]);
    const state = await api.db.query(
      `SELECT (SELECT removed_at IS NOT NULL FROM assignments WHERE id = 'asg_less_bravo') AS removed,
              (SELECT campaign_id FROM numbers WHERE e164 = $1) AS owner`,
      [numberOf('cmp_less')],
    );
    expect(state.rows).toEqual([{ removed: true, owner: null }]);
    expect(headsOf(await applied(document))).toEqual([
      'create assignment asg_less_bravo',
      `update number ${numberOf('cmp_less')}`,
      'publish plan 3',
    ]);
    expect((await exported('cmp_less')).assignments).toHaveLength(2);
  });

  it('changes a buyer for all of their campaigns, and counts each of them up', async () => {
    await applied(sampleConfig('cmp_shared_a'));
    const document = sampleConfig('cmp_shared_b');
    await applied(document);
    const versions = async () =>
      (
        await api.db.query<{ config_version: bigint }>(
          "SELECT config_version FROM campaigns WHERE id IN ('cmp_shared_a', 'cmp_shared_b') ORDER BY id",
        )
      ).rows.map((row) => row.config_version);
    const before = await versions();
    const [alpha] = document.buyers ?? [];
    if (alpha === undefined) throw new Error('The sample has a buyer');
    alpha.status = 'paused';
    expect(headsOf(await applied(document))).toEqual(['update buyer buy_alpha']);
    const after = await versions();
    expect(after.every((version, index) => version > (before[index] ?? version))).toBe(true);
    alpha.status = 'active';
    await applied(document);
  });

  it('applies nothing at all when one thing cannot be', async () => {
    await applied(sampleConfig('cmp_owner'));
    const document = sampleConfig('cmp_thief');
    document.numbers?.push({ number: numberOf('cmp_owner'), channel: 'print' });
    const before = await everything();
    for (const query of ['', '?dryRun=true']) {
      const answer = await put(document, query);
      expect(answer.status).toBe(409);
      expect(answer.body).toMatchObject({
        code: 'conflict',
        errors: [
          {
            pointer: '/numbers/1/number',
            message: expect.stringContaining('apply its own document without the number') as unknown,
          },
        ],
      });
    }
    const [first] = document.assignments ?? [];
    if (first) first.buyerId = 'buy_nobody';
    const answer = await put(document);
    expect(answer.status).toBe(422);
    expect(answer.body).toMatchObject({
      code: 'unprocessable',
      errors: [{ pointer: '/numbers/1/number' }, { pointer: '/assignments/0/buyerId' }],
    });
    expect(await everything()).toEqual(before);
  });

  it('takes a number over from a campaign that is paused', async () => {
    const owner = sampleConfig('cmp_giver');
    owner.campaign.status = 'paused';
    await applied(owner);
    const document = sampleConfig('cmp_taker');
    document.numbers = owner.numbers ?? [];
    expect(headsOf(await applied(document))).toContain(`update number ${numberOf('cmp_giver')}`);
    expect((await exported('cmp_giver')).numbers).toEqual([]);
  });

  it('takes a number over from an active campaign whose own document does without it by now', async () => {
    const owner = sampleConfig('cmp_frees');
    await applied(owner);
    const document = sampleConfig('cmp_gets');
    document.numbers = owner.numbers ?? [];
    expect((await put(document)).status).toBe(409);
    await applied({ ...owner, numbers: [] });
    expect(headsOf(await applied(document))).toContain(`update number ${numberOf('cmp_frees')}`);
  });

  it('archives a campaign that never had a plan', async () => {
    const document = sampleConfig('cmp_given_up');
    document.campaign.status = 'draft';
    document.plan = null;
    await applied(document);
    document.campaign.status = 'archived';
    expect(headsOf(await applied(document))).toEqual(['update campaign cmp_given_up']);
    expect(await exported('cmp_given_up')).toMatchObject({ campaign: { status: 'archived' }, plan: null });
  });

  it('changes nothing of an archived campaign', async () => {
    const document = sampleConfig('cmp_history');
    await applied(document);
    document.campaign.status = 'archived';
    expect(headsOf(await applied(document))).toEqual(['update campaign cmp_history']);
    expect((await applied(document)).changes).toEqual([]);
    document.campaign.name = 'Another name';
    const answer = await put(document);
    expect(answer.status).toBe(422);
    expect(answer.body).toMatchObject({ errors: [{ pointer: '/campaign/status' }] });
  });

  it('names the field of what is not valid, by JSON Pointer', async () => {
    const document = sampleConfig('cmp_invalid');
    const misshapen = { ...document, plan: { ...document.plan, maxAttempts: 0 }, colour: 'red' };
    const answer = await api.send('PUT', '/campaigns/cmp_invalid/config', { body: misshapen });
    expect(answer.status).toBe(400);
    expect((answer.body as { errors: { pointer: string }[] }).errors.map(({ pointer }) => pointer)).toEqual(
      expect.arrayContaining(['/plan/maxAttempts', '/colour']),
    );
    document.assignments?.pop();
    const misfit = await put(document);
    expect(misfit.status).toBe(422);
    expect(misfit.body).toMatchObject({ errors: [{ pointer: '/plan/rules/0/candidates/1/assignmentId' }] });
    const other = await api.send('PUT', '/campaigns/cmp_elsewhere/config', {
      body: sampleConfig('cmp_invalid'),
    });
    expect(other.body).toMatchObject({ code: 'unprocessable', errors: [{ pointer: '/campaign/id' }] });
    expect((await api.send('GET', '/campaigns/cmp_invalid/config')).status).toBe(404);
  });

  it('applies a document once, however many apply it at the same moment', async () => {
    const answers = await Promise.all(Array.from({ length: 6 }, () => put(sampleConfig('cmp_same_moment'))));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 200]);
    const counts = answers.map(({ body }) => (body as ConfigApplied).changes.length).sort((a, b) => a - b);
    expect(counts.slice(0, 5)).toEqual([0, 0, 0, 0, 0]);
    expect(counts[5]).toBeGreaterThan(0);
    const { rows } = await api.db.query(
      "SELECT version FROM routing_plans WHERE campaign_id = 'cmp_same_moment'",
    );
    expect(rows).toEqual([{ version: 1 }]);
  });

  describe('from the command line', () => {
    /** Runs the program the way `npm run callyard --` does. */
    const callyard = (...args: string[]): Promise<Run> =>
      new Promise((resolve) => {
        execFile(
          process.execPath,
          ['--import', 'tsx', path.join(ROOT, 'scripts', 'callyard', 'main.ts'), ...args],
          {
            cwd: ROOT,
            env: {
              ...process.env,
              CALLYARD_ADMIN_KEY: api.adminKey,
              CALLYARD_DATA_DIR: path.join(folder, 'data'),
              TWILIO_ACCOUNT_SID: `AC${'0'.repeat(32)}`,
              TWILIO_AUTH_TOKEN: 'none',
            },
          },
          (error, out, err) => resolve({ code: error === null ? 0 : Number(error.code), out, err }),
        );
      });

    it('exports, shows, applies, and has nothing to do the second time', async () => {
      await applied(sampleConfig('cmp_cli'));
      const file = path.join(folder, 'campaign.yaml');
      const url = ['--url', api.baseUrl];
      expect(await callyard('export', 'cmp_cli', '-o', file, ...url)).toMatchObject({ code: 0 });
      const text = await readFile(file, 'utf8');
      expect((await callyard('export', 'cmp_cli', ...url)).out).toBe(text);
      const same = await callyard('apply', '-f', file, ...url);
      expect(same).toMatchObject({ code: 0, err: '' });
      expect(same.out).toContain('Nothing to change');

      await writeFile(file, text.replace('maxAttempts: 3', 'maxAttempts: 4'));
      const before = await everything();
      const dry = await callyard('apply', '-f', file, '--dry-run', ...url);
      expect(dry).toMatchObject({ code: 0 });
      expect(dry.out).toContain('publish plan version 2\n    ~ maxAttempts: 3 → 4');
      expect(dry.out).toContain('1 to publish');
      expect(await everything()).toEqual(before);

      const done = await callyard('apply', '-f', file, ...url);
      expect(done).toMatchObject({ code: 0 });
      expect(done.out).toContain('~ maxAttempts: 3 → 4');
      expect(done.out).toContain('Applied to cmp_cli. 1 change: 1 published.');
      expect((await callyard('apply', '-f', file, ...url)).out).toContain('Nothing to change');
      expect(await api.ok('GET', '/campaigns/cmp_cli/plan')).toMatchObject({ version: 2 });
    });

    it('names line, column and field of what is wrong, also of what only the server knows', async () => {
      const file = path.join(folder, 'wrong.yaml');
      const text = writeDocument(sampleConfig('cmp_wrong'), 'cmp_wrong');
      const lineOf = (found: string): number => text.slice(0, text.indexOf(found)).split('\n').length;

      await writeFile(file, text.replace('kind: weighted', 'kind: lottery'));
      for (const args of [
        ['validate', '-f', file],
        ['apply', '-f', file, '--url', api.baseUrl],
      ]) {
        const run = await callyard(...args);
        expect(run).toMatchObject({ code: 2, out: '' });
        expect(run.err).toContain(`${file}:${lineOf('kind: weighted')}:`);
        expect(run.err).toContain(' plan.rules[0].strategy.kind ');
      }

      await writeFile(file, text.replace('buyerId: buy_alpha', 'buyerId: buy_unknown'));
      expect(await callyard('validate', '-f', file)).toMatchObject({ code: 0 });
      const refused = await callyard('apply', '-f', file, '--url', api.baseUrl);
      expect(refused.code).toBe(2);
      expect(refused.err).toContain(
        `${file}:${lineOf('buyerId: buy_alpha')}:14 assignments[0].buyerId is unknown`,
      );
      expect((await api.send('GET', '/campaigns/cmp_wrong/config')).status).toBe(404);
    });

    it('says what to do next when it cannot go on', async () => {
      const missing = await callyard('export', 'cmp_nobody', '--url', api.baseUrl);
      expect(missing).toMatchObject({ code: 1, out: '' });
      expect(missing.err).toContain('There is no campaign cmp_nobody');
      const noFile = await callyard('validate', '-f', path.join(folder, 'none.yaml'));
      expect(noFile).toMatchObject({ code: 2 });
      expect(noFile.err).toContain('ENOENT');
      const nobody = await callyard('export', 'cmp_cli', '--url', 'http://127.0.0.1:1');
      expect(nobody).toMatchObject({ code: 2 });
      expect(nobody.err).toContain('Check --url');
      expect(await callyard('destroy')).toMatchObject({ code: 2 });
      expect(await callyard()).toMatchObject({ code: 2 });
    });
  });
});
