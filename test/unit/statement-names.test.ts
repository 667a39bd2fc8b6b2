import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

const QUERIES = path.join(__dirname, '../../db');

/** Every `name: '…'` in front of the text of a statement, with its file. */
function statementNames(): { name: string; file: string }[] {
  return readdirSync(QUERIES, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .flatMap((file) =>
      [...readFileSync(path.join(QUERIES, file), 'utf8').matchAll(/\bname: '([a-z0-9_]+)',\s*text:/g)].map(
        ([, name = '']) => ({ name, file }),
      ),
    );
}

describe('prepared statements', () => {
  it('each have a name of their own: a connection refuses a second statement under one', () => {
    const names = statementNames();
    expect(names.length).toBeGreaterThan(150);
    const files = new Map<string, string[]>();
    for (const { name, file } of names) files.set(name, [...(files.get(name) ?? []), file]);
    expect([...files].filter(([, where]) => where.length > 1)).toEqual([]);
  });
});
