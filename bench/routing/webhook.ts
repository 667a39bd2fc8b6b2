import { judge, type Result } from '../report';
import { median, quantile } from '../statistics';
import { metText, table } from '../table';
import { compareWebhooks, type WebhookRound } from '../webhooks';
import { insertBigCampaign, type BigCampaign } from './big-campaign';
import type { Section } from './section';

/** The webhook of a call to a campaign of the second size may take so many times that of the first. */
const GOAL = 1.2;

const SMALL: BigCampaign = { assignments: 10, number: '+14155550310' };
const LARGE: BigCampaign = { assignments: 1_000, number: '+14155550311' };

/** One at a time: what is measured is one webhook, not a queue. */
const CALLS_A_ROUND = 40;

/** The whole inbound webhook of a small and of a large campaign. */
export const measureWebhooks: Section = async ({ rounds: count, seed, progress }) => {
  const rounds = await compareWebhooks({
    rounds: count,
    seed,
    progress,
    async prepare(db, random) {
      for (const campaign of [SMALL, LARGE]) await insertBigCampaign(db, campaign, random);
    },
    number: LARGE.number,
    baseline: SMALL.number,
    callsARound: CALLS_A_ROUND,
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
    text: `The whole inbound webhook, ${count} rounds of ${CALLS_A_ROUND} calls to each campaign, medians\n${table(head, rows)}`,
    results,
  };
};

/** The median of the rounds' ratios: both sides of a round were disturbed alike. */
function compare(rounds: readonly WebhookRound[], share: number): Result {
  const large = rounds.map((round) => quantile(round.measured, share));
  const small = rounds.map((round) => quantile(round.baseline, share));
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
