import type { BuyerBehaviour, Buyers } from './options';
import type { DialTarget } from './verbs';

/** How a dialled leg goes, in simulated seconds after it was dialled. */
export interface LegPlan {
  /** Null when it never rings. */
  readonly ringsAt: number | null;
  /** Null when it rings until somebody gives up. */
  readonly decided: { readonly at: number; readonly as: 'answered' | 'busy' | 'rejected' | 'failed' } | null;
  /** Simulated seconds after the bridge at which the buyer hangs up; Infinity when the buyer never does. */
  readonly talkSeconds: number;
  /** Pressed at the first Gather before the bridge; empty for nothing. */
  readonly presses: string;
}

/** A telephone network takes a moment before it reports ringing. */
const RING_DELAY_SECONDS = 0.3;
const DEFAULT_RING_SECONDS = 3;
const DEFAULT_TALK_SECONDS = 12;

export const defaultBuyers: Buyers = { default: { kind: 'answer', talkSeconds: DEFAULT_TALK_SECONDS } };

/** Turns a behaviour into a plan of one leg. */
export function planLeg(behaviour: BuyerBehaviour): LegPlan {
  switch (behaviour.kind) {
    case 'answer': {
      const at = behaviour.ringSeconds ?? DEFAULT_RING_SECONDS;
      return {
        ringsAt: Math.min(RING_DELAY_SECONDS, at),
        decided: { at, as: 'answered' },
        talkSeconds: behaviour.talkSeconds ?? Infinity,
        presses: behaviour.presses ?? '',
      };
    }
    case 'busy':
      return unanswered(null, { at: behaviour.afterSeconds ?? 1, as: 'busy' });
    case 'no-answer':
      return unanswered(RING_DELAY_SECONDS, null);
    case 'reject': {
      const at = behaviour.afterSeconds ?? 2;
      return unanswered(Math.min(RING_DELAY_SECONDS, at), { at, as: 'rejected' });
    }
    case 'failed':
      return unanswered(null, { at: behaviour.afterSeconds ?? 0.5, as: 'failed' });
    default:
      return behaviour satisfies never;
  }
}

function unanswered(ringsAt: number | null, decided: LegPlan['decided']): LegPlan {
  return { ringsAt, decided, talkSeconds: 0, presses: '' };
}

/** Gives each dialled destination its behaviour; keeps the place in the dial order over a whole call. */
export class BuyerCast {
  private next = 0;

  constructor(private readonly buyers: Buyers) {}

  behaviourOf(target: DialTarget): BuyerBehaviour {
    const own = this.buyers.byDestination?.[target.destination];
    if (own !== undefined) return own;
    const inOrder = this.buyers.inDialOrder?.[this.next];
    this.next += 1;
    return inOrder ?? this.buyers.default;
  }
}

/** Twilio dials E.164 (and NANP without `+1`) and SIP URIs; anything else fails at once with error 13224. */
export function isDialable(target: DialTarget): boolean {
  return target.kind === 'sip'
    ? /^sips?:[^\s@]+(@[^\s@]+)?$/.test(target.destination)
    : /^\+?[1-9]\d{2,14}$/.test(target.destination.replace(/[\s().-]/g, ''));
}
