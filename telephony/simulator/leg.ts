import type { LegPlan } from './buyer';
import type { LegResult } from './events';
import { baseFields, progressFields } from './fields';
import { type Line, newSid, resolveUrl } from './line';
import type { LegRecord } from './options';
import type { DialTarget, LegEvent } from './twiml';

/** SIP answers that go with each result. */
const sipResponseCodes = {
  completed: 200,
  busy: 486,
  'no-answer': 487,
  rejected: 603,
  failed: 503,
  canceled: 487,
  lost: 487,
} as const satisfies Record<LegResult, number>;

/** CallStatus that a dialled leg ends with; declining is reported as busy. */
const finalStatuses = {
  completed: 'completed',
  busy: 'busy',
  'no-answer': 'no-answer',
  rejected: 'busy',
  failed: 'failed',
  canceled: 'canceled',
  lost: 'canceled',
} as const satisfies Record<LegResult, string>;

/** One dialled buyer: knows its state and reports it. */
export class Leg {
  readonly sid = newSid('CA');
  private sequence = 0;
  private answeredAt: number | null = null;
  private ended: LegRecord | null = null;

  constructor(
    readonly target: DialTarget,
    readonly plan: LegPlan,
    private readonly callerId: string,
    private readonly documentUrl: string,
    private readonly line: Line,
  ) {}

  get record(): LegRecord | null {
    return this.ended;
  }

  dial(): void {
    this.line.emit({ type: 'buyer-dialled', destination: this.target.destination, legSid: this.sid });
    this.report('initiated', 'initiated', null);
  }

  ring(): void {
    this.line.emit({ type: 'buyer-ringing', destination: this.target.destination, legSid: this.sid });
    this.report('ringing', 'ringing', null);
  }

  answer(): void {
    this.answeredAt = this.line.clock.now();
    this.line.emit({ type: 'buyer-answered', destination: this.target.destination, legSid: this.sid });
    this.report('answered', 'in-progress', null);
  }

  /** Ends the leg once; later calls change nothing. */
  finish(result: LegResult): void {
    if (this.ended !== null) return;
    const { destination } = this.target;
    // To the millisecond: the difference of two moments is not exact in floating point.
    const talkSeconds =
      this.answeredAt === null ? 0 : Math.round((this.line.clock.now() - this.answeredAt) * 1000) / 1000;
    this.ended = { destination, legSid: this.sid, result, talkSeconds };
    this.line.emit({ type: 'buyer-finished', destination, legSid: this.sid, result, talkSeconds });
    this.report('completed', finalStatuses[result], result);
  }

  private report(event: LegEvent, callStatus: string, result: LegResult | null): void {
    // Counted even when nobody asked: the number tells a reader of some of the events that others went before.
    const sequence = this.sequence;
    this.sequence += 1;
    const { statusCallback, statusCallbackMethod, statusCallbackEvents, destination } = this.target;
    if (statusCallback === null || !statusCallbackEvents.includes(event)) return;
    const { parties } = this.line;
    const legParties = { ...parties, callSid: this.sid, from: this.callerId, to: destination, toPlace: {} };
    const duration = result === null ? null : Math.round(this.ended?.talkSeconds ?? 0);
    this.line.callbacks.report(
      { purpose: 'leg-status', status: callStatus, sid: this.sid },
      {
        purpose: 'leg-status',
        method: statusCallbackMethod,
        url: resolveUrl(statusCallback, this.documentUrl),
        fields: {
          ...baseFields(legParties, callStatus, 'outbound-dial'),
          ParentCallSid: parties.callSid,
          ...progressFields(sequence, duration),
          ...(result === null ? {} : { SipResponseCode: sipCode(result) }),
        },
      },
    );
  }
}

/** The SIP response code of a finished leg, as text for a form field. */
export function sipCode(result: LegResult): string {
  return String(sipResponseCodes[result]);
}
