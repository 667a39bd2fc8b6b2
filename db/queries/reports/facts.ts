import { ALL_SUMS, PLACE_COLUMNS } from './columns';

const CALL_COLUMNS = [
  'id',
  'received_at',
  'connected_at',
  'ended_at',
  'campaign_id',
  'buyer_id',
  'publisher_id',
  'dialed',
  'channel',
  'migration_id',
  'migration_side',
  'geography',
  'plan_version',
  'outcome',
  'qualifications',
  'converted',
  'duration_seconds',
  'talk_seconds',
];
const ENTRY_COLUMNS = [
  'call_id',
  'occurred_at',
  'campaign_id',
  'buyer_id',
  'publisher_id',
  'number',
  'channel',
  'migration_id',
  'migration_side',
  'side',
  'amount_micros',
  'currency',
];

/**
 * SQL of what happened, from calls, dials and the ledger themselves, with the columns of `report_cells`, not yet added
 * up. It reads a CTE `spans (hour, campaign_id)`: the hours of campaigns asked about; '' stands for no campaign.
 *
 * A call counts where it came in, a dial where its call did, an entry of the ledger where it says itself: its buyer,
 * publisher, number and channel are those it was booked for. What is only on record of the call comes from there.
 * @param record whether {@link ON_RECORD} is asked for of entries too; else it is NULL there, and their calls are not read
 */
export function factsSql(record: boolean): string {
  return [calls(), dials(), money(record)].join('\n        UNION ALL');
}

/** Columns of a fact that only the record of the call says. */
export const ON_RECORD: ReadonlySet<string> = new Set(Object.keys(recordOfCall()));

/**
 * Rows of a span `s`, looked up one span after the other: the planner takes the hours of a CTE for far more than they are,
 * and would read the whole table. OFFSET keeps it from turning this into a join of its own choice.
 */
function eachSpan(table: string, at: string, columns: readonly string[]): string {
  return `spans s
         CROSS JOIN LATERAL (
                SELECT ${columns.map((column) => `t.${column}`).join(', ')} FROM ${table} t
                 WHERE (t.campaign_id = s.campaign_id OR (s.campaign_id = '' AND t.campaign_id IS NULL))
                   AND t.${at} >= s.hour AND t.${at} < s.hour + interval '1 hour' OFFSET 0)`;
}

/** The SELECT list of a fact: what is not named is NULL in a place, 0 in a sum. */
function fact(values: Readonly<Record<string, string>>): string {
  const known = new Set([...PLACE_COLUMNS, ...ALL_SUMS]);
  for (const name of Object.keys(values))
    if (!known.has(name)) throw new Error(`No column ${name} in a report`);
  return [
    ...PLACE_COLUMNS.map((name) => `${values[name] ?? 'NULL'} AS ${name}`),
    ...ALL_SUMS.map((name) => `${values[name] ?? '0'} AS ${name}`),
  ].join(', ');
}

/** Where a call stands; `p` is its campaign. */
function placeOfCall(): Record<string, string> {
  return {
    quarter: 'report_quarter(c.received_at)',
    campaign_id: `coalesce(c.campaign_id, '')`,
    currency: `coalesce(p.currency, '')`,
    buyer_id: 'c.buyer_id',
    publisher_id: 'c.publisher_id',
    number: 'c.dialed',
    channel: 'c.channel',
    migration_id: 'c.migration_id',
    migration_side: 'c.migration_side',
    ...recordOfCall(),
  };
}

/** What only the record of the call says. */
function recordOfCall(): Record<string, string> {
  return {
    country: `c.geography->>'country'`,
    state: `c.geography->>'state'`,
    area_code: `c.geography->>'areaCode'`,
    plan_version: 'c.plan_version',
    outcome: 'c.outcome',
    tags: 'c.qualifications',
  };
}

/** Looked up row by row, as {@link eachSpan}. */
function eachFrom(source: string, columns: string): string {
  return `SELECT ${columns} FROM ${source} OFFSET 0`;
}

function calls(): string {
  const { connected, abandoned } = {
    // Of a call that goes on: whether it talks with a buyer now.
    connected: `(CASE WHEN c.ended_at IS NULL THEN c.connected_at IS NOT NULL ELSE c.outcome = 'connected' END)::integer`,
    abandoned: `coalesce(c.outcome IN ('abandoned_ivr', 'abandoned_ringing'), false)::integer`,
  };
  return `
        SELECT ${fact({
          ...placeOfCall(),
          received: '1',
          ended: '(c.ended_at IS NOT NULL)::integer',
          // Not EXISTS, which may become a look through all attempts there are.
          routed: 'coalesce((SELECT 1 FROM attempts a WHERE a.call_id = c.id LIMIT 1), 0)',
          connected,
          abandoned,
          converted: 'coalesce(c.converted, false)::integer',
          duration_seconds: 'coalesce(c.duration_seconds, 0)',
          talk_seconds: 'coalesce(c.talk_seconds, 0)',
        })}
          FROM ${eachSpan('calls', 'received_at', CALL_COLUMNS)} AS c
          LEFT JOIN campaigns p ON p.id = c.campaign_id`;
}

function dials(): string {
  return `
        SELECT ${fact({
          ...placeOfCall(),
          // Of whom was dialled, whoever took the call in the end.
          buyer_id: 'a.buyer_id',
          dials: '1',
          answered: `(a.state IN ('connected', 'completed'))::integer`,
        })}
          FROM ${eachSpan('calls', 'received_at', CALL_COLUMNS)} AS c
         CROSS JOIN LATERAL (${eachFrom(`attempts t WHERE t.call_id = c.id`, 't.buyer_id, t.state')}) AS a
          LEFT JOIN campaigns p ON p.id = c.campaign_id`;
}

const RECORD_OF_ENTRY = `
          LEFT JOIN LATERAL (${eachFrom(
            'calls t WHERE t.id = e.call_id',
            't.geography, t.plan_version, t.outcome, t.qualifications',
          )}) AS c ON true`;

function money(record: boolean): string {
  const of = (side: string): string => `CASE WHEN e.side = '${side}' THEN e.amount_micros ELSE 0 END`;
  return `
        SELECT ${fact({
          quarter: 'report_quarter(e.occurred_at)',
          campaign_id: `coalesce(e.campaign_id, '')`,
          currency: 'e.currency',
          buyer_id: 'e.buyer_id',
          publisher_id: 'e.publisher_id',
          number: 'e.number',
          channel: 'e.channel',
          migration_id: 'e.migration_id',
          migration_side: 'e.migration_side',
          ...(record ? recordOfCall() : {}),
          revenue_micros: of('revenue'),
          payout_micros: of('payout'),
          cost_micros: of('cost'),
        })}
          FROM ${eachSpan('ledger_entries', 'occurred_at', ENTRY_COLUMNS)} AS e${record ? RECORD_OF_ENTRY : ''}`;
}
