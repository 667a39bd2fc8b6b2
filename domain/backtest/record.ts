import type { PayoutRule } from '../call/attribution';
import type { Qualifications } from '../call/commands';
import type { DuplicateRule } from '../campaign/duplicates';
import type { Currency } from '../money';
import type { CallerGeography, CallerHistory } from '../routing/facts';

/*
 * What the choice of a buyer rests on, as it is kept with each call: with a campaign's recorded configuration and any
 * version of its plan, the choice can be made again.
 */

/** What is known of the call beyond its own row, at the first choice. */
export interface RecordedFacts {
  readonly geography: CallerGeography;
  /** Where the number is shown. */
  readonly channel: string;
  readonly tags: Qualifications;
  /** `null`: nothing that chose looked at it. */
  readonly history: CallerHistory | null;
  /** What the number's publisher gets for a call that falls due; `null`: nothing, or not a second time. */
  readonly payout: PayoutRule | null;
}

/** A campaign without its plan. Assignments are recorded apart, each under its digest. */
export interface RecordedCampaign {
  /** IANA zone. */
  readonly timeZone: string;
  /** Local calendar days, `YYYY-MM-DD`. */
  readonly holidays: readonly string[];
  readonly duplicates: DuplicateRule | null;
  readonly currency: Currency;
  /** Digests, in the order of the assignments' ids. */
  readonly assignments: readonly string[];
}
