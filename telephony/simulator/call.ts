import { dial } from './dial';
import type { CallEnding, FinalCallStatus } from './events';
import { gather, playPrompts } from './gather';
import { HttpTransport } from './http';
import { Line, resolveUrl, type Step } from './line';
import type { SimulatedCall, CarrierCallOptions } from './options';
import { record } from './record';
import type { Verb } from './verbs';
import type { Webhook } from './webhook';

/** What a caller hears when the platform's answer is unusable. */
const APPLICATION_ERROR_PROMPT = {
  kind: 'say',
  text: 'We are sorry, an application error has occurred. Goodbye.',
  loop: 1,
  language: null,
  voice: null,
} as const;

/** A platform that redirects for ever is stopped here; real calls need a dozen documents. */
const MAX_DOCUMENTS = 500;

/**
 * Places one call: asks the voice URL for instructions, obeys them, and reports the end, as a carrier of the Twilio
 * dialect does. Resolves when the call has ended and every report was answered or given up; an unusable answer ends
 * the call (`ending.kind` is `application-error`), it does not reject.
 *
 * @throws RangeError for options that make no sense
 * @throws the reason of `signal` when it is aborted, or what `onEvent` threw
 */
export async function simulateCall(options: CarrierCallOptions): Promise<SimulatedCall> {
  checkOptions(options);
  const transport = options.transport ?? new HttpTransport();
  try {
    return await new Call(new Line(options, transport)).run();
  } finally {
    if (options.transport === undefined) transport.close();
  }
}

class Call {
  constructor(private readonly line: Line) {}

  async run(): Promise<SimulatedCall> {
    const { line } = this;
    const { options } = line;
    line.emit({ type: 'started', callSid: line.parties.callSid, from: options.from, to: options.to });
    const first = line.webhook(
      'voice',
      options.voiceMethod ?? 'POST',
      resolveUrl(options.voiceUrl, options.voiceUrl),
      {},
    );
    const { ending, lastAction } = await this.follow(first);
    if (ending.kind === 'application-error') await this.apologize();
    return this.finish(ending, lastAction);
  }

  /** Asks for documents and obeys them until the call ends. */
  private async follow(first: Webhook): Promise<Extract<Step, { kind: 'end' }>> {
    let webhook = first;
    for (let documents = 0; documents < MAX_DOCUMENTS; documents += 1) {
      const instructions = await this.line.ask(webhook);
      if (instructions.kind === 'end') return instructions;
      const step = await this.obey(instructions.verbs, instructions.url);
      if (step.kind === 'end') return step;
      webhook = step.webhook;
    }
    const message = `no end after ${MAX_DOCUMENTS} documents`;
    this.line.errors.push(message);
    this.line.emit({ type: 'application-error', code: 0, message });
    return { kind: 'end', ending: { kind: 'application-error', code: 0, message } };
  }

  private async obey(verbs: readonly Verb[], url: string): Promise<Exclude<Step, { kind: 'next' }>> {
    for (const verb of verbs) {
      const step = await this.execute(verb, url);
      if (step.kind !== 'next') return step;
    }
    return { kind: 'end', ending: { kind: 'instructions-ended' } };
  }

  private async execute(verb: Verb, url: string): Promise<Step> {
    const { line } = this;
    switch (verb.kind) {
      case 'say':
      case 'play':
        line.answer();
        return this.play(verb);
      case 'pause':
        // A leading Pause keeps the caller ringing, as at Twilio.
        return this.play(verb);
      case 'gather':
        return gather(verb, url, line);
      case 'dial':
        return dial(verb, url, line);
      case 'record':
        return record(verb, url, line);
      case 'redirect': {
        const target = resolveUrl(verb.url, url);
        line.emit({ type: 'verb', verb: 'redirect', text: target });
        return { kind: 'ask', webhook: line.webhook('redirect', verb.method, target, {}) };
      }
      case 'reject':
        line.emit({ type: 'verb', verb: 'reject', text: verb.reason });
        // Too late to reject once answered: it only hangs up.
        if (line.answeredAt === null)
          return { kind: 'end', ending: { kind: 'rejected', reason: verb.reason } };
        return this.hangUp();
      case 'hangup':
        line.answer();
        line.emit({ type: 'verb', verb: 'hangup', text: '' });
        return this.hangUp();
      default:
        return verb satisfies never;
    }
  }

  private async play(prompt: Extract<Verb, { kind: 'say' | 'play' | 'pause' }>): Promise<Step> {
    if (await playPrompts([prompt], Infinity, this.line)) return { kind: 'next' };
    return { kind: 'end', ending: { kind: 'caller-hung-up', during: this.line.caller.phase } };
  }

  private hangUp(): Step {
    this.line.emit({ type: 'hung-up', by: 'application', during: this.line.caller.phase });
    return { kind: 'end', ending: { kind: 'hung-up-by-application' } };
  }

  private async apologize(): Promise<void> {
    this.line.answer();
    await playPrompts([APPLICATION_ERROR_PROMPT], Infinity, this.line);
  }

  /** Reports the end and waits for everything still under way. */
  private async finish(ending: CallEnding, lastAction: Webhook | undefined): Promise<SimulatedCall> {
    const { line } = this;
    const { options } = line;
    const callStatus = finalStatus(ending, line);
    const durationSeconds = line.answeredAt === null ? 0 : Math.round(line.clock.now() - line.answeredAt);
    if (options.statusBeforeAction === true && lastAction !== undefined) {
      line.reportEnd(callStatus, durationSeconds);
      await line.callbacks.drain();
      await this.tell(lastAction);
    } else {
      const told = lastAction === undefined ? Promise.resolve() : this.tell(lastAction);
      line.reportEnd(callStatus, durationSeconds);
      await told;
    }
    await line.drain();
    line.signal.throwIfAborted();
    line.emit({ type: 'completed', ending, callStatus, durationSeconds });
    return {
      callSid: line.parties.callSid,
      from: options.from,
      to: options.to,
      ending,
      callStatus,
      durationSeconds,
      dials: line.dials,
      webhooks: line.sender.records,
      errors: line.errors,
      warnings: line.warnings,
      differingAnswers: line.sender.differing,
      events: line.events,
    };
  }

  /** Asks an action whose instructions no longer matter. */
  private async tell(webhook: Webhook): Promise<void> {
    const result = await this.line.sender.send(webhook);
    if (!result.ok) this.line.errors.push(result.message);
  }
}

function finalStatus(ending: CallEnding, line: Line): FinalCallStatus {
  if (ending.kind === 'rejected') return ending.reason === 'busy' ? 'busy' : 'no-answer';
  return line.answeredAt === null ? 'no-answer' : 'completed';
}

function checkOptions(options: CarrierCallOptions): void {
  const { speed = 1, duplicates = 1, digits = [], answers = [] } = options;
  if (!(speed > 0)) throw new RangeError(`speed must be above 0, got ${speed}`);
  if (!Number.isInteger(duplicates) || duplicates < 1) {
    throw new RangeError(`duplicates must be a whole number from 1, got ${duplicates}`);
  }
  if (options.digits !== undefined && options.answers !== undefined)
    throw new RangeError('give digits or answers, not both');
  const keys = [...digits, ...answers].filter((answer) => typeof answer === 'string');
  const wrong = keys.find((entry) => !/^[0-9*#]*$/.test(entry));
  if (wrong !== undefined) throw new RangeError(`digits may be 0-9, * and #, got "${wrong}"`);
}
