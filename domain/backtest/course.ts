import { attribute, attributePostback, NOTHING_DUE, type Attribution, type Terms } from '../call/attribution';
import type { AssignmentId } from '../ids';
import type { Micros } from '../money';
import { ONLY_DIALLED, type Happened } from '../limits/happened';
import { allClosed, type Turns } from '../routing/decide';
import { DIAL_ENDED, GOES_ON, type Agenda } from './agenda';
import { Tally } from './figures';
import { LimitBook, type Hold } from './limit-book';
import type { LimitRules } from './limit-rules';
import { lineUp, sharedLine, type Asked, type InLine, type Line } from './line';
import type { DialOutcome, DrawOutcome } from './outcomes';
import type { ObservedDial, PastCall, PlanVersion } from './past-call';

/** What a course is made of. */
export interface CourseSettings {
  readonly rules: LimitRules;
  /** What is used up of limits by others. */
  readonly background: LimitBook;
  /** What is to come. Other courses may share it. */
  readonly agenda: Agenda;
  /** Which version a call is asked with. */
  readonly planFor: (call: PastCall) => PlanVersion;
  readonly draw: DrawOutcome;
  /** Turns of round robins before the first call, from 1 to less than {@link FIRST_TURN}. */
  readonly turns: Turns;
  /** A call is over, and brought so much. */
  readonly onEnd: (call: PastCall, revenue: bigint) => void;
}

/** A call on its way through a course. */
interface LiveCall {
  readonly call: PastCall;
  readonly tried: AssignmentId[];
  readonly refusedBy: Set<string>;
  /** When the caller hangs up if nobody has answered by then, in milliseconds since 1970; `Infinity`: they wait. */
  readonly waitsUntil: number;
}

/** A dial under way. */
interface Dial {
  readonly live: LiveCall;
  readonly dialled: InLine;
  readonly hold: Hold;
  readonly outcome: DialOutcome;
  /** From its end to the next asking of limits. */
  readonly goesOnAfterMs: number;
}

/**
 * One course that past calls might have taken under another plan: a simulation from event to event, in the order of
 * their instants. A dial that was made in the same call ends as it did; the end of any other is drawn. Nothing in here
 * depends on the clock of the machine or on chance: the same input gives the same course.
 */
export class Course {
  readonly tally = new Tally();
  private readonly book: LimitBook;
  private readonly turns = new Map<string, Map<AssignmentId, bigint>>();
  private dials = 0;

  constructor(private readonly settings: CourseSettings) {
    this.book = new LimitBook(settings.rules, settings.background);
  }

  /**
   * A call is to be routed. All that comes before has happened.
   * @param at milliseconds since 1970
   * @param shared the line that does not depend on turns, where there is one
   * @returns who is dialled first; `null`: nobody
   */
  arrive(call: PastCall, at: number, shared: Line | null): InLine | null {
    const { hungUpAfterMs } = call.observed;
    const waitsUntil = at + (hungUpAfterMs ?? Infinity);
    const live: LiveCall = { call, tried: [], refusedBy: new Set(), waitsUntil };
    return this.choose(live, at, call.facts.at, shared);
  }

  private choose(live: LiveCall, at: number, instant: string, shared: Line | null): InLine | null {
    const { call, tried } = live;
    if (tried.length > 0 && at >= live.waitsUntil) {
      this.tally.end('abandonedRinging');
      this.end(live, 0n);
      return null;
    }
    const asked: Asked = { call, plan: this.settings.planFor(call), at: instant, alreadyTried: tried };
    const line = shared ?? this.ownLine(asked);
    const chosen = this.firstWithRoom(line, live, at);
    if (chosen === null) {
      if (tried.length > 0) this.tally.end('exhausted');
      else this.tally.end(allClosed(line.decision) ? 'afterHours' : 'noCandidate');
      this.end(live, 0n);
      return null;
    }
    this.dial(live, chosen, at, asked.plan);
    return chosen;
  }

  private ownLine(asked: Asked): Line {
    const { rules } = this.settings;
    return sharedLine(asked, rules) ?? lineUp(asked, this.turnsOf(asked.plan), rules);
  }

  private firstWithRoom(line: Line, live: LiveCall, at: number): InLine | null {
    for (let place = 0; ; place++) {
      const inLine = line.at(place);
      if (inLine === undefined) return null;
      const refusals = this.book.refusals(inLine.touched, inLine.asking, at);
      if (refusals.length === 0) return inLine;
      for (const { limitId } of refusals) live.refusedBy.add(limitId);
    }
  }

  private dial(live: LiveCall, chosen: InLine, at: number, plan: PlanVersion): void {
    const { assignment, rule } = chosen.candidate;
    const { observed } = live.call;
    this.tally.dial(assignment.id, live.tried.length === 0);
    live.tried.push(assignment.id);
    this.dials += 1;
    this.takeTurn(plan, rule, assignment.id);
    const made = observed.dials.find(({ assignmentId }) => assignmentId === assignment.id);
    const outcome = this.outcomeOf(live, chosen, made ?? null, live.waitsUntil - at);
    const hold = this.book.hold(chosen.touched, chosen.asking, at);
    const endsAt = at + outcome.lastsMs;
    this.settings.agenda.enter(endsAt, DIAL_ENDED, () =>
      this.endDial(endsAt, { live, dialled: chosen, hold, outcome, goesOnAfterMs: made?.goesOnAfterMs ?? 0 }),
    );
  }

