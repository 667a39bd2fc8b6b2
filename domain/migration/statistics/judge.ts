import { unreachable } from '../../exhaustive';
import type { Guardrail, MigrationPlan } from '../plan';
import { WHOLE_SHARE } from '../split';
import { evidenceOfMean, evidenceOfMeans, evidenceOfRate, evidenceOfRates } from './evidence';
import type { BothFigures, SideFigures } from './figures';
import { meanEstimate, rateEstimate, type Estimate } from './intervals';
import { countedCalls, traitsOf } from './metrics';
import type { Judgement, Verdict } from './verdict';
import { inWords } from './words';

/** What a look at the guardrails goes by. */
export interface Look {
  readonly plan: Pick<MigrationPlan, 'guardrails' | 'falseAlarmRate'>;
  readonly figures: BothFigures;
  /** The challenger's share since the figures are counted. */
  readonly shareBasisPoints: number;
  /** Which comparison of the migration this is, from 1. */
  readonly comparison: number;
  /** Calls of the challenger that the step asks for. */
  readonly minimumCalls: number;
  /** Evidence of the comparisons before, a guardrail each; none: nothing counts against the challenger yet. */
  readonly carried: readonly number[];
  /** Control's figures of earlier comparisons, for how much amounts vary; `null`: there are none. */
  readonly reference: SideFigures | null;
}

/** Fewer calls of control say nothing, however many the challenger has. */
const FEWEST_OF_CONTROL = 30;

/** More evidence than anybody asks for: what is above is written as this, since JSON knows no infinity. */
const MOST_EVIDENCE = 1e12;

/**
 * The evidence from which on a guardrail is breached. Guardrails share the migration's rate of false alarms equally
 * (Bonferroni), since what harms one figure often harms the others.
 */
export function evidenceNeeded({ guardrails, falseAlarmRate }: Look['plan']): number {
  return guardrails.length / falseAlarmRate;
}

/**
 * How much of a migration's rate of false alarms is staked on a challenger that gets worse with its n-th comparison.
 *
 * Each comparison is over a time in which the share stayed the same: only then do both sides see the same mixture of
 * hours. Figures of a 1 % night and a 50 % day put together would make the challenger a thing of the day (Simpson's
 * paradox). What each comparison finds is evidence of its own, and evidence of one after the other multiplies. But a good
 * beginning must not excuse what comes after it. So the evidence is the sum, over all comparisons so far, of what was
 * gathered from that one on, each times its stake: a martingale as its parts are, and never above what falls behind it.
 * The stakes are 1/(n·(n+1)), which add up to one over any number of comparisons, so that shares set by hand are
 * covered; the first, with the fewest calls, has half.
 */
export function stakeOf(comparison: number): number {
  return 1 / (comparison * (comparison + 1));
}

/** What a new comparison takes over of the guardrails' evidence, in their order; see {@link stakeOf}. */
export function carriedOver(carried: readonly number[], judgements: readonly Judgement[]): readonly number[] {
  return judgements.length === 0
    ? carried
    : judgements.map(({ evidence }, index) => evidence ?? carried[index] ?? 0);
}

/** Judges every guardrail, in the order of the plan. */
export function judge(look: Look): readonly Judgement[] {
  return look.plan.guardrails.map((guardrail, index) => judgeOne(look, guardrail, look.carried[index] ?? 0));
}

function judgeOne(look: Look, guardrail: Guardrail, carried: number): Judgement {
  const { plan, figures, comparison } = look;
  const needed = evidenceNeeded(plan);
  const found = evidenceAgainst(look, guardrail);
  const logEvidence = found === null ? null : found + Math.log(carried + stakeOf(comparison));
  const calls = {
    control: countedCalls(guardrail.metric, figures.control),
    challenger: countedCalls(guardrail.metric, figures.challenger),
  };
  const verdict = verdictOf(look, guardrail, calls, logEvidence, Math.log(needed));
  const known = {
    guardrail,
    verdict,
    control: estimateOf(guardrail, figures.control, plan.falseAlarmRate),
    challenger: estimateOf(guardrail, figures.challenger, plan.falseAlarmRate),
    calls,
    evidence: logEvidence === null ? null : Math.min(MOST_EVIDENCE, Math.exp(logEvidence)),
    needed,
    provisional: traitsOf(guardrail.metric).matures && isMaturing(figures),
  };
  return { ...known, reason: inWords(known, look.minimumCalls, fewestOfControl(look)) };
}

function isMaturing({ control, challenger }: BothFigures): boolean {
  return control.matured < control.calls || challenger.matured < challenger.calls;
}

function fewestOfControl({ minimumCalls }: Look): number {
  return Math.min(FEWEST_OF_CONTROL, Math.max(1, minimumCalls));
}

function verdictOf(
  look: Look,
  guardrail: Guardrail,
  calls: Judgement['calls'],
  logEvidence: number | null,
  needed: number,
): Verdict {
  const relative = guardrail.rule.kind === 'relative_drop';
  if (relative && look.shareBasisPoints === WHOLE_SHARE) return 'not_compared';
  if (logEvidence === null) return 'wait';
  if (logEvidence >= needed) return 'breach';
  if (calls.challenger < Math.max(1, look.minimumCalls)) return 'wait';
  return relative && calls.control < fewestOfControl(look) ? 'wait' : 'holds';
}

/** The log of the evidence against the challenger; `null` while nothing can be said. */
function evidenceAgainst({ figures, reference }: Look, { metric, rule }: Guardrail): number | null {
  const traits = traitsOf(metric);
  switch (rule.kind) {
    case 'relative_drop': {
      const factor = traits.harm === 'fall' ? 1 - rule.drop : 1 + rule.drop;
      return traits.of === 'rate'
        ? evidenceOfRates(traits.read(figures.control), traits.read(figures.challenger), factor, traits.harm)
        : evidenceOfMeans(traits.read(figures.control), traits.read(figures.challenger), factor, traits.harm);
    }
    case 'floor': {
      const floor = 'valueMicros' in rule ? Number(rule.valueMicros) : rule.value;
      if (traits.of === 'rate') return evidenceOfRate(traits.read(figures.challenger), floor, traits.harm);
      const others =
        reference !== null && reference.calls > figures.control.calls ? reference : figures.control;
      return evidenceOfMean(traits.read(figures.challenger), floor, traits.read(others), traits.harm);
    }
    default:
      return unreachable(rule);
  }
}

function estimateOf({ metric }: Guardrail, figures: SideFigures, alpha: number): Estimate {
  const traits = traitsOf(metric);
  return traits.of === 'rate'
    ? rateEstimate(traits.read(figures), alpha)
    : meanEstimate(traits.read(figures), alpha);
}
