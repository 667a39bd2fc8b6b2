import type { CarrierInquiry, CarrierWord } from '../../telephony/inquiry';

/** A call as a carrier names it; all `null` when it never came to be recorded. */
export interface AskedAbout {
  readonly call_id: string;
  readonly carrier: string | null;
  readonly account_sid: string | null;
  readonly sid: string | null;
}

export interface Carriers {
  /** A sweep begins: as many questions may be asked again. */
  beginSweep(): void;
  /** What the carrier says of a call; `null`: it cannot be asked, does not know the call, or gave no answer in time. */
  ask(call: AskedAbout): Promise<CarrierWord | null>;
  /** Those of which their carrier says that they are over. Each is asked about once a minute at most. */
  findOver<T extends AskedAbout>(
    calls: readonly T[],
  ): Promise<readonly { readonly call: T; readonly word: CarrierWord }[]>;
}

/** A carrier that takes longer is done without, in milliseconds: capacity must not wait for it. */
const PATIENCE_MS = 2_000;

/** Questions in one sweep about calls that seem to live: carriers count requests. */
const MOST_QUESTIONS = 20;

/** Pause between two questions about one live call, in milliseconds. */
const ASK_AGAIN_MS = 60_000;

/** Calls whose last question is remembered; past it all may be asked about anew. */
const MOST_REMEMBERED = 10_000;

export function createCarriers(
  inquiries: readonly CarrierInquiry[],
  onError: (carrier: string, error: unknown) => void,
): Carriers {
  const byCarrier = new Map(inquiries.map((inquiry) => [inquiry.carrier, inquiry]));
  const askedAt = new Map<string, number>();
  let questions = 0;

  async function ask({ carrier, account_sid: accountSid, sid }: AskedAbout): Promise<CarrierWord | null> {
    if (carrier === null || accountSid === null || sid === null) return null;
    const inquiry = byCarrier.get(carrier);
    if (inquiry === undefined) return null;
    try {
      return await inquiry.ask({ accountSid, sid }, AbortSignal.timeout(PATIENCE_MS));
    } catch (error) {
      onError(carrier, error);
      return null;
    }
  }

  /** Whether a live call is to be asked about now; counts the question. */
  function isDue({ call_id: id, carrier }: AskedAbout): boolean {
    if (carrier === null || !byCarrier.has(carrier) || questions >= MOST_QUESTIONS) return false;
    const now = Date.now();
    if (now - (askedAt.get(id) ?? 0) < ASK_AGAIN_MS) return false;
    if (askedAt.size >= MOST_REMEMBERED) askedAt.clear();
    askedAt.set(id, now);
    questions += 1;
    return true;
  }

  return {
    beginSweep() {
      questions = 0;
    },
    ask,
    async findOver(calls) {
      const words = await Promise.all(
        calls.filter(isDue).map(async (call) => ({ call, word: await ask(call) })),
      );
      return words.flatMap(({ call, word }) => (word?.state === 'over' ? [{ call, word }] : []));
    },
  };
}
