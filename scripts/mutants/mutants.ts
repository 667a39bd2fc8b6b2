/** A bug that is planted to see a test go red. */
export interface Mutant {
  readonly name: string;
  /** From the root of the project. */
  readonly file: string;
  /** Text that stands there exactly once, and what it becomes. */
  readonly find: string;
  readonly replace: string;
  /** The test file that has to notice, below `test/system`, without `.test.ts`. */
  readonly test: string;
  /** A part of the title of the test that goes red. */
  readonly red: string;
}

const RESERVE = 'db/queries/limits/reserve.ts';
const SCHEMA = 'db/migrations/0003_limits_in_full.sql';
const DNI_SCHEMA = 'db/migrations/0008_dni.sql';

export const MUTANTS: readonly Mutant[] = [
  {
    name: 'read-then-write reserve',
    file: RESERVE,
    find: '       FOR UPDATE OF k\n',
    replace: '',
    test: 'reservation-ledger',
    red: 'gives the last place to one of four processes',
  },
  {
    name: 'void skipped on no-answer',
    file: 'activities/call/routeCall.ts',
    find: 'if (previous !== null) await release(db, callId, previous);\n      const routed',
    replace: 'const routed',
    test: 'limits-api',
    red: 'gives back what a dial held before the next one rings',
  },
  {
    name: 'dedupe dropped',
    file: RESERVE,
    find: 'JOIN reservations r ON r.id = i.id',
    replace: 'JOIN reservations r ON r.id = i.id AND false',
    test: 'reservation-ledger',
    red: 'gives the same answer to the same id',
  },
  {
    name: 'window in UTC',
    file: SCHEMA,
    find: "WHEN 'day' THEN limit_first_instant(date_trunc('day', at AT TIME ZONE zone), zone)",
    replace: "WHEN 'day' THEN limit_first_instant(date_trunc('day', at AT TIME ZONE 'UTC'), 'UTC')",
    test: 'reservation-ledger',
    red: 'a day begins at midnight in the zone of the limit',
  },
  {
    name: 'second resolution counts again',
    file: 'db/queries/limits/resolve.ts',
    find: "WHERE r.id = o.id AND o.status = 'pending' AND NOT o.over",
    replace: 'WHERE r.id = o.id AND NOT o.over',
    test: 'reservation-ledger',
    red: 'resolves each id once',
  },
  {
    name: 'concurrency kept after the call',
    file: SCHEMA,
    find: `WHEN "window" = 'concurrency' THEN 0`,
    replace: `WHEN "window" = 'concurrency' THEN 1`,
    test: 'reservation-ledger',
    red: 'gives concurrency back whatever happened',
  },
  {
    name: 'items of a batch do not see each other',
    file: RESERVE,
    find: '(sum(p.amount) FILTER (WHERE p.alone) OVER (PARTITION BY p.place ORDER BY p.ord) + p.used <= p.maximum)',
    replace: '(p.amount + p.used <= p.maximum)',
    test: 'reservation-ledger',
    red: 'gives out the last places of a batch',
  },
  {
    name: "the buyer's money on a publisher",
    file: 'db/queries/limits/taken.ts',
    find: "WHEN l.scope_kind = 'publisher' THEN ($${payout}::int8[])[s.at]",
    replace: "WHEN l.scope_kind = 'publisher' THEN ($${spend}::int8[])[s.at]",
    test: 'reservation-ledger',
    red: "counts the publisher's money",
  },
  {
    name: 'refusals are not kept',
    file: RESERVE,
    find: "WHERE d.verdict IN ('granted', 'refused')",
    replace: "WHERE d.verdict = 'granted'",
    test: 'reservation-ledger',
    red: 'gives the same answer to the same id',
  },
  {
    name: 'a dial that failed is no attempt',
    file: 'db/limits/reservation-ledger.ts',
    find: 'happened: dialled ? ONLY_DIALLED : NOTHING_HAPPENED',
    replace: 'happened: dialled ? NOTHING_HAPPENED : NOTHING_HAPPENED',
    test: 'reservation-ledger',
    red: 'counts an attempt that did not connect',
  },
  {
    name: 'a new limit begins at nought',
    file: SCHEMA,
    find: 'PERFORM limit_adopt(id) FROM (SELECT id FROM changed ORDER BY id) c;',
    replace: 'NULL;',
    test: 'reservation-ledger',
    red: 'counts for a new limit what was going on',
  },
  {
    name: 'maintenance takes the dead for living',
    file: 'activities/maintenance/lives.ts',
    find: 'running.has(id) ? { running: true } : await workflows.lifeOf(id)',
    replace: '{ running: true }',
    test: 'maintenance',
    red: 'is back within 30 s of pressing Terminate',
  },
  {
    name: 'maintenance forgets what it frees',
    file: 'activities/maintenance/freeCall.ts',
    find: 'await insertFreed(tx, ids, {',
    replace: 'await insertFreed(tx, [], {',
    test: 'maintenance',
    red: 'is back within 30 s of pressing Terminate',
  },
  {
    name: 'two migrations over one traffic',
    file: 'api/migrations/create.ts',
    find: 'if (other !== undefined) {',
    replace: 'if (other !== undefined && other.id === id) {',
    test: 'migrations-api',
    red: 'is refused over traffic that another one moves',
  },
  {
    name: 'plan published over a migration',
    file: 'api/versions/edits.ts',
    find: "if (activate && versioned.kind === 'plan') await requirePlanAtRest(db, id);",
    replace: '',
    test: 'migrations-api',
    red: 'keeps the plan it moves calls to from being passed over',
  },
  {
    name: 'event recorded under its instant',
    file: 'domain/events/types.ts',
    find: 'key: `${type}:${subject}`',
    replace: 'key: `${type}:${subject}:${at}`',
    test: 'events',
    red: 'of a whole call are recorded once each',
  },
  {
    name: 'told of other campaigns',
    file: 'db/queries/events/record.ts',
    find: '   AND (e.campaign_ids IS NULL OR e.campaign_ids @> ARRAY[w.campaign_id])',
    replace: '',
    test: 'events',
    red: 'go to who asked for their type and campaign',
  },
  {
    name: 'delivery taken by two',
    file: 'db/queries/events/attempts.ts',
    find: '              FOR NO KEY UPDATE SKIP LOCKED\n',
    replace: '',
    test: 'deliveries',
    red: 'by two processes at once is done once each',
  },
  {
    name: 'webhook into the own network',
    file: 'runtime/public-addresses.ts',
    find: 'return allowPrivate ? null : `leads',
    replace: 'return allowPrivate || protocol !== "" ? null : `leads',
    test: 'deliveries',
    red: 'goes nowhere within a private network',
  },
  {
    name: 'number leased twice',
    file: DNI_SCHEMA,
    find: 'WHERE n.pool_id = in_pool AND n.live_until <= at',
    replace: 'WHERE n.pool_id = in_pool',
    test: 'dni-leases',
    red: 'give 50 of 200 visitors who race',
  },
  {
    name: 'call of a later visitor',
    file: 'db/queries/setup.ts',
    find: 'WHERE l.e164 = n.e164 AND l.leased_at <= $4::timestamptz',
    replace: 'WHERE l.e164 = n.e164',
    test: 'dni-calls',
    red: 'are of whom the number was when the call came',
  },
  {
    name: 'no grace',
    file: 'db/queries/setup.ts',
    find: 'l ON l.attributes_until > $4::timestamptz',
    replace: 'l ON l.live_until > $4::timestamptz',
    test: 'dni-calls',
    red: 'in the time of grace',
  },
  {
    name: 'consent not waited for',
    file: 'dni/snippet.ts',
    find: "let allowed = setting('consent') !== 'required';",
    replace: 'let allowed = true;',
    test: 'dni-visitor',
    red: 'who have not agreed leave no trace',
  },
  {
    name: 'tracked against the browser’s word',
    file: 'dni/snippet.ts',
    find: 'const keepNothing = navigator.globalPrivacyControl === true;',
    replace: 'const keepNothing = false;',
    test: 'dni-visitor',
    red: 'whose browser says no to being tracked are not',
  },
  {
    name: 'payout held for a postback that does not bring it',
    file: 'db/queries/limits/defer.ts',
    find: "AND ($5::boolean OR l.scope_kind <> 'publisher')",
    replace: '',
    test: 'late-money',
    red: 'counts a payout that falls due with the end of the call',
  },
  {
    name: 'publisher paid twice for a caller',
    file: 'api/postbacks/receive.ts',
    find: '(await wasPaidForCaller(db, call.id, terms.payOnce)) ? withoutPayout(due) : due',
    replace: 'due',
    test: 'late-money',
    red: 'is paid for one of two calls that both convert later',
  },
  {
    name: 'sums without an entry',
    file: 'api/ledger/routes.ts',
    find: 'if (isNew) await addToSums(db, entry);',
    replace: 'await addToSums(db, entry);',
    test: 'corrections',
    red: 'sent again after its answer was forgotten',
  },
];
