import { MUST_BE_TEXT } from '../../api/field-errors';
import { isAlias, isCollection, isMap, isScalar, isSeq, LineCounter, parseDocument, Scalar } from 'yaml';
import type { Document, Node, Pair } from 'yaml';

/** Something is wrong in a file: where, and what. Both count from 1. */
export interface Fault {
  readonly line: number;
  readonly column: number;
  /** `plan.rules[0].strategy`; empty: the file as a whole. */
  readonly field: string;
  readonly message: string;
}

/** A YAML or JSON file that was read, with the way back from a field to its place in the text. */
export interface Source {
  readonly value: unknown;
  /** Puts what is wrong with a field, by its JSON Pointer, at its place in the file. */
  fault(error: { readonly pointer: string; readonly message: string }): Fault;
}

export type Read =
  | { readonly ok: true; readonly source: Source }
  | { readonly ok: false; readonly faults: readonly Fault[] };

/** Reads YAML 1.2, and so JSON. What cannot be read is named by line and column. */
export function readSource(text: string): Read {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const unread = [...document.errors, ...document.warnings];
  if (unread.length > 0) {
    return {
      ok: false,
      faults: unread.map(({ pos, message }) => ({ ...placeOf(pos[0], lines), field: '', message })),
    };
  }
  try {
    return { ok: true, source: { value: document.toJS(), fault: faultIn(document, lines) } };
  } catch (error) {
    // An alias of nothing, or so many of them that the document would never end.
    if (!(error instanceof ReferenceError)) throw error;
    return { ok: false, faults: [{ line: 1, column: 1, field: '', message: error.message }] };
  }
}

function placeOf(offset: number, lines: LineCounter): { line: number; column: number } {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(line, 1), column: Math.max(col, 1) };
}

function faultIn(document: Document, lines: LineCounter): Source['fault'] {
  return ({ pointer, message }) => {
    const found = find(document, partsOf(pointer));
    return {
      ...placeOf(found.offset, lines),
      field: found.field,
      message: found.unquoted === null ? message : inQuotes(message, found.unquoted, found.field),
    };
  };
}

/** What looks like a number or a truth value to YAML and was meant as text: `+14155550100`, `1500000`, `no`. */
function inQuotes(message: string, source: string, field: string): string {
  if (message !== MUST_BE_TEXT) return message;
  return field.endsWith('Micros')
    ? `must be whole micros in quotes: millionths of the currency's unit, so that 25.00 is "25000000"`
    : `must be text: put it in quotes, "${source}"`;
}

interface Place {
  readonly offset: number;
  readonly field: string;
  /** The text of a value that is no text and stands without quotes; `null`: it is something else. */
  readonly unquoted: string | null;
}

/** Follows a path as far as the document goes: something that is missing is where it should have been. */
function find(document: Document, parts: readonly string[]): Place {
  let node: Node | null = document.contents;
  let offset = node?.range?.[0] ?? 0;
  let field = '';
  let whole = true;
  for (const part of parts) {
    const container: Node | null = whole ? resolved(document, node) : null;
    field = `${field}${isSeq(container) ? `[${part}]` : `.${part}`}`;
    const inner = step(container, part);
    if (inner === null) {
      whole = false;
      continue;
    }
    node = inner.value;
    // A list or mapping begins behind its name; whoever looks for it looks for the name.
    offset =
      (isCollection(node) || node === null ? inner.key : node)?.range?.[0] ?? node?.range?.[0] ?? offset;
  }
  return { offset, field: field.replace(/^\./, ''), unquoted: whole ? unquotedText(node) : null };
}

function unquotedText(node: Node | null): string | null {
  if (!isScalar(node) || node.type !== Scalar.PLAIN || node.value === null) return null;
  return typeof node.value === 'string' ? null : (node.source ?? null);
}

function resolved(document: Document, node: Node | null): Node | null {
  return isAlias(node) ? (node.resolve(document) ?? null) : node;
}

function step(container: Node | null, part: string): { key: Node | null; value: Node | null } | null {
  if (isSeq(container)) {
    const item = container.items[Number(part)];
    return item === undefined ? null : { key: null, value: item as Node };
  }
  if (!isMap(container)) return null;
  const pair = container.items.find(({ key }) => isScalar(key) && String(key.value) === part) as
    | Pair<Node, Node | null>
    | undefined;
  return pair === undefined ? null : { key: pair.key, value: pair.value };
}

/** RFC 6901. */
function partsOf(pointer: string): string[] {
  return pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** `campaign.yaml:14:5 plan.rules[0].strategy.kind must be …`, in the order of the file. */
export function renderFaults(file: string, faults: readonly Fault[]): string {
  return faults
    .toSorted((a, b) => a.line - b.line || a.column - b.column)
    .map(({ line, column, field, message }) =>
      [`${file}:${line}:${column}`, field, message].filter((part) => part !== '').join(' '),
    )
    .join('\n');
}
