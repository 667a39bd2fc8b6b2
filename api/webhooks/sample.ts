import type { EventCall, WebhookEvent } from '../../contract/events';
import { loadCallSnapshot } from '../../db/queries/events/callSnapshot';
import type { Queryable } from '../../db/pool';
import type { CallEventType, EventType } from '../../domain/events/types';
import type { DniPoolId, DniSessionId } from '../../domain/ids';
import { Problem } from '../problems';

/** Of events that nobody records. */
const SAMPLE_ID = 'evt_000000000000000000000000';

/** An event as it would be sent: about a call of theirs, or a made-up one. @throws Problem `unprocessable` */
export async function sampleEvent(
  db: Queryable,
  type: EventType,
  callId: string | undefined,
): Promise<WebhookEvent> {
  const envelope = { id: SAMPLE_ID, timestamp: new Date().toISOString() };
  switch (type) {
    case 'test.ping':
      return { ...envelope, type, data: { message: 'This is a test.' } };
    case 'limit.reached':
      return {
        ...envelope,
        type,
        data: {
          limit: {
            id: 'lim_sample',
            scope: { kind: 'buyer', id: 'buy_sample' },
            window: 'day',
            counts: 'connection',
            limit: '100',
            currency: null,
          },
          campaignId: SAMPLE_CALL.campaignId ?? '',
          callId: SAMPLE_CALL.id,
        },
      };
    case 'call.received':
    case 'call.connected':
    case 'call.ended':
    case 'call.converted':
    case 'call.paid':
      return { ...envelope, type, data: { call: await callFor(db, callId) } } satisfies CallEvent;
    default:
      return {
        ...envelope,
        type,
        data: {
          migration: {
            id: 'mig_sample',
            name: 'Alpha to Bravo',
            message: 'This is a sample.',
            shareBasisPoints: 500,
            judgements: [],
          },
        },
      };
  }
}

type CallEvent = Extract<WebhookEvent, { readonly type: CallEventType }>;

async function callFor(db: Queryable, callId: string | undefined): Promise<EventCall> {
  if (callId === undefined) return SAMPLE_CALL;
  const snapshot = await loadCallSnapshot(db, callId);
  if (snapshot !== null) return (snapshot as { readonly call: EventCall }).call;
  throw new Problem('unprocessable', `callId is the id of no call`, [
    { pointer: '/callId', message: 'is the id of no call' },
  ]);
}

const SAMPLE_CALL: EventCall = {
  id: 'call_sample',
  carrier: 'twilio',
  sid: 'CA00000000000000000000000000000000',
  campaignId: 'cmp_sample',
  campaignName: 'Home insurance & more',
  publisherId: 'pub_sample',
  publisherName: 'Search Partner',
  number: '+14155550100',
  caller: '+14155550123',
  channel: 'google_ads',
  visitor: {
    poolId: 'dni_home' as DniPoolId,
    sessionId: 'ses_6f0c2b1e9d8a47b5a3c1e2f4d5b6a798' as DniSessionId,
    landingPage: 'https://www.example.com/roofs',
    referrer: null,
    utm: { utm_source: 'spring sale' },
    clickIds: { gclid: 'abc' },
    tags: {},
  },
  geography: { state: 'CA', country: 'US' },
  tags: {
    intent: 'quote',
    utm_source: 'spring sale',
    gclid: 'abc',
    landing_page: 'https://www.example.com/roofs',
    dni_session: 'ses_6f0c2b1e9d8a47b5a3c1e2f4d5b6a798',
  },
  planVersion: 1,
  flowVersion: null,
  migration: null,
  state: 'ended',
  outcome: 'connected',
  outcomeReason: 'connected to Alpha Insurance',
  buyerId: 'buy_alpha',
  buyerName: 'Alpha Insurance',
  assignmentId: 'asg_alpha',
  receivedAt: '2026-03-02T15:00:00.000Z',
  connectedAt: '2026-03-02T15:00:12.000Z',
  endedAt: '2026-03-02T15:02:12.000Z',
  durationSeconds: 132,
  talkSeconds: 120,
  converted: true,
  currency: 'USD',
  revenueMicros: '20000000',
  payoutMicros: '8000000',
  timeline: [{ at: '2026-03-02T15:00:00.000Z', step: 'received', decision: 'a call came in' }],
};
