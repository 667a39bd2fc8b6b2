import { DateTime } from 'luxon';
import type { Pool } from 'pg';
import {
  isCycle,
  isPeriod,
  isTag,
  tagKey,
  type Column,
  type Dimension,
} from '../../domain/report/dimensions';
import { addSums, NO_SUMS, type Sum, type Sums } from '../../domain/report/measures';
import type { SeededRandom } from '../../scripts/simulate/random';

/*
 * Calls and money for tests of reports, in the database and beside it: what a report has to say is added up here from a
 * list, with the calendar of another library.
 */

/** One call, dial or entry, and where it stands. */
interface Fact {
  /** Epoch milliseconds. */
  readonly at: number;
  readonly currency: string | null;
  readonly place: Readonly<Record<Dimension, string | null>>;
  readonly tags: Readonly<Record<string, string>>;
  readonly sums: Sums;
}

export interface ModelCall {
  readonly id: string;
  readonly at: number;
  readonly campaign: string | null;
  readonly buyer: string | null;
  readonly publisher: string | null;
  readonly number: string;
  readonly channel: string | null;
  readonly geography: Readonly<Record<string, string>>;
  readonly planVersion: number | null;
  readonly side: 'control' | 'challenger' | null;
  readonly outcome: string | null;
  readonly connected: boolean;
  converted: boolean;
  readonly duration: number | null;
  readonly talk: number | null;
  readonly tags: Readonly<Record<string, string>>;
  /** Buyers dialled, the last of them answered where the call is connected. */
  readonly dials: readonly string[];
}

export interface ModelEntry {
  readonly cause: string;
  readonly call: ModelCall | null;
  readonly at: number;
  readonly side: 'revenue' | 'payout' | 'cost';
  readonly campaign: string | null;
  readonly buyer: string | null;
  readonly publisher: string | null;
  readonly number: string | null;
  readonly channel: string | null;
  readonly amount: bigint;
  readonly currency: string;
}

const CAMPAIGNS: Readonly<Record<string, string>> = { cmp_a: 'USD', cmp_b: 'USD', cmp_c: 'EUR' };
const BUYERS = ['buy_a', 'buy_b', 'buy_c', 'buy_d'];
const PUBLISHERS = ['pub_a', 'pub_b'];
const NUMBERS = ['+14155550101', '+14155550102', '+442071838750'];
const MIGRATION = 'mig_model';
const HOUR = 3_600_000;

/** Nights on which clocks change somewhere, two midnights in Havana, and turns of months and years. */
const NIGHTS = [
  '2026-03-08',
  '2026-03-29',
  '2026-04-05',
  '2026-10-04',
  '2026-10-25',
  '2026-11-01',
  '2026-01-01',
  '2026-03-01',
].map((day) => Date.parse(day));

export class ReportModel {
  readonly calls: ModelCall[] = [];
  readonly entries: ModelEntry[] = [];

  constructor(
    private readonly db: Pool,
    private readonly random: SeededRandom,
  ) {}

  pick<T>(from: readonly T[]): T {
    return from[Math.floor(this.random.next() * from.length)] as T;
  }

  private chance(share: number): boolean {
    return this.random.next() < share;
  }

  private whole(most: number): number {
    return Math.floor(this.random.next() * most);
  }

