import { setTimeout } from 'node:timers/promises';
import type { Response } from 'express';
import type { Pool } from 'pg';
import { isDatabaseAway } from '../../db/errors';
import { listEndedCalls } from '../../db/queries/live/endedCalls';
import type { Logger } from '../../runtime/logger';
import { Problem } from '../problems';
import { openStream, type StreamClient } from './client';
import { canGoOn, readCursor } from './cursor';
import { keyOf, type LiveFilter } from './filter';
import { look, type Look } from './look';
import { presentEndedCall } from './present';
import type { LiveState } from './state';
import { differencesText, resumedText, snapshotText, stillHere, troubleText } from './wire';

export interface LiveOptions {
  readonly db: Pool;
  readonly log: Logger;
  /** Milliseconds from the begin of a look to that of the next; default 300. */
  readonly everyMs?: number;
  /** Milliseconds after which a look that is not over is told as trouble; default 2 s. */
  readonly lateMs?: number;
  /** Bytes that may wait for a client beside the longest text it was sent, default 4 MB; past that it is cut off. */
  readonly mostWaiting?: number;
  /** Default 1,000. */
  readonly mostStreams?: number;
  /** Milliseconds of silence after which a client is told that there is nothing to tell; default 15 s. */
  readonly heartbeatMs?: number;
}

/** How live data is doing, in this process. */
export interface LiveStatus {
  readonly streams: number;
  /** Seconds since the begin of the last look that went well; `null`: there was none, or nobody listens. */
  readonly lookAgeSeconds: number | null;
  /** Looks begun, ever. */
  readonly looks: number;
}

/** Live data of this process: one look at the database at a time, for all its clients. */
export interface Live {
  /**
   * Answers a request with a stream.
   * @param lastEventId what the client has seen, in the words of an event's id
   * @throws Problem `unavailable` when there are too many streams, or the process is on its way out
   */
  open(res: Response, filter: LiveFilter, lastEventId: string | undefined): void;
  status(): LiveStatus;
  /** Ends all streams; clients come back, to another process. */
  stop(): Promise<void>;
}

const EVERY_MS = 300;
const LATE_MS = 2_000;
const MOST_WAITING = 4_000_000;
const MOST_STREAMS = 1_000;
const HEARTBEAT_MS = 15_000;
/** Ends that a client who was away is told one by one; one that missed more gets everything as it is. */
const MOST_MISSED = 5_000;

/** Looks while somebody listens, and not otherwise. */
export function createLive(options: LiveOptions): Live {
  return new Watch(options);
}

class Watch implements Live {
  private readonly clients = new Set<StreamClient>();
  private readonly stopping = new AbortController();
  /** What clients have been told; `null`: nobody was told anything. */
  private state: LiveState | null = null;
  /** Those who know that something is wrong. */
  private readonly worried = new Set<StreamClient>();
  private lookedAt: number | null = null;
  private looks = 0;
  private working: Promise<void> | null = null;

  constructor(private readonly options: LiveOptions) {}

  open(res: Response, filter: LiveFilter, lastEventId: string | undefined): void {
    if (this.stopping.signal.aborted)
      throw new Problem('unavailable', 'The server is going down: come back in a moment');
    const { mostStreams = MOST_STREAMS, mostWaiting = MOST_WAITING } = this.options;
    if (this.clients.size >= mostStreams) {
      throw new Problem(
        'unavailable',
        `This process has ${mostStreams} live streams, which is all it takes: close some, or try again later`,
      );
    }
    const onGone = (client: StreamClient): void => {
      this.clients.delete(client);
      this.worried.delete(client);
    };
    const cursor = readCursor(lastEventId, filter);
    const client = openStream(res, { filter, cursor, mostWaiting, onGone });
    // Gone before it was answered: nobody would tell us once more.
    if (res.closed) return;
    this.clients.add(client);
    this.working ??= this.work();
  }

  status(): LiveStatus {
    return {
      streams: this.clients.size,
      lookAgeSeconds: this.lookedAt === null ? null : (Date.now() - this.lookedAt) / 1000,
      looks: this.looks,
    };
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    for (const client of this.clients) client.end();
    await this.working;
  }

