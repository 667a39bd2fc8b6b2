import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Backtest } from '../../contract/resources/backtest';
import { startApi, type ApiServer } from './api-server';
import { sampleResult } from './backtest-sample';
import { sampleConfig } from './config-sample';
import { eventually } from './eventually';

const ROOT = path.join(__dirname, '..', '..');

interface Run {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

describe('npm run callyard -- backtest', () => {
  let api: ApiServer;
  let folder: string;
  // Without a worker: backtests wait until the test says otherwise.
  beforeAll(async () => {
    api = await startApi();
    folder = await mkdtemp(path.join(tmpdir(), 'callyard-backtest-'));
    await api.ok('PUT', '/campaigns/cmp_past/config', sampleConfig('cmp_past'));
  });
  afterAll(async () => {
    await api.stop();
    await rm(folder, { recursive: true, force: true });
  });

  function begin(...args: string[]): { child: ChildProcess; ended: Promise<Run> } {
    const child = spawn(
      process.execPath,
      [
        '--import',
        'tsx',
        path.join(ROOT, 'scripts/callyard/main.ts'),
        'backtest',
        ...args,
        '--url',
        api.baseUrl,
      ],
      {
        cwd: ROOT,
        stdio: ['ignore', 'pipe', 'pipe'],
        env: {
          ...process.env,
          CALLYARD_ADMIN_KEY: api.adminKey,
          CALLYARD_DATA_DIR: path.join(folder, 'data'),
          TWILIO_ACCOUNT_SID: `AC${'0'.repeat(32)}`,
          TWILIO_AUTH_TOKEN: 'none',
        },
      },
    );
    let out = '';
    let err = '';
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
    const ended = new Promise<Run>((resolve) => child.once('close', (code) => resolve({ code, out, err })));
    return { child, ended };
  }
  const backtest = (...args: string[]): Promise<Run> => begin(...args).ended;
  const only = async (): Promise<Backtest> => {
    const { rows } = await api.db.query<{ id: string }>('SELECT id FROM backtests WHERE seed = $1', [
      'watched',
    ]);
    const [row] = rows;
    if (row === undefined) throw new Error('It is not made yet');
    return api.ok('GET', `/backtests/${row.id}`);
  };

  it('starts one and prints its id, shows, lists and cancels it', async () => {
    const made = await backtest(
      'run',
      'cmp_past',
      '--version',
      '1',
      '--from',
      '2026-03-02',
      '--to',
      '2026-03-09T00:00:00+01:00',
      '--runs',
      '3',
      '--no-wait',
    );
    expect(made).toEqual({ code: 0, out: expect.stringMatching(/^bkt_\w+\n$/) as string, err: '' });
    const id = made.out.trim();
    expect(await api.ok('GET', `/backtests/${id}`)).toMatchObject({
      from: '2026-03-02T00:00:00.000Z',
      to: '2026-03-08T23:00:00.000Z',
      runs: 3,
    });
    const [shown, listed, differences] = await Promise.all([
      backtest('show', id),
      backtest('list', '--campaign', 'cmp_past'),
      backtest('differences', id),
    ]);
    expect(shown).toMatchObject({ code: 0, out: expect.stringContaining('waiting to begin') as string });
    expect(listed.out).toContain(`${id}  waiting `);
    expect(differences).toMatchObject({
      code: 1,
      out: '',
      err: expect.stringContaining(`${id} is waiting`) as string,
    });
    expect(await backtest('cancel', id)).toMatchObject({
      code: 0,
      out: expect.stringContaining('was asked to end') as string,
    });
  });

  it('waits until it is over, and can be left', async () => {
    const waits = begin('run', 'cmp_past', '--version', '1', '--days', '1', '--seed', 'watched');
    const { id } = await eventually(only);
    await api.db.query(
      `UPDATE backtests SET status = 'completed', result = $2, started_at = now(), ended_at = now() WHERE id = $1`,
      [id, JSON.stringify(sampleResult())],
    );
    const over = await waits.ended;
    expect({ code: over.code, err: over.err }).toEqual({ code: 0, err: '' });
    expect(over.out).toMatch(/^Backtest bkt_/);
    expect(over.out).toContain('300 of 4702 calls go elsewhere first');
    const differences = await backtest('differences', id);
    expect(differences).toMatchObject({ code: 0, err: '' });
    expect(differences.out).toMatch(/^Backtest bkt_\w+: plan version 1 of cmp_past\n\nNo call /);

    await api.db.query(`UPDATE backtests SET seed = 'seen' WHERE id = $1`, [id]);
    const left = begin('run', 'cmp_past', '--version', '1', '--seed', 'watched');
    const other = await eventually(only);
    left.child.kill('SIGINT');
    const { code, out, err } = await left.ended;
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toContain(`backtest show ${other.id}`);
    expect((await only()).status).toBe('waiting');
  });

  it('says what is wrong with what was asked for', async () => {
    const wrong = await Promise.all([
      backtest('run', 'cmp_past', '--version', '9'),
      backtest('run', 'cmp_past', '--version', '1', '--from', '2026-03-02T09:00'),
      backtest('run', 'cmp_past', '--version', '1', '--from', '2026-03-02', '--days', '3'),
      backtest('run', 'cmp_past'),
      backtest('show', 'bkt_nobody'),
    ]);
    expect(wrong.map(({ code }) => code)).toEqual([2, 2, 2, 2, 1]);
    expect(wrong.map(({ out }) => out).join('')).toBe('');
    const [version, zone, twice, missing, nobody] = wrong.map(({ err }) => err);
    expect(version?.replaceAll(/\s+/g, ' ')).toMatch(
      /^version 9 is not published; there is only 1\. .*"activate": false/,
    );
    expect(zone).toContain('with its zone');
    for (const line of wrong.flatMap(({ err }) => err.split('\n')))
      expect([line, line.length <= 80]).toEqual([line, true]);
    expect(twice).toContain('--from or --days');
    expect(missing).toContain('--version');
    expect(nobody).toContain('There is no backtest bkt_nobody');
  });
});
