import type { DialOutcome } from '../../domain/backtest/outcomes';
import type { LimitSeries } from '../../domain/backtest/limit-rules';
import { summarise, type Range } from '../../domain/backtest/summary';
import { ONLY_DIALLED } from '../../domain/limits/happened';
import type { CountedEvent, LimitWindow, Scope, ScopeKind } from '../../domain/limits/limit';
import { seededRandom } from '../../domain/routing/draw';
import type { RoutingRule, Strategy } from '../../domain/routing/plan';
import { after, dialableWith, limitOn, ringing, talk, versionOf } from './backtest-samples';
import { backtest, routeLive, type World } from './backtest-world';
import { micros, NEVER_OPEN, ruleOf, ruleWith } from './routing-samples';

const CALLS = 150;
/** Seconds over which they come in. */
const SPAN = 3 * 3_600;
const STRATEGIES: readonly Strategy[] = [
  { kind: 'waterfall' },
  { kind: 'weighted' },
  { kind: 'round_robin' },
  { kind: 'auction', reserveMicros: micros(4), rankBy: 'bid' },
  { kind: 'auction', reserveMicros: null, rankBy: 'expected_revenue' },
];

/** Somebody's chances. */
class Chance {
  private readonly random: () => number;

  constructor(seed: string) {
    this.random = seededRandom(seed);
  }

  below(n: number): number {
    return Math.floor(this.random() * n);
  }

  of<T>(values: readonly T[]): T {
    return values[this.below(values.length)] as T;
  }

  is(probability: number): boolean {
    return this.random() < probability;
  }
}

function truthOf(chance: Chance): DialOutcome {
  const seconds = 1 + chance.below(300);
  if (chance.is(0.5)) return chance.is(0.9) ? talk(seconds) : { ...talk(seconds), talkSeconds: null };
  const state = chance.of(['busy', 'no_answer', 'failed', 'rejected', 'canceled', 'dropped'] as const);
  return ringing(state, 1 + chance.below(30));
}

function limitFrom(chance: Chance, no: number, scopes: readonly Scope[]): LimitSeries {
  const scope = chance.of(scopes);
  const window = chance.of<LimitWindow>(['concurrency', 'concurrency', 'hour', 'day', 'total']);
  const counts =
    window === 'concurrency'
      ? 'attempt'
      : chance.of<CountedEvent>(['attempt', 'connection', 'conversion', 'spend']);
  const unit = counts === 'spend' ? 10_000_000n : 1n;
  const maximum = BigInt(1 + chance.below(window === 'concurrency' ? 3 : 25)) * unit;
  const change = after(chance.below(SPAN));
  return limitOn(scope, {
    limitId: `lim_${no}`,
    scopeKind: scope.slice(0, scope.indexOf(':')) as ScopeKind,
    window,
    counts,
    currency: counts === 'spend' ? 'USD' : null,
    starts: window === 'hour' ? [0, 1, 2, 3].map((hour) => after(hour * 3_600 - 1_800)) : [-Infinity],
    spans: [
      { from: chance.is(0.3) ? after(chance.below(SPAN / 2)) : -Infinity, until: change, maximum },
      ...(chance.is(0.8) ? [{ from: change, until: Infinity, maximum: 2n * maximum }] : []),
    ],
  });
}

function rulesFrom(chance: Chance, ids: readonly string[]): RoutingRule[] {
  const some = ids.filter(() => chance.is(0.7));
  const when = { kind: 'tag', tag: 't', test: { is: 'one_of', values: ['x', 'y'] } } as const;
  return [
    ruleOf('some', some, { strategy: chance.of(STRATEGIES), when }),
    ruleWith('everyone', { strategy: chance.of(STRATEGIES) }),
  ];
}

