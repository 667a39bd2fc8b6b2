import { matchDuplicate, type DuplicateRule } from '../../domain/campaign/duplicates';
import { meetsAttestation, type Attestation } from '../../domain/campaign/status';
import type { BuyerId } from '../../domain/ids';
import type { HistoryEntry } from '../../domain/routing/facts';
import { screen, type Screened } from '../../domain/screening';
import { NEVER_OPEN, NOON } from './routing-samples';

const CALL: Screened = {
  campaignStatus: 'active',
  hours: null,
  blockedBecause: null,
  callerAnonymous: false,
  anonymousCallers: 'allow',
  attestation: null,
  minimumAttestation: null,
  lastCalledAt: null,
  spamWindowSeconds: 0,
  duplicate: null,
  at: NOON,
};

const DUPLICATE = {
  definition: 'connected',
  treatment: 'refuse',
  buyerIds: [],
  lastAt: '2026-01-04T12:00:00Z',
} as const;

/** What speaks against a call, the strongest first. */
const AGAINST: readonly [string, Partial<Screened>, object][] = [
  ['a draft', { campaignStatus: 'draft' }, { outcome: 'paused', reason: 'campaign is draft' }],
  [
    'the block list',
    { blockedBecause: 'robocalls' },
    { outcome: 'blocked', reason: 'caller is on the block list: robocalls' },
  ],
  [
    'a withheld number',
    { callerAnonymous: true, anonymousCallers: 'block' },
    { outcome: 'blocked', reason: 'anonymous callers are blocked' },
  ],
  [
    'a weak attestation',
    { attestation: 'C', minimumAttestation: 'B' },
    { outcome: 'blocked', reason: "caller's number is attested C, the campaign takes B or better" },
  ],
  [
    'a call too soon',
    { lastCalledAt: '2026-01-05T11:59:31Z', spamWindowSeconds: 30 },
    { outcome: 'blocked', reason: 'same caller 29 s ago, within the spam window of 30 s' },
  ],
  [
    'a duplicate that is refused',
    { duplicate: DUPLICATE },
    { outcome: 'blocked', reason: 'duplicate caller (connected, last 2026-01-04T12:00:00Z)' },
  ],
  ['the hour', { hours: NEVER_OPEN }, { outcome: 'after_hours', reason: 'campaign is closed (UTC)' }],
];

describe('screening', () => {
  it('lets a call pass that nothing speaks against', () => expect(screen(CALL)).toEqual({ pass: true }));

  it.each(AGAINST)('stops a call for %s', (_, given, verdict) => {
    expect(screen({ ...CALL, ...given })).toEqual({ pass: false, ...verdict });
  });

  it('records the strongest reason of several', () => {
    AGAINST.forEach(([, , verdict], index) => {
      const all = AGAINST.slice(index).reduceRight((call, [, given]) => ({ ...call, ...given }), CALL);
      expect(screen(all)).toMatchObject(verdict);
    });
  });

  it.each(['draft', 'paused', 'archived'] as const)(
    'takes no calls for a campaign that is %s',
    (campaignStatus) => {
      expect(screen({ ...CALL, campaignStatus })).toMatchObject({ outcome: 'paused' });
    },
  );

  it('lets anonymous callers in where they are allowed', () => {
    expect(screen({ ...CALL, callerAnonymous: true })).toEqual({ pass: true });
  });

  it('lets a second call in once the window is over, and always where there is none', () => {
    const again = { ...CALL, lastCalledAt: '2026-01-05T11:59:30Z' };
    expect(screen({ ...again, spamWindowSeconds: 30 })).toEqual({ pass: true });
    expect(screen({ ...again, spamWindowSeconds: 31 })).toMatchObject({ outcome: 'blocked' });
    expect(screen({ ...CALL, lastCalledAt: NOON, spamWindowSeconds: 0 })).toEqual({ pass: true });
  });

  it('takes a previous call that another machine’s clock puts later for one that was just now', () => {
    const later = { ...CALL, lastCalledAt: '2026-01-05T12:00:01Z', spamWindowSeconds: 5 };
    expect(screen(later)).toMatchObject({ reason: 'same caller 0 s ago, within the spam window of 5 s' });
  });

  it.each(['same_buyer', 'different_buyer', 'pay_once'] as const)(
    'leaves a duplicate under %s to routing',
    (treatment) => {
      expect(screen({ ...CALL, duplicate: { ...DUPLICATE, treatment } })).toEqual({ pass: true });
    },
  );

  it('holds attestations against the least a campaign takes, and none at all for the worst', () => {
    const levels: readonly (Attestation | null)[] = ['A', 'B', 'C', null];
    expect(levels.map((level) => meetsAttestation(level, 'A'))).toEqual([true, false, false, false]);
    expect(levels.map((level) => meetsAttestation(level, 'B'))).toEqual([true, true, false, false]);
    expect(levels.map((level) => meetsAttestation(level, 'C'))).toEqual([true, true, true, false]);
    expect(screen({ ...CALL, minimumAttestation: 'C' })).toMatchObject({
      reason: "caller's number is attested not at all, the campaign takes C or better",
    });
  });
});

describe('the rule about duplicates', () => {
  const rule = (definition: DuplicateRule['definition'], days = 7): DuplicateRule => ({
    definition,
    treatment: 'pay_once',
    days,
  });
  const entry = (
    buyer: string | null,
    called: string,
    connected: string | null,
    converted: string | null,
  ): HistoryEntry => ({
    buyerId: buyer as BuyerId | null,
    lastCalledAt: called,
    lastConnectedAt: connected,
    lastConvertedAt: converted,
  });
  const history = [
    entry(null, '2026-01-05T11:00:00Z', null, null),
    entry('buy_a', '2026-01-04T12:00:00Z', '2026-01-03T12:00:00Z', '2025-12-30T12:00:00Z'),
    entry('buy_b', '2026-01-04T13:00:00Z', '2026-01-02T12:00:00Z', null),
  ];

  it('counts any call, those a buyer talked on, or those that were paid', () => {
    expect(matchDuplicate(rule('any_call'), history, NOON)).toEqual({
      treatment: 'pay_once',
      definition: 'any_call',
      buyerIds: ['buy_b', 'buy_a'],
      lastAt: '2026-01-05T11:00:00Z',
    });
    expect(matchDuplicate(rule('connected'), history, NOON)).toMatchObject({
      buyerIds: ['buy_a', 'buy_b'],
      lastAt: '2026-01-03T12:00:00Z',
    });
    expect(matchDuplicate(rule('converted'), history, NOON)).toMatchObject({
      buyerIds: ['buy_a'],
      lastAt: '2025-12-30T12:00:00Z',
    });
  });

  it('counts so many times 24 hours back, the last second included', () => {
    const of = (lastCalledAt: string) =>
      matchDuplicate(rule('any_call', 1), [entry('buy_a', lastCalledAt, null, null)], NOON);
    expect(of('2026-01-04T12:00:00Z')).not.toBeNull();
    expect(of('2026-01-04T11:59:59Z')).toBeNull();
    expect(matchDuplicate(rule('converted', 5), history, NOON)).toBeNull();
  });

  it('finds nothing in no history', () => {
    expect(matchDuplicate(rule('any_call'), [], NOON)).toBeNull();
  });
});
