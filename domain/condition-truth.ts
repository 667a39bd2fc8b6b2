import { dayBefore, type Clock } from './clock';
import type { Condition, GeographyField, HistoryEvent, SourceField, TagTest } from './condition';
import { unreachable } from './exhaustive';
import type { CallerGeography, HistoryEntry, RoutingFacts } from './routing/facts';

/** What conditions may look at. The clock is that of `facts.at`. */
export interface ConditionContext {
  readonly facts: RoutingFacts;
  readonly clock: Clock;
}

/** A condition made ready to be asked often. */
export type ConditionTest = (context: ConditionContext) => boolean;

/**
 * Whether a condition is true of a call; see {@link Condition} for what each kind means.
 * @throws RangeError when it names an unknown time zone, or a fact is not the instant it should be.
 */
export function isTrue(condition: Condition, context: ConditionContext): boolean {
  return conditionTest(condition)(context);
}

/** Conditions are configuration, and never change: what they were made into is kept as long as they are. */
const tests = new WeakMap<Condition, ConditionTest>();

/** Makes sets of lists once, so that a list of 5,000 postal codes costs no more than one of two. */
export function conditionTest(condition: Condition): ConditionTest {
  const known = tests.get(condition);
  if (known !== undefined) return known;
  const test = makeTest(condition);
  tests.set(condition, test);
  return test;
}

function makeTest(condition: Condition): ConditionTest {
  switch (condition.kind) {
    case 'all': {
      const parts = condition.conditions.map(conditionTest);
      return (context) => parts.every((part) => part(context));
    }
    case 'any': {
      const parts = condition.conditions.map(conditionTest);
      return (context) => parts.some((part) => part(context));
    }
    case 'not': {
      const part = conditionTest(condition.condition);
      return (context) => !part(context);
    }
    case 'geography':
      return geographyTest(condition.field, condition.in);
    case 'local_time':
      return localTimeTest(condition);
    case 'holiday': {
      const { zone } = condition;
      return ({ clock }) => clock.isHoliday(zone);
    }
    case 'tag': {
      const passes = tagTest(condition.test);
      const { tag } = condition;
      return ({ facts }) => {
        const value = tagValue(facts, tag);
        return value !== null && passes(value);
      };
    }
    case 'source': {
      const wanted = new Set(condition.in);
      const { field } = condition;
      return ({ facts }) => {
        const value = sourceValue(facts, field);
        return value !== null && wanted.has(value);
      };
    }
    case 'first_call':
      return ({ facts }) => facts.history.length === 0;
    case 'caller_history':
      return historyTest(condition);
    default:
      return unreachable(condition);
  }
}

function geographyTest(field: GeographyField, listed: readonly string[]): ConditionTest {
  const isPostal = field === 'postal_code';
  const matches = isPostal ? postalCodeTest(listed.map(plainPostalCode)) : memberTest(listed);
  return ({ facts }) => {
    const value = geographyValue(facts.geography, field);
    return value !== null && matches(isPostal ? plainPostalCode(value) : value.toLowerCase());
  };
}

type TextTest = (lowerCase: string) => boolean;

function memberTest(listed: readonly string[]): TextTest {
  const wanted = new Set(listed.map((entry) => entry.toLowerCase()));
  return (value) => wanted.has(value);
}

/** Without what people write differently: case, spaces, hyphens. */
function plainPostalCode(code: string): string {
  return code.toLowerCase().replace(/[\s-]/g, '');
}

/** ZIP+4: five digits of the ZIP code, four of a place in it. */
const ZIP_PLUS_4 = /^\d{9}$/;

/**
 * Prefixes are looked up by length: as many look-ups as there are different lengths. A ZIP+4 is in the ZIP code it
 * belongs to.
 * @param listed as {@link plainPostalCode} makes them.
 */
