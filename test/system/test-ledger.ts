import { createLedgerPool, ReservationLedger } from '../../db/limits/reservation-ledger';

/** A ledger on a test's own database. */
export function createTestLedger(url: string): ReservationLedger {
  return new ReservationLedger({
    pool: createLedgerPool({ url, applicationName: 'test-limits', onIdleError: () => undefined }),
  });
}
