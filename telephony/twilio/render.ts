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

/**
 * Instructions as TwiML. The library escapes text.
 * @param root absolute URL of this carrier's webhooks, without a slash at the end.
 */
export function renderTwiml(instructions: Instructions, root: string): string {
  const response = new VoiceResponse();
  for (const instruction of instructions) renderOne(response, instruction, root);
  return response.toString();
}

function renderOne(response: VoiceResponse, instruction: Instruction, root: string): void {
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
              speechTimeout: 'auto',
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
        timeout: instruction.ringTimeoutSeconds,
        timeLimit: instruction.timeLimitSeconds,
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
