import type { CallFacts } from '../call/facts';
import type { Qualifications } from '../call/commands';
import type { E164 } from '../ids';
import type { CallerGeography } from '../routing/facts';
import { AREA_CODE_ROWS } from './area-codes';
import { postalPlace } from './postal-codes';

/** The tag under which an IVR flow keeps the caller's own postal code. */
export const POSTAL_CODE_TAG = 'postal_code';

/** Where an area code is. */
export interface AreaPlace {
  /** ISO 3166-1 alpha-2. */
  readonly country: string;
  /** USPS or Canada Post abbreviation; `null` outside both, and where an area code has several. */
  readonly state: string | null;
  /** IANA zone of most of its numbers. */
  readonly timeZone: string | null;
}

const AREAS = new Map<string, AreaPlace>(
  AREA_CODE_ROWS.flatMap(([country, state, timeZone, areaCodes]) =>
    areaCodes.split(' ').map((code): [string, AreaPlace] => [code, { country, state, timeZone }]),
  ),
);

/** IANA zone by country and state: the one most of the state's area codes are in. */
const STATE_ZONES = zonesOfStates();

/** @returns `null` for codes of no place, such as toll-free ones, and for unknown ones. */
export function areaPlace(areaCode: string): AreaPlace | null {
  return AREAS.get(areaCode) ?? null;
}

const NORTH_AMERICAN = /^\+1([2-9]\d{2})[2-9]\d{6}$/;

/**
 * Where a caller probably is. What the caller said comes before what the carrier says, and that before the area code
 * of the number; a field is only filled from a weaker source that does not contradict a stronger one. Every field
 * stays a hint: numbers are ported and carried along, and carriers look places up by number too (docs/geography.md).
 * @param caller `null`: withheld.
 * @param hints of the carrier, as its webhook had them.
 * @param tags of the call; {@link POSTAL_CODE_TAG} is what the caller said.
 */
export function callerGeography(
  caller: E164 | null,
  hints: CallFacts['geography'],
  tags: Qualifications,
): CallerGeography {
  const areaCode = caller === null ? null : (NORTH_AMERICAN.exec(caller)?.[1] ?? null);
  const area = areaCode === null ? null : areaPlace(areaCode);
  const spoken = text(Object.hasOwn(tags, POSTAL_CODE_TAG) ? tags[POSTAL_CODE_TAG] : undefined);
  const said = spoken === null ? null : postalPlace(spoken);

  const country = said?.country ?? upper(hints.country) ?? area?.country ?? null;
  const stateOfCarrier = agrees(upper(hints.country), country) ? upper(hints.state) : null;
  const stateOfArea = area !== null && area.country === country ? area.state : null;
  const state = said === null ? (stateOfCarrier ?? stateOfArea) : said.state;
  const postalCode = spoken ?? text(hints.postalCode);

  const isInArea = area !== null && area.country === country && agrees(area.state, state);
  const timeZone = isInArea ? area.timeZone : (STATE_ZONES.get(`${country}/${state}`) ?? null);
  return { country, state, areaCode, postalCode, timeZone };
}

/** Two facts of which one is unknown do not contradict each other. */
function agrees(one: string | null, other: string | null): boolean {
  return one === null || other === null || one === other;
}

function text(value: string | undefined): string | null {
  const trimmed = value?.trim() ?? '';
  return trimmed === '' ? null : trimmed;
}

function upper(value: string | undefined): string | null {
  return text(value)?.toUpperCase() ?? null;
}

function zonesOfStates(): ReadonlyMap<string, string> {
  const most = new Map<string, { readonly timeZone: string; readonly codes: number }>();
  for (const [country, state, timeZone, areaCodes] of AREA_CODE_ROWS) {
    const isShared = country === 'CA' && state === null;
    if (timeZone === null || isShared) continue;
    const codes = areaCodes.split(' ').length;
    const key = `${country}/${state}`;
    if (codes > (most.get(key)?.codes ?? 0)) most.set(key, { timeZone, codes });
  }
  return new Map([...most].map(([key, { timeZone }]) => [key, timeZone]));
}
