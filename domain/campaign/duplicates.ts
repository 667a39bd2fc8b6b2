/** What makes a caller a duplicate: an earlier call of theirs to this campaign that came to this, in the last days. */
export const DUPLICATE_DEFINITIONS = ['any_call', 'connected', 'converted'] as const;
export type DuplicateDefinition = (typeof DUPLICATE_DEFINITIONS)[number];

/**
 * What a duplicate gets. `same_buyer`: the buyer of the earlier call comes first, the others after. `different_buyer`:
 * buyers of earlier calls are out. `refuse`: the campaign's treatment of blocked callers. `pay_once`: routed as ever,
 * but the publisher is not paid again.
 */
export const DUPLICATE_TREATMENTS = ['same_buyer', 'different_buyer', 'refuse', 'pay_once'] as const;
export type DuplicateTreatment = (typeof DUPLICATE_TREATMENTS)[number];

export interface DuplicateRule {
  readonly definition: DuplicateDefinition;
  readonly treatment: DuplicateTreatment;
  /** How far back an earlier call counts: so many times 24 hours. */
  readonly days: number;
}
