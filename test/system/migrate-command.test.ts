import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startSystem, type SystemUnderTest } from './system';

const ROOT = path.join(__dirname, '..', '..');

interface Run {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

describe('npm run callyard -- migrate', () => {
  let system: SystemUnderTest;
  let folder: string;
  beforeAll(async () => {
    system = await startSystem({ inquiries: [] });
    folder = await mkdtemp(path.join(tmpdir(), 'callyard-migrate-'));
  });
  afterAll(async () => {
    await system.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const migrate = (...args: string[]): Promise<Run> =>
    new Promise((resolve) => {
      execFile(
        process.execPath,
        [
          '--import',
          'tsx',
          path.join(ROOT, 'scripts/callyard/main.ts'),
          'migrate',
          ...args,
          '--url',
          system.baseUrl,
        ],
        {
          cwd: ROOT,
          env: {
            ...process.env,
            CALLYARD_ADMIN_KEY: system.adminKey,
            CALLYARD_DATA_DIR: path.join(folder, 'data'),
            TWILIO_ACCOUNT_SID: `AC${'0'.repeat(32)}`,
            TWILIO_AUTH_TOKEN: 'none',
          },
        },
        (error, out, err) => resolve({ code: error === null ? 0 : Number(error.code), out, err }),
      );
    });
  const buyers = ['--campaign', 'cmp_sample', '--from', 'asg_sample_alpha', '--to', 'asg_sample_bravo'];

  it('makes, starts, shows, operates and ends a migration', async () => {
    const made = await migrate(
      'create',
      'Alpha to Bravo',
      ...buyers,
      '--steps',
      '5,100',
      '--minimum-calls',
      '50',
    );
    expect(made).toMatchObject({ code: 0, err: '' });
    const [id = ''] = /mig_\w+/.exec(made.out) ?? [];
    expect(made.out).toMatch(/^Start it: npm run callyard -- migrate start mig_\w+$/m);
    expect((await migrate('start', id, '--reason', 'off we go')).out).toContain('running, step 1 of 2');
    expect((await migrate('share', id, '12.5')).out).toMatch(/^█{6}▒{44} 12.5 %, next 100 %$/m);
    const { out } = await migrate('status', id);
    expect(out).toContain('asg_sample_alpha → asg_sample_bravo in cmp_sample');
    expect(out).toMatch(/started at 5 % by admin: off we go/);
    const refused = await migrate('approve', id);
    expect(refused).toMatchObject({ code: 1, out: '' });
    expect(refused.err.replaceAll(/\s+/g, ' ')).toContain(
      'Possible now: pause, advance, share, roll-back, abort',
    );
    const watched = migrate('status', id, '--watch');
    await migrate('abort', id);
    expect(await watched).toMatchObject({ code: 0, out: expect.stringContaining('aborted') as string });
    expect((await migrate('list', '--campaign', 'cmp_sample')).out).toContain(`${id}  aborted`);
  });

  it('takes all settings from a file, and says by line what is wrong in it', async () => {
    const file = path.join(folder, 'migration.yaml');
    await writeFile(
      file,
      [
        'name: From a file',
        'kind: { kind: buyer, campaignId: cmp_sample, controlAssignmentId: asg_sample_alpha,',
        '        challengerAssignmentId: asg_sample_bravo }',
        'steps:',
        '  - { sharePercent: 20, minimumSeconds: 60, minimumCalls: 10 }',
      ].join('\n'),
    );
    const { code, err } = await migrate('create', '-f', file);
    expect({ code, err }).toEqual({
      code: 2,
      err: expect.stringMatching(/migration\.yaml:5:\d+.*sharePercent.*100 %/) as string,
    });
  });

  it('asks for what a migration cannot be made without', async () => {
    expect(await migrate('create', 'Nowhere', '--campaign', 'cmp_sample')).toMatchObject({
      code: 2,
      err: expect.stringContaining('in one way') as string,
    });
    expect((await migrate('share', 'mig_x', '101')).code).toBe(2);
    const { out } = await migrate('--help');
    for (const line of out.split('\n')) expect([line, line.length <= 80]).toEqual([line, true]);
  });
});
