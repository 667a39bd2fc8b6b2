import type { Client } from '@temporalio/client';
import { deliveriesId } from '../workflows/ids';
import { DELIVERY_WORKFLOW, NOTHING_DELIVERED } from '../workflows/delivery/messages';
import { maintenanceTaskQueue } from '../workflows/maintenance/messages';

/** Pause between two looks whether the workflow is there, in milliseconds: somebody may have terminated it. */
const LOOK_EVERY_MS = 30_000;

/** Keeps the workflow running that delivers events. Every worker does so: there is one, whoever starts it. */
export async function keepDelivering(
  client: Client,
  callQueue: string,
  onError: (error: unknown) => void,
): Promise<{ stop(): Promise<void> }> {
  const start = async (): Promise<void> => {
    await client.workflow.start(DELIVERY_WORKFLOW, {
      workflowId: deliveriesId(callQueue),
      taskQueue: maintenanceTaskQueue(callQueue),
      workflowIdConflictPolicy: 'USE_EXISTING',
      args: [NOTHING_DELIVERED],
      staticSummary: 'delivers events to webhook endpoints',
    });
  };
  await start();
  let looking = Promise.resolve();
  const timer = setInterval(() => {
    looking = start().catch(onError);
  }, LOOK_EVERY_MS);
  return {
    async stop() {
      clearInterval(timer);
      await looking;
    },
  };
}
