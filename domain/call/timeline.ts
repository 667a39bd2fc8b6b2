/** A value in a timeline entry's details: anything that is plain JSON. */
export type Detail =
  | string
  | number
  | boolean
  | null
  | readonly Detail[]
  | { readonly [key: string]: Detail };

export const TIMELINE_STEPS = [
  'received',
  'screened',
  'ivr_passed',
  'ivr_asked',
  'ivr_answered',
  'routed',
  'dialing',
  'buyer_answered',
  'buyer_accepted',
  'attempt_ended',
  'fallback',
  'caller_gone',
  'recording',
  'carrier_status',
  'fail_safe',
  'late_callback',
  'deadline',
  'canceled',
  'ended',
  'capacity_freed',
  'postback',
  'adjusted',
  'disputed',
] as const;

export type TimelineStep = (typeof TIMELINE_STEPS)[number];

/** One thing that happened to a call, and why. */
export interface TimelineEntry {
  /** Unique within the call and derived from what happened, so that writing an entry twice leaves one. */
  readonly key: string;
  /** ISO 8601 instant. */
  readonly at: string;
  readonly step: TimelineStep;
  /** What was decided, in words an engineer reads at 3 a.m. */
  readonly decision: string;
  /** Figures, reasons and config versions behind the decision. Never a caller's number. */
  readonly detail?: { readonly [key: string]: Detail };
}
