import { defineSearchAttributeKey } from '@temporalio/common';

/**
 * Search attributes of our workflows: the one list from which servers are set up, in development, tests and compose.
 * They are stored in clear, so none may carry a telephone number.
 */
export const campaignKey = defineSearchAttributeKey('CallyardCampaign', 'KEYWORD');
export const buyerKey = defineSearchAttributeKey('CallyardBuyer', 'KEYWORD');
export const outcomeKey = defineSearchAttributeKey('CallyardOutcome', 'KEYWORD');
export const stateKey = defineSearchAttributeKey('CallyardState', 'KEYWORD');
/** `<migration>/<side>` of a call whose campaign is in a migration. */
export const migrationSideKey = defineSearchAttributeKey('CallyardMigrationSide', 'KEYWORD');

export const SEARCH_ATTRIBUTES = [campaignKey, buyerKey, outcomeKey, stateKey, migrationSideKey].map(
  ({ name }) => ({ name, type: 'Keyword' as const }),
);
