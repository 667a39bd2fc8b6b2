import type { Brand } from './brand';

/** Identifies one call for ever; derived from carrier, account and SID, so every process computes the same one. */
export type CallId = Brand<string, 'CallId'>;
export type CampaignId = Brand<string, 'CampaignId'>;
export type BuyerId = Brand<string, 'BuyerId'>;
export type PublisherId = Brand<string, 'PublisherId'>;
export type AssignmentId = Brand<string, 'AssignmentId'>;
/** `<call id>/<attempt number>`: repeating a step finds what the first try left. */
export type AttemptId = Brand<string, 'AttemptId'>;
/** The attempt's id: one attempt holds one reservation. One that was given back before the dial has a number behind. */
export type ReservationId = Brand<string, 'ReservationId'>;
/** A gradual shift of volume from a control to a challenger. */
export type MigrationId = Brand<string, 'MigrationId'>;
/** A report that is kept, to be run again. */
export type SavedReportId = Brand<string, 'SavedReportId'>;
/** Somebody else's service that is told of events. */
export type WebhookEndpointId = Brand<string, 'WebhookEndpointId'>;
/** A pool of numbers that are leased to visitors of web pages. */
export type DniPoolId = Brand<string, 'DniPoolId'>;
/** A visitor of web pages, as their browser is known to a pool. */
export type DniSessionId = Brand<string, 'DniSessionId'>;
/** A telephone number in E.164, for example `+14155550100`. */
export type E164 = Brand<string, 'E164'>;

/** The id of a call's `no`-th dial; `no` counts from 1. */
export function attemptId(call: CallId, no: number): AttemptId {
  return `${call}/${no}` as AttemptId;
}

/**
 * The reservation of an attempt shares its id, so that reserving twice for one attempt is impossible. `take` counts
 * from 1: a hold that does not fit any more, of a step that is run again, is given back before the next is taken.
 */
export function reservationId(attempt: AttemptId, take = 1): ReservationId {
  return (take === 1 ? attempt : `${attempt}~${take}`) as ReservationId;
}
