import {
  type Client,
  isGrpcServiceError,
  WithStartWorkflowOperation,
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
} from '@temporalio/client';
import type { CarrierMessage, CarrierNews, FailSafeServed } from '../../domain/call/events';
import type { CallFacts } from '../../domain/call/facts';
import type { Instructions } from '../../domain/instructions';
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
import { before } from '../deadline';

/** gRPC status of an update that its workflow's end cut off: https://github.com/temporalio/temporal/pull/7921 */
const ABORTED = 10;

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
  const underWay = new Set<Promise<unknown>>();

  /** The answer a closed or running call gave to this very message before, or `null`. */
  async function recall(workflowId: string, message: CarrierMessage): Promise<Advanced> {
    try {
      const handle = client.workflow.getHandle(workflowId);
      const instructions = await handle.getUpdateHandle<Instructions>(updateIdFor(message)).result();
      return { kind: 'answered', instructions };
    } catch (error) {
      if (error instanceof WorkflowUpdateFailedError) return refusal(error);
      if (isNotFound(error)) return { kind: 'ended' };
      throw error;
    }
  }

  async function attempt(
    workflowId: string,
    message: CarrierMessage,
    send: () => Promise<Instructions>,
  ): Promise<Advanced> {
    try {
      return { kind: 'answered', instructions: await send() };
    } catch (error) {
      if (error instanceof WorkflowUpdateFailedError) return refusal(error);
      const closed =
        isNotFound(error) ||
        error instanceof WorkflowExecutionAlreadyStartedError ||
        grpcCode(error) === ABORTED;
      if (closed) return recall(workflowId, message);
      throw error;
    }
  }

  /** Both a gRPC deadline and our own: while the channel is down, a call may not even get as far as gRPC's. */
  function timely<T>(deadline: number, work: () => Promise<T>): Promise<T> {
    const working = client.withDeadline(deadline, work);
    underWay.add(working);
    const done = (): boolean => underWay.delete(working);
    working.then(done, done);
    return before(deadline, working);
  }

  return {
    async idle() {
      while (underWay.size > 0) await Promise.allSettled(underWay);
    },

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
      return timely(deadline, () => attempt(workflowId, message, send));
    },

    advance: (call, message, deadline) => {
      const workflowId = callWorkflowId(call);
      const send = (): Promise<Instructions> =>
        client.workflow
          .getHandle(workflowId)
          .executeUpdate(UPDATES[message.type], { updateId: updateIdFor(message), args: [message] });
      return timely(deadline, () => attempt(workflowId, message, send));
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

function isNotFound(error: unknown): boolean {
  return error instanceof WorkflowNotFoundError || grpcCode(error) === 5;
}

function grpcCode(error: unknown): number | undefined {
  if (isGrpcServiceError(error)) return error.code;
  return error instanceof Error && isGrpcServiceError(error.cause) ? error.cause.code : undefined;
}
