// Enforces which folder may import what (scripts/imports/folder-rules.ts). Run by `npm run check`.

import { readdir, readFile } from 'node:fs/promises';
import { builtinModules } from 'node:module';
import { join, posix, resolve } from 'node:path';
import { findImports, type ImportUse } from './imports/find-imports';
import { FOLDERS, type Allowed, type FolderRule } from './imports/folder-rules';

/** An import that the table does not allow. */
export interface Violation {
  readonly file: string;
  /** Counted from 1. */
  readonly line: number;
  readonly message: string;
}

/** Folders with nothing of ours to check. */
const SKIPPED = new Set(['node_modules', 'dist', 'coverage']);
const SOURCE = /\.(ts|tsx|mts|cts|js|mjs|cjs)$/;

/**
 * Checks one file.
 *
 * @param file its path from the root of the project, with forward slashes
 * @throws SyntaxError when the source cannot be parsed
 */
export function checkFile(file: string, source: string): readonly Violation[] {
  const rule = ruleFor(file);
  if (rule === null) {
    if (!file.includes('/')) return []; // settings of a tool, at the root
    return [
      { file, line: 1, message: `${file.split('/')[0]} → ? : this folder has no rule in scripts/imports` },
    ];
  }
  if (rule.ours === 'anything') return [];
  return findImports(source, file).flatMap((use) => {
    const problem = judge(rule, file, use);
    return problem === null ? [] : [{ file, line: use.line, message: problem }];
  });
}

/** The most particular rule for a file: the one with the longest path. Null for files outside all folders. */
function ruleFor(file: string): FolderRule | null {
  const matching = FOLDERS.filter(({ path }) => file === path || file.startsWith(`${path}/`));
  return matching.toSorted((a, b) => b.path.length - a.path.length)[0] ?? null;
}

/** Null when the import is allowed, else what is wrong with it. */
function judge(rule: FolderRule, file: string, { specifier, typeOnly }: ImportUse): string | null {
  if (specifier === null) {
    return `${rule.path} → ? : an import whose path is computed cannot be checked; write the path out`;
  }
  const ours = specifier.startsWith('.');
  const target = ours ? resolveOurs(file, specifier) : packageName(specifier);
  const allowed = ours ? allowanceForOurs(rule, target) : allowanceForPackage(rule, specifier);
  if (allowed === 'value' || (allowed === 'type' && typeOnly)) return null;
  const what = allowed === 'type' ? 'types only: write "import type"' : 'not allowed';
  return `${rule.path} → ${target}: ${what}. ${rule.path} may import ${describe(rule)}`;
}

/** `./b` seen from `folder/a.ts` → `folder/b`, without the extension if one is written. */
function resolveOurs(file: string, specifier: string): string {
  return posix.normalize(posix.join(posix.dirname(file), specifier)).replace(SOURCE, '');
}

function allowanceForOurs(rule: FolderRule, target: string): Allowed | null {
  if (rule.ours === 'anything') return 'value';
  if (within(target, rule.path)) return 'value';
  const matching = Object.entries(rule.ours).filter(([pattern]) => matches(pattern, target));
  // The most particular entry decides: `workflows/ids` over `workflows`.
  return matching.toSorted(([a], [b]) => b.length - a.length)[0]?.[1] ?? null;
}

function allowanceForPackage(rule: FolderRule, specifier: string): Allowed | null {
  const name = packageName(specifier);
  const isBuiltin = specifier.startsWith('node:') || builtinModules.includes(specifier);
  if (isBuiltin) return rule.node ? 'value' : null;
  if (rule.packages === 'any') return 'value';
  return rule.packages[name] ?? null;
}

/** `@scope/name/inner/file` → `@scope/name`. */
function packageName(specifier: string): string {
  const parts = specifier.split('/');
  return parts.slice(0, specifier.startsWith('@') ? 2 : 1).join('/');
}

function within(target: string, folder: string): boolean {
  return target === folder || target.startsWith(`${folder}/`);
}

/** `*` stands for any number of folders, at least one: `workflows/*` + `/messages`. */
function matches(pattern: string, target: string): boolean {
  if (!pattern.includes('*')) return within(target, pattern);
  const [head = '', tail = ''] = pattern.split('*');
  return target.startsWith(head) && target.endsWith(tail) && target.length > head.length + tail.length;
}

function describe(rule: FolderRule): string {
  const list = (allowed: Readonly<Record<string, Allowed>>): readonly string[] =>
    Object.entries(allowed).map(([name, what]) => (what === 'type' ? `types of ${name}` : name));
  const parts = [
    ...(rule.ours === 'anything' ? ['anything'] : list(rule.ours)),
    ...(rule.packages === 'any' ? ['any package'] : list(rule.packages)),
    ...(rule.node ? ["Node's own modules"] : []),
  ];
  return parts.length === 0 ? 'nothing but itself' : `itself, ${parts.join(', ')}`;
}

async function* sourceFiles(root: string, folder = ''): AsyncGenerator<string> {
  for (const entry of await readdir(join(root, folder), { withFileTypes: true })) {
    const path = posix.join(folder, entry.name);
    if (entry.isDirectory()) {
      if (!SKIPPED.has(entry.name) && !entry.name.startsWith('.')) yield* sourceFiles(root, path);
    } else if (SOURCE.test(entry.name)) {
      yield path;
    }
  }
}

/** Checks every source file below the root of the project. */
export async function checkProject(
  root: string,
): Promise<{ files: number; violations: readonly Violation[] }> {
  const violations: Violation[] = [];
  let files = 0;
  for await (const file of sourceFiles(root)) {
    files += 1;
    violations.push(...checkFile(file, await readFile(join(root, file), 'utf8')));
  }
  return { files, violations };
}

async function main(): Promise<void> {
  const { files, violations } = await checkProject(resolve(__dirname, '..'));
  for (const { file, line, message } of violations) console.error(`${file}:${line}  ${message}`);
  console.log(`${files} files, ${violations.length} imports against the rules`);
  process.exitCode = violations.length === 0 ? 0 : 1;
}

if (require.main === module) {
  main().catch((error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  });
}
