import { type Command, CommanderError, InvalidArgumentError } from 'commander';
import type { BuyerBehaviour, Buyers, CallerHangUp } from '../../telephony/simulator';

/** Something the user can put right: shown as one line, exit code 2. */
export class InputError extends Error {}

const BEHAVIOURS = 'answer, answer:SECONDS, busy, no-answer, reject or failed';

/** Reads `answer`, `answer:20` (talks 20 s), `busy`, `no-answer`, `reject` or `failed`. */
export function parseBehaviour(text: string, talkSeconds: number): BuyerBehaviour {
  const [name, seconds, ...rest] = text.split(':');
  const wrong = new InputError(`Unknown buyer behaviour "${text}": use ${BEHAVIOURS}.`);
  if (rest.length > 0) throw wrong;
  switch (name) {
    case 'answer':
      if (seconds !== undefined && !/^\d+(\.\d+)?$/.test(seconds)) throw wrong;
      return { kind: 'answer', talkSeconds: seconds === undefined ? talkSeconds : Number(seconds) };
    case 'busy':
    case 'no-answer':
    case 'reject':
    case 'failed':
      if (seconds !== undefined) throw wrong;
      return { kind: name };
    default:
      throw wrong;
  }
}

/** Reads the `--buyer` values: plain ones in dial order, `NUMBER=BEHAVIOUR` for one destination. */
export function parseBuyers(values: readonly string[], talkSeconds: number): Buyers {
  const inDialOrder: BuyerBehaviour[] = [];
  const byDestination: Record<string, BuyerBehaviour> = {};
  for (const value of values) {
    const split = value.lastIndexOf('=');
    if (split === -1) {
      inDialOrder.push(parseBehaviour(value, talkSeconds));
      continue;
    }
    const destination = value.slice(0, split);
    if (!/^sips?:/.test(destination)) checkNumber('--buyer', destination);
    byDestination[destination] = parseBehaviour(value.slice(split + 1), talkSeconds);
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

/** Reads `1,2`: one entry per menu; an empty entry presses nothing there. */
export function parseDigits(text: string | undefined): string[] {
  if (text === undefined || text === '') return [];
  const digits = text.split(',').map((entry) => entry.trim());
  const wrong = digits.find((entry) => !/^[0-9*#]*$/.test(entry));
  if (wrong !== undefined) {
    throw new InputError(`"${wrong}" cannot be pressed: use 0-9, * and #, with a comma between two menus.`);
  }
  return digits;
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
export function collect(value: string, before: readonly string[]): string[] {
  return [...before, value];
}

/**
 * Runs a command line program: its exit code is what `main` returns, 2 for input the user can put right, 0 for help.
 */
export async function runCommand(command: Command, main: () => Promise<number>): Promise<void> {
  try {
    command.exitOverride().allowExcessArguments(false).parse();
    process.exitCode = await main();
  } catch (error) {
    if (error instanceof CommanderError) {
      // Commander has printed its own message.
      process.exitCode = error.exitCode === 0 ? 0 : 2;
    } else if (error instanceof InputError) {
      console.error(error.message);
      process.exitCode = 2;
    } else {
      throw error;
    }
  }
}
