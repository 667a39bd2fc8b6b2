import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { MUTANTS } from '../../scripts/mutants/mutants';
import { plant } from '../../scripts/mutants/plant';

const ROOT = path.join(__dirname, '..', '..');
const read = (file: string): string => readFileSync(path.join(ROOT, file), 'utf8');

describe('the planted bugs', () => {
  it.each(MUTANTS.map((mutant) => [mutant.name, mutant] as const))('can be planted: %s', (_, mutant) => {
    expect(plant(read(mutant.file), mutant)).not.toBe(read(mutant.file));
  });

  it.each(MUTANTS.map((mutant) => [mutant.name, mutant] as const))(
    'have a test that is there: %s',
    (_, mutant) => {
      const file = `test/system/${mutant.test}.test.ts`;
      expect(existsSync(path.join(ROOT, file))).toBe(true);
      expect(read(file).replaceAll("\\'", "'")).toContain(mutant.red);
    },
  );

  it('say so when their text is gone, or stands twice', () => {
    const [mutant] = MUTANTS;
    if (mutant === undefined) throw new Error('there are none');
    expect(() => plant('nothing of the kind', mutant)).toThrow('stands 0 times');
    expect(() => plant(`${mutant.find} ${mutant.find}`, mutant)).toThrow('stands 2 times');
  });
});