  /**
   * How a dial ends. One that was made ends as it did; but of one that the caller's own hang-up ended it is only known
   * that the buyer had not answered by then.
   * @param patienceMs how long the caller still waits
   */
  private outcomeOf(
    { call: { facts } }: LiveCall,
    { candidate: { assignment } }: InLine,
    made: ObservedDial | null,
    patienceMs: number,
  ): DialOutcome {
    const { id, dialing } = assignment;
    if (made !== null && made.outcome.state !== 'canceled') {
      this.tally.observedOutcomes += 1;
      return unlessHungUp(made.outcome, patienceMs);
    }
    const rangMs = made?.outcome.ringMs ?? -1;
    for (let no = 0; no < MOST_DRAWS && rangMs + AS_LONG_MS < patienceMs; no++) {
      const drawn = this.settings.draw(facts.callId, id, dialing.ringTimeoutSeconds, no);
      if (drawn.ringMs <= rangMs) continue;
      this.tally.draw(id);
      return unlessHungUp(drawn, patienceMs);
    }
    this.tally.observedOutcomes += 1;
    const waited = Math.max(0, patienceMs === Infinity ? rangMs : patienceMs);
    return { state: 'canceled', ringMs: waited, lastsMs: waited, talkSeconds: null };
  }

  private endDial(at: number, { live, dialled, hold, outcome, goesOnAfterMs }: Dial): void {
    const { assignment } = dialled.candidate;
    const connected = outcome.state === 'completed';
    const due = connected ? dueOf(live.call, dialled, outcome) : NOTHING_DUE;
    this.book.resolve(hold, connected ? happened(due) : ONLY_DIALLED);
    if (connected) {
      this.tally.connect(assignment.id, due);
      this.end(live, due.revenue);
    } else if (outcome.state === 'canceled') {
      this.tally.end('abandonedRinging');
      this.end(live, 0n);
    } else {
      const next = at + goesOnAfterMs;
      this.settings.agenda.enter(next, GOES_ON, () =>
        this.choose(live, next, new Date(next).toISOString(), null),
      );
    }
  }

  private end({ call, refusedBy }: LiveCall, revenue: bigint): void {
    for (const limit of refusedBy) this.tally.refuse(limit);
    this.settings.onEnd(call, revenue);
  }

  private turnsOf({ plan }: PlanVersion): Turns {
    return new Map(
      plan.rules.map(({ name }) => [
        name,
        this.turns.get(name) ?? this.settings.turns.get(name) ?? NO_RULE_TURNS,
      ]),
    );
  }

  private takeTurn({ plan }: PlanVersion, ruleName: string, assignment: AssignmentId): void {
    const rule = plan.rules.find(({ name }) => name === ruleName);
    if (rule?.strategy.kind !== 'round_robin') return;
    const turns = this.turns.get(ruleName) ?? new Map(this.settings.turns.get(ruleName));
    this.turns.set(ruleName, turns);
    turns.set(assignment, FIRST_TURN + BigInt(this.dials));
  }
}

/** Above every turn from before the first call, and far from where doubles, by which turns compare, are no longer exact. */
export const FIRST_TURN = 1_000_000_000n;

/** Two clocks tell how long somebody waited: so much less is as long. */
const AS_LONG_MS = 1_000;

/** Outcomes that are drawn for one dial at most, in search of one that fits what is known. */
const MOST_DRAWS = 20;

const NO_RULE_TURNS: ReadonlyMap<AssignmentId, bigint> = new Map();

/** A caller who has waited as long as they did wait hangs up. @param patienceMs from the dial on */
function unlessHungUp(outcome: DialOutcome, patienceMs: number): DialOutcome {
  if (outcome.ringMs <= patienceMs) return outcome;
  const waited = Math.max(0, patienceMs);
  return { state: 'canceled', ringMs: waited, lastsMs: waited, talkSeconds: null };
}

/** What falls due by the end of a dial; a postback counts as if it came with it. */
function dueOf({ currency, payout }: PastCall, { candidate }: InLine, outcome: DialOutcome): Attribution {
  const terms: Terms = { currency, price: candidate.price, payout };
  const due = attribute({ terms, talkSeconds: outcome.talkSeconds });
  const late =
    outcome.postback === undefined
      ? null
      : attributePostback({ terms, talkSeconds: outcome.talkSeconds }, outcome.postback.value);
  if (late === null) return due;
  return {
    converted: true,
    revenue: (due.revenue + late.revenue) as Micros,
    paid: due.paid || late.paid,
    payout: (due.payout + late.payout) as Micros,
  };
}

function happened(due: Attribution): Happened {
  return {
    dialled: true,
    connected: true,
    converted: due.converted,
    spent: due.revenue,
    paid: due.paid,
    payout: due.payout,
  };
}
