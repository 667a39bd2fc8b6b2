import type { z } from 'zod';
import { Problem, type FieldError, type ProblemCode } from './problems';

/** Of what is no text and should be. */
export const MUST_BE_TEXT = 'must be text';

/** RFC 6901: the pointer to a place in a JSON document; the document itself is the empty string. */
export function jsonPointer(path: readonly PropertyKey[]): string {
  return path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

/** Names every field zod refused. */
export function problemFromZod(code: ProblemCode, what: string, error: z.ZodError): Problem {
  const errors = fieldErrors(error.issues);
  const named = errors
    .map(({ pointer, message }) => (pointer === '' ? message : `${pointer.slice(1)} ${message}`))
    .join('; ');
  return new Problem(code, `${what}: ${named}`, errors);
}

/** zod's issues, one for each field: fields nobody knows by their own names, and of a union the variant that fits best. */
export function fieldErrors(
  issues: readonly z.core.$ZodIssue[],
  base: readonly PropertyKey[] = [],
): FieldError[] {
  return issues.flatMap((issue): FieldError[] => {
    const path = [...base, ...issue.path];
    switch (issue.code) {
      case 'unrecognized_keys':
        return issue.keys.map((key) => ({
          pointer: jsonPointer([...path, key]),
          message: 'is not a field that is known here',
        }));
      case 'invalid_union': {
        const closest = issue.errors.toSorted((a, b) => weight(a) - weight(b))[0];
        // One that says itself what it takes says it better.
        if (issue.message === 'Invalid input' && closest !== undefined && closest.length > 0)
          return fieldErrors(closest, path);
        break;
      }
      case 'invalid_key':
      case 'invalid_element':
        return fieldErrors(issue.issues, path);
      case 'invalid_type':
        if (issue.message.endsWith('received undefined'))
          return [{ pointer: jsonPointer(path), message: 'is missing' }];
        break;
      default:
        break;
    }
    return [{ pointer: jsonPointer(path), message: plain(issue) }];
  });
}

/** What a schema says itself, else what zod says in words that fit behind the name of a field. */
function plain(issue: z.core.$ZodIssue): string {
  if (!/^(?:Too (?:small|big)|Invalid (?:input|option))\b/.test(issue.message)) return issue.message;
  switch (issue.code) {
    case 'invalid_type':
      return `must be ${TYPES[issue.expected] ?? issue.expected}`;
    case 'invalid_value':
      return `must be ${issue.values.length === 1 ? '' : 'one of '}${issue.values.map(String).join(', ')}`;
    case 'too_small':
      return within(
        issue.origin,
        Number(issue.minimum),
        issue.inclusive === false ? 'more than' : 'at least',
      );
    case 'too_big':
      return within(issue.origin, Number(issue.maximum), issue.inclusive === false ? 'less than' : 'at most');
    default:
      return issue.message;
  }
}

const TYPES: Readonly<Record<string, string>> = {
  string: MUST_BE_TEXT.slice('must be '.length),
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
};

function within(origin: string, bound: number, how: string): string {
  if (origin !== 'string' && origin !== 'array') return `must be ${how} ${bound}`;
  if (how === 'at least' && bound === 1) return 'must not be empty';
  const things = origin === 'string' ? 'character' : 'item';
  return `must have ${how} ${bound} ${things}${bound === 1 ? '' : 's'}`;
}

/** How far input is from a variant of a union: one that is of another type altogether is farthest. */
function weight(issues: readonly z.core.$ZodIssue[]): number {
  const other = issues.some(({ code, path }) => code === 'invalid_type' && path.length === 0);
  return issues.length + (other ? 1_000 : 0);
}
