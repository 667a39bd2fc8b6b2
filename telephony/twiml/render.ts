import VoiceResponse from 'twilio/lib/twiml/VoiceResponse';
import { unreachable } from '../../domain/exhaustive';
import type { Instruction, Instructions, Prompt } from '../../domain/instructions';
import { announcementPath, callbackPath } from '../port';

/** Languages that TwiML's `<Say>` knows are open-ended; its type lists those of today. */
type SayLanguage = NonNullable<VoiceResponse.SayAttributes['language']>;
type SayVoice = NonNullable<VoiceResponse.SayAttributes['voice']>;
type GatherLanguage = NonNullable<VoiceResponse.GatherAttributes['language']>;
type GatherInput = Extract<Instruction, { verb: 'gather' }>['input'];

const GATHER_INPUT: Record<GatherInput, ('dtmf' | 'speech')[]> = {
  digits: ['dtmf'],
  speech: ['speech'],
  digits_or_speech: ['dtmf', 'speech'],
};

/** From and to, in seconds. */
export interface Range {
  readonly least: number;
  readonly most: number;
}

/** What a carrier takes of the language. */
export interface Accepted {
  /** How long a Dial may ring. */
  readonly ringSeconds: Range;
  /** How long a Dial may last. */
  readonly talkSeconds: Range;
  /** Silence that ends speech, as the carrier wants to be told. */
  readonly speechTimeout: string;
}

/** Twilio's own: https://www.twilio.com/docs/voice/twiml/dial, https://www.twilio.com/docs/voice/twiml/gather */
export const TWILIO_ACCEPTS: Accepted = {
  ringSeconds: { least: 1, most: 600 },
  talkSeconds: { least: 1, most: 86_400 },
  speechTimeout: 'auto',
};

/**
 * Instructions as TwiML. The library escapes text. Every gather and dial names its action: without one, a carrier asks
 * the same URL again, and a call goes in circles.
 * @param root absolute URL of this carrier's webhooks, without a slash at the end.
 */
export function renderTwiml(
  instructions: Instructions,
  root: string,
  accepted: Accepted = TWILIO_ACCEPTS,
): string {
  const response = new VoiceResponse();
  for (const instruction of instructions) renderOne(response, instruction, root, accepted);
  return response.toString();
}

/** A carrier replaces what it does not take by its own default: the nearest it takes is closer to what was asked. */
function within({ least, most }: Range, seconds: number): number {
  return Math.min(most, Math.max(least, seconds));
}

function renderOne(
  response: VoiceResponse,
  instruction: Instruction,
  root: string,
  accepted: Accepted,
): void {
  switch (instruction.verb) {
    case 'say':
      say(response, instruction.prompt);
      return;
    case 'gather': {
      const action = `${root}/${callbackPath(instruction.callback)}`;
      const gather = response.gather({
        input: GATHER_INPUT[instruction.input],
        ...(instruction.input === 'speech'
          ? {}
          : { numDigits: instruction.digits, finishOnKey: instruction.terminator ?? '' }),
        ...(instruction.speech === null
          ? {}
          : {
              language: instruction.speech.language as GatherLanguage,
              speechTimeout: accepted.speechTimeout,
              ...(instruction.speech.hints.length > 0 ? { hints: instruction.speech.hints.join(',') } : {}),
            }),
        timeout: instruction.timeoutSeconds,
        action,
        method: 'POST',
      });
      say(gather, instruction.prompt);
      // Silence falls through the gather to here: the step hears of it instead of the call falling silent.
      response.redirect({ method: 'POST' }, action);
      return;
    }
    case 'dial': {
      const step = instruction.callback;
      const dial = response.dial({
        action: `${root}/${callbackPath(step)}`,
        method: 'POST',
        timeout: within(accepted.ringSeconds, instruction.ringTimeoutSeconds),
        timeLimit: within(accepted.talkSeconds, instruction.timeLimitSeconds),
        // The caller hears ringing, and is not charged as connected, until the buyer answers.
        answerOnBridge: true,
        ...(instruction.callerId === null ? {} : { callerId: instruction.callerId }),
        ...(instruction.record
          ? {
              record: 'record-from-answer-dual' as const,
              recordingStatusCallback: `${root}/recording`,
              recordingStatusCallbackMethod: 'POST',
              recordingStatusCallbackEvent: [
                'in-progress',
                'completed',
                'absent',
              ] as const satisfies string[],
            }
          : {}),
      });
      const leg = {
        ...(instruction.announce && step.step === 'dial'
          ? { url: `${root}/${announcementPath(step.call, step.attempt)}`, method: 'POST' }
          : {}),
        ...(instruction.reportAnswer && step.step === 'dial'
          ? {
              statusCallback: `${root}/leg?attempt=${step.attempt}`,
              statusCallbackMethod: 'POST',
              statusCallbackEvent: ['answered' as const],
            }
          : {}),
      };
      for (const destination of instruction.destinations) {
        if (destination.kind === 'tel') dial.number(leg, destination.number);
        else dial.sip(leg, destination.uri);
      }
      return;
    }
    case 'redirect':
      response.redirect({ method: 'POST' }, `${root}/${callbackPath(instruction.callback)}`);
      return;
    case 'voicemail':
      say(response, instruction.prompt);
      response.record({
        action: `${root}/${callbackPath(instruction.callback)}`,
        method: 'POST',
        maxLength: instruction.maxSeconds,
        playBeep: true,
        recordingStatusCallback: `${root}/recording`,
        recordingStatusCallbackMethod: 'POST',
      });
      // A caller who says nothing falls through the recording.
      response.redirect({ method: 'POST' }, `${root}/${callbackPath(instruction.callback)}`);
      return;
    case 'reject':
      response.reject({ reason: instruction.reason });
      return;
    case 'hangup':
      response.hangup();
      return;
    default:
      return unreachable(instruction);
  }
}

interface Speaker {
  say(attributes: VoiceResponse.SayAttributes, text: string): unknown;
  play(attributes: VoiceResponse.PlayAttributes, url: string): unknown;
}

function say(where: Speaker, prompt: Prompt): void {
  if ('audioUrl' in prompt) {
    where.play({}, prompt.audioUrl);
    return;
  }
  const voice = prompt.voice === undefined ? {} : { voice: prompt.voice as SayVoice };
  where.say({ language: prompt.language as SayLanguage, ...voice }, prompt.text);
}
