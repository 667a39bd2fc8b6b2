import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startApi, type ApiServer } from './api-server';

const ROOT = path.join(__dirname, '..', '..');

describe('a command that has no key, or another one', () => {
  let api: ApiServer;
  let folder: string;
  beforeAll(async () => {
    api = await startApi();
    folder = await mkdtemp(path.join(tmpdir(), 'callyard-key-'));
  });
  afterAll(async () => {
    await api.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const limits = (env: NodeJS.ProcessEnv): Promise<{ code: unknown; out: string }> =>
    new Promise((resolve) => {
      const command = ['--import', 'tsx', 'scripts/callyard/main.ts', 'limits', 'list', '--url', api.baseUrl];
      const { CALLYARD_ADMIN_KEY: _, ...rest } = process.env;
      execFile(process.execPath, command, { cwd: ROOT, env: { ...rest, ...env } }, (error, out, err) =>
        resolve({ code: error === null ? 0 : error.code, out: out + err }),
      );
    });

  it('says where it looked and what to set, and makes nothing', async () => {
    const data = path.join(folder, 'never-started');
    const { code, out } = await limits({ CALLYARD_DATA_DIR: data });
    expect(code).not.toBe(0);
    expect(out.replace(/\s+/g, ' ')).toContain(`There is no admin key in ${data}/secrets/admin-key`);
    expect(out).toContain('CALLYARD_DATA_DIR');
    expect(existsSync(data)).toBe(false);
  });

  it('says which key that is, when the API does not know it', async () => {
    await mkdir(path.join(folder, 'secrets'));
    await writeFile(path.join(folder, 'secrets', 'admin-key'), 'cy_of_another_one\n');
    const { code, out } = await limits({ CALLYARD_DATA_DIR: folder });
    expect(code).not.toBe(0);
    expect(out.replace(/\s+/g, ' ')).toContain(`${folder}/secrets/admin-key is not that of ${api.baseUrl}`);
  });
});
