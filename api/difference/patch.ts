import { isDeepStrictEqual } from 'node:util';

/** What a document is made of. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** One step of an RFC 6902 patch. Steps are carried out in order. */
export type Operation =
  | { readonly op: 'add'; readonly path: string; readonly value: Json }
  | { readonly op: 'remove'; readonly path: string }
  | { readonly op: 'replace'; readonly path: string; readonly value: Json }
  | { readonly op: 'move'; readonly from: string; readonly path: string };

/** A place in a document: object keys and array elements, from the root. */
export type Place = readonly Step[];
/** `label` names an array's element for people: its own name where it has one, else its index. */
export type Step = { readonly key: string } | { readonly index: number; readonly label: string };

/** A difference as it was found, with both sides of it: a step of the patch, and what a person is told. */
export type Found =
  | { readonly kind: 'added'; readonly at: Place; readonly after: Json }
  | { readonly kind: 'removed'; readonly at: Place; readonly before: Json }
  | { readonly kind: 'replaced'; readonly at: Place; readonly before: Json; readonly after: Json }
  /** An array's element: from one index of `at` to another. */
  | {
      readonly kind: 'moved';
      readonly at: Place;
      readonly from: number;
      readonly to: number;
      readonly label: string;
    };

/**
 * What to change in `before` to get `after`, in the order in which it has to be done. Cost grows with the size of the
 * documents times their depth, never with the product of two arrays' lengths: plans may list 20,000 candidates, and
 * conditions nest. (The `rfc6902` package compares arrays by edit distance, anew at each level; it applies our patches
 * in the tests.) Elements that carry a name keep their identity, so that a rule inserted at the top is one addition.
 */
export function findDifferences(before: Json, after: Json): readonly Found[] {
  const found: Found[] = [];
  compare(before, after, [], found);
  return found;
}

function compare(before: Json, after: Json, at: Place, found: Found[]): void {
  if (before === after) return;
  if (isArray(before) && isArray(after)) return compareArrays(before, after, at, found);
  if (isObject(before) && isObject(after)) return compareObjects(before, after, at, found);
  found.push({ kind: 'replaced', at, before, after });
}

type JsonObject = { readonly [key: string]: Json };

function compareObjects(before: JsonObject, after: JsonObject, at: Place, found: Found[]): void {
  for (const [key, value] of Object.entries(before)) {
    if (!Object.hasOwn(after, key)) found.push({ kind: 'removed', at: [...at, { key }], before: value });
  }
  for (const [key, value] of Object.entries(after)) {
    const old = Object.hasOwn(before, key) ? before[key] : undefined;
    if (old === undefined) found.push({ kind: 'added', at: [...at, { key }], after: value });
    else compare(old, value, [...at, { key }], found);
  }
}

function compareArrays(before: readonly Json[], after: readonly Json[], at: Place, found: Found[]): void {
  let start = 0;
  while (start < Math.min(before.length, after.length) && isDeepStrictEqual(before[start], after[start]))
    start++;
  let end = 0;
  while (
    end < Math.min(before.length, after.length) - start &&
    isDeepStrictEqual(before[before.length - 1 - end], after[after.length - 1 - end])
  )
    end++;
  const left = before.slice(start, before.length - end);
  const right = after.slice(start, after.length - end);
  const names = namesOf(left, right);
  if (names === null) compareByPosition(left, right, { at, start, found });
  else if (!compareByName(left, right, { at, start, found, nameOf: names }))
    found.push({ kind: 'replaced', at, before, after });
}

interface Stretch {
  readonly at: Place;
  /** Index of the stretch's first element in the whole array. */
  readonly start: number;
  readonly found: Found[];
}

function compareByPosition(
  left: readonly Json[],
  right: readonly Json[],
  { at, start, found }: Stretch,
): void {
  const step = (offset: number): Place => [...at, { index: start + offset, label: String(start + offset) }];
  const common = Math.min(left.length, right.length);
  for (const [offset, after] of right.slice(0, common).entries()) {
    const before = left[offset];
    if (before !== undefined) compare(before, after, step(offset), found);
  }
  // From the end, so that the indices of those before stay what they are.
  for (const [offset, before] of [...left.entries()].slice(common).reverse()) {
    found.push({ kind: 'removed', at: step(offset), before });
  }
  for (const [offset, after] of [...right.entries()].slice(common)) {
    found.push({ kind: 'added', at: step(offset), after });
  }
}

