import { z } from 'zod';
import type { AnsweredLeg, CarrierInquiry, CarrierWord } from '../inquiry';

export interface TwimlInquiryOptions {
  readonly carrier: string;
  /** What comes before `/Accounts/…`, for example `https://api.twilio.com/2010-04-01`. */
  readonly root: string;
  /** Who asks: HTTP basic authentication. */
  readonly user: string;
  readonly token: string;
}

/** https://www.twilio.com/docs/voice/api/call-resource#call-status-values */
const IN_PROGRESS: ReadonlySet<string> = new Set(['queued', 'initiated', 'ringing', 'in-progress']);

const secondsSchema = z
  .union([z.string(), z.number()])
  .nullish()
  .transform((value) => {
    const seconds = value === null || value === undefined || value === '' ? NaN : Number(value);
    return Number.isInteger(seconds) && seconds >= 0 ? seconds : null;
  });
const callSchema = z.object({ status: z.string() });
const legsSchema = z.object({
  calls: z.array(z.object({ to: z.string(), status: z.string(), duration: secondsSchema })),
});

/** Asks the REST API that Twilio has, and SignalWire has like it: the call itself, and the legs it dialled. */
export function createTwimlInquiry({ carrier, root, user, token }: TwimlInquiryOptions): CarrierInquiry {
  const authorization = `Basic ${Buffer.from(`${user}:${token}`).toString('base64')}`;

  async function read(url: string, signal: AbortSignal): Promise<unknown> {
    const response = await fetch(url, { headers: { authorization, accept: 'application/json' }, signal });
    if (response.status === 404) return null;
    if (!response.ok) throw new Error(`${carrier} answered ${response.status} when asked about a call`);
    return response.json();
  }

  return {
    carrier,
    async ask({ accountSid, sid }, signal): Promise<CarrierWord | null> {
      const calls = `${root}/Accounts/${encodeURIComponent(accountSid)}/Calls`;
      const [own, dialled] = await Promise.all([
        read(`${calls}/${encodeURIComponent(sid)}.json`, signal),
        read(`${calls}.json?ParentCallSid=${encodeURIComponent(sid)}`, signal),
      ]);
      if (own === null) return null;
      const { status } = callSchema.parse(own);
      const legs = dialled === null ? [] : legsSchema.parse(dialled).calls;
      return {
        state: IN_PROGRESS.has(status) ? 'in_progress' : 'over',
        status,
        answered: legs.flatMap(answerOf),
      };
    },
  };
}

/** A leg is `completed` when it was answered and has ended; of no length, nobody was put through. */
function answerOf({
  to,
  status,
  duration,
}: z.output<typeof legsSchema>['calls'][number]): readonly AnsweredLeg[] {
  if (status === 'in-progress') return [{ to, seconds: null }];
  return status === 'completed' && duration !== null && duration > 0 ? [{ to, seconds: duration }] : [];
}
