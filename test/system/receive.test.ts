import { execFile, spawn } from 'node:child_process';
import path from 'node:path';
import { placeCall } from './placing';
import { eventually, startSystem, type SystemUnderTest } from './system';

const ROOT = path.join(__dirname, '..', '..');

describe('npm run receive, and npm run callyard -- webhooks', () => {
  let system: SystemUnderTest;
  beforeAll(async () => {
    system = await startSystem({ inquiries: [] });
  });
  afterAll(() => system.stop());

  const env = () => ({ ...process.env, CALLYARD_ADMIN_KEY: system.adminKey, NO_COLOR: '1' });
  const webhooks = (...args: string[]): Promise<{ code: number; out: string }> =>
    new Promise((resolve) => {
      const command = [
        '--import',
        'tsx',
        'scripts/callyard/main.ts',
        'webhooks',
        ...args,
        '--url',
        system.baseUrl,
      ];
      execFile(process.execPath, command, { cwd: ROOT, env: env() }, (error, stdout, stderr) =>
        resolve({ code: error === null ? 0 : Number(error.code), out: stdout + stderr }),
      );
    });

  it('print what a call tells somebody else’s service, and how that went', async () => {
    const command = ['--import', 'tsx', 'scripts/receive/main.ts', '--url', system.baseUrl];
    const receive = spawn(process.execPath, command, { cwd: ROOT, env: env() });
    let out = '';
    for (const stream of [receive.stdout, receive.stderr])
      stream.on('data', (chunk: Buffer) => {
        out += chunk.toString();
      });
    await eventually(() => {
      expect(out).toMatch(/^whk_\w+ is told of \*\. Ctrl-C ends it\.$/m);
      return Promise.resolve();
    });
    const { call } = await placeCall(system, { to: '+14155550101' });
    await eventually(() => {
      expect(out).toMatch(
        new RegExp(
          `^\\d\\d:\\d\\d:\\d\\d  call\\.ended +evt_\\w+  ${call.id}, connected, Alpha Insurance, ${call.talkSeconds} s`,
          'm',
        ),
      );
      return Promise.resolve();
    });
    expect(out).not.toContain('Refused');

    const listed = await webhooks('list');
    expect(listed).toEqual({
      code: 0,
      out: expect.stringMatching(/^whk_\w+ {2}healthy {2}webhook {2}\*$/m) as string,
    });
    const deliveries = await webhooks('deliveries', '--event', 'call.ended', '--status', 'delivered');
    expect(deliveries.out).toContain(`of ${call.id}`);
    expect(deliveries.out).toContain('1 attempt, the last: 200');
    const [id = ''] = /wdl_\w+/.exec(deliveries.out) ?? [];
    expect(await webhooks('redeliver', id)).toEqual({ code: 0, out: `${id} is sent again.\n` });
    await eventually(() => {
      expect(out.match(/call\.ended/g)).toHaveLength(2);
      return Promise.resolve();
    });

    const gone = new Promise((resolve) => receive.once('exit', resolve));
    for (const _ of [1, 2]) receive.kill('SIGINT');
    expect(await gone).toBe(0);
    expect(out).toContain('is deleted.');
    expect((await webhooks('list')).out).toBe('Nobody is told of anything.\n');
    expect(await webhooks('redeliver', id)).toMatchObject({
      code: 1,
      out: expect.stringContaining('deleted') as string,
    });
  });
});
