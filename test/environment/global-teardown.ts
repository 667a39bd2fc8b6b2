import { takeTemplate } from './run-state';
import { stopTestServers } from './servers';

/** Deletes the template (the server may be somebody's own) and stops what this run started, whatever the tests did. */
export default async function globalTeardown(): Promise<void> {
  try {
    await takeTemplate()?.drop();
  } finally {
    await stopTestServers(process.pid);
  }
}
