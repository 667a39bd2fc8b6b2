import { Agenda } from '../../domain/backtest/agenda';
import { Background, type Carried, type OtherHold } from '../../domain/backtest/background';
import { Backtest, type BacktestSettings } from '../../domain/backtest/backtest';
import { LimitRules, type LimitSeries } from '../../domain/backtest/limit-rules';
import { PastOutcomes, type DialOutcome } from '../../domain/backtest/outcomes';
import {
  chosenAt,
  type ObservedDial,
  type PastCall,
  type PlanVersion,
} from '../../domain/backtest/past-call';
import { attribute, NOTHING_DUE, type Attribution, type PayoutRule } from '../../domain/call/attribution';
import { reserveCandidates, type ReserveCandidate } from '../../domain/limits/candidates';
import { NOTHING_HAPPENED, type Happened } from '../../domain/limits/happened';
import type { AssignmentId, PublisherId } from '../../domain/ids';
import { microsFromText, type Micros } from '../../domain/money';
import { allClosed, decideRoute, routingSeed, type RouteDecision } from '../../domain/routing/decide';
import type { DialableAssignment } from '../../domain/routing/snapshot';
import { callAt, CAMPAIGN, USD } from './backtest-samples';

/*
 * A world in which it is known how every dial would end, and calls routed in it one after the other, in as few words as
 * can be: limits are lists of holds that are summed each time, and what is to come is sorted each time.
 */

export interface World {
  readonly assignments: readonly DialableAssignment[];
  readonly calls: readonly WorldCall[];
  readonly series: readonly LimitSeries[];
  readonly others: readonly OtherHold[];
  readonly carried: readonly Carried[];
  readonly payout: PayoutRule | null;
  readonly turns: readonly AssignmentId[];
  /** How a dial ends, if it is made: the same under every plan. */
  readonly truth: (call: WorldCall, assignment: AssignmentId) => DialOutcome;
}

export interface WorldCall {
  readonly id: string;
  /** Seconds from the beginning. */
  readonly chosen: number;
  /** Seconds from the choice to the question for room. */
  readonly lag: number;
  readonly tags: Readonly<Record<string, string>>;
}

interface Held {
  readonly asking: Pick<ReserveCandidate, 'scopes' | 'spend' | 'payout' | 'currency'>;
  readonly window: number;
  happened: Happened | null;
}

interface Event {
  readonly at: number;
  readonly rank: number;
  readonly happen: () => void;
}

const PUBLISHER = 'pub_1' as PublisherId;

/** What happened in the world under a plan. */
export function routeLive(world: World, version: PlanVersion): PastCall[] {
  return new Live(world, version).route();
}

class Live {
  private readonly events: Event[] = [];
  private readonly held = new Map<LimitSeries, Held[]>();
  private readonly turns = new Map<string, Map<AssignmentId, bigint>>();
  private dials = 0;

  constructor(
    private readonly world: World,
    private readonly version: PlanVersion,
  ) {
    for (const series of world.series) this.held.set(series, []);
  }

  route(): PastCall[] {
    const calls = this.world.calls.map((call) => this.pastCall(call));
    for (const { call, past, log } of calls)
      this.enter(past.reservedAt, 3, () => this.choose({ call, past, log }, past.reservedAt, past.facts.at));
    for (const other of this.world.others)
      this.enter(other.reservedAt, 4, () => {
        const holds = this.hold(other, other.reservedAt);
        this.enter(other.resolvedAt, 0, () => release(holds, other.happened));
      });
    for (;;) {
      // Of the same instant and rank, what was entered first: a sort is stable.
      const [next] = this.events.sort((a, b) => a.at - b.at || a.rank - b.rank);
      if (next === undefined) break;
      this.events.shift();
      next.happen();
    }
    return calls.map(({ past, log }) => ({
      ...past,
      observed: {
        outcome: log.outcome,
        converted: log.due.converted,
        revenue: log.due.revenue,
        payout: log.due.payout,
        dials: log.dials,
        hungUpAfterMs: log.hungUpAt === null ? null : log.hungUpAt - past.reservedAt,
        refusedBy: [...log.refusedBy],
      },
    }));
  }

