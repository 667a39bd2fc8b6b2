/** Names a call to a carrier: its own id is unique only within an account. All three are opaque text. */
export interface CarrierCall {
  readonly carrier: string;
  readonly accountSid: string;
  readonly sid: string;
}

/** `call/<carrier>/<account>/<sid>`. Carries no telephone number: workflow ids are stored in clear. */
export function callWorkflowId(call: CarrierCall): string {
  return ['call', call.carrier, call.accountSid, call.sid].map(encodeURIComponent).join('/');
}

/**
 * The inverse of {@link callWorkflowId}.
 * @throws RangeError when the id is not a call's.
 */
export function carrierCallFromWorkflowId(workflowId: string): CarrierCall {
  const [kind, carrier, accountSid, sid, ...rest] = workflowId.split('/').map(decodeURIComponent);
  if (kind !== 'call' || !carrier || accountSid === undefined || !sid || rest.length > 0) {
    throw new RangeError(`"${workflowId}" is not the workflow id of a call`);
  }
  return { carrier, accountSid, sid };
}

/** Of the schedule that starts maintenance of the calls on a task queue, and the beginning of its runs' ids. */
export function maintenanceId(callQueue: string): string {
  return `maintenance/${encodeURIComponent(callQueue)}`;
}

/** Of the workflow that delivers events, beside the calls on a task queue. */
export function deliveriesId(callQueue: string): string {
  return `deliveries/${encodeURIComponent(callQueue)}`;
}

/** `migration/<id>`. */
export function migrationWorkflowId(migrationId: string): string {
  return `migration/${migrationId}`;
}

/** `backtest/<id>`. */
export function backtestWorkflowId(backtestId: string): string {
  return `backtest/${backtestId}`;
}
