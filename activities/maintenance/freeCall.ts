import type { Pool } from 'pg';
import { termsSchema } from '../../contract/money';
import { insertFreed, lockAbandonedCall, type AbandonedCallRow } from '../../db/queries/limits/leases';
import { resolveCall } from '../../db/queries/limits/resolve';
import { insertTimeline } from '../../db/queries/timeline';
import { transaction } from '../../db/transaction';
import type { TimelineEntry } from '../../domain/call/timeline';
import type { AttemptId, BuyerId, CallId, CampaignId, PublisherId } from '../../domain/ids';
import type { CarrierWord } from '../../telephony/inquiry';
import { closeCall, type ClosedAttempt, type Closing } from '../call/closeCall';
import type { FreedBecause } from './index';

/** A call whose workflow is gone, and what is still held for it. */
export interface Abandoned {
  readonly callId: CallId;
  readonly because: FreedBecause;
  /** `null`: the carrier was not asked, or gave no answer. */
  readonly carrier: CarrierWord | null;
  /** ISO 8601. */
  readonly at: string;
}

/**
 * Gives back what a call holds whose workflow will never do it, and closes the call on record if it is open: one
 * transaction. Whoever talks is not cut off by it; nobody steers that call any more.
 *
 * Money falls due by what is known: an answer that was reported, or the carrier's word on the leg to the buyer. A talk
 * whose length nobody knows meets no duration rule.
 * @returns ids of the holds that this freed, and whether it closed the call
 */
export function freeCall(
  db: Pool,
  abandoned: Abandoned,
): Promise<{ readonly freed: readonly string[]; readonly closed: boolean }> {
  const { callId } = abandoned;
  return transaction(db, async (tx) => {
    const call = await lockAbandonedCall(tx, callId);
    const closed = call === null || call.ended ? null : await closeCall(tx, closingOf(call, abandoned));
    await Promise.all(closed?.last ?? []);
    const rows = await (closed?.resolved ?? resolveCall(tx, { ...NOTHING_MORE, callId }));
    const freed = rows.filter(({ resolved }) => resolved).map(({ id }) => id);
    const carrierSays = abandoned.carrier?.state ?? null;
    return {
      value: { freed, closed: closed !== null },
      last: [
        insertFreed(tx, freed, { reason: abandoned.because, carrierSays }),
        ...(call === null || freed.length === 0
          ? []
          : [insertTimeline(tx, callId, [freedEntry(abandoned, freed)])]),
      ],
    };
  });
}

/** Of a call that has ended on record, or never came to be recorded: whatever is left. */
const NOTHING_MORE = {
  attemptId: null,
  connected: null,
  unheardAttemptId: null,
  resolution: 'expired',
} as const;

function closingOf(call: AbandonedCallRow, { callId, because, carrier, at }: Abandoned): Closing {
  const attempt = openAttempt(call, carrier, at);
  const reason = `the workflow was lost (${because})`;
  const talked = attempt?.status === 'completed';
  return {
    callId,
    policy: {
      campaignId: call.campaign_id as CampaignId,
      publisherId: call.publisher_id as PublisherId | null,
    },
    qualifications: null,
    ending: { outcome: talked ? 'connected' : 'failed', reason, at, attempt },
    entries: [
      { key: 'ended', at, step: 'ended', decision: talked ? 'connected' : 'failed', detail: { reason } },
    ],
    resolution: 'expired',
  };
}

function openAttempt(call: AbandonedCallRow, carrier: CarrierWord | null, at: string): ClosedAttempt | null {
  const { attempt_id: id, buyer_id: buyerId, connected_at: connectedAt } = call;
  if (id === null || buyerId === null) return null;
  const attempt = { id: id as AttemptId, buyerId: buyerId as BuyerId, terms: termsSchema.parse(call.terms) };
  const over = carrier?.state === 'over' ? carrier : null;
  // Of a leg that has to be accepted, the carrier's seconds say only that somebody picked up.
  const answered = connectedAt !== null || (!call.screened && (over?.answeredSeconds ?? null) !== null);
  if (!answered) return { attempt, status: 'canceled', at, talkSeconds: null };
  const talkSeconds = call.screened ? null : (over?.answeredSeconds ?? null);
  return { attempt, status: 'completed', at, talkSeconds };
}

function freedEntry({ because, carrier, at }: Abandoned, freed: readonly string[]): TimelineEntry {
  return {
    key: `freed:${freed[0] ?? ''}`,
    at,
    step: 'capacity_freed',
    decision: `maintenance gave back what was held: the workflow is gone (${because})`,
    detail: {
      reservations: [...freed],
      carrier: carrier === null ? 'not asked, or no answer' : carrier.status,
    },
  };
}
