import type { AssignmentId, BuyerId, CampaignId } from '../../domain/ids';
import type { MicrosText } from '../../domain/money';
import {
  DEFAULT_STEPS,
  splitSameTraffic,
  type MigrationKind,
  type MigrationPlan,
} from '../../domain/migration/plan';
import { isCreatable, validateMigration } from '../../domain/migration/problems';
import { planKind, planWith } from './migration-samples';

const codes = (changes: Partial<MigrationPlan>, kind: MigrationKind = planKind): readonly string[] =>
  validateMigration(kind, planWith(changes)).map(({ code, pointer }) => `${code} ${pointer}`);

const steps = (...shares: readonly number[]): Partial<MigrationPlan> => ({
  steps: shares.map((shareBasisPoints) => ({
    shareBasisPoints,
    minimumSeconds: 60,
    minimumCalls: 10,
    approval: false,
  })),
});

const buyers = (
  control: readonly string[],
  challenger: readonly string[],
  buyer = 'buy_2',
): MigrationKind => ({
  kind: 'buyer',
  campaignId: 'cmp_1' as CampaignId,
  control: { buyerId: 'buy_1' as BuyerId, assignmentIds: control as readonly AssignmentId[] },
  challenger: { buyerId: buyer as BuyerId, assignmentIds: challenger as readonly AssignmentId[] },
});

const campaigns = (control: string, challenger: string): MigrationKind => ({
  kind: 'campaign',
  controlCampaignId: control as CampaignId,
  challengerCampaignId: challenger as CampaignId,
});

const window = (timeZone: string, from: string, to: string): Partial<MigrationPlan> => ({
  window: { timeZone, openings: [{ weekday: 1, from, to }], holidays: [] },
});

describe('a migration to be created', () => {
  it('has no problem as it comes', () => {
    expect(codes({})).toEqual([]);
    expect(codes({}, buyers(['asg_1'], ['asg_2']))).toEqual([]);
    expect(codes({}, campaigns('cmp_1', 'cmp_2'))).toEqual([]);
  });

  it.each<[string, Partial<MigrationPlan>, readonly string[]]>([
    ['no step', { steps: [] }, ['no_steps /plan/steps']],
    ['a last step without all calls', steps(100), ['last_share_not_whole /plan/steps/0/shareBasisPoints']],
    ['steps that do not rise', steps(500, 500, 10_000), ['shares_not_rising /plan/steps/1/shareBasisPoints']],
    ['a share of nothing', steps(0, 10_000), ['share_out_of_range /plan/steps/0/shareBasisPoints']],
    ['half a basis point', steps(0.5, 10_000), ['share_out_of_range /plan/steps/0/shareBasisPoints']],
    [
      'too many steps',
      steps(...Array.from({ length: 50 }, (_, no) => no + 1), 10_000),
      ['too_many_steps /plan/steps'],
    ],
    [
      'guardrails over no calls',
      { steps: DEFAULT_STEPS.map((step) => ({ ...step, minimumCalls: 0 })).slice(-1) },
      ['no_minimum_calls /plan/steps/0/minimumCalls'],
    ],
    [
      'time that runs backwards',
      { steps: DEFAULT_STEPS.map((step) => ({ ...step, minimumSeconds: -1 })).slice(-1) },
      ['out_of_range /plan/steps/0/minimumSeconds'],
    ],
    [
      'an approval of the first step',
      { steps: DEFAULT_STEPS.map((step, index) => ({ ...step, approval: index === 0 })) },
      ['approval_of_first_step /plan/steps/0/approval'],
    ],
    ['a false-alarm rate of 1', { falseAlarmRate: 1 }, ['out_of_range /plan/falseAlarmRate']],
    ['no false alarms at all', { falseAlarmRate: 0 }, ['out_of_range /plan/falseAlarmRate']],
    ['a look every second', { evaluationSeconds: 1 }, ['out_of_range /plan/evaluationSeconds']],
    ['a window of a year', { conversionWindowSeconds: 3e7 }, ['out_of_range /plan/conversionWindowSeconds']],
    ['no guardrail', { guardrails: [] }, ['no_guardrails /plan/guardrails']],
    [
      'a drop of all',
      { guardrails: [{ metric: 'answer_rate', rule: { kind: 'relative_drop', drop: 1 } }] },
      ['out_of_range /plan/guardrails/0/rule/drop'],
    ],
    [
      'a rate above 1',
      { guardrails: [{ metric: 'answer_rate', rule: { kind: 'floor', value: 40 } }] },
      ['out_of_range /plan/guardrails/0/rule/value'],
    ],
    [
      'a floor that is nowhere',
      {
        guardrails: [{ metric: 'revenue_per_call', rule: { kind: 'floor', valueMicros: '0' as MicrosText } }],
      },
      ['floor_never_breached /plan/guardrails/0/rule/valueMicros'],
    ],
    [
      'one guardrail twice',
      {
        guardrails: [0.1, 0.2].map((drop) => ({
          metric: 'answer_rate',
          rule: { kind: 'relative_drop', drop },
        })),
      },
      ['duplicate_guardrail /plan/guardrails/1'],
    ],
    [
      'too many guardrails',
      {
        guardrails: Array.from({ length: 11 }, () => ({
          metric: 'answer_rate' as const,
          rule: { kind: 'relative_drop' as const, drop: 0.1 },
        })),
      },
      [
        'too_many_guardrails /plan/guardrails',
        ...Array.from({ length: 10 }, (_, no) => `duplicate_guardrail /plan/guardrails/${no + 1}`),
      ],
    ],
    ['an unknown zone', window('Mars/Olympus', '09:00', '17:00'), ['unknown_zone /plan/window/timeZone']],
    [
      'a window that never opens',
      window('UTC', '09:00', '09:00'),
      ['window_never_opens /plan/window/openings'],
    ],
  ])('is told of %s', (_, changes, expected) => {
    expect(codes(changes)).toEqual(expected);
  });

  it.each<[string, MigrationKind, readonly string[]]>([
    [
      'one plan version',
      { ...planKind, challengerVersion: 1 } as MigrationKind,
      ['same_sides /kind/challengerVersion'],
    ],
    ['one campaign', campaigns('cmp_1', 'cmp_1'), ['same_sides /kind/challengerCampaignId']],
    ['one buyer', buyers(['asg_1'], ['asg_2'], 'buy_1'), ['same_sides /kind/challenger/buyerId']],
    [
      'an assignment on both sides',
      buyers(['asg_1'], ['asg_2', 'asg_1']),
      ['shared_assignment /kind/challenger/assignmentIds/1'],
    ],
    ['a buyer without a place', buyers(['asg_1'], []), ['no_assignments /kind/challenger/assignmentIds']],
  ])('is told of %s', (_, kind, expected) => {
    expect(codes({}, kind)).toEqual(expected);
  });

  it('can be created with warnings, and not with errors', () => {
    expect(isCreatable(validateMigration(planKind, planWith({ guardrails: [] })))).toBe(true);
    expect(isCreatable(validateMigration(planKind, planWith({ steps: [] })))).toBe(false);
  });
});

it('two migrations split the same traffic when they have a campaign in common', () => {
  expect(splitSameTraffic(planKind, buyers(['asg_1'], ['asg_2']))).toBe(true);
  expect(splitSameTraffic(planKind, campaigns('cmp_2', 'cmp_1'))).toBe(true);
  expect(splitSameTraffic(planKind, campaigns('cmp_2', 'cmp_3'))).toBe(false);
});
