/** What came of a reservation's attempt: the events that a limit can count. */
export interface Happened {
  /** The carrier was told to dial. */
  readonly dialled: boolean;
  readonly connected: boolean;
  readonly converted: boolean;
  /** What the buyer owes, in micros; at most what was reserved. */
  readonly spent: bigint;
  /** The publisher's amount fell due. */
  readonly paid: boolean;
  readonly payout: bigint;
}

/** The attempt was never dialled. */
export const NOTHING_HAPPENED: Happened = {
  dialled: false,
  connected: false,
  converted: false,
  spent: 0n,
  paid: false,
  payout: 0n,
};

/** The attempt was dialled and did not connect. */
export const ONLY_DIALLED: Happened = { ...NOTHING_HAPPENED, dialled: true };