function postalCodeTest(listed: readonly string[]): TextTest {
  const isWhole = memberTest(listed.filter((entry) => !entry.endsWith('*')));
  const prefixes = new Map<number, Set<string>>();
  for (const entry of listed) {
    if (!entry.endsWith('*')) continue;
    const prefix = entry.slice(0, -1).toLowerCase();
    prefixes.set(prefix.length, (prefixes.get(prefix.length) ?? new Set()).add(prefix));
  }
  return (value) =>
    isWhole(value) ||
    (ZIP_PLUS_4.test(value) && isWhole(value.slice(0, 5))) ||
    [...prefixes].some(([length, ofLength]) => ofLength.has(value.slice(0, length)));
}

function localTimeTest({
  zone,
  weekdays,
  from,
  to,
}: Extract<Condition, { kind: 'local_time' }>): ConditionTest {
  const days = weekdays === null ? null : new Set(weekdays);
  const overMidnight = to <= from;
  return ({ clock }) => {
    const local = clock.local(zone);
    if (local === null) return false;
    const { weekday, clock: shown } = local;
    const today = days === null || days.has(weekday);
    if (!overMidnight) return today && from <= shown && shown < to;
    if (today && from <= shown) return true;
    return shown < to && (days === null || days.has(dayBefore(weekday)));
  };
}

/** A decimal number as a caller's keys, a form or another system's JSON would write it. */
const DECIMAL = /^-?\d+(?:\.\d+)?$/;

function tagTest(test: TagTest): (value: string) => boolean {
  switch (test.is) {
    case 'present':
      return () => true;
    case 'one_of': {
      const wanted = new Set(test.values);
      return (value) => wanted.has(value);
    }
    case 'between': {
      const { from, to } = test;
      return (value) => {
        if (!DECIMAL.test(value)) return false;
        const number = Number(value);
        return (from === null || from <= number) && (to === null || number <= to);
      };
    }
    default:
      return unreachable(test);
  }
}

const DAY_MS = 86_400_000;

function historyTest(condition: Extract<Condition, { kind: 'caller_history' }>): ConditionTest {
  const { event, withinDays } = condition;
  const buyers = condition.buyerIds === null ? null : new Set(condition.buyerIds);
  return ({ facts, clock }) =>
    facts.history.some((entry) => {
      if (buyers !== null && (entry.buyerId === null || !buyers.has(entry.buyerId))) return false;
      const last = lastOf(entry, event);
      if (last === null) return false;
      return withinDays === null || isWithinDays(last, withinDays, clock.instant);
    });
}

/**
 * Whether an earlier event lies at most so many times 24 hours back.
 * @param earlier ISO 8601 instant.
 * @param now milliseconds since 1970.
 */
export function isWithinDays(earlier: string, days: number, now: number): boolean {
  return now - Date.parse(earlier) <= days * DAY_MS;
}

/** When something last came to an event, an ISO 8601 instant; `null`: never. */
export function lastOf(entry: HistoryEntry, event: HistoryEvent): string | null {
  switch (event) {
    case 'called':
      return entry.lastCalledAt;
    case 'connected':
      return entry.lastConnectedAt;
    case 'converted':
      return entry.lastConvertedAt;
    default:
      return unreachable(event);
  }
}

export function geographyValue(geography: CallerGeography, field: GeographyField): string | null {
  switch (field) {
    case 'country':
      return geography.country;
    case 'state':
      return geography.state;
    case 'area_code':
      return geography.areaCode;
    case 'postal_code':
      return geography.postalCode;
    default:
      return unreachable(field);
  }
}

export function sourceValue({ source }: RoutingFacts, field: SourceField): string | null {
  switch (field) {
    case 'number':
      return source.number;
    case 'publisher':
      return source.publisherId;
    case 'channel':
      return source.channel;
    default:
      return unreachable(field);
  }
}

/** A tag may have any name, also that of something every object has. */
export function tagValue({ tags }: RoutingFacts, tag: string): string | null {
  return Object.hasOwn(tags, tag) ? (tags[tag] ?? null) : null;
}
