import type { CallId, MigrationId } from '../ids';
import { createDraw } from '../routing/draw';

/** Which half of a migration a call belongs to. It is written on the call when it begins, and stays for ever. */
export const SIDES = ['control', 'challenger'] as const;
export type Side = (typeof SIDES)[number];

/** All of the traffic, in hundredths of a percent. */
export const WHOLE_SHARE = 10_000;

/** What decides a call's side. */
export interface SplitCall {
  readonly migrationId: MigrationId;
  /** Whoever calls, as E.164; `null` for a caller who withholds the number. */
  readonly caller: string | null;
  readonly callId: CallId;
  /** The challenger's share in hundredths of a percent, a whole number from 0 to {@link WHOLE_SHARE}. */
  readonly shareBasisPoints: number;
}

/**
 * The side of a call. Every caller stands at one point of a migration for good, and the challenger has the points below
 * its share: raising the share only moves callers from control to challenger, lowering it moves the last ones back.
 * Callers stand elsewhere in another migration. One who withholds the number is nobody we could know again, so that
 * every such call stands for itself.
 */
export function sideOf(call: SplitCall): Side {
  return splitPoint(call) < call.shareBasisPoints ? 'challenger' : 'control';
}

/** Where a caller stands in a migration: a whole number from 0 to {@link WHOLE_SHARE} − 1, all equally likely. */
export function splitPoint({ migrationId, caller, callId }: Omit<SplitCall, 'shareBasisPoints'>): number {
  const who = caller === null ? `call/${callId}` : `caller/${caller}`;
  return Math.floor(createDraw(`migration/${migrationId}`)(who) * WHOLE_SHARE);
}

/** A share for people: `500` → `5 %`, `25` → `0.25 %`. */
export function formatShare(basisPoints: number): string {
  return `${basisPoints / 100} %`;
}
