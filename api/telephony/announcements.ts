import type { Pool } from 'pg';
import { announcementSchema } from '../../contract/call';
import {
  acceptAttempt,
  askForAnnouncement,
  findAcceptance,
  findAnnouncement,
} from '../../db/queries/attempts';
import type { Accepted } from '../../domain/call/events';
import { secondsBetween } from '../../domain/call/steps';
import { attemptId, type CallId } from '../../domain/ids';
import { HANG_UP, say, type Instructions } from '../../domain/instructions';
import type { Logger } from '../../runtime/logger';
import { before } from '../deadline';
import type { CallbackSink } from './callbacks';

/** Puts the caller through: on the buyer's leg, the end of a document does that. */
const PUT_THROUGH: Instructions = [];

/**
 * What happens on the buyer's leg before caller and buyer are put through to each other. What is to be said was written
 * with the attempt, and the accepting key is written to it; the workflow is told of that, in case the dial's result is
 * lost. While the database is away,
 * callers are put through unannounced rather than left ringing.
 */
export interface Announcements {
  /** @param leg of the dial, as the carrier names it. @param at ISO 8601 instant of the answer. */
  announce(call: CallId, attempt: number, leg: string, at: string): Promise<Instructions>;
  accept(call: CallId, attempt: number, key: AcceptKey): Promise<Instructions>;
  /** `null`: they did not, or nobody can say now. */
  acceptance(call: CallId, attempt: number): Promise<Accepted | null>;
}

/** What came back from a buyer who was asked to accept. Instants are ISO 8601. */
export interface AcceptKey {
  /** `null` for silence. */
  readonly digits: string | null;
  readonly at: string;
  /** When they were asked. */
  readonly since: string;
}

export interface AnnouncementOptions {
  readonly db: Pool;
  /** Tells the call's workflow. */
  readonly callbacks: Pick<CallbackSink, 'news'>;
  readonly log: Logger;
  /** How long one of these may take, in milliseconds. */
  readonly deadlineMs: number;
}

/** Share of a webhook's time that looking up an acceptance may take: the workflow needs the rest. */
const LOOK_UP_SHARE = 0.25;

export function createAnnouncements({ db, callbacks, log, deadlineMs }: AnnouncementOptions): Announcements {
  async function inTime<T>(
    callId: CallId,
    what: string,
    share: number,
    work: Promise<T>,
    otherwise: T,
  ): Promise<T> {
    try {
      return await before(Date.now() + deadlineMs * share, work);
    } catch (error) {
      log.error({ callId, what, err: error }, 'announcement goes on without the database');
      return otherwise;
    }
  }

  const find = async (call: CallId, attempt: number) => {
    const stored = await findAnnouncement(db, attemptId(call, attempt));
    return stored === null ? null : announcementSchema.parse(stored);
  };

  return {
    announce: (call, attempt, leg, at) =>
      inTime(
        call,
        'announce',
        1,
        askForAnnouncement(db, attemptId(call, attempt), leg, at).then((asked): Instructions => {
          if (asked === null) return PUT_THROUGH;
          const { whisper, acceptance } = announcementSchema.parse(asked.announcement);
          const whispered = say(whisper === null ? [] : [whisper]);
          if (acceptance === null) return whispered;
          return [
            ...whispered,
            {
              verb: 'gather',
              prompt: acceptance.prompt,
              input: 'digits',
              digits: 1,
              terminator: null,
              timeoutSeconds: acceptance.timeoutSeconds,
              speech: null,
              callback: { step: 'accept', call, attempt, since: asked.since },
            },
          ];
        }),
        PUT_THROUGH,
      ),

    accept: (call, attempt, { digits, at, since }) =>
      inTime(
        call,
        'accept',
        1,
        find(call, attempt).then(async (announcement): Promise<Instructions> => {
          const acceptance = announcement?.acceptance ?? null;
          if (acceptance !== null && digits !== acceptance.digit) {
            log.info({ callId: call, attempt, pressed: digits !== null }, 'buyer did not accept the call');
            return HANG_UP;
          }
          const screeningSeconds = secondsBetween(since, at);
          const first = await acceptAttempt(db, attemptId(call, attempt), at, screeningSeconds);
          if (first !== null) {
            // Not waited for: buyer and caller are put through meanwhile.
            void callbacks.news(
              { ...first, callId: call },
              { type: 'buyer_accepted', attempt, at, screeningSeconds },
            );
          }
          log.info({ callId: call, attempt }, 'buyer accepted the call');
          return PUT_THROUGH;
        }),
        digits === null ? HANG_UP : PUT_THROUGH,
      ),

    acceptance: (call, attempt) =>
      inTime(call, 'look up acceptance', LOOK_UP_SHARE, findAcceptance(db, attemptId(call, attempt)), null),
  };
}
