import type { Response } from 'express';
import type { Cursor } from './cursor';
import type { LiveFilter } from './filter';

/** What a client of the stream is to whoever feeds it. */
export interface StreamClient {
  readonly filter: LiveFilter;
  /** What it had seen when it came; `null`: nothing. */
  readonly cursor: Cursor | null;
  /** Whether it has been told how things stand: from then on it is told what changes. */
  told: boolean;
  /** Milliseconds since the epoch. */
  lastWrite: number;
  /** @returns whether it was sent: a client that takes too little in is cut off instead, and comes back for the rest */
  send(text: string): boolean;
  end(): void;
}

export interface StreamOptions {
  readonly filter: LiveFilter;
  readonly cursor: Cursor | null;
  /** Bytes that may wait for the client to take them in, beside the longest text it was sent. */
  readonly mostWaiting: number;
  /** It is gone, by itself or cut off. */
  readonly onGone: (client: StreamClient) => void;
}

/** Clients come back after so many milliseconds, each a little later than the other. */
const RETRY_MS = 1_000;
const RETRY_SPREAD_MS = 1_000;

/** Begins a stream of server-sent events as the answer to a request. */
export function openStream(res: Response, options: StreamOptions): StreamClient {
  const { filter, cursor, mostWaiting, onGone } = options;
  res.status(200).set({
    'Content-Type': 'text/event-stream; charset=utf-8',
    // Proxies hand on each event at once, as it is.
    'Cache-Control': 'no-store, no-transform',
    'X-Accel-Buffering': 'no',
    // The connection is of no use to anybody else, and ends with the stream when the server does.
    Connection: 'close',
  });
  res.flushHeaders();
  let largest = 0;
  const client: StreamClient = {
    filter,
    cursor,
    told: false,
    lastWrite: Date.now(),
    send(text) {
      if (res.destroyed || res.writableEnded) return false;
      // Everything as it is may be long: it is given time for that.
      if (res.writableLength > mostWaiting + largest) {
        res.destroy();
        return false;
      }
      largest = Math.max(largest, text.length);
      res.write(text);
      client.lastWrite = Date.now();
      return true;
    },
    end: () => res.end(),
  };
  res.on('close', () => onGone(client));
  // A line that breaks is told by 'close'; without a listener it would end the process.
  res.on('error', () => undefined);
  client.send(`retry: ${RETRY_MS + Math.floor(Math.random() * RETRY_SPREAD_MS)}\n\n`);
  return client;
}
