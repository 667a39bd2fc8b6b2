import type { HistoryEvent } from '../condition';
import { isWithinDays, lastOf } from '../condition-truth';
import type { BuyerId } from '../ids';
import type { CallerHistory } from '../routing/facts';

/** What makes a caller a duplicate: an earlier call of theirs to this campaign that came to this, in the last days. */
export const DUPLICATE_DEFINITIONS = ['any_call', 'connected', 'converted'] as const;
export type DuplicateDefinition = (typeof DUPLICATE_DEFINITIONS)[number];

/**
 * What a duplicate gets. `same_buyer`: the buyer of the earlier call comes first, the others after. `different_buyer`:
 * buyers of earlier calls are out. `refuse`: the campaign's treatment of blocked callers. `pay_once`: routed as ever,
 * but a publisher who was paid for an earlier one is not paid again.
 */
export const DUPLICATE_TREATMENTS = ['same_buyer', 'different_buyer', 'refuse', 'pay_once'] as const;
export type DuplicateTreatment = (typeof DUPLICATE_TREATMENTS)[number];

export interface DuplicateRule {
  readonly definition: DuplicateDefinition;
  readonly treatment: DuplicateTreatment;
  /** How far back an earlier call counts: so many times 24 hours. */
  readonly days: number;
}

/** An earlier call that makes this one a duplicate. */
export interface DuplicateMatch {
  readonly treatment: DuplicateTreatment;
  readonly definition: DuplicateDefinition;
  /** Buyers of the earlier calls, the most recent first. Empty when no buyer took any of them. */
  readonly buyerIds: readonly BuyerId[];
  /** ISO 8601 instant of the most recent of them. */
  readonly lastAt: string;
}

const EVENT_OF: Record<DuplicateDefinition, HistoryEvent> = {
  any_call: 'called',
  connected: 'connected',
  converted: 'converted',
};

/**
 * Whether a campaign's rule applies to a caller with this history. The history must not have the present call in it.
 * @param at ISO 8601 instant of the present call.
 * @returns `null`: no duplicate, or an anonymous caller, who has no history.
 */
export function matchDuplicate(
  rule: DuplicateRule,
  history: CallerHistory,
  at: string,
): DuplicateMatch | null {
  const now = Date.parse(at);
  const event = EVENT_OF[rule.definition];
  const earlier = history
    .flatMap((entry) => {
      const last = lastOf(entry, event);
      return last !== null && isWithinDays(last, rule.days, now) ? [{ buyerId: entry.buyerId, last }] : [];
    })
    .toSorted((a, b) => Date.parse(b.last) - Date.parse(a.last));
  const [latest] = earlier;
  if (latest === undefined) return null;
  return {
    treatment: rule.treatment,
    definition: rule.definition,
    buyerIds: earlier.flatMap(({ buyerId }) => (buyerId === null ? [] : [buyerId])),
    lastAt: latest.last,
  };
}

/**
 * Whether the publisher was paid for an earlier call of this caller, as far back as the rule looks.
 * @param at ISO 8601 instant of the present call.
 */
export function publisherPaid(rule: DuplicateRule, history: CallerHistory, at: string): boolean {
  const now = Date.parse(at);
  return history.some(
    ({ lastPaidAt }) => typeof lastPaidAt === 'string' && isWithinDays(lastPaidAt, rule.days, now),
  );
}

/**
 * Whether a campaign's rule leaves the publisher without pay for this call: a duplicate that is paid for once, and was.
 * @param at ISO 8601 instant of the present call.
 */
export function withholdsPayout(
  rule: DuplicateRule | null,
  match: DuplicateMatch | null,
  history: CallerHistory,
  at: string,
): boolean {
  return rule !== null && match?.treatment === 'pay_once' && publisherPaid(rule, history, at);
}
