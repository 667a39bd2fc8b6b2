/*
 * The server, asked without preflights and cookies. Whatever goes wrong is no answer, and a page without an answer
 * stays as it is.
 */

/** How long a page waits for its number, in milliseconds. */
const PATIENCE = 2_000;

export interface Lease {
  /** E.164. */
  readonly number: string;
  /** Seconds between signs of life; `null`: there is nothing to keep alive. */
  readonly heartbeat: number | null;
}

export interface Server {
  /** @returns `null`: there is no number, or no answer */
  lease(body: object): Promise<Lease | null>;
  /** @returns false: the lease is over. Without an answer it may live. */
  beat(session: string): Promise<boolean>;
  /** A last sign of life of a page that may be about to go. */
  leave(session: string): void;
  tag(session: string, tags: object): void;
}

/** @param base address of the pool */
export function createServer(base: string): Server {
  const ask = async (path: string, body: object): Promise<Record<string, unknown>> => {
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(), PATIENCE);
    try {
      const answer = await fetch(`${base}/${path}`, {
        method: 'POST',
        body: JSON.stringify(body),
        credentials: 'omit',
        cache: 'no-store',
        referrerPolicy: 'no-referrer',
        signal: abort.signal,
      });
      return answer.ok ? ((await answer.json()) as Record<string, unknown>) : {};
    } catch {
      return {};
    } finally {
      clearTimeout(timer);
    }
  };
  return {
    async lease(body) {
      const { number, heartbeatSeconds } = await ask('lease', body);
      if (typeof number !== 'string' || !/^\+[1-9]\d{3,14}$/.test(number)) return null;
      return { number, heartbeat: typeof heartbeatSeconds === 'number' ? heartbeatSeconds : null };
    },
    beat: async (session) => (await ask('heartbeat', { session }))['live'] !== false,
    leave(session) {
      navigator.sendBeacon?.(`${base}/heartbeat`, JSON.stringify({ session }));
    },
    tag(session, tags) {
      void ask('tags', { session, tags });
    },
  };
}
