import type { UnroutedOutcome } from './call/outcome';
import { isOpen, type Hours } from './hours';

/** What screening looks at. */
export interface Screened {
  readonly campaignStatus: 'draft' | 'active' | 'paused' | 'archived';
  /** `null`: always open. */
  readonly hours: Hours | null;
  readonly callerBlocked: boolean;
  readonly callerAnonymous: boolean;
  readonly anonymousCallers: 'allow' | 'block';
  /** ISO 8601 instant of the call. */
  readonly at: string;
}

export type ScreeningVerdict =
  | { readonly pass: true }
  | { readonly pass: false; readonly outcome: UnroutedOutcome; readonly reason: string };

/**
 * Whether a call may enter its campaign. The first reason that applies is the one recorded: a campaign that takes no
 * calls comes before anything about the caller.
 */
export function screen(call: Screened): ScreeningVerdict {
  if (call.campaignStatus !== 'active') {
    return { pass: false, outcome: 'paused', reason: `campaign is ${call.campaignStatus}` };
  }
  if (call.callerBlocked) return { pass: false, outcome: 'blocked', reason: 'caller is on the block list' };
  if (call.callerAnonymous && call.anonymousCallers === 'block') {
    return { pass: false, outcome: 'blocked', reason: 'anonymous callers are blocked' };
  }
  if (call.hours !== null && !isOpen(call.hours, call.at)) {
    return { pass: false, outcome: 'after_hours', reason: `campaign is closed (${call.hours.timeZone})` };
  }
  return { pass: true };
}
