import type { AttemptEnd } from './commands';
import { messageKey, type FailSafeServed } from './events';
import { endOf } from './dial';
import { fits } from './messages';
import { note, type CallState, type Step } from './state';
import { admit, finish, finishConnected, noEffect, noteAttemptEnd } from './steps';

/** The caller heard the fail-safe instead of our instructions, so whatever we had planned for them did not happen. */
export function onFailSafe(state: CallState, event: FailSafeServed): Step {
  const noted = note(state, {
    key: `fail_safe:${event.message.type}:${event.at}`,
    at: event.at,
    step: 'fail_safe',
    decision: 'the API answered with the fail-safe route',
    detail: { cause: event.cause, message: event.message.type },
  });
  const { phase, policy } = noted;
  const reason = `fail-safe route served: ${event.cause}`;
  if (phase.name === 'received') return admit(noted, event.at, { at: event.at, reason });
  if (policy === null || phase.name === 'ended' || !wentUnheard(noted, event)) return noEffect(noted);
  if (phase.name !== 'dialing') {
    return finish(noted, policy, { outcome: 'failed', reason, at: event.at, attempt: null });
  }
  const result =
    event.message.type === 'dial_finished' && event.message.attempt === phase.attempt.no
      ? event.message
      : null;
  const end: AttemptEnd =
    result === null
      ? {
          attempt: phase.attempt,
          status: 'canceled',
          at: event.at,
          talkSeconds: null,
          unheard: true as const,
        }
      : endOf(noted, phase, policy, result);
  const ended = noteAttemptEnd(noted, end, result?.carrierStatus ?? 'never dialled');
  if (end.status === 'completed') return finishConnected(ended, policy, end, null);
  return finish(ended, policy, { outcome: 'failed', reason, at: event.at, attempt: end });
}

/**
 * Whether the caller missed what the call had to say. They did when this very delivery was acted upon, or belongs to
 * the step the call waits at. A later delivery of a webhook that was answered before changes nothing: the call goes on.
 */
function wentUnheard(state: CallState, { message }: FailSafeServed): boolean {
  const handledAt = state.handled[messageKey(message)];
  return handledAt === undefined ? fits(state, message) : handledAt === message.at;
}
