import { createClock, type Clock } from '../clock';
import { isTrue } from '../condition-truth';
import type { Treatment } from '../treatment';
import type { RoutingFacts } from './facts';
import type { RoutingRule } from './plan';
import type { CampaignSnapshot } from './snapshot';

/** A rule that was looked at, and whether it is for this call. */
export interface RuleMatch {
  readonly rule: RoutingRule;
  readonly matched: boolean;
}

/**
 * The clock of a decision: the campaign's and the caller's zones at the facts' instant.
 * @throws RangeError when that is no instant.
 */
export function routingClock(
  snapshot: Pick<CampaignSnapshot, 'timeZone' | 'holidays'>,
  facts: RoutingFacts,
): Clock {
  return createClock({
    at: facts.at,
    timeZone: snapshot.timeZone,
    callerTimeZone: facts.geography.timeZone,
    holidays: snapshot.holidays,
  });
}

/**
 * Every rule of the plan up to the end of the chain, and whether it matched: a rule that matches and has a fallback of
 * its own is the last one.
 */
export function matchRules(
  snapshot: Pick<CampaignSnapshot, 'plan'>,
  facts: RoutingFacts,
  clock: Clock,
): readonly RuleMatch[] {
  const looked: RuleMatch[] = [];
  for (const rule of snapshot.plan.rules) {
    const matched = rule.when === null || isTrue(rule.when, { facts, clock });
    looked.push({ rule, matched });
    if (matched && rule.fallback !== null) break;
  }
  return looked;
}

/** Names of the matching rules that are round robin: their turns are locked and read before {@link decideRoute}. */
export function roundRobinRules(
  snapshot: Pick<CampaignSnapshot, 'plan'>,
  facts: RoutingFacts,
  clock: Clock,
): readonly string[] {
  return matchRules(snapshot, facts, clock).flatMap(({ rule, matched }) =>
    matched && rule.strategy.kind === 'round_robin' ? [rule.name] : [],
  );
}

/** What a caller gets whom nobody of the chain takes. */
export function fallbackOf(
  snapshot: Pick<CampaignSnapshot, 'plan'>,
  matches: readonly RuleMatch[],
): Treatment {
  const last = matches.at(-1);
  const own = last?.matched === true ? last.rule.fallback : null;
  return own ?? snapshot.plan.fallback;
}
