import type { AssignmentId } from '../../domain/ids';
import { decideRoute, routingSeed, type RouteInput, type Turns } from '../../domain/routing/decide';
import type { StrategyKind } from '../../domain/routing/plan';
import type { CampaignSnapshot, RoutableAssignment } from '../../domain/routing/snapshot';
import { SeededRandom } from '../../scripts/simulate/random';
import { campaignOf, factsOf } from './campaign';
import { SIZES, STRATEGIES, STRATEGY_KINDS, type DecisionCell, type Took } from './decision-cell';
import { decisionFigures, decisionTables } from './decision-figures';
import type { Section, SectionOptions } from './section';

/** Different callers that take turns: making them up is not what is measured. */
const CALLERS = 64;

/** In a small campaign chance may have most assignments refuse a caller. */
const FEW = 5;

/** Decisions before each window, for the compiler. */
const WARM_UP = 50;

/**
 * Decisions one after the other on one core, nothing else: a snapshot in memory, as the worker keeps it, and facts.
 * Each round has every cell once, in an order that begins elsewhere from round to round.
 */
export const measureDecisions: Section = async (options) => {
  const cells: DecisionCell[] = [];
  for (let round = 1; round <= options.rounds; round++) {
    options.progress.say(`decisions, round ${round} of ${options.rounds}`);
    for (const { strategy, assignments } of cellsOf(round)) {
      cells.push(measureCell(strategy, assignments, round, options));
    }
  }
  const figures = decisionFigures(cells);
  return Promise.resolve({
    text: decisionTables(figures, options),
    results: figures.map(({ result }) => result),
  });
};

function cellsOf(round: number): { strategy: StrategyKind; assignments: number }[] {
  const all = SIZES.flatMap((assignments) => STRATEGY_KINDS.map((strategy) => ({ strategy, assignments })));
  const start = (round * 5) % all.length;
  return [...all.slice(start), ...all.slice(0, start)];
}

function measureCell(
  strategy: StrategyKind,
  assignments: number,
  round: number,
  { seed, windowMs }: SectionOptions,
): DecisionCell {
  const random = new SeededRandom(seed + round);
  const snapshot = campaignOf(assignments, STRATEGIES[strategy], random);
  const turns = turnsOf(snapshot, random);
  const inputs = Array.from({ length: CALLERS }, (_, no): RouteInput<RoutableAssignment> => {
    const facts = factsOf(no, assignments, random);
    return { snapshot, facts, seed: routingSeed(facts.callId, 1), alreadyTried: [], turns };
  });
  const decide = (no: number): Took => {
    const input = inputs[no % CALLERS];
    if (input === undefined) throw new RangeError(`no caller ${no}`);
    const began = performance.now();
    const before = process.cpuUsage();
    const { candidates, skipped } = decideRoute(input);
    const { user, system } = process.cpuUsage(before);
    const took = { wall: performance.now() - began, cpu: (user + system) / 1000 };
    if (candidates.length + skipped.length !== assignments || candidates.length < assignments / 4 - FEW) {
      throw new Error(`${candidates.length} candidates of ${assignments}: this measures something else`);
    }
    return took;
  };

  const first = decide(0);
  const warmUpUntil = performance.now() + windowMs / 2;
  for (let no = 1; no <= WARM_UP && performance.now() < warmUpUntil; no++) decide(no);
  const took: Took[] = [];
  const until = performance.now() + windowMs;
  for (let no = 0; performance.now() < until; no++) took.push(decide(no));
  return { round, strategy, assignments, took, first };
}

/** Turns in a shuffled order, one in ten never dialled. */
function turnsOf(snapshot: CampaignSnapshot, random: SeededRandom): Turns {
  return new Map(
    snapshot.plan.rules.map(({ name }) => {
      const ids = snapshot.assignments.filter(() => random.next() < 0.9).map(({ id }) => id);
      return [
        name,
        new Map<AssignmentId, bigint>(ids.map((id) => [id, BigInt(Math.floor(random.next() * 1e6))])),
      ];
    }),
  );
}
