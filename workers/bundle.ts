import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';

const ROOT = path.join(__dirname, '..');

/** The prebuilt workflow bundle, beside a file that tells from which sources it was built. */
export const BUNDLE_FILE = path.join(ROOT, 'dist', 'workflows.js');
const STAMP_FILE = path.join(ROOT, 'dist', 'workflows.sources');

/** All that a workflow may be made of. */
const SOURCES = ['workflows', 'domain', 'package-lock.json'];

/**
 * Builds the workflow bundle unless it is there and its sources have not changed.
 * No module is ignored: code that would not be deterministic does not get in, it fails here.
 * @returns the bundle's path.
 */
export async function ensureWorkflowBundle(): Promise<string> {
  const sources = await fingerprint();
  const built = await readOrNull(STAMP_FILE);
  if (built === sources && (await readOrNull(BUNDLE_FILE)) !== null) return BUNDLE_FILE;
  const { code } = await bundleWorkflowCode({
    workflowsPath: path.join(ROOT, 'workflows', 'index.ts'),
    logger: new DefaultLogger('WARN'),
  });
  await mkdir(path.dirname(BUNDLE_FILE), { recursive: true });
  // Whole or not at all, whoever reads it meanwhile.
  await writeFile(`${BUNDLE_FILE}.${process.pid}`, code);
  await rename(`${BUNDLE_FILE}.${process.pid}`, BUNDLE_FILE);
  await writeFile(STAMP_FILE, sources);
  return BUNDLE_FILE;
}

async function fingerprint(): Promise<string> {
  const hash = createHash('sha256');
  for (const source of SOURCES) {
    for (const file of await filesUnder(path.join(ROOT, source))) {
      hash
        .update(path.relative(ROOT, file))
        .update('\0')
        .update(await readFile(file))
        .update('\0');
    }
  }
  return hash.digest('hex');
}

async function filesUnder(place: string): Promise<string[]> {
  if (path.extname(place) !== '') return [place];
  const entries = await readdir(place, { withFileTypes: true, recursive: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .sort();
}

async function readOrNull(file: string): Promise<string | null> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}

if (require.main === module) {
  ensureWorkflowBundle().then(
    (file) => console.log(`Workflow bundle: ${path.relative(process.cwd(), file)}`),
    (error: unknown) => {
      console.error(error);
      process.exitCode = 1;
    },
  );
}