  private enter(at: number, rank: number, happen: () => void): void {
    this.events.push({ at, rank, happen });
  }

  private pastCall(call: WorldCall): { call: WorldCall; past: PastCall; log: Log } {
    const { assignments, payout } = this.world;
    const past = callAt(call.id, call.chosen, {
      assignments,
      tags: call.tags,
      payout,
      publisherId: PUBLISHER,
      pinned: this.version,
    });
    return {
      call,
      past: { ...past, reservedAt: past.reservedAt + Math.round(call.lag * 1000) },
      log: { outcome: 'no_candidate', hungUpAt: null, due: NOTHING_DUE, dials: [], refusedBy: new Set() },
    };
  }

  private choose(on: { call: WorldCall; past: PastCall; log: Log }, at: number, instant: string): void {
    const { call, past, log } = on;
    const { version, plan } = this.version;
    const decision = decideRoute({
      snapshot: { ...past.campaign, planVersion: version, plan },
      facts: { ...past.facts, at: instant },
      seed: routingSeed(past.facts.callId, version),
      alreadyTried: log.dials.map(({ assignmentId }) => assignmentId),
      turns: new Map(plan.rules.map(({ name }) => [name, this.turnsOf(name)])),
    });
    const found = this.firstWithRoom(decision, past, log, at);
    if (found === null) {
      log.outcome = log.dials.length > 0 ? 'exhausted' : allClosed(decision) ? 'after_hours' : 'no_candidate';
      return;
    }
    const { candidate, asking } = found;
    const { id } = candidate.assignment;
    const outcome = this.world.truth(call, id);
    const holds = this.hold(asking, at);
    const rule = plan.rules.find(({ name }) => name === candidate.rule);
    this.dials += 1;
    if (rule?.strategy.kind === 'round_robin')
      this.turnsOf(rule.name).set(id, BigInt(this.world.turns.length + this.dials));
    log.dials.push({ assignmentId: id, price: candidate.price, outcome, goesOnAfterMs: null });
    const end = at + outcome.lastsMs;
    this.enter(end, 1, () => {
      const connected = outcome.state === 'completed';
      const terms = { currency: past.currency, price: candidate.price, payout: past.payout };
      const due = connected ? attribute({ terms, talkSeconds: outcome.talkSeconds }) : NOTHING_DUE;
      release(holds, happenedOf(connected, due));
      if (connected) Object.assign(log, { outcome: 'connected', due });
      else if (outcome.state === 'canceled')
        Object.assign(log, { outcome: 'abandoned_ringing', hungUpAt: end });
      else this.enter(end, 2, () => this.choose(on, end, new Date(end).toISOString()));
    });
  }

  private firstWithRoom(
    { candidates }: RouteDecision<DialableAssignment>,
    { payout }: PastCall,
    log: Log,
    at: number,
  ) {
    const paid = payout === null ? 0n : microsFromText(payout.amountMicros);
    const shared = { campaignId: CAMPAIGN, publisherId: PUBLISHER, currency: USD, payout: paid };
    for (const candidate of candidates) {
      const [asking] = reserveCandidates(shared, [candidate]);
      if (asking === undefined) continue;
      const full = this.on(asking).filter((limit) => this.isFull(limit, asking, at));
      if (full.length === 0) return { candidate, asking };
      for (const { limitId } of full) log.refusedBy.add(limitId);
    }
    return null;
  }

  private isFull(limit: LimitSeries, asking: Held['asking'], at: number): boolean {
    const maximum = limit.spans.find(({ from, until }) => from <= at && at < until)?.maximum;
    if (maximum === undefined) return false;
    const { carried } = this.world;
    let used = carried.find(({ series }) => series === limit && windowOf(limit, at) === 0)?.amount ?? 0n;
    for (const { asking: theirs, window, happened } of this.held.get(limit) ?? [])
      if (window === windowOf(limit, at))
        used += happened === null ? takes(limit, theirs) : posts(limit, happened);
    return used + takes(limit, asking) > maximum;
  }

