import type { ClockZone, Condition, GeographyField, HistoryEvent, SourceField, TagTest } from './condition';
import {
  geographyValue,
  isTrue,
  lastOf,
  sourceValue,
  tagValue,
  type ConditionContext,
} from './condition-truth';
import { unreachable } from './exhaustive';
import type { Weekday } from './hours';
import type { RoutingFacts } from './routing/facts';

/** A condition in words, whether it is true of the call, and what it found there. */
export interface Explanation {
  readonly kind: Condition['kind'];
  /** For example `state is CA or NV`. */
  readonly summary: string;
  readonly value: boolean;
  /** The fact the condition looked at, in words; `null`: unknown. Absent where its parts look. */
  readonly found?: string | null;
  /** What `all`, `any` and `not` are made of, all of it evaluated. */
  readonly parts?: readonly Explanation[];
}

/** Explains each part of a condition, also those that could no longer change the answer. */
export function explainCondition(condition: Condition, context: ConditionContext): Explanation {
  const value = isTrue(condition, context);
  const { kind } = condition;
  switch (condition.kind) {
    case 'all':
    case 'any':
      return {
        kind,
        value,
        summary: condition.kind === 'all' ? 'all of these' : 'at least one of these',
        parts: condition.conditions.map((part) => explainCondition(part, context)),
      };
    case 'not':
      return {
        kind,
        value,
        summary: 'the opposite of this',
        parts: [explainCondition(condition.condition, context)],
      };
    default:
      return { kind, value, summary: summaryOf(condition), found: findingOf(condition, context) };
  }
}

type Leaf = Exclude<Condition, { kind: 'all' | 'any' | 'not' }>;

function summaryOf(leaf: Leaf): string {
  switch (leaf.kind) {
    case 'geography':
      return `${GEOGRAPHY_WORDS[leaf.field]} is ${oneOf(leaf.in)}`;
    case 'local_time': {
      const days = leaf.weekdays === null ? 'every day' : leaf.weekdays.map(weekdayWord).join(', ');
      return `${days} from ${leaf.from} to ${leaf.to} on ${clockWord(leaf.zone)}`;
    }
    case 'holiday':
      return `a holiday on ${clockWord(leaf.zone)}`;
    case 'tag':
      return `tag "${leaf.tag}" ${tagTestWords(leaf.test)}`;
    case 'source':
      return `${SOURCE_WORDS[leaf.field]} is ${oneOf(leaf.in)}`;
    case 'first_call':
      return 'first call to this campaign';
    case 'caller_history': {
      const buyers = leaf.buyerIds === null ? '' : ` with buyer ${oneOf(leaf.buyerIds)}`;
      const days = leaf.withinDays === null ? '' : ` within ${leaf.withinDays} days`;
      return `${HISTORY_WORDS[leaf.event]} before${buyers}${days}`;
    }
    default:
      return unreachable(leaf);
  }
}

function findingOf(leaf: Leaf, { facts, clock }: ConditionContext): string | null {
  switch (leaf.kind) {
    case 'geography':
      return geographyValue(facts.geography, leaf.field);
    case 'local_time':
    case 'holiday': {
      const local = clock.local(leaf.zone);
      return local === null ? null : `${weekdayWord(local.weekday)} ${local.date} ${local.clock}`;
    }
    case 'tag':
      return tagValue(facts, leaf.tag);
    case 'source':
      return sourceValue(facts, leaf.field);
    case 'first_call':
      return historyFinding(facts, 'called');
    case 'caller_history':
      return historyFinding(facts, leaf.event);
    default:
      return unreachable(leaf);
  }
}

function historyFinding(facts: RoutingFacts, event: HistoryEvent): string | null {
  if (facts.caller === null) return null;
  const events = facts.history.flatMap((entry) => {
    const last = lastOf(entry, event);
    return last === null ? [] : [`${last}${entry.buyerId === null ? '' : ` (${entry.buyerId})`}`];
  });
  if (events.length === 0) return `never ${HISTORY_WORDS[event]}`;
  return `last ${HISTORY_WORDS[event]} ${events.join(', ')}`;
}

const GEOGRAPHY_WORDS: Record<GeographyField, string> = {
  country: 'country',
  state: 'state',
  area_code: 'area code',
  postal_code: 'postal code',
};

const SOURCE_WORDS: Record<SourceField, string> = {
  number: 'dialled number',
  publisher: 'publisher',
  channel: 'channel',
};

const HISTORY_WORDS: Record<HistoryEvent, string> = {
  called: 'called',
  connected: 'connected',
  converted: 'converted',
};

const WEEKDAYS: Record<Weekday, string> = {
  1: 'Mon',
  2: 'Tue',
  3: 'Wed',
  4: 'Thu',
  5: 'Fri',
  6: 'Sat',
  7: 'Sun',
};

function weekdayWord(weekday: Weekday): string {
  return WEEKDAYS[weekday];
}

function clockWord(zone: ClockZone): string {
  if (zone === 'campaign') return "the campaign's clock";
  if (zone === 'caller') return "the caller's clock";
  return `the clock of ${zone.timeZone}`;
}

function tagTestWords(test: TagTest): string {
  switch (test.is) {
    case 'present':
      return 'is there';
    case 'one_of':
      return `is ${oneOf(test.values.map((value) => `"${value}"`))}`;
    case 'between': {
      const from = test.from === null ? '' : ` from ${test.from}`;
      const to = test.to === null ? '' : ` up to ${test.to}`;
      return `is a number${from}${to}`;
    }
    default:
      return unreachable(test);
  }
}

/** Entries of a list that are named one by one. */
const MOST_NAMED = 8;

function oneOf(values: readonly string[]): string {
  const named = values.slice(0, MOST_NAMED);
  const more = values.length - named.length;
  if (more > 0) return `${named.join(', ')} or one of ${more} more`;
  const last = named.at(-1) ?? 'nothing';
  return named.length < 2 ? last : `${named.slice(0, -1).join(', ')} or ${last}`;
}
