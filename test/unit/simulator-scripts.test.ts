import {
  numberBetween,
  parseAnswers,
  parseAttestation,
  parseBehaviour,
  parseBuyers,
  parseCarrier,
  parseHangUp,
  placeWith,
} from '../../scripts/simulate/input';
import { type Mix, planCall } from '../../scripts/simulate/mix';
import { renderRecorded } from '../../scripts/simulate/outcome';
import { SeededRandom } from '../../scripts/simulate/random';
import { renderEvent } from '../../scripts/simulate/timeline';
import { Platform } from './simulator-platform';

describe('what a user types', () => {
  test('names a behaviour, with the talk time behind a colon', () => {
    expect(parseBehaviour('answer:20', 12)).toEqual({ kind: 'answer', talkSeconds: 20 });
    expect(parseBehaviour('answer', 12)).toEqual({ kind: 'answer', talkSeconds: 12 });
    expect(parseBehaviour('no-answer', 12)).toEqual({ kind: 'no-answer' });
    expect(parseBehaviour('answer:press=1', 12)).toEqual({ kind: 'answer', talkSeconds: 12, presses: '1' });
    expect(parseBehaviour('answer:20:press=9#', 12)).toEqual({
      kind: 'answer',
      talkSeconds: 20,
      presses: '9#',
    });
  });

  test.each(['maybe', 'answer:', 'answer:x', 'busy:3', 'answer:1:2', 'answer:press=', 'answer:press=x', ''])(
    'is refused as "%s"',
    (text) => {
      expect(() => parseBehaviour(text, 12)).toThrow(`Unknown buyer behaviour "${text}"`);
    },
  );

  test('gives behaviours in dial order, and some to one number or SIP address', () => {
    const buyers = parseBuyers(
      ['busy', '+12125550111=answer:9:press=1', 'sip:a=b@buyer.example=failed', 'answer:press=1'],
      12,
    );
    expect(buyers.inDialOrder).toEqual([{ kind: 'busy' }, { kind: 'answer', talkSeconds: 12, presses: '1' }]);
    expect(buyers.byDestination).toEqual({
      '+12125550111': { kind: 'answer', talkSeconds: 9, presses: '1' },
      'sip:a=b@buyer.example': { kind: 'failed' },
    });
    expect(() => parseBuyers(['5550111=busy'], 12)).toThrow('is no telephone number');
  });

  test('says when the caller hangs up and what they press', () => {
    expect(parseHangUp(undefined)).toEqual({ during: 'never' });
    expect(parseHangUp('ringing:4.5')).toEqual({ during: 'ringing', afterSeconds: 4.5 });
    expect(() => parseHangUp('soon')).toThrow('Cannot hang up at "soon"');
    expect(parseAnswers('1,,2#,say: yes please')).toEqual(['1', '', '2#', { say: 'yes please' }]);
    expect(() => parseAnswers('one')).toThrow('"one" cannot be pressed');
  });

  test('names a carrier, an attestation, and a place other than the number’s', () => {
    expect(parseCarrier('telnyx')).toBe('telnyx');
    expect(() => parseCarrier('plivo')).toThrow('Unknown carrier "plivo"');
    expect(parseAttestation('B')).toBe('TN-Validation-Passed-B');
    expect(parseAttestation('none')).toBe('TN-Validation-Failed');
    expect(parseAttestation(undefined)).toBeUndefined();
    expect(() => parseAttestation('D')).toThrow('"D" is no attestation');
    const known = { city: 'DENVER', state: 'CO', zip: '80202', country: 'US' };
    expect(placeWith(known, {})).toEqual(known);
    expect(placeWith(known, { state: 'NY', zip: '10001' })).toEqual({
      state: 'NY',
      zip: '10001',
      country: 'US',
    });
  });

  test('stays within bounds', () => {
    const speed = numberBetween(0.1, 10, 'factor');
    expect(speed('2.5')).toBe(2.5);
    for (const wrong of ['', 'x', '0', '11', 'NaN']) expect(() => speed(wrong)).toThrow('from 0.1 to 10');
  });
});

