import { z } from 'zod';
import { instantSchema } from '../../contract/resources/ids';
import type { LiveFilter } from './filter';
import { readSnapshot, shortened } from './snapshot';

/** How long a client may be away and still be told what it missed, in milliseconds. */
export const LONGEST_AWAY_MS = 15 * 60_000;
/** By how much clocks of the database may run apart, as after it moved to another machine, in milliseconds. */
const CLOCK_SLACK_MS = 60_000;

/** What a client has seen, and of what: all of it in the id of an event, so that any process can go on from there. */
export interface Cursor {
  /** ISO 8601. */
  readonly at: string;
  /** Of PostgreSQL, as text. */
  readonly snapshot: string;
}

const cursorSchema = z.tuple([
  instantSchema,
  z.string().refine((text) => readSnapshot(text) !== null),
  z.string().nullable(),
  z.string().nullable(),
]);

/** The id of an event: what whoever got it has seen. */
export function writeCursor({ at, snapshot }: Cursor, { campaignId, buyerId }: LiveFilter): string {
  return Buffer.from(JSON.stringify([at, shortened(snapshot), campaignId, buyerId])).toString('base64url');
}

/** What a client has seen; `null`: nothing, or of something else, or the id is none of ours. */
export function readCursor(id: string | undefined, filter: LiveFilter): Cursor | null {
  if (id === undefined) return null;
  let json: unknown;
  try {
    json = JSON.parse(Buffer.from(id, 'base64url').toString());
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
  const cursor = cursorSchema.safeParse(json);
  if (!cursor.success) return null;
  const [at, snapshot, campaignId, buyerId] = cursor.data;
  return campaignId === filter.campaignId && buyerId === filter.buyerId ? { at, snapshot } : null;
}

/**
 * Whether one can go on from a cursor at a later look: it is not too old, and of the same server's transactions; one that
 * was restored may be behind them.
 */
export function canGoOn(cursor: Cursor, now: Cursor): boolean {
  const seen = readSnapshot(cursor.snapshot);
  const current = readSnapshot(now.snapshot);
  const away = Date.parse(now.at) - Date.parse(cursor.at);
  return (
    seen !== null &&
    current !== null &&
    seen.xmax <= current.xmax &&
    away <= LONGEST_AWAY_MS &&
    away >= -CLOCK_SLACK_MS
  );
}
