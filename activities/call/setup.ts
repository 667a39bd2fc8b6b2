import {
  currencySchema,
  destinationSchema,
  flowSchema,
  hoursSchema,
  planSchema,
  priceRuleSchema,
  treatmentsSchema,
  type Flow,
  type Plan,
  type Treatments,
} from '../../contract/campaign';
import type { Queryable } from '../../db/pool';
import {
  loadAssignments,
  loadAssignmentsBehind,
  loadCallSetup,
  loadPinnedPlan,
} from '../../db/queries/setup';
import type { AssignmentRow, CallSetupRow } from '../../db/queries/setup';
import type { PriceRule } from '../../domain/call/attribution';
import type { CallFacts } from '../../domain/call/facts';
import type { Hours } from '../../domain/hours';
import type { AssignmentId, BuyerId, CampaignId, PublisherId } from '../../domain/ids';
import type { Currency } from '../../domain/money';
import type { RoutableAssignment } from '../../domain/routing/candidates';
import type { Screened } from '../../domain/screening';

/** An assignment with what a dial and the money need beyond routing. */
export interface Assignment extends RoutableAssignment {
  readonly ringTimeoutSeconds: number;
  readonly price: PriceRule;
}

/** A campaign as one call sees it, with versions fixed. */
export interface CampaignSetup {
  readonly campaignId: CampaignId;
  readonly name: string;
  readonly status: Screened['campaignStatus'];
  readonly currency: Currency;
  readonly hours: Hours | null;
  readonly treatments: Treatments;
  readonly anonymousCallers: Screened['anonymousCallers'];
  readonly maxCallSeconds: number;
  readonly reportAnswer: boolean;
  readonly record: boolean;
  readonly planVersion: number;
  readonly plan: Plan;
  readonly flowVersion: number | null;
  readonly flow: Flow | null;
  readonly publisherId: PublisherId | null;
  readonly payout: PriceRule | null;
  readonly callerBlocked: boolean;
  readonly assignments: readonly Assignment[];
}

export interface CampaignReader {
  /**
   * Reads what a new call needs, in one round trip.
   * @returns `null` when nobody owns the number, or when the campaign behind it has never been published.
   */
  campaignBehind(facts: CallFacts): Promise<CampaignSetup | null>;
  /** The plan a call was pinned to and the campaign's assignments as they are now, in one round trip. */
  routing(campaignId: CampaignId, planVersion: number): Promise<Routing>;
}

export interface Routing {
  readonly plan: Plan;
  readonly treatments: Treatments;
  readonly assignments: readonly Assignment[];
}

/** Versions of plans and flows kept parsed at most; past it the cache starts anew. */
const MOST_VERSIONS = 10_000;

/** Published versions never change, so each is parsed once a reader; everything else is read for every call. */
export function createCampaignReader(db: Queryable): CampaignReader {
  const plans = new Map<string, Plan>();
  const flows = new Map<string, Flow>();

  const planOf = (campaign: string, version: number, definition: unknown): Plan =>
    parsedOnce(plans, `${campaign}/${version}`, () => planSchema.parse(definition));
  const flowOf = (row: CallSetupRow): Flow | null =>
    row.flow_version === null
      ? null
      : parsedOnce(flows, `${row.campaign_id}/${row.flow_version}`, () => flowSchema.parse(row.flow));

  return {
    async campaignBehind(facts) {
      const [row, assignments] = await Promise.all([
        loadCallSetup(db, facts.to, facts.from),
        loadAssignmentsBehind(db, facts.to),
      ]);
      if (row === null || row.campaign_id === null || row.plan_version === null) return null;
      return {
        campaignId: row.campaign_id as CampaignId,
        name: row.campaign_name,
        status: row.status as Screened['campaignStatus'],
        currency: currencySchema.parse(row.currency),
        hours: hoursSchema.nullable().parse(row.hours),
        treatments: treatmentsSchema.parse(row.treatments),
        anonymousCallers: row.anonymous_callers as Screened['anonymousCallers'],
        maxCallSeconds: row.max_call_seconds,
        reportAnswer: row.report_answer,
        record: row.record_calls,
        planVersion: row.plan_version,
        plan: planOf(row.campaign_id, row.plan_version, row.plan),
        flowVersion: row.flow_version,
        flow: flowOf(row),
        publisherId: row.publisher_id as PublisherId | null,
        payout: priceRuleSchema.nullable().parse(row.payout),
        callerBlocked: row.caller_blocked,
        assignments: assignments.map(toAssignment),
      };
    },

    async routing(campaignId, planVersion) {
      const [row, assignments] = await Promise.all([
        loadPinnedPlan(db, campaignId, planVersion),
        loadAssignments(db, campaignId),
      ]);
      if (row === null)
        throw new Error(`Plan version ${planVersion} of campaign ${campaignId} does not exist`);
      return {
        plan: planOf(campaignId, planVersion, row.definition),
        treatments: treatmentsSchema.parse(row.treatments),
        assignments: assignments.map(toAssignment),
      };
    },
  };
}

function parsedOnce<T>(cache: Map<string, T>, key: string, parse: () => T): T {
  const known = cache.get(key);
  if (known !== undefined) return known;
  const parsed = parse();
  if (cache.size >= MOST_VERSIONS) cache.clear();
  cache.set(key, parsed);
  return parsed;
}

function toAssignment(row: AssignmentRow): Assignment {
  return {
    id: row.id as AssignmentId,
    buyerId: row.buyer_id as BuyerId,
    buyerName: row.buyer_name,
    destination: destinationSchema.parse(row.destination),
    priority: row.priority,
    weight: row.weight,
    paused: row.paused,
    hours: hoursSchema.nullable().parse(row.buyer_hours),
    ringTimeoutSeconds: row.ring_timeout_seconds,
    price: priceRuleSchema.parse(row.price),
  };
}
