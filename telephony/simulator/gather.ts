import type { Manner } from './events';
import { type Line, resolveUrl, type Step } from './line';
import type { CallerAnswer } from './options';
import type { GatherVerb, Prompt } from './verbs';

/** A caller who knows the menu presses or speaks this long after the prompt began, and then one key after the other. */
const SECONDS_BEFORE_FIRST_KEY = 1;
const SECONDS_BETWEEN_KEYS = 0.3;

/** Speech runs at about 15 characters a second; the length of a recording is unknown, so it is taken as 3 s. */
const CHARACTERS_PER_SECOND = 15;
const PLAY_SECONDS = 3;
/** `loop="0"` repeats until the call ends; Twilio stops after 1,000. */
const ENDLESS_LOOPS = 1000;
/** How sure a recogniser is of a clear voice. */
const USUAL_CONFIDENCE = 0.9;

/** How long a prompt lasts, in simulated seconds. */
export function promptSeconds(prompt: Prompt): number {
  switch (prompt.kind) {
    case 'say':
      return loops(prompt.loop) * speechSeconds(prompt.text);
    case 'play':
      return loops(prompt.loop) * PLAY_SECONDS;
    case 'pause':
      return prompt.seconds;
    default:
      return prompt satisfies never;
  }
}

/** What a person reading a timeline sees of a prompt. */
export function promptText(prompt: Prompt): string {
  switch (prompt.kind) {
    case 'say':
      return prompt.text;
    case 'play':
      return prompt.url;
    case 'pause':
      return `${prompt.seconds} s`;
    default:
      return prompt satisfies never;
  }
}

/** In which language and voice a prompt is spoken, as far as the document says. */
export function promptManner(prompt: Prompt): Manner {
  if (prompt.kind !== 'say') return {};
  return {
    ...(prompt.language === null ? {} : { language: prompt.language }),
    ...(prompt.voice === null ? {} : { voice: prompt.voice }),
  };
}

/** Plays prompts, cut off at the simulated time `until`. False when the caller hung up. */
export async function playPrompts(prompts: readonly Prompt[], until: number, line: Line): Promise<boolean> {
  for (const prompt of prompts) {
    const now = line.clock.now();
    if (now >= until) return true;
    line.emit({ type: 'verb', verb: prompt.kind, text: promptText(prompt), ...promptManner(prompt) });
    if (!(await line.waitUntil(Math.min(until, now + promptSeconds(prompt))))) return false;
  }
  return true;
}

/** Runs a Gather: prompts, then what the caller presses or says, then the action, or the next verb after silence. */
export async function gather(verb: GatherVerb, documentUrl: string, line: Line): Promise<Step> {
  line.answer();
  line.emit({ type: 'verb', verb: 'gather', text: '', ...gatherManner(verb) });
  const input = takeInput(line.caller.takeAnswer(), verb);
  const startsAt = firstInputAt(input.kind !== 'silence' && verb.bargeIn, line);
  if (!(await playPrompts(verb.prompts, startsAt, line))) return hungUp(line);
  if (input.ignored !== null)
    line.emit({ type: 'input-ignored', input: input.ignored.input, text: input.ignored.text });
  const begins = input.kind === 'silence' || !verb.bargeIn ? line.clock.now() : startsAt;
  if (!(await line.waitUntil(Math.max(line.clock.now(), begins) + input.seconds))) return hungUp(line);
  switch (input.kind) {
    case 'keys':
      line.emit({ type: 'digits-pressed', digits: input.keys.pressed });
      break;
    case 'speech':
      line.emit({ type: 'spoke', text: input.text, confidence: input.confidence });
      break;
    case 'silence':
      line.emit({ type: 'no-digits' });
      break;
    default:
      input satisfies never;
  }
  const fields = resultFields(input, verb);
  if (fields === null) return { kind: 'next' };
  const url = resolveUrl(verb.action, documentUrl);
  return { kind: 'ask', webhook: line.webhook('gather-action', verb.method, url, fields) };
}

/** What a Gather listens for, as an event tells it. */
export function gatherManner(verb: GatherVerb): Manner {
  return {
    ...(verb.language === null ? {} : { language: verb.language }),
    ...(verb.hints.length === 0 ? {} : { hints: verb.hints }),
  };
}

