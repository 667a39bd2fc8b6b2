import fc from 'fast-check';
import type { AssignmentId, CallId } from '../../domain/ids';
import { createDraw, seededRandom } from '../../domain/routing/draw';
import { NO_TURNS, routingSeed } from '../../domain/routing/decide';
import { sortByKey } from '../../domain/routing/order';
import type { Strategy } from '../../domain/routing/plan';
import { routingClock } from '../../domain/routing/rules';
import type { RuleTurns } from '../../domain/routing/round-robin';
import type { CampaignSnapshot, RoutableAssignment } from '../../domain/routing/snapshot';
import {
  assignmentWith,
  bidOf,
  byStrategy,
  decide,
  factsWith,
  micros,
  orderOf,
  reasonsOf,
  ruleWith,
  snapshotWith,
} from './routing-samples';

const WATERFALL: Strategy = { kind: 'waterfall' };
const WEIGHTED: Strategy = { kind: 'weighted' };
const ROUND_ROBIN: Strategy = { kind: 'round_robin' };
const AUCTION = { kind: 'auction', reserveMicros: null, rankBy: 'bid' } as const satisfies Strategy;

/** Different assignments with few different figures, so that ties are common. */
const roster = (maxLength = 12): fc.Arbitrary<RoutableAssignment[]> =>
  fc
    .uniqueArray(
      fc.record({
        id: fc.string({ minLength: 1 }),
        priority: fc.integer({ min: 1, max: 4 }),
        weight: fc.integer({ min: 1, max: 9 }),
        bid: fc.integer({ min: 1, max: 5 }),
        conversionEstimate: fc.constantFrom(0, 0.25, 0.5, 1),
      }),
      { selector: ({ id }) => id, maxLength },
    )
    .map((all) => all.map(({ id, bid, ...rest }) => assignmentWith(id, { ...rest, ...bidOf(bid) })));

const anyStrategy = fc.constantFrom<Strategy>(
  WATERFALL,
  WEIGHTED,
  ROUND_ROBIN,
  AUCTION,
  { ...AUCTION, rankBy: 'expected_revenue' },
  { ...AUCTION, reserveMicros: micros(3) },
);

const order = (snapshot: CampaignSnapshot, seed: string): string[] => orderOf(decide(snapshot, { seed }));

describe('every strategy', () => {
  it('gives the same order for the same call, in whatever order the assignments come', () => {
    fc.assert(
      fc.property(roster(), anyStrategy, fc.string(), (all, strategy, seed) => {
        expect(order(byStrategy(all.toReversed(), strategy), seed)).toEqual(
          order(byStrategy(all, strategy), seed),
        );
      }),
    );
  });

  it('gives the same order again from a copy of its input, as a backtest does', () => {
    fc.assert(
      fc.property(roster(), anyStrategy, fc.string(), (all, strategy, seed) => {
        const snapshot = byStrategy(all, strategy);
        expect(order(structuredClone(snapshot), seed)).toEqual(order(snapshot, seed));
      }),
    );
  });

  it('keeps the order of the others when one has been tried', () => {
    fc.assert(
      fc.property(roster(), anyStrategy, fc.string(), fc.nat(), (all, strategy, seed, n) => {
        const snapshot = byStrategy(all, strategy);
        const full = order(snapshot, seed);
        const tried = full[n % Math.max(1, full.length)];
        fc.pre(tried !== undefined);
        const rest = decide(snapshot, { seed, alreadyTried: [tried as AssignmentId] });
        expect(orderOf(rest)).toEqual(full.filter((id) => id !== tried));
        expect(reasonsOf(rest)).toContain(`${tried}: already_tried`);
      }),
    );
  });

  it('orders thousands as it orders few: by its rule, and every one once', () => {
    const many = Array.from({ length: 3000 }, (_, index) =>
      assignmentWith(`asg_${index}`, {
        priority: 1 + (index % 7),
        weight: 1 + (index % 13),
        ...bidOf(1 + ((index * 7919) % 50)),
      }),
    );
    const byId = new Map(many.map((assignment) => [assignment.id as string, assignment]));
    const amounts = order(byStrategy(many, AUCTION), 'x').map((id) =>
      Number(byId.get(id)?.price.amountMicros),
    );
    expect(amounts).toEqual(amounts.toSorted((a, b) => b - a));
    const priorities = order(byStrategy(many, WATERFALL), 'x').map((id) => byId.get(id)?.priority ?? 0);
    expect(priorities).toEqual(priorities.toSorted((a, b) => a - b));
    const drawn = order(byStrategy(many, WEIGHTED), 'x');
    expect(new Set(drawn).size).toBe(3000);
    // Leaving most out takes the other way through the sort; the order of those that stay is the same.
    const few = many.filter((_, index) => index % 30 === 0);
    const kept = new Set(few.map(({ id }) => id as string));
    expect(order(byStrategy(few, WEIGHTED), 'x')).toEqual(drawn.filter((id) => kept.has(id)));
  });
});

