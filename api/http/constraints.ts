import { brokenConstraint, isOutOfRange } from '../../db/errors';
import { IS_OUT_OF_RANGE, Problem } from '../problems';

/** What clients are told when a key of the database stands against their request: by the name of the constraint. */
const CONSTRAINTS: Readonly<Record<string, { readonly pointer: string; readonly message: string }>> = {
  campaigns_pkey: { pointer: '/id', message: 'is taken by another campaign' },
  publishers_pkey: { pointer: '/id', message: 'is taken by another publisher' },
  buyers_pkey: { pointer: '/id', message: 'is taken by another buyer' },
  assignments_pkey: { pointer: '/id', message: 'is taken by another assignment' },
  numbers_pkey: { pointer: '/number', message: 'is there already' },
  migrations_pkey: { pointer: '/id', message: 'is taken by another migration' },
  webhook_endpoints_pkey: {
    pointer: '/id',
    message: 'is taken by another endpoint, or was by one that is deleted',
  },
  limits_pkey: { pointer: '/id', message: 'is taken by another limit' },
  limits_scope_kind_scope_id_window_counts_key: {
    pointer: '/scope',
    message: 'has a limit for this window and event already',
  },
  saved_reports_pkey: { pointer: '/id', message: 'is taken by another saved report' },
  saved_reports_name: { pointer: '/name', message: 'is that of another saved report' },
  disputes_open: { pointer: '/callId', message: 'has an open dispute already' },
  dni_pools_pkey: { pointer: '/id', message: 'is taken by another DNI pool' },
  dni_numbers_pkey: { pointer: '/numbers', message: 'has a number that is in a pool already' },
  blocked_callers_pkey: { pointer: '/id', message: 'is taken by another entry' },
  blocked_callers_pattern_kind_campaign_id_key: {
    pointer: '/pattern',
    message: 'is blocked already, for the same callers',
  },
  numbers_campaign_id_fkey: { pointer: '/campaignId', message: 'is the id of no campaign' },
  numbers_publisher_id_fkey: { pointer: '/publisherId', message: 'is the id of no publisher' },
  assignments_campaign_id_fkey: { pointer: '/campaignId', message: 'is the id of no campaign' },
  assignments_buyer_id_fkey: { pointer: '/buyerId', message: 'is the id of no buyer' },
  dni_pools_campaign_id_fkey: { pointer: '/campaignId', message: 'is the id of no campaign' },
  dni_pools_publisher_id_fkey: { pointer: '/publisherId', message: 'is the id of no publisher' },
  dni_numbers_of_the_campaign: {
    pointer: '/campaignId',
    message: 'cannot be changed while the number is in a DNI pool: take it out of there first',
  },
  blocked_callers_campaign_id_fkey: { pointer: '/campaignId', message: 'is the id of no campaign' },
  numbers_cost_in_currency_of_campaign: {
    pointer: '/currency',
    message: 'has to be that of the number’s campaign: sums of a call are in one currency',
  },
  numbers_campaign_in_currency_of_cost: {
    pointer: '/campaignId',
    message: 'is the id of a campaign in another currency than the number costs in: remove its cost first',
  },
  campaigns_currency_of_costs: {
    pointer: '/currency',
    message: 'is not that in which numbers of the campaign cost: remove their costs first',
  },
};

/** The problem behind a broken constraint; `null`: the error is another one, or the constraint is not the client's. */
export function problemFromConstraint(error: unknown): Problem | null {
  if (isOutOfRange(error)) return new Problem('unprocessable', IS_OUT_OF_RANGE);
  const broken = brokenConstraint(error);
  if (broken === null) return null;
  if (broken.kind === 'referenced')
    return new Problem('conflict', `It cannot be deleted: ${broken.table} refer to it`);
  const known = CONSTRAINTS[broken.constraint];
  if (known === undefined) return null;
  const detail = `${known.pointer.slice(1)} ${known.message}`;
  switch (broken.kind) {
    case 'taken':
      return new Problem('conflict', detail, [known]);
    case 'missing':
    case 'misfit':
      return new Problem('unprocessable', detail, [known]);
  }
}
