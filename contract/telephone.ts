import { isSupportedCountry, ParseError, parsePhoneNumberWithError } from 'libphonenumber-js/max';
import type { E164 } from '../domain/ids';

/** A telephone number as somebody wrote it, brought to E.164, or what is wrong with it. */
export type Normalised =
  | { readonly ok: true; readonly number: E164 }
  | { readonly ok: false; readonly message: string };

/** What libphonenumber says, for people. */
const REASONS: Readonly<Record<string, string>> = {
  NOT_A_NUMBER: 'is no telephone number',
  INVALID_COUNTRY: 'has no country: write it with + and the country code, or send defaultCountry',
  TOO_SHORT: 'is too short',
  TOO_LONG: 'is too long',
  INVALID_LENGTH: 'has a length no number of its country has',
};

/**
 * Brings a telephone number in any notation to E.164.
 * @param defaultCountry ISO 3166 alpha-2, upper case: the country of numbers that are written without one
 */
export function normaliseNumber(text: string, defaultCountry?: string): Normalised {
  const refuse = (message: string): Normalised => ({ ok: false, message });
  if (defaultCountry !== undefined && !isSupportedCountry(defaultCountry))
    return refuse(`cannot be read in ${defaultCountry}: no such country has telephone numbers`);
  try {
    const parsed = parsePhoneNumberWithError(text.trim().replace(/^tel:/i, ''), {
      // Nothing but the number: "call 555 1234" is a sentence.
      extract: false,
      ...(defaultCountry === undefined ? {} : { defaultCountry }),
    });
    if (parsed.ext !== undefined) return refuse('has an extension: a tracked number is dialled as a whole');
    if (!parsed.isPossible()) return refuse('has a length no number of its country has');
    return { ok: true, number: parsed.number as E164 };
  } catch (error) {
    if (error instanceof ParseError) return refuse(REASONS[error.message] ?? 'is no telephone number');
    throw error;
  }
}

/** Marks people put between digits. */
const BETWEEN_DIGITS = /[\s().\-/\u00a0\u2010-\u2015]/g;

/** A prefix of numbers in any notation with its country code, for example `+1 (900)`, as `+1900`. */
export function normalisePrefix(text: string): Normalised {
  const bare = text.replace(BETWEEN_DIGITS, '');
  return /^\+[1-9]\d{0,14}$/.test(bare)
    ? { ok: true, number: bare as E164 }
    : { ok: false, message: 'must begin with + and the country code, then digits, for example +1900' };
}
