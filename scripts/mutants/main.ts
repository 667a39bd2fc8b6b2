// `npm run test:mutants`: plants known bugs, one after the other, in a copy of this checkout, and sees the tests go red.

import { execFile, spawn } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { Command } from 'commander';
import { table } from '../../bench/table';
import { PROJECT_ROOT } from '../start/data-folder';
import { MUTANTS, type Mutant } from './mutants';
import { plant } from './plant';

const run = promisify(execFile);

interface Outcome {
  readonly mutant: Mutant;
  readonly killed: boolean;
  /** What happened instead, or the title that went red. */
  readonly what: string;
}

/** A test of a run that did not pass. */
interface TestRun {
  readonly passed: number;
  readonly red: readonly string[];
}

async function main(): Promise<number> {
  const command = new Command('npm run test:mutants --')
    .description('Plants known bugs in a copy of this checkout; for each, a test has to go red.')
    .option('--only <text>', 'mutants whose name contains this', '');
  const { only } = command.parse().opts<{ only: string }>();
  const mutants = MUTANTS.filter(({ name }) => name.includes(only));
  if (mutants.length === 0) {
    console.error(
      `No bug has "${only}" in its name. There are: ${MUTANTS.map(({ name }) => name).join('; ')}.`,
    );
    return 1;
  }
  const copy = await copyCheckout();
  try {
    const files = [...new Set(mutants.map(({ test }) => test))];
    say(`the tests as they are: ${files.join(', ')}`);
    const untouched = await runTests(copy, files);
    if (untouched.red.length > 0 || untouched.passed === 0) {
      console.error(`Not green without any bug: ${untouched.red.join('; ') || 'no test ran'}`);
      return 1;
    }
    const outcomes: Outcome[] = [];
    for (const [index, mutant] of mutants.entries()) {
      say(`${index + 1} of ${mutants.length}: ${mutant.name}`);
      outcomes.push(await tryMutant(copy, mutant));
    }
    console.log(render(outcomes));
    const survivors = outcomes.filter(({ killed }) => !killed).length;
    console.log(`${outcomes.length - survivors} of ${outcomes.length} bugs were noticed.`);
    return survivors === 0 ? 0 : 1;
  } finally {
    await rm(copy, { recursive: true, force: true });
  }
}

/** The files under version control as they stand here, with the installed packages of this checkout. */
async function copyCheckout(): Promise<string> {
  const copy = await mkdtemp(path.join(tmpdir(), 'callyard-mutants-'));
  const { stdout } = await run('git', ['ls-files', '--cached', '--others', '--exclude-standard', '-z'], {
    cwd: PROJECT_ROOT,
    maxBuffer: 64 * 2 ** 20,
  });
  for (const file of stdout.split('\0').filter((name) => name !== '')) {
    await mkdir(path.dirname(path.join(copy, file)), { recursive: true });
    // One that is deleted here and not yet there in version control is not of this checkout.
    await cp(path.join(PROJECT_ROOT, file), path.join(copy, file)).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
    });
  }
  await symlink(path.join(PROJECT_ROOT, 'node_modules'), path.join(copy, 'node_modules'));
  return copy;
}

async function tryMutant(copy: string, mutant: Mutant): Promise<Outcome> {
  const file = path.join(copy, mutant.file);
  const sound = await readFile(file, 'utf8');
  await writeFile(file, plant(sound, mutant));
  try {
    const { red } = await runTests(copy, [mutant.test]);
    const noticed = red.find((title) => title.includes(mutant.red));
    if (noticed !== undefined) return { mutant, killed: true, what: noticed };
    return { mutant, killed: false, what: red.length === 0 ? 'nothing went red' : `only: ${red.join('; ')}` };
  } finally {
    await writeFile(file, sound);
  }
}

/** Runs test files of `test/system`. @throws when they leave no results behind */
async function runTests(copy: string, files: readonly string[]): Promise<TestRun> {
  const pattern = files.map((file) => `system/${file}\\.test`).join('|');
  const args = [
    'scripts/run.mjs',
    'scripts/test.ts',
    '--selectProjects',
    'system',
    '--testPathPatterns',
    pattern,
  ];
  const results = path.join(copy, 'mutant-results.json');
  await rm(results, { force: true });
  const output = await new Promise<string>((resolve, reject) => {
    const env = { ...process.env, CALLYARD_TEST_RESULT: results };
    const child = spawn(process.execPath, args, { cwd: copy, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let text = '';
    child.stdout.on('data', (part: Buffer) => (text += part.toString()));
    child.stderr.on('data', (part: Buffer) => (text += part.toString()));
    child.once('error', reject);
    child.once('exit', () => resolve(text));
  });
  try {
    return readResults(await readFile(results, 'utf8'));
  } catch (error) {
    throw new Error(`The tests did not run:\n${output.slice(-2_000)}`, { cause: error });
  }
}

function readResults(json: string): TestRun {
  const { testResults } = JSON.parse(json) as {
    testResults: { assertionResults: { status: string; title: string }[] }[];
  };
  const all = testResults.flatMap(({ assertionResults }) => assertionResults);
  return {
    passed: all.filter(({ status }) => status === 'passed').length,
    red: all.filter(({ status }) => status === 'failed').map(({ title }) => title),
  };
}

function render(outcomes: readonly Outcome[]): string {
  return table(
    ['bug', 'noticed', 'test'],
    outcomes.map(({ mutant, killed, what }) => [mutant.name, killed ? 'yes' : 'NO', cut(what)]),
  );
}

function cut(text: string): string {
  return text.length > 32 ? `${text.slice(0, 31)}…` : text;
}

function say(text: string): void {
  console.error(`${new Date().toISOString().slice(11, 19)}  ${text}`);
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  },
);
