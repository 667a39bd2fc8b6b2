import { defineUpdate } from '@temporalio/workflow';
import type { CarrierMessage } from '../../domain/call/events';
import type { Instructions } from '../../domain/instructions';

/** The workflow type. */
export const BARE_WORKFLOW = 'bareCall';

export const BARE_TASK_QUEUE = 'bare-calls';

/** The first webhook; the workflow is started with it. */
export const inbound = defineUpdate<Instructions, [CarrierMessage]>('inbound');
/** The result of the dial; the workflow ends with it. */
export const dial = defineUpdate<Instructions, [CarrierMessage]>('dial');
