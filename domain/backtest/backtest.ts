import type { AssignmentId } from '../ids';
import { microsFromText } from '../money';
import type { Turns } from '../routing/decide';
import type { Background, OtherHold } from './background';
import { ARRIVED, type Agenda } from './agenda';
import { Course } from './course';
import { Tally } from './figures';
import type { LimitRules } from './limit-rules';
import { sharedLine, type InLine } from './line';
import { drawFrom, type PastOutcomes } from './outcomes';
import { chosenAt, type PastCall, type PastCampaign, type PlanVersion } from './past-call';

/** What a backtest asks. */
export interface BacktestSettings {
  readonly plan: PlanVersion;
  /** How often the calls are run. */
  readonly runs: number;
  readonly seed: string;
  readonly rules: LimitRules;
  readonly agenda: Agenda;
  readonly background: Background;
  readonly past: PastOutcomes;
  /** Of round robins before the first call: a higher one is more recent. */
  readonly turns: Turns;
}

/** Somebody who was, or would have been, dialled first. */
export interface FirstDial {
  readonly assignmentId: AssignmentId;
  /** Micros, for a call that falls due. */
  readonly price: bigint;
}

/** A call that would have gone elsewhere. */
export interface Difference {
  /** Its place among the calls, from 1. */
  readonly no: number;
  readonly call: PastCall;
  readonly observed: FirstDial | null;
  /** Who most runs would have dialled first; `null`: nobody. Of as many, the first by id. */
  readonly modelled: FirstDial | null;
  readonly modelledRuns: number;
  /** Micros, on average over the runs, rounded down. */
  readonly expectedRevenue: bigint;
}

export interface Differences {
  same: number;
  otherBuyer: number;
  gained: number;
  lost: number;
}

/** A call that is not over yet in all runs. */
interface Open {
  readonly no: number;
  readonly observed: FirstDial | null;
  modelled: FirstDial | null;
  modelledRuns: number;
  revenue: bigint;
  runsLeft: number;
}

/**
 * Past calls, run again under a version of a plan: several times side by side, each run with outcomes of its own for
 * dials that were never made. Besides, once more under the versions that chose, to see how well the model tells what is
 * known. Calls are to be given in the order of their choices, and others' reservations in between.
 */
export class Backtest {
  readonly observed = new Tally();
  readonly runs: readonly Course[];
  readonly differences: Differences = { same: 0, otherBuyer: 0, gained: 0, lost: 0 };
  /** Assignments that the version names, and of how many calls the campaign did not have them. */
  readonly absent = new Map<AssignmentId, number>();
  /** Calls that the versions which chose would give to who was dialled first. */
  reproduced = 0;
  calls = 0;
  private readonly check: Course;
  private readonly open = new Map<PastCall, Open>();
  private finished: Difference[] = [];
  private readonly named: ReadonlySet<AssignmentId>;
  private readonly missing = new WeakMap<PastCampaign, readonly AssignmentId[]>();

  constructor(private readonly settings: BacktestSettings) {
    const { plan, rules, agenda, background, past, turns, seed } = settings;
    const shared = { rules, agenda, background: background.book, turns };
    this.named = new Set(
      plan.plan.rules.flatMap(({ candidates }) => (candidates ?? []).map(({ assignmentId }) => assignmentId)),
    );
    this.runs = Array.from(
      { length: settings.runs },
      (_, run) =>
        new Course({
          ...shared,
          planFor: () => plan,
          draw: drawFrom(past, `${seed}/${run}`),
          onEnd: (call, revenue) => this.endInRun(call, revenue),
        }),
    );
    this.check = new Course({
      ...shared,
      planFor: ({ pinned }) => pinned,
      draw: drawFrom(past, `${seed}/check`),
      onEnd: () => undefined,
    });
  }

  /** Somebody else reserves capacity. */
  other(hold: OtherHold): void {
    this.settings.agenda.until(hold.reservedAt);
    this.settings.background.begin(hold);
  }

  call(call: PastCall): void {
    const { agenda } = this.settings;
    // Whoever is given later asks limits later than this.
    agenda.until(chosenAt(call));
    const at = Math.max(call.reservedAt, chosenAt(call));
    agenda.enter(at, ARRIVED, () => this.arrive(call, at));
  }

  /** Ends all that is still under way. */
  finish(): void {
    this.settings.agenda.until(Infinity);
  }

  /** The differences that are known since this was asked last. */
  takeDifferences(): readonly Difference[] {
    const { finished } = this;
    this.finished = [];
    return finished;
  }