/** When the prompts are cut off: Infinity when nothing cuts them off. */
function firstInputAt(cutsOff: boolean, line: Line): number {
  return cutsOff ? line.clock.now() + SECONDS_BEFORE_FIRST_KEY : Infinity;
}

interface Ignored {
  readonly ignored: { readonly input: 'digits' | 'speech'; readonly text: string } | null;
  /** From its beginning until the Gather is over. */
  readonly seconds: number;
}

type Input = Ignored &
  (
    | { readonly kind: 'keys'; readonly keys: Keys }
    | { readonly kind: 'speech'; readonly text: string; readonly confidence: number }
    | { readonly kind: 'silence' }
  );

/** What of the caller's answer this Gather hears. */
function takeInput(answer: CallerAnswer, verb: GatherVerb): Input {
  if (typeof answer === 'string') {
    if (answer === '') return silence(null, verb);
    if (!verb.takesDigits) return silence({ input: 'digits', text: answer }, verb);
    const keys = readKeys(answer, verb);
    return { kind: 'keys', keys, seconds: keys.seconds, ignored: null };
  }
  if (answer.say.trim() === '') return silence(null, verb);
  if (!verb.takesSpeech) return silence({ input: 'speech', text: answer.say }, verb);
  const { say: text, confidence = USUAL_CONFIDENCE } = answer;
  const seconds = speechSeconds(text) + verb.speechTimeoutSeconds;
  return { kind: 'speech', text, confidence, seconds, ignored: null };
}

function silence(ignored: Ignored['ignored'], verb: GatherVerb): Input {
  return { kind: 'silence', ignored, seconds: verb.timeoutSeconds };
}

/** What the action is told; null when it is not asked. */
function resultFields(input: Input, verb: GatherVerb): Readonly<Record<string, string>> | null {
  switch (input.kind) {
    case 'keys':
      return keysFields(input.keys, verb);
    case 'speech':
      return { SpeechResult: input.text, Confidence: String(input.confidence) };
    case 'silence':
      if (!verb.actionOnEmptyResult) return null;
      return verb.takesDigits
        ? { msg: 'Gather End', Digits: '', FinishedOnKey: '' }
        : { SpeechResult: '', Confidence: '0.0' };
    default:
      return input satisfies never;
  }
}

export interface Keys {
  readonly digits: string;
  readonly finishedOnKey: string;
  /** All keys that were taken, the finishing one too. */
  readonly pressed: string;
  /** From the first key until the Gather is over. */
  readonly seconds: number;
}

/** Which of the keys a Gather takes, and how long that lasts. Keys after the end are lost. */
export function readKeys(keys: string, verb: GatherVerb): Keys {
  let digits = '';
  for (const [index, key] of keys.split('').entries()) {
    const seconds = index * SECONDS_BETWEEN_KEYS;
    if (key === verb.finishOnKey) return { digits, finishedOnKey: key, pressed: digits + key, seconds };
    digits += key;
    if (digits.length >= verb.numDigits) return { digits, finishedOnKey: '', pressed: digits, seconds };
  }
  const typing = Math.max(0, keys.length - 1) * SECONDS_BETWEEN_KEYS;
  return { digits, finishedOnKey: '', pressed: digits, seconds: typing + verb.timeoutSeconds };
}

/** What an action is told of keys; null when only the finishing key was pressed and silence is not reported. */
export function keysFields(keys: Keys, verb: GatherVerb): Readonly<Record<string, string>> | null {
  if (keys.digits === '' && !verb.actionOnEmptyResult) return null;
  return { msg: 'Gather End', Digits: keys.digits, FinishedOnKey: keys.finishedOnKey };
}

function speechSeconds(text: string): number {
  return Math.max(0.5, text.length / CHARACTERS_PER_SECOND);
}

function loops(loop: number): number {
  return loop === 0 ? ENDLESS_LOOPS : loop;
}

/** A caller who leaves in a Gather leaves no input: no action is asked. */
function hungUp(line: Line): Step {
  return { kind: 'end', ending: { kind: 'caller-hung-up', during: line.caller.phase } };
}
