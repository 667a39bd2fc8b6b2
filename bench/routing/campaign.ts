import type { BuyerPrice } from '../../domain/campaign/price';
import type { Condition } from '../../domain/condition';
import { callerGeography } from '../../domain/geography/caller';
import type { Hours, Weekday } from '../../domain/hours';
import type { AssignmentId, BuyerId, CallId, CampaignId, E164 } from '../../domain/ids';
import type { MicrosText } from '../../domain/money';
import type { RoutingFacts } from '../../domain/routing/facts';
import type { RoutingPlan, RoutingRule, Strategy } from '../../domain/routing/plan';
import type { CampaignSnapshot, RoutableAssignment } from '../../domain/routing/snapshot';
import type { SeededRandom } from '../../scripts/simulate/random';

/** Zones of the buyers' own clocks. */
const ZONES = [
  'America/New_York',
  'America/Chicago',
  'America/Denver',
  'America/Phoenix',
  'America/Los_Angeles',
  'America/Anchorage',
] as const;

const STATES = ['CA', 'NY', 'TX', 'FL', 'WA', 'IL', 'OH', 'GA', 'NC', 'MI', 'NJ', 'VA', 'AZ', 'CO'] as const;
const AREA_CODES = ['212', '213', '305', '312', '404', '415', '512', '602', '713', '808', '907'] as const;
const PRODUCTS = ['auto', 'home', 'life', 'health'] as const;
const DAYS: readonly Weekday[] = [1, 2, 3, 4, 5, 6, 7];

/** Rules of the plan: all match, so that a decision goes through every one of them. */
const RULES = 5;

/**
 * A campaign as a big network has it: every assignment with the hours of its buyer (split days, holidays), a nested
 * filter and a price by rates; five rules with conditions of their own, the last for everybody.
 */
export function campaignOf(assignments: number, strategy: Strategy, random: SeededRandom): CampaignSnapshot {
  const all = Array.from({ length: assignments }, (_, index) => assignmentOf(index, random));
  return {
    campaignId: 'cmp_bench' as CampaignId,
    timeZone: 'America/Chicago',
    holidays: ['2025-11-27', '2025-12-25'],
    duplicates: { definition: 'connected', treatment: 'same_buyer', days: 30 },
    planVersion: 1,
    plan: planOf(all, strategy),
    assignments: all,
  };
}

function assignmentOf(index: number, random: SeededRandom): RoutableAssignment {
  return {
    id: `asg_${index.toString(36).padStart(8, '0')}` as AssignmentId,
    buyerId: buyer(index),
    buyerName: `Buyer ${index}`,
    priority: 1 + Math.floor(random.next() * 10),
    weight: 1 + Math.floor(random.next() * 100),
    paused: false,
    hours: null,
    buyerHours: hoursOf(random),
    filter: filterOf(random),
    price: priceOf(random),
    conversionEstimate: Math.round(random.between(0.05, 0.95) * 100) / 100,
  };
}

function buyer(index: number): BuyerId {
  return `buy_${index.toString(36).padStart(8, '0')}` as BuyerId;
}

/** Split days, open around the clock, whenever the bench runs: so all the work behind them is done. */
function hoursOf(random: SeededRandom): Hours {
  const openings = DAYS.flatMap((weekday) => [
    { weekday, from: '00:00', to: '12:30' },
    { weekday, from: '12:30', to: '24:00' },
  ]);
  const holidays = ['2025-11-27', '2025-12-24', '2025-12-25'].map((date) => ({ date, openings: [] }));
  return { timeZone: random.pick(ZONES), openings, holidays };
}

/** Nested three deep; takes most calls. */
function filterOf(random: SeededRandom): Condition {
  const refused = random.pick(STATES);
  return {
    kind: 'all',
    conditions: [
      { kind: 'not', condition: { kind: 'geography', field: 'state', in: [refused] } },
      {
        kind: 'any',
        conditions: [
          { kind: 'tag', tag: 'product', test: { is: 'one_of', values: [...PRODUCTS] } },
          { kind: 'geography', field: 'area_code', in: [...AREA_CODES] },
        ],
      },
      { kind: 'local_time', zone: 'caller', weekdays: DAYS, from: '00:00', to: '24:00' },
    ],
  };
}

function priceOf(random: SeededRandom): BuyerPrice {
  const amount = (): MicrosText => `${1_000_000 + Math.floor(random.next() * 40) * 500_000}` as MicrosText;
  return {
    amountMicros: amount(),
    rates: [
      { when: { kind: 'geography', field: 'state', in: [random.pick(STATES)] }, amountMicros: amount() },
      {
        when: { kind: 'tag', tag: 'age', test: { is: 'between', from: 25, to: 64 } },
        amountMicros: amount(),
      },
    ],
    due: { on: 'duration', seconds: 90 },
  };
}

function planOf(assignments: readonly RoutableAssignment[], strategy: Strategy): RoutingPlan {
  const whens: readonly Condition[] = [
    { kind: 'geography', field: 'country', in: ['US'] },
    { kind: 'source', field: 'channel', in: ['google_ads', 'facebook'] },
    { kind: 'not', condition: { kind: 'holiday', zone: 'campaign' } },
    {
      kind: 'any',
      conditions: [{ kind: 'first_call' }, { kind: 'tag', tag: 'product', test: { is: 'present' } }],
    },
  ];
  const rules = Array.from(
    { length: RULES },
    (_, rule): RoutingRule => ({
      name: `rule ${rule + 1}`,
      when: whens[rule] ?? null,
      strategy,
      candidates:
        whens[rule] === undefined
          ? null
          : assignments.flatMap(({ id }, index) =>
              index % RULES === rule ? [{ assignmentId: id, priority: null, weight: null }] : [],
            ),
      fallback: null,
    }),
  );
  return {
    rules,
    maxAttempts: 5,
    recoverUnderSeconds: null,
    fallback: { kind: 'reject', reason: 'busy' },
  };
}

/** One caller after the other, on a workday afternoon. */
export function factsOf(no: number, assignments: number, random: SeededRandom): RoutingFacts {
  const areaCode = random.pick(AREA_CODES);
  const caller = `+1${areaCode}555${String(no % 10_000).padStart(4, '0')}` as E164;
  const second = Math.floor(random.next() * 3600);
  const at = new Date(Date.UTC(2026, 10, 24, 19, 0, second)).toISOString();
  const tags = { product: random.pick(PRODUCTS), age: `${20 + Math.floor(random.next() * 60)}` };
  return {
    callId: `call_${no}` as CallId,
    at,
    caller,
    geography: callerGeography(caller, {}, tags),
    source: { number: '+14155550100', publisherId: 'pub_bench', channel: 'google_ads' },
    tags,
    history: [
      {
        buyerId: buyer(Math.floor(random.next() * assignments)),
        lastCalledAt: '2026-11-20T15:00:00Z',
        lastConnectedAt: '2026-11-20T15:00:20Z',
        lastConvertedAt: null,
      },
    ],
  };
}