function worldOf(seed: string): { readonly world: World; readonly rules: readonly RoutingRule[] } {
  const chance = new Chance(seed);
  const assignments = Array.from({ length: 3 + chance.below(4) }, (_, n) =>
    dialableWith(`asg_${n}`, {
      priority: 1 + chance.below(3),
      weight: 1 + chance.below(5),
      hours: chance.is(0.1) ? NEVER_OPEN : null,
      conversionEstimate: 0.1 + 0.1 * chance.below(9),
      price: {
        amountMicros: micros(1 + chance.below(20)),
        rates: [
          {
            when: { kind: 'tag', tag: 't', test: { is: 'one_of', values: ['x'] } },
            amountMicros: micros(5 + chance.below(20)),
          },
        ],
        due: chance.is(0.5) ? { on: 'connection' } : { on: 'duration', seconds: 90 },
      },
    }),
  );
  const ids = assignments.map(({ id }) => id);
  const scopes: Scope[] = [
    'campaign:cmp_1',
    'publisher:pub_1',
    ...assignments.flatMap(({ id, buyerId }) => [`assignment:${id}`, `buyer:${buyerId}`] as const),
    `destination:sip:${ids[0] ?? ''}@example.com`,
  ];
  const series = Array.from({ length: 2 + chance.below(6) }, (_, no) => limitFrom(chance, no, scopes));
  const calls = Array.from({ length: CALLS }, () => Math.floor(chance.below(SPAN * 1_000)) / 1_000)
    .toSorted((a, b) => a - b)
    .map((chosen, n) => ({
      id: `call_${n}`,
      chosen,
      // Some ask for room later than others who were chosen for after them.
      lag: chance.is(0.2) ? chance.below(200_000) / 1_000 : 0.02,
      tags: { t: chance.of(['x', 'y', 'z']) },
    }));
  const others = Array.from({ length: 40 }, () => {
    const reservedAt = after(chance.below(SPAN)) + 0.5;
    return {
      reservedAt,
      resolvedAt: reservedAt + 1_000 * (1 + chance.below(900)),
      scopes: [chance.of(scopes)],
      spend: 3_000_000n,
      payout: 1_000_000n,
      currency: 'USD',
      happened: { ...ONLY_DIALLED, connected: chance.is(0.5) },
    };
  });
  return {
    rules: rulesFrom(chance, ids),
    world: {
      assignments,
      calls,
      series,
      others,
      carried: series
        .filter(({ window }) => window !== 'concurrency')
        .map((each) => ({ series: each, amount: BigInt(chance.below(3)) })),
      payout: chance.is(0.7)
        ? { amountMicros: micros(2), due: { on: 'duration', seconds: 30 + chance.below(60) } }
        : null,
      turns: ids.filter(() => chance.is(0.5)),
      truth: ({ id }, assignment) => truthOf(new Chance(`${seed}/${id}/${assignment}`)),
    },
  };
}

describe('calls that are run again under the version that chose', () => {
  const SEEDS = Array.from({ length: 60 }, (_, n) => `world ${n}`);
  /** What the worlds came to, all together: that none of it was left out. */
  const seen = { refused: 0, exhausted: 0, abandonedRinging: 0, noCandidate: 0, redialled: 0, connected: 0 };

  it.each(SEEDS)('come to what they came to: %s', (seed) => {
    const { world, rules } = worldOf(seed);
    const plan = versionOf(1, { rules, maxAttempts: 3 });
    const calls = routeLive(world, plan);
    const run = backtest(world, calls, plan);
    const summary = summarise(
      run.observed,
      run.runs.map(({ tally }) => tally),
    );
    expect(summary.modelled).toEqual(sureOf(run.observed.figures));
    expect(summary.outcomes.drawn).toEqual(sure(0));
    for (const { observed, modelled, drawn } of summary.buyers)
      expect([modelled, drawn]).toEqual([sureOf(observed), false]);
    for (const { limitId, observed, modelled } of summary.limits)
      expect({ limitId, modelled }).toEqual({ limitId, modelled: sure(observed) });
    expect(run.differences).toEqual({ same: CALLS, otherBuyer: 0, gained: 0, lost: 0 });
    expect(run.takeDifferences()).toEqual([]);
    expect([run.calls, run.reproduced]).toEqual([CALLS, CALLS]);
    const { figures, refusals } = run.observed;
    seen.refused += refusals.size;
    seen.redialled += figures.dials - figures.dialled;
    for (const key of ['exhausted', 'abandonedRinging', 'noCandidate', 'connected'] as const)
      seen[key] += figures[key];
  });

  it('were of every kind', () => {
    for (const [kind, times] of Object.entries(seen)) expect([kind, times > 100]).toEqual([kind, true]);
  });
});

function sure<N extends number | bigint>(value: N): Range<N> {
  return { mean: value, low: value, high: value };
}

/** Every run came to the same. */
function sureOf(figures: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(figures).map(([key, value]) => [key, sure(value as number | bigint)]),
  );
}
