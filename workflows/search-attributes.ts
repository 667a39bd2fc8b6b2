import { defineSearchAttributeKey } from '@temporalio/common';

/**
 * Search attributes of our workflows: the one list from which servers are set up, in development, tests and compose.
 * They are stored in clear, so none may carry a telephone number.
 */
export const campaignKey = defineSearchAttributeKey('CallyardCampaign', 'KEYWORD');
export const buyerKey = defineSearchAttributeKey('CallyardBuyer', 'KEYWORD');
export const outcomeKey = defineSearchAttributeKey('CallyardOutcome', 'KEYWORD');
export const stateKey = defineSearchAttributeKey('CallyardState', 'KEYWORD');
/** Set once migrations exist; registered now, so that servers need not be set up again. */
export const migrationSideKey = defineSearchAttributeKey('CallyardMigrationSide', 'KEYWORD');

export const SEARCH_ATTRIBUTES = [campaignKey, buyerKey, outcomeKey, stateKey, migrationSideKey].map(
  ({ name }) => ({ name, type: 'Keyword' as const }),
);
