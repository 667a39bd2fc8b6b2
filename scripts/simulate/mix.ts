import type { BuyerBehaviour, Buyers, CallerHangUp } from '../../telephony/simulator';
import { areaCodes } from './places';
import type { SeededRandom } from './random';

export type BuyerShare = 'answer' | 'busy' | 'no-answer' | 'reject';

/** Shares by weight: how buyers react, and how many callers hang up early. */
export interface Mix {
  readonly buyers: Readonly<Record<BuyerShare, number>>;
  readonly hangup: number;
}

/** One caller of the traffic. */
export interface PlannedCall {
  readonly from: string;
  readonly to: string;
  readonly buyers: Buyers;
  readonly callerHangUp: CallerHangUp;
}

/** More buyers than any routing plan tries in one call. */
const BUYERS_PER_CALL = 10;

/** Draws one call. The same random numbers give the same call. */
export function planCall(
  mix: Mix,
  to: readonly string[],
  talkSeconds: number,
  random: SeededRandom,
): PlannedCall {
  const subscriber = Math.floor(random.between(0, 10_000)).toString().padStart(4, '0');
  const from = `+1${random.pick(areaCodes)}555${subscriber}`;
  const buyersTotal = Object.values(mix.buyers).reduce((sum, weight) => sum + weight, 0);
  const leaves = random.next() * (buyersTotal + mix.hangup) < mix.hangup;
  const inDialOrder = Array.from({ length: BUYERS_PER_CALL }, () =>
    behaviour(buyersTotal > 0 ? random.weighted(mix.buyers) : 'answer', talkSeconds, random),
  );
  return {
    from,
    to: random.pick(to),
    buyers: { default: { kind: 'answer', talkSeconds, presses: ACCEPT }, inDialOrder },
    callerHangUp: leaves ? hangUp(random) : { during: 'never' },
  };
}

/** What a buyer presses who is asked to accept a call. */
const ACCEPT = '1';

function behaviour(share: BuyerShare, talkSeconds: number, random: SeededRandom): BuyerBehaviour {
  switch (share) {
    case 'answer':
      return {
        kind: 'answer',
        ringSeconds: random.between(1, 6),
        talkSeconds: talkSeconds * random.between(0.5, 1.5),
        presses: ACCEPT,
      };
    case 'busy':
      return { kind: 'busy', afterSeconds: random.between(0.3, 1.5) };
    case 'no-answer':
      return { kind: 'no-answer' };
    case 'reject':
      return { kind: 'reject', afterSeconds: random.between(1, 4) };
    default:
      return share satisfies never;
  }
}

function hangUp(random: SeededRandom): CallerHangUp {
  const during = random.pick(['ivr', 'ringing', 'talking'] as const);
  return { during, afterSeconds: random.between(0.2, 4) };
}
