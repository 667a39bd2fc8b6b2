import { readInstant } from '../clock';
import { isOpen } from '../hours';
import type { MigrationPlan, MigrationStep } from './plan';
import type { MigrationState } from './state';
import { countedCalls } from './statistics/metrics';

/** What a migration still waits for at its share. */
export type Missing =
  | { readonly kind: 'seconds'; readonly left: number }
  /** Calls of the challenger that have ended. */
  | { readonly kind: 'calls'; readonly left: number }
  /** A guardrail that does not hold yet; its reason says what is lacking. */
  | { readonly kind: 'guardrail'; readonly reason: string }
  | { readonly kind: 'approval' }
  /** The window is closed. */
  | { readonly kind: 'window' };

/** The step whose demands apply at a share: the last one that begins at or below it, otherwise the first. */
export function stepAt({ steps }: MigrationPlan, shareBasisPoints: number): MigrationStep | null {
  return steps.findLast((step) => step.shareBasisPoints <= shareBasisPoints) ?? steps[0] ?? null;
}

/** The step after a share; `null` when only completion is left. */
export function nextStep({ steps }: MigrationPlan, shareBasisPoints: number): MigrationStep | null {
  return steps.find((step) => step.shareBasisPoints > shareBasisPoints) ?? null;
}

/** Everything that is missing before the migration goes on by itself; nothing: it does at the next look. */
export function missingAt(state: MigrationState, at: string): readonly Missing[] {
  const missing: Missing[] = [];
  const step = stepAt(state.plan, state.shareBasisPoints);
  const minimumSeconds = step?.minimumSeconds ?? 0;
  const seconds = Math.ceil(minimumSeconds - elapsedSeconds(state, at));
  if (seconds > 0) missing.push({ kind: 'seconds', left: seconds });
  const calls = callsLeft(state, step?.minimumCalls ?? 0);
  if (calls > 0) missing.push({ kind: 'calls', left: calls });
  if (state.judgements.length < state.plan.guardrails.length)
    missing.push({ kind: 'guardrail', reason: 'the guardrails have not been looked at yet' });
  for (const { verdict, reason } of state.judgements)
    if (verdict === 'wait' || verdict === 'breach') missing.push({ kind: 'guardrail', reason });
  if (!state.approved && nextStep(state.plan, state.shareBasisPoints)?.approval === true)
    missing.push({ kind: 'approval' });
  if (!mayAdvance(state.plan, at)) missing.push({ kind: 'window' });
  return missing;
}

/** Whether the plan lets a migration go on by itself at an instant. */
export function mayAdvance({ window }: MigrationPlan, at: string): boolean {
  return window === null || isOpen(window, at);
}

/** Seconds the share has been in force while its campaigns took calls. */
export function elapsedSeconds({ comparison, idleSince }: MigrationState, at: string): number {
  if (comparison === null) return 0;
  const until = readInstant(idleSince ?? at);
  return Math.max(0, until - readInstant(comparison.since) - comparison.idleMilliseconds) / 1000;
}

/** Of the calls that every guardrail can go by; without guardrails, of all that have ended. */
function callsLeft({ figures, plan }: MigrationState, minimumCalls: number): number {
  if (figures === null) return minimumCalls;
  const counted = plan.guardrails.map(({ metric }) => countedCalls(metric, figures.challenger));
  return Math.max(0, minimumCalls - Math.min(figures.challenger.calls, ...counted));
}
