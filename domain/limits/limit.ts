import type { Currency } from '../money';
import type { Destination } from '../instructions';
import type { AssignmentId, BuyerId, CampaignId, PublisherId } from '../ids';
import { unreachable } from '../exhaustive';

/** What a limit is on. All limits on an attempt's scopes must have room for it. */
export const SCOPE_KINDS = ['campaign', 'publisher', 'buyer', 'assignment', 'destination'] as const;
export type ScopeKind = (typeof SCOPE_KINDS)[number];

/** Over what a limit counts: calls at once, or a stretch of the scope's own calendar. */
export const LIMIT_WINDOWS = ['concurrency', 'hour', 'day', 'month', 'total'] as const;
export type LimitWindow = (typeof LIMIT_WINDOWS)[number];

/** What counts. `spend` counts micros: what the buyer pays; on a publisher, what the publisher gets. */
export const COUNTED_EVENTS = ['attempt', 'connection', 'conversion', 'spend'] as const;
export type CountedEvent = (typeof COUNTED_EVENTS)[number];

/** What is counted in units of one, or in micros of a currency. */
export type Measure =
  | { readonly counts: Exclude<CountedEvent, 'spend'>; readonly currency: null }
  | { readonly counts: 'spend'; readonly currency: Currency };

/** `<kind>:<id>`: how the database finds the limits on a scope. */
export type Scope = `${ScopeKind}:${string}`;

/** Who an attempt involves. */
export interface Involved {
  readonly campaignId: CampaignId;
  /** `null`: the number has no publisher. */
  readonly publisherId: PublisherId | null;
  readonly buyerId: BuyerId;
  readonly assignmentId: AssignmentId;
  readonly destinations: readonly Destination[];
}

/** Every scope of which the limits must have room for an attempt. */
export function scopesOf(involved: Involved): readonly Scope[] {
  const { campaignId, publisherId, buyerId, assignmentId, destinations } = involved;
  return [
    `campaign:${campaignId}`,
    ...(publisherId === null ? [] : [`publisher:${publisherId}` as const]),
    `buyer:${buyerId}`,
    `assignment:${assignmentId}`,
    // A destination that is named twice is one line.
    ...new Set(destinations.map((each): Scope => `destination:${destinationAddress(each)}`)),
  ];
}

/** The id of a destination as a scope: `tel:+14155550123` or `sip:agent@example.com`. */
export function destinationAddress(destination: Destination): string {
  switch (destination.kind) {
    case 'tel':
      return `tel:${destination.number}`;
    case 'sip':
      return destination.uri;
    default:
      return unreachable(destination);
  }
}

/** The kind and id of a scope. @throws RangeError when the text is no scope */
export function readScope(scope: string): { readonly kind: ScopeKind; readonly id: string } {
  const colon = scope.indexOf(':');
  const kind = SCOPE_KINDS.find((each) => each === scope.slice(0, colon));
  if (kind === undefined) throw new RangeError(`"${scope}" is not a scope`);
  return { kind, id: scope.slice(colon + 1) };
}
