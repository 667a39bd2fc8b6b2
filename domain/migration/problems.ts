import { localTime } from '../clock';
import { traitsOf } from './statistics/metrics';
import type { Guardrail, MigrationKind, MigrationPlan, MigrationStep } from './plan';
import { WHOLE_SHARE } from './split';

/** What can be wrong with a migration, and how bad it is. With an `error` it cannot be created. */
export const MIGRATION_PROBLEMS = {
  same_sides: 'error',
  no_assignments: 'error',
  shared_assignment: 'error',
  no_steps: 'error',
  too_many_steps: 'error',
  share_out_of_range: 'error',
  shares_not_rising: 'error',
  last_share_not_whole: 'error',
  out_of_range: 'error',
  no_minimum_calls: 'error',
  approval_of_first_step: 'warning',
  too_many_guardrails: 'error',
  duplicate_guardrail: 'warning',
  no_guardrails: 'warning',
  floor_never_breached: 'warning',
  unknown_zone: 'error',
  window_never_opens: 'error',
} as const satisfies Readonly<Record<string, 'error' | 'warning'>>;

export type MigrationProblemCode = keyof typeof MIGRATION_PROBLEMS;

export interface MigrationProblem {
  readonly code: MigrationProblemCode;
  readonly severity: 'error' | 'warning';
  /** JSON Pointer (RFC 6901) into `{kind, plan}`, for example `/plan/steps/0/shareBasisPoints`. */
  readonly pointer: string;
  /** What is wrong and what to do about it. */
  readonly message: string;
}

/** Bounds that keep a migration's state small enough to be carried for weeks. */
export const MOST_STEPS = 50;
export const MOST_GUARDRAILS = 10;

const DAY = 24 * 3600;
const MOST_SECONDS = 366 * DAY;

/** Everything that is wrong with a migration to be created, in order of place. Takes any and throws for none. */
export function validateMigration(kind: MigrationKind, plan: MigrationPlan): readonly MigrationProblem[] {
  return [
    ...kindProblems(kind),
    ...stepProblems(plan),
    ...guardrailProblems(plan.guardrails),
    ...numberProblem('/plan/falseAlarmRate', plan.falseAlarmRate, 0.000_1, 0.5, 'a chance, for example 0.05'),
    ...wholeProblem('/plan/conversionWindowSeconds', plan.conversionWindowSeconds, 0, 90 * DAY),
    ...wholeProblem('/plan/evaluationSeconds', plan.evaluationSeconds, 5, DAY),
    ...windowProblems(plan),
  ];
}

/** Whether a migration with these problems may be created: none of them is an error. */
export function isCreatable(problems: readonly MigrationProblem[]): boolean {
  return problems.every(({ severity }) => severity !== 'error');
}

function problem(code: MigrationProblemCode, pointer: string, message: string): MigrationProblem {
  return { code, severity: MIGRATION_PROBLEMS[code], pointer, message };
}

function kindProblems(kind: MigrationKind): readonly MigrationProblem[] {
  if (kind.kind === 'plan') {
    if (kind.controlVersion !== kind.challengerVersion) return [];
    return [
      problem('same_sides', '/kind/challengerVersion', 'Both sides are one plan version: name another'),
    ];
  }
  if (kind.kind === 'campaign') {
    if (kind.controlCampaignId !== kind.challengerCampaignId) return [];
    return [problem('same_sides', '/kind/challengerCampaignId', 'Both sides are one campaign: name another')];
  }
  const { control, challenger } = kind;
  const found: MigrationProblem[] = [];
  if (control.buyerId === challenger.buyerId)
    found.push(problem('same_sides', '/kind/challenger/buyerId', 'Both sides are one buyer: name another'));
  for (const [side, { assignmentIds }] of Object.entries({ control, challenger })) {
    const pointer = `/kind/${side}/assignmentIds`;
    if (assignmentIds.length === 0)
      found.push(
        problem('no_assignments', pointer, 'The buyer has no place in the campaign: assign it first'),
      );
  }
  const ofControl = new Set(control.assignmentIds);
  for (const [index, id] of challenger.assignmentIds.entries()) {
    const pointer = `/kind/challenger/assignmentIds/${index}`;
    if (ofControl.has(id))
      found.push(problem('shared_assignment', pointer, `"${id}" is on both sides: leave it on one`));
  }
  return found;
}

function stepProblems({ steps, guardrails }: MigrationPlan): readonly MigrationProblem[] {
  if (steps.length === 0) return [problem('no_steps', '/plan/steps', 'There is no step: add one of 100 %')];
  const found = steps.flatMap((step, index) => [
    ...oneStepProblems(step, index, guardrails.length > 0),
    ...risingProblems(steps, index),
  ]);
  if (steps.length > MOST_STEPS)
    found.push(problem('too_many_steps', '/plan/steps', `Has ${steps.length} steps: ${MOST_STEPS} at most`));
  if (steps.at(-1)?.shareBasisPoints !== WHOLE_SHARE) {
    const pointer = `/plan/steps/${steps.length - 1}/shareBasisPoints`;
    found.push(
      problem('last_share_not_whole', pointer, 'The last step has to have all calls: make it 100 %'),
    );
  }
  if (steps[0]?.approval === true) {
    const message = 'Whoever starts the migration approves its first step: leave the approval out';
    found.push(problem('approval_of_first_step', '/plan/steps/0/approval', message));
  }
  return found;
}