type NameOf = (element: Json) => string;

/** Past so many moves a list is another list: it is replaced, for nobody would read how it came about. */
const MOST_MOVES = 200;

/** Gives back `false`, having said nothing, where the order changed beyond {@link MOST_MOVES}. */
function compareByName(
  left: readonly Json[],
  right: readonly Json[],
  { at, start, found, nameOf }: Stretch & { readonly nameOf: NameOf },
): boolean {
  const step = (offset: number, label: string): Place => [...at, { index: start + offset, label }];
  const wanted = new Set(right.map(nameOf));
  const kept = left.filter((element) => wanted.has(nameOf(element)));
  const places = new Map(kept.map((element, index) => [nameOf(element), index]));
  const movers = thatMove(right.flatMap((element) => places.get(nameOf(element)) ?? []));
  if (movers.size > MOST_MOVES) return false;

  for (const [offset, before] of [...left.entries()].reverse()) {
    if (!wanted.has(nameOf(before)))
      found.push({ kind: 'removed', at: step(offset, nameOf(before)), before });
  }
  // As the patch leaves the list so far. Everything up to `last` is in its final order, but for what still has to move.
  const current = [...kept];
  let last = -1;
  for (const after of right) {
    const name = nameOf(after);
    const place = places.get(name);
    const before = place === undefined ? undefined : kept[place];
    if (place === undefined || before === undefined) {
      last += 1;
      current.splice(last, 0, after);
      found.push({ kind: 'added', at: step(last, name), after });
      continue;
    }
    if (movers.has(place)) {
      const from = current.indexOf(before);
      current.splice(from, 1);
      last += from < last ? 0 : 1;
      current.splice(last, 0, before);
      found.push({ kind: 'moved', at, from: start + from, to: start + last, label: name });
    } else {
      do last += 1;
      while (current[last] !== before);
    }
    compare(before, after, step(last, name), found);
  }
  return true;
}

/** Of a permutation: the fewest numbers that have to move so that the others are in order. O(n log n). */
function thatMove(numbers: readonly number[]): ReadonlySet<number> {
  // The longest increasing subsequence, by patience sorting: tails[k] ends the best one of length k + 1.
  const tails: number[] = [];
  const precededBy = new Map<number, number | undefined>();
  for (const number of numbers) {
    let low = 0;
    let high = tails.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((tails[middle] ?? 0) < number) low = middle + 1;
      else high = middle;
    }
    precededBy.set(number, tails[low - 1]);
    tails[low] = number;
  }
  const moving = new Set(numbers);
  for (let stays = tails.at(-1); stays !== undefined; stays = precededBy.get(stays)) moving.delete(stays);
  return moving;
}

/** Properties that tell elements of one array apart, where there are any. */
const NAMES = ['name', 'id', 'assignmentId', 'number', 'digit', 'date'] as const;

/** How to name the elements of both arrays: by the first property that all have and no two share; `null`: by none. */
function namesOf(left: readonly Json[], right: readonly Json[]): NameOf | null {
  if (left.length === 0 && right.length === 0) return null;
  for (const property of NAMES) {
    const name = (element: Json): string | null => {
      const value = isObject(element) && Object.hasOwn(element, property) ? element[property] : undefined;
      return typeof value === 'string' ? value : null;
    };
    if ([left, right].every((elements) => isUnique(elements.map(name))))
      return (element) => name(element) ?? '';
  }
  return null;
}

function isUnique(names: readonly (string | null)[]): boolean {
  return !names.includes(null) && new Set(names).size === names.length;
}

function isArray(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}

function isObject(value: Json): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The differences as an RFC 6902 patch. */
export function toPatch(differences: readonly Found[]): readonly Operation[] {
  return differences.map((found): Operation => {
    switch (found.kind) {
      case 'added':
        return { op: 'add', path: pointerTo(found.at), value: found.after };
      case 'removed':
        return { op: 'remove', path: pointerTo(found.at) };
      case 'replaced':
        return { op: 'replace', path: pointerTo(found.at), value: found.after };
      case 'moved': {
        const array = pointerTo(found.at);
        return { op: 'move', from: `${array}/${found.from}`, path: `${array}/${found.to}` };
      }
    }
  });
}

/** RFC 6901. */
function pointerTo(place: Place): string {
  return place
    .map((step) => `/${'key' in step ? step.key.replaceAll('~', '~0').replaceAll('/', '~1') : step.index}`)
    .join('');
}
