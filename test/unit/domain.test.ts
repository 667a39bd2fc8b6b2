import fc from 'fast-check';
import { attribute } from '../../domain/call/attribution';
import {
  formatMicros,
  microsFromText,
  microsToText,
  type Currency,
  type Micros,
  type MicrosText,
} from '../../domain/money';
import { callIdOf } from '../../telephony/call-id';
import { callWorkflowId, carrierCallFromWorkflowId } from '../../workflows/ids';

describe('money', () => {
  it('survives its text form for any amount', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 18n), max: 10n ** 18n }), (amount) => {
        expect(microsFromText(microsToText(amount as Micros))).toBe(amount);
      }),
    );
  });
  it.each(['', '1.5', '1e6', '0x10', ' 1', '1_000', 'NaN'])('refuses "%s"', (text) => {
    expect(() => microsFromText(text)).toThrow(RangeError);
  });
  it.each([
    [1_500_000n, '1.50'],
    [-20_000_000n, '-20.00'],
    [1n, '0.000001'],
    [0n, '0.00'],
    [123_456_000n, '123.456'],
  ])('shows %s micros as %s', (amount, text) => expect(formatMicros(amount as Micros)).toBe(text));
});

describe('attribution', () => {
  const terms = (buyer: number, publisher: number) => ({
    currency: 'USD' as Currency,
    price: { amountMicros: '20' as MicrosText, due: { on: 'duration' as const, seconds: buyer } },
    payout: { amountMicros: '8' as MicrosText, due: { on: 'duration' as const, seconds: publisher } },
  });
  it('falls due at the very second, each side by its own rule', () => {
    expect(attribute({ terms: terms(60, 30), talkSeconds: 60 })).toEqual({
      converted: true,
      revenue: 20n,
      paid: true,
      payout: 8n,
    });
    expect(attribute({ terms: terms(60, 30), talkSeconds: 59 })).toEqual({
      converted: false,
      revenue: 0n,
      paid: true,
      payout: 8n,
    });
    expect(attribute({ terms: terms(60, 30), talkSeconds: 29 })).toEqual({
      converted: false,
      revenue: 0n,
      paid: false,
      payout: 0n,
    });
  });
  it('never meets a duration nobody has seen', () => {
    expect(attribute({ terms: terms(0, 0), talkSeconds: null })).toMatchObject({ converted: false });
  });
});

describe('ids', () => {
  it('of workflows can be read back, whatever a carrier calls its calls', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme' }),
        fc.string({ unit: 'grapheme', minLength: 1 }),
        (accountSid, sid) => {
          const call = { carrier: 'twilio', accountSid, sid };
          expect(carrierCallFromWorkflowId(callWorkflowId(call))).toEqual(call);
        },
      ),
    );
  });
  it.each(['', 'call/twilio', 'migration/x', 'call/a/b/c/d'])(
    '"%s" is not the workflow id of a call',
    (id) => {
      expect(() => carrierCallFromWorkflowId(id)).toThrow(RangeError);
    },
  );
  it('of calls differ when any part does, and never mix parts up', () => {
    expect(callIdOf('twilio', 'a', 'bc')).not.toBe(callIdOf('twilio', 'ab', 'c'));
    expect(callIdOf('twilio', 'a', 'b')).toBe(callIdOf('twilio', 'a', 'b'));
    expect(callIdOf('twilio', 'a', 'b')).toMatch(/^call_[0-9a-hj-km-np-tv-z]{20}$/);
  });
});
