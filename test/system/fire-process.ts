import { createLedgerPool, ReservationLedger } from '../../db/limits/reservation-ledger';
import type { ReservationId } from '../../domain/ids';
import { candidateOn, requestFor } from './limit-fixture';

/*
 * A process of `limits-under-fire.test.ts`: clients that reserve and post, until somebody kills it. Its parent gives it
 * the ids of the tries and is told of each that is behind it.
 */

const CONNECTED = { dialled: true, connected: true, converted: false, spent: 0n, paid: false, payout: 0n };

const [url = '', scope = '', clients = '1', leaseSeconds = '1'] = process.argv.slice(2);
const ledger = new ReservationLedger({
  pool: createLedgerPool({ url, applicationName: 'fire', onIdleError: () => undefined }),
});

async function client(tries: string[]): Promise<void> {
  for (let id = tries.shift(); id !== undefined; id = tries.shift()) {
    process.send?.({ begun: id });
    const answer = await ledger.reserve(
      requestFor(id, [candidateOn([scope as 'buyer:x'])], Number(leaseSeconds)),
    );
    if (answer.kind === 'granted') await ledger.post(id as ReservationId, CONNECTED);
    process.send?.({ done: id });
  }
}

process.once('message', (tries: string[]) => {
  Promise.all(Array.from({ length: Number(clients) }, () => client(tries)))
    .then(() => ledger.close())
    .then(() => process.disconnect())
    .catch((error: unknown) => {
      console.error(error);
      process.exit(1);
    });
});
