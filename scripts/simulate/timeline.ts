import type { CallEnding, CallEvent, WebhookPurpose } from '../../telephony/simulator';

const COLUMNS = 100;

type Tone = 'plain' | 'good' | 'bad' | 'dim';

interface Line {
  readonly way: string;
  readonly text: string;
  readonly tone: Tone;
}

const TO_CALLYARD = 'carrier → callyard';
const FROM_CALLYARD = 'carrier ← callyard';
const TO_BUYER = 'carrier → buyer';
const FROM_BUYER = 'carrier ← buyer';
const TO_CALLER = 'carrier → caller';
const FROM_CALLER = 'carrier ← caller';
const CARRIER = 'carrier';

/** One line of the timeline, or null for an event that its neighbours already tell. At most 100 columns. */
export function renderEvent(event: CallEvent, colours: boolean): string | null {
  const line = describe(event);
  if (line === null) return null;
  const prefix = `${event.seconds.toFixed(2).padStart(8)}  ${line.way.padEnd(TO_CALLYARD.length)}  `;
  return paint(shorten(prefix + line.text, COLUMNS), line.tone, colours);
}

/** Cuts a text to a width, with an ellipsis. */
export function shorten(text: string, width: number): string {
  const flat = text.replace(/\s+$/g, '').replace(/[\r\n]+/g, ' ');
  return flat.length <= width ? flat : `${flat.slice(0, width - 1)}…`;
}

/** How the call ended, in words. */
export function describeEnding(ending: CallEnding): string {
  switch (ending.kind) {
    case 'caller-hung-up':
      return `the caller hung up (${ending.during})`;
    case 'hung-up-by-application':
      return 'Callyard hung up';
    case 'instructions-ended':
      return 'the instructions ended';
    case 'rejected':
      return `rejected (${ending.reason})`;
    case 'application-error':
      return `application error ${ending.code}: ${ending.message}`;
    default:
      return ending satisfies never;
  }
}

function describe(event: CallEvent): Line | null {
  switch (event.type) {
    case 'started':
      return { way: FROM_CALLER, text: `${event.from} calls ${event.to}, ${event.callSid}`, tone: 'plain' };
    case 'webhook-sent': {
      const again = event.attempt > 1 ? ' (again)' : '';
      return {
        way: TO_CALLYARD,
        text: `${event.purpose}${again}${salient(event.purpose, event.fields)}`,
        tone: 'plain',
      };
    }
    case 'webhook-answered': {
      const text = `${event.purpose}: ${event.status} in ${event.latencyMilliseconds.toFixed(0)} ms`;
      return { way: FROM_CALLYARD, text, tone: event.status < 300 ? 'dim' : 'bad' };
    }
    case 'webhook-failed':
      return { way: FROM_CALLYARD, text: `${event.purpose}: ${event.message}`, tone: 'bad' };
    case 'answers-differ':
      return { way: FROM_CALLYARD, text: `${event.purpose}: copies were answered differently`, tone: 'bad' };
    case 'callback-dropped':
      return { way: CARRIER, text: `${event.purpose} ${event.status} dropped`, tone: 'dim' };
    case 'instructions':
      return { way: FROM_CALLYARD, text: `instructions: ${event.verbs.join(', ') || 'none'}`, tone: 'plain' };
    case 'warning':
      return { way: CARRIER, text: `warning ${event.code}: ${event.message}`, tone: 'bad' };
    case 'answered':
      return { way: TO_CALLER, text: 'call picked up', tone: 'dim' };
    case 'verb':
      return describeVerb(event.verb, event.text);
    case 'digits-pressed':
      return { way: FROM_CALLER, text: `presses ${event.digits}`, tone: 'plain' };
    case 'spoke':
      return { way: FROM_CALLER, text: `says "${event.text}"`, tone: 'plain' };
    case 'input-ignored': {
      const done = event.input === 'digits' ? `presses ${event.text}` : `says "${event.text}"`;
      return { way: FROM_CALLER, text: `${done}, which this menu does not listen to`, tone: 'bad' };
    }
    case 'no-digits':
      return { way: FROM_CALLER, text: 'presses nothing', tone: 'plain' };
    case 'buyer-dialled':
      return { way: TO_BUYER, text: `dials ${event.destination}`, tone: 'plain' };
    case 'buyer-ringing':
      return { way: FROM_BUYER, text: `${event.destination} rings`, tone: 'dim' };
    case 'buyer-answered':
      return { way: FROM_BUYER, text: `${event.destination} answers`, tone: 'good' };
    case 'buyer-heard':
      return describeHeard(event.verb, event.text);
    case 'buyer-pressed':
      return { way: FROM_BUYER, text: `presses ${event.digits || 'nothing'}`, tone: 'plain' };
    case 'buyer-bridged':
      return { way: CARRIER, text: `puts the caller through to ${event.destination}`, tone: 'good' };
    case 'buyer-finished': {
      const talk = event.result === 'completed' ? `, ${event.talkSeconds.toFixed(1)} s of conversation` : '';
      return { way: FROM_BUYER, text: `${event.destination} ${event.result}${talk}`, tone: 'plain' };
    }
    case 'hung-up':
      return describeHangUp(event.by);
    case 'application-error':
      return { way: CARRIER, text: `application error ${event.code}: ${event.message}`, tone: 'bad' };
    case 'completed': {
      const text = `${event.callStatus} after ${event.durationSeconds} s: ${describeEnding(event.ending)}`;
      return { way: CARRIER, text, tone: event.ending.kind === 'application-error' ? 'bad' : 'good' };
    }
    default:
      return event satisfies never;
  }
}

