import { formatMicros, type Micros } from '../../domain/money';

/** An amount in units to the hundredth, half away from zero: what people read is no ledger. @param amount micros */
export function hundredths(amount: bigint): string {
  const half = amount < 0n ? -5_000n : 5_000n;
  return formatMicros((((amount + half) / 10_000n) * 10_000n) as Micros);
}
