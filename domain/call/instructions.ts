import { unreachable } from '../exhaustive';
import type { Instructions } from '../instructions';
import type { OpenTreatment } from '../treatment';
import type { CallFacts } from './facts';
import type { CallPolicy, Menu, PlacedAttempt } from './policy';

/** Plays a menu; a repetition is introduced by its retry prompt. */
export function menuInstructions(facts: CallFacts, menu: Menu, nth: number): Instructions {
  const gather = {
    verb: 'gather',
    prompt: menu.prompt,
    digits: Math.max(...menu.options.map((option) => option.digit.length)),
    timeoutSeconds: menu.timeoutSeconds,
    callback: { step: 'menu', call: facts.callId, try: nth },
  } as const;
  return nth === 1 ? [gather] : [{ verb: 'say', prompt: menu.retryPrompt }, gather];
}

/** Dials a candidate, for as long as the call may still live at `at`. */
export function dialInstructions(
  facts: CallFacts,
  policy: CallPolicy,
  attempt: PlacedAttempt,
  at: string,
): Instructions {
  const remaining = secondsLeft(facts, policy, at) - attempt.ringTimeoutSeconds;
  return [
    {
      verb: 'dial',
      destination: attempt.destination,
      ringTimeoutSeconds: attempt.ringTimeoutSeconds,
      timeLimitSeconds: Math.max(1, remaining),
      reportAnswer: policy.reportAnswer,
      record: policy.record,
      callback: { step: 'dial', call: facts.callId, attempt: attempt.no },
    },
  ];
}

/** Carries out a fallback after which the call goes on. */
export function fallbackInstructions(
  facts: CallFacts,
  policy: CallPolicy,
  treatment: OpenTreatment,
  at: string,
): Instructions {
  const callback = { step: 'fallback', call: facts.callId } as const;
  switch (treatment.kind) {
    case 'forward':
      return [
        {
          verb: 'dial',
          destination: treatment.destination,
          ringTimeoutSeconds: treatment.ringTimeoutSeconds,
          timeLimitSeconds: Math.max(1, secondsLeft(facts, policy, at) - treatment.ringTimeoutSeconds),
          reportAnswer: false,
          record: false,
          callback,
        },
      ];
    case 'voicemail':
      return [{ verb: 'voicemail', prompt: treatment.prompt, maxSeconds: treatment.maxSeconds, callback }];
    default:
      return unreachable(treatment);
  }
}

/** Whole seconds until the call has lived as long as its campaign allows; never negative. */
export function secondsLeft(facts: CallFacts, policy: CallPolicy, at: string): number {
  const lived = (Date.parse(at) - Date.parse(facts.receivedAt)) / 1000;
  return Math.max(0, Math.floor(policy.maxCallSeconds - lived));
}
