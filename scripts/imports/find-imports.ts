import { parseSync } from '@swc/core';

/** One place where a file names another module. */
export interface ImportUse {
  /** As written; null when it is computed at run time. */
  readonly specifier: string | null;
  /** Counted from 1. */
  readonly line: number;
  /** Nothing of it is left when the types are erased. */
  readonly typeOnly: boolean;
}

type Node = Readonly<Record<string, unknown>>;

/**
 * Finds every import of a source file: static and dynamic imports, re-exports, `import x = require()`, `require()`,
 * `require.resolve()` and import types.
 *
 * @throws when the source cannot be parsed; the message names the file
 */
export function findImports(source: string, file: string): readonly ImportUse[] {
  // Positions count from the start of the first statement swc knows: this one is where the file begins.
  const marker = ';';
  const text = marker + source.replace(/^#!/, '//');
  const tree: unknown = parse(text, file);
  const bytes = Buffer.from(text);
  const base = isNode(tree) ? startOf(tree) : 0;
  const uses: ImportUse[] = [];
  walk(tree, (node) => {
    const found = importOf(node);
    if (found === null) return;
    uses.push({
      ...found,
      line: bytes
        .subarray(0, startOf(node) - base)
        .toString('utf8')
        .split('\n').length,
    });
  });
  return uses;
}

function parse(text: string, file: string): unknown {
  try {
    const isTypeScript = /\.[cm]?tsx?$/.test(file);
    return parseSync(
      text,
      isTypeScript
        ? { syntax: 'typescript', tsx: file.endsWith('x'), decorators: true, target: 'es2022' }
        : { syntax: 'ecmascript', jsx: file.endsWith('x'), target: 'es2022' },
    );
  } catch (error) {
    throw new SyntaxError(`${file} cannot be parsed: ${String(error)}`, { cause: error });
  }
}

function importOf(node: Node): Omit<ImportUse, 'line'> | null {
  switch (node.type) {
    case 'ImportDeclaration':
    case 'ExportNamedDeclaration':
    case 'ExportAllDeclaration':
      // `export { a }` without "from" names no module.
      return isNode(node.source) ? { specifier: literal(node.source), typeOnly: isErased(node) } : null;
    case 'TsImportEqualsDeclaration': {
      const { moduleRef } = node;
      if (!isNode(moduleRef) || moduleRef.type !== 'TsExternalModuleReference') return null;
      return { specifier: literal(moduleRef.expression), typeOnly: node.isTypeOnly === true };
    }
    case 'TsImportType':
      return { specifier: literal(node.argument), typeOnly: true };
    case 'CallExpression':
      return loadsModule(node.callee) ? { specifier: literal(firstArgument(node)), typeOnly: false } : null;
    default:
      return null;
  }
}

/** `import type …`, or every name marked `type`. `import {} from` and `import 'x'` run the module: not erased. */
function isErased(node: Node): boolean {
  if (node.typeOnly === true) return true;
  const specifiers = Array.isArray(node.specifiers) ? node.specifiers : [];
  return specifiers.length > 0 && specifiers.every((item) => isNode(item) && item.isTypeOnly === true);
}

function loadsModule(callee: unknown): boolean {
  if (!isNode(callee)) return false;
  if (callee.type === 'Import') return true;
  if (callee.type === 'Identifier') return callee.value === 'require';
  if (callee.type !== 'MemberExpression') return false;
  const { object, property } = callee;
  return isNode(object) && object.value === 'require' && isNode(property) && property.value === 'resolve';
}

function firstArgument(call: Node): unknown {
  const [first] = Array.isArray(call.arguments) ? (call.arguments as readonly unknown[]) : [];
  return isNode(first) ? first.expression : null;
}

/** The text of a string literal, or of a template without holes; null for anything computed. */
function literal(node: unknown): string | null {
  if (!isNode(node)) return null;
  if (node.type === 'StringLiteral' && typeof node.value === 'string') return node.value;
  if (node.type === 'TemplateLiteral' && Array.isArray(node.quasis) && node.quasis.length === 1) {
    const [only] = node.quasis as readonly unknown[];
    return isNode(only) && typeof only.cooked === 'string' ? only.cooked : null;
  }
  return null;
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function startOf(node: Node): number {
  return isNode(node.span) && typeof node.span.start === 'number' ? node.span.start : 0;
}

function walk(value: unknown, visit: (node: Node) => void): void {
  if (Array.isArray(value)) {
    for (const item of value) walk(item, visit);
  } else if (isNode(value)) {
    visit(value);
    for (const child of Object.values(value)) walk(child, visit);
  }
}
