export const CAMPAIGN_STATUSES = ['draft', 'active', 'paused', 'archived'] as const;
/** Pausing stops new calls and touches none in progress. Archived is for ever. */
export type CampaignStatus = (typeof CAMPAIGN_STATUSES)[number];

/** STIR/SHAKEN attestation levels, best first (ATIS-1000074). */
export const ATTESTATIONS = ['A', 'B', 'C'] as const;
export type Attestation = (typeof ATTESTATIONS)[number];