  /** What calls belong to. */
  async insertGround(): Promise<void> {
    const run = (text: string, values: unknown[] = []): Promise<unknown> => this.db.query(text, values);
    for (const [id, currency] of Object.entries(CAMPAIGNS)) {
      await run(
        `INSERT INTO campaigns (id, name, vertical, time_zone, currency, status, treatments, anonymous_callers,
                                max_call_seconds, report_answer, record_calls)
         VALUES ($1, 'Campaign ' || $1, 'x', 'UTC', $2, 'draft', '{}', 'allow', 3600, true, false)`,
        [id, currency],
      );
    }
    for (const id of PUBLISHERS) await run(`INSERT INTO publishers (id, name) VALUES ($1, '=1+1')`, [id]);
    for (const id of BUYERS) {
      await run(`INSERT INTO buyers (id, name, time_zone) VALUES ($1, 'Buyer, "' || $1 || '"', 'UTC')`, [id]);
      for (const campaign of Object.keys(CAMPAIGNS))
        await run(
          `INSERT INTO assignments (id, campaign_id, buyer_id, priority, weight, price, dialing)
           VALUES ($1, $2, $3, 1, 1, '{}', '{}')`,
          [`asg_${campaign}_${id}`, campaign, id],
        );
    }
    await run(
      `INSERT INTO migrations (id, name, kind, campaign_id, challenger_campaign_id, settings, status, state)
       VALUES ($1, 'Model', 'campaign', 'cmp_a', 'cmp_b', '{}', 'completed', '{}')`,
      [MIGRATION],
    );
  }

  /** New calls, some of which go on, in the nights on which clocks change. */
  async addCalls(count: number): Promise<void> {
    const calls = Array.from({ length: count }, () => this.newCall());
    this.calls.push(...calls);
    await this.db.query(
      `INSERT INTO calls (id, carrier, account_sid, sid, workflow_id, campaign_id, buyer_id, publisher_id, dialed, channel,
                          geography, qualifications, plan_version, migration_id, migration_side, state, outcome,
                          received_at, connected_at, ended_at, duration_seconds, talk_seconds, converted)
       SELECT r.id, 'twilio', 'AC', r.id, r.id, r.campaign, r.buyer, r.publisher, r.number, r.channel, r.geography, r.tags,
              r."planVersion", CASE WHEN r.side IS NOT NULL THEN '${MIGRATION}' END, r.side,
              CASE WHEN r.outcome IS NULL THEN 'ivr' ELSE 'ended' END, r.outcome,
              to_timestamp(r.at / 1000.0), CASE WHEN r.connected THEN to_timestamp(r.at / 1000.0) END,
              CASE WHEN r.outcome IS NOT NULL THEN to_timestamp(r.at / 1000.0) END, r.duration, r.talk, r.converted
         FROM jsonb_to_recordset($1::jsonb) AS r (id text, at float8, campaign text, buyer text, publisher text,
              number text, channel text, geography jsonb, tags jsonb, "planVersion" integer, side text, outcome text,
              connected boolean, converted boolean, duration integer, talk integer)`,
      [JSON.stringify(calls)],
    );
    const dials = calls.flatMap((call) =>
      call.dials.map((buyer, index) => ({
        id: `${call.id}/${index + 1}`,
        call: call.id,
        no: index + 1,
        buyer,
        assignment: `asg_${call.campaign ?? 'cmp_a'}_${buyer}`,
        state: answers(call, index) ? (call.outcome === null ? 'connected' : 'completed') : 'no_answer',
      })),
    );
    await this.db.query(
      `INSERT INTO attempts (id, call_id, no, assignment_id, buyer_id, destinations, ring_timeout_seconds, terms, state,
                             dialed_at)
       SELECT r.id, r.call, r.no, r.assignment, r.buyer, '[]', 20, '{}', r.state, now()
         FROM jsonb_to_recordset($1::jsonb) AS r (id text, call text, no integer, buyer text, assignment text, state text)`,
      [JSON.stringify(dials)],
    );
  }

