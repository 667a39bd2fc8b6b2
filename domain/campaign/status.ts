export const CAMPAIGN_STATUSES = ['draft', 'active', 'paused', 'archived'] as const;
/** Pausing stops new calls and touches none in progress. Archived is for ever. */
export type CampaignStatus = (typeof CAMPAIGN_STATUSES)[number];

/** STIR/SHAKEN attestation levels, best first (ATIS-1000074). */
export const ATTESTATIONS = ['A', 'B', 'C'] as const;
export type Attestation = (typeof ATTESTATIONS)[number];

/** Whether a caller's attestation is at least as good as the least a campaign takes. None at all is worse than `C`. */
export function meetsAttestation(attestation: Attestation | null, minimum: Attestation): boolean {
  return attestation !== null && ATTESTATIONS.indexOf(attestation) <= ATTESTATIONS.indexOf(minimum);
}
