import { unreachable } from '../exhaustive';
import { say, type Instructions, type Prompt } from '../instructions';
import type { OpenTreatment } from '../treatment';
import type { CallFacts } from './facts';
import type { CallPolicy, PlacedAttempt } from './policy';
import type { Phase } from './state';

/** Asks at a node; a repetition is introduced by its retry prompt. A lookup only has the carrier come back. */
export function askInstructions(
  facts: CallFacts,
  phase: Extract<Phase, { name: 'ivr' }>,
  played: readonly Prompt[],
): Instructions {
  const { node } = phase;
  const callback = { step: 'ivr', call: facts.callId, no: phase.no } as const;
  if (node.kind === 'lookup') return [...say(played), { verb: 'redirect', callback }];
  const first = phase.try > 1 && node.retryPrompt !== null ? [...played, node.retryPrompt] : played;
  return [
    ...say(first),
    {
      verb: 'gather',
      prompt: node.prompt,
      timeoutSeconds: node.timeoutSeconds,
      callback,
      ...(node.kind === 'menu'
        ? { input: 'digits', digits: 1, terminator: null, speech: null }
        : {
            input: node.input,
            digits: node.maxLength,
            terminator: node.terminator,
            speech: node.input === 'digits' ? null : { language: node.language, hints: node.hints },
          }),
    },
  ];
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
      destinations: attempt.destinations,
      callerId: attempt.callerId,
      announce: attempt.announce,
      ringTimeoutSeconds: attempt.ringTimeoutSeconds,
      timeLimitSeconds: Math.max(1, remaining),
      reportAnswer: policy.reportAnswer,
      record: attempt.record,
      callback: { step: 'dial', call: facts.callId, attempt: attempt.no, screened: attempt.screened },
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
          destinations: [treatment.destination],
          callerId: null,
          announce: false,
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
