/**
 * A snapshot of PostgreSQL, as `pg_current_snapshot()` has it in text: which transactions it sees. It tells what somebody
 * has seen better than an instant could: a transaction may commit long after the times it wrote.
 */
export interface Snapshot {
  /** All transactions below are over. */
  readonly xmin: bigint;
  /** None from here on had begun. */
  readonly xmax: bigint;
}

/** Transactions under way that are kept of a snapshot; more would make ids that no header can carry. */
const MOST_UNDER_WAY = 100;
const SNAPSHOT = /^(\d{1,20}):(\d{1,20}):((?:\d{1,20}(?:,\d{1,20})*)?)$/;

/** `null`: the text is none, as PostgreSQL would say too. */
export function readSnapshot(text: string): Snapshot | null {
  const parts = SNAPSHOT.exec(text);
  if (parts === null) return null;
  const [, low = '', high = '', among = ''] = parts;
  const [xmin, xmax] = [BigInt(low), BigInt(high)];
  if (xmin === 0n || xmin > xmax) return null;
  const underWay = among === '' ? [] : among.split(',').map(BigInt);
  const inOrder = underWay.every(
    (xid, index) => xid < xmax && xid >= (index === 0 ? xmin : (underWay[index - 1] ?? xmin)),
  );
  return inOrder ? { xmin, xmax } : null;
}

/** The same or, where that would be very long, one that sees less: who goes on from there is told some things twice. */
export function shortened(text: string): string {
  const [xmin = '', , underWay = ''] = text.split(':');
  return underWay.split(',').length > MOST_UNDER_WAY ? `${xmin}:${xmin}:` : text;
}

/**
 * Whether a snapshot may not have seen what a transaction wrote. Rows keep the lower 32 bits of the transaction's number,
 * which go round: what is less than half of a round ahead is later.
 * @param writtenIn 32 bits, as in `xmin` of a row
 */
export function mayBeNewTo({ xmin }: Snapshot, writtenIn: bigint): boolean {
  return BigInt.asIntN(32, writtenIn - xmin) >= 0n;
}