describe('sorting by key', () => {
  /** Doubles of every size and sign, near ones and equal ones. */
  const key = fc.oneof(
    fc.double({ noNaN: true }),
    fc.constantFrom(0, -0, 1, 1 + Number.EPSILON, 1 + 2 * Number.EPSILON, -1, -1 - Number.EPSILON),
    fc.integer({ min: -3, max: 3 }),
  );

  it.each([
    [5, 60],
    [400, 900],
  ])('is what comparing gives, from %i to %i entrants', (minLength, maxLength) => {
    fc.assert(
      fc.property(fc.array(key, { minLength, maxLength, size: 'max' }), (keys) => {
        const items = keys.map((value, position) => ({ value, position }));
        const sorted = sortByKey(
          items,
          ({ value }) => value,
          (a, b) => b.position - a.position,
        );
        const expected = items.toSorted((a, b) =>
          a.value < b.value ? -1 : a.value > b.value ? 1 : b.position - a.position,
        );
        expect(sorted.map(({ position }) => position)).toEqual(expected.map(({ position }) => position));
      }),
      { numRuns: 60 },
    );
  });
});

describe('the draw', () => {
  it('is the first number of the generator seeded with seed and id, for any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }), (seed, id) => {
        const u = createDraw(seed)(id);
        expect(u).toBe(seededRandom(`${seed}/${id}`)());
        expect(u >= 0 && u < 1).toBe(true);
      }),
    );
  });

  it('stays what it is from release to release: calls of the past must replay', () => {
    const draw = createDraw(routingSeed('call_0123456789' as CallId, 7));
    expect(['asg_a', 'asg_b', 'asg_c'].map((id) => draw(id))).toEqual([
      0.2849039507564157, 0.021781041519716382, 0.7299672020599246,
    ]);
  });
});

describe('waterfall', () => {
  it('goes by priority, and has everybody once', () => {
    fc.assert(
      fc.property(roster(), fc.string(), (all, seed) => {
        const decision = decide(byStrategy(all, WATERFALL), { seed });
        expect(orderOf(decision).toSorted()).toEqual(all.map(({ id }) => id as string).toSorted());
        const priorities = decision.candidates.map(({ assignment }) => assignment.priority);
        expect(priorities).toEqual(priorities.toSorted((a, b) => a - b));
      }),
    );
  });

  it('draws equal priorities by weight, within four standard deviations', () => {
    const snapshot = byStrategy(
      [assignmentWith('a', { weight: 1 }), assignmentWith('b', { weight: 3 })],
      WATERFALL,
    );
    const calls = 20_000;
    const first = countFirst(snapshot, calls).get('b') ?? 0;
    expect(Math.abs(first - calls * 0.75)).toBeLessThan(4 * Math.sqrt(calls * 0.75 * 0.25));
  });
});

