import { stringify } from 'yaml';
import { findMisfits } from '../../api/config/misfits';
import { fieldErrors } from '../../api/field-errors';
import { findUnstorable } from '../../api/unstorable';
import { configDocumentSchema, type ConfigDocument } from '../../contract/config-document';
import type { FieldError } from '../../contract/problem';
import { readSource, type Fault, type Source } from './source';

/** A file that holds a campaign, checked as far as a file can be without asking the server. */
export type ReadDocument =
  | { readonly ok: true; readonly document: ConfigDocument; readonly source: Source }
  | { readonly ok: false; readonly faults: readonly Fault[] };

export function readDocument(text: string): ReadDocument {
  const read = readSource(text);
  if (!read.ok) return read;
  const { source } = read;
  if (source.value === null)
    return refused(source, [{ pointer: '', message: 'the file is empty: it has no campaign' }]);
  const parsed = configDocumentSchema.safeParse(source.value);
  if (!parsed.success) return refused(source, fieldErrors(parsed.error.issues));
  const errors = [...findUnstorable(parsed.data), ...findMisfits(parsed.data)];
  return errors.length === 0 ? { ok: true, document: parsed.data, source } : refused(source, errors);
}

function refused(source: Source, errors: readonly FieldError[]): ReadDocument {
  return { ok: false, faults: errors.map((error) => source.fault(error)) };
}

/** A document as YAML: the same text for the same document, so that a repository shows only what changed. */
export function writeDocument(document: unknown, id: string): string {
  const head = [
    `# Campaign ${id}. Edit, then: npm run callyard -- apply -f FILE`,
    '# What is left out has its default; it does not stay as it was. See docs/config-as-code.md.',
  ];
  // Wide, and without anchors: nothing is folded or pointed to that somebody wants to find and edit.
  return `${head.join('\n')}\n${stringify(document, { lineWidth: 0, aliasDuplicateObjects: false })}`;
}
