import type { ConfigDocument } from '../../contract/config-document';
import type { FieldError } from '../../contract/problem';
import type { ConfigLimit } from '../../contract/resources/limit';
import { destinationAddress, type Scope, type ScopeKind } from '../../domain/limits/limit';
import type { Edit, Obstacle } from './compare';
import { repeated } from './repeated';

/*
 * Limits of a document. Those on its campaign and its assignments are its own: what it leaves out is removed. Those on
 * buyers, publishers and destinations hold for other campaigns too: they are changed, never removed from here. A document
 * without the list says nothing about limits at all.
 */

const scopeOf = ({ scope }: Pick<ConfigLimit, 'scope'>): Scope => `${scope.kind}:${scope.id}`;

/** One a scope, window and event. */
const keyOf = (limit: ConfigLimit): string => `${scopeOf(limit)} ${limit.window} ${limit.counts}`;

/** Whose limits a document decides alone. */
function isOwn({ scope }: Pick<ConfigLimit, 'scope'>): boolean {
  return scope.kind === 'campaign' || scope.kind === 'assignment';
}

/** Everything a document names that can have a limit. */
export function scopesOfDocument(document: ConfigDocument): ReadonlySet<Scope> {
  const { campaign, publishers, buyers, numbers, assignments } = document;
  return new Set<Scope>([
    `campaign:${campaign.id}`,
    ...publishers.map(({ id }): Scope => `publisher:${id}`),
    ...numbers.flatMap(({ publisherId }): Scope[] =>
      publisherId === null ? [] : [`publisher:${publisherId}`],
    ),
    ...buyers.map(({ id }): Scope => `buyer:${id}`),
    ...assignments.flatMap(({ id, buyerId, dialing }): Scope[] => [
      `assignment:${id}`,
      `buyer:${buyerId}`,
      ...dialing.destinations.map((each): Scope => `destination:${destinationAddress(each)}`),
    ]),
  ]);
}

/** What of a document's limits does not fit the rest of it. Pure. */
export function limitMisfits(document: ConfigDocument): FieldError[] {
  const { limits = [], campaign } = document;
  const scopes = scopesOfDocument(document);
  return [
    ...repeated(
      'limits',
      'id',
      limits.map(({ id }) => id),
    ),
    ...repeated('limits', 'scope', limits.map(keyOf)),
    ...limits.flatMap((limit, index): FieldError[] => {
      const { scope, counts, currency } = limit;
      const errors: FieldError[] = [];
      const refuse = (field: string, message: string): void => {
        errors.push({ pointer: `/limits/${index}/${field}`, message });
      };
      if (!scopes.has(scopeOf(limit))) refuse('scope/id', strangeScope(scope.kind, scope.id));
      if (counts === 'spend' && !isOwn(limit) && currency === undefined)
        refuse('currency', `is missing: a ${scope.kind} may be in campaigns of several currencies`);
      if (isOwn(limit) && currency !== undefined && currency !== campaign.currency)
        refuse('currency', `must be ${campaign.currency}, that of the campaign`);
      return errors;
    }),
  ];
}

function strangeScope(kind: ScopeKind, id: string): string {
  switch (kind) {
    case 'campaign':
      return 'is another campaign: its limits stand in its own document';
    case 'destination':
      return 'is dialled by no assignment of this document';
    default:
      return `is no ${kind} of this document: add ${id} to its ${kind}s`;
  }
}

/** Whether a limit says itself in which zone it counts, and it matters. */
export function saysZone({ scope, window }: Pick<ConfigLimit, 'scope' | 'window'>): boolean {
  const zoneless = scope.kind === 'publisher' || scope.kind === 'destination';
  return zoneless && window !== 'concurrency' && window !== 'total';
}

/** As a stored limit stands in a document: with the currency that is the campaign's, and a zone where it has its own. */
function settled(limit: ConfigLimit, { campaign }: ConfigDocument): ConfigLimit {
  const { currency, timeZone, ...rest } = limit;
  const money = limit.counts === 'spend' ? (currency ?? campaign.currency) : undefined;
  return {
    ...rest,
    ...(money === undefined ? {} : { currency: money }),
    ...(timeZone !== undefined && saysZone(limit) ? { timeZone } : {}),
  };
}

/** The limits that a document decides about, as they are and as they are to be. */
export function limitSides(
  document: ConfigDocument,
  stored: ReadonlyMap<string, ConfigLimit>,
): readonly [ReadonlyMap<string, ConfigLimit>, ReadonlyMap<string, ConfigLimit>] {
  const { limits, assignments, campaign } = document;
  if (limits === undefined) return [new Map(), new Map()];
  const wanted = new Map(limits.map((limit) => [limit.id, settled(limit, document)]));
  const own = new Set<Scope>([
    `campaign:${campaign.id}`,
    ...assignments.map(({ id }): Scope => `assignment:${id}`),
  ]);
  const present = new Map([...stored].filter(([id, limit]) => wanted.has(id) || own.has(scopeOf(limit))));
  return [present, wanted];
}

/** What stands against a document's limits: what a limit is on, and what it counts, is for ever. */
export function* limitObstacles(
  document: ConfigDocument,
  stored: ReadonlyMap<string, ConfigLimit>,
  edits: readonly Edit<ConfigLimit>[],
): Generator<Obstacle> {
  const removed = new Set(edits.flatMap(({ id, after }) => (after === null ? [id] : [])));
  const byKey = new Map(
    [...stored.values()].filter(({ id }) => !removed.has(id)).map((limit) => [keyOf(limit), limit.id]),
  );
  for (const [index, limit] of (document.limits ?? []).entries()) {
    const before = stored.get(limit.id);
    const after = settled(limit, document);
    const pointer = `/limits/${index}`;
    if (before !== undefined && keyOf(before) !== keyOf(after)) {
      yield {
        pointer: `${pointer}/id`,
        message: `is the limit of ${keyOf(before)} for ever: give this one an id of its own`,
        conflict: false,
      };
      continue;
    }
    for (const field of ['currency', 'timeZone'] as const) {
      if (before === undefined || isOwn(limit) || before[field] === after[field]) continue;
      yield {
        pointer: `${pointer}/${field}`,
        message: `has to stay ${before[field]}: remove ${limit.id} and set another`,
        conflict: false,
      };
    }
    const other = byKey.get(keyOf(after));
    if (before === undefined && other !== undefined) {
      yield {
        pointer: `${pointer}/id`,
        message: `has to be ${other}: that is the limit of ${keyOf(after)} already`,
        conflict: true,
      };
    }
  }
}
