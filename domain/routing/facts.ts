import type { Qualifications } from '../call/commands';
import type { BuyerId, CallId, E164 } from '../ids';

/** Where the caller is, as far as anybody knows. Every field is a hint. */
export interface CallerGeography {
  /** ISO 3166-1 alpha-2, for example `US`. */
  readonly country: string | null;
  /** USPS or Canada Post abbreviation, for example `CA`. */
  readonly state: string | null;
  /** The three digits after `+1`; `null` outside the North American plan. */
  readonly areaCode: string | null;
  readonly postalCode: string | null;
  /** IANA zone. */
  readonly timeZone: string | null;
}

/** What this caller did in this campaign before, by who took the call. Instants are ISO 8601. */
export interface HistoryEntry {
  /** `null`: calls that no buyer took. */
  readonly buyerId: BuyerId | null;
  readonly lastCalledAt: string;
  readonly lastConnectedAt: string | null;
  readonly lastConvertedAt: string | null;
  /** When the publisher was paid for a call, or may be for one in progress; absent where nobody asks for it. */
  readonly lastPaidAt?: string | null;
}

/** At most one entry a buyer. Empty for a first call, and for anonymous callers. */
export type CallerHistory = readonly HistoryEntry[];

/** All that routing and conditions may look at. The same facts give the same decision, today and in a backtest. */
export interface RoutingFacts {
  readonly callId: CallId;
  /** ISO 8601 instant of the decision. */
  readonly at: string;
  readonly caller: E164 | null;
  readonly geography: CallerGeography;
  readonly source: {
    /** The number that was dialled, in E.164. */
    readonly number: string;
    readonly publisherId: string | null;
    readonly channel: string;
  };
  readonly tags: Qualifications;
  readonly history: CallerHistory;
}