  private newCall(): ModelCall {
    const ended = this.chance(0.95);
    const campaign = this.chance(0.93) ? this.pick(Object.keys(CAMPAIGNS)) : null;
    const connected = campaign !== null && this.chance(0.6);
    const dials = Array.from({ length: connected ? 1 + this.whole(2) : this.whole(3) }, () =>
      this.pick(BUYERS),
    );
    return {
      id: `call_${this.calls.length}_${this.random.next()}`,
      at: this.pick(NIGHTS) + this.whole(60 * HOUR) - 30 * HOUR,
      campaign,
      buyer: connected && ended ? (dials.at(-1) ?? null) : null,
      publisher: this.chance(0.8) ? this.pick(PUBLISHERS) : null,
      number: this.pick(NUMBERS),
      channel: this.chance(0.9) ? this.pick(['google_ads', 'print']) : null,
      geography: this.chance(0.8)
        ? this.pick([{ country: 'US', state: 'CA', areaCode: '415' }, { country: 'CA' }])
        : {},
      planVersion: this.chance(0.8) ? 1 + this.whole(2) : null,
      side: this.chance(0.3) ? this.pick(['control', 'challenger'] as const) : null,
      outcome: ended
        ? connected
          ? 'connected'
          : this.pick(['abandoned_ivr', 'abandoned_ringing', 'failed'])
        : null,
      connected,
      converted: ended && connected && this.chance(0.5),
      duration: ended ? this.whole(900) : null,
      talk: ended && connected ? this.whole(600) : null,
      tags: this.chance(0.8) ? { intent: this.pick(['a', 'b,c', '=x']), "o'dd": this.pick(['1', '2']) } : {},
      dials: campaign === null ? [] : dials,
    };
  }

  /** Entries for calls and for none, also in another currency; what was booked before is booked again, and refused. */
  async addEntries(count: number): Promise<void> {
    const entries = Array.from({ length: count }, () => this.newEntry());
    this.entries.push(...entries);
    const again = [...entries, ...this.entries.slice(0, 20), ...entries];
    await this.db.query(
      `INSERT INTO ledger_entries (cause, kind, side, call_id, campaign_id, buyer_id, publisher_id, number, channel,
                                   migration_id, migration_side, amount_micros, currency, occurred_at, actor, reason)
       SELECT r.cause, 'adjustment', r.side, r.call, r.campaign, r.buyer, r.publisher, r.number, r.channel,
              CASE WHEN r."callSide" IS NOT NULL THEN '${MIGRATION}' END, r."callSide", r.amount::bigint, r.currency,
              to_timestamp(r.at / 1000.0), 'test', 'test'
         FROM jsonb_to_recordset($1::jsonb) AS r (cause text, side text, call text, campaign text, buyer text,
              publisher text, number text, channel text, "callSide" text, amount text, currency text, at float8)
           ON CONFLICT (cause) DO NOTHING`,
      [
        JSON.stringify(
          again.map(({ call, amount, ...entry }) => ({
            ...entry,
            call: call?.id ?? null,
            callSide: call?.side ?? null,
            amount: amount.toString(),
          })),
        ),
      ],
    );
  }

  private newEntry(): ModelEntry {
    const call = this.chance(0.9) ? this.pick(this.calls) : null;
    const campaign = call === null ? this.pick([...Object.keys(CAMPAIGNS), null]) : call.campaign;
    const own = campaign === null ? 'USD' : (CAMPAIGNS[campaign] ?? 'USD');
    return {
      cause: `cause_${this.entries.length}_${this.random.next()}`,
      call,
      at: call?.at ?? this.pick(NIGHTS) + this.whole(60 * HOUR) - 30 * HOUR,
      side: this.pick(['revenue', 'payout', 'cost'] as const),
      campaign,
      buyer: call?.buyer ?? null,
      publisher: call?.publisher ?? null,
      number: call?.number ?? this.pick([...NUMBERS, null]),
      channel: call?.channel ?? null,
      amount: BigInt(this.whole(90_000_000) - 30_000_000) * (this.chance(0.05) ? 1_000_000_000n : 1n),
      currency: this.chance(0.97) ? own : 'GBP',
    };
  }

  /** Late conversions, and some taken back. */
  async convert(count: number): Promise<void> {
    for (let index = 0; index < count; index++) {
      const call = this.pick(this.calls.filter(({ outcome }) => outcome === 'connected'));
      call.converted = !call.converted;
      await this.db.query('UPDATE calls SET converted = $2 WHERE id = $1', [call.id, call.converted]);
    }
  }

