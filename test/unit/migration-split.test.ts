import fc from 'fast-check';
import type { CallId, MigrationId } from '../../domain/ids';
import { formatShare, sideOf, splitPoint, WHOLE_SHARE } from '../../domain/migration/split';

const CALLERS = 100_000;
const id = (text: string): MigrationId => text as MigrationId;
const call = (text: string): CallId => text as CallId;
const caller = (no: number): string => `+1415${String(5_550_000 + no).padStart(7, '0')}`;

const known = new Map<string, readonly number[]>();

/** Points of so many callers of consecutive numbers, who look most alike; worked out once a migration. */
function points(migration: string): readonly number[] {
  const before = known.get(migration);
  if (before !== undefined) return before;
  const all = Array.from({ length: CALLERS }, (_, no) =>
    splitPoint({ migrationId: id(migration), caller: caller(no), callId: call('call_1') }),
  );
  known.set(migration, all);
  return all;
}

const anyShare = fc.integer({ min: 0, max: WHOLE_SHARE });
const anyCaller = fc.option(fc.string({ minLength: 1 }), { nil: null });

describe('the side of a call', () => {
  it('is the same for the same caller, whichever call it is', () => {
    fc.assert(
      fc.property(
        fc.string(),
        fc.string({ minLength: 1 }),
        fc.string(),
        fc.string(),
        anyShare,
        (migration, from, one, other, shareBasisPoints) => {
          const split = { migrationId: id(migration), caller: from, shareBasisPoints };
          expect(sideOf({ ...split, callId: call(one) })).toBe(sideOf({ ...split, callId: call(other) }));
        },
      ),
    );
  });

  it('only changes from control to challenger when the share is raised', () => {
    fc.assert(
      fc.property(
        fc.string(),
        anyCaller,
        fc.string(),
        anyShare,
        anyShare,
        (migration, from, callId, a, b) => {
          const split = { migrationId: id(migration), caller: from, callId: call(callId) };
          const low = sideOf({ ...split, shareBasisPoints: Math.min(a, b) });
          const high = sideOf({ ...split, shareBasisPoints: Math.max(a, b) });
          if (low === 'challenger') expect(high).toBe('challenger');
        },
      ),
    );
  });

  it('is control with no share at all, and challenger with all of it', () => {
    fc.assert(
      fc.property(fc.string(), anyCaller, fc.string(), (migration, from, callId) => {
        const split = { migrationId: id(migration), caller: from, callId: call(callId) };
        expect(sideOf({ ...split, shareBasisPoints: 0 })).toBe('control');
        expect(sideOf({ ...split, shareBasisPoints: WHOLE_SHARE })).toBe('challenger');
      }),
    );
  });

  it('is each call’s own where the caller withholds the number', () => {
    const sides = new Set(
      Array.from({ length: 64 }, (_, no) =>
        sideOf({ migrationId: id('m'), caller: null, callId: call(`call_${no}`), shareBasisPoints: 5_000 }),
      ),
    );
    expect(sides.size).toBe(2);
  });

  it('does not take a withheld number for a caller whose name is the call’s', () => {
    const point = (from: string | null): number =>
      splitPoint({ migrationId: id('m'), caller: from, callId: call('call_1') });
    expect(point('call_1')).not.toBe(point(null));
  });

  it('gives the challenger its share of 100,000 callers, within four standard deviations', () => {
    const all = points('mig_1');
    for (const share of [1, 10, 100, 500, 2_500, 5_000, 9_900]) {
      const p = share / WHOLE_SHARE;
      const got = all.filter((point) => point < share).length;
      expect(Math.abs(got - CALLERS * p)).toBeLessThan(4 * Math.sqrt(CALLERS * p * (1 - p)));
    }
  });

  it('spreads callers evenly over the points (chi-square over 100 cells)', () => {
    for (const migration of ['mig_1', 'mig_2']) {
      const cells = Array.from({ length: 100 }, () => 0);
      for (const point of points(migration)) {
        const cell = Math.floor(point / 100);
        cells[cell] = (cells[cell] ?? 0) + 1;
      }
      const expected = CALLERS / 100;
      const chiSquare = cells.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
      // 99 degrees of freedom: 99.99 % of fair draws are below 161.
      expect(chiSquare).toBeLessThan(161);
    }
  });

  it('says nothing about the side in another migration', () => {
    const here = points('mig_1');
    const there = points('mig_2');
    const both = here.filter((point, no) => point < 2_500 && (there[no] ?? 0) < 2_500).length;
    const p = 1 / 16;
    expect(Math.abs(both - CALLERS * p)).toBeLessThan(4 * Math.sqrt(CALLERS * p * (1 - p)));
  });
});

it('shares are written in percent', () => {
  expect([1, 25, 100, 550, 10_000].map(formatShare)).toEqual(['0.01 %', '0.25 %', '1 %', '5.5 %', '100 %']);
});
