import VoiceResponse from 'twilio/lib/twiml/VoiceResponse';
import { unreachable } from '../../domain/exhaustive';
import type { Instruction, Instructions, Prompt } from '../../domain/instructions';
import { callbackPath } from '../port';

/** Languages that TwiML's `<Say>` knows are open-ended; its type lists those of today. */
type SayLanguage = NonNullable<VoiceResponse.SayAttributes['language']>;

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
        input: ['dtmf'],
        numDigits: instruction.digits,
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
      const attempt = step.step === 'dial' ? step.attempt : 0;
      const dial = response.dial({
        action: `${root}/${callbackPath(step)}`,
        method: 'POST',
        timeout: instruction.ringTimeoutSeconds,
        timeLimit: instruction.timeLimitSeconds,
        // The caller hears ringing, and is not charged as connected, until the buyer answers.
        answerOnBridge: true,
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
      const report = instruction.reportAnswer
        ? {
            statusCallback: `${root}/leg?attempt=${attempt}`,
            statusCallbackMethod: 'POST',
            statusCallbackEvent: ['answered' as const],
          }
        : {};
      if (instruction.destination.kind === 'tel') dial.number(report, instruction.destination.number);
      else dial.sip(report, instruction.destination.uri);
      return;
    }
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

function say(
  where: { say(attributes: VoiceResponse.SayAttributes, text: string): unknown },
  prompt: Prompt,
): void {
  where.say({ language: prompt.language as SayLanguage }, prompt.text);
}