  facts(): readonly Fact[] {
    const { calls, entries } = this;
    return [...calls.map(ofCall), ...calls.flatMap(ofDials), ...entries.map(ofEntry)];
  }
}

/** Adds up what passes, by what it is named. */
export function addedUp(
  facts: readonly Fact[],
  keyOf: (fact: Fact) => string | null,
): ReadonlyMap<string, Sums> {
  const groups = new Map<string, Sums>();
  for (const fact of facts) {
    const key = keyOf(fact);
    if (key !== null) groups.set(key, addSums(groups.get(key) ?? NO_SUMS, fact.sums));
  }
  return groups;
}

/** What a fact has in a column of a report. */
export function valueIn(column: Column, { at, place, tags }: Fact, zone: string): string | null {
  if (isTag(column)) return tags[tagKey(column)] ?? null;
  const local = DateTime.fromMillis(at, { zone });
  if (isCycle(column)) return String(column === 'weekday' ? local.weekday : local.hour);
  if (!isPeriod(column)) return place[column];
  // Back to minute 0 by the clock that showed the time: where clocks change by half an hour, that one may never have been.
  if (column === 'hour') return new Date(at - ((at + local.offset * 60_000) % HOUR)).toISOString();
  return local.startOf(column).toISODate();
}

function answers(call: ModelCall, index: number): boolean {
  return call.connected && index === call.dials.length - 1;
}

function placeOf(call: ModelCall): Fact['place'] {
  const { country = null, state, areaCode = null } = call.geography;
  return {
    campaign: call.campaign,
    buyer: call.buyer,
    publisher: call.publisher,
    number: call.number,
    channel: call.channel,
    country,
    state: country === null || state === undefined ? null : `${country}-${state}`,
    areaCode,
    planVersion: call.planVersion?.toString() ?? null,
    migration: call.side === null ? null : MIGRATION,
    side: call.side,
    outcome: call.outcome,
  };
}

function sumsOf(values: Partial<Record<Sum, number | bigint | boolean>>): Sums {
  const given = Object.entries(values).map(([sum, value]) => [sum, BigInt(value)]);
  return { ...NO_SUMS, ...(Object.fromEntries(given) as Partial<Sums>) };
}

function ofCall(call: ModelCall): Fact {
  return {
    at: call.at,
    currency: call.campaign === null ? null : (CAMPAIGNS[call.campaign] ?? null),
    place: placeOf(call),
    tags: call.tags,
    sums: sumsOf({
      received: 1,
      ended: call.outcome !== null,
      routed: call.dials.length > 0,
      connected: call.connected,
      abandoned: call.outcome?.startsWith('abandoned') ?? false,
      converted: call.converted,
      durationSeconds: call.duration ?? 0,
      talkSeconds: call.talk ?? 0,
    }),
  };
}

function ofDials(call: ModelCall): Fact[] {
  return call.dials.map((buyer, index) => ({
    ...ofCall(call),
    place: { ...placeOf(call), buyer },
    sums: sumsOf({ dials: 1, answered: answers(call, index) }),
  }));
}

function ofEntry(entry: ModelEntry): Fact {
  const { call } = entry;
  const place = call === null ? null : placeOf(call);
  return {
    at: entry.at,
    currency: entry.currency,
    place: {
      campaign: entry.campaign,
      buyer: entry.buyer,
      publisher: entry.publisher,
      number: entry.number,
      channel: entry.channel,
      country: place?.country ?? null,
      state: place?.state ?? null,
      areaCode: place?.areaCode ?? null,
      planVersion: place?.planVersion ?? null,
      migration: place?.migration ?? null,
      side: place?.side ?? null,
      outcome: place?.outcome ?? null,
    },
    tags: call?.tags ?? {},
    sums: sumsOf({ [entry.side]: entry.amount }),
  };
}
