import type { FieldError } from '../contract/problem';
import { jsonPointer } from './field-errors';
import { Problem } from './problems';

/** Deeper than any document of ours; a bound, so that no body can exhaust the stack of what reads it. */
const DEEPEST = 200;

/** NUL and halves of surrogate pairs: valid in JSON and YAML, and in no text of PostgreSQL. */
const UNSTORABLE = /[\0\p{Cs}]/u;

/** Whether PostgreSQL can store a text. */
export function isStorable(text: string): boolean {
  return !UNSTORABLE.test(text);
}

/** A value, and the way to it from the top. */
interface Place {
  readonly value: unknown;
  readonly key: string;
  /** `null`: it is the top. */
  readonly inside: Place | null;
}

/**
 * Names every text that PostgreSQL cannot store. A name of a field that cannot be stored is named by what it is in.
 * @param top a tree, as JSON is
 * @throws Problem `invalid_request` when it is nested too deeply
 */
export function* findUnstorable(top: unknown): Generator<FieldError> {
  let level: Place[] = [{ value: top, key: '', inside: null }];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > DEEPEST) throw new Problem('invalid_request', 'The body is nested too deeply');
    const next: Place[] = [];
    for (const place of level) {
      const { value } = place;
      if (typeof value === 'string' && UNSTORABLE.test(value)) yield unstorable(place, 'its text');
      if (typeof value !== 'object' || value === null) continue;
      for (const [key, inner] of Object.entries(value)) {
        if (UNSTORABLE.test(key)) yield unstorable(place, 'the name of a field');
        else next.push({ value: inner, key, inside: place });
      }
    }
    level = next;
  }
}

function unstorable(place: Place, where: string): FieldError {
  const path: string[] = [];
  for (let at = place; at.inside !== null; at = at.inside) path.unshift(at.key);
  return {
    pointer: jsonPointer(path),
    message: `has a NUL character, or half a character, in ${where}`,
  };
}
