import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { findTemporalCli } from './servers/temporal-cli';
import { findRunningSystem } from './start/run-record';

/*
 * Records the history of a finished call for the replay tests:
 *   node scripts/run.mjs scripts/record-history.ts <workflow id> <name>
 * Histories are committed: a change of the workflow's code that could not go on with calls in progress fails there.
 */

const FOLDER = path.join(__dirname, '..', 'test', 'histories');
/** Histories are well below this, in bytes. */
const MOST_BYTES = 16 * 1024 * 1024;

async function main(): Promise<void> {
  const [workflowId, name] = process.argv.slice(2);
  if (!workflowId || !name) {
    throw new Error('Usage: record-history <workflow id> <name>, with the system running (npm start)');
  }
  const running = await findRunningSystem(process.env);
  if (running === null) throw new Error('Nothing is running: run "npm start" first');
  const cli = await findTemporalCli((text) => console.error(text));
  const server = ['--address', running.temporalAddress, '--namespace', running.temporalNamespace];
  const show = ['workflow', 'show', '--workflow-id', workflowId, '--output', 'json'];
  const { stdout } = await promisify(execFile)(cli, [...show, ...server], { maxBuffer: MOST_BYTES });
  await mkdir(FOLDER, { recursive: true });
  await writeFile(path.join(FOLDER, `${name}.json`), `${JSON.stringify(withoutMachine(stdout), null, 1)}\n`);
}

/** `<pid>@<host>`: how a process names itself, also in its sticky queue. */
const MACHINE = /^\d+@|@.*:\w{32}$/;

/** Drops what names the machine a history was made on; replay does not look at it. */
function withoutMachine(json: string): unknown {
  return JSON.parse(json, (key, value: unknown) =>
    key === 'identity' || (typeof value === 'string' && MACHINE.test(value)) ? 'recorded' : value,
  );
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
