import { XMLParser, XMLValidator } from 'fast-xml-parser';
import type { HttpMethod } from './events';
import { Attributes, childElements, type Element, isElement, textOf, type XmlNode } from './xml';

/** What the caller hears. */
export type Prompt =
  | { readonly kind: 'say'; readonly text: string; readonly loop: number }
  | { readonly kind: 'play'; readonly url: string; readonly loop: number }
  | { readonly kind: 'pause'; readonly seconds: number };

export type LegEvent = 'initiated' | 'ringing' | 'answered' | 'completed';

/** One destination of a Dial. */
export interface DialTarget {
  readonly kind: 'number' | 'sip';
  readonly destination: string;
  readonly statusCallback: string | null;
  readonly statusCallbackMethod: HttpMethod;
  readonly statusCallbackEvents: readonly LegEvent[];
}

export interface RecordingCallback {
  readonly url: string;
  readonly method: HttpMethod;
  readonly events: readonly string[];
}

export interface GatherVerb {
  readonly kind: 'gather';
  /** Null: the document's own URL. */
  readonly action: string | null;
  readonly method: HttpMethod;
  /** Infinity when the caller ends the input. */
  readonly numDigits: number;
  /** Empty when no key ends the input. */
  readonly finishOnKey: string;
  readonly timeoutSeconds: number;
  readonly actionOnEmptyResult: boolean;
  readonly prompts: readonly Prompt[];
}

export interface DialVerb {
  readonly kind: 'dial';
  /** Null: the next verb follows. */
  readonly action: string | null;
  readonly method: HttpMethod;
  readonly timeoutSeconds: number;
  readonly timeLimitSeconds: number;
  /** Null: the caller's own number is shown. */
  readonly callerId: string | null;
  readonly answerOnBridge: boolean;
  readonly record: boolean;
  readonly recordingCallback: RecordingCallback | null;
  readonly targets: readonly DialTarget[];
}

export interface RecordVerb {
  readonly kind: 'record';
  /** Null: the document's own URL. */
  readonly action: string | null;
  readonly method: HttpMethod;
  readonly maxLengthSeconds: number;
  /** Silence that ends the recording. */
  readonly timeoutSeconds: number;
  readonly recordingCallback: RecordingCallback | null;
}

export type Verb =
  | Prompt
  | GatherVerb
  | DialVerb
  | RecordVerb
  | { readonly kind: 'redirect'; readonly url: string; readonly method: HttpMethod }
  | { readonly kind: 'reject'; readonly reason: 'busy' | 'rejected' }
  | { readonly kind: 'hangup' };

/** A document's verbs, or why Twilio would end the call with an application error. */
export type Document =
  | { readonly ok: true; readonly verbs: readonly Verb[]; readonly warnings: readonly string[] }
  | { readonly ok: false; readonly code: number; readonly message: string };

const finishKeys = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '*', '#', ''] as const;

/** Twilio's error numbers, https://www.twilio.com/docs/api/errors */
export const errorCodes = {
  retrieval: 11200,
  parse: 12100,
  schema: 12200,
  contentType: 12300,
  invalidNumber: 13224,
} as const;

/**
 * Reads a TwiML document in order. What Twilio ignores (unknown verbs, nouns and attributes, values out of range)
 * is skipped with a warning; what ends a call there (not XML, no Response) is an error.
 */
export function parseTwiml(xml: string): Document {
  const valid = XMLValidator.validate(xml);
  if (valid !== true) return { ok: false, code: errorCodes.parse, message: `not XML: ${valid.err.msg}` };
  const parser = new XMLParser({
    preserveOrder: true,
    ignoreAttributes: false,
    attributeNamePrefix: '',
    parseTagValue: false,
    parseAttributeValue: false,
    ignoreDeclaration: true,
    ignorePiTags: true,
    htmlEntities: true,
  });
  const roots = (parser.parse(xml) as XmlNode[]).filter(isElement);
  const response = roots.length === 1 ? childElements(roots)[0] : undefined;
  if (response === undefined || response.name !== 'Response') {
    return { ok: false, code: errorCodes.parse, message: 'the document is not one <Response>' };
  }
  const warnings: string[] = [];
  const verbs = childElements(response.children).flatMap((element) => readVerb(element, warnings));
  return { ok: true, verbs, warnings };
}

function readVerb(element: Element, warnings: string[]): Verb[] {
  const prompt = readPrompt(element, warnings);
  if (prompt !== null) return [prompt];
  const attributes = new Attributes(element, warnings);
  switch (element.name) {
    case 'Gather':
      return [readGather(element, attributes, warnings)];
    case 'Dial':
      return [readDial(element, attributes, warnings)];
    case 'Record':
      return [readRecord(attributes)];
    case 'Redirect': {
      const verb: Verb = { kind: 'redirect', url: textOf(element), method: attributes.method('method') };
      attributes.done();
      return [verb];
    }
    case 'Reject': {
      const verb: Verb = {
        kind: 'reject',
        reason: attributes.oneOf('reason', ['rejected', 'busy'], 'rejected'),
      };
      attributes.done();
      return [verb];
    }
    case 'Hangup':
      attributes.done();
      return [{ kind: 'hangup' }];
    default:
      warnings.push(`<${element.name}> is not a verb this carrier knows; ignored`);
      return [];
  }
}

