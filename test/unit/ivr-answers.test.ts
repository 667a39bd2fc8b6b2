import fc from 'fast-check';
import { readAnswer, type CallerInput } from '../../domain/ivr/answer';
import { readLookup } from '../../domain/ivr/lookup';
import { gather, lookup, menu } from './ivr-flows';

const keys = (digits: string | null): CallerInput => ({ digits, speech: null });
const words = (speech: string | null): CallerInput => ({ digits: null, speech });

describe('an answer to a menu', () => {
  it('qualifies the call where the option has a tag', () => {
    expect(readAnswer(menu(), keys('1'))).toEqual({
      kind: 'accepted',
      next: 'zip',
      tags: { intent: 'quote' },
      decision: 'intent = quote',
    });
  });
  it('only leads on where it has none', () => {
    expect(readAnswer(menu(), keys('2'))).toEqual({
      kind: 'accepted',
      next: 'service',
      tags: {},
      decision: 'pressed 2',
    });
  });
  it.each([
    [keys(null), 'silence'],
    [keys(''), 'silence'],
    [words('a quote please'), 'silence'],
    [keys('3'), 'no such option'],
    [keys('11'), 'no such option'],
  ])('does not count for %j: %s', (input, decision) => {
    expect(readAnswer(menu(), input)).toEqual({ kind: 'invalid', decision });
  });
  it('may be the pound or star key', () => {
    const node = menu({ options: [{ digit: '#', tag: null, value: null, next: 'operator' }] });
    expect(readAnswer(node, keys('#'))).toMatchObject({ kind: 'accepted', next: 'operator' });
  });
});

describe('an answer to a gather', () => {
  it.each(['94105', '94105#'])('of %s is kept without the key that ends it', (digits) => {
    expect(readAnswer(gather(), keys(digits))).toEqual({
      kind: 'accepted',
      next: 'crm',
      tags: { zip: '94105' },
      decision: 'zip = 94105',
    });
  });
  it.each([
    [null, 'silence'],
    ['', 'silence'],
    ['#', 'too short: 0 of at least 5 digits'],
    ['9410#', 'too short: 4 of at least 5 digits'],
    ['941050', 'too long: 6 of at most 5 digits'],
    ['94*05', 'not only digits'],
    ['94105##', 'not only digits'],
    ['94105*', 'not only digits'],
  ])('does not count for the keys %s: %s', (digits, decision) => {
    expect(readAnswer(gather(), keys(digits))).toEqual({ kind: 'invalid', decision });
  });
  it('does not lose a key that ends nothing', () => {
    expect(readAnswer(gather({ terminator: null }), keys('94105#'))).toMatchObject({ kind: 'invalid' });
    expect(readAnswer(gather({ terminator: '*' }), keys('94105*'))).toMatchObject({ tags: { zip: '94105' } });
  });
  it('takes speech at any length, trimmed', () => {
    const node = gather({ input: 'speech', tag: 'city' });
    expect(readAnswer(node, words('  San José ')).decision).toBe('city = San José');
    expect(readAnswer(node, words('y'))).toMatchObject({ tags: { city: 'y' } });
    expect(readAnswer(node, words('   '))).toEqual({ kind: 'invalid', decision: 'silence' });
  });
  it('does not take what it did not ask for', () => {
    expect(readAnswer(gather({ input: 'speech' }), keys('94105'))).toEqual({
      kind: 'invalid',
      decision: 'keys where speech is asked for',
    });
    expect(readAnswer(gather({ input: 'digits' }), words('nine'))).toEqual({
      kind: 'invalid',
      decision: 'speech where keys are asked for',
    });
  });
  it('takes either where both are asked for, and keys before words', () => {
    const node = gather({ input: 'digits_or_speech' });
    expect(readAnswer(node, words('downtown'))).toMatchObject({ tags: { zip: 'downtown' } });
    expect(readAnswer(node, { digits: '94105', speech: 'uh' })).toMatchObject({ tags: { zip: '94105' } });
    expect(readAnswer(node, { digits: '9', speech: 'downtown' })).toMatchObject({ kind: 'invalid' });
    expect(readAnswer(node, keys(null))).toEqual({ kind: 'invalid', decision: 'silence' });
  });
  it('that is accepted is always of the length asked for, and made of digits', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(...'0123456789*#'.split('')) }),
        fc.nat(6),
        fc.nat(6),
        fc.constantFrom('#' as const, '*' as const, null),
        (digits, minLength, more, terminator) => {
          const node = gather({ minLength, maxLength: minLength + more, terminator });
          const answer = readAnswer(node, keys(digits));
          if (answer.kind === 'invalid') return;
          const kept = answer.tags['zip'] ?? '';
          expect(kept).toMatch(/^[0-9]*$/);
          expect(kept.length).toBeGreaterThanOrEqual(minLength);
          expect(kept.length).toBeLessThanOrEqual(minLength + more);
          expect([kept, `${kept}${terminator ?? ''}`]).toContain(digits);
        },
      ),
    );
  });
});

