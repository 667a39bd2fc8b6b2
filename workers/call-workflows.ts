import type { Client } from '@temporalio/client';
import type { CallWorkflows, Life } from '../activities/maintenance/workflows';
import { isNotFound } from '../runtime/temporal-errors';
import { news } from '../workflows/call/messages';
import { backtestWorkflowId } from '../workflows/ids';

/** Ids named in one query of the visibility store. */
const IDS_IN_A_QUERY = 100;

/** What maintenance asks Temporal about calls. */
export function createCallWorkflows({ workflow }: Client): CallWorkflows {
  return {
    async listRunning(workflowIds) {
      const running = new Set<string>();
      for (let from = 0; from < workflowIds.length; from += IDS_IN_A_QUERY) {
        const named = workflowIds
          .slice(from, from + IDS_IN_A_QUERY)
          .map((id) => `'${id.replaceAll("'", "''")}'`);
        const query = `ExecutionStatus = 'Running' AND WorkflowId IN (${named.join(', ')})`;
        for await (const { workflowId } of workflow.list({ query, pageSize: IDS_IN_A_QUERY })) {
          running.add(workflowId);
        }
      }
      return running;
    },

    idOfBacktest: backtestWorkflowId,

    async lifeOf(workflowId): Promise<Life> {
      try {
        const { status } = await workflow.getHandle(workflowId).describe();
        return lifeIn(status.name);
      } catch (error) {
        if (isNotFound(error)) return { running: false, because: 'missing' };
        throw error;
      }
    },

    async tellOver(workflowId, { at, carrierStatus }) {
      try {
        await workflow.getHandle(workflowId).signal(news, { type: 'caller_gone', at, carrierStatus });
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    },
  };
}

/** @param status as the SDK names it */
function lifeIn(status: string): Life {
  switch (status) {
    case 'COMPLETED':
      return { running: false, because: 'completed' };
    case 'FAILED':
      return { running: false, because: 'failed' };
    case 'CANCELLED':
      return { running: false, because: 'canceled' };
    case 'TERMINATED':
      return { running: false, because: 'terminated' };
    case 'TIMED_OUT':
      return { running: false, because: 'timed_out' };
    default:
      // Running, or a status of a newer server: what is not known to be over is left alone.
      return { running: true };
  }
}
