/*
 * Finding a page's own telephone numbers in text, however they are written, and writing others in their place in the
 * same notation. Numbers are the digits of E.164 here, without the plus.
 */

/** A digit of the text, and what stands there from now on. */
export interface Change {
  /** Index into the text. */
  readonly at: number;
  /** One digit; none, or several at the last place, when the numbers differ in length. */
  readonly to: string;
}

/** A way to write a number. */
interface Form {
  readonly digits: string;
  /** Digits in front that stay: a trunk or international prefix, or a country code with a trunk zero behind it. */
  readonly kept: string;
  /** How many digits of E.164, the country code, are not written behind those. */
  readonly dropped: number;
}

/** Characters between two digits of one number, at most. */
const WIDEST_GAP = 4;
const GAP = /^[\s().\-/\u00b7\u2010-\u2015\u202f\u2060]*$/;
/** No number is written with fewer. */
const SHORTEST = 7;

/** All ways in which a number is written, the longest first: a short one can be a part of a long one. */
function formsOf(number: string): Form[] {
  const forms: Form[] = [
    { digits: number, kept: '', dropped: 0 },
    { digits: `00${number}`, kept: '00', dropped: 0 },
  ];
  // Country codes are 1, 7, or two or three digits long.
  for (const length of /^[17]/.test(number) ? [1] : [2, 3]) {
    const national = number.slice(length);
    if (national.length < SHORTEST) continue;
    forms.push({ digits: national, kept: '', dropped: length });
    if (length === 1) continue;
    const country = number.slice(0, length);
    forms.push({ digits: `0${national}`, kept: '0', dropped: length });
    // As in +44 (0)20 …
    forms.push({ digits: `${country}0${national}`, kept: `${country}0`, dropped: length });
  }
  return forms.sort((a, b) => b.digits.length - a.digits.length);
}

/**
 * What has to change in a text so that each of the numbers in it becomes another one.
 * @param wanted digits of E.164 to look for
 * @param shown digits of E.164 to write instead
 */
export function changesIn(text: string, wanted: readonly string[], shown: string): Change[] {
  const places: number[] = [];
  let digits = '';
  for (let at = 0; at < text.length; at++) {
    const character = text.charAt(at);
    if (character >= '0' && character <= '9') {
      places.push(at);
      digits += character;
    }
  }
  if (digits.length < SHORTEST) return [];
  const taken = new Set<number>();
  const changes: Change[] = [];
  for (const number of wanted) {
    if (number === shown) continue;
    for (const form of formsOf(number)) {
      const { length } = form.digits;
      for (
        let from = digits.indexOf(form.digits);
        from !== -1;
        from = digits.indexOf(form.digits, from + 1)
      ) {
        const own = places.slice(from, from + length);
        if (taken.has(from) || taken.has(from + length - 1) || !isWhole(text, places, from, length)) continue;
        for (let digit = from; digit < from + length; digit++) taken.add(digit);
        changes.push(...write(text, own, rewritten(form, number, shown)));
      }
    }
  }
  return changes;
}

/** Whether digits stand together as one number, and are not a part of a longer one. */
function isWhole(text: string, places: readonly number[], from: number, length: number): boolean {
  const at = (index: number): number => places[index] ?? -2;
  const last = from + length - 1;
  if (from > 0 && at(from - 1) === at(from) - 1) return false;
  if (last + 1 < places.length && at(last + 1) === at(last) + 1) return false;
  for (let digit = from; digit < last; digit++) {
    const gap = text.slice(at(digit) + 1, at(digit + 1));
    if (gap.length > WIDEST_GAP || !GAP.test(gap)) return false;
  }
  return true;
}

/** The digits that stand for `shown` in this form; `+` and all of them where its country is another one. */
function rewritten({ kept, dropped }: Form, number: string, shown: string): string {
  const country = number.slice(0, dropped);
  return shown.startsWith(country) ? kept + shown.slice(dropped) : `+${shown}`;
}

function write(text: string, places: readonly number[], digits: string): Change[] {
  const last = places.length - 1;
  const plus = digits.startsWith('+') && text.charAt((places[0] ?? 0) - 1) === '+' ? digits.slice(1) : digits;
  return places.map((at, index) => ({ at, to: index === last ? plus.slice(last) : plus.charAt(index) }));
}

/** A text with its changes made. */
export function changed(text: string, changes: readonly Change[]): string {
  const characters = [...Array(text.length).keys()].map((at) => text.charAt(at));
  for (const { at, to } of changes) characters[at] = to;
  return characters.join('');
}
