import { createHash } from 'node:crypto';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { build, stop } from 'esbuild';

/** The script for web pages, as it is served. */
export interface Snippet {
  readonly code: string;
  readonly gzipped: Buffer;
  /** Changes with the code. */
  readonly etag: string;
}

const ENTRY = path.join(__dirname, '..', '..', 'dni', 'snippet.ts');

let built: Promise<Snippet> | undefined;

/** Builds the script from `dni/`, once a process, in some tens of milliseconds. One that failed is tried again. */
export function buildSnippet(): Promise<Snippet> {
  built ??= bundle().catch((error: unknown) => {
    built = undefined;
    throw error;
  });
  return built;
}

async function bundle(): Promise<Snippet> {
  const { outputFiles } = await build({
    entryPoints: [ENTRY],
    bundle: true,
    minify: true,
    format: 'iife',
    // Browsers since 2020.
    target: 'es2020',
    legalComments: 'none',
    write: false,
    logLevel: 'silent',
  });
  // It keeps a process of its own for the next build, and there is none.
  await stop();
  const code = outputFiles[0]?.text;
  if (code === undefined) throw new Error('esbuild gave no file');
  return {
    code,
    gzipped: gzipSync(code, { level: 9 }),
    etag: createHash('sha256').update(code).digest('base64url').slice(0, 22),
  };
}
