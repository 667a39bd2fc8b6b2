import type { LegPlan } from './buyer';
import type { HttpMethod, LegResult } from './events';
import { baseFields, progressFields } from './fields';
import { type Line, resolveUrl } from './line';
import type { LegRecord } from './options';
import type { DialTarget, LegEvent } from './verbs';
import type { Webhook } from './webhook';

/** SIP answers that go with each result. */
const sipResponseCodes = {
  completed: 200,
  declined: 200,
  busy: 486,
  'no-answer': 487,
  rejected: 603,
  failed: 503,
  canceled: 487,
  lost: 487,
} as const satisfies Record<LegResult, number>;

/** CallStatus that a dialled leg ends with which nobody answered; declining is reported as busy. */
const finalStatuses = {
  completed: 'completed',
  declined: 'completed',
  busy: 'busy',
  'no-answer': 'no-answer',
  rejected: 'busy',
  failed: 'failed',
  canceled: 'canceled',
  lost: 'canceled',
} as const satisfies Record<LegResult, string>;

/** One dialled buyer: knows its state and reports it. */
export class Leg {
  readonly sid: string;
  private sequence = 0;
  private answeredAt: number | null = null;
  private bridgedAt: number | null = null;
  private ended: LegRecord | null = null;

  constructor(
    readonly target: DialTarget,
    readonly plan: LegPlan,
    readonly callerId: string,
    readonly documentUrl: string,
    private readonly line: Line,
  ) {
    this.sid = line.profile.newCallSid();
  }

  get record(): LegRecord | null {
    return this.ended;
  }

  get answered(): boolean {
    return this.answeredAt !== null;
  }

  /** What every event about this leg says. */
  get name(): { readonly destination: string; readonly legSid: string } {
    return { destination: this.target.destination, legSid: this.sid };
  }

  dial(): void {
    this.line.emit({ type: 'buyer-dialled', ...this.name });
    this.report('initiated', 'initiated', null);
  }

  ring(): void {
    this.line.emit({ type: 'buyer-ringing', ...this.name });
    this.report('ringing', 'ringing', null);
  }

  answer(): void {
    this.answeredAt = this.line.clock.now();
    this.line.emit({ type: 'buyer-answered', ...this.name });
    this.report('answered', 'in-progress', null);
  }

  /** Caller and buyer hear each other from now on. */
  bridge(): void {
    this.bridgedAt = this.line.clock.now();
    if (this.target.url !== null) this.line.emit({ type: 'buyer-bridged', ...this.name });
  }

  /** Ends the leg once; later calls change nothing. */
  finish(result: LegResult): void {
    if (this.ended !== null) return;
    const answeredSeconds = this.secondsSince(this.answeredAt);
    const talkSeconds = this.secondsSince(this.bridgedAt);
    this.ended = { ...this.name, result, answeredSeconds, talkSeconds };
    this.line.emit({ type: 'buyer-finished', ...this.name, result, talkSeconds });
    this.report('completed', this.answered ? 'completed' : finalStatuses[result], result);
  }

  /** A request about this leg while it is in progress: for what whoever answers hears before the bridge. */
  webhook(method: HttpMethod, url: string, extra: Readonly<Record<string, string>>): Webhook {
    const fields = { ...this.fields('in-progress'), ...extra };
    return { purpose: 'screening', method, url, fields };
  }

  private fields(callStatus: string): Readonly<Record<string, string>> {
    const { parties } = this.line;
    const to = this.target.destination;
    const own = { ...parties, callSid: this.sid, from: this.callerId, to, toPlace: {} };
    return { ...baseFields(own, callStatus, 'outbound-dial'), ParentCallSid: parties.callSid };
  }

  private report(event: LegEvent, callStatus: string, result: LegResult | null): void {
    // Counted even when nobody asked: the number tells a reader of some of the events that others went before.
    const sequence = this.sequence;
    this.sequence += 1;
    const { statusCallback, statusCallbackMethod, statusCallbackEvents } = this.target;
    if (statusCallback === null || !statusCallbackEvents.includes(event)) return;
    const duration = result === null ? null : Math.round(this.ended?.answeredSeconds ?? 0);
    const timestamp = this.line.profile.timestamp(new Date());
    this.line.callbacks.report(
      { purpose: 'leg-status', status: callStatus, sid: this.sid },
      {
        purpose: 'leg-status',
        method: statusCallbackMethod,
        url: resolveUrl(statusCallback, this.documentUrl),
        fields: {
          ...this.fields(callStatus),
          ...progressFields(sequence, duration, timestamp),
          ...(result === null ? {} : { SipResponseCode: sipCode(result) }),
        },
      },
    );
  }

  /** To the millisecond: the difference of two moments is not exact in floating point. */
  private secondsSince(moment: number | null): number {
    return moment === null ? 0 : Math.round((this.line.clock.now() - moment) * 1000) / 1000;
  }
}

/** The SIP response code of a finished leg, as text for a form field. */
export function sipCode(result: LegResult): string {
  return String(sipResponseCodes[result]);
}
