import { readFileSync } from 'node:fs';
import path from 'node:path';
import { WAITS_SECONDS } from '../../domain/events/backoff';
import { TOKEN_NAMES } from '../../domain/events/tokens';
import { EVENT_TYPES } from '../../domain/events/types';

const TEXT = readFileSync(path.join(__dirname, '..', '..', 'docs', 'events.md'), 'utf8');
const rows = TEXT.split('\n').filter((line) => line.startsWith('| '));

describe('the page on events', () => {
  it('has every event', () => {
    const named = (type: string): boolean =>
      rows.some(
        (row) =>
          row.includes(`\`${type}\``) ||
          (type.startsWith('migration.') &&
            row.includes('`migration.breached`') &&
            row.includes(`\`${type.slice('migration.'.length)}\``)),
      );
    expect(EVENT_TYPES.filter((type) => !named(type))).toEqual([]);
  });
  it('has every token, and no other', () => {
    const told = rows.flatMap((row) => [...row.matchAll(/\{\{([^}]+)\}\}/g)].map(([, name = '']) => name));
    expect(told.toSorted()).toEqual(TOKEN_NAMES.map((name) => name.replace('<name>', 'NAME')).toSorted());
  });
  it('says how often is tried', () => {
    expect(TEXT).toContain(`${WAITS_SECONDS.length + 1} times within a`);
  });
});
