import type { Weekday } from './hours';
import type { BuyerId } from './ids';

/** Which clock a condition reads: the campaign's, the caller's (a hint, see docs/geography.md), or an IANA zone. */
export type ClockZone = 'campaign' | 'caller' | { readonly timeZone: string };

export const GEOGRAPHY_FIELDS = ['country', 'state', 'area_code', 'postal_code'] as const;
export type GeographyField = (typeof GEOGRAPHY_FIELDS)[number];

export const SOURCE_FIELDS = ['number', 'publisher', 'channel'] as const;
export type SourceField = (typeof SOURCE_FIELDS)[number];

/** What a tag's value has to be. A tag the call does not have fails each of them. */
export type TagTest =
  | { readonly is: 'present' }
  | { readonly is: 'one_of'; readonly values: readonly string[] }
  /** Reads the value as a decimal number; bounds are inclusive, `null` is no bound. A value that is no number fails. */
  | { readonly is: 'between'; readonly from: number | null; readonly to: number | null };

/**
 * Something that is true or false of a call. Nests to any depth; `all` of nothing is true, `any` of nothing is false.
 * A fact that is not known (no area code, no caller's number) makes the leaf that asks for it false.
 */
export type Condition =
  | { readonly kind: 'all'; readonly conditions: readonly Condition[] }
  | { readonly kind: 'any'; readonly conditions: readonly Condition[] }
  | { readonly kind: 'not'; readonly condition: Condition }
  /**
   * Compared without regard to case, postal codes also without spaces and hyphens; a ZIP+4 is in its ZIP code. An entry
   * of `postal_code` that ends in `*` is a prefix.
   */
  | { readonly kind: 'geography'; readonly field: GeographyField; readonly in: readonly string[] }
  /**
   * Wall-clock time, `from` inclusive, `to` exclusive, `HH:MM` up to `24:00`. When `to` is not after `from` the window
   * runs over midnight and belongs to the weekday it begins on. `weekdays: null`: every day.
   */
  | {
      readonly kind: 'local_time';
      readonly zone: ClockZone;
      readonly weekdays: readonly Weekday[] | null;
      readonly from: string;
      readonly to: string;
    }
  /** Today, on that clock, is one of the campaign's holidays. */
  | { readonly kind: 'holiday'; readonly zone: ClockZone }
  /** Tags of the number, and over them the qualifications won in the IVR. */
  | { readonly kind: 'tag'; readonly tag: string; readonly test: TagTest }
  | { readonly kind: 'source'; readonly field: SourceField; readonly in: readonly string[] }
  /** Never called this campaign before, as far as the number shows. An anonymous caller is never known to have. */
  | { readonly kind: 'first_call' }
  /** An earlier call of this caller to this campaign; `withinDays: null`: ever. `buyerIds: null`: whoever took it. */
  | {
      readonly kind: 'caller_history';
      readonly event: HistoryEvent;
      readonly withinDays: number | null;
      readonly buyerIds: readonly BuyerId[] | null;
    };

/** What an earlier call came to: `called` counts every call, `connected` one a buyer talked on, `converted` a paid one. */
export const HISTORY_EVENTS = ['called', 'connected', 'converted'] as const;
export type HistoryEvent = (typeof HISTORY_EVENTS)[number];
