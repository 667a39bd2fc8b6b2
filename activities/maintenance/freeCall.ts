import type { Pool } from 'pg';
import { termsSchema } from '../../contract/money';
import {
  findOpenDial,
  insertFreed,
  lockAbandonedCall,
  type AbandonedCallRow,
  type FreedNowRow,
  type OpenDialRow,
} from '../../db/queries/limits/leases';
import { resolveCall } from '../../db/queries/limits/resolve';
import { insertTimeline } from '../../db/queries/timeline';
import { transaction } from '../../db/transaction';
import type { TimelineEntry } from '../../domain/call/timeline';
import type { AttemptId, BuyerId, CallId, CampaignId, MigrationId, PublisherId } from '../../domain/ids';
import type { AnsweredLeg, CarrierWord } from '../../telephony/inquiry';
import { closeCall, type ClosedAttempt, type Closing } from '../call/closeCall';
import type { FreedBecause, FreedHold, WorkflowGone } from './index';

/** A call whose workflow is gone, and what is still held for it. */
export interface Abandoned {
  readonly callId: CallId;
  /** How the workflow ended. */
  readonly because: WorkflowGone;
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
 * @returns the holds that this freed, and whether it closed the call
 */
export function freeCall(
  db: Pool,
  abandoned: Abandoned,
): Promise<{ readonly freed: readonly FreedHold[]; readonly closed: boolean }> {
  const { callId } = abandoned;
  return transaction(db, async (tx) => {
    const call = await lockAbandonedCall(tx, callId);
    const reason = call?.ended === true ? 'call_over' : abandoned.because;
    const closed =
      call === null || call.ended
        ? null
        : await closeCall(tx, closingOf(call, await findOpenDial(tx, callId), abandoned));
    await Promise.all(closed?.last ?? []);
    const rows = await (closed?.resolved ?? resolveCall(tx, { ...NOTHING_MORE, callId }));
    const ids = rows.filter(({ resolved }) => resolved).map(({ id }) => id);
    const freed = await insertFreed(tx, ids, { reason, carrierSays: abandoned.carrier?.state ?? null });
    return {
      value: { freed: freed.map((row) => freedHold(row, reason)), closed: closed !== null },
      last:
        call === null || freed.length === 0
          ? []
          : [insertTimeline(tx, callId, [freedEntry(abandoned, reason, freed)])],
    };
  });
}

/** For whoever asks what maintenance did. */
export function freedHold(row: FreedNowRow, reason: FreedBecause): FreedHold {
  return { reservationId: row.id, callId: row.call_id, reason, heldSeconds: row.held_seconds };
}

/** Of a call that has ended on record, or never came to be recorded: whatever is left. */
const NOTHING_MORE = {
  attemptId: null,
  connected: null,
  unheardAttemptId: null,
  resolution: 'expired',
} as const;

function closingOf(
  call: AbandonedCallRow,
  dial: OpenDialRow | null,
  { callId, because, carrier, at }: Abandoned,
): Closing {
  const attempt = dial === null ? null : endOf(dial, carrier, at);
  const reason = `the workflow was lost (${because})`;
  const outcome = attempt?.status === 'completed' ? 'connected' : 'failed';
  return {
    callId,
    policy: {
      campaignId: call.campaign_id as CampaignId,
      publisherId: call.publisher_id as PublisherId | null,
      ...sideOf(call),
    },
    qualifications: null,
    ending: { outcome, reason, at, attempt },
    entries: [{ key: 'ended', at, step: 'ended', decision: outcome, detail: { reason } }],
    resolution: 'expired',
  };
}

function sideOf({
  migration_id: id,
  migration_side: side,
}: AbandonedCallRow): Pick<Closing['policy'], 'migration'> {
  if (id === null || side === null) return {};
  return { migration: { migrationId: id as MigrationId, side } };
}

/** What a dial came to of which nobody will tell us any more. */
function endOf(dial: OpenDialRow, carrier: CarrierWord | null, at: string): ClosedAttempt {
  const attempt = {
    id: dial.id as AttemptId,
    buyerId: dial.buyer_id as BuyerId,
    terms: termsSchema.parse(dial.terms),
  };
  const leg = legOf(dial, carrier);
  // Of a leg that has to be accepted, the carrier's word says only that somebody picked up.
  const talked = dial.connected_at !== null || (!dial.screened && leg !== null);
  if (!talked) return { attempt, status: 'canceled', at, talkSeconds: null };
  const answered = leg?.seconds ?? null;
  const talkSeconds = answered === null ? null : Math.max(0, answered - (dial.screening_seconds ?? 0));
  return { attempt, status: 'completed', at, talkSeconds };
}

/**
 * The leg by which this dial was answered. A number that an earlier dial of the call rang as well could be that one's
 * leg, and another buyer's talk: what cannot be told apart counts for nothing.
 */
function legOf({ rung_only_now: own }: OpenDialRow, carrier: CarrierWord | null): AnsweredLeg | null {
  const legs = (carrier?.answered ?? []).filter(({ to }) => own.includes(to));
  return legs.length === 1 ? (legs[0] ?? null) : null;
}

function freedEntry(
  { carrier, at }: Abandoned,
  reason: FreedBecause,
  freed: readonly FreedNowRow[],
): TimelineEntry {
  const why = reason === 'call_over' ? 'the call was over' : `the workflow is gone (${reason})`;
  const still = carrier?.state === 'in_progress' ? '; by the carrier the call goes on' : '';
  return {
    key: `freed:${freed[0]?.id ?? ''}`,
    at,
    step: 'capacity_freed',
    decision: `maintenance gave back what was held: ${why}${still}`,
    detail: {
      reservations: freed.map(({ id }) => id),
      heldSeconds: Math.max(...freed.map(({ held_seconds: seconds }) => seconds)),
      carrier: carrier === null ? 'not asked, or no answer' : carrier.status,
    },
  };
}
