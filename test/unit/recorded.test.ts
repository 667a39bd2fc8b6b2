import { readRecordedCampaign, readRecordedFacts } from '../../activities/backtest/recorded';
import { dialableAssignmentSchema } from '../../activities/call/assignment';
import { assignmentDigest, recordedForm, type Recordable } from '../../activities/call/recording';
import type { RecordedFacts } from '../../domain/backtest/record';
import type { AssignmentId, BuyerId, E164 } from '../../domain/ids';
import type { Currency, MicrosText } from '../../domain/money';
import type { DialableAssignment } from '../../domain/routing/snapshot';

const tel = (number: string) => ({ kind: 'tel' as const, number: number as E164 });

const assignment: DialableAssignment = {
  id: 'asg_1' as AssignmentId,
  buyerId: 'buy_1' as BuyerId,
  buyerName: 'Étienne & Søn',
  priority: 2,
  weight: 0.1,
  paused: false,
  hours: {
    timeZone: 'America/Chicago',
    openings: [{ weekday: 1, from: '09:00', to: '24:00' }],
    holidays: [{ date: '2026-12-25', openings: [] }],
  },
  buyerHours: null,
  filter: {
    kind: 'all',
    conditions: [
      { kind: 'not', condition: { kind: 'geography', field: 'state', in: ['CA', 'NY'] } },
      { kind: 'tag', tag: 'age', test: { is: 'between', from: 18, to: null } },
    ],
  },
  price: {
    amountMicros: '12500000' as MicrosText,
    rates: [
      {
        when: { kind: 'caller_history', event: 'connected', withinDays: 1.5, buyerIds: null },
        amountMicros: '1' as MicrosText,
      },
    ],
    due: { on: 'duration', seconds: 90 },
  },
  conversionEstimate: 0.30000000000000004,
  dialing: {
    destinations: [tel('+14155550100'), { kind: 'sip', uri: 'sip:desk@example.com' }],
    ringTimeoutSeconds: 20,
    whisper: { text: 'A call', language: 'en-US', voice: 'Polly.Joanna' },
    acceptance: { prompt: { audioUrl: 'https://example.com/press.mp3' }, digit: '1', timeoutSeconds: 10 },
    callerId: { kind: 'number', number: '+14155550101' as E164 },
    record: 'campaign',
  },
};

/** One change of each field; of those that hold more, of something deep inside. */
const CHANGES: { readonly [Field in keyof DialableAssignment]: DialableAssignment[Field] } = {
  id: 'asg_2' as AssignmentId,
  buyerId: 'buy_2' as BuyerId,
  buyerName: 'Étienne',
  priority: 3,
  weight: 0.2,
  paused: true,
  hours: {
    timeZone: 'America/Chicago',
    openings: [{ weekday: 1, from: '09:00', to: '24:00' }],
    holidays: [],
  },
  buyerHours: { timeZone: 'America/Chicago', openings: [], holidays: [] },
  filter: { kind: 'all', conditions: [] },
  price: { ...assignment.price, due: { on: 'duration', seconds: 91 } },
  conversionEstimate: 0.3,
  dialing: { ...assignment.dialing, destinations: [tel('+14155550102')] },
};

const campaign: Recordable = {
  timeZone: 'America/New_York',
  holidays: ['2026-12-25'],
  duplicates: { definition: 'converted', treatment: 'pay_once', days: 30 },
  currency: 'USD' as Currency,
  assignments: [assignment, { ...assignment, id: 'asg_2' as AssignmentId }],
};

const CAMPAIGN_CHANGES: { readonly [Field in keyof Recordable]: Recordable[Field] } = {
  timeZone: 'America/Chicago',
  holidays: [],
  duplicates: null,
  currency: 'EUR' as Currency,
  assignments: [
    { ...assignment, paused: true },
    { ...assignment, id: 'asg_2' as AssignmentId },
  ],
};

/** Through JSON, with the fields in the order in which `jsonb` gives them back: the shortest name first. */
function throughJsonb(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value), (_, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(
          Object.entries(part).toSorted(([a], [b]) => a.length - b.length || (a < b ? -1 : 1)),
        )
      : part,
  );
}

describe('the digest of an assignment', () => {
  it('is the same for the same content, in whatever order the database gives it back', () => {
    const again = dialableAssignmentSchema.parse(throughJsonb(assignment));
    expect(again).toEqual(assignment);
    expect(JSON.stringify(again)).toBe(JSON.stringify(assignment));
    expect(assignmentDigest(again)).toBe(assignmentDigest(assignment));
    expect(assignmentDigest(assignment)).toMatch(/^[0-9a-f]{32}$/);
  });

  it.each(Object.keys(CHANGES) as (keyof DialableAssignment)[])('is another one when %s changes', (field) => {
    const changed = { ...assignment, [field]: CHANGES[field] };
    expect(assignmentDigest(changed)).not.toBe(assignmentDigest(assignment));
  });
});

describe('the record of a campaign', () => {
  it('reads back as what it was made of, and records as the same again', () => {
    const { digest, body } = recordedForm(campaign);
    const read = readRecordedCampaign(
      throughJsonb(JSON.parse(body)),
      campaign.assignments.map((each) => throughJsonb(each)),
    );
    expect(read).toEqual(campaign);
    expect(recordedForm(read)).toEqual({ digest, body });
  });

  it.each(Object.keys(CAMPAIGN_CHANGES) as (keyof Recordable)[])(
    'is another one when %s changes',
    (field) => {
      const changed = { ...campaign, [field]: CAMPAIGN_CHANGES[field] };
      expect(recordedForm(changed).digest).not.toBe(recordedForm(campaign).digest);
    },
  );

  it('is not read with an assignment that is not there', () => {
    const { body } = recordedForm(campaign);
    expect(() => readRecordedCampaign(JSON.parse(body), [assignment, null])).toThrow('expected object');
  });
});

describe('the record of a choice', () => {
  const facts: RecordedFacts = {
    geography: { country: 'US', state: null, areaCode: '415', postalCode: '94105', timeZone: null },
    channel: '',
    tags: {
      said: 'x'.repeat(5_000),
      'a name that is longer than operators may write, for it came from a lookup': '',
    },
    history: [
      {
        buyerId: null,
        lastCalledAt: '2026-01-02T03:04:05.678Z',
        lastConnectedAt: null,
        lastConvertedAt: '2026-01-02T03:04:05.678Z',
        lastPaidAt: null,
      },
      {
        buyerId: 'buy_1' as BuyerId,
        lastCalledAt: '2026-01-02T03:04:05.678Z',
        lastConnectedAt: null,
        lastConvertedAt: null,
      },
    ],
    payout: { amountMicros: '5000000' as MicrosText, due: { on: 'connection' } },
  };

  it('reads back as the facts it was made of', () => {
    expect(readRecordedFacts(throughJsonb(facts))).toStrictEqual(facts);
    expect(readRecordedFacts(throughJsonb({ ...facts, payout: null, history: [] }))).toMatchObject({
      payout: null,
      history: [],
    });
  });
});
