import { liveEventSchema, liveQuerySchema } from '../../contract/live';
import { eventsRoute, type Route } from '../http/route';

/** What happens now. */
export const liveRoutes: readonly Route[] = [
  eventsRoute({
    method: 'get',
    path: '/live',
    operationId: 'watchLive',
    summary: 'Calls in progress, counters of today and limits, as they change',
    description: [
      'Server-sent events, within a second of what happens. The schema is that of an event as it is parsed: its name, and ',
      'the JSON in its data. The first event is a `snapshot`; with `Last-Event-ID`, of whichever process, the stream goes on ',
      'behind that event instead, with all calls that ended meanwhile.',
    ].join(''),
    tag: 'Live data',
    query: liveQuerySchema,
    responses: {
      200: { description: 'Events, without end.', body: liveEventSchema, type: 'text/event-stream' },
    },
    begin: ({ live, res, lastEventId, query: { campaignId, buyerId } }) =>
      live.open(res, { campaignId: campaignId ?? null, buyerId: buyerId ?? null }, lastEventId),
  }),
];
