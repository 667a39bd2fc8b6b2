import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { callSchema } from '../../contract/call';
import { OUTCOMES } from '../../domain/call/outcome';
import { ACCOUNT_SID, AUTH_TOKEN, startSystem, type SystemUnderTest } from './system';

const ROOT = path.join(__dirname, '..', '..');
const DOCUMENTS = [
  'README.md',
  ...readdirSync(path.join(ROOT, 'docs')).map((name) => path.join('docs', name)),
].filter((name) => name.endsWith('.md'));

/** `npm run call -- <options>   # <outcome>…`, as documents have it in their shell blocks. */
interface Example {
  readonly file: string;
  readonly options: string;
  /** The first word after the comment sign. */
  readonly outcome: string;
}

function shellBlocks(file: string): readonly string[] {
  return readFileSync(path.join(ROOT, file), 'utf8').match(/^ *```sh\n[^]*?^ *```/gm) ?? [];
}

const examples = DOCUMENTS.flatMap((file): Example[] =>
  shellBlocks(file)
    .flatMap((block) => [...block.matchAll(/^ *npm run call -- ([^#\n]*?)\s*(?:# (\w+).*)?$/gm)])
    .map(([, options = '', outcome = 'not given']) => ({ file, options, outcome })),
);

/** Backtests as documents have them in their shell blocks. */
const backtests = DOCUMENTS.flatMap((file) =>
  shellBlocks(file)
    .flatMap((block) => [...block.matchAll(/^ *npm run callyard -- (backtest run .*)$/gm)])
    .map(([, options = '']) => ({ file, options })),
);

/** The requests of the recipe for a backtest, before which there is only version 1 of the sample's plan. */
const publishing = shellBlocks('docs/backtests.md').flatMap((block) =>
  [...block.matchAll(/^curl [^]*?-X (\w+)[^]*?-d '([^']*)'[^]*?\$API(\S+)/gm)].map(
    ([, method = '', body = '', url = '']) => ({ method, body, url }),
  ),
);

function run(
  file: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<{ code: number; output: string }> {
  return new Promise((resolve) => {
    const command = ['--import', 'tsx', file, ...args];
    execFile(
      process.execPath,
      command,
      { cwd: ROOT, env: { ...process.env, ...env } },
      (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : Number(error.code ?? 1), output: stdout + stderr });
      },
    );
  });
}

describe('what the documents say', () => {
  let system: SystemUnderTest;
  let env: NodeJS.ProcessEnv;
  beforeAll(async () => {
    system = await startSystem({ inquiries: [] });
    env = {
      TWILIO_ACCOUNT_SID: ACCOUNT_SID,
      TWILIO_AUTH_TOKEN: AUTH_TOKEN,
      CALLYARD_ADMIN_KEY: system.adminKey,
      DATABASE_URL: system.databaseUrl,
    };
    for (const { method, body, url } of publishing) {
      const response = await fetch(`${system.baseUrl}/api/v1${url}`, {
        method,
        body,
        headers: { authorization: `Bearer ${system.adminKey}`, 'content-type': 'application/json' },
      });
      if (!response.ok) throw new Error(`${method} ${url}: ${await response.text()}`);
    }
  });
  afterAll(() => system.stop());

  it('about calls to place is there to be tried', () => {
    expect(examples.length).toBeGreaterThanOrEqual(10);
    expect(examples.filter(({ outcome }) => !(OUTCOMES as readonly string[]).includes(outcome))).toEqual([]);
  });

  it.each(examples)('in $file: npm run call -- $options ends $outcome', async ({ options, outcome }) => {
    const args = [...options.split(/\s+/), '--url', system.baseUrl, '--speed', '50', '--json'];
    const { code, output } = await run('scripts/simulate/call.ts', args, env);
    // Whatever else it printed is why it failed.
    expect(output).toMatch(/^\{/);
    const { call, carrier } = JSON.parse(output) as {
      call: { outcome: string };
      carrier: { errors: string[] };
    };
    expect({ outcome: call.outcome, errors: carrier.errors, code }).toEqual({ outcome, errors: [], code: 0 });
  });

  it('about a backtest publishes the version first, which calls do not get', async () => {
    expect(publishing.map(({ method, url }) => `${method} ${url}`)).toEqual([
      'PUT /campaigns/cmp_sample/plan/draft',
      'POST /campaigns/cmp_sample/plan/publish',
    ]);
    expect(backtests.some(({ options }) => options.includes('--version 2'))).toBe(true);
    const { rows } = await system.db.query(
      `SELECT plan_version, max(version) AS latest
         FROM campaigns JOIN routing_plans ON campaign_id = id
        WHERE id = 'cmp_sample' GROUP BY plan_version`,
    );
    expect(rows).toEqual([{ plan_version: 1, latest: 2 }]);
  });

  it.each(backtests)('in $file: npm run callyard -- $options', async ({ options }) => {
    expect(backtests.length).toBeGreaterThanOrEqual(2);
    const args = [...options.split(/\s+/), '--url', system.baseUrl];
    const { code, output } = await run('scripts/callyard/main.ts', args, env);
    expect({ code, output }).toEqual({ code: 0, output: expect.stringContaining('Modelled:') as string });
  });

  it('about one’s own number makes it reach the sample campaign, and one’s own telephone', async () => {
    const script = 'deploy/own-number.ts';
    for (const again of [1, 2]) {
      const { code, output } = await run(script, ['+12125550188', '+12125550199'], env);
      expect({ again, code, output }).toMatchObject({ code: 0 });
    }
    const { output } = await run(
      'scripts/simulate/call.ts',
      ['--to', '+12125550188', '--digits', '1', '--url', system.baseUrl, '--speed', '50', '--json'],
      env,
    );
    const { call } = JSON.parse(output) as { call: unknown };
    expect(callSchema.parse(call)).toMatchObject({
      outcome: 'connected',
      campaignId: 'cmp_sample',
      attempts: [{ destinations: [{ kind: 'tel', number: '+12125550199' }] }],
    });
    const wrong = await run(script, ['2125550188', '+12125550199'], env);
    expect(wrong).toMatchObject({ code: 1, output: expect.stringContaining('E.164') as string });
  });

  it('about search attributes is done by the program it names, again and again', async () => {
    const attributes = { TEMPORAL_ADDRESS: process.env['CALLYARD_TEST_TEMPORAL_ADDRESS'] };
    const { code, output } = await run('deploy/register-search-attributes.ts', [], attributes);
    expect({ code, output }).toEqual({
      code: 0,
      output: expect.stringContaining('CallyardOutcome') as string,
    });
  });

  it('about the sample campaigns is done by the program it names, once', async () => {
    expect(await run('deploy/load-sample.ts', [], env)).toEqual({
      code: 0,
      output: 'The sample campaigns are there already\n',
    });
  });
});