function oneStepProblems(step: MigrationStep, index: number, guarded: boolean): readonly MigrationProblem[] {
  const at = `/plan/steps/${index}`;
  const found: MigrationProblem[] = [];
  if (!isWhole(step.shareBasisPoints, 1, WHOLE_SHARE)) {
    const message = `${step.shareBasisPoints} is no share: use whole hundredths of a percent, 1 to ${WHOLE_SHARE}`;
    found.push(problem('share_out_of_range', `${at}/shareBasisPoints`, message));
  }
  found.push(
    ...wholeProblem(`${at}/minimumSeconds`, step.minimumSeconds, 0, MOST_SECONDS),
    ...wholeProblem(`${at}/minimumCalls`, step.minimumCalls, 0, 10_000_000),
  );
  if (guarded && step.minimumCalls === 0) {
    const message = 'Guardrails say nothing about no calls: ask for 1 at least, better for hundreds';
    found.push(problem('no_minimum_calls', `${at}/minimumCalls`, message));
  }
  return found;
}

function risingProblems(steps: readonly MigrationStep[], index: number): readonly MigrationProblem[] {
  const before = steps[index - 1];
  const step = steps[index];
  if (before === undefined || step === undefined || step.shareBasisPoints > before.shareBasisPoints)
    return [];
  const message = 'Is not above the share of the step before: put the steps in ascending order';
  return [problem('shares_not_rising', `/plan/steps/${index}/shareBasisPoints`, message)];
}

function guardrailProblems(guardrails: readonly Guardrail[]): readonly MigrationProblem[] {
  if (guardrails.length === 0)
    return [problem('no_guardrails', '/plan/guardrails', 'Nothing watches the challenger: add a guardrail')];
  const found: MigrationProblem[] = [];
  if (guardrails.length > MOST_GUARDRAILS) {
    const message = `Has ${guardrails.length} guardrails: ${MOST_GUARDRAILS} at most`;
    found.push(problem('too_many_guardrails', '/plan/guardrails', message));
  }
  const seen = new Set<string>();
  for (const [index, guardrail] of guardrails.entries()) {
    const at = `/plan/guardrails/${index}`;
    const key = `${guardrail.metric} ${guardrail.rule.kind}`;
    if (seen.has(key))
      found.push(
        problem('duplicate_guardrail', at, 'Is there twice: each takes its part of the false alarms'),
      );
    seen.add(key);
    found.push(...ruleProblems(guardrail, at));
  }
  return found;
}

function ruleProblems({ metric, rule }: Guardrail, at: string): readonly MigrationProblem[] {
  if (rule.kind === 'relative_drop') {
    const pointer = `${at}/rule/drop`;
    return rule.drop >= 0 && rule.drop < 1
      ? []
      : [problem('out_of_range', pointer, `${rule.drop} is no drop: use 0 up to, but not including, 1`)];
  }
  const value = 'valueMicros' in rule ? Number(rule.valueMicros) : rule.value;
  const pointer = `${at}/rule/${'valueMicros' in rule ? 'valueMicros' : 'value'}`;
  const { of, harm } = traitsOf(metric);
  const most = of === 'rate' ? 1 : Number.MAX_SAFE_INTEGER;
  if (!(value >= 0 && value <= most))
    return [problem('out_of_range', pointer, `${value} is out of range: use 0 to ${most}`)];
  const never = harm === 'fall' ? value === 0 : value === 1;
  const message = `Nothing is worse than ${value}: choose another value, or take the guardrail away`;
  return never ? [problem('floor_never_breached', pointer, message)] : [];
}

function windowProblems({ window }: MigrationPlan): readonly MigrationProblem[] {
  if (window === null) return [];
  const found: MigrationProblem[] = [];
  if (!isZone(window.timeZone)) {
    const message = `"${window.timeZone}" is no time zone: use an IANA name such as America/Chicago`;
    found.push(problem('unknown_zone', '/plan/window/timeZone', message));
  }
  if (!window.openings.some(({ from, to }) => from < to))
    found.push(problem('window_never_opens', '/plan/window/openings', 'Never opens: add an opening'));
  return found;
}

function isZone(timeZone: string): boolean {
  try {
    localTime(0, timeZone);
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

function wholeProblem(
  pointer: string,
  value: number,
  least: number,
  most: number,
): readonly MigrationProblem[] {
  if (isWhole(value, least, most)) return [];
  return [
    problem('out_of_range', pointer, `${value} is out of range: use a whole number, ${least} to ${most}`),
  ];
}

function numberProblem(
  pointer: string,
  value: number,
  least: number,
  most: number,
  what: string,
): readonly MigrationProblem[] {
  if (value >= least && value <= most) return [];
  return [problem('out_of_range', pointer, `${value} is out of range: use ${what}, ${least} to ${most}`)];
}

function isWhole(value: number, least: number, most: number): boolean {
  return Number.isInteger(value) && value >= least && value <= most;
}
