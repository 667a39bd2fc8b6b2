import type { Pool } from 'pg';
import { quantile } from '../statistics';
import type { System } from './systems';

/** What one run of a cell came to. */
export interface Run {
  readonly perSecond: number;
  /** Milliseconds from asking to the answer. */
  readonly p50: number;
  readonly p99: number;
}

export interface Load {
  /** Requests under way at any time. */
  readonly clients: number;
  /** Which limit the next request is for. */
  readonly nextLimit: () => number;
  /** Milliseconds before counting begins, and those that count. */
  readonly warmUpMs: number;
  readonly windowMs: number;
  /** What is granted is given back at once, so that the limit stays as full as it is. */
  readonly giveBack: boolean;
}

let run = 0;

/** Clients that ask again as soon as they have an answer. */
export async function measure(system: System, load: Load): Promise<Run> {
  run += 1;
  const begins = performance.now() + load.warmUpMs;
  const ends = begins + load.windowMs;
  const latencies: number[] = [];
  const client = async (nth: number): Promise<void> => {
    for (let n = 0; ; n++) {
      const asked = performance.now();
      if (asked >= ends) return;
      const id = `bench/${run}/${nth}/${n}`;
      const granted = await system.reserve(id, load.nextLimit());
      const answered = performance.now();
      if (asked >= begins && answered <= ends) latencies.push(answered - asked);
      if (granted && load.giveBack) await system.void?.(id);
    }
  };
  await Promise.all(Array.from({ length: load.clients }, (_, nth) => client(nth)));
  return {
    perSecond: latencies.length / (load.windowMs / 1000),
    p50: quantile(latencies, 0.5),
    p99: quantile(latencies, 0.99),
  };
}

/** Empty tables and `count` limits of `maximum` places, each used by `used`. */
export async function prepare(db: Pool, count: number, maximum: number, used: number): Promise<void> {
  await db.query('TRUNCATE limits, limit_counters, reservation_holds, reservations, freed_reservations');
  await db.query(
    `INSERT INTO limits (id, scope_kind, scope_id, "window", counts, maximum, time_zone)
     SELECT 'lim_' || i, 'buyer', i, 'total', 'attempt', $2, 'UTC' FROM generate_series(0, $1::integer - 1) i`,
    [count, maximum],
  );
  await db.query(
    `INSERT INTO limit_counters (limit_id, window_start, posted)
     SELECT 'lim_' || i, '-infinity', $2 FROM generate_series(0, $1::integer - 1) i
         ON CONFLICT (limit_id, window_start) DO UPDATE SET posted = excluded.posted`,
    [count, used],
  );
  await db.query('ANALYZE limits, limit_counters, reservations, reservation_holds');
}

/** Draws 0, 1, … with chances 1, 1/2, 1/3, …: Zipf's law with exponent 1. @param random from 0 to 1 */
export function zipf(count: number, random: () => number): () => number {
  const upTo: number[] = [];
  let sum = 0;
  for (let rank = 1; rank <= count; rank++) upTo.push((sum += 1 / rank));
  return () => {
    const mark = random() * sum;
    let low = 0;
    let high = count - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((upTo[middle] ?? Infinity) < mark) low = middle + 1;
      else high = middle;
    }
    return low;
  };
}
