import { log, patched, proxyActivities, setCurrentDetails, sleep } from '@temporalio/workflow';
import type { MaintenanceActivities, Swept } from '../../activities/maintenance';
import type { MaintenanceResult } from './messages';

/** A sweep is milliseconds of work for hundreds of calls. What it frees waits until the database is back. */
const { sweep } = proxyActivities<MaintenanceActivities>({
  startToCloseTimeout: '20s',
  scheduleToCloseTimeout: '50s',
  retry: { initialInterval: '1s', maximumInterval: '5s' },
  summary: 'renew or free every hold whose lease ran out',
});

/** It stops by itself after some seconds; a statement over a very busy hour may take longer. What fails is done by the next. */
const { rollUpReports } = proxyActivities<MaintenanceActivities>({
  startToCloseTimeout: '1 minute',
  retry: { maximumAttempts: 1 },
  summary: 'roll up for reports what has changed',
});

/** Sweeps in one run, and the pause between them: one run a minute in the Temporal UI, and a look every ten seconds. */
const SWEEPS = 6;
const PAUSE = '10s';

/** Frees what is held for calls whose workflow is gone. Started every minute by a schedule. */
export async function maintenance(): Promise<MaintenanceResult> {
  let total: MaintenanceResult = { sweeps: 0, freed: 0, closed: 0, toldOver: 0 };
  const told: string[] = [];
  for (let round = 0; round < SWEEPS; round++) {
    if (round > 0) await Promise.all([sleep(PAUSE, { summary: 'until the next sweep' }), rollUp()]);
    const swept = await sweep();
    total = {
      sweeps: total.sweeps + 1,
      freed: total.freed + swept.freed,
      closed: total.closed + swept.closed,
      toldOver: total.toldOver + swept.toldOver,
    };
    told.push(...linesOf(swept));
    setCurrentDetails([describe(total, swept), ...told].join('\n'));
  }
  return total;
}

/** Sweeps go on whatever becomes of reports: capacity is freed by them. */
async function rollUp(): Promise<void> {
  if (!patched('reports-are-rolled-up')) return;
  try {
    await rollUpReports();
  } catch (error) {
    log.warn('reports could not be rolled up; they are read from calls and ledger meanwhile', { error });
  }
}

function describe({ sweeps, freed, closed, toldOver }: MaintenanceResult, last: Swept): string {
  return `${sweeps} of ${SWEEPS} sweeps: ${freed} holds freed, ${closed} calls closed, ${toldOver} calls told that they are over; ${last.renewed} leases renewed in the last`;
}

function linesOf({ examples, stuck }: Swept): string[] {
  return [
    ...examples.map(
      ({ reservationId, reason, heldSeconds }) =>
        `- freed ${reservationId} after ${heldSeconds} s: ${reason}`,
    ),
    ...stuck.map((call) => `- ${call} could not be freed: see the log of the worker`),
  ];
}
