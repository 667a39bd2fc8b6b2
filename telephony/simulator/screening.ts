import { gatherManner, keysFields, promptManner, promptSeconds, promptText, readKeys } from './gather';
import type { Leg } from './leg';
import { type Document, type Line, resolveUrl } from './line';
import { errorCodes } from './twiml';
import type { GatherVerb, Prompt, Verb } from './verbs';
import type { Webhook } from './webhook';

/** Waits for simulated times, and says in the end whether the parties may be bridged. */
export type Screening = AsyncGenerator<number, 'bridge' | 'hang-up', void>;

/** What follows one verb, or one document. */
type After = { readonly kind: 'next' | 'hang-up' } | { readonly kind: 'ask'; readonly webhook: Webhook };

/** A buyer presses this long after the prompt began. */
const SECONDS_BEFORE_KEY = 1;
/** More documents than any screening needs; a document that redirects to itself is stopped here. */
const MOST_DOCUMENTS = 50;

const NEXT: After = { kind: 'next' };

/**
 * Runs the document of a `<Number>` or `<Sip>` for the buyer who answered, before the bridge
 * (https://www.twilio.com/docs/voice/twiml/number#attributes-url): the end of the document bridges, a hang-up does not.
 * A document that cannot be had ends the leg, as an unusable document ends any call. Yields the simulated time until
 * which the buyer listens; the caller's hang-up meanwhile is the reader's to see.
 */
export async function* screen(leg: Leg, url: string, line: Line): Screening {
  let keys = leg.plan.presses;
  let webhook = leg.webhook(leg.target.method, resolveUrl(url, leg.documentUrl), {});
  for (let documents = 0; documents < MOST_DOCUMENTS; documents += 1) {
    const instructions = await line.ask(webhook);
    if (instructions.kind === 'end') return 'hang-up';
    const after = yield* obey(instructions, leg, line, () => {
      const pressed = keys;
      keys = '';
      return pressed;
    });
    if (after.kind !== 'ask') return after.kind === 'next' ? 'bridge' : 'hang-up';
    webhook = after.webhook;
  }
  line.errors.push(`the buyer's leg ${leg.sid} heard ${MOST_DOCUMENTS} documents without an end`);
  return 'hang-up';
}

async function* obey(
  { verbs, url }: Document,
  leg: Leg,
  line: Line,
  takeKeys: () => string,
): AsyncGenerator<number, After, void> {
  for (const verb of verbs) {
    const after = yield* execute(verb, url, leg, line, takeKeys);
    if (after.kind !== 'next') return after;
  }
  return NEXT;
}

async function* execute(
  verb: Verb,
  url: string,
  leg: Leg,
  line: Line,
  takeKeys: () => string,
): AsyncGenerator<number, After, void> {
  switch (verb.kind) {
    case 'say':
    case 'play':
    case 'pause':
      yield* play([verb], Infinity, leg, line);
      return NEXT;
    case 'gather':
      return yield* collect(verb, url, takeKeys(), leg, line);
    case 'redirect':
      return { kind: 'ask', webhook: leg.webhook(verb.method, resolveUrl(verb.url, url), {}) };
    case 'hangup':
      line.emit({ type: 'buyer-heard', ...leg.name, verb: 'hangup', text: '' });
      return { kind: 'hang-up' };
    case 'dial':
    case 'record':
    case 'reject':
      line.warn(errorCodes.schema, `<${verb.kind}> cannot stand in a document that runs before a bridge`);
      return NEXT;
    default:
      return verb satisfies never;
  }
}

/** Speaks to the buyer, cut off at the simulated time `until`. */
async function* play(
  prompts: readonly Prompt[],
  until: number,
  leg: Leg,
  line: Line,
): AsyncGenerator<number, void, void> {
  for (const prompt of prompts) {
    const now = line.clock.now();
    if (now >= until) return;
    const text = promptText(prompt);
    line.emit({ type: 'buyer-heard', ...leg.name, verb: prompt.kind, text, ...promptManner(prompt) });
    yield Math.min(until, now + promptSeconds(prompt));
  }
}

async function* collect(
  verb: GatherVerb,
  url: string,
  pressed: string,
  leg: Leg,
  line: Line,
): AsyncGenerator<number, After, void> {
  line.emit({ type: 'buyer-heard', ...leg.name, verb: 'gather', text: '', ...gatherManner(verb) });
  const keys = readKeys(verb.takesDigits ? pressed : '', verb);
  const firstKeyAt = keys.pressed === '' ? Infinity : line.clock.now() + SECONDS_BEFORE_KEY;
  yield* play(verb.prompts, firstKeyAt, leg, line);
  const begins = keys.pressed === '' ? line.clock.now() : Math.max(line.clock.now(), firstKeyAt);
  yield begins + keys.seconds;
  line.emit({ type: 'buyer-pressed', ...leg.name, digits: keys.pressed });
  const fields = keysFields(keys, verb);
  if (fields === null) return NEXT;
  return { kind: 'ask', webhook: leg.webhook(verb.method, resolveUrl(verb.action, url), fields) };
}
