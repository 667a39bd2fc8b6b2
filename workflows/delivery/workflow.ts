import { continueAsNew, proxyActivities, setCurrentDetails } from '@temporalio/workflow';
import type { DeliveryActivities } from '../../activities/delivery';
import type { DeliveryInput } from './messages';

/**
 * One long activity after the other. One whose worker dies is missed after some seconds, and begun by another; while the
 * database is away it is tried for as long as it takes.
 */
const { deliver } = proxyActivities<DeliveryActivities>({
  startToCloseTimeout: '15m',
  heartbeatTimeout: '5s',
  retry: { initialInterval: '500ms', maximumInterval: '10s' },
  summary: 'send events that are due to their endpoints',
});

/** Rounds in one run: an hour, and some 70 events of history. */
const ROUNDS = 12;

/** Sees to it that somebody delivers events, for ever. What is to be delivered stands in the database. */
export async function deliveries(before: DeliveryInput): Promise<never> {
  let total = before;
  for (let round = 0; round < ROUNDS; round++) {
    const { delivered, waiting, dead } = await deliver();
    total = {
      delivered: total.delivered + delivered,
      failed: total.failed + waiting + dead,
      dead: total.dead + dead,
    };
    setCurrentDetails(describe(total));
  }
  return continueAsNew<typeof deliveries>(total);
}

function describe({ delivered, failed, dead }: DeliveryInput): string {
  return `${delivered} delivered, ${failed} attempts failed, ${dead} given up. Each delivery: GET /api/v1/webhook-deliveries`;
}