  private hold(asking: Held['asking'], at: number): Held[] {
    return this.on(asking).map((limit) => {
      const held: Held = { asking, window: windowOf(limit, at), happened: null };
      this.held.get(limit)?.push(held);
      return held;
    });
  }

  private on({ scopes }: Held['asking']): readonly LimitSeries[] {
    return this.world.series.filter(({ scope }) => scopes.includes(scope));
  }

  private turnsOf(rule: string): Map<AssignmentId, bigint> {
    const known = this.turns.get(rule) ?? new Map(turnsOf(this.world));
    this.turns.set(rule, known);
    return known;
  }
}

interface Log {
  outcome: PastCall['observed']['outcome'];
  /** Milliseconds since 1970; `null`: the caller did not. */
  hungUpAt: number | null;
  due: Attribution;
  readonly dials: ObservedDial[];
  readonly refusedBy: Set<string>;
}

function release(holds: readonly Held[], happened: Happened): void {
  for (const held of holds) held.happened = happened;
}

function windowOf({ starts }: LimitSeries, at: number): number {
  return starts.filter((start) => start <= at).length - 1;
}

function takes({ counts, scopeKind }: LimitSeries, { spend, payout }: Held['asking']): bigint {
  if (counts !== 'spend') return 1n;
  return scopeKind === 'publisher' ? payout : spend;
}

function posts({ window, counts, scopeKind }: LimitSeries, happened: Happened): bigint {
  if (window === 'concurrency') return 0n;
  const { dialled, connected, converted, paid } = happened;
  if (counts === 'spend') return scopeKind === 'publisher' ? happened.payout : happened.spent;
  if (counts === 'conversion') return BigInt(scopeKind === 'publisher' ? paid : converted);
  return BigInt(counts === 'connection' ? connected : dialled);
}

function happenedOf(connected: boolean, { revenue, ...due }: Attribution): Happened {
  return { ...NOTHING_HAPPENED, dialled: true, connected, ...due, spent: revenue };
}

function turnsOf({ turns }: World): Map<AssignmentId, bigint> {
  return new Map(turns.map((id, index) => [id, BigInt(index + 1)]));
}

/** What past calls' dials came to. */
export function outcomesOf(calls: readonly PastCall[]): PastOutcomes {
  const own = new Map<AssignmentId, DialOutcome[]>();
  for (const { assignmentId, outcome } of calls.flatMap(({ observed }) => observed.dials)) {
    const known = own.get(assignmentId) ?? [];
    own.set(assignmentId, known);
    known.push(outcome);
  }
  return new PastOutcomes(own);
}

/** Past calls of the world, run again under a plan. */
export function backtest(
  world: World,
  calls: readonly PastCall[],
  plan: PlanVersion,
  settings: Partial<Pick<BacktestSettings, 'runs' | 'seed' | 'past'>> = {},
): Backtest {
  const rules = new LimitRules(world.series);
  const agenda = new Agenda();
  const from = calls[0] === undefined ? 0 : chosenAt(calls[0]);
  const run = new Backtest({
    plan,
    runs: 5,
    seed: 'seed',
    rules,
    agenda,
    background: new Background(rules, agenda, from, world.carried),
    past: outcomesOf(calls),
    turns: new Map(plan.plan.rules.map(({ name }) => [name, turnsOf(world)])),
    ...settings,
  });
  const others = world.others.toSorted((a, b) => a.reservedAt - b.reservedAt);
  let next = 0;
  const othersUntil = (at: number): void => {
    for (let other = others[next]; other !== undefined && other.reservedAt <= at; other = others[++next])
      run.other(other);
  };
  for (const call of calls) {
    othersUntil(chosenAt(call));
    run.call(call);
  }
  othersUntil(Infinity);
  run.finish();
  return run;
}

export function revenueOf(calls: readonly PastCall[]): Micros {
  return calls.reduce((sum, { observed }) => sum + observed.revenue, 0n) as Micros;
}
