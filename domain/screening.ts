import type { UnroutedOutcome } from './call/outcome';
import type { DuplicateMatch } from './campaign/duplicates';
import { meetsAttestation, type Attestation, type CampaignStatus } from './campaign/status';
import { readInstant } from './clock';
import { isOpen, type Hours } from './hours';
import type { E164 } from './ids';

/** What screening looks at. */
export interface Screened {
  readonly campaignStatus: CampaignStatus;
  /** `null`: always open. */
  readonly hours: Hours | null;
  /** Why the caller is on the block list, as an operator wrote it; `null`: they are not. */
  readonly blockedBecause: string | null;
  readonly callerAnonymous: boolean;
  readonly anonymousCallers: 'allow' | 'block';
  readonly attestation: Attestation | null;
  /** `null`: anybody may call. */
  readonly minimumAttestation: Attestation | null;
  /** ISO 8601 instant of this caller's previous call to the campaign; `null`: none known. */
  readonly lastCalledAt: string | null;
  /** A call within so many seconds of the previous one is spam; 0: none is. */
  readonly spamWindowSeconds: number;
  /** What the campaign's rule about duplicates found; `null`: no rule, or no duplicate. */
  readonly duplicate: DuplicateMatch | null;
  /** ISO 8601 instant of the call. */
  readonly at: string;
}

export type ScreeningVerdict =
  | { readonly pass: true }
  | { readonly pass: false; readonly outcome: UnroutedOutcome; readonly reason: string };

/**
 * Whether a call may enter its campaign. The first reason that applies is the one recorded: a campaign that takes no
 * calls comes before anything about the caller, and that before the time of day.
 * @throws RangeError when an instant is malformed, or the hours' zone unknown.
 */
export function screen(call: Screened): ScreeningVerdict {
  if (call.campaignStatus !== 'active') {
    return { pass: false, outcome: 'paused', reason: `campaign is ${call.campaignStatus}` };
  }
  const against = whatSpeaksAgainst(call);
  if (against !== null) return { pass: false, outcome: 'blocked', reason: against };
  if (call.hours !== null && !isOpen(call.hours, call.at)) {
    return { pass: false, outcome: 'after_hours', reason: `campaign is closed (${call.hours.timeZone})` };
  }
  return { pass: true };
}

/** Why this caller is not to be routed, in words; `null`: nothing speaks against them. */
function whatSpeaksAgainst(call: Screened): string | null {
  if (call.blockedBecause !== null) return `caller is on the block list: ${call.blockedBecause}`;
  if (call.callerAnonymous && call.anonymousCallers === 'block') return 'anonymous callers are blocked';
  const { minimumAttestation: minimum, attestation } = call;
  if (minimum !== null && !meetsAttestation(attestation, minimum)) {
    return `caller's number is attested ${attestation ?? 'not at all'}, the campaign takes ${minimum} or better`;
  }
  const seconds = secondsSinceLast(call);
  if (seconds !== null && seconds < call.spamWindowSeconds) {
    return `same caller ${Math.floor(seconds)} s ago, within the spam window of ${call.spamWindowSeconds} s`;
  }
  if (call.duplicate?.treatment === 'refuse') {
    return `duplicate caller (${call.duplicate.definition}, last ${call.duplicate.lastAt})`;
  }
  return null;
}

function secondsSinceLast({ at, lastCalledAt }: Screened): number | null {
  // Clocks of two machines may differ by a little: a previous call is never later than this one.
  return lastCalledAt === null ? null : Math.max(0, (readInstant(at) - readInstant(lastCalledAt)) / 1000);
}

/** What a block list may have of a number: `+1`, `+14`, … and the number itself. */
export function blockPatterns(number: E164): string[] {
  return Array.from({ length: number.length - 1 }, (_, index) => number.slice(0, index + 2));
}