  private async work(): Promise<void> {
    const { signal } = this.stopping;
    const { everyMs = EVERY_MS } = this.options;
    while (this.clients.size > 0 && !signal.aborted) {
      const began = Date.now();
      await this.round(began);
      const took = Date.now() - began;
      // At most half of the time is spent on looking, however much there is to see.
      await setTimeout(Math.max(everyMs - took, took), undefined, { signal }).catch(() => undefined);
    }
    // Nobody looks any more: what is known grows old.
    this.state = null;
    this.lookedAt = null;
    this.worried.clear();
    this.working = null;
  }

  /** Looks once, and tells everybody. Goes on where it was when something goes wrong. */
  private async round(began: number): Promise<void> {
    // A client is shown a look that began after it came: what it has seen of another process is older than that.
    const newcomers = [...this.clients].filter(({ told }) => !told);
    this.looks += 1;
    // A database that hangs fails no statement for seconds: what is known is old all the same.
    const late = globalThis.setTimeout(
      () => this.worry(null, 'The database takes long to answer: what is known may be old.'),
      this.options.lateMs ?? LATE_MS,
    );
    try {
      const filters = [...this.clients].map(({ filter }) => filter);
      const found = await look(this.options.db, this.state, filters);
      this.reassure();
      this.tell(found);
      this.state = found.state;
      await this.welcome(newcomers, found.state);
      this.lookedAt = began;
    } catch (error) {
      this.worry(
        error,
        isDatabaseAway(error)
          ? 'The database does not answer: what is known may be old.'
          : 'The database could not be looked at: what is known may be old.',
      );
    } finally {
      clearTimeout(late);
    }
    this.beat();
  }

  /** Tells clients what changed since the last look. */
  private tell({ state, differences }: Look): void {
    const before = this.state;
    const textFor = onceEach((filter) =>
      before === null || differences === null
        ? snapshotText(state, filter)
        : differencesText(before, state, differences, filter),
    );
    for (const client of [...this.clients].filter(({ told }) => told)) {
      const text = textFor(client.filter);
      if (text !== '') client.send(text);
    }
  }

  /** Tells clients that have just come how things stand, or what they missed. */
  private async welcome(newcomers: readonly StreamClient[], state: LiveState): Promise<void> {
    const wholeFor = onceEach((filter) => snapshotText(state, filter));
    for (const client of newcomers) {
      let missed: string | null = null;
      try {
        missed = await this.missedBy(client, state);
      } catch (error) {
        // Nobody else is told of trouble that one client's place makes. Where the database went away, it is as good later.
        if (isDatabaseAway(error)) continue;
        this.options.log.warn(
          { err: error },
          'a live stream cannot go on where it was: it is told everything',
        );
      }
      client.told = true;
      client.send(missed ?? wholeFor(client.filter));
    }
  }

  /** What a client missed; `null`: it knew nothing, or too little. */
  private async missedBy({ filter, cursor }: StreamClient, state: LiveState): Promise<string | null> {
    if (cursor === null || !canGoOn(cursor, state)) return null;
    const ended = await listEndedCalls(this.options.db, {
      since: cursor.snapshot,
      upTo: state.snapshot,
      ...filter,
      ids: [],
      limit: MOST_MISSED + 1,
    });
    if (ended.length > MOST_MISSED) return null;
    return resumedText(state, cursor, ended.map(presentEndedCall), filter);
  }

  /** @param error `null`: a look is not over yet */
  private worry(error: unknown, message: string): void {
    if (this.worried.size === 0)
      this.options.log.warn({ err: error }, 'live data stands still: trying again');
    for (const client of this.clients) {
      if (this.worried.has(client)) continue;
      client.send(troubleText({ over: false, message }));
      this.worried.add(client);
    }
  }

  private reassure(): void {
    for (const client of this.worried)
      client.send(troubleText({ over: true, message: 'The database answers again.' }));
    this.worried.clear();
  }

  /** Silence might also be a line that is dead. */
  private beat(): void {
    const { heartbeatMs = HEARTBEAT_MS } = this.options;
    for (const client of this.clients) {
      if (Date.now() - client.lastWrite < heartbeatMs) continue;
      const known = client.told && !this.worried.has(client) ? this.state : null;
      client.send(known === null ? ': still here\n\n' : stillHere(known, client.filter));
    }
  }
}

/** Clients with the same filter share what is written for them. */
function onceEach(write: (filter: LiveFilter) => string): (filter: LiveFilter) => string {
  const texts = new Map<string, string>();
  return (filter) => {
    const key = keyOf(filter);
    const text = texts.get(key) ?? write(filter);
    texts.set(key, text);
    return text;
  };
}
