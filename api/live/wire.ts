import { isDeepStrictEqual } from 'node:util';
import type { LiveEndedCall, LiveEvent } from '../../contract/live';
import type { Limit } from '../../contract/resources/limit';
import { writeCursor, type Cursor } from './cursor';
import { keyOf, narrowCounters, wantsCall, wantsLimit, type LiveFilter } from './filter';
import type { Scopes } from './scopes';
import { mayBeNewTo, readSnapshot } from './snapshot';
import type { Change, Differences, LiveState } from './state';

/*
 * Events as text. Those of one look share one id, which the last of them carries: a client that is cut off in between
 * is told all of them again.
 */

/** Lines that only move the id on: the client has seen that nothing happened. */
export function stillHere(cursor: Cursor, filter: LiveFilter): string {
  return `: still here\nid: ${writeCursor(cursor, filter)}\n\n`;
}

/** Something is wrong, or no longer: of no look, so it leaves the id where it was. */
export function troubleText(what: { readonly over: boolean; readonly message: string }): string {
  return write({ event: 'trouble', data: { at: new Date().toISOString(), ...what } });
}

/** Everything as it is. */
export function snapshotText(state: LiveState, filter: LiveFilter): string {
  const data = {
    at: state.at,
    calls: [...state.calls.values()].map(({ call }) => call).filter((call) => wantsCall(filter, call)),
    counters: [...state.counters.values()].flatMap((each) => narrowCounters(filter, each) ?? []),
    limits: limitsOf(state, filter),
  };
  return write({ event: 'snapshot', data }, writeCursor(state, filter));
}

/**
 * What a client missed since its cursor: all calls that ended, those in progress that may have moved, and counters and
 * limits whole.
 */
export function resumedText(
  state: LiveState,
  cursor: Cursor,
  ended: readonly LiveEndedCall[],
  filter: LiveFilter,
): string {
  const seen = readSnapshot(cursor.snapshot);
  const calls = [...state.calls.values()].filter(({ call }) => wantsCall(filter, call));
  const moved = calls.filter(
    ({ version: { written_in, step_in } }) =>
      seen === null || mayBeNewTo(seen, written_in) || (step_in !== null && mayBeNewTo(seen, step_in)),
  );
  const campaigns = [...state.counters.values()].flatMap((each) => narrowCounters(filter, each) ?? []);
  const limits = limitsOf(state, filter);
  return writeAll(
    [
      {
        event: 'resumed',
        data: {
          at: state.at,
          calls: calls.map(({ call }) => call.id),
          // What was deleted, archived or out of its day meanwhile left no trace that could be told as gone.
          campaigns: campaigns.map(({ campaignId }) => campaignId),
          limits: limits.map(({ id }) => id),
        },
      },
      ...ended.map((data) => ({ event: 'call.ended' as const, data })),
      ...moved.map(({ call }) => ({ event: 'call' as const, data: call })),
      { event: 'counters', data: { at: state.at, campaigns, gone: [] } },
      { event: 'limits', data: { at: state.at, limits, gone: [] } },
    ],
    writeCursor(state, filter),
  );
}

/** What a look found that is wanted; empty: nothing. @param before what whoever has this filter was told */
export function differencesText(
  before: LiveState,
  state: LiveState,
  differences: Differences,
  filter: LiveFilter,
): string {
  const { at } = state;
  const campaigns = split(
    differences.counters.map(({ before, after }) => ({
      before: narrowCounters(filter, before),
      after: narrowCounters(filter, after),
    })),
  );
  const limits = split(limitChanges(before, state, differences.limits, filter));
  return writeAll(
    [
      ...differences.calls
        .filter(({ before, after }) => wantsCall(filter, before) || wantsCall(filter, after))
        .map(({ after }) => ({ event: 'call' as const, data: after })),
      ...differences.ended
        .filter(({ before, call }) => wantsCall(filter, before) || wantsCall(filter, call))
        .map(({ call }) => ({ event: 'call.ended' as const, data: call })),
      ...(campaigns === null
        ? []
        : [
            {
              event: 'counters' as const,
              data: {
                at,
                campaigns: campaigns.changed,
                gone: campaigns.gone.map(({ campaignId }) => campaignId),
              },
            },
          ]),
      ...(limits === null
        ? []
        : [
            {
              event: 'limits' as const,
              data: { at, limits: limits.changed, gone: limits.gone.map(({ id }) => id) },
            },
          ]),
    ],
    writeCursor(state, filter),
  );
}

/** Scopes whose limits are wanted. Of a filter that nobody had at that look, nothing was told. */
function scopesIn({ scopes }: LiveState, filter: LiveFilter): Scopes {
  const own = scopes.get(keyOf(filter));
  return own === undefined ? new Set() : own;
}

function limitsOf(state: LiveState, filter: LiveFilter): Limit[] {
  const scopes = scopesIn(state, filter);
  return [...state.limits.values()].filter((limit) => wantsLimit(scopes, limit));
}

/** Limits that changed, that came to what is wanted, and that left it, as when an assignment is removed. */
function limitChanges(
  before: LiveState,
  state: LiveState,
  changes: readonly Change<Limit>[],
  filter: LiveFilter,
): Change<Limit>[] {
  const [old, now] = [scopesIn(before, filter), scopesIn(state, filter)];
  const wanted = (change: Change<Limit>): Change<Limit> => ({
    before: change.before !== null && wantsLimit(old, change.before) ? change.before : null,
    after: change.after !== null && wantsLimit(now, change.after) ? change.after : null,
  });
  if (isDeepStrictEqual(old, now)) return changes.map(wanted);
  const changed = new Set(changes.map(({ before: was, after }) => (after ?? was)?.id));
  const others = [...state.limits.values()].filter(
    (limit) => !changed.has(limit.id) && wantsLimit(old, limit) !== wantsLimit(now, limit),
  );
  return [...changes, ...others.map((limit) => ({ before: limit, after: limit }))].map(wanted);
}

/** What is there now, and what is no more; `null`: neither. */
function split<T>(changes: readonly Change<T>[]): { readonly changed: T[]; readonly gone: T[] } | null {
  const changed = changes.flatMap(({ after }) => (after === null ? [] : [after]));
  const gone = changes.flatMap(({ before, after }) => (before === null || after !== null ? [] : [before]));
  return changed.length + gone.length === 0 ? null : { changed, gone };
}

function writeAll(events: readonly LiveEvent[], id: string): string {
  return events.map((event, index) => write(event, index === events.length - 1 ? id : undefined)).join('');
}

/** JSON has no line breaks of its own. */
function write({ event, data }: LiveEvent, id?: string): string {
  return `event: ${event}\n${id === undefined ? '' : `id: ${id}\n`}data: ${JSON.stringify(data)}\n\n`;
}