describe('a lookup', () => {
  const fields = [
    { path: 'customer.tier', tag: 'tier' },
    { path: 'score', tag: 'score' },
    { path: 'customer.active', tag: 'active' },
  ];
  const read = (body: unknown, node = lookup({ fields })) => readLookup(node, { ok: true, body });

  it('makes tags of text, numbers and truth', () => {
    expect(read({ customer: { tier: 'gold', active: false }, score: 7.5 })).toEqual({
      next: 'known',
      tags: { tier: 'gold', score: '7.5', active: 'false' },
      decision: 'tier = gold, score = 7.5, active = false',
    });
  });
  it('leaves out what makes no tag, and names it', () => {
    expect(read({ customer: { tier: { name: 'gold' }, active: null }, score: [1] })).toEqual({
      next: 'known',
      tags: {},
      decision: 'answered; left out: customer.tier (an object), score (a list), customer.active (null)',
    });
    expect(read({ score: 1 }).decision).toBe(
      'score = 1; left out: customer.tier (missing), customer.active (missing)',
    );
  });
  it.each([
    ['x'.repeat(1025), 'over 1024 characters'],
    ['a\u0000b', 'not text'],
    ['half a \ud83d pair', 'not text'],
    [Number.POSITIVE_INFINITY, 'no finite number'],
  ])('does not keep what cannot be stored', (score, why) => {
    const { tags, decision } = read({ score });
    expect(tags).toEqual({});
    expect(decision).toContain(`score (${why})`);
  });
  it('keeps whole characters of any script, up to the longest', () => {
    expect(read({ score: '名前 😀' }).tags).toEqual({ score: '名前 😀' });
    expect(read({ score: 'x'.repeat(1024) }).tags).toEqual({ score: 'x'.repeat(1024) });
  });
  it.each(['__proto__.constructor.name', 'constructor.name', 'toString', 'name.length'])(
    'does not reach into what every object inherits by %s',
    (path) => {
      const node = lookup({ fields: [{ path, tag: 'tier' }] });
      expect(read({ name: 'x' }, node)).toMatchObject({
        tags: {},
        decision: `answered; left out: ${path} (missing)`,
      });
    },
  );
  it('reads entries of lists by their number', () => {
    const node = lookup({ fields: [{ path: 'policies.0.id', tag: 'policy' }] });
    expect(read({ policies: [{ id: 'p1' }] }, node).tags).toEqual({ policy: 'p1' });
  });
  it.each([null, [], 'text', 3, undefined])('has failed when %j is all it says', (body) => {
    expect(read(body)).toEqual({
      next: 'buyers',
      tags: {},
      decision: 'failed: the answer is no JSON object',
    });
  });
  it('has failed when nobody answers, and says why', () => {
    expect(readLookup(lookup(), { ok: false, reason: 'no answer within 500 ms' })).toEqual({
      next: 'buyers',
      tags: {},
      decision: 'failed: no answer within 500 ms',
    });
  });
  it('reads any JSON there is', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.string(), (body, path) => {
        const { next, tags } = read(body, lookup({ fields: [{ path, tag: 'tier' }] }));
        expect(['known', 'buyers']).toContain(next);
        for (const value of Object.values(tags)) expect(value.length).toBeLessThanOrEqual(1024);
      }),
    );
  });
});
