// Downloads the Temporal CLI into the folder given as argument, the way Temporal's SDK does for its test
// environment. A program of its own, run by temporal-cli.ts, because the SDK's download cannot be cancelled.

import { TestWorkflowEnvironment } from '@temporalio/testing';

async function main(): Promise<void> {
  const [downloadDir] = process.argv.slice(2);
  if (downloadDir === undefined) throw new Error('Usage: temporal-download.ts FOLDER');
  const environment = await TestWorkflowEnvironment.createLocal({
    server: { executable: { type: 'cached-download', downloadDir } },
  });
  await environment.teardown();
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
