import type { Place } from './options';

export const API_VERSION = '2010-04-01';

export interface Parties {
  readonly callSid: string;
  readonly accountSid: string;
  readonly from: string;
  readonly to: string;
  readonly fromPlace: Place;
  readonly toPlace: Place;
}

type Fields = Readonly<Record<string, string>>;

/** The fields that every request about a leg carries. */
export function baseFields(
  parties: Parties,
  callStatus: string,
  direction: 'inbound' | 'outbound-dial',
): Fields {
  return {
    CallSid: parties.callSid,
    AccountSid: parties.accountSid,
    From: parties.from,
    To: parties.to,
    Caller: parties.from,
    Called: parties.to,
    CallStatus: callStatus,
    Direction: direction,
    ApiVersion: API_VERSION,
    ...placeFields('From', parties.fromPlace),
    ...placeFields('Caller', parties.fromPlace),
    ...placeFields('To', parties.toPlace),
    ...placeFields('Called', parties.toPlace),
  };
}

/** What a call-progress report adds. `durationSeconds` only in the last one; `timestamp` in the carrier's format. */
export function progressFields(
  sequence: number,
  durationSeconds: number | null,
  timestamp: string = rfc2822(new Date()),
): Fields {
  const timing =
    durationSeconds === null
      ? {}
      : { CallDuration: String(durationSeconds), Duration: String(Math.ceil(durationSeconds / 60)) };
  return {
    SequenceNumber: String(sequence),
    Timestamp: timestamp,
    CallbackSource: 'call-progress-events',
    ...timing,
  };
}

export interface Recording {
  readonly sid: string;
  readonly source: 'DialVerb' | 'RecordVerb';
  readonly startedAt: Date;
}

/** Where the recording would be; the name resolves nowhere on purpose. */
export function recordingUrl(accountSid: string, sid: string): string {
  return `https://recordings.simulator.invalid/${API_VERSION}/Accounts/${accountSid}/Recordings/${sid}`;
}

/** A recording report. `durationSeconds` is null while recording goes on. */
export function recordingFields(
  parties: Parties,
  recording: Recording,
  status: string,
  durationSeconds: number | null,
): Fields {
  return {
    AccountSid: parties.accountSid,
    CallSid: parties.callSid,
    RecordingSid: recording.sid,
    RecordingUrl: recordingUrl(parties.accountSid, recording.sid),
    RecordingStatus: status,
    RecordingChannels: '1',
    RecordingStartTime: rfc2822(recording.startedAt),
    RecordingSource: recording.source,
    RecordingTrack: 'both',
    ErrorCode: '0',
    ...(durationSeconds === null ? {} : { RecordingDuration: String(durationSeconds) }),
  };
}

/** RFC 2822 with a numeric zone, as Twilio writes it: `Thu, 01 Jan 2026 00:00:00 +0000`. */
export function rfc2822(time: Date): string {
  return time.toUTCString().replace('GMT', '+0000');
}

function placeFields(prefix: string, place: Place): Fields {
  return {
    [`${prefix}City`]: place.city ?? '',
    [`${prefix}State`]: place.state ?? '',
    [`${prefix}Zip`]: place.zip ?? '',
    [`${prefix}Country`]: place.country ?? '',
  };
}
