import { DefaultLogger, Runtime } from '@temporalio/worker';
import { createPool } from '../../db/pool';
import { SeededRandom } from '../../scripts/simulate/random';
import { HttpTransport } from '../../telephony/simulator';
import { newParties, placeCall, type Target } from '../call/carrier';
import { setUpDatabase, startCallyard } from '../call/systems';
import { judge, type Result } from '../report';
import { BENCH_FOLDER, startBenchServers } from '../servers';
import { median, quantile } from '../statistics';
import { metText, table } from '../table';
import { insertBigCampaign, type BigCampaign } from './big-campaign';
import type { Section, SectionOptions } from './section';

/** The webhook of a call to a campaign of the second size may take so many times that of the first. */
const GOAL = 1.2;

const SMALL: BigCampaign = { assignments: 10, number: '+14155550310' };
const LARGE: BigCampaign = { assignments: 1_000, number: '+14155550311' };

/** One at a time: what is measured is one webhook, not a queue. */
const CALLS_A_ROUND = 40;
const WARM_UP_CALLS = 15;

/** Milliseconds of each inbound webhook in one round. */
interface Round {
  readonly small: readonly number[];
  readonly large: readonly number[];
}

/**
 * The whole inbound webhook, over HTTP to the API and back: signature, Temporal, worker, routing, reservation, PostgreSQL.
 * Calls to the two campaigns take turns one by one, so that what disturbs the machine disturbs both.
 */
export const measureWebhooks: Section = async (options) => {
  const rounds = await withCallyard(options, async (target) => {
    const random = new SeededRandom(options.seed);
    const transport = new HttpTransport();
    try {
      await measureRound(target, random, transport, WARM_UP_CALLS);
      const measured: Round[] = [];
      for (let round = 1; round <= options.rounds; round++) {
        options.progress.say(`inbound webhook, round ${round} of ${options.rounds}`);
        measured.push(await measureRound(target, random, transport, CALLS_A_ROUND));
      }
      return measured;
    } finally {
      transport.close();
    }
  });
  const results = [0.5, 0.99].map((share) => compare(rounds, share));
  const rows = results.map((result) => [
    result.metric,
    result.baseline?.toFixed(1) ?? '',
    result.value?.toFixed(1) ?? '',
    result.ratio?.toFixed(2) ?? '',
    result.goal ?? '',
    metText(result),
  ]);
  const head = [
    'inbound webhook, ms',
    `at ${SMALL.assignments}`,
    `at ${LARGE.assignments}`,
    'ratio',
    'goal',
    'met',
  ];
  return {
    text: `The whole inbound webhook, ${options.rounds} rounds of ${CALLS_A_ROUND} calls to each campaign, medians\n${table(head, rows)}`,
    results,
  };
};

/** The median of the rounds' ratios: both sides of a round were disturbed alike. */
function compare(rounds: readonly Round[], share: number): Result {
  const large = rounds.map((round) => quantile(round.large, share));
  const small = rounds.map((round) => quantile(round.small, share));
  const ratios = large.map((value, round) => value / (small[round] ?? NaN));
  return judge(
    {
      metric: `inbound webhook p${share * 100}`,
      unit: 'ms',
      value: median(large),
      baseline: median(small),
      ratio: median(ratios),
    },
    share === 0.5 ? { of: 'ratio', is: '<=', bound: GOAL } : null,
  );
}

async function measureRound(
  target: Target,
  random: SeededRandom,
  transport: HttpTransport,
  calls: number,
): Promise<Round> {
  const small: number[] = [];
  const large: number[] = [];
  for (let call = 0; call < calls; call++) {
    const turn = [
      { campaign: SMALL, into: small },
      { campaign: LARGE, into: large },
    ];
    for (const { campaign, into } of call % 2 === 0 ? turn : turn.reverse()) {
      const parties = newParties(random, campaign.number, target.accountSid);
      const [voice] = await placeCall(target, parties, transport);
      if (voice !== undefined) into.push(voice.milliseconds);
    }
  }
  return { small, large };
}

async function withCallyard<T>(options: SectionOptions, work: (target: Target) => Promise<T>): Promise<T> {
  const { progress, seed } = options;
  progress.say('starting PostgreSQL and Temporal');
  const servers = await startBenchServers((text) => progress.say(text));
  try {
    await setUpDatabase(servers.databaseUrl);
    await insertCampaigns(servers.databaseUrl, seed);
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

async function insertCampaigns(databaseUrl: string, seed: number): Promise<void> {
  const db = createPool({
    url: databaseUrl,
    size: 1,
    applicationName: 'callyard-bench',
    onIdleError: (error) => console.error(error.message),
  });
  try {
    const random = new SeededRandom(seed);
    for (const campaign of [SMALL, LARGE]) await insertBigCampaign(db, campaign, random);
  } finally {
    await db.end();
  }
}
