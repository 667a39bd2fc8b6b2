import type { CarrierInquiry, CarrierWord } from '../../telephony/inquiry';
import { inParallel } from './inParallel';

/** A call as a carrier names it; all `null` when it never came to be recorded. */
export interface AskedAbout {
  readonly call_id: string;
  readonly carrier: string | null;
  readonly account_sid: string | null;
  readonly sid: string | null;
}

export interface Carriers {
  /** What the carrier says of each; `null`: it cannot be asked, does not know the call, or gave no answer in time. */
  askAll<T extends AskedAbout>(calls: readonly T[]): Promise<readonly Asked<T>[]>;
  /** Those of which their carrier says that they are over. Each is asked about once a minute at most. */
  findOver<T extends AskedAbout>(calls: readonly T[]): Promise<readonly Answered<T>[]>;
}

interface Asked<T> {
  readonly call: T;
  readonly word: CarrierWord | null;
}

interface Answered<T> extends Asked<T> {
  readonly word: CarrierWord;
}

/** A carrier that takes longer is done without, in milliseconds: capacity must not wait for it. */
const PATIENCE_MS = 2_000;

/** As long as all questions of {@link Carriers.askAll} take, in milliseconds, however many calls are gone at once. */
const PATIENCE_FOR_ALL_MS = 5_000;

/** Questions under way at once. */
const AT_ONCE = 20;

/** Questions in one sweep about calls that seem to live: carriers count requests. */
const MOST_QUESTIONS = 20;

/** Pause between two questions about one live call, in milliseconds. */
const ASK_AGAIN_MS = 60_000;

/** Calls whose last question is remembered; those asked about longest ago are forgotten first. */
const MOST_REMEMBERED = 10_000;

export function createCarriers(
  inquiries: readonly CarrierInquiry[],
  onError: (carrier: string, error: unknown) => void,
): Carriers {
  const byCarrier = new Map(inquiries.map((inquiry) => [inquiry.carrier, inquiry]));
  /** When a call was last asked about, oldest first. */
  const askedAt = new Map<string, number>();

  async function ask(
    { carrier, account_sid: accountSid, sid }: AskedAbout,
    patienceMs: number,
  ): Promise<CarrierWord | null> {
    if (carrier === null || accountSid === null || sid === null || patienceMs <= 0) return null;
    const inquiry = byCarrier.get(carrier);
    if (inquiry === undefined) return null;
    try {
      return await inquiry.ask({ accountSid, sid }, AbortSignal.timeout(patienceMs));
    } catch (error) {
      onError(carrier, error);
      return null;
    }
  }

  /**
   * Which live calls to ask about now: never asked first, then those asked about longest ago, so that each has its turn
   * when there are more of them than questions.
   */
  function due<T extends AskedAbout>(calls: readonly T[]): readonly T[] {
    const now = Date.now();
    const last = ({ call_id: id }: T): number => askedAt.get(id) ?? 0;
    const chosen = calls
      .filter((call) => call.carrier !== null && byCarrier.has(call.carrier))
      .filter((call) => now - last(call) >= ASK_AGAIN_MS)
      .toSorted((one, other) => last(one) - last(other))
      .slice(0, MOST_QUESTIONS);
    for (const { call_id: id } of chosen) {
      askedAt.delete(id);
      askedAt.set(id, now);
    }
    for (const id of askedAt.keys()) {
      if (askedAt.size <= MOST_REMEMBERED) break;
      askedAt.delete(id);
    }
    return chosen;
  }

  return {
    askAll: (calls) => {
      const until = Date.now() + PATIENCE_FOR_ALL_MS;
      return inParallel(calls, AT_ONCE, async (call) => ({
        call,
        word: await ask(call, Math.min(PATIENCE_MS, until - Date.now())),
      }));
    },
    async findOver(calls) {
      const words = await inParallel(due(calls), AT_ONCE, async (call) => ({
        call,
        word: await ask(call, PATIENCE_MS),
      }));
      return words.flatMap(({ call, word }) => (word?.state === 'over' ? [{ call, word }] : []));
    },
  };
}
