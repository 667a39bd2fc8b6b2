import type { Call } from '../../contract/call';
import { simulateCall, type SimulatedCall, type SimulatedCallOptions } from '../../telephony/simulator';
import { ACCOUNT_SID, AUTH_TOKEN, type SystemUnderTest } from './system';

/** A call as the carrier saw it and as it stands on record. */
export interface PlacedCall {
  readonly carrier: SimulatedCall;
  readonly call: Call;
}

/** Places a call by the simulated carrier and waits for its end. The carrier must have met no error. */
export async function placeCall(
  system: SystemUnderTest,
  options: Partial<SimulatedCallOptions> & Pick<SimulatedCallOptions, 'to'>,
): Promise<PlacedCall> {
  const carrier = await simulateCall({
    voiceUrl: `${system.baseUrl}/telephony/twilio/voice`,
    statusUrl: `${system.baseUrl}/telephony/twilio/status`,
    accountSid: ACCOUNT_SID,
    authToken: AUTH_TOKEN,
    from: '+14155550123',
    speed: 50,
    ...options,
  });
  expect(carrier.errors).toEqual([]);
  const call = await system.endedCall(carrier.callSid);
  // The fail-safe is for servers that are away; none is here.
  expect(call.timeline.map(({ step }) => step)).not.toContain('fail_safe');
  return { carrier, call };
}

/** The buyers dialled, in order, by the letter the fixture gave them. */
export function dialled(call: Call): string[] {
  return call.attempts.map(({ buyerName }) => buyerName);
}

/** Why each assignment was not chosen, by the buyer's letter, at the n-th choice (from 1). */
export function skipReasons(call: Call, nth = 1): Record<string, string> {
  const routed = call.timeline.filter(({ step }) => step === 'routed')[nth - 1];
  const skipped = (routed?.detail['skipped'] ?? []) as { assignmentId: string; reason: string }[];
  return Object.fromEntries(
    skipped.map(({ assignmentId, reason }) => [
      assignmentId.slice(assignmentId.lastIndexOf('_') + 1),
      reason,
    ]),
  );
}

/** What the caller heard, in order. */
export function heard(carrier: SimulatedCall): string[] {
  return carrier.events.flatMap((event) =>
    event.type === 'verb' && (event.verb === 'say' || event.verb === 'play') ? [event.text] : [],
  );
}
