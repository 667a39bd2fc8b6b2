import type { RefusedRow } from '../../db/queries/reservations';
import type { CallFacts } from '../../domain/call/facts';
import type { UnroutedOutcome } from '../../domain/call/outcome';
import type { CallPolicy, PlacedAttempt } from '../../domain/call/policy';
import type { TimelineEntry } from '../../domain/call/timeline';
import { attemptId, type AssignmentId } from '../../domain/ids';
import { orderCandidates, type RoutingOrder, type Skipped } from '../../domain/routing/candidates';
import type { Treatment } from '../../domain/treatment';
import type { Assignment, Routing } from './setup';

export interface Selection {
  readonly facts: CallFacts;
  readonly policy: CallPolicy;
  readonly routing: Routing;
  readonly alreadyTried: readonly AssignmentId[];
  readonly at: string;
}

/** Who may be dialled next, in order; nobody once the plan's attempts are used up. */
export function selectBuyers(selection: Selection): RoutingOrder<Assignment> {
  const { policy, routing, alreadyTried } = selection;
  const order = orderCandidates({
    callId: selection.facts.callId,
    planVersion: policy.planVersion,
    strategy: routing.plan.strategy,
    assignments: routing.assignments,
    alreadyTried,
    at: selection.at,
  });
  if (alreadyTried.length < policy.maxAttempts) return order;
  const unused = order.ordered.map(
    (left): Skipped => ({ assignmentId: left.id, reason: 'attempts_used_up' }),
  );
  return { ordered: [], skipped: [...order.skipped, ...unused] };
}

/** The dial that follows from a choice. Its money terms are pinned here. */
export function attemptFor(selection: Selection, chosen: Assignment): PlacedAttempt {
  const no = selection.alreadyTried.length + 1;
  return {
    no,
    id: attemptId(selection.facts.callId, no),
    assignmentId: chosen.id,
    buyerId: chosen.buyerId,
    buyerName: chosen.buyerName,
    destination: chosen.destination,
    ringTimeoutSeconds: chosen.ringTimeoutSeconds,
    terms: { currency: selection.policy.currency, price: chosen.price, payout: selection.policy.payout },
  };
}

/** What to do with a caller nobody takes: the campaign's after-hours treatment when all buyers are closed, else the plan's. */
export function nobodyTakes(
  selection: Selection,
  order: RoutingOrder<Assignment>,
): { readonly outcome: UnroutedOutcome; readonly treatment: Treatment } {
  const { plan, treatments } = selection.routing;
  if (selection.alreadyTried.length > 0) return { outcome: 'exhausted', treatment: plan.fallback };
  const allClosed = order.skipped.length > 0 && order.ordered.length === 0 && order.skipped.every(isClosed);
  if (!allClosed) return { outcome: 'no_candidate', treatment: plan.fallback };
  return { outcome: 'after_hours', treatment: treatments.afterHours };
}

/** Why the choice fell as it did: the order, and a reason for everyone who was not chosen. */
export function routedEntry(
  selection: Selection,
  order: RoutingOrder<Assignment>,
  chosen: Assignment | null,
  refused: readonly RefusedRow[],
): TimelineEntry {
  const full = new Map(refused.map((row) => [row.assignment_id, row.limit_id]));
  const passedOver = order.ordered.flatMap((candidate): Skipped[] => {
    if (candidate.id === chosen?.id) return [];
    const limit = full.get(candidate.id);
    return limit === undefined
      ? [{ assignmentId: candidate.id, reason: 'not_needed' }]
      : [{ assignmentId: candidate.id, reason: 'limit_reached', detail: limit }];
  });
  const no = selection.alreadyTried.length + 1;
  return {
    key: `routed:${no}`,
    at: selection.at,
    step: 'routed',
    decision: chosen === null ? 'nobody can take the call' : `${chosen.buyerName} is next`,
    detail: {
      attempt: no,
      planVersion: selection.policy.planVersion,
      strategy: selection.routing.plan.strategy,
      considered: selection.routing.assignments.length,
      order: order.ordered.map((candidate) => candidate.id),
      chosen: chosen?.id ?? null,
      skipped: [...order.skipped, ...passedOver].map((skip) => ({ ...skip })),
    },
  };
}

function isClosed(skip: Skipped): boolean {
  return skip.reason === 'closed';
}
