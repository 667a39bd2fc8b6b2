import { type Command, CommanderError, InvalidArgumentError } from 'commander';
import { SetupProblem } from '../servers/setup-problem';
import type {
  BuyerBehaviour,
  Buyers,
  CallerAnswer,
  CallerHangUp,
  CarrierName,
  Place,
} from '../../telephony/simulator';

/** Something the user can put right: shown as one line, exit code 2. */
export class InputError extends Error {}

const BEHAVIOURS = 'answer, answer:SECONDS, answer:press=KEYS, busy, no-answer, reject or failed';

/**
 * Reads `answer`, `answer:20` (talks 20 s), `answer:press=1` and `answer:20:press=1` (presses 1 when asked to accept),
 * `busy`, `no-answer`, `reject` or `failed`.
 */
export function parseBehaviour(text: string, talkSeconds: number): BuyerBehaviour {
  const answer = /^answer(?::(\d+(?:\.\d+)?))?(?::press=([0-9*#]+))?$/.exec(text);
  if (answer !== null) {
    const [, seconds, presses] = answer;
    return {
      kind: 'answer',
      talkSeconds: seconds === undefined ? talkSeconds : Number(seconds),
      ...(presses === undefined ? {} : { presses }),
    };
  }
  switch (text) {
    case 'busy':
    case 'no-answer':
    case 'reject':
    case 'failed':
      return { kind: text };
    default:
      throw new InputError(`Unknown buyer behaviour "${text}": use ${BEHAVIOURS}.`);
  }
}

/** `NUMBER=BEHAVIOUR`: the last equals sign before the name of a behaviour, as SIP URIs and keys may have some too. */
const OF_ONE_DESTINATION = /^(.*)=((?:answer|busy|no-answer|reject|failed)(?::.*)?)$/;

/** Reads the `--buyer` values: plain ones in dial order, `NUMBER=BEHAVIOUR` for one destination. */
export function parseBuyers(values: readonly string[], talkSeconds: number): Buyers {
  const inDialOrder: BuyerBehaviour[] = [];
  const byDestination: Record<string, BuyerBehaviour> = {};
  for (const value of values) {
    const [, destination, behaviour] = OF_ONE_DESTINATION.exec(value) ?? [];
    if (destination === undefined || behaviour === undefined) {
      inDialOrder.push(parseBehaviour(value, talkSeconds));
      continue;
    }
    if (!/^sips?:/.test(destination)) checkNumber('--buyer', destination);
    byDestination[destination] = parseBehaviour(behaviour, talkSeconds);
  }
  return { default: { kind: 'answer', talkSeconds }, inDialOrder, byDestination };
}

const DEFAULT_PATIENCE_SECONDS = { ivr: 2, ringing: 2, talking: 5 } as const;

/** Reads `ivr`, `ringing` or `talking`, each with `:SECONDS` if wanted. */
export function parseHangUp(text: string | undefined): CallerHangUp {
  if (text === undefined) return { during: 'never' };
  const match = /^(ivr|ringing|talking)(?::(\d+(?:\.\d+)?))?$/.exec(text);
  if (match === null) {
    throw new InputError(
      `Cannot hang up at "${text}": use ivr, ringing or talking, or for example ringing:4.`,
    );
  }
  const during = match[1] as 'ivr' | 'ringing' | 'talking';
  return {
    during,
    afterSeconds: match[2] === undefined ? DEFAULT_PATIENCE_SECONDS[during] : Number(match[2]),
  };
}

/** Reads `1,,say:yes please`: one entry per menu; an empty entry presses nothing there. */
export function parseAnswers(text: string | undefined): CallerAnswer[] {
  if (text === undefined || text === '') return [];
  return text.split(',').map((part): CallerAnswer => {
    const entry = part.trim();
    if (entry.startsWith('say:')) return { say: entry.slice('say:'.length).trim() };
    if (/^[0-9*#]*$/.test(entry)) return entry;
    throw new InputError(
      `"${entry}" cannot be pressed: use 0-9, * and #, with a comma between two menus, or say:WORDS to speak.`,
    );
  });
}

const CARRIERS = ['twilio', 'signalwire', 'telnyx'] as const satisfies readonly CarrierName[];

export function parseCarrier(text: string): CarrierName {
  const carrier = CARRIERS.find((name) => name === text);
  if (carrier === undefined)
    throw new InputError(`Unknown carrier "${text}": use ${CARRIERS.slice(0, -1).join(', ')} or telnyx.`);
  return carrier;
}

/** Reads what a carrier attests of the caller's number: `A`, `B`, `C`, `none` (checked and failed), or not given. */
export function parseAttestation(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  if (/^[ABC]$/.test(text)) return `TN-Validation-Passed-${text}`;
  if (text === 'none') return 'TN-Validation-Failed';
  throw new InputError(`"${text}" is no attestation: use A, B, C or none.`);
}

/** What is known of a place by the number, with what the user said of it instead. */
export function placeWith(known: Place, said: Place): Place {
  const { city, state, zip, country } = said;
  // Said in parts, the rest is unknown: the number's own town is not in the state that was named.
  return [city, state, zip, country].every((part) => part === undefined)
    ? known
    : { country: known.country ?? 'US', ...said };
}

/** Accepts E.164 only; a caller may also be `anonymous`. */
export function checkNumber(option: string, number: string): string {
  if (/^\+[1-9]\d{6,14}$/.test(number) || (option === '--from' && number === 'anonymous')) return number;
  throw new InputError(
    `${option} "${number}" is no telephone number: write it with + and country code, for example +14155550123.`,
  );
}

/** A commander argument parser for numbers within bounds. */
export function numberBetween(min: number, max: number, unit: string): (text: string) => number {
  return (text) => {
    const value = text.trim() === '' ? NaN : Number(text);
    if (value >= min && value <= max) return value;
    throw new InvalidArgumentError(`It must be from ${min} to ${max} (${unit}).`);
  };
}

/** Collects a repeatable option. */
export function collect(value: string, before: readonly string[] = []): string[] {
  return [...before, value];
}

/**
 * Runs a command line program: its exit code is what `main` returns, 2 for input the user can put right, 0 for help.
 */
export async function runCommand(command: Command, main: () => Promise<number>): Promise<void> {
  // Whoever reads our output, such as `head`, may have had enough of it.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit();
  });
  try {
    command.exitOverride().allowExcessArguments(false).parse();
    process.exitCode = await main();
  } catch (error) {
    if (error instanceof CommanderError) {
      // Commander has printed its own message.
      process.exitCode = error.exitCode === 0 ? 0 : 2;
    } else if (error instanceof InputError || error instanceof SetupProblem) {
      console.error(error.message);
      process.exitCode = 2;
    } else {
      throw error;
    }
  }
}
