import fc from 'fast-check';
import { attribute } from '../../domain/call/attribution';
import { isOpen, type Hours, type Weekday } from '../../domain/hours';
import type { AssignmentId, BuyerId, CallId, E164 } from '../../domain/ids';
import {
  formatMicros,
  microsFromText,
  microsToText,
  type Currency,
  type Micros,
  type MicrosText,
} from '../../domain/money';
import { orderCandidates, type RoutableAssignment } from '../../domain/routing/candidates';
import { screen } from '../../domain/screening';
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
      payout: 8n,
    });
    expect(attribute({ terms: terms(60, 30), talkSeconds: 59 })).toEqual({
      converted: false,
      revenue: 0n,
      payout: 8n,
    });
    expect(attribute({ terms: terms(60, 30), talkSeconds: 29 })).toEqual({
      converted: false,
      revenue: 0n,
      payout: 0n,
    });
  });
  it('never meets a duration nobody has seen', () => {
    expect(attribute({ terms: terms(0, 0), talkSeconds: null })).toMatchObject({ converted: false });
  });
});

describe('waterfall', () => {
  const assignment = (id: string, priority: number, weight = 1): RoutableAssignment => ({
    id: id as AssignmentId,
    buyerId: `buy_${id}` as BuyerId,
    buyerName: id,
    destination: { kind: 'tel', number: '+14155550200' as E164 },
    priority,
    weight,
    paused: false,
    hours: null,
  });
  const order = (assignments: RoutableAssignment[], call: string, alreadyTried: string[] = []) =>
    orderCandidates({
      callId: call as CallId,
      planVersion: 1,
      strategy: 'waterfall',
      assignments,
      alreadyTried: alreadyTried as AssignmentId[],
      at: '2026-01-05T12:00:00Z',
    });
  const ids = (assignments: readonly RoutableAssignment[]) => assignments.map(({ id }) => id);
  const list = fc
    .uniqueArray(
      fc.record({
        id: fc.string({ minLength: 1 }),
        priority: fc.integer({ min: 1, max: 4 }),
        weight: fc.integer({ min: 1, max: 9 }),
      }),
      {
        selector: ({ id }) => id,
        maxLength: 12,
      },
    )
    .map((all) => all.map(({ id, priority, weight }) => assignment(id, priority, weight)));

  it('goes by priority, and has everybody once', () => {
    fc.assert(
      fc.property(list, fc.string(), (all, call) => {
        const { ordered } = order(all, call);
        expect([...ids(ordered)].sort()).toEqual([...ids(all)].sort());
        const priorities = ordered.map(({ priority }) => priority);
        expect(priorities).toEqual([...priorities].sort((a, b) => a - b));
      }),
    );
  });
  it('gives the same order for the same call, in whatever order rows come', () => {
    fc.assert(
      fc.property(list, fc.string(), (all, call) => {
        expect(ids(order([...all].reverse(), call).ordered)).toEqual(ids(order(all, call).ordered));
      }),
    );
  });
  it('keeps the order of the rest when one has been tried', () => {
    fc.assert(
      fc.property(list, fc.string(), fc.nat(), (all, call, n) => {
        const full = ids(order(all, call).ordered);
        const tried = full[n % Math.max(1, full.length)];
        if (tried === undefined) return;
        const rest = order(all, call, [tried]);
        expect(ids(rest.ordered)).toEqual(full.filter((id) => id !== tried));
        expect(rest.skipped).toEqual([{ assignmentId: tried, reason: 'already_tried' }]);
      }),
    );
  });
  it('draws equal priorities by weight, within four standard deviations', () => {
    const all = [assignment('a', 1, 1), assignment('b', 1, 3)];
    const calls = 20_000;
    let first = 0;
    for (let i = 0; i < calls; i++) if (order(all, `call-${i}`).ordered[0]?.id === 'b') first += 1;
    const deviation = Math.sqrt(calls * 0.75 * 0.25);
    expect(Math.abs(first - calls * 0.75)).toBeLessThan(4 * deviation);
  });
  it('says why somebody is not eligible', () => {
    const closed = { ...assignment('c', 1), hours: { timeZone: 'UTC', openings: [] } };
    const paused = { ...assignment('p', 1), paused: true };
    expect(order([closed, paused], 'x')).toEqual({
      ordered: [],
      skipped: [
        { assignmentId: 'c', reason: 'closed' },
        { assignmentId: 'p', reason: 'paused' },
      ],
    });
  });
});

describe('hours', () => {
  const hours = (weekday: Weekday, from: string, to: string, timeZone = 'America/New_York'): Hours => ({
    timeZone,
    openings: [{ weekday, from, to }],
  });
  it('opens at the first second and closes at the last one, in its own zone', () => {
    const monday = hours(1, '09:00', '17:30');
    expect(isOpen(monday, '2026-01-05T13:59:59Z')).toBe(false);
    expect(isOpen(monday, '2026-01-05T14:00:00Z')).toBe(true);
    expect(isOpen(monday, '2026-01-05T22:29:59Z')).toBe(true);
    expect(isOpen(monday, '2026-01-05T22:30:00Z')).toBe(false);
  });
  it('is open twice in the hour that comes twice, and never in the one that is skipped', () => {
    const autumn = hours(7, '01:00', '02:00');
    expect(isOpen(autumn, '2026-11-01T05:30:00Z')).toBe(true);
    expect(isOpen(autumn, '2026-11-01T06:30:00Z')).toBe(true);
    expect(isOpen(autumn, '2026-11-01T07:00:00Z')).toBe(false);
    const spring = hours(7, '02:00', '03:00');
    for (let minute = 0; minute < 24 * 60; minute += 10) {
      const at = new Date(Date.parse('2026-03-08T05:00:00Z') + minute * 60_000).toISOString();
      expect(isOpen(spring, at)).toBe(false);
    }
  });
  it('knows zones with half an hour', () => {
    expect(isOpen(hours(1, '00:00', '24:00', 'Asia/Kolkata'), '2026-01-04T18:30:00Z')).toBe(true);
    expect(isOpen(hours(1, '00:00', '24:00', 'Asia/Kolkata'), '2026-01-04T18:29:59Z')).toBe(false);
  });
  it('refuses a zone that does not exist', () => {
    expect(() => isOpen(hours(1, '00:00', '24:00', 'Mars/Olympus'), '2026-01-04T18:30:00Z')).toThrow(
      RangeError,
    );
  });
});

describe('screening', () => {
  const call = {
    campaignStatus: 'active',
    hours: null,
    callerBlocked: false,
    callerAnonymous: false,
    anonymousCallers: 'allow',
    at: '2026-01-05T12:00:00Z',
  } as const;
  it('lets a call pass that nothing speaks against', () => expect(screen(call)).toEqual({ pass: true }));
  it.each(['draft', 'paused', 'archived'] as const)(
    'takes no calls for a campaign that is %s',
    (campaignStatus) => {
      expect(screen({ ...call, campaignStatus, callerBlocked: true })).toMatchObject({ outcome: 'paused' });
    },
  );
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
