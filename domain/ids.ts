import type { Brand } from './brand';

/** Identifies one call for ever; derived from carrier, account and SID, so every process computes the same one. */
export type CallId = Brand<string, 'CallId'>;
export type CampaignId = Brand<string, 'CampaignId'>;
export type BuyerId = Brand<string, 'BuyerId'>;
export type PublisherId = Brand<string, 'PublisherId'>;
export type AssignmentId = Brand<string, 'AssignmentId'>;
export type MigrationId = Brand<string, 'MigrationId'>;
/** `<call id>/<attempt number>`: repeating a step finds what the first try left. */
export type AttemptId = Brand<string, 'AttemptId'>;
/** Equal to the attempt's id: one attempt holds one reservation. */
export type ReservationId = Brand<string, 'ReservationId'>;
/** A telephone number in E.164, for example `+14155550100`. */
export type E164 = Brand<string, 'E164'>;

/** The id of a call's `no`-th dial; `no` counts from 1. */
export function attemptId(call: CallId, no: number): AttemptId {
  return `${call}/${no}` as AttemptId;
}

/** The reservation of an attempt shares its id, so that reserving twice for one attempt is impossible. */
export function reservationId(attempt: AttemptId): ReservationId {
  return attempt as string as ReservationId;
}
