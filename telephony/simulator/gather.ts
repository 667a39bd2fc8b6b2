import { type Line, resolveUrl, type Step } from './line';
import type { GatherVerb, Prompt } from './twiml';

/** A caller who knows the menu presses this long after the prompt began, and then one key after the other. */
const SECONDS_BEFORE_FIRST_KEY = 1;
const SECONDS_BETWEEN_KEYS = 0.3;

/** Speech runs at about 15 characters a second; the length of a recording is unknown, so it is taken as 3 s. */
const CHARACTERS_PER_SECOND = 15;
const PLAY_SECONDS = 3;
/** `loop="0"` repeats until the call ends; Twilio stops after 1,000. */
const ENDLESS_LOOPS = 1000;

/** How long a prompt lasts, in simulated seconds. */
export function promptSeconds(prompt: Prompt): number {
  switch (prompt.kind) {
    case 'say':
      return loops(prompt.loop) * Math.max(0.5, prompt.text.length / CHARACTERS_PER_SECOND);
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

/** Plays prompts, cut off at the simulated time `until`. False when the caller hung up. */
export async function playPrompts(prompts: readonly Prompt[], until: number, line: Line): Promise<boolean> {
  for (const prompt of prompts) {
    const now = line.clock.now();
    if (now >= until) return true;
    line.emit({ type: 'verb', verb: prompt.kind, text: promptText(prompt) });
    if (!(await line.waitUntil(Math.min(until, now + promptSeconds(prompt))))) return false;
  }
  return true;
}

/** Runs a Gather: prompts, then what the caller presses, then the action, or the next verb when nothing came. */
export async function gather(verb: GatherVerb, documentUrl: string, line: Line): Promise<Step> {
  line.answer();
  line.emit({ type: 'verb', verb: 'gather', text: '' });
  const keys = line.caller.takeDigits();
  const firstKeyAt = keys === '' ? Infinity : line.clock.now() + SECONDS_BEFORE_FIRST_KEY;
  if (!(await playPrompts(verb.prompts, firstKeyAt, line))) return hungUp(line);
  const input = readKeys(keys, verb);
  const inputEndsAt = Math.max(line.clock.now(), keys === '' ? 0 : firstKeyAt) + input.seconds;
  if (!(await line.waitUntil(inputEndsAt))) return hungUp(line);
  if (input.pressed === '') line.emit({ type: 'no-digits' });
  else line.emit({ type: 'digits-pressed', digits: input.pressed });
  if (input.digits === '' && !verb.actionOnEmptyResult) return { kind: 'next' };
  const fields = { msg: 'Gather End', Digits: input.digits, FinishedOnKey: input.finishedOnKey };
  const url = resolveUrl(verb.action, documentUrl);
  return { kind: 'ask', webhook: line.webhook('gather-action', verb.method, url, fields) };
}

interface Input {
  readonly digits: string;
  readonly finishedOnKey: string;
  /** All keys that were taken, the finishing one too. */
  readonly pressed: string;
  /** From the first key (or the end of the prompts when there is none) until the Gather is over. */
  readonly seconds: number;
}

/** Which of the keys a Gather takes, and how long that lasts. Keys after the end are lost. */
function readKeys(keys: string, verb: GatherVerb): Input {
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

function loops(loop: number): number {
  return loop === 0 ? ENDLESS_LOOPS : loop;
}

/** A caller who leaves in a Gather leaves no input: no action is asked. */
function hungUp(line: Line): Step {
  return { kind: 'end', ending: { kind: 'caller-hung-up', during: line.caller.phase } };
}
