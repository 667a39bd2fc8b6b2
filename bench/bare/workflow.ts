import { condition, setHandler } from '@temporalio/workflow';
import type { CallFacts } from '../../domain/call/facts';
import type { E164 } from '../../domain/ids';
import { HANG_UP, type Instructions } from '../../domain/instructions';
import { dial, inbound } from './messages';

/**
 * A call with the round trips of a real one and nothing else: no state machine, no activity, no timer, no search
 * attribute. What a real call costs beyond this is ours; what this costs is Temporal's and the HTTP edge's.
 */
export async function bareCall(facts: CallFacts): Promise<void> {
  let over = false;
  setHandler(inbound, () => dialInstructions(facts));
  setHandler(dial, () => {
    over = true;
    return HANG_UP;
  });
  await condition(() => over);
}

function dialInstructions({ callId }: CallFacts): Instructions {
  return [
    {
      verb: 'dial',
      destinations: [{ kind: 'tel', number: '+14155550211' as E164 }],
      callerId: null,
      announce: false,
      ringTimeoutSeconds: 20,
      timeLimitSeconds: 14_380,
      reportAnswer: false,
      record: false,
      callback: { step: 'dial', call: callId, attempt: 1, screened: false },
    },
  ];
}
