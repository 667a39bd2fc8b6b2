import { resolveUrl, type Line, type Step } from './line';
import { type Recording, recordingFields, recordingUrl } from './fields';
import type { RecordingCallback, RecordVerb } from './verbs';

/** Tells the recording callback of a new status, when it asked for it. */
export function reportRecording(
  callback: RecordingCallback | null,
  documentUrl: string,
  recording: Recording,
  status: 'in-progress' | 'completed',
  durationSeconds: number | null,
  line: Line,
): void {
  if (callback === null || !callback.events.includes(status)) return;
  line.callbacks.report(
    { purpose: 'recording-status', status, sid: recording.sid },
    {
      purpose: 'recording-status',
      method: callback.method,
      url: resolveUrl(callback.url, documentUrl),
      fields: recordingFields(line.parties, recording, status, durationSeconds),
    },
  );
}

/** Runs a Record: the caller speaks, falls silent, and the action is asked; also when they hang up, as at Twilio. */
export async function record(verb: RecordVerb, documentUrl: string, line: Line): Promise<Step> {
  line.answer();
  line.emit({ type: 'verb', verb: 'record', text: `at most ${verb.maxLengthSeconds} s` });
  const startedAt = line.clock.now();
  line.caller.enter('talking', startedAt);
  const recording: Recording = {
    sid: line.profile.newRecordingSid(),
    source: 'RecordVerb',
    startedAt: new Date(),
  };
  reportRecording(verb.recordingCallback, documentUrl, recording, 'in-progress', null, line);
  const speech = (line.options.messageSeconds ?? 5) + verb.timeoutSeconds;
  const stayed = await line.waitUntil(startedAt + Math.min(verb.maxLengthSeconds, speech));
  const seconds = Math.round(line.clock.now() - startedAt);
  reportRecording(verb.recordingCallback, documentUrl, recording, 'completed', seconds, line);
  const fields = {
    RecordingSid: recording.sid,
    RecordingUrl: recordingUrl(line.parties.accountSid, recording.sid),
    RecordingDuration: String(seconds),
    Digits: stayed ? '' : 'hangup',
  };
  const url = resolveUrl(verb.action, documentUrl);
  const webhook = line.webhook('record-action', verb.method, url, fields);
  if (stayed) return { kind: 'ask', webhook };
  return { kind: 'end', ending: { kind: 'caller-hung-up', during: 'talking' }, lastAction: webhook };
}
