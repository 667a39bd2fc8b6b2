import type { Pool } from 'pg';
import type { ReservationLedger } from '../../db/limits/reservation-ledger';
import type {
  Admission,
  AttemptEnd,
  Ending,
  Finished,
  GiveUp,
  Qualifications,
  Resume,
  Routed,
} from '../../domain/call/commands';
import type { CallFacts } from '../../domain/call/facts';
import type { CallPolicy, PlacedAttempt } from '../../domain/call/policy';
import type { TimelineEntry } from '../../domain/call/timeline';
import type { AssignmentId, CallId } from '../../domain/ids';
import { createAdmitCall } from './admitCall';
import { createFinishCall } from './finishCall';
import { createRecordAnswer } from './recordAnswer';
import { createRouteCall } from './routeCall';
import type { Campaigns } from './campaigns';

export interface AdmitInput {
  readonly facts: CallFacts;
  readonly workflowId: string;
  readonly at: string;
  /** Set when nobody is on the line any more: record the call as failed, route nothing. */
  readonly giveUp: GiveUp | null;
  readonly entries: readonly TimelineEntry[];
}

export interface RouteInput {
  readonly facts: CallFacts;
  readonly workflowId: string;
  readonly policy: CallPolicy;
  readonly at: string;
  readonly qualifications: Qualifications;
  readonly previous: AttemptEnd | null;
  readonly alreadyTried: readonly AssignmentId[];
  /** Where the IVR flow goes on; `null`: a buyer is chosen. */
  readonly resume: Resume | null;
  /** The caller has hung up since they answered; `null`: they are on the line. ISO 8601. */
  readonly callerGoneAt: string | null;
  readonly entries: readonly TimelineEntry[];
}

export interface RecordAnswerInput {
  readonly callId: CallId;
  readonly attempt: PlacedAttempt;
  readonly answeredAt: string;
  readonly entries: readonly TimelineEntry[];
}

export interface FinishInput {
  readonly facts: CallFacts;
  readonly policy: CallPolicy;
  readonly qualifications: Qualifications;
  readonly ending: Ending;
  readonly entries: readonly TimelineEntry[];
}

/**
 * The side effects of a call. Each is one transaction that may be run again at any time: a repetition finds what the
 * first run left and gives the same answer.
 */
export interface CallActivities {
  /** Screens a new call; then enters its IVR flow, or selects a buyer and reserves its capacity. */
  admitCall(input: AdmitInput): Promise<Admission>;
  /**
   * Goes on in the IVR flow; or releases a failed dial's capacity, selects the next buyer and reserves its capacity, or
   * falls back.
   */
  routeCall(input: RouteInput): Promise<Routed>;
  /** Shows a dial as connected while the call goes on. */
  recordAnswer(input: RecordAnswerInput): Promise<void>;
  /** Releases or posts all capacity, attributes revenue and payout, and closes the call. */
  finishCall(input: FinishInput): Promise<Finished>;
}

export interface CallActivityDependencies {
  readonly db: Pool;
  readonly ledger: ReservationLedger;
  readonly campaigns: Campaigns;
  /** How long after the caller's hang-up a callback may still come, in seconds. */
  readonly callbackGraceSeconds: number;
}

/** The activities of `workflows/call`, bound to a database. */
export function createCallActivities({
  db,
  ledger,
  campaigns,
  callbackGraceSeconds,
}: CallActivityDependencies): CallActivities {
  return {
    admitCall: createAdmitCall({ db, ledger, campaigns, callbackGraceSeconds }),
    routeCall: createRouteCall({ db, ledger, campaigns }),
    recordAnswer: createRecordAnswer({ db }),
    finishCall: createFinishCall({ db }),
  };
}