describe('traffic', () => {
  const mix: Mix = { buyers: { answer: 70, busy: 10, 'no-answer': 10, reject: 5 }, hangup: 5 };
  const plan = (seed: number, calls: number) => {
    const random = new SeededRandom(seed);
    return Array.from({ length: calls }, () => planCall(mix, ['+14155550100'], 12, random));
  };

  test('is the same for the same seed, and another for another', () => {
    expect(plan(7, 50)).toEqual(plan(7, 50));
    expect(plan(7, 50)).not.toEqual(plan(8, 50));
  });

  test('holds the shares asked for', () => {
    const calls = plan(1, 20_000);
    const share = (matches: (call: (typeof calls)[number]) => boolean): number =>
      calls.filter(matches).length / calls.length;
    expect(share((call) => call.callerHangUp.during !== 'never')).toBeCloseTo(0.05, 1.5);
    expect(share((call) => call.buyers.inDialOrder?.[0]?.kind === 'answer')).toBeCloseTo(70 / 95, 1.5);
    expect(calls.every((call) => /^\+1\d{10}$/.test(call.from))).toBe(true);
  });

  test('arrives at the rate asked for on average', () => {
    const random = new SeededRandom(3);
    const total = Array.from({ length: 20_000 }, () => random.exponential(5)).reduce(
      (sum, gap) => sum + gap,
      0,
    );
    expect(total / 20_000).toBeCloseTo(0.2, 2);
  });

  test('never picks what has no weight', () => {
    const random = new SeededRandom(5);
    const picks = Array.from({ length: 1000 }, () => random.weighted({ never: 0, always: 0.001 }));
    expect(new Set(picks)).toEqual(new Set(['always']));
    expect(() => random.weighted({ never: 0 })).toThrow('all weights are 0');
  });
});

describe('what a user reads', () => {
  test('is one line per event, at most 100 columns wide and without colours when not on a terminal', async () => {
    const platform = new Platform();
    await platform.start();
    try {
      platform.twiml(
        '/voice',
        `<Say>${'Welcome to a very long greeting. '.repeat(9)}</Say><Dial>+12125550111</Dial>`,
      );
      const call = await platform.call();
      const lines = call.events.flatMap((event) => renderEvent(event, false) ?? []);
      expect(lines.length).toBeGreaterThan(10);
      for (const line of lines) {
        expect(line.length).toBeLessThanOrEqual(100);
        expect(line).not.toContain('\u001b');
        expect(line).not.toContain('\n');
      }
    } finally {
      await platform.stop();
    }
  });

  test('shows outcome, timeline, attempts and money of the recorded call', () => {
    const lines = renderRecorded({
      id: 'c1',
      outcome: 'connected',
      outcomeReason: 'buyer 2 answered',
      timeline: [
        {
          at: '2026-01-02T03:04:05.678Z',
          step: 'screened',
          decision: 'let in',
          detail: { campaign: 'Solar' },
        },
      ],
      attempts: [
        {
          no: 1,
          state: 'busy',
          buyerName: 'Acme',
          destinations: [
            { kind: 'tel', number: '+12125550111' },
            { kind: 'sip', uri: 'sip:desk@acme.example' },
          ],
        },
        {
          no: 2,
          state: 'completed',
          buyerName: 'Best',
          destinations: [{ kind: 'tel', number: '+12125550112' }],
          acceptedAt: '2026-01-02T03:04:09.000Z',
          talkSeconds: 30,
        },
      ],
      ledger: [
        { kind: 'revenue', amountMicros: '12500000', currency: 'USD' },
        { kind: 'payout', amountMicros: '-123456', currency: 'USD' },
      ],
    });
    expect(lines).toEqual([
      'Outcome: connected (buyer 2 answered)',
      'Recorded timeline',
      '  03:04:05.678  screened      let in  campaign=Solar',
      'Attempts',
      '  1. busy       Acme  +12125550111, sip:desk@acme.example',
      '  2. completed  Best  +12125550112  accepted  30 s of conversation',
      'Ledger',
      '  revenue   12.50 USD',
      '  payout    -0.123456 USD',
    ]);
  });
});
