import type { Brand } from './brand';

/** An amount in millionths of the currency's unit: 1.50 USD is 1_500_000n. Never a float. */
export type Micros = Brand<bigint, 'Micros'>;

/** {@link Micros} as JSON and Temporal payloads carry it: a decimal integer in a string. */
export type MicrosText = Brand<string, 'MicrosText'>;

/** ISO 4217 code, for example `USD`. */
export type Currency = Brand<string, 'Currency'>;

const MICROS_TEXT = /^-?\d{1,19}$/;

/**
 * Reads micros from their JSON form.
 * @throws RangeError when the text is not a whole decimal number.
 */
export function microsFromText(text: string): Micros {
  if (!MICROS_TEXT.test(text)) {
    throw new RangeError(
      `"${text}" is not an amount in micros: write a whole number, for example "1500000" for 1.50`,
    );
  }
  return BigInt(text) as Micros;
}

export function microsToText(amount: Micros): MicrosText {
  return amount.toString() as MicrosText;
}

/** For people: `1500000n` → `1.50`; shows more than two decimals only where there are some. */
export function formatMicros(amount: Micros): string {
  const negative = amount < 0n;
  const abs = negative ? -amount : amount;
  const whole = abs / 1_000_000n;
  const fraction = (abs % 1_000_000n)
    .toString()
    .padStart(6, '0')
    .replace(/0{1,4}$/, '');
  return `${negative ? '-' : ''}${whole}.${fraction}`;
}
