import { createHash } from 'node:crypto';
import type { Queryable } from '../../db/pool';
import {
  insertRecordedCampaign,
  isCampaignRecorded,
  type DecisionRecord,
} from '../../db/queries/decisionRecords';
import type { RecordedCampaign } from '../../domain/backtest/record';
import type { DialableAssignment } from '../../domain/routing/snapshot';
import { asksForHistory } from './callFacts';
import { payoutOf, type Decision, type Selection } from './buyerSelection';
import type { Campaign } from './campaign';

/** Hex digits of a SHA-256 that are kept: 128 bits, past which no two contents will ever meet by chance. */
const DIGEST_DIGITS = 32;

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, DIGEST_DIGITS);
}

/** Assignments that have not changed are the same objects from one reading to the next: each is made into text once. */
const digests = new WeakMap<DialableAssignment, string>();

/** What an assignment is recorded under: the same for the same content, whoever parsed it. */
export function assignmentDigest(assignment: DialableAssignment): string {
  const known = digests.get(assignment);
  if (known !== undefined) return known;
  const digest = digestOf(JSON.stringify(assignment));
  digests.set(assignment, digest);
  return digest;
}

/** What of a campaign is recorded. */
export type Recordable = Pick<Campaign, 'timeZone' | 'holidays' | 'duplicates' | 'currency' | 'assignments'>;

/** The campaign as it is recorded, with the digest it is recorded under. */
export function recordedForm({ timeZone, holidays, duplicates, currency, assignments }: Recordable): {
  readonly digest: string;
  readonly body: string;
} {
  const recorded: RecordedCampaign = {
    timeZone,
    holidays,
    duplicates,
    currency,
    assignments: assignments.map(assignmentDigest),
  };
  const body = JSON.stringify(recorded);
  return { digest: digestOf(body), body };
}

/**
 * Writes down, for good, what of a campaign has not been written down yet. Only assignments that `before` does not have
 * are sent: a campaign that calls use is recorded, so what it shares with this one is there.
 * @param before the campaign as it was kept until now; `undefined`: this is its first reading
 * @returns what it is recorded under
 */
export async function recordCampaign(
  db: Queryable,
  campaign: Recordable,
  before: Campaign | undefined,
): Promise<string> {
  const { digest, body } = recordedForm(campaign);
  // A process that starts finds most campaigns as they were, and has nothing to compare them with.
  const known = before === undefined ? await isCampaignRecorded(db, digest) : before.recorded === digest;
  if (known) return digest;
  const there = new Set(before?.assignments.map(assignmentDigest));
  const fresh = campaign.assignments.filter((assignment) => !there.has(assignmentDigest(assignment)));
  await insertRecordedCampaign(
    db,
    { digest, body },
    fresh.map((assignment) => ({ digest: assignmentDigest(assignment), body: JSON.stringify(assignment) })),
  );
  return digest;
}

/**
 * What the first choice of a call rested on.
 * @param way the one that was chosen; the call's own, when nobody was
 * @param decision on that way
 */
export function recordOf(way: Selection, decision: Decision): DecisionRecord {
  const { facts, campaign, routingFacts, snapshot, at } = way;
  const { geography, source, tags } = routingFacts;
  const asked = asksForHistory(campaign, { plan: snapshot.plan, flow: campaign.flow?.definition ?? null });
  const history = asked ? routingFacts.history : null;
  return {
    callId: facts.callId,
    campaignId: campaign.campaignId,
    campaignDigest: campaign.recorded,
    decidedAt: at,
    facts: { geography, channel: source.channel, tags, history, payout: payoutOf({ way, decision }) },
  };
}
