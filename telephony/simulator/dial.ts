import { isDialable, planLeg } from './buyer';
import type { CallEnding, DialCallStatus, LegResult } from './events';
import { type Recording, recordingUrl } from './fields';
import { Leg, sipCode } from './leg';
import { type Line, newSid, resolveUrl, type Step } from './line';
import type { LegRecord } from './options';
import { reportRecording } from './record';
import { type DialVerb, errorCodes } from './twiml';

/** Runs a Dial: rings every destination at once, bridges the first that answers, then asks the action. */
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

/** Lets the legs ring until one answers, all have ended, the timeout, or the caller's hang-up. */
async function ring(legs: readonly Leg[], timeoutSeconds: number, line: Line): Promise<Leg | null> {
  const dialledAt = line.clock.now();
  const moments = legs
    .flatMap((leg) => [
      ...(leg.plan.ringsAt === null ? [] : [{ at: leg.plan.ringsAt, leg, what: 'ringing' as const }]),
      ...(leg.plan.decided === null ? [] : [{ at: leg.plan.decided.at, leg, what: leg.plan.decided.as }]),
    ])
    .filter((moment) => moment.at < timeoutSeconds)
    .sort((a, b) => a.at - b.at);
  for (const { at, leg, what } of moments) {
    if (!(await line.waitUntil(dialledAt + at))) return endAll(legs, 'canceled');
    switch (what) {
      case 'ringing':
        leg.ring();
        break;
      case 'answered':
        leg.answer();
        endAll(
          legs.filter((other) => other !== leg),
          'lost',
        );
        return leg;
      case 'busy':
      case 'rejected':
      case 'failed':
        leg.finish(what);
        break;
      default:
        what satisfies never;
    }
  }
  if (legs.every((leg) => leg.record !== null)) return null;
  const stayed = await line.waitUntil(dialledAt + timeoutSeconds);
  return endAll(legs, stayed ? 'no-answer' : 'canceled');
}

function endAll(legs: readonly Leg[], result: LegResult): null {
  for (const leg of legs) leg.finish(result);
  return null;
}

/** The conversation, until either side or the time limit ends it. Returns the recording when one was asked for. */
async function talk(leg: Leg, verb: DialVerb, documentUrl: string, line: Line): Promise<Recording | null> {
  line.answer();
  const answeredAt = line.clock.now();
  line.caller.enter('talking', answeredAt);
  const recording: Recording | null = verb.record
    ? { sid: newSid('RE'), source: 'DialVerb', startedAt: new Date() }
    : null;
  if (recording !== null) {
    reportRecording(verb.recordingCallback, documentUrl, recording, 'in-progress', null, line);
  }
  const buyerLeavesAt = answeredAt + leg.plan.talkSeconds;
  const limitAt = answeredAt + verb.timeLimitSeconds;
  const stayed = await line.waitUntil(Math.min(buyerLeavesAt, limitAt));
  if (stayed && buyerLeavesAt <= limitAt) line.emit({ type: 'hung-up', by: 'buyer', during: 'talking' });
  leg.finish('completed');
  if (recording !== null) {
    const seconds = Math.round(line.clock.now() - answeredAt);
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
  line.dials.push({ status, bridged: winner !== null, talkSeconds, legs: records });
  const gone: CallEnding = { kind: 'caller-hung-up', during: line.caller.phase };
  if (verb.action === null) return line.caller.gone ? { kind: 'end', ending: gone } : { kind: 'next' };
  const fields = {
    DialCallStatus: status,
    DialBridged: String(winner !== null),
    ...(deciding === undefined
      ? {}
      : { DialCallSid: deciding.legSid, DialSipResponseCode: sipCode(deciding.result) }),
    ...(winner === null ? {} : { DialCallDuration: String(Math.round(talkSeconds)) }),
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
