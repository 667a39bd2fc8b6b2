import type { Client } from '@temporalio/client';
import express, { type Router } from 'express';
import type { Pool } from 'pg';
import { ping } from '../db/queries/reads';
import { before } from './deadline';

/** How long a dependency may take to say that it is well, in milliseconds. */
const PATIENCE_MS = 1_000;

export interface HealthOptions {
  readonly db: Pool;
  readonly temporal: Client;
  /** Whether the process is on its way out. */
  readonly isDraining: () => boolean;
}

/**
 * `/healthz`: the process is alive. `/readyz`: it can do its work; names what keeps it from it. Webhooks are answered
 * either way, by the fail-safe if need be.
 */
export function createHealthRouter({ db, temporal, isDraining }: HealthOptions): Router {
  const router = express.Router();
  router.get('/healthz', (_req, res) => {
    res.json({ status: 'ok' });
  });
  router.get('/readyz', async (_req, res) => {
    const [database, engine] = await Promise.all([
      check(() => ping(db)),
      check(() =>
        temporal.withDeadline(Date.now() + PATIENCE_MS, () => temporal.workflowService.getSystemInfo({})),
      ),
    ]);
    const draining = isDraining();
    const ready = database === 'ok' && engine === 'ok' && !draining;
    res
      .status(ready ? 200 : 503)
      .json({ status: ready ? 'ready' : 'not ready', database, temporal: engine, draining });
  });
  return router;
}

async function check(work: () => Promise<unknown>): Promise<string> {
  try {
    await before(Date.now() + PATIENCE_MS, work());
    return 'ok';
  } catch (error) {
    return error instanceof Error ? error.name : 'failed';
  }
}