describe('weighted', () => {
  it('has each first as often as its weight says, within binomial bounds, for any weights', () => {
    const calls = 4000;
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 100 }), { minLength: 2, maxLength: 6 }),
        fc.string({ maxLength: 8 }),
        (weights, prefix) => {
          const all = weights.map((weight, index) => assignmentWith(`asg_${index}`, { weight }));
          const first = countFirst(byStrategy(all, WEIGHTED), calls, prefix);
          const sum = weights.reduce((total, weight) => total + weight, 0);
          weights.forEach((weight, index) => {
            const chance = weight / sum;
            const deviation = Math.sqrt(calls * chance * (1 - chance));
            // Five standard deviations: of the few hundred figures a run looks at, one is out in ten thousand runs.
            expect(Math.abs((first.get(`asg_${index}`) ?? 0) - calls * chance)).toBeLessThanOrEqual(
              5 * deviation + 1,
            );
          });
        },
      ),
      { numRuns: 25 },
    );
  });

  it('has the second by weight among those that are left', () => {
    const weights = [5, 3, 2];
    const snapshot = byStrategy(
      weights.map((weight, index) => assignmentWith(`asg_${index}`, { weight })),
      WEIGHTED,
    );
    const calls = 10_000;
    let [afterFirst, thenSecond] = [0, 0];
    for (let no = 0; no < calls; no++) {
      const [first, second] = order(snapshot, `call_${no}/plan-1`);
      if (first !== 'asg_0') continue;
      afterFirst += 1;
      if (second === 'asg_1') thenSecond += 1;
    }
    const chance = 3 / 5;
    const deviation = Math.sqrt(afterFirst * chance * (1 - chance));
    expect(Math.abs(thenSecond - afterFirst * chance)).toBeLessThan(4 * deviation);
  });

  it('uses the weight of the rule where the rule has one', () => {
    const all = [assignmentWith('a', { weight: 1 }), assignmentWith('b', { weight: 1_000_000 })];
    const candidates = [
      { assignmentId: 'a' as AssignmentId, priority: null, weight: 1_000_000 },
      { assignmentId: 'b' as AssignmentId, priority: null, weight: 0.001 },
    ];
    const snapshot = snapshotWith(all, { rules: [ruleWith('r', { strategy: WEIGHTED, candidates })] });
    expect(countFirst(snapshot, 200).get('a')).toBe(200);
  });
});

describe('round robin', () => {
  it('gives N equal candidates k calls each in N·k calls, in turns', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 6 }), (n, k) => {
        const snapshot = byStrategy(
          Array.from({ length: n }, (_, index) => assignmentWith(`asg_${index}`)),
          ROUND_ROBIN,
        );
        const turns = new Map<AssignmentId, bigint>();
        const taken: string[] = [];
        for (let no = 1; no <= n * k; no++) {
          const [first] = decide(snapshot, {
            turns: new Map([['everyone', turns]]),
            seed: `${no}`,
          }).candidates;
          if (first === undefined) throw new Error('nobody');
          turns.set(first.assignment.id, BigInt(no));
          taken.push(first.assignment.id);
        }
        for (let round = 0; round < k; round++)
          expect(new Set(taken.slice(round * n, round * n + n)).size).toBe(n);
      }),
    );
  });

  it('has whoever was never dialled first, by priority and then id, and then who waits longest', () => {
    const all = [
      assignmentWith('d'),
      assignmentWith('c'),
      assignmentWith('b', { priority: 2 }),
      assignmentWith('x'),
      assignmentWith('y'),
    ];
    const turns: RuleTurns = new Map([
      ['x' as AssignmentId, 90n],
      ['y' as AssignmentId, 12n],
    ]);
    const decision = decide(byStrategy(all, ROUND_ROBIN), { turns: new Map([['everyone', turns]]) });
    expect(orderOf(decision)).toEqual(['c', 'd', 'b', 'y', 'x']);
  });

  it('keeps turns by rule', () => {
    const all = [assignmentWith('a'), assignmentWith('b')];
    const ofOther: RuleTurns = new Map([['a' as AssignmentId, 5n]]);
    const snapshot = byStrategy(all, ROUND_ROBIN);
    expect(orderOf(decide(snapshot, { turns: new Map([['another', ofOther]]) }))).toEqual(['a', 'b']);
    expect(orderOf(decide(snapshot, { turns: new Map([['everyone', ofOther]]) }))).toEqual(['b', 'a']);
    expect(orderOf(decide(snapshot, { turns: NO_TURNS }))).toEqual(['a', 'b']);
  });
});

