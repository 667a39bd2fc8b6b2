import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { Target } from './target';
import { shorten } from './timeline';

/** What this program shows of a call (contract/call.ts); a Callyard of another version may say more or less. */
const callSchema = z.looseObject({
  id: z.string(),
  outcome: z.string().nullish(),
  outcomeReason: z.string().nullish(),
  workflowId: z.string().nullish(),
  timeline: z
    .array(
      z.looseObject({
        at: z.string(),
        step: z.string(),
        decision: z.string().nullish(),
        detail: z.record(z.string(), z.unknown()).nullish(),
      }),
    )
    .nullish(),
  attempts: z
    .array(
      z.looseObject({
        no: z.number(),
        state: z.string(),
        buyerName: z.string().nullish(),
        destinations: z.array(z.record(z.string(), z.unknown())).nullish(),
        acceptedAt: z.string().nullish(),
        talkSeconds: z.number().nullish(),
      }),
    )
    .nullish(),
  ledger: z
    .array(z.looseObject({ kind: z.string(), amountMicros: z.string(), currency: z.string() }))
    .nullish(),
});

const pageSchema = z.looseObject({ data: z.array(callSchema) });

export type RecordedCall = z.infer<typeof callSchema>;

/** What Callyard recorded of a call, or why that could not be learnt. */
export type Recorded =
  | { readonly kind: 'found'; readonly call: RecordedCall }
  | { readonly kind: 'missing'; readonly message: string };

const GIVE_UP_MILLISECONDS = 60_000;
const SAY_SO_MILLISECONDS = 2_000;
const POLL_MILLISECONDS = 200;

/** Asks the API until the call has an outcome; says so after 2 s and gives up after 60 s. */
export async function waitForOutcome(
  target: Target,
  callSid: string,
  onWaiting: () => void,
): Promise<Recorded> {
  const since = performance.now();
  let said = false;
  let last = 'the API never answered';
  while (performance.now() - since < GIVE_UP_MILLISECONDS) {
    const answer = await askOnce(target, callSid);
    if (answer.kind === 'found' && answer.call.outcome) return answer;
    if (answer.kind === 'refused') return { kind: 'missing', message: answer.message };
    last = answer.kind === 'found' ? 'the call is there, but has no outcome yet' : answer.message;
    if (!said && performance.now() - since > SAY_SO_MILLISECONDS) {
      onWaiting();
      said = true;
    }
    await sleep(POLL_MILLISECONDS);
  }
  return { kind: 'missing', message: `No outcome within ${GIVE_UP_MILLISECONDS / 1000} s: ${last}.` };
}

type Answer =
  | { readonly kind: 'found'; readonly call: RecordedCall }
  | { readonly kind: 'not-yet'; readonly message: string }
  | { readonly kind: 'refused'; readonly message: string };

async function askOnce(target: Target, callSid: string): Promise<Answer> {
  let response: Response;
  let text: string;
  try {
    response = await fetch(`${target.apiUrl}/api/v1/calls?sid=${encodeURIComponent(callSid)}`, {
      headers: { Authorization: `Bearer ${target.adminKey}` },
      signal: AbortSignal.timeout(10_000),
    });
    text = await response.text();
  } catch (error) {
    return { kind: 'not-yet', message: `the API cannot be reached (${String(error)})` };
  }
  if (response.status === 401 || response.status === 403) {
    const advice = 'set CALLYARD_ADMIN_KEY to the key it was started with';
    return { kind: 'refused', message: `Callyard refuses our admin key (${response.status}): ${advice}.` };
  }
  if (!response.ok)
    return { kind: 'not-yet', message: `the API answered ${response.status}: ${shorten(text, 200)}` };
  const page = pageSchema.safeParse(parseJson(text));
  if (!page.success) {
    return {
      kind: 'refused',
      message: `The API answered what is no list of calls: ${z.prettifyError(page.error)}`,
    };
  }
  const call = page.data.data[0];
  return call === undefined
    ? { kind: 'not-yet', message: 'the API does not know the call' }
    : { kind: 'found', call };
}

/** Null for what is no JSON: the schema then says what is wrong. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

/** The recorded call in compact form: timeline, attempts, ledger; each line at most 100 columns. */
export function renderRecorded(call: RecordedCall): string[] {
  const reason = call.outcomeReason ? ` (${call.outcomeReason})` : '';
  return [
    `Outcome: ${call.outcome ?? 'none yet'}${reason}`,
    ...section('Recorded timeline', (call.timeline ?? []).map(renderEntry)),
    ...section('Attempts', (call.attempts ?? []).map(renderAttempt)),
    ...section(
      'Ledger',
      (call.ledger ?? []).map(
        (entry) => `${entry.kind.padEnd(8)}  ${money(entry.amountMicros)} ${entry.currency}`,
      ),
    ),
  ];
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [title, ...lines.map((line) => shorten(`  ${line}`, 100))];
}

function renderEntry(entry: NonNullable<RecordedCall['timeline']>[number]): string {
  const decision = entry.decision ? `${entry.decision}  ` : '';
  return `${clockTime(entry.at)}  ${entry.step.padEnd(12)}  ${decision}${brief(entry.detail ?? {})}`;
}

function renderAttempt(attempt: NonNullable<RecordedCall['attempts']>[number]): string {
  const destinations = (attempt.destinations ?? [])
    .flatMap(({ number, uri }) => [number, uri])
    .filter((part) => typeof part === 'string')
    .join(', ');
  const accepted = attempt.acceptedAt ? '  accepted' : '';
  const talk = attempt.talkSeconds ? `  ${attempt.talkSeconds} s of conversation` : '';
  return `${attempt.no}. ${attempt.state.padEnd(9)}  ${attempt.buyerName ?? ''}  ${destinations}${accepted}${talk}`;
}

/** `key=value` of everything that has a value, nested values as JSON. */
function brief(entry: Readonly<Record<string, unknown>>): string {
  return Object.entries(entry)
    .filter(([, value]) => value !== null && value !== undefined && value !== '')
    .filter(([, value]) => !(Array.isArray(value) && value.length === 0))
    .map(([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(' ');
}

function clockTime(at: string): string {
  return /T(\d\d:\d\d:\d\d(?:\.\d{1,3})?)/.exec(at)?.[1] ?? at;
}

/** Micros as a decimal number with at least two places: `12500000` is `12.50`. */
function money(micros: string): string {
  if (!/^-?\d+$/.test(micros)) return micros;
  const value = BigInt(micros);
  const digits = (value < 0n ? -value : value).toString().padStart(7, '0');
  const places = digits.slice(-6).replace(/0{1,4}$/, '');
  return `${value < 0n ? '-' : ''}${digits.slice(0, -6)}.${places}`;
}
