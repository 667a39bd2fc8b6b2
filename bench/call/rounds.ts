import { HttpTransport } from '../../telephony/simulator';
import { SeededRandom } from '../../scripts/simulate/random';
import { cpuSeconds } from '../cpu-time';
import type { Progress } from '../progress';
import type { BenchServers } from '../servers';
import { newParties, placeCall } from './carrier';
import { drive, type LoadResult } from './load';
import type { System, Systems } from './systems';

/** What is measured: which side, which calls, how many at once. */
export interface Cell {
  readonly system: System['name'];
  readonly kind: 'direct' | 'menu';
  readonly inFlight: number;
}

/** Where processor time goes. `load` is the load generator, this process. */
export const PARTS = ['api', 'worker', 'temporal', 'postgresql', 'load'] as const;
export type Part = (typeof PARTS)[number];

/** One cell in one round. */
export interface Measurement extends Cell {
  readonly round: number;
  readonly load: LoadResult;
  /** Seconds of processor time in the counted window; null where the system does not tell. */
  readonly cpu: Readonly<Record<Part, number | null>>;
  /** Begin and end of the counted window, in microseconds of the machine's monotonic clock. */
  readonly window: readonly [number, number];
}

export interface RoundsOptions {
  readonly servers: BenchServers;
  readonly systems: Systems;
  readonly levels: readonly number[];
  readonly withMenu: boolean;
  readonly rounds: number;
  /** Counted seconds of each cell. */
  readonly seconds: number;
  readonly seed: number;
  readonly progress: Progress;
}

/** Numbers of the sample campaigns. */
const NUMBERS = { direct: '+14155550101', menu: '+14155550100' } as const;

/** Until all calls are under way and out of step, before each window. */
const RAMP_SECONDS = 1;

/** For compilers, connection pools and caches, a cell. */
const WARM_UP_SECONDS = 3;

/**
 * Measures every cell once a round. Callyard and the baseline follow each other at each level, and who goes first
 * changes from round to round: what disturbs the machine for a while disturbs both.
 */
export async function measureRounds(options: RoundsOptions): Promise<Measurement[]> {
  const { systems, rounds, seconds, progress, servers } = options;
  const random = new SeededRandom(options.seed);
  const transport = new HttpTransport();
  const measurements: Measurement[] = [];

  async function measure(
    cell: Cell,
    round: number,
    rampSeconds: number,
    window: number,
  ): Promise<Measurement> {
    const system = systems[cell.system];
    const { accountSid } = system.target;
    const edges: number[] = [];
    const readings: Readonly<Record<Part, number | null>>[] = [];
    const load = await drive({
      inFlight: cell.inFlight,
      rampSeconds,
      seconds: window,
      place: () => placeCall(system.target, newParties(random, NUMBERS[cell.kind], accountSid), transport),
      onEdge: async () => {
        edges.push(Number(process.hrtime.bigint() / 1000n));
        readings.push(await readCpu(system, servers));
      },
    });
    const [begin, end] = readings;
    const [from = 0, to = 0] = edges;
    return { ...cell, round, load, cpu: difference(begin, end), window: [from, to] };
  }

  try {
    for (const cell of cellsOfRound(options, 0).filter(
      ({ inFlight }) => inFlight === Math.max(...options.levels),
    )) {
      progress.say(`warming up ${describe(cell)}`);
      await measure(cell, 0, 0, WARM_UP_SECONDS);
    }
    for (let round = 1; round <= rounds; round++) {
      for (const cell of cellsOfRound(options, round)) {
        progress.say(`round ${round} of ${rounds}: ${describe(cell)}`);
        measurements.push(await measure(cell, round, RAMP_SECONDS, seconds));
      }
    }
  } finally {
    transport.close();
  }
  return measurements;
}

function cellsOfRound({ levels, withMenu }: RoundsOptions, round: number): Cell[] {
  const sides: Cell['system'][] = round % 2 === 0 ? ['bare', 'callyard'] : ['callyard', 'bare'];
  return levels.flatMap((inFlight) => [
    ...sides.map((system): Cell => ({ system, kind: 'direct', inFlight })),
    ...(withMenu ? [{ system: 'callyard', kind: 'menu', inFlight } as const] : []),
  ]);
}

function describe({ system, kind, inFlight }: Cell): string {
  return `${system}${kind === 'menu' ? ' with a menu' : ''}, ${inFlight} in flight`;
}

async function readCpu(system: System, servers: BenchServers): Promise<Record<Part, number | null>> {
  const { user, system: kernel } = process.cpuUsage();
  const [api, worker, temporal, postgresql] = await Promise.all(
    [system.api.pid, system.worker.pid, servers.temporalPid, servers.postgresPid].map(cpuSeconds),
  );
  return {
    api: api ?? null,
    worker: worker ?? null,
    temporal: temporal ?? null,
    postgresql: postgresql ?? null,
    load: (user + kernel) / 1e6,
  };
}

function difference(
  begin: Readonly<Record<Part, number | null>> | undefined,
  end: Readonly<Record<Part, number | null>> | undefined,
): Record<Part, number | null> {
  const of = (part: Part): number | null => {
    const before = begin?.[part] ?? null;
    const after = end?.[part] ?? null;
    return before === null || after === null ? null : after - before;
  };
  return Object.fromEntries(PARTS.map((part) => [part, of(part)])) as Record<Part, number | null>;
}
