import { stringify } from 'yaml';
import { findMisfits } from '../../api/config/misfits';
import { fieldErrors } from '../../api/field-errors';
import { configDocumentSchema, type ConfigDocument } from '../../contract/config-document';
import { readSource, type Fault, type Source } from './source';

/** A file that holds a campaign, checked as far as a file can be without asking the server. */
export type ReadDocument =
  | { readonly ok: true; readonly document: ConfigDocument; readonly source: Source }
  | { readonly ok: false; readonly faults: readonly Fault[] };

export function readDocument(text: string): ReadDocument {
  const read = readSource(text);
  if (!read.ok) return read;
  const { source } = read;
  const parsed = configDocumentSchema.safeParse(source.value);
  const errors = parsed.success ? findMisfits(parsed.data) : fieldErrors(parsed.error.issues);
  return parsed.success && errors.length === 0
    ? { ok: true, document: parsed.data, source }
    : { ok: false, faults: errors.map((error) => source.fault(error)) };
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
