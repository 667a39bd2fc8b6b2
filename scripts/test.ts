// `npm test`: runs jest, hands its arguments on, and leaves nothing running whatever happens to it.
//
// Arguments go to jest: `npm test -- --selectProjects unit`, `npm test -- test/system/call.test.ts`.
// `CALLYARD_TEST_RESULT=FILE` keeps jest's JSON result there.

import { spawn } from 'node:child_process';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { z } from 'zod';
import { cleanUpAfterKilledRuns } from '../test/environment/servers';
import { dataFolder } from './start/data-folder';

const ROOT = resolve(__dirname, '..');

const jestResult = z.object({
  numTotalTests: z.number(),
  numPassedTests: z.number(),
  numFailedTests: z.number(),
});

/** Flags with which jest runs no test by design, and says what it was asked instead. */
const NO_RUN_FLAGS = [
  '--listTests',
  '--showConfig',
  '--version',
  '--help',
  '-h',
  '-v',
  '--watch',
  '--watchAll',
];

async function main(): Promise<number> {
  const args = process.argv.slice(2);
  const resultFile = resolve(
    process.env.CALLYARD_TEST_RESULT || join(dataFolder(process.env), 'test', `result-${process.pid}.json`),
  );
  await mkdir(dirname(resultFile), { recursive: true });
  await rm(resultFile, { force: true });
  try {
    const exitCode = await runJest(['--json', `--outputFile=${resultFile}`, ...args]);
    if (args.some((arg) => NO_RUN_FLAGS.includes(arg))) return exitCode;
    return exitCode === 0 ? await requireTests(resultFile) : exitCode;
  } finally {
    // jest does not run its teardown when it is interrupted or crashes.
    await cleanUpAfterKilledRuns();
    if (!process.env.CALLYARD_TEST_RESULT) await rm(resultFile, { force: true });
  }
}

function runJest(args: readonly string[]): Promise<number> {
  return new Promise((done, fail) => {
    const jest = spawn(process.execPath, [join(ROOT, 'node_modules', 'jest', 'bin', 'jest.js'), ...args], {
      cwd: ROOT,
      // With --json, jest prints the whole result to its standard output as well: the file is enough.
      stdio: ['inherit', wantsOutput(args) ? 'inherit' : 'ignore', 'inherit'],
    });
    // We wait for jest's end in any case, and clean up after it.
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
      process.on(signal, () => jest.kill(signal));
    process.on('disconnect', () => jest.kill('SIGTERM'));
    jest.once('error', fail);
    jest.once('exit', (code, signal) => done(signal === null ? (code ?? 1) : 1));
  });
}

function wantsOutput(args: readonly string[]): boolean {
  return args.some((arg) => NO_RUN_FLAGS.includes(arg));
}

/** A run of no tests passes for jest in some cases (`--passWithNoTests`, all skipped); for us it is a failure. */
async function requireTests(resultFile: string): Promise<number> {
  const result = jestResult.parse(JSON.parse(await readFile(resultFile, 'utf8')));
  if (result.numPassedTests > 0) return 0;
  console.error('No test ran.');
  return 1;
}

main().then(
  (exitCode) => process.exit(exitCode),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
