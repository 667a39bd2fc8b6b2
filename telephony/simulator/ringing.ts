import type { LegResult } from './events';
import type { Leg } from './leg';
import type { Line } from './line';
import { screen } from './screening';

/** A leg's way to its end: waits for simulated times, and says in the end whether it may be bridged. */
type Story = AsyncGenerator<number, 'bridge' | 'over', void>;

interface Ringing {
  readonly leg: Leg;
  readonly story: Story;
  /** Simulated time at which the story goes on. */
  at: number;
}

/**
 * Lets dialled legs ring until one may be bridged, all have ended, the timeout, or the caller's hang-up. Returns the one
 * to bridge. With a document before the bridge, the first whose document ends wins and the others ring meanwhile:
 * otherwise the first voicemail to pick up would take every call. The timeout is for ringing only.
 */
export async function ring(legs: readonly Leg[], timeoutSeconds: number, line: Line): Promise<Leg | null> {
  const dialledAt = line.clock.now();
  const giveUpAt = dialledAt + timeoutSeconds;
  const under = legs.map((leg): Ringing => ({ leg, story: storyOf(leg, dialledAt, line), at: dialledAt }));
  try {
    for (;;) {
      const next = earliest(under, giveUpAt);
      if (next === null) return null;
      const { leg, story } = next;
      const gaveUp = !leg.answered && next.at >= giveUpAt;
      if (!(await line.waitUntil(gaveUp ? giveUpAt : next.at))) return endAll(legs, 'canceled');
      if (gaveUp) {
        leg.finish('no-answer');
        continue;
      }
      const turn = await story.next();
      if (line.caller.gone) return endAll(legs, 'canceled');
      if (turn.done !== true) {
        next.at = turn.value;
      } else if (turn.value === 'bridge') {
        endAll(
          legs.filter((other) => other !== leg),
          'lost',
        );
        return leg;
      }
    }
  } finally {
    await Promise.all(under.map(({ story }) => story.return('over')));
  }
}

/** Whose turn is first; legs that wait for the same moment go in dial order. Null when all have ended. */
function earliest(under: readonly Ringing[], giveUpAt: number): Ringing | null {
  const due = ({ leg, at }: Ringing): number => (leg.answered ? at : Math.min(at, giveUpAt));
  const open = under.filter(({ leg }) => leg.record === null);
  return open.reduce<Ringing | null>(
    (first, one) => (first === null || due(one) < due(first) ? one : first),
    null,
  );
}

async function* storyOf(leg: Leg, dialledAt: number, line: Line): Story {
  const { ringsAt, decided } = leg.plan;
  if (ringsAt !== null) {
    yield dialledAt + ringsAt;
    leg.ring();
  }
  if (decided === null) {
    // Nobody decides: the timeout ends it.
    yield Infinity;
    return 'over';
  }
  yield dialledAt + decided.at;
  switch (decided.as) {
    case 'answered': {
      leg.answer();
      const { url } = leg.target;
      if (url === null || (yield* screen(leg, url, line)) === 'bridge') return 'bridge';
      if (!line.caller.gone) leg.finish('declined');
      return 'over';
    }
    case 'busy':
    case 'rejected':
    case 'failed':
      leg.finish(decided.as);
      return 'over';
    default:
      return decided.as satisfies never;
  }
}

function endAll(legs: readonly Leg[], result: LegResult): null {
  for (const leg of legs) leg.finish(result);
  return null;
}
