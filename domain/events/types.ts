import type { AttemptId, CallId } from '../ids';
import type { Notice } from '../migration/state';

/** Everything somebody outside can be told of. */
export const EVENT_TYPES = [
  'call.received',
  'call.connected',
  'call.ended',
  'call.converted',
  'call.paid',
  'limit.reached',
  'migration.breached',
  'migration.approval_wanted',
  'migration.switch_refused',
  'migration.completed',
  'migration.rolled_back',
  'migration.aborted',
  'test.ping',
] as const;

export type EventType = (typeof EVENT_TYPES)[number];

/** What happens to a call. */
export type CallEventType = Extract<EventType, `call.${string}`>;

/** Sent when somebody asks for it, never by itself. */
export const TEST_EVENT = 'test.ping' satisfies EventType;

/** Stands for all types in an endpoint's list. */
export const ALL_EVENTS = '*';

/** One thing that happened to a call, and the key under which it is recorded once. */
export interface CallEvent {
  readonly type: CallEventType;
  readonly key: string;
  /** ISO 8601 instant at which it happened. */
  readonly at: string;
}

/** @param subject the call; of a connection the dial, for of one call more than one can be answered */
export function callEvent(type: CallEventType, subject: CallId | AttemptId, at: string): CallEvent {
  return { type, key: `${type}:${subject}`, at };
}

/** A notice of a migration, as the event that tells it. */
export function migrationEvent(notice: Notice): Extract<EventType, `migration.${string}`> {
  return `migration.${notice}`;
}
