import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

const DB = path.resolve(__dirname, '../../db');
const NAME = /\bname: '(\w+)',\s*(?:\/\/.*\s*)*text:/g;

describe('prepared statements', () => {
  it('have names of their own: a connection refuses a second text under one it knows', () => {
    const names = readdirSync(DB, { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts'))
      .flatMap((file) => [...readFileSync(path.join(DB, file), 'utf8').matchAll(NAME)])
      .map(([, name]) => name);
    expect(names.length).toBeGreaterThan(150);
    expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([]);
  });
});
