/** A state or province, and the beginnings of its postal codes: single ones, and ranges with both ends in them. */
type Beginnings = readonly [state: string, beginnings: string];

/**
 * The first three digits of ZIP codes, as the United States Postal Service assigns them (Labeling List L002, 3-digit
 * ZIP code prefix matrix). Military and government-only prefixes have no place and are left out; a few prefixes reach
 * over a border, and stand with the state most of their addresses are in.
 */
const ZIP_PREFIXES: readonly Beginnings[] = [
  ['AK', '995-999'],
  ['AL', '350-352 354-369'],
  ['AR', '716-729'],
  ['AZ', '850-853 855-857 859-860 863-865'],
  ['CA', '900-908 910-928 930-961'],
  ['CO', '800-816'],
  ['CT', '060-069'],
  ['DC', '200 202-205'],
  ['DE', '197-199'],
  ['FL', '320-339 341-342 344 346-347 349'],
  ['GA', '300-319 398-399'],
  ['HI', '967-968'],
  ['IA', '500-516 520-528'],
  ['ID', '832-838'],
  ['IL', '600-620 622-629'],
  ['IN', '460-479'],
  ['KS', '660-662 664-679'],
  ['KY', '400-418 420-427'],
  ['LA', '700-701 703-708 710-714'],
  ['MA', '010-027 055'],
  ['MD', '206-212 214-219'],
  ['ME', '039-049'],
  ['MI', '480-499'],
  ['MN', '550-551 553-567'],
  ['MO', '630-631 633-641 644-658'],
  ['MS', '386-397'],
  ['MT', '590-599'],
  ['NC', '270-289'],
  ['ND', '580-588'],
  ['NE', '680-681 683-693'],
  ['NH', '030-038'],
  ['NJ', '070-089'],
  ['NM', '870-871 873-884'],
  ['NV', '889-891 893-895 897-898'],
  ['NY', '005 100-149'],
  ['OH', '430-459'],
  ['OK', '730-731 734-741 743-749'],
  ['OR', '970-979'],
  ['PA', '150-196'],
  ['RI', '028-029'],
  ['SC', '290-299'],
  ['SD', '570-577'],
  ['TN', '370-385'],
  ['TX', '733 750-770 772-799 885'],
  ['UT', '840-847'],
  ['VA', '201 220-246'],
  ['VT', '050-054 056-059'],
  ['WA', '980-986 988-994'],
  ['WI', '530-532 534-535 537-549'],
  ['WV', '247-268'],
  ['WY', '820-831'],
];

/** Territories that the area code table has as countries of their own. */
const TERRITORY_PREFIXES: readonly Beginnings[] = [
  ['PR', '006-007 009'],
  ['VI', '008'],
];

/** The first letter of Canadian postal codes (Canada Post). `X` is two territories, so it names none. */
const CANADIAN_LETTERS: Readonly<Record<string, string | null>> = {
  A: 'NL',
  B: 'NS',
  C: 'PE',
  E: 'NB',
  G: 'QC',
  H: 'QC',
  J: 'QC',
  K: 'ON',
  L: 'ON',
  M: 'ON',
  N: 'ON',
  P: 'ON',
  R: 'MB',
  S: 'SK',
  T: 'AB',
  V: 'BC',
  X: null,
  Y: 'YT',
};

/** Where a postal code is. */
export interface PostalPlace {
  /** ISO 3166-1 alpha-2. */
  readonly country: string;
  /** USPS or Canada Post abbreviation; `null`: several, or none. */
  readonly state: string | null;
}

const US_PLACES = new Map<string, PostalPlace>([
  ...ZIP_PREFIXES.flatMap(([state, beginnings]) => places(beginnings, { country: 'US', state })),
  ...TERRITORY_PREFIXES.flatMap(([country, beginnings]) => places(beginnings, { country, state: null })),
]);

const ZIP_CODE = /^(\d{3})\d{2}(?:-?\d{4})?$/;
const CANADIAN_CODE = /^([A-Z])\d[A-Z] ?\d[A-Z]\d$/;

/** @returns `null` when the text is no ZIP code and no Canadian postal code, or one that is assigned to nobody. */
export function postalPlace(postalCode: string): PostalPlace | null {
  const [, prefix] = ZIP_CODE.exec(postalCode) ?? [];
  if (prefix !== undefined) return US_PLACES.get(prefix) ?? null;
  const [, letter] = CANADIAN_CODE.exec(postalCode.toUpperCase()) ?? [];
  const state = letter === undefined ? undefined : CANADIAN_LETTERS[letter];
  return state === undefined ? null : { country: 'CA', state };
}

function places(beginnings: string, place: PostalPlace): [string, PostalPlace][] {
  return beginnings.split(' ').flatMap((range): [string, PostalPlace][] => {
    const [first = '', last = first] = range.split('-');
    return Array.from({ length: Number(last) - Number(first) + 1 }, (_, index) => [
      String(Number(first) + index).padStart(3, '0'),
      place,
    ]);
  });
}
