import type { Queryable } from '../../pool';

/** Makes the transaction that has just begun read one snapshot, and nothing but read. */
export async function readOneSnapshot(db: Queryable): Promise<void> {
  await db.query({
    name: '',
    text: 'SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY',
    values: [],
  });
}

/** What a look sees, and when. */
export interface FrameRow {
  /** PostgreSQL's own: which transactions it sees. `xmin:xmax:xip,…` of 64 bits each. */
  readonly snapshot: string;
  readonly at: string;
  /** By the clock of limits, which says what today is. */
  readonly clock: string;
  /** Changes with the configuration of any campaign. */
  readonly config: string;
}

/** The snapshot of the transaction. */
export async function findFrame(db: Queryable): Promise<FrameRow> {
  const { rows } = await db.query<FrameRow & Record<string, unknown>>({
    name: 'live_frame',
    text: `
      SELECT pg_current_snapshot()::text AS snapshot, clock_timestamp() AS at, limit_clock() AS clock,
             (SELECT count(*) || '/' || coalesce(sum(config_version), 0) FROM campaigns) AS config`,
    values: [],
  });
  const [frame] = rows;
  if (frame === undefined) throw new Error('PostgreSQL gave no snapshot');
  return frame;
}
