import { reserveCandidates, type ReserveCandidate } from '../limits/candidates';
import { viewOf } from '../migration/side-view';
import { microsFromText } from '../money';
import type { AssignmentId } from '../ids';
import { decideRoute, NO_TURNS, routingSeed, type RouteDecision, type Turns } from '../routing/decide';
import { roundRobinRules, routingClock } from '../routing/rules';
import type { CampaignSnapshot, DialableAssignment } from '../routing/snapshot';
import type { LimitRules } from './limit-rules';
import type { PastCall, PlanVersion } from './past-call';

/** A choice to be made again. */
export interface Asked {
  readonly call: PastCall;
  readonly plan: PlanVersion;
  readonly at: string;
  readonly alreadyTried: readonly AssignmentId[];
}

export type Decision = RouteDecision<DialableAssignment>;

/** Somebody in the line, and what they need room for. */
export interface InLine {
  readonly candidate: Decision['candidates'][number];
  readonly asking: ReserveCandidate;
  /** Limits on them: places in {@link LimitRules.series}. */
  readonly touched: readonly number[];
}

/** Who may be dialled, in order. */
export class Line {
  private readonly known = new Map<number, InLine>();

  constructor(
    readonly decision: Decision,
    private readonly call: PastCall,
    private readonly rules: LimitRules,
  ) {}

  /** Who stands at a place; `undefined` behind the last one. What they ask of limits is worked out when it is wanted. */
  at(place: number): InLine | undefined {
    const known = this.known.get(place);
    if (known !== undefined) return known;
    const candidate = this.decision.candidates[place];
    if (candidate === undefined) return undefined;
    const { campaignId, publisherId, currency, payout } = this.call;
    const [asking] = reserveCandidates(
      {
        campaignId,
        publisherId,
        currency,
        payout: payout === null ? 0n : microsFromText(payout.amountMicros),
      },
      [candidate],
    );
    if (asking === undefined) return undefined;
    const inLine = { candidate, asking, touched: this.rules.on(asking.scopes) };
    this.known.set(place, inLine);
    return inLine;
  }
}

/**
 * Decides as the live call did: from the same facts, the same side of a migration, and the draw of the version that
 * chose. So versions that say the same dial the same, and others differ by what they say alone.
 */
export function lineUp({ call, plan, at, alreadyTried }: Asked, turns: Turns, rules: LimitRules): Line {
  const decision = decideRoute({
    snapshot: snapshotFor(call, plan),
    facts: { ...call.facts, at },
    seed: routingSeed(call.facts.callId, call.pinned.version),
    alreadyTried,
    turns,
  });
  return new Line(decision, call, rules);
}

/** Whether the line depends on who was dialled before. */
export function takesTurns({ call, plan, at }: Asked): boolean {
  if (plan.plan.rules.every(({ strategy }) => strategy.kind !== 'round_robin')) return false;
  const snapshot = snapshotFor(call, plan);
  const facts = { ...call.facts, at };
  return roundRobinRules(snapshot, facts, routingClock(snapshot, facts)).length > 0;
}

/** A line that every run shares; `null`: each has its own, for it depends on turns. */
export function sharedLine(asked: Asked, rules: LimitRules): Line | null {
  return takesTurns(asked) ? null : lineUp(asked, NO_TURNS, rules);
}

function snapshotFor(
  { campaign, side }: PastCall,
  { version, plan }: PlanVersion,
): CampaignSnapshot<DialableAssignment> {
  const snapshot = { ...campaign, planVersion: version, plan };
  return side === null ? snapshot : { ...snapshot, ...viewOf(snapshot, side.pair, side.side) };
}
