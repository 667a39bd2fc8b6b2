import type { Pool } from 'pg';
import { connectAttempt } from '../../db/queries/attempts';
import { moveCall } from '../../db/queries/calls';
import { recordCallEvents } from '../../db/queries/events/record';
import { insertTimeline } from '../../db/queries/timeline';
import { transaction } from '../../db/transaction';
import { callEvent } from '../../domain/events/types';
import type { CallActivities } from './index';

/** Live state only: how the call ends never depends on it, and every statement may be repeated. */
export function createRecordAnswer({ db }: { readonly db: Pool }): CallActivities['recordAnswer'] {
  return ({ callId, attempt, answeredAt, entries }) =>
    transaction(db, async (tx) => ({
      value: undefined,
      last: [
        moveCall(tx, { callId, state: 'connected', qualifications: null, connectedAt: answeredAt }),
        connectAttempt(tx, attempt.id, answeredAt),
        insertTimeline(tx, callId, entries),
        recordCallEvents(tx, callId, [callEvent('call.connected', attempt.id, answeredAt)]),
      ],
    }));
}
