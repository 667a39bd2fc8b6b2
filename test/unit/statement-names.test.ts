import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

const FOLDER = path.join(__dirname, '..', '..', 'db');

describe('prepared statements', () => {
  it('have each a name of their own: a connection that knows another one under it refuses', () => {
    const files = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('.ts'),
    );
    const names = files.flatMap((file) =>
      [...readFileSync(path.join(FOLDER, file), 'utf8').matchAll(/^ {4,}name: '(\w+)',\n {4,}text: /gm)].map(
        ([, name = '']) => name,
      ),
    );
    expect(names.length).toBeGreaterThan(100);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  });
});
