import { isDialable, planLeg } from './buyer';
import type { CallEnding, DialCallStatus } from './events';
import { type Recording, recordingUrl } from './fields';
import { Leg, sipCode } from './leg';
import { type Line, resolveUrl, type Step } from './line';
import type { LegRecord } from './options';
import { reportRecording } from './record';
import { ring } from './ringing';
import { errorCodes } from './twiml';
import type { DialVerb } from './verbs';

/** Runs a Dial: rings every destination at once, bridges the first that is ready, then asks the action. */
export async function dial(verb: DialVerb, documentUrl: string, line: Line): Promise<Step> {
  if (!verb.answerOnBridge) line.answer();
  const destinations = verb.targets.map((target) => target.destination).join(', ');
  line.emit({ type: 'verb', verb: 'dial', text: `${destinations}, ${verb.timeoutSeconds} s` });
  // After a conversation, another Dial is a transfer: the caller's patience for ringing was used up before.
  line.caller.enter('ringing', line.clock.now());
  const legs = verb.targets.map((target) => makeLeg(verb, target, documentUrl, line));
  for (const leg of legs) leg.dial();
  const winner = await ring(legs, verb.timeoutSeconds, line);
  const recording = winner === null ? null : await talk(winner, verb, documentUrl, line);
  return conclude(verb, documentUrl, legs, winner, recording, line);
}

function makeLeg(verb: DialVerb, target: DialVerb['targets'][number], documentUrl: string, line: Line): Leg {
  const dialable = isDialable(target);
  if (!dialable) line.warn(errorCodes.invalidNumber, `"${target.destination}" cannot be dialled`);
  const plan = planLeg(dialable ? line.cast.behaviourOf(target) : { kind: 'failed', afterSeconds: 0 });
  return new Leg(target, plan, verb.callerId ?? line.parties.from, documentUrl, line);
}

/** The conversation, until either side or the time limit ends it. Returns the recording when one was asked for. */
async function talk(leg: Leg, verb: DialVerb, documentUrl: string, line: Line): Promise<Recording | null> {
  line.answer();
  leg.bridge();
  const bridgedAt = line.clock.now();
  line.caller.enter('talking', bridgedAt);
  const recording: Recording | null = verb.record
    ? { sid: line.profile.newRecordingSid(), source: 'DialVerb', startedAt: new Date() }
    : null;
  if (recording !== null) {
    reportRecording(verb.recordingCallback, documentUrl, recording, 'in-progress', null, line);
  }
  const buyerLeavesAt = bridgedAt + leg.plan.talkSeconds;
  const limitAt = bridgedAt + verb.timeLimitSeconds;
  const stayed = await line.waitUntil(Math.min(buyerLeavesAt, limitAt));
  if (stayed && buyerLeavesAt <= limitAt) line.emit({ type: 'hung-up', by: 'buyer', during: 'talking' });
  leg.finish('completed');
  if (recording !== null) {
    const seconds = Math.round(line.clock.now() - bridgedAt);
    reportRecording(verb.recordingCallback, documentUrl, recording, 'completed', seconds, line);
  }
  if (stayed) line.caller.enter('ivr', line.clock.now());
  return recording;
}

function conclude(
  verb: DialVerb,
  documentUrl: string,
  legs: readonly Leg[],
  winner: Leg | null,
  recording: Recording | null,
  line: Line,
): Step {
  const records = legs.flatMap((leg) => (leg.record === null ? [] : [leg.record]));
  // Without a winner, Twilio names the leg that decided the result: the last one.
  const deciding = winner?.record ?? decidingRecord(records);
  const status = dialStatus(deciding, line);
  const talkSeconds = winner?.record?.talkSeconds ?? 0;
  const callerId = verb.callerId ?? line.parties.from;
  line.dials.push({ status, bridged: winner !== null, callerId, talkSeconds, legs: records });
  const gone: CallEnding = { kind: 'caller-hung-up', during: line.caller.phase };
  if (verb.action === null) return line.caller.gone ? { kind: 'end', ending: gone } : { kind: 'next' };
  const fields = {
    DialCallStatus: status,
    DialBridged: String(winner !== null),
    ...(deciding === undefined
      ? {}
      : { DialCallSid: deciding.legSid, DialSipResponseCode: sipCode(deciding.result) }),
    // From the answer on, what the buyer heard before the bridge included.
    ...(deciding === undefined || (winner === null && deciding.answeredSeconds === 0)
      ? {}
      : { DialCallDuration: String(Math.round(deciding.answeredSeconds)) }),
    ...(recording === null ? {} : { RecordingUrl: recordingUrl(line.parties.accountSid, recording.sid) }),
  };
  const webhook = line.webhook('dial-action', verb.method, resolveUrl(verb.action, documentUrl), fields);
  return line.caller.gone ? { kind: 'end', ending: gone, lastAction: webhook } : { kind: 'ask', webhook };
}

/** Legs that rang to the end outweigh those that ended before; else the last to end decides. */
function decidingRecord(records: readonly LegRecord[]): LegRecord | undefined {
  return (
    records.find((record) => record.result === 'no-answer' || record.result === 'canceled') ?? records.at(-1)
  );
}

function dialStatus(deciding: LegRecord | undefined, line: Line): DialCallStatus {
  // A Dial without a single destination fails.
  if (deciding === undefined) return 'failed';
  switch (deciding.result) {
    case 'completed':
      return 'completed';
    case 'declined':
      return line.options.declinedDialStatus ?? 'completed';
    case 'busy':
    case 'rejected':
      return 'busy';
    case 'no-answer':
      return 'no-answer';
    case 'canceled':
    case 'lost':
      return line.options.abandonedDialStatus ?? 'canceled';
    case 'failed':
      return 'failed';
    default:
      return deciding.result satisfies never;
  }
}
