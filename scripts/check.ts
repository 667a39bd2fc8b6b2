// `npm run check`: types, lint, format and the import rules between folders, side by side.

import { spawn } from 'node:child_process';
import { join, resolve } from 'node:path';

interface Check {
  readonly name: string;
  /** What Node runs: a file and its arguments. */
  readonly command: readonly string[];
}

interface Result {
  readonly passed: boolean;
  readonly seconds: number;
  readonly output: string;
}

const ROOT = resolve(__dirname, '..');

/** The file behind a program of an installed package: run by Node itself, so that no shell or PATH matters. */
function program(...path: readonly string[]): string {
  return join(ROOT, 'node_modules', ...path);
}

const CHECKS: readonly Check[] = [
  { name: 'types', command: [program('typescript', 'bin', 'tsc'), '--noEmit'] },
  // Of the script for web pages, which knows a browser and no Node.
  { name: 'dni', command: [program('typescript', 'bin', 'tsc'), '--noEmit', '--project', 'dni'] },
  {
    name: 'lint',
    command: [
      program('oxlint', 'bin', 'oxlint'),
      '--type-aware',
      '--deny-warnings',
      '--report-unused-disable-directives',
    ],
  },
  { name: 'format', command: [program('@biomejs', 'biome', 'bin', 'biome'), 'format', '.'] },
  { name: 'imports', command: ['--import', 'tsx', join(__dirname, 'check-imports.ts')] },
];

function perform({ command }: Check): Promise<Result> {
  const began = performance.now();
  return new Promise((done) => {
    // Colour is for a person at a terminal; the output is read through a pipe, so we say whether to use it.
    const colour: NodeJS.ProcessEnv = process.stdout.isTTY ? { FORCE_COLOR: '1' } : { NO_COLOR: '1' };
    const child = spawn(process.execPath, command, {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...colour },
    });
    let output = '';
    const keep = (chunk: Buffer): void => {
      output += chunk.toString();
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    const finish = (passed: boolean): void =>
      done({ passed, seconds: (performance.now() - began) / 1000, output: output.trimEnd() });
    child.once('error', (error) => {
      output += error.message;
      finish(false);
    });
    child.once('close', (code) => finish(code === 0));
  });
}

async function main(): Promise<void> {
  const results = await Promise.all(
    CHECKS.map(async (check) => {
      const result = await perform(check);
      console.log(`${result.passed ? '✓' : '✗'} ${check.name.padEnd(8)} ${result.seconds.toFixed(1)} s`);
      return { check, ...result };
    }),
  );
  const failed = results.filter(({ passed }) => !passed);
  for (const { check, output } of failed) console.log(`\n✗ ${check.name}\n${output}`);
  if (failed.some(({ check }) => check.name === 'format'))
    console.log('\nTo put the format right: npm run format');
  process.exitCode = failed.length === 0 ? 0 : 1;
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
