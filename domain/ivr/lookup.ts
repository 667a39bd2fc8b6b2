import type { Qualifications } from '../call/commands';
import type { LookupNode, NodeId } from './flow';

/** How a service was heard. `reason`: why it was not, for example `503` or `no answer within 500 ms`. */
export type LookupResult =
  | { readonly ok: true; readonly body: unknown }
  | { readonly ok: false; readonly reason: string };

export interface LookupOutcome {
  readonly next: NodeId;
  /** To be added to the call's. */
  readonly tags: Qualifications;
  /** What it came to, in words for whoever reads the timeline. */
  readonly decision: string;
}

/** Longer values are no tags, in characters. */
export const MOST_VALUE_CHARACTERS = 1024;

/**
 * What a service's answer means to the flow. Fields the answer lacks, or has in a form that makes no tag, are left out
 * and named; they are no reason to call the lookup failed, because which of them matter is for conditions to say.
 */
export function readLookup(node: LookupNode, result: LookupResult): LookupOutcome {
  if (!result.ok) return { next: node.failed, tags: {}, decision: `failed: ${result.reason}` };
  if (!isObject(result.body) || Array.isArray(result.body))
    return { next: node.failed, tags: {}, decision: 'failed: the answer is no JSON object' };
  const { body } = result;
  const read = node.fields.map(({ path, tag }) => ({ path, tag, value: textOf(valueAt(body, path)) }));
  const kept = read.flatMap(({ tag, value }) => ('text' in value ? [[tag, value.text] as const] : []));
  const leftOut = read.flatMap(({ path, value }) => ('why' in value ? [`${path} (${value.why})`] : []));
  const parts = [
    kept.length === 0 ? 'answered' : kept.map(([tag, text]) => `${tag} = ${text}`).join(', '),
    ...(leftOut.length === 0 ? [] : [`left out: ${leftOut.join(', ')}`]),
  ];
  return { next: node.next, tags: Object.fromEntries(kept), decision: parts.join('; ') };
}

/** What a dotted path leads to; own properties only, so that no path reaches into what every object inherits. */
function valueAt(body: object, path: string): unknown {
  let value: unknown = body;
  for (const name of path.split('.')) {
    if (!isObject(value) || !Object.hasOwn(value, name)) return undefined;
    value = (value as Readonly<Record<string, unknown>>)[name];
  }
  return value;
}

function textOf(value: unknown): { readonly text: string } | { readonly why: string } {
  switch (typeof value) {
    case 'string':
      if (value.length > MOST_VALUE_CHARACTERS) return { why: `over ${MOST_VALUE_CHARACTERS} characters` };
      // PostgreSQL stores neither NUL nor half a surrogate pair, and neither is text.
      return /[\0\p{Surrogate}]/u.test(value) ? { why: 'not text' } : { text: value };
    case 'number':
      // JSON can write numbers that are too large for one: 1e999.
      return Number.isFinite(value) ? { text: String(value) } : { why: 'no finite number' };
    case 'boolean':
      return { text: String(value) };
    case 'undefined':
      return { why: 'missing' };
    default:
      return { why: value === null ? 'null' : Array.isArray(value) ? 'a list' : 'an object' };
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
