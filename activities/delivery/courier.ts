import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool } from 'pg';
import { claimDeliveries, type ClaimedRow } from '../../db/queries/events/attempts';
import { requestFor, type EventRequest } from '../../domain/events/request';
import { settle, type AttemptOutcome, type Settled } from './settle';
import { signedHeaders } from './signature';

/** Sends a request to somebody else's service. @throws when there is no answer */
export type Send = (
  request: EventRequest,
  stop: AbortSignal,
) => Promise<{ readonly statusCode: number; readonly excerpt: string }>;

export interface CourierOptions {
  readonly db: Pool;
  readonly send: Send;
  /** What became of an attempt could not be put on record: it is made again. */
  readonly onUnrecorded: (deliveryId: string, error: unknown) => void;
  /** Seconds between attempts; default `WAITS_SECONDS`. */
  readonly waits?: readonly number[];
  /** Seconds after which an attempt of which nothing is heard is made again; default {@link LEASE_SECONDS}. */
  readonly leaseSeconds?: number;
}

/** Attempts under way to one endpoint, so that one that is slow keeps nobody else waiting. */
const MOST_AN_ENDPOINT = 16;
/** To one whose last attempt failed: enough to see that it is back. */
const MOST_WHILE_FAILING = 4;
/** In this process. Each is a socket and its event. */
const MOST_AT_ONCE = 512;
/** Longer than a request may take, and than it takes to put it on record. */
const LEASE_SECONDS = 20;

/** How often a process that has nothing to do looks, in milliseconds; and how often at most. */
const IDLE_MS = 250;
const BUSY_MS = 20;

/** Attempts since they were last asked for. */
export type Counts = Readonly<Record<Settled, number>>;

/**
 * Makes attempts at deliveries that are due. Any number of them, in any number of processes, may do so at once: each
 * takes others. What is under way outlives the look that began it.
 */
export class Courier {
  readonly #options: CourierOptions;
  readonly #busy = new Map<string, number>();
  readonly #underWay = new Set<Promise<void>>();
  readonly #stop = new AbortController();
  #counts: Record<Settled, number> = { delivered: 0, waiting: 0, dead: 0 };

  constructor(options: CourierOptions) {
    this.#options = options;
  }

  get stopped(): boolean {
    return this.#stop.signal.aborted;
  }

  /** Takes what is due and begins to send it. @returns how much that was */
  async look(): Promise<number> {
    const room = MOST_AT_ONCE - this.#underWay.size;
    if (room <= 0 || this.stopped) return 0;
    const claimed = await claimDeliveries(this.#options.db, {
      busy: Object.fromEntries(this.#busy),
      mostAnEndpoint: MOST_AN_ENDPOINT,
      mostWhileFailing: MOST_WHILE_FAILING,
      most: room,
      leaseSeconds: this.#options.leaseSeconds ?? LEASE_SECONDS,
    });
    for (const each of claimed) this.#begin(each);
    return claimed.length;
  }

  /** Waits until it is worth looking again. @param busy whether the last look found something */
  async rest(busy: boolean): Promise<void> {
    if (this.stopped) return;
    await sleep(BUSY_MS);
    if (busy) return;
    const over = new AbortController();
    const idle = sleep(IDLE_MS, undefined, { signal: AbortSignal.any([over.signal, this.#stop.signal]) });
    // Where something ends, there is room.
    await Promise.race([idle.catch(() => undefined), ...this.#underWay]);
    over.abort();
  }

  /** What attempts came to since this was last asked. */
  takeCounts(): Counts {
    const counts = this.#counts;
    this.#counts = { delivered: 0, waiting: 0, dead: 0 };
    return counts;
  }

  /** Looks no more, and gives up what is under way: it is tried again once its lease is over. */
  stop(): void {
    this.#stop.abort();
  }

  /** Resolves when nothing is under way any more: only then may the database's pool end. */
  async quiet(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.allSettled(this.#underWay);
  }

  #begin(delivery: ClaimedRow): void {
    const { endpoint_id: endpoint } = delivery;
    this.#busy.set(endpoint, (this.#busy.get(endpoint) ?? 0) + 1);
    const working = this.#attempt(delivery)
      .catch((error: unknown) => this.#options.onUnrecorded(delivery.id, error))
      .finally(() => {
        this.#underWay.delete(working);
        const left = (this.#busy.get(endpoint) ?? 1) - 1;
        if (left > 0) this.#busy.set(endpoint, left);
        else this.#busy.delete(endpoint);
      });
    this.#underWay.add(working);
  }

  async #attempt(delivery: ClaimedRow): Promise<void> {
    const outcome = await this.#send(delivery);
    // Nobody knows what became of a request that was given up.
    if (outcome.error !== null && this.stopped) return;
    const { db, waits } = this.#options;
    this.#counts[await settle(db, delivery, outcome, waits)] += 1;
  }

  async #send(delivery: ClaimedRow): Promise<AttemptOutcome> {
    const began = performance.now();
    const latencyMs = (): number => Math.round(performance.now() - began);
    try {
      const request = requestOf(delivery);
      const { statusCode, excerpt } = await this.#options.send(request, this.#stop.signal);
      const taken = statusCode >= 200 && statusCode < 300;
      return { statusCode, error: taken ? null : `answered ${statusCode}`, excerpt, latencyMs: latencyMs() };
    } catch (error) {
      const why = error instanceof Error && error.message !== '' ? error.message : String(error);
      return { statusCode: null, error: why.slice(0, 500), excerpt: null, latencyMs: latencyMs() };
    }
  }
}

function requestOf(delivery: ClaimedRow): EventRequest {
  const { event_id: id, type, at: timestamp, data } = delivery;
  const { kind, url, method, content_type: contentType, body_template: bodyTemplate } = delivery;
  const target = { kind, url, method, contentType, bodyTemplate };
  const request = requestFor(target, { id, type, timestamp, data });
  const signature = signedHeaders(delivery.secrets, id, Date.now(), request.body ?? '');
  return { ...request, headers: { ...request.headers, ...signature } };
}
