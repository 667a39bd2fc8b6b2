import { setMaxListeners } from 'node:events';
import { BuyerCast, defaultBuyers } from './buyer';
import { Callbacks } from './callbacks';
import { Caller } from './caller';
import { type CarrierProfile, profileOf } from './carriers';
import { SimulatedClock } from './clock';
import type {
  CallEnding,
  CallEvent,
  CallEventBody,
  FinalCallStatus,
  HttpMethod,
  WebhookPurpose,
} from './events';
import { baseFields, type Parties, progressFields } from './fields';
import type { HttpTransport } from './http';
import type { DialRecord, Place, CarrierCallOptions } from './options';
import { errorCodes, parseTwiml } from './twiml';
import type { Verb } from './verbs';
import { type Webhook, type WebhookResult, WebhookSender } from './webhook';

/** What to do after a verb. */
export type Step =
  | { readonly kind: 'next' }
  | { readonly kind: 'ask'; readonly webhook: Webhook }
  /** `lastAction` is still asked, but its instructions have no call left to act on. */
  | { readonly kind: 'end'; readonly ending: CallEnding; readonly lastAction?: Webhook };

export interface Document {
  readonly kind: 'verbs';
  readonly url: string;
  readonly verbs: readonly Verb[];
}

export type Instructions = Document | { readonly kind: 'end'; readonly ending: CallEnding };

/** The caller's leg: everything that the verbs share. */
export class Line {
  readonly profile: CarrierProfile;
  readonly parties: Parties;
  readonly clock: SimulatedClock;
  readonly caller: Caller;
  readonly cast: BuyerCast;
  readonly callbacks: Callbacks;
  readonly sender: WebhookSender;
  readonly events: CallEvent[] = [];
  readonly errors: string[] = [];
  readonly warnings: string[] = [];
  readonly dials: DialRecord[] = [];
  /** Simulated time; null while the call is unanswered. */
  answeredAt: number | null = null;
  readonly signal: AbortSignal;
  /** Answers to requests that were under way when the caller hung up. */
  private readonly unheard: Promise<WebhookResult>[] = [];
  private readonly stop = new AbortController();

  constructor(
    readonly options: CarrierCallOptions,
    transport: HttpTransport,
  ) {
    this.signal =
      options.signal === undefined ? this.stop.signal : AbortSignal.any([this.stop.signal, options.signal]);
    // Every wait and request under way listens; with copies there are many at once.
    setMaxListeners(0, this.signal);
    this.profile = profileOf(options);
    this.parties = {
      callSid: options.callSid ?? this.profile.newCallSid(),
      accountSid: options.accountSid,
      from: options.from,
      to: options.to,
      fromPlace: options.callerPlace ?? placeOf(options.from),
      toPlace: options.calledPlace ?? placeOf(options.to),
    };
    this.clock = new SimulatedClock(options.speed ?? 1, this.signal);
    this.caller = new Caller(
      options.callerHangUp ?? { during: 'never' },
      options.answers ?? options.digits ?? [],
    );
    this.cast = new BuyerCast(options.buyers ?? defaultBuyers);
    const emit = (event: CallEventBody): void => this.emit(event);
    const settings = {
      profile: this.profile,
      timeoutMilliseconds: options.requestTimeoutMilliseconds ?? 15_000,
      duplicates: options.duplicates ?? 1,
      signal: this.signal,
    };
    this.sender = new WebhookSender(settings, transport, emit);
    const decide = options.deliver ?? (() => ({ kind: 'send' as const }));
    this.callbacks = new Callbacks(this.sender, this.clock, decide, emit);
  }

  /** Records an event. A listener that throws stops the call at its next wait: some events come from its side. */
  emit(body: CallEventBody): void {
    const event: CallEvent = {
      seconds: this.clock.now(),
      realMilliseconds: this.clock.realMilliseconds(),
      at: new Date(),
      ...body,
    };
    this.events.push(event);
    try {
      this.options.onEvent?.(event);
    } catch (error) {
      this.stop.abort(error);
    }
  }

  /** Emits and keeps a warning about instructions that the carrier ignored or corrected. */
  warn(code: number, message: string): void {
    this.warnings.push(message);
    this.emit({ type: 'warning', code, message });
  }

