import type { Request, Response } from 'express';
import { limitRate } from '../../api/dni/rate-limit';
import { buildSnippet } from '../../api/dni/snippet';
import { leaseRequestSchema, pageAddress } from '../../contract/dni';
import { advisePoolSize, type PoolUse } from '../../domain/dni/pool-size';
import { tagsOfCall, type Visitor } from '../../domain/dni/visitor';
import type { DniPoolId, DniSessionId } from '../../domain/ids';

describe('the size of a pool', () => {
  const use: PoolUse = { numbers: 20, days: 14, leases: 5_000, peak: 15, p95: 9, exhausted: 0 };
  it('is so that the most leases at once were 75 % of it', () => {
    expect(advisePoolSize(use).numbers).toBe(20);
    expect(advisePoolSize({ ...use, peak: 16 })).toEqual({
      numbers: 22,
      reason: 'At most 16 leases at once in 14 days, more than 75 % of 20 numbers',
    });
    expect(advisePoolSize({ ...use, peak: 3 })).toEqual({
      numbers: 4,
      reason: 'At most 3 leases at once in 14 days: 4 numbers would be enough',
    });
    expect(advisePoolSize({ ...use, peak: 0 }).numbers).toBe(1);
  });
  it('is at least a third more where the pool ran empty', () => {
    const advice = advisePoolSize({ ...use, peak: 20, exhausted: 7 });
    expect(advice.numbers).toBe(27);
    expect(advice.reason).toContain('empty 7 times');
    // It has lost numbers since: the peak was of a larger one.
    expect(advisePoolSize({ ...use, peak: 30, exhausted: 1 }).numbers).toBe(40);
  });
  it('is not guessed from little', () => {
    expect(advisePoolSize({ ...use, days: 2.5 }).numbers).toBeNull();
    expect(advisePoolSize({ ...use, leases: 99 }).reason).toMatch(/^Not enough data: 99 leases in 14.0 days/);
  });
});

describe('the tags of a visitor’s call', () => {
  const visitor: Visitor = {
    poolId: 'dni_x' as DniPoolId,
    sessionId: 'ses_x' as DniSessionId,
    landingPage: `https://example.com/${'r'.repeat(600)}`,
    referrer: null,
    utm: { utm_source: 'google', utm_medium: 'cpc' },
    clickIds: { gclid: 'abc' },
    tags: { utm_source: 'forged', plan: 'gold' },
  };
  it('are what the number says, then the visit, then the pool; what a page says has names of its own', () => {
    expect(tagsOfCall({ utm_medium: 'own' }, { site: 'main', utm_source: 'none' }, visitor)).toEqual({
      site: 'main',
      utm_source: 'google',
      utm_medium: 'own',
      gclid: 'abc',
      dni_session: 'ses_x',
      landing_page: `https://example.com/${'r'.repeat(492)}`,
      visitor_utm_source: 'forged',
      visitor_plan: 'gold',
    });
    expect(tagsOfCall({}, {}, { ...visitor, landingPage: null })).not.toHaveProperty('landing_page');
    expect(tagsOfCall({ a: '1' }, { a: '2', b: '3' }, null)).toEqual({ a: '1', b: '3' });
  });
  it('of a page never push out those of operators', () => {
    const tags = Object.fromEntries(Array.from({ length: 40 }, (_, n) => [`t${n}`, 'x'.repeat(256)]));
    const own = { product: 'y'.repeat(1000) };
    expect(tagsOfCall(own, {}, { ...visitor, tags })).toMatchObject(own);
  });
});

describe('what a page tells', () => {
  it.each([
    ['https://www.example.com/a/b?email=jane@example.com#x', 'https://www.example.com/a/b'],
    ['https://user:secret@www.example.com/', 'https://www.example.com/'],
    ['https://example.com/jane@example.com/x', 'https://example.com/-/x'],
    ['https://example.com/u/jane%40example.com', 'https://example.com/u/-'],
    ['javascript:alert(1)', null],
    ['android-app://com.example', null],
    ['nonsense', null],
  ])('of an address, only origin and path: %s', (address, kept) => {
    expect(pageAddress(address)).toBe(kept);
  });
  it('is refused when there is too much of it, or something unknown', () => {
    const valid = (body: object): boolean => leaseRequestSchema.safeParse(body).success;
    expect(valid({})).toBe(true);
    expect(valid({ utm: { utm_source: 'x'.repeat(257) } })).toBe(false);
    expect(valid({ utm: { email: 'x' } })).toBe(false);
    expect(valid({ session: 'ses_1' })).toBe(false);
    expect(valid({ tags: Object.fromEntries(Array.from({ length: 21 }, (_, n) => [`t${n}`, ''])) })).toBe(
      false,
    );
  });
});

describe('requests of one address', () => {
  function limiter(perMinute: number) {
    let time = 60_000_000;
    const handler = limitRate(perMinute, () => time);
    const headers = new Map<string, string>();
    const response = { setHeader: (name: string, value: string) => headers.set(name, value) };
    return {
      headers,
      pass: (ms: number) => (time += ms),
      ask: (ip: string): boolean => {
        let passed = false;
        try {
          void handler({ ip } as Request, response as unknown as Response, () => (passed = true));
        } catch {
          return false;
        }
        return passed;
      },
    };
  }
  it('pass up to so many a minute', () => {
    const { ask, pass, headers } = limiter(2);
    expect([ask('192.0.2.1'), ask('192.0.2.1'), ask('192.0.2.1'), ask('192.0.2.2')]).toEqual([
      true,
      true,
      false,
      true,
    ]);
    expect(headers.get('Retry-After')).toBe('60');
    pass(60_000);
    expect(ask('192.0.2.1')).toBe(true);
  });
  it('are one of a whole network of IPv6, however it is written', () => {
    const { ask } = limiter(1);
    expect(ask('2001:db8:1:2::1')).toBe(true);
    expect(ask('2001:db8:1:2:3:4:5:6')).toBe(false);
    expect(ask('2001:db8:1:3::1')).toBe(true);
    expect(ask('2001:db8::1')).toBe(true);
    expect(ask('2001:db8:0:0:9::')).toBe(false);
  });
});

describe('the script for web pages', () => {
  it('is small, and needs nothing that a strict policy forbids', async () => {
    const { code, gzipped } = await buildSnippet();
    expect(gzipped.length).toBeLessThanOrEqual(5_000);
    expect(code).not.toMatch(/\beval\b|new Function|\.innerHTML|document\.write|createElement/);
  });
});
