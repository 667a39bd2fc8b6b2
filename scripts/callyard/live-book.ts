import type { LiveCall, LiveCounters, LiveEndedCall, LiveEvent } from '../../contract/live';
import type { Limit } from '../../contract/resources/limit';
import { unreachable } from '../../domain/exhaustive';

/** What a client of live data knows, by all it has been told. */
export interface LiveBook {
  /** When the server last looked: ISO 8601; `null`: nothing was told yet. */
  readonly at: string | null;
  readonly calls: ReadonlyMap<string, LiveCall>;
  /** The latest that ended, the last one first. */
  readonly ended: readonly LiveEndedCall[];
  readonly counters: ReadonlyMap<string, LiveCounters>;
  readonly limits: ReadonlyMap<string, Limit>;
  /** Why what is known may be old; `null`: it is not. */
  readonly trouble: string | null;
}

export const EMPTY_BOOK: LiveBook = {
  at: null,
  calls: new Map(),
  ended: [],
  counters: new Map(),
  limits: new Map(),
  trouble: null,
};

/** Ended calls that are remembered. */
const LATEST = 50;

/** What is known after an event. @param wanted whether a call belongs to what is watched: others have left it */
export function told(book: LiveBook, event: LiveEvent, wanted: (call: LiveCall) => boolean): LiveBook {
  switch (event.event) {
    case 'snapshot': {
      const { at, calls, counters, limits } = event.data;
      return {
        ...book,
        at,
        calls: byId(calls),
        counters: new Map(counters.map((each) => [each.campaignId, each])),
        limits: byId(limits),
        trouble: null,
      };
    }
    case 'resumed': {
      const { at, calls, campaigns, limits } = event.data;
      return {
        ...book,
        at,
        calls: only(book.calls, calls),
        counters: only(book.counters, campaigns),
        limits: only(book.limits, limits),
        trouble: null,
      };
    }
    case 'call': {
      const calls = without(book.calls, [event.data.id]);
      if (wanted(event.data)) calls.set(event.data.id, event.data);
      return { ...book, calls };
    }
    case 'call.ended': {
      // One may be told twice.
      const others = book.ended.filter(({ id }) => id !== event.data.id);
      return {
        ...book,
        calls: without(book.calls, [event.data.id]),
        ended: [event.data, ...others].slice(0, LATEST),
      };
    }
    case 'counters': {
      const { at, campaigns, gone } = event.data;
      const counters = without(book.counters, gone);
      for (const each of campaigns) counters.set(each.campaignId, each);
      return { ...book, at, counters };
    }
    case 'limits': {
      const limits = without(book.limits, event.data.gone);
      for (const each of event.data.limits) limits.set(each.id, each);
      return { ...book, at: event.data.at, limits };
    }
    case 'trouble':
      return { ...book, trouble: event.data.over ? null : event.data.message };
    default:
      return unreachable(event);
  }
}

function byId<T extends { readonly id: string }>(rows: readonly T[]): Map<string, T> {
  return new Map(rows.map((row) => [row.id, row]));
}

function only<T>(rows: ReadonlyMap<string, T>, ids: readonly string[]): Map<string, T> {
  const kept = new Set(ids);
  return new Map([...rows].filter(([id]) => kept.has(id)));
}

function without<T>(rows: ReadonlyMap<string, T>, ids: readonly string[]): Map<string, T> {
  const rest = new Map(rows);
  for (const id of ids) rest.delete(id);
  return rest;
}