describe('auction', () => {
  it('goes by bid, equal ones by priority, and the losers follow in the order of their bids', () => {
    fc.assert(
      fc.property(roster(), fc.string(), (all, seed) => {
        const { candidates } = decide(byStrategy(all, AUCTION), { seed });
        candidates.forEach((candidate, index) => {
          const next = candidates[index + 1];
          if (next === undefined) return;
          const [bid, below] = [BigInt(candidate.price.amountMicros), BigInt(next.price.amountMicros)];
          expect(bid >= below).toBe(true);
          if (bid === below) {
            expect(candidate.assignment.priority).toBeLessThanOrEqual(next.assignment.priority);
          }
        });
        expect(candidates.length).toBe(all.length);
      }),
    );
  });

  it('goes by bid times estimate where the rule says so', () => {
    const all = [
      assignmentWith('dear', { ...bidOf(100), conversionEstimate: 0.1 }),
      assignmentWith('sure', { ...bidOf(20), conversionEstimate: 0.9 }),
      assignmentWith('never', { ...bidOf(500), conversionEstimate: 0 }),
    ];
    expect(order(byStrategy(all, AUCTION), 'x')).toEqual(['never', 'dear', 'sure']);
    expect(order(byStrategy(all, { ...AUCTION, rankBy: 'expected_revenue' }), 'x')).toEqual([
      'sure',
      'dear',
      'never',
    ]);
  });

  it('tells bids apart that differ by a millionth, also where a double cannot', () => {
    const amount = (text: string): Pick<RoutableAssignment, 'price'> => ({
      price: { amountMicros: text as ReturnType<typeof micros>, rates: [], due: { on: 'connection' } },
    });
    const all = [
      assignmentWith('low', amount('9007199254740992')),
      assignmentWith('high', amount('9007199254740993')),
    ];
    for (let no = 0; no < 20; no++)
      expect(order(byStrategy(all, AUCTION), `call_${no}`)).toEqual(['high', 'low']);
    const reserve = { ...AUCTION, reserveMicros: '9007199254740993' as ReturnType<typeof micros> };
    expect(order(byStrategy(all, reserve), 'x')).toEqual(['high']);
  });

  it('draws between equal bids of equal priority, fairly and the same for the same call', () => {
    const all = [assignmentWith('a'), assignmentWith('b')];
    const calls = 10_000;
    const first = countFirst(byStrategy(all, AUCTION), calls).get('a') ?? 0;
    expect(Math.abs(first - calls / 2)).toBeLessThan(4 * Math.sqrt(calls / 4));
  });

  it('leaves out bids under the reserve, whatever is expected of them, and says so', () => {
    const all = [
      assignmentWith('a', bidOf(9)),
      assignmentWith('b', bidOf(10)),
      assignmentWith('c', bidOf(11)),
    ];
    const decision = decide(
      byStrategy(all, { kind: 'auction', reserveMicros: micros(10), rankBy: 'expected_revenue' }),
    );
    expect(orderOf(decision)).toEqual(['c', 'b']);
    expect(decision.skipped).toEqual([
      { assignmentId: 'a', reason: 'below_reserve', detail: 'bid 9.00, reserve 10.00' },
    ]);
  });
});

/** How often each comes first in as many calls. */
function countFirst(snapshot: CampaignSnapshot, calls: number, prefix = ''): Map<string, number> {
  const first = new Map<string, number>();
  const clock = routingClock(snapshot, factsWith());
  for (let no = 0; no < calls; no++) {
    const seed = routingSeed(`${prefix}call_${no}` as CallId, 1);
    const [id = 'nobody'] = orderOf(decide(snapshot, { seed, clock }));
    first.set(id, (first.get(id) ?? 0) + 1);
  }
  return first;
}
