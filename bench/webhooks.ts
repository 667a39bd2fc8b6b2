import { DefaultLogger, Runtime } from '@temporalio/worker';
import type { Pool } from 'pg';
import { createPool } from '../db/pool';
import { SeededRandom } from '../scripts/simulate/random';
import { HttpTransport } from '../telephony/simulator';
import { newParties, placeCall, type Target } from './call/carrier';
import { setUpDatabase, startCallyard } from './call/systems';
import type { Progress } from './progress';
import { BENCH_FOLDER, startBenchServers } from './servers';

/** Two numbers whose inbound webhooks are held against each other. */
export interface WebhookComparison {
  readonly rounds: number;
  readonly seed: number;
  readonly progress: Progress;
  /** Puts both campaigns into the database. */
  readonly prepare: (db: Pool, random: SeededRandom) => Promise<void>;
  readonly number: string;
  /** What it is compared with. */
  readonly baseline: string;
  readonly callsARound: number;
}

/** Milliseconds of each inbound webhook in one round. */
export interface WebhookRound {
  readonly measured: readonly number[];
  readonly baseline: readonly number[];
}

const WARM_UP_CALLS = 15;

/**
 * The whole inbound webhook, over HTTP to the API and back: signature, Temporal, worker, routing, reservation, PostgreSQL.
 * One call at a time, and the two numbers take turns, so that what disturbs the machine disturbs both.
 */
export function compareWebhooks(comparison: WebhookComparison): Promise<readonly WebhookRound[]> {
  return withCallyard(comparison, async (target) => {
    const random = new SeededRandom(comparison.seed);
    const transport = new HttpTransport();
    try {
      await measureRound(comparison, target, random, transport, WARM_UP_CALLS);
      const measured: WebhookRound[] = [];
      for (let round = 1; round <= comparison.rounds; round++) {
        comparison.progress.say(`inbound webhook, round ${round} of ${comparison.rounds}`);
        measured.push(await measureRound(comparison, target, random, transport, comparison.callsARound));
      }
      return measured;
    } finally {
      transport.close();
    }
  });
}

async function measureRound(
  comparison: WebhookComparison,
  target: Target,
  random: SeededRandom,
  transport: HttpTransport,
  calls: number,
): Promise<WebhookRound> {
  const measured: number[] = [];
  const baseline: number[] = [];
  for (let call = 0; call < calls; call++) {
    const turn = [
      { number: comparison.baseline, into: baseline },
      { number: comparison.number, into: measured },
    ];
    for (const { number, into } of call % 2 === 0 ? turn : turn.reverse()) {
      const parties = newParties(random, number, target.accountSid);
      const [voice] = await placeCall(target, parties, transport);
      if (voice !== undefined) into.push(voice.milliseconds);
    }
  }
  return { measured, baseline };
}

async function withCallyard<T>(
  { progress, seed, prepare }: WebhookComparison,
  work: (target: Target) => Promise<T>,
): Promise<T> {
  progress.say('starting PostgreSQL and Temporal');
  const servers = await startBenchServers((text) => progress.say(text));
  try {
    await setUpDatabase(servers.databaseUrl);
    await prepareDatabase(servers.databaseUrl, seed, prepare);
    Runtime.install({ logger: new DefaultLogger('ERROR') });
    let die: (reason: Error) => void = () => undefined;
    const dead = new Promise<never>((_, reject) => {
      die = reject;
    });
    dead.catch(() => undefined); // whoever waits below is told
    progress.say('starting API and worker');
    const callyard = await startCallyard({
      servers,
      folder: BENCH_FOLDER,
      profileFolder: null,
      onDeath: (reason) => die(reason),
    });
    try {
      return await Promise.race([work(callyard.callyard.target), dead]);
    } finally {
      await callyard.stop();
    }
  } finally {
    progress.say('stopping');
    await servers.stop();
  }
}

async function prepareDatabase(
  databaseUrl: string,
  seed: number,
  prepare: WebhookComparison['prepare'],
): Promise<void> {
  const db = createPool({
    url: databaseUrl,
    size: 1,
    applicationName: 'callyard-bench',
    onIdleError: (error) => console.error(error.message),
  });
  try {
    await prepare(db, new SeededRandom(seed));
  } finally {
    await db.end();
  }
}
