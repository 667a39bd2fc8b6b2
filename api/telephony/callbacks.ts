import type { Pool } from 'pg';
import { noteAfterEnd, saveRecording, settleCarrierReport } from '../../db/queries/callbacks';
import type { CarrierMessage, CarrierNews } from '../../domain/call/events';
import type { Logger } from '../../runtime/logger';
import type { CallRef, RecordingUpdate, StatusReport } from '../../telephony/port';
import { before } from '../deadline';
import type { CallGateway } from './call-gateway';

/**
 * Takes what carriers mention by the way. A live call's workflow is told by Signal; a call that has ended is settled
 * in the database and costs its workflow nothing. None of it changes how a call ends, so a callback that cannot be
 * taken is logged and let go: asking the carrier to repeat it would gain nothing.
 */
export interface CallbackSink {
  status(report: StatusReport): Promise<void>;
  news(call: CallRef, item: CarrierNews): Promise<void>;
  recording(update: RecordingUpdate, at: string): Promise<void>;
  /** A webhook that waited for instructions of a call that is over. */
  lateMessage(call: CallRef, message: CarrierMessage): Promise<void>;
}

export interface CallbackOptions {
  readonly db: Pool;
  readonly gateway: CallGateway;
  readonly log: Logger;
  /** How long one callback may take, in milliseconds. */
  readonly deadlineMs: number;
}

/** How long a first webhook may be on its way after the hang-up was reported, in milliseconds. */
const OVERTAKEN_MS = 3_000;
/** Hang-ups of unknown calls kept in memory at most. */
const MOST_OVERTAKING = 1_000;

export function createCallbackSink({ db, gateway, log, deadlineMs }: CallbackOptions): CallbackSink {
  let overtaking = 0;

  /** Runs one callback to its end or to the deadline, and swears that the carrier will not see an error. */
  async function take(
    call: CallRef,
    what: string,
    work: (deadline: number) => Promise<string>,
  ): Promise<void> {
    const deadline = Date.now() + deadlineMs;
    const line = { callId: call.callId, sid: call.sid, what };
    try {
      const taken = await before(deadline, work(deadline));
      log.info({ ...line, taken }, 'callback taken');
    } catch (error) {
      log.warn({ ...line, err: error }, 'callback lost; the call ends the same without it');
    }
  }

  async function settle(report: StatusReport): Promise<boolean> {
    try {
      const { call, status, seconds, entry } = report;
      return await settleCarrierReport(db, { callId: call.callId, status, seconds, entry });
    } catch (error) {
      // The workflow can still be told, and it will wait for the database longer than we may.
      log.warn({ callId: report.call.callId, err: error }, 'callback could not be settled in the database');
      return false;
    }
  }

  /** A hang-up can overtake the call's first webhook. Told once more, it ends the call instead of its maximum duration. */
  function tellLater(report: StatusReport, gone: CarrierNews): void {
    if (overtaking >= MOST_OVERTAKING) return;
    overtaking += 1;
    setTimeout(() => {
      overtaking -= 1;
      void take(report.call, 'status, again', async (deadline) => {
        if (await gateway.tell(report.call, gone, deadline)) return 'told';
        return (await settle(report)) ? 'settled' : 'unknown call';
      });
    }, OVERTAKEN_MS).unref();
  }

  return {
    status: (report) =>
      take(report.call, 'status', async (deadline) => {
        if (!report.over) return 'ignored';
        if (await settle(report)) return 'settled';
        const gone: CarrierNews = { type: 'caller_gone', at: report.entry.at, carrierStatus: report.status };
        if (await gateway.tell(report.call, gone, deadline)) return 'told';
        // The call ended between the two, or its first webhook is still on its way, or it is none of ours.
        if (await settle(report)) return 'settled';
        tellLater(report, gone);
        return 'unknown call; will be told again';
      }),

    news: (call, item) =>
      take(call, item.type, async (deadline) =>
        (await gateway.tell(call, item, deadline)) ? 'told' : 'call is over',
      ),

    recording: (update, at) =>
      take(update.call, 'recording', async (deadline) => {
        const { call, recordingSid, status } = update;
        const saved = await saveRecording(db, { ...update, callId: call.callId });
        if (!saved.known) return 'unknown call';
        if (!saved.live) return 'saved';
        const told = await gateway.tell(call, { type: 'recording', at, recordingSid, status }, deadline);
        return told ? 'told' : 'saved';
      }),

    lateMessage: (call, message) =>
      take(call, 'late message', async () => {
        const noted = await noteAfterEnd(db, call.callId, {
          key: `late:${message.type}:${'attempt' in message ? message.attempt : 0}`,
          at: message.at,
          step: 'late_callback',
          decision: `${message.type} came after the call had ended`,
          detail:
            message.type === 'dial_finished'
              ? { status: message.status, talkSeconds: message.talkSeconds }
              : {},
        });
        return noted ? 'noted' : 'unknown call';
      }),
  };
}
