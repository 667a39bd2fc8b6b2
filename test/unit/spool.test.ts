import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createSpool } from '../../api/telephony/spool';

describe('the spool', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'callyard-spool-test-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  async function drained(spool = createSpool(folder)): Promise<unknown[]> {
    const items: unknown[] = [];
    await spool.drain((line) => {
      items.push(JSON.parse(line));
      return Promise.resolve();
    });
    return items;
  }

  it('gives back what was appended, once', async () => {
    const spool = createSpool(folder);
    await spool.append({ a: 1 });
    await spool.append({ a: 2 });
    expect(await drained(spool)).toEqual([{ a: 1 }, { a: 2 }]);
    expect(await drained(spool)).toEqual([]);
  });

  it('keeps everything when taking fails, and loses nothing that comes meanwhile', async () => {
    const spool = createSpool(folder);
    await spool.append({ a: 1 });
    const failing = spool.drain(async () => {
      await spool.append({ a: 2 });
      throw new Error('database is away');
    });
    await expect(failing).rejects.toThrow('database is away');
    const items = [...(await drained(spool)), ...(await drained(spool))];
    expect(items).toEqual(expect.arrayContaining([{ a: 1 }, { a: 2 }]));
  });

  it('takes over the lines of a process that died, and leaves those of one that lives', async () => {
    // No process has the highest pid that Linux allows; the parent of this one lives.
    await writeFile(path.join(folder, '4194304.jsonl'), '{"dead":true}\n');
    await writeFile(path.join(folder, `${process.ppid}.jsonl`), '{"alive":true}\n');
    expect(await drained()).toEqual([{ dead: true }]);
    expect(await readdir(folder)).toEqual([`${process.ppid}.jsonl`]);
  });

  it('is empty where there is no folder yet', async () => {
    await rm(folder, { recursive: true });
    expect(await drained()).toEqual([]);
  });
});
