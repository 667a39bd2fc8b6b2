import { isDeepStrictEqual } from 'node:util';
import type { LiveCall, LiveCounters, LiveEndedCall } from '../../contract/live';
import type { Limit } from '../../contract/resources/limit';
import type { OpenVersionRow } from '../../db/queries/live/openCalls';
import type { Cursor } from './cursor';
import type { DayCounters } from './present';
import type { Scopes } from './scopes';

/** A call in progress, and which state of it this is. */
export interface OpenCall {
  readonly version: OpenVersionRow;
  readonly call: LiveCall;
}

/** Everything that is live, as one snapshot of the database had it. */
export interface LiveState extends Cursor {
  /** Changes with the configuration of any campaign. */
  readonly config: string;
  readonly calls: ReadonlyMap<string, OpenCall>;
  readonly days: ReadonlyMap<string, DayCounters>;
  readonly counters: ReadonlyMap<string, LiveCounters>;
  readonly limits: ReadonlyMap<string, Limit>;
  /** Which limits filters want that somebody has, by the filter's key. */
  readonly scopes: ReadonlyMap<string, Scopes>;
}

/** One thing before and after; `null`: it was not there, or is no more. */
export interface Change<T> {
  readonly before: T | null;
  readonly after: T | null;
}

/** What sets one look apart from the one before. */
export interface Differences {
  /** Calls in progress that began, or moved. */
  readonly calls: readonly (Change<LiveCall> & { readonly after: LiveCall })[];
  /** `before`: as it was in progress; `null`: it began and ended between two looks. */
  readonly ended: readonly { readonly before: LiveCall | null; readonly call: LiveEndedCall }[];
  readonly counters: readonly Change<LiveCounters>[];
  readonly limits: readonly Change<Limit>[];
}

/** What sets two states apart. @param ended calls whose end became visible between them */
export function differencesOf(
  before: LiveState,
  after: LiveState,
  ended: readonly LiveEndedCall[],
): Differences {
  return {
    calls: [...after.calls].flatMap(([id, { call }]) => {
      const known = before.calls.get(id)?.call ?? null;
      return known === call || isDeepStrictEqual(known, call) ? [] : [{ before: known, after: call }];
    }),
    ended: ended.map((call) => ({ before: before.calls.get(call.id)?.call ?? null, call })),
    counters: changesOf(before.counters, after.counters),
    limits: changesOf(before.limits, after.limits),
  };
}

function changesOf<T>(before: ReadonlyMap<string, T>, after: ReadonlyMap<string, T>): Change<T>[] {
  const gone = [...before].flatMap(([id, value]) => (after.has(id) ? [] : [{ before: value, after: null }]));
  const changed = [...after].flatMap(([id, value]) => {
    const known = before.get(id) ?? null;
    return known === value || isDeepStrictEqual(known, value) ? [] : [{ before: known, after: value }];
  });
  return [...gone, ...changed];
}