  private arrive(call: PastCall, at: number): void {
    this.calls += 1;
    observe(this.observed, call);
    for (const id of this.missingFrom(call.campaign)) this.absent.set(id, (this.absent.get(id) ?? 0) + 1);
    const observed = firstObserved(call);
    const open: Open = {
      no: this.calls,
      observed,
      modelled: null,
      modelledRuns: 0,
      revenue: 0n,
      runsLeft: this.runs.length,
    };
    this.open.set(call, open);
    if (sameDial(firstDial(this.check.arrive(call, at, null)), observed)) this.reproduced += 1;
    const { plan, rules } = this.settings;
    const line = sharedLine({ call, plan, at: call.facts.at, alreadyTried: [] }, rules);
    const firsts = this.runs.map((run) => firstDial(run.arrive(call, at, line)));
    const [modelled, modelledRuns] = mostCommon(firsts);
    open.modelled = modelled;
    open.modelledRuns = modelledRuns;
    this.differences[differenceOf(observed, modelled)] += 1;
    this.settle(call, open);
  }

  /** Whom the version names and a campaign did not have. */
  private missingFrom(campaign: PastCampaign): readonly AssignmentId[] {
    const known = this.missing.get(campaign);
    if (known !== undefined) return known;
    const there = new Set(campaign.assignments.map(({ id }) => id));
    const missing = [...this.named].filter((id) => !there.has(id));
    this.missing.set(campaign, missing);
    return missing;
  }

  private endInRun(call: PastCall, revenue: bigint): void {
    const open = this.open.get(call);
    if (open === undefined) throw new Error(`Call ${call.facts.callId} ended twice in a run`);
    open.revenue += revenue;
    open.runsLeft -= 1;
    // While it is still arriving in other runs, nobody knows who most of them dial.
    if (open.modelledRuns > 0) this.settle(call, open);
  }

  private settle(call: PastCall, open: Open): void {
    if (open.runsLeft > 0) return;
    this.open.delete(call);
    const { no, observed, modelled, modelledRuns, revenue } = open;
    if (sameDial(observed, modelled)) return;
    const expectedRevenue = revenue / BigInt(this.runs.length);
    this.finished.push({ no, call, observed, modelled, modelledRuns, expectedRevenue });
  }
}

/** Adds what was to the tally. */
function observe(tally: Tally, { observed }: PastCall): void {
  const { dials, outcome, converted, revenue, payout, refusedBy } = observed;
  for (const [index, { assignmentId }] of dials.entries()) tally.dial(assignmentId, index === 0);
  for (const limit of refusedBy) tally.refuse(limit);
  const taken = dials.findLast((dial) => dial.outcome.state === 'completed');
  if (taken !== undefined) {
    tally.connect(taken.assignmentId, { converted, revenue, payout });
    return;
  }
  if (dials.length === 0) tally.end(outcome === 'after_hours' ? 'afterHours' : 'noCandidate');
  else tally.end(outcome === 'abandoned_ringing' ? 'abandonedRinging' : 'exhausted');
}

function firstObserved({ observed }: PastCall): FirstDial | null {
  const [first] = observed.dials;
  return first === undefined
    ? null
    : { assignmentId: first.assignmentId, price: microsFromText(first.price.amountMicros) };
}

function firstDial(chosen: InLine | null): FirstDial | null {
  if (chosen === null) return null;
  const { assignment, price } = chosen.candidate;
  return { assignmentId: assignment.id, price: microsFromText(price.amountMicros) };
}

function sameDial(one: FirstDial | null, other: FirstDial | null): boolean {
  return one?.assignmentId === other?.assignmentId;
}

function differenceOf(observed: FirstDial | null, modelled: FirstDial | null): keyof Differences {
  if (sameDial(observed, modelled)) return 'same';
  if (observed === null) return 'gained';
  return modelled === null ? 'lost' : 'otherBuyer';
}

/** @returns who most of them are, and how many */
function mostCommon(dials: readonly (FirstDial | null)[]): [FirstDial | null, number] {
  const counts = new Map<string, { readonly dial: FirstDial | null; runs: number }>();
  for (const dial of dials) {
    const key = dial?.assignmentId ?? '';
    const known = counts.get(key);
    if (known === undefined) counts.set(key, { dial, runs: 1 });
    else known.runs += 1;
  }
  const [first] = [...counts.entries()].sort(([a, x], [b, y]) => y.runs - x.runs || (a < b ? -1 : 1));
  return first === undefined ? [null, 0] : [first[1].dial, first[1].runs];
}
