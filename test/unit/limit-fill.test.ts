import fc from 'fast-check';
import { fillShare, fullest, type Fill } from '../../domain/limits/fill';

const fill = (limitId: string, used: bigint, limit: bigint): Fill => ({
  limitId,
  scope: 'buyer:buy_a',
  window: 'day',
  counts: 'connection',
  currency: null,
  used,
  limit,
});

describe('the fullest limit', () => {
  it('is the one of which most is used, however large it is', () => {
    expect(
      fullest([fill('lim_a', 9n, 10n), fill('lim_b', 950n, 1_000n), fill('lim_c', 0n, 1n)])?.limitId,
    ).toBe('lim_b');
  });

  it('takes a limit of nothing for full, and the first by id where two are equally full', () => {
    expect(fullest([fill('lim_b', 1n, 1n), fill('lim_a', 0n, 0n)])?.limitId).toBe('lim_a');
    expect(fullest([fill('lim_a', 0n, 0n), fill('lim_b', 3n, 2n)])?.limitId).toBe('lim_b');
    expect(fillShare(fill('lim_a', 0n, 0n))).toBeNull();
  });

  it('is none where there is no limit', () => {
    expect(fullest([])).toBeNull();
  });

  it('does not depend on the order', () => {
    const fillArb = fc
      .tuple(fc.integer({ min: 0, max: 9 }), fc.bigInt(0n, 20n), fc.bigInt(0n, 20n))
      .map(([id, used, limit]) => fill(`lim_${id}`, used, limit));
    const list = fc.uniqueArray(fillArb, { selector: ({ limitId }) => limitId, maxLength: 8 });
    fc.assert(
      fc.property(list, (fills) => {
        expect(fullest(fills.toReversed())).toEqual(fullest(fills));
      }),
    );
  });
});
