/** What an entry of the ledger is. */
export const ENTRY_KINDS = [
  'revenue',
  'payout',
  'telephony_cost',
  'number_rent',
  'ad_spend',
  'adjustment',
  'reversal',
] as const;
export type EntryKind = (typeof ENTRY_KINDS)[number];

/** What it counts towards: what buyers owe us, what publishers get, what we spend. */
export const ENTRY_SIDES = ['revenue', 'payout', 'cost'] as const;
export type EntrySide = (typeof ENTRY_SIDES)[number];
