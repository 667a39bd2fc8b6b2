import type { ConfigApplied, ConfigChange } from '../../contract/config-document';

const SIGNS = { create: '+', update: '~', remove: '-', publish: '»' } as const satisfies Record<
  ConfigChange['action'],
  string
>;

const VERBS = {
  create: 'create',
  update: 'update',
  remove: 'remove',
  publish: 'publish',
} as const satisfies Record<ConfigChange['action'], string>;

const CODES = { green: 32, yellow: 33, red: 31, cyan: 36 } as const;
const TONES = { '+': 'green', '~': 'yellow', '-': 'red', '»': 'cyan' } as const;

/** The changes for a terminal, one heading a thing and one line a field. */
export function renderChanges(applied: ConfigApplied, colours: boolean): string {
  const lines = applied.changes.flatMap((change) => [
    paint(SIGNS[change.action], `${SIGNS[change.action]} ${headingOf(change)}`, colours),
    ...change.lines.map((line) => `    ${paintLine(withConsequence(change, line), colours)}`),
  ]);
  return lines.join('\n');
}

function headingOf({ action, entity, id, name }: ConfigChange): string {
  const what = action === 'remove' && entity === 'number' ? 'release' : VERBS[action];
  return entity === 'plan' || entity === 'flow'
    ? `${what} ${entity} version ${id}`
    : `${what} ${entity} ${id}${name === '' ? '' : ` (${name})`}`;
}

/** What a line does not show by itself. */
function withConsequence(change: ConfigChange, line: string): string {
  return change.entity === 'campaign' && /^[+~] status: .*"archived"$/.test(line)
    ? `${line}   for ever: an archived campaign takes no calls and no changes any more`
    : line;
}

function paintLine(line: string, colours: boolean): string {
  const sign = line.slice(0, 1);
  return sign === '+' || sign === '~' || sign === '-' ? paint(sign, line, colours) : line;
}

function paint(sign: keyof typeof TONES, text: string, colours: boolean): string {
  return colours ? `\u001b[${CODES[TONES[sign]]}m${text}\u001b[0m` : text;
}

/** `3 changes: 1 to create, 2 to publish`. */
export function countChanges({ changes, dryRun }: ConfigApplied): string {
  const counts = (['create', 'update', 'remove', 'publish'] as const).flatMap((action) => {
    const count = changes.filter((change) => change.action === action).length;
    return count === 0
      ? []
      : [`${count} ${dryRun ? `to ${action}` : `${action}${action.endsWith('e') ? 'd' : 'ed'}`}`];
  });
  return `${changes.length} ${changes.length === 1 ? 'change' : 'changes'}: ${counts.join(', ')}`;
}
