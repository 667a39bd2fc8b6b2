import { Agenda } from '../../domain/backtest/agenda';
import { Course } from '../../domain/backtest/course';
import { LimitBook } from '../../domain/backtest/limit-book';
import { LimitRules, type LimitSeries } from '../../domain/backtest/limit-rules';
import type { DialOutcome } from '../../domain/backtest/outcomes';
import type { ObservedDial, PastCall, PlanVersion } from '../../domain/backtest/past-call';
import type { AttemptEndState } from '../../domain/call/outcome';
import type { PriceRule } from '../../domain/call/attribution';
import type { AssignmentId, CallId, CampaignId } from '../../domain/ids';
import type { Currency, Micros } from '../../domain/money';
import type { RoutingPlan } from '../../domain/routing/plan';
import type { DialableAssignment } from '../../domain/routing/snapshot';
import { assignmentWith, BUSY, factsWith, micros, NOON, ruleWith } from './routing-samples';

export const BEGIN = Date.parse(NOON);
export const USD = 'USD' as Currency;
export const CAMPAIGN = 'cmp_1' as CampaignId;

/** Milliseconds since 1970, so many seconds after {@link BEGIN}. */
export function after(seconds: number): number {
  return BEGIN + seconds * 1000;
}

export function dialableWith(id: string, given: Partial<DialableAssignment> = {}): DialableAssignment {
  return {
    ...assignmentWith(id),
    dialing: {
      destinations: [{ kind: 'sip', uri: `sip:${id}@example.com` }],
      ringTimeoutSeconds: 20,
      whisper: null,
      acceptance: null,
      callerId: { kind: 'caller' },
      record: 'campaign',
    },
    ...given,
  };
}

/** Assignments of these ids, the first one first. */
export function inOrder(...ids: readonly string[]): DialableAssignment[] {
  return ids.map((id, index) => dialableWith(id, { priority: index + 1 }));
}

export function versionOf(version: number, given: Partial<RoutingPlan> = {}): PlanVersion {
  return {
    version,
    plan: {
      rules: [ruleWith('everyone')],
      maxAttempts: 5,
      recoverUnderSeconds: null,
      fallback: BUSY,
      ...given,
    },
  };
}

/** A dial that a buyer takes at once. */
export function talk(seconds: number): DialOutcome {
  return { state: 'completed', ringMs: 0, lastsMs: seconds * 1000, talkSeconds: seconds };
}

export function ringing(state: AttemptEndState, seconds: number): DialOutcome {
  return { state, ringMs: seconds * 1000, lastsMs: seconds * 1000, talkSeconds: null };
}

export const PRICE: PriceRule = { amountMicros: micros(10), due: { on: 'connection' } };

export function dialOf(id: string, outcome: DialOutcome): ObservedDial {
  return { assignmentId: id as AssignmentId, price: PRICE, outcome, goesOnAfterMs: null };
}

interface CallGiven extends Partial<Omit<PastCall, 'facts' | 'campaign' | 'observed'>> {
  readonly tags?: Readonly<Record<string, string>>;
  readonly assignments?: readonly DialableAssignment[];
  readonly observed?: Partial<PastCall['observed']>;
}

/** A call that was chosen for so many seconds after {@link BEGIN}. */
export function callAt(id: string, seconds: number, given: CallGiven = {}): PastCall {
  const { tags = {}, assignments = [], observed, ...rest } = given;
  return {
    facts: factsWith({ callId: id as CallId, at: new Date(after(seconds)).toISOString(), tags }),
    campaign: {
      campaignId: CAMPAIGN,
      timeZone: 'America/New_York',
      holidays: [],
      duplicates: null,
      assignments,
    },
    campaignId: CAMPAIGN,
    publisherId: null,
    currency: USD,
    payout: null,
    side: null,
    pinned: versionOf(1),
    reservedAt: after(seconds),
    observed: {
      outcome: 'no_candidate',
      converted: false,
      revenue: 0n as Micros,
      payout: 0n as Micros,
      dials: [],
      hungUpAfterMs: null,
      refusedBy: [],
      ...observed,
    },
    ...rest,
  };
}

/** Places at once on an assignment, unless something else is said. */
export function limitOn(scope: LimitSeries['scope'], given: Partial<LimitSeries> = {}): LimitSeries {
  return {
    limitId: `lim_${scope}`,
    scope,
    scopeKind: 'assignment',
    window: 'concurrency',
    counts: 'attempt',
    currency: null,
    starts: [-Infinity],
    spans: [{ from: -Infinity, until: Infinity, maximum: 1n }],
    ...given,
  };
}

export function allows(maximum: bigint): Pick<LimitSeries, 'spans'> {
  return { spans: [{ from: -Infinity, until: Infinity, maximum }] };
}

interface SceneGiven {
  readonly assignments: readonly DialableAssignment[];
  readonly plan?: Partial<RoutingPlan>;
  readonly series?: readonly LimitSeries[];
  readonly turns?: readonly string[];
  /** How dials end that were never made, by `call→assignment`, else by assignment. */
  readonly outcomes?: Readonly<Record<string, DialOutcome>>;
}

/** A course by hand: what is dialled, and what calls bring. */
export class Scene {
  /** Of dials that were never made, as `call→assignment`. */
  readonly drawn: string[] = [];
  /** As `call: revenue`, in the order in which calls are over. */
  readonly ended: string[] = [];
  readonly course: Course;
  private readonly agenda = new Agenda();

  constructor(private readonly given: SceneGiven) {
    const rules = new LimitRules(given.series ?? []);
    const plan = versionOf(2, given.plan);
    this.course = new Course({
      rules,
      background: new LimitBook(rules, null),
      agenda: this.agenda,
      planFor: () => plan,
      draw: (call, assignment) => this.drawFor(call, assignment),
      turns: new Map(
        plan.plan.rules.map(({ name }) => [
          name,
          new Map((given.turns ?? []).map((id, index) => [id as AssignmentId, BigInt(index + 1)])),
        ]),
      ),
      onEnd: ({ facts }, revenue) => this.ended.push(`${facts.callId}: ${revenue / 1_000_000n}`),
    });
  }

  /** Who is dialled first. */
  arrive(id: string, seconds: number, call: CallGiven = {}): string | null {
    this.agenda.until(after(seconds));
    const past = callAt(id, seconds, { assignments: this.given.assignments, ...call });
    return this.course.arrive(past, past.reservedAt, null)?.candidate.assignment.id ?? null;
  }

  finish(): this {
    this.agenda.until(Infinity);
    return this;
  }

  private drawFor(call: string, assignment: string): DialOutcome {
    const key = `${call}→${assignment}`;
    this.drawn.push(key);
    const outcome = this.given.outcomes?.[key] ?? this.given.outcomes?.[assignment];
    if (outcome === undefined) throw new Error(`Nothing is said of ${key}`);
    return outcome;
  }
}
