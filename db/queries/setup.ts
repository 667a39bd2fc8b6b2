import type { Queryable } from '../pool';

/** A number with all that decides about a call to it, as stored; `contract/` gives the JSON its types. */
export interface CallSetupRow {
  readonly caller_blocked: boolean;
  readonly publisher_id: string | null;
  readonly payout: unknown;
  readonly campaign_id: string | null;
  readonly campaign_name: string;
  readonly status: string;
  readonly time_zone: string;
  readonly currency: string;
  readonly hours: unknown;
  readonly treatments: unknown;
  readonly anonymous_callers: string;
  readonly max_call_seconds: number;
  readonly report_answer: boolean;
  readonly record_calls: boolean;
  readonly plan_version: number | null;
  readonly plan: unknown;
  readonly flow_version: number | null;
  readonly flow: unknown;
}

/**
 * The campaign behind a number with its current plan and flow, and whether the caller is on the block list.
 * `null`: nobody owns the number. Assignments come with {@link loadAssignments}, in the same round trip.
 */
export async function loadCallSetup(
  db: Queryable,
  dialed: string,
  caller: string | null,
): Promise<CallSetupRow | null> {
  const { rows } = await db.query<CallSetupRow & Record<string, unknown>>({
    name: 'load_call_setup',
    text: `
      SELECT EXISTS (SELECT FROM blocked_callers b WHERE b.e164 = $2::text) AS caller_blocked,
             n.publisher_id, p.payout,
             c.id AS campaign_id, c.name AS campaign_name, c.status, c.time_zone, c.currency, c.hours, c.treatments,
             c.anonymous_callers, c.max_call_seconds, c.report_answer, c.record_calls,
             c.plan_version, rp.definition AS plan,
             c.flow_version, f.definition AS flow
        FROM numbers n
        LEFT JOIN publishers p ON p.id = n.publisher_id
        LEFT JOIN campaigns c ON c.id = n.campaign_id
        LEFT JOIN routing_plans rp ON rp.campaign_id = c.id AND rp.version = c.plan_version
        LEFT JOIN ivr_flows f ON f.campaign_id = c.id AND f.version = c.flow_version
       WHERE n.e164 = $1::text`,
    values: [dialed, caller],
  });
  return rows[0] ?? null;
}

/** The plan a call was pinned to at its start, immutable once published; and the campaign's treatments of today. */
export async function loadPinnedPlan(
  db: Queryable,
  campaign: string,
  version: number,
): Promise<{ readonly definition: unknown; readonly treatments: unknown } | null> {
  const { rows } = await db.query<{ definition: unknown; treatments: unknown }>({
    name: 'load_pinned_plan',
    text: `
      SELECT p.definition, c.treatments
        FROM routing_plans p JOIN campaigns c ON c.id = p.campaign_id
       WHERE p.campaign_id = $1::text AND p.version = $2::integer`,
    values: [campaign, version],
  });
  return rows[0] ?? null;
}

/** A buyer's place in a campaign, as stored. */
export interface AssignmentRow {
  readonly id: string;
  readonly buyer_id: string;
  readonly buyer_name: string;
  readonly buyer_hours: unknown;
  readonly destination: unknown;
  readonly priority: number;
  readonly weight: number;
  readonly paused: boolean;
  readonly ring_timeout_seconds: number;
  readonly price: unknown;
}

const ASSIGNMENT_COLUMNS = `
  a.id, a.buyer_id, b.name AS buyer_name, b.hours AS buyer_hours, a.destination, a.priority, a.weight, a.paused,
  a.ring_timeout_seconds, a.price`;

/** All assignments of a campaign, in no particular order. */
export async function loadAssignments(db: Queryable, campaign: string): Promise<AssignmentRow[]> {
  const { rows } = await db.query<AssignmentRow & Record<string, unknown>>({
    name: 'load_assignments',
    text: `
      SELECT ${ASSIGNMENT_COLUMNS}
        FROM assignments a
        JOIN buyers b ON b.id = a.buyer_id
       WHERE a.campaign_id = $1::text`,
    values: [campaign],
  });
  return rows;
}

/** Assignments of the campaign that owns a number: what {@link loadAssignments} gives, without knowing the campaign. */
export async function loadAssignmentsBehind(db: Queryable, dialed: string): Promise<AssignmentRow[]> {
  const { rows } = await db.query<AssignmentRow & Record<string, unknown>>({
    name: 'load_assignments_behind',
    text: `
      SELECT ${ASSIGNMENT_COLUMNS}
        FROM numbers n
        JOIN assignments a ON a.campaign_id = n.campaign_id
        JOIN buyers b ON b.id = a.buyer_id
       WHERE n.e164 = $1::text`,
    values: [dialed],
  });
  return rows;
}
