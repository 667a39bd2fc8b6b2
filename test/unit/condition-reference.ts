import type { ClockZone, Condition } from '../../domain/condition';
import type { Weekday } from '../../domain/hours';
import type { RoutingFacts } from '../../domain/routing/facts';

/** What a condition is asked about besides the facts. */
export interface ReferenceCampaign {
  readonly timeZone: string;
  readonly holidays: readonly string[];
}

/**
 * Evaluates conditions the slow and obvious way, from the docstrings of `domain/condition.ts` alone: no sets, no
 * memory, Intl for local time, minutes of the day where the real one compares text.
 */
export function referenceTruth(
  condition: Condition,
  facts: RoutingFacts,
  campaign: ReferenceCampaign,
): boolean {
  const ask = (part: Condition): boolean => referenceTruth(part, facts, campaign);
  switch (condition.kind) {
    case 'all':
      return condition.conditions.filter((part) => !ask(part)).length === 0;
    case 'any':
      return condition.conditions.filter(ask).length > 0;
    case 'not':
      return !ask(condition.condition);
    case 'geography': {
      const { country, state, areaCode, postalCode } = facts.geography;
      const value = { country, state, area_code: areaCode, postal_code: postalCode }[condition.field];
      if (value === null) return false;
      const isPostal = condition.field === 'postal_code';
      const spoken = isPostal ? value.split(/[\s-]/).join('') : value;
      return condition.in.some((entry) => {
        const written = isPostal ? entry.split(/[\s-]/).join('') : entry;
        const prefix = isPostal && written.endsWith('*');
        const beginning = `^${escaped(prefix ? written.replace(/\*$/, '') : written)}`;
        if (new RegExp(`${beginning}${prefix ? '' : '$'}`, 'i').test(spoken)) return true;
        return (
          isPostal &&
          /^\d{9}$/.test(spoken) &&
          new RegExp(`${beginning}\\d{4}$`).test(spoken) &&
          written.length === 5
        );
      });
    }
    case 'local_time': {
      const now = wallClock(condition.zone, facts, campaign);
      if (now === null) return false;
      const minutesOf = (text: string): number => Number(text.slice(0, 2)) * 60 + Number(text.slice(3));
      const [from, to] = [minutesOf(condition.from), minutesOf(condition.to)];
      const begins = (weekday: number): boolean =>
        condition.weekdays === null || condition.weekdays.some((day) => day === weekday);
      const yesterday = ((now.weekday + 5) % 7) + 1;
      // A window that began yesterday goes on until `to` of today, seen from yesterday 24 hours later.
      const end = to > from ? to : to + 24 * 60;
      return (
        (begins(now.weekday) && from <= now.minutes && now.minutes < end) ||
        (begins(yesterday) && from <= now.minutes + 24 * 60 && now.minutes + 24 * 60 < end)
      );
    }
    case 'holiday': {
      const now = wallClock(condition.zone, facts, campaign);
      return now !== null && campaign.holidays.includes(now.date);
    }
    case 'tag': {
      const [, value] = Object.entries(facts.tags).find(([tag]) => tag === condition.tag) ?? [];
      if (value === undefined) return false;
      const { test } = condition;
      if (test.is === 'present') return true;
      if (test.is === 'one_of') return test.values.includes(value);
      if (!/^-?[0-9]+(\.[0-9]+)?$/.test(value)) return false;
      return (
        !(test.from !== null && Number(value) < test.from) && !(test.to !== null && Number(value) > test.to)
      );
    }
    case 'source': {
      const { number, publisherId, channel } = facts.source;
      const value = { number, publisher: publisherId, channel }[condition.field];
      return value !== null && condition.in.includes(value);
    }
    case 'first_call':
      return facts.history.length === 0;
    case 'caller_history':
      return facts.history.some((entry) => {
        const last = {
          called: entry.lastCalledAt,
          connected: entry.lastConnectedAt,
          converted: entry.lastConvertedAt,
        }[condition.event];
        if (last === null) return false;
        if (condition.buyerIds !== null && !condition.buyerIds.some((buyer) => buyer === entry.buyerId))
          return false;
        if (condition.withinDays === null) return true;
        const earliest = new Date(facts.at).getTime() - condition.withinDays * 24 * 3600 * 1000;
        return new Date(last).getTime() >= earliest;
      });
  }
}

interface WallClock {
  readonly date: string;
  readonly weekday: Weekday;
  readonly minutes: number;
}

function wallClock(zone: ClockZone, facts: RoutingFacts, campaign: ReferenceCampaign): WallClock | null {
  const timeZone =
    zone === 'campaign' ? campaign.timeZone : zone === 'caller' ? facts.geography.timeZone : zone.timeZone;
  if (timeZone === null) return null;
  const parts = new Map(
    new Intl.DateTimeFormat('en-US', {
      timeZone,
      weekday: 'short',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      hourCycle: 'h23',
    })
      .formatToParts(new Date(facts.at))
      .map(({ type, value }) => [type, value]),
  );
  const part = (name: Intl.DateTimeFormatPartTypes): string => parts.get(name) ?? '';
  return {
    date: `${part('year')}-${part('month')}-${part('day')}`,
    weekday: (['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'].indexOf(part('weekday')) + 1) as Weekday,
    minutes: Number(part('hour')) * 60 + Number(part('minute')),
  };
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
