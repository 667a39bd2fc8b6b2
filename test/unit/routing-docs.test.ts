import { readFileSync } from 'node:fs';
import path from 'node:path';
import { DUPLICATE_TREATMENTS } from '../../domain/campaign/duplicates';
import { SKIP_REASONS } from '../../domain/routing/skip';

const document = readFileSync(path.join(__dirname, '..', '..', 'docs', 'routing.md'), 'utf8');

/** The first cells of the table below a heading. */
function namesUnder(heading: string): string[] {
  const [section = ''] = document.split(`\n## ${heading}\n`)[1]?.split('\n## ') ?? [];
  return [...section.matchAll(/^\| `(\w+)` \|/gm)].map(([, name = '']) => name);
}

describe('the document about routing', () => {
  it('explains every skip reason', () =>
    expect(namesUnder('Why somebody was not chosen')).toEqual([...SKIP_REASONS]));

  it('explains every treatment of duplicates', () =>
    expect(namesUnder('Duplicates')).toEqual([...DUPLICATE_TREATMENTS]));
});