function describeVerb(verb: Extract<CallEvent, { type: 'verb' }>['verb'], text: string): Line | null {
  switch (verb) {
    case 'say':
      return { way: TO_CALLER, text: `"${text}"`, tone: 'plain' };
    case 'play':
      return { way: TO_CALLER, text: `plays ${text}`, tone: 'plain' };
    case 'record':
      return { way: FROM_CALLER, text: `leaves a message, ${text}`, tone: 'plain' };
    case 'pause':
      return { way: CARRIER, text: `waits ${text}`, tone: 'dim' };
    case 'reject':
      return { way: TO_CALLER, text: `rejects the call as ${text}`, tone: 'plain' };
    // The instructions, and what the buyers and the caller do next, say it already.
    case 'gather':
    case 'dial':
    case 'redirect':
    case 'hangup':
      return null;
    default:
      return verb satisfies never;
  }
}

/** What a buyer hears before the caller is put through. */
function describeHeard(verb: Extract<CallEvent, { type: 'buyer-heard' }>['verb'], text: string): Line | null {
  const line = describeVerb(verb, text);
  if (verb === 'hangup') return { way: TO_BUYER, text: 'hung up on', tone: 'plain' };
  return line === null ? null : { ...line, way: TO_BUYER };
}

function describeHangUp(by: Extract<CallEvent, { type: 'hung-up' }>['by']): Line {
  switch (by) {
    case 'caller':
      return { way: FROM_CALLER, text: 'hangs up', tone: 'plain' };
    case 'buyer':
      return { way: FROM_BUYER, text: 'hangs up', tone: 'plain' };
    case 'application':
      return { way: TO_CALLER, text: 'hung up on', tone: 'plain' };
    default:
      return by satisfies never;
  }
}

/** The fields that make a request of this purpose different from the one before. */
const salientFields = {
  voice: ['From', 'To'],
  'gather-action': ['Digits', 'FinishedOnKey', 'SpeechResult'],
  'dial-action': ['DialCallStatus', 'DialCallDuration', 'CallStatus'],
  'record-action': ['RecordingDuration', 'CallStatus'],
  redirect: [],
  screening: ['To', 'Digits'],
  'call-status': ['CallStatus', 'CallDuration'],
  'leg-status': ['To', 'CallStatus'],
  'recording-status': ['RecordingStatus', 'RecordingDuration'],
} as const satisfies Record<WebhookPurpose, readonly string[]>;

function salient(purpose: WebhookPurpose, fields: Readonly<Record<string, string>>): string {
  return salientFields[purpose]
    .flatMap((name) => {
      const value = fields[name] ?? '';
      // While an action is asked, the caller's leg being in progress is the rule; only its end is news.
      const usual = value === '' || (purpose.endsWith('-action') && value === 'in-progress');
      return usual ? [] : ` ${name}=${value}`;
    })
    .join('');
}

const codes = {
  plain: '',
  good: '\u001b[32m',
  bad: '\u001b[31m',
  dim: '\u001b[2m',
} as const satisfies Record<Tone, string>;

function paint(text: string, tone: Tone, colours: boolean): string {
  return colours && tone !== 'plain' ? `${codes[tone]}${text}\u001b[0m` : text;
}
