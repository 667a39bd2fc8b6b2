import { execFile } from 'node:child_process';
import { access, chmod, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { TestWorkflowEnvironment } from '@temporalio/testing';

const run = promisify(execFile);

/** Of the time-skipping test server, as Maven has it: the same program that Temporal's SDK downloads, as Java classes. */
const VERSION = '1.38.0';
const MAIN_CLASS = 'io.temporal.testserver.TestServer';

const POM = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>callyard</groupId><artifactId>time-skipping</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies><dependency>
    <groupId>io.temporal</groupId><artifactId>temporal-test-server</artifactId><version>${VERSION}</version>
  </dependency></dependencies>
</project>
`;

/**
 * A Temporal server that skips the time in which nothing happens: weeks of timers in seconds. Its clock is one for all
 * workflows on it. From our cache, else by Maven where Java is there, else by the SDK's own download.
 */
export async function startTimeSkipping(): Promise<TestWorkflowEnvironment> {
  const program = await javaServer();
  return TestWorkflowEnvironment.createTimeSkipping(
    program === null ? {} : { server: { executable: { type: 'existing-path', path: program } } },
  );
}

/** @returns the program; `null` when there is no Java, or no Maven to get it with */
async function javaServer(): Promise<string | null> {
  const cache = process.env.XDG_CACHE_HOME || path.join(homedir(), '.cache');
  const folder = path.join(cache, 'callyard', `time-skipping-${VERSION}`);
  const program = path.join(folder, 'run.sh');
  if (await isThere(program)) return program;
  if (!(await runs('java', ['-version'])) || !(await runs('mvn', ['-version']))) return null;
  const made = await mkdtemp(path.join(tmpdir(), 'callyard-time-skipping-'));
  await writeFile(path.join(made, 'pom.xml'), POM);
  await run('mvn', ['-q', '-B', 'dependency:copy-dependencies', '-DoutputDirectory=lib'], { cwd: made });
  await writeFile(
    path.join(made, 'run.sh'),
    `#!/bin/sh\nexec java -cp "$(dirname "$0")/lib/*" ${MAIN_CLASS} "$@"\n`,
  );
  await chmod(path.join(made, 'run.sh'), 0o755);
  await mkdir(path.dirname(folder), { recursive: true });
  try {
    // Whole, whoever else makes one meanwhile.
    await rename(made, folder);
  } catch (error) {
    if (!(await isThere(program))) return keepElsewhere(made, error);
  }
  await rm(made, { recursive: true, force: true });
  return program;
}

/** The cache is on another disk, or not ours to write: then it is used from where it was made. */
function keepElsewhere(made: string, error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code !== 'EXDEV' && code !== 'EACCES' && code !== 'EROFS') throw error;
  return path.join(made, 'run.sh');
}

async function isThere(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}

async function runs(program: string, args: readonly string[]): Promise<boolean> {
  return run(program, [...args]).then(
    () => true,
    () => false,
  );
}
