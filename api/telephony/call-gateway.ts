import { setTimeout } from 'node:timers/promises';
import {
  type Client,
  WithStartWorkflowOperation,
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
} from '@temporalio/client';
import type { CarrierMessage, CarrierNews, FailSafeServed } from '../../domain/call/events';
import type { CallFacts } from '../../domain/call/facts';
import { oldMessageKey, readInstructions } from '../../domain/call/legacy';
import type { Instructions } from '../../domain/instructions';
import { isLostUpdate, isNotFound } from '../../runtime/temporal-errors';
import type { CallRef } from '../../telephony/port';
import {
  CALL_WORKFLOW,
  failSafeServed,
  news,
  STALE_STEP,
  UPDATES,
  updateIdFor,
} from '../../workflows/call/messages';
import { callWorkflowId } from '../../workflows/ids';
import { createUnderWay } from '../under-way';

/** Pause before a lost update is sent again, in milliseconds; longer each time. The deadline ends it. */
const RESEND_PAUSE_MS = 20;

/** What came of a message to a call. */
export type Advanced =
  | { readonly kind: 'answered'; readonly instructions: Instructions }
  /** The call is over and never took this message. */
  | { readonly kind: 'ended' }
  /** The call is at another step; `detail` says which. */
  | { readonly kind: 'stale'; readonly detail: string };

/** Talks to call workflows: one round trip to Temporal a message. Every method is safe to repeat. */
export interface CallGateway {
  /** Starts the call, unless it has been, and returns its first instructions. @param deadline ms since the epoch. */
  start(facts: CallFacts, message: CarrierMessage, deadline: number): Promise<Advanced>;
  advance(call: CallRef, message: CarrierMessage, deadline: number): Promise<Advanced>;
  /** @returns false when no such call is running. */
  tell(call: CallRef, item: CarrierNews, deadline: number): Promise<boolean>;
  /** Starts the call for its record if it was never started. @returns false when it has ended already. */
  tellFailSafe(facts: CallFacts, served: FailSafeServed, deadline: number): Promise<boolean>;
  /** Resolves when nothing is under way any more, not even what a deadline has given up: only then may the client close. */
  idle(): Promise<void>;
}

export function createCallGateway(client: Client, taskQueue: string): CallGateway {
  const { timely, idle } = createUnderWay(client);

  /** The answer a closed or running call gave to this very message before; `ended` if it gave none. */
  async function recall(workflowId: string, updateId: string): Promise<Advanced> {
    try {
      const handle = client.workflow.getHandle(workflowId);
      const instructions = await handle.getUpdateHandle<Instructions>(updateId).result();
      return { kind: 'answered', instructions: readInstructions(instructions) };
    } catch (error) {
      if (error instanceof WorkflowUpdateFailedError) return refusal(error);
      if (isNotFound(error)) return { kind: 'ended' };
      throw error;
    }
  }

  /** A message the call does not know by its name of today may be known by the one it had in the first release. */
  async function recallOld(workflowId: string, message: CarrierMessage, found: Advanced): Promise<Advanced> {
    const oldKey = found.kind === 'answered' ? null : oldMessageKey(message);
    if (oldKey === null) return found;
    const old = await recall(workflowId, oldKey);
    return old.kind === 'answered' ? old : found;
  }

  async function attempt(
    workflowId: string,
    message: CarrierMessage,
    deadline: number,
    send: () => Promise<Instructions>,
    nth = 1,
  ): Promise<Advanced> {
    try {
      return { kind: 'answered', instructions: readInstructions(await send()) };
    } catch (error) {
      if (error instanceof WorkflowUpdateFailedError) return recallOld(workflowId, message, refusal(error));
      if (isNotFound(error) || error instanceof WorkflowExecutionAlreadyStartedError) {
        return recallOld(workflowId, message, await recall(workflowId, updateIdFor(message)));
      }
      if (!isLostUpdate(error) || Date.now() >= deadline) throw error;
      await setTimeout(RESEND_PAUSE_MS * nth);
      return attempt(workflowId, message, deadline, send, nth + 1);
    }
  }

  return {
    idle,

    start: (facts, message, deadline) => {
      const workflowId = callWorkflowId(facts);
      const send = (): Promise<Instructions> => {
        const startWorkflowOperation = new WithStartWorkflowOperation(CALL_WORKFLOW, {
          workflowId,
          taskQueue,
          args: [facts],
          workflowIdConflictPolicy: 'USE_EXISTING',
          // A webhook repeated after the call's end must not start it a second time.
          workflowIdReusePolicy: 'REJECT_DUPLICATE',
          staticSummary: `${facts.carrier} call to ${facts.to}`,
        });
        // Rejects along with the update, which is where the error is handled.
        startWorkflowOperation.workflowHandle().catch(() => undefined);
        return client.workflow.executeUpdateWithStart(UPDATES[message.type], {
          updateId: updateIdFor(message),
          args: [message],
          startWorkflowOperation,
        });
      };
      return timely(deadline, () => attempt(workflowId, message, deadline, send));
    },

    advance: (call, message, deadline) => {
      const workflowId = callWorkflowId(call);
      const send = (): Promise<Instructions> =>
        client.workflow
          .getHandle(workflowId)
          .executeUpdate(UPDATES[message.type], { updateId: updateIdFor(message), args: [message] });
      return timely(deadline, () => attempt(workflowId, message, deadline, send));
    },

    tell: (call, item, deadline) =>
      timely(deadline, async () => {
        try {
          await client.workflow.getHandle(callWorkflowId(call)).signal(news, item);
          return true;
        } catch (error) {
          if (error instanceof WorkflowNotFoundError) return false;
          throw error;
        }
      }),

    tellFailSafe: (facts, served, deadline) =>
      timely(deadline, async () => {
        try {
          await client.workflow.signalWithStart(CALL_WORKFLOW, {
            workflowId: callWorkflowId(facts),
            taskQueue,
            args: [facts],
            signal: failSafeServed,
            signalArgs: [served],
            workflowIdConflictPolicy: 'USE_EXISTING',
            workflowIdReusePolicy: 'REJECT_DUPLICATE',
            staticSummary: `${facts.carrier} call to ${facts.to}`,
          });
          return true;
        } catch (error) {
          if (error instanceof WorkflowExecutionAlreadyStartedError) return false;
          throw error;
        }
      }),
  };
}

function refusal(error: WorkflowUpdateFailedError): Advanced {
  const { cause } = error;
  if (cause !== undefined && 'type' in cause && cause.type === STALE_STEP)
    return { kind: 'stale', detail: cause.message };
  throw error;
}