function readPrompt(element: Element, warnings: string[]): Prompt | null {
  const attributes = new Attributes(element, warnings);
  switch (element.name) {
    case 'Say': {
      attributes.pass('voice', 'language');
      const prompt: Prompt = {
        kind: 'say',
        text: textOf(element),
        loop: attributes.integer('loop', 0, 1000, 1),
      };
      attributes.done();
      return prompt;
    }
    case 'Play': {
      attributes.pass('digits');
      const prompt: Prompt = {
        kind: 'play',
        url: textOf(element),
        loop: attributes.integer('loop', 0, 1000, 1),
      };
      attributes.done();
      return prompt;
    }
    case 'Pause': {
      const prompt: Prompt = { kind: 'pause', seconds: attributes.integer('length', 0, 180, 1) };
      attributes.done();
      return prompt;
    }
    default:
      return null;
  }
}

function readGather(element: Element, attributes: Attributes, warnings: string[]): GatherVerb {
  const prompts = childElements(element.children).flatMap((child) => {
    const prompt = readPrompt(child, warnings);
    if (prompt === null) warnings.push(`<${child.name}> cannot stand in <Gather>; ignored`);
    return prompt === null ? [] : [prompt];
  });
  attributes.pass('language', 'bargeIn');
  const input = attributes.text('input') ?? 'dtmf';
  if (!input.split(/[\s,]+/).includes('dtmf'))
    warnings.push(`Gather input="${input}": only digits are simulated`);
  const gather: GatherVerb = {
    kind: 'gather',
    action: attributes.text('action'),
    method: attributes.method('method'),
    numDigits: attributes.integer('numDigits', 1, Infinity, Infinity),
    finishOnKey: attributes.oneOf('finishOnKey', finishKeys, '#'),
    timeoutSeconds: attributes.integer('timeout', 1, 120, 5),
    actionOnEmptyResult: attributes.boolean('actionOnEmptyResult', false),
    prompts,
  };
  attributes.done();
  return gather;
}

function readDial(element: Element, attributes: Attributes, warnings: string[]): DialVerb {
  const record = attributes.text('record') ?? 'do-not-record';
  attributes.pass('hangupOnStar', 'trim', 'ringTone', 'recordingTrack', 'sequential');
  const dial: DialVerb = {
    kind: 'dial',
    action: attributes.text('action'),
    method: attributes.method('method'),
    timeoutSeconds: attributes.integer('timeout', 1, 600, 30),
    timeLimitSeconds: attributes.integer('timeLimit', 1, 86_400, 14_400),
    callerId: attributes.text('callerId'),
    answerOnBridge: attributes.boolean('answerOnBridge', false),
    record: record !== 'do-not-record' && record !== 'false',
    recordingCallback: readRecordingCallback(attributes),
    targets: readTargets(element, warnings),
  };
  attributes.done();
  return dial;
}

function readTargets(dial: Element, warnings: string[]): DialTarget[] {
  const nouns = childElements(dial.children);
  const bare = textOf(dial);
  if (nouns.length === 0 && bare !== '') {
    return [
      {
        kind: 'number',
        destination: bare,
        statusCallback: null,
        statusCallbackMethod: 'POST',
        statusCallbackEvents: [],
      },
    ];
  }
  return nouns.flatMap((noun): DialTarget[] => {
    if (noun.name !== 'Number' && noun.name !== 'Sip') {
      warnings.push(`<${noun.name}> in <Dial> is not simulated; ignored`);
      return [];
    }
    const attributes = new Attributes(noun, warnings);
    const target: DialTarget = {
      kind: noun.name === 'Number' ? 'number' : 'sip',
      destination: textOf(noun),
      statusCallback: attributes.text('statusCallback'),
      statusCallbackMethod: attributes.method('statusCallbackMethod'),
      statusCallbackEvents: attributes.list(
        'statusCallbackEvent',
        ['initiated', 'ringing', 'answered', 'completed'],
        ['completed'],
      ),
    };
    attributes.done();
    return [target];
  });
}

function readRecord(attributes: Attributes): RecordVerb {
  attributes.pass('playBeep', 'trim', 'finishOnKey', 'transcribe');
  const record: RecordVerb = {
    kind: 'record',
    action: attributes.text('action'),
    method: attributes.method('method'),
    maxLengthSeconds: attributes.integer('maxLength', 1, 14_400, 3600),
    timeoutSeconds: attributes.integer('timeout', 0, 14_400, 5),
    recordingCallback: readRecordingCallback(attributes),
  };
  attributes.done();
  return record;
}

function readRecordingCallback(attributes: Attributes): RecordingCallback | null {
  const url = attributes.text('recordingStatusCallback');
  const method = attributes.method('recordingStatusCallbackMethod');
  const events = attributes.list(
    'recordingStatusCallbackEvent',
    ['in-progress', 'completed', 'absent'],
    ['completed'],
  );
  return url === null ? null : { url, method, events };
}
