import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { type DocumentRules, twilioRules } from './carriers';
import type { DialTarget, DialVerb, GatherVerb, Prompt, RecordingCallback, RecordVerb, Verb } from './verbs';
import { Attributes, childElements, type Element, isElement, textOf, type XmlNode } from './xml';

/** A document's verbs, or why Twilio would end the call with an application error. */
export type Document =
  | { readonly ok: true; readonly verbs: readonly Verb[]; readonly warnings: readonly string[] }
  | { readonly ok: false; readonly code: number; readonly message: string };

/** https://www.twilio.com/docs/voice/twiml/number: more than ten at once are not dialled. */
const MOST_TARGETS = 10;

/** `speechTimeout="auto"` waits for a natural pause; a second is a usual one. */
const NATURAL_PAUSE_SECONDS = 1;

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
 *
 * @param rules ranges of the carrier that reads it
 */
export function parseTwiml(xml: string, rules: DocumentRules = twilioRules): Document {
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
  const verbs = childElements(response.children).flatMap((element) => readVerb(element, rules, warnings));
  return { ok: true, verbs, warnings };
}

function readVerb(element: Element, rules: DocumentRules, warnings: string[]): Verb[] {
  const prompt = readPrompt(element, warnings);
  if (prompt !== null) return [prompt];
  const attributes = new Attributes(element, warnings);
  switch (element.name) {
    case 'Gather':
      return [readGather(element, attributes, warnings)];
    case 'Dial':
      return [readDial(element, attributes, rules, warnings)];
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
      const prompt: Prompt = {
        kind: 'say',
        text: textOf(element),
        loop: attributes.integer('loop', 0, 1000, 1),
        language: attributes.text('language'),
        voice: attributes.text('voice'),
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
  attributes.pass('speechModel', 'profanityFilter', 'enhanced');
  const input = attributes.list('input', ['dtmf', 'speech'], ['dtmf']);
  const timeoutSeconds = attributes.integer('timeout', 1, 120, 5);
  const gather: GatherVerb = {
    kind: 'gather',
    action: attributes.text('action'),
    method: attributes.method('method'),
    takesDigits: input.includes('dtmf'),
    takesSpeech: input.includes('speech'),
    numDigits: attributes.integer('numDigits', 1, Infinity, Infinity),
    finishOnKey: attributes.oneOf('finishOnKey', finishKeys, '#'),
    timeoutSeconds,
    speechTimeoutSeconds: readSpeechTimeout(attributes, timeoutSeconds),
    language: attributes.text('language'),
    hints: readHints(attributes.text('hints')),
    bargeIn: attributes.boolean('bargeIn', true),
    actionOnEmptyResult: attributes.boolean('actionOnEmptyResult', false),
    prompts,
  };
  attributes.done();
  return gather;
}

/** Without one, the Gather's own timeout ends the speech too. */
function readSpeechTimeout(attributes: Attributes, timeoutSeconds: number): number {
  return attributes.is('speechTimeout', 'auto')
    ? NATURAL_PAUSE_SECONDS
    : attributes.integer('speechTimeout', 1, 120, timeoutSeconds);
}

function readHints(text: string | null): string[] {
  return (text ?? '')
    .split(',')
    .map((hint) => hint.trim())
    .filter((hint) => hint !== '');
}

function readDial(
  element: Element,
  attributes: Attributes,
  { dialTimeoutSeconds, dialTimeLimitSeconds }: DocumentRules,
  warnings: string[],
): DialVerb {
  const record = attributes.text('record') ?? 'do-not-record';
  attributes.pass('hangupOnStar', 'trim', 'ringTone', 'recordingTrack', 'sequential');
  const dial: DialVerb = {
    kind: 'dial',
    action: attributes.text('action'),
    method: attributes.method('method'),
    timeoutSeconds: attributes.integer('timeout', dialTimeoutSeconds.least, dialTimeoutSeconds.most, 30),
    timeLimitSeconds: attributes.integer(
      'timeLimit',
      dialTimeLimitSeconds.least,
      dialTimeLimitSeconds.most,
      14_400,
    ),
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
        url: null,
        method: 'POST',
        statusCallback: null,
        statusCallbackMethod: 'POST',
        statusCallbackEvents: [],
      },
    ];
  }
  const targets = nouns.flatMap((noun): DialTarget[] => {
    if (noun.name !== 'Number' && noun.name !== 'Sip') {
      warnings.push(`<${noun.name}> in <Dial> is not simulated; ignored`);
      return [];
    }
    const attributes = new Attributes(noun, warnings);
    const target: DialTarget = {
      kind: noun.name === 'Number' ? 'number' : 'sip',
      destination: textOf(noun),
      url: attributes.text('url'),
      method: attributes.method('method'),
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
  if (targets.length > MOST_TARGETS)
    warnings.push(`<Dial> has ${targets.length} destinations; the first ${MOST_TARGETS} are dialled`);
  return targets.slice(0, MOST_TARGETS);
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
