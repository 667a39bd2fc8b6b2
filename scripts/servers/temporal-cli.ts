import { execFile, spawn } from 'node:child_process';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { lock } from './lock';
import { hasCode } from './processes';
import type { OnProgress } from './progress';
import { SetupProblem } from './setup-problem';

const run = promisify(execFile);

/** The newest tag that `go install` accepts: later ones have replace directives in their go.mod. */
const GO_PACKAGE = 'github.com/temporalio/cli/cmd/temporal@v1.5.1';

/** Without a byte arriving for this long, a download counts as refused. */
const DOWNLOAD_STALL_MS = 15_000;

const REPORT_EVERY_MS = 10_000;

/**
 * Finds an executable Temporal CLI, which holds the dev server, and gets one when there is none. In this order:
 * `temporal` on PATH; our cache; the download that Temporal's SDK offers; a build with Go into our cache.
 *
 * @returns the path of the executable
 * @throws when none of the ways works; the message says what to install.
 */
export async function findTemporalCli(onProgress: OnProgress): Promise<string> {
  const cached = join(cacheFolder(), programName());
  const ready = (await onPath()) ?? (await usable(cached));
  if (ready !== null) return ready;
  const release = await lock(join(cacheFolder(), 'install.lock'), (holder) => {
    onProgress(`another process (${holder}) is getting the Temporal server: waiting for it`);
  });
  try {
    return (
      (await usable(cached)) ??
      (await downloadWithSdk(cached, onProgress)) ??
      (await buildWithGo(cached, onProgress))
    );
  } finally {
    await release();
  }
}

/** Where programs that Callyard got for itself are kept, for all checkouts of this user. */
function cacheFolder(): string {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'callyard', 'bin');
}

function programName(): string {
  return process.platform === 'win32' ? 'temporal.exe' : 'temporal';
}

async function onPath(): Promise<string | null> {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    if (folder === '') continue;
    const found = await usable(join(folder, programName()));
    if (found !== null) return found;
  }
  return null;
}

/** The path itself when the program there runs and is the Temporal CLI. */
async function usable(path: string): Promise<string | null> {
  try {
    const { stdout } = await run(path, ['--version'], { timeout: 10_000 });
    return stdout.startsWith('temporal version') ? path : null;
  } catch (error) {
    // Not there, not ours to run, for another platform, broken: look further.
    if (error instanceof Error) return null;
    throw error;
  }
}

/**
 * Lets the SDK fetch the CLI it was tested with. Its download runs in a process of its own because it cannot be
 * abandoned; null when refused, stalled or not possible here.
 */
async function downloadWithSdk(target: string, onProgress: OnProgress): Promise<string | null> {
  const draft = `${target}.download.${process.pid}`;
  await mkdir(draft, { recursive: true });
  onProgress('downloading the Temporal server');
  try {
    const failure = await runDownload(draft, onProgress);
    const [file] = failure === null ? await readdir(draft) : [];
    if (file === undefined || (await usable(join(draft, file))) === null) {
      onProgress(`the download did not work (${failure ?? 'no usable program'}): building it instead`);
      return null;
    }
    await rename(join(draft, file), target);
    return target;
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

function runDownload(folder: string, onProgress: OnProgress): Promise<string | null> {
  const started = Date.now();
  const child = spawn(
    process.execPath,
    ['--import', 'tsx', join(__dirname, 'temporal-download.ts'), folder],
    {
      stdio: ['ignore', 'ignore', 'pipe'],
      cwd: join(__dirname, '..', '..'),
    },
  );
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString();
  });
  let lastSize = 0;
  let lastGrowth = Date.now();
  let lastReport = Date.now();
  const watch = setInterval(() => {
    void sizeOf(folder).then((size) => {
      if (size > lastSize) lastGrowth = Date.now();
      lastSize = size;
      if (Date.now() - lastGrowth > DOWNLOAD_STALL_MS) child.kill('SIGKILL');
      if (Date.now() - lastReport >= REPORT_EVERY_MS) {
        lastReport = Date.now();
        onProgress(`downloading the Temporal server: ${Math.round(size / 1e6)} MB, ${seconds(started)}`);
      }
    });
  }, 1000);
  return new Promise((done) => {
    child.once('error', (error) => done(error.message));
    child.once('close', (code, signal) => {
      clearInterval(watch);
      if (code === 0) done(null);
      else done(signal === null ? cause(errors) : `no data for ${DOWNLOAD_STALL_MS / 1000} s`);
    });
  });
}

async function sizeOf(folder: string): Promise<number> {
  try {
    const { stdout } = await run('du', ['-sk', folder]);
    return Number.parseInt(stdout, 10) * 1024;
  } catch (error) {
    if (error instanceof Error) return 0; // a file moved away under du's feet: count again in a second
    throw error;
  }
}

async function buildWithGo(target: string, onProgress: OnProgress): Promise<string> {
  await requireGo();
  const draft = `${target}.build.${process.pid}`;
  await mkdir(draft, { recursive: true });
  const started = Date.now();
  onProgress('building the Temporal server with Go, once: about 5 minutes');
  const report = setInterval(
    () => onProgress(`building the Temporal server with Go, once: ${seconds(started)} of about 5 minutes`),
    REPORT_EVERY_MS,
  );
  try {
    await run('go', ['install', GO_PACKAGE], {
      env: { ...process.env, GOBIN: draft, GOFLAGS: '' },
      maxBuffer: 64 * 1024 * 1024,
    });
    await rename(join(draft, programName()), target);
    onProgress(`built the Temporal server in ${seconds(started)}`);
    return target;
  } catch (error) {
    const output =
      typeof error === 'object' && error !== null && 'stderr' in error ? String(error.stderr) : '';
    throw new SetupProblem(
      `Building the Temporal server failed: go install ${GO_PACKAGE}\n${output.trimEnd().slice(-2000)}\n` +
        'Install the Temporal CLI yourself so that "temporal" is on PATH, or set TEMPORAL_ADDRESS.',
      { cause: error },
    );
  } finally {
    clearInterval(report);
    await rm(draft, { recursive: true, force: true });
  }
}

async function requireGo(): Promise<void> {
  try {
    await run('go', ['version']);
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error;
    throw new SetupProblem(
      'There is no Temporal server here, it could not be downloaded, and Go is not installed to build it. ' +
        'Do one of these: install the Temporal CLI so that "temporal" is on PATH; install Go 1.24 or newer; ' +
        'or set TEMPORAL_ADDRESS to a Temporal server of your own.',
      { cause: error },
    );
  }
}

function seconds(since: number): string {
  return `${Math.round((Date.now() - since) / 1000)} s`;
}

/** The cause of a failure: the end of the last line, which starts with what led to it (`a: b: c: cause`). */
function cause(text: string): string {
  const line = text.trim().split('\n').at(-1)?.trim() || 'it ended without a message';
  return line.split(': ').slice(-2).join(': ');
}