  /** Waits until a simulated time, or until the caller hangs up, whichever is first. False when they hung up. */
  async waitUntil(at: number): Promise<boolean> {
    const deadline = this.caller.deadline;
    if (deadline > at) {
      await this.clock.until(at);
      return true;
    }
    await this.clock.until(deadline);
    this.callerHangsUp();
    return false;
  }

  /** The call is picked up: what comes next is audible, and billed. */
  answer(): void {
    if (this.answeredAt !== null) return;
    this.answeredAt = this.clock.now();
    this.emit({ type: 'answered' });
  }

  /** A request about this call, with the current CallStatus. */
  webhook(
    purpose: WebhookPurpose,
    method: HttpMethod,
    url: string,
    extra: Readonly<Record<string, string>>,
    callStatus: string = this.callStatus(),
  ): Webhook {
    const { stirVerstat, extraFields } = this.options;
    const fields = {
      ...baseFields(this.parties, callStatus, 'inbound'),
      ...(stirVerstat === undefined ? {} : { StirVerstat: stirVerstat }),
      ...extra,
      ...extraFields,
    };
    return { purpose, method, url, fields };
  }

  /** Asks for instructions while the caller waits, who may hang up meanwhile. */
  async ask(webhook: Webhook): Promise<Instructions> {
    const answer = this.sender.send(webhook);
    const outcome = await this.clock.race(answer, this.caller.deadline);
    if (outcome.late) {
      this.unheard.push(answer);
      return { kind: 'end', ending: this.callerHangsUp() };
    }
    const result = outcome.value;
    if (!result.ok) return this.applicationError(errorCodes.retrieval, result.message);
    if (!/^(text|application)\/(xml|html)\b/i.test(result.contentType)) {
      const found = result.contentType === '' ? 'no Content-Type' : `Content-Type ${result.contentType}`;
      return this.applicationError(errorCodes.contentType, `${webhook.url} answered with ${found}, not XML`);
    }
    const document = parseTwiml(result.body, this.profile.rules);
    if (!document.ok) {
      return this.applicationError(
        document.code,
        `${webhook.url} answered what is no TwiML: ${document.message}`,
      );
    }
    for (const warning of document.warnings) this.warn(errorCodes.schema, warning);
    this.emit({ type: 'instructions', verbs: document.verbs.map((verb) => verb.kind) });
    return { kind: 'verbs', url: webhook.url, verbs: document.verbs };
  }

  /** The caller's leg ended; says so to the status URL, without waiting. */
  reportEnd(status: FinalCallStatus, durationSeconds: number): void {
    const url = this.options.statusUrl;
    if (url === undefined) return;
    const progress = progressFields(0, durationSeconds, this.profile.timestamp(new Date()));
    const webhook = this.webhook('call-status', 'POST', url, progress, status);
    this.callbacks.report({ purpose: 'call-status', status, sid: this.parties.callSid }, webhook);
  }

  /** Waits for everything still under way, and keeps what went wrong with it. */
  async drain(): Promise<void> {
    this.errors.push(...(await this.callbacks.drain()));
    for (const result of await Promise.all(this.unheard)) if (!result.ok) this.errors.push(result.message);
    await this.sender.drain();
  }

  /** CallStatus for a request about the caller's leg. Unanswered inbound calls end as `no-answer`. */
  callStatus(): 'ringing' | 'in-progress' | 'completed' | 'no-answer' {
    if (this.caller.gone) return this.answeredAt === null ? 'no-answer' : 'completed';
    return this.answeredAt === null ? 'ringing' : 'in-progress';
  }

  private callerHangsUp(): CallEnding {
    const during = this.caller.phase;
    this.caller.gone = true;
    this.emit({ type: 'hung-up', by: 'caller', during });
    return { kind: 'caller-hung-up', during };
  }

  private applicationError(code: number, message: string): Instructions {
    this.errors.push(message);
    this.emit({ type: 'application-error', code, message });
    return { kind: 'end', ending: { kind: 'application-error', code, message } };
  }
}

/** Resolves an action against the URL of the document it stands in; null is that document itself. */
export function resolveUrl(action: string | null, documentUrl: string): string {
  return new URL(action ?? '', documentUrl).toString();
}

function placeOf(number: string): Place {
  return number.startsWith('+1') ? { country: 'US' } : {};
}
