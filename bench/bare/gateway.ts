import { type Client, WithStartWorkflowOperation } from '@temporalio/client';
import { before } from '../../api/deadline';
import type { CallGateway } from '../../api/telephony/call-gateway';
import type { CallRef } from '../../telephony/port';
import { callWorkflowId } from '../../workflows/ids';
import { BARE_TASK_QUEUE, BARE_WORKFLOW, dial, inbound } from './messages';

/** The messages of a connected call to {@link BARE_WORKFLOW}: as many round trips as the real gateway makes. */
export function createBareGateway(client: Client): CallGateway {
  const timely = <T>(deadline: number, work: () => Promise<T>): Promise<T> =>
    before(deadline, client.withDeadline(deadline, work));
  return {
    start: (facts, message, deadline) =>
      timely(deadline, async () => {
        const startWorkflowOperation = new WithStartWorkflowOperation(BARE_WORKFLOW, {
          workflowId: bareWorkflowId(facts),
          taskQueue: BARE_TASK_QUEUE,
          args: [facts],
          workflowIdConflictPolicy: 'USE_EXISTING',
          workflowIdReusePolicy: 'REJECT_DUPLICATE',
        });
        // Rejects along with the update, whose error the caller gets.
        startWorkflowOperation.workflowHandle().catch(() => undefined);
        const instructions = await client.workflow.executeUpdateWithStart(inbound, {
          updateId: 'inbound',
          args: [message],
          startWorkflowOperation,
        });
        return { kind: 'answered', instructions };
      }),
    advance: (call, message, deadline) =>
      timely(deadline, async () => {
        const handle = client.workflow.getHandle(bareWorkflowId(call));
        const instructions = await handle.executeUpdate(dial, { updateId: 'dial', args: [message] });
        return { kind: 'answered', instructions };
      }),
    tell: () => Promise.resolve(true),
    tellFailSafe: () => Promise.resolve(true),
    idle: () => Promise.resolve(),
  };
}

function bareWorkflowId(call: Omit<CallRef, 'callId'>): string {
  return `bare/${callWorkflowId(call)}`;
}
