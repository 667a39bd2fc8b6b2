import type { Pool } from 'pg';
import { connectAttempt, endAttempt, insertAttempt } from '../../db/queries/attempts';
import { endCall, insertCall, insertStep, moveCall } from '../../db/queries/calls';
import { bookTelephonyCost, insertCallEntry } from '../../db/queries/ledger';
import { gatherChanges, rollUpHours } from '../../db/queries/reports/roll-up';
import { insertTimeline } from '../../db/queries/timeline';
import { transaction } from '../../db/transaction';
import type { CallStateName } from '../../domain/call/outcome';
import type { TimelineEntry } from '../../domain/call/timeline';
import { SeededRandom } from '../../scripts/simulate/random';
import { cpuSeconds } from '../cpu-time';
import { benchCall, type BenchCall } from './world';

/** What writing calls took, and rolling them up; per call. */
export interface Upkeep {
  /** Milliseconds. */
  readonly written: number;
  readonly rolledUp: number;
  /** Milliseconds of PostgreSQL's processor time; NaN where there is no /proc. */
  readonly writtenCpu: number;
  readonly rolledUpCpu: number;
}

/** Calls written side by side. */
const AT_ONCE = 8;
const HOUR_MS = 3_600_000;

/**
 * Writes an hour of calls with the call path's own statements, three transactions each, and rolls it up.
 *
 * Less than a real call writes (no limits, no events, no decision records), so that the share of reports comes out larger
 * than it is.
 * @param marks whether changes are marked for reports, as they are @param hour epoch milliseconds, its own for each round
 */
export async function writeHour(
  db: Pool,
  options: {
    readonly calls: number;
    readonly marks: boolean;
    readonly hour: number;
    readonly seed: number;
    readonly postgresPid: number;
  },
): Promise<Upkeep> {
  const { calls, marks, hour, seed, postgresPid } = options;
  await setMarks(db, marks);
  const random = new SeededRandom(seed);
  const samples = Array.from({ length: calls }, (_, n) => ({
    call: benchCall(random),
    id: `call_${hour}_${n}`,
    at: new Date(hour + Math.floor((n * HOUR_MS) / calls)).toISOString(),
  }));
  const write = await timed(postgresPid, async () => {
    let next = 0;
    await Promise.all(
      Array.from({ length: AT_ONCE }, async () => {
        for (let sample = samples[next++]; sample !== undefined; sample = samples[next++])
          await writeCall(db, sample.id, sample.call, sample.at);
      }),
    );
  });
  const roll = await timed(postgresPid, async () => {
    if (!marks) return;
    await gatherChanges(db);
    const rolled = await rollUpHours(db, 1_000, new Date(hour + HOUR_MS).toISOString());
    if (rolled === 0) throw new Error('nothing was rolled up');
  });
  return {
    written: write.ms / calls,
    rolledUp: roll.ms / calls,
    writtenCpu: write.cpuMs / calls,
    rolledUpCpu: roll.cpuMs / calls,
  };
}

async function timed(pid: number, work: () => Promise<void>): Promise<{ ms: number; cpuMs: number }> {
  const [cpu, began] = [await cpuSeconds(pid), performance.now()];
  await work();
  const ms = performance.now() - began;
  const after = await cpuSeconds(pid);
  return { ms, cpuMs: cpu === null || after === null ? NaN : 1000 * (after - cpu) };
}

const TRIGGERS: readonly (readonly [table: string, trigger: string])[] = [
  ['calls', 'calls_mark_reports_on_insert'],
  ['calls', 'calls_mark_reports_on_update'],
  ['calls', 'calls_mark_reports_on_move'],
  ['ledger_entries', 'ledger_entries_mark_reports'],
];

async function setMarks(db: Pool, marks: boolean): Promise<void> {
  for (const [table, trigger] of TRIGGERS)
    await db.query(`ALTER TABLE ${table} ${marks ? 'ENABLE' : 'DISABLE'} TRIGGER ${trigger}`);
}

async function writeCall(db: Pool, id: string, call: BenchCall, at: string): Promise<void> {
  const attemptId = `${id}/1`;
  const connected = call.outcome === 'connected';
  const tags = JSON.parse(call.tags) as object;
  await transaction(db, async (tx) => {
    const row = {
      id,
      carrier: 'twilio',
      accountSid: 'AC1',
      sid: id,
      workflowId: `call/twilio/AC1/${id}`,
      campaignId: call.campaign,
      publisherId: call.publisher,
      planVersion: call.planVersion,
      flowVersion: null,
      caller: '+14155550123',
      dialed: call.number,
      channel: call.channel,
      geography: JSON.parse(call.geography) as object,
      attestation: 'A',
      qualifications: tags,
      state: 'dialing' satisfies CallStateName,
      receivedAt: at,
      migration: null,
      visitor: null,
    };
    return Promise.resolve({
      value: null,
      last: [
        insertCall(tx, row),
        ...(call.dialled ? [insertAttempt(tx, attemptOf(attemptId, id, call, at))] : []),
        insertStep(tx, id, 'admit', { admitted: true, buyer: call.buyer }),
        insertTimeline(tx, id, [entryAt('received', at), entryAt('screened', at), entryAt('routed', at)]),
      ],
    });
  });
  if (connected)
    await transaction(db, (tx) =>
      Promise.resolve({
        value: null,
        last: [
          connectAttempt(tx, attemptId, at),
          moveCall(tx, { callId: id, state: 'connected', qualifications: null, connectedAt: at }),
          insertTimeline(tx, id, [entryAt('connected', at)]),
        ],
      }),
    );
  await transaction(db, (tx) => Promise.resolve({ value: null, last: closing(tx, id, attemptId, call, at) }));
}

function closing(
  tx: Parameters<typeof endCall>[0],
  id: string,
  attemptId: string,
  call: BenchCall,
  at: string,
): Promise<unknown>[] {
  const connected = call.outcome === 'connected';
  const entry = (side: 'revenue' | 'payout', amount: number): Promise<unknown>[] =>
    amount === 0
      ? []
      : [
          insertCallEntry(tx, {
            cause: `${id}:${side}`,
            kind: side,
            side,
            callId: id,
            campaignId: call.campaign,
            buyerId: call.buyer,
            publisherId: call.publisher,
            amount: BigInt(amount),
            currency: 'USD',
            migration: null,
            byHand: null,
          }),
        ];
  return [
    endCall(tx, {
      callId: id,
      outcome: call.outcome,
      reason: 'bench',
      endedAt: at,
      buyerId: connected ? call.buyer : null,
      connectedAt: connected ? at : null,
      talkSeconds: connected ? call.talk : null,
      converted: call.converted,
      currency: 'USD',
      revenue: BigInt(call.revenue),
      payout: BigInt(call.payout),
      qualifications: null,
      postbackUntil: null,
    }),
    ...(call.dialled
      ? [
          endAttempt(tx, {
            id: attemptId,
            state: connected ? 'completed' : 'no_answer',
            endedAt: at,
            connectedAt: connected ? at : null,
            talkSeconds: connected ? call.talk : null,
          }),
        ]
      : []),
    ...entry('revenue', call.revenue),
    ...entry('payout', call.payout),
    bookTelephonyCost(tx, id),
    insertStep(tx, id, 'finish', { outcome: call.outcome }),
    insertTimeline(tx, id, [entryAt('ended', at), entryAt('attributed', at)]),
  ];
}

function attemptOf(id: string, callId: string, call: BenchCall, at: string) {
  return {
    id,
    callId,
    no: 1,
    assignmentId: call.assignment,
    buyerId: call.buyer,
    destinations: [{ kind: 'tel', number: '+14155550200' }],
    ringTimeoutSeconds: 20,
    announcement: null,
    terms: { currency: 'USD', price: { amountMicros: '20000000' }, payout: { amountMicros: '8000000' } },
    dialedAt: at,
    migration: null,
  };
}

function entryAt(step: string, at: string): TimelineEntry {
  return { key: step, at, step, decision: `bench ${step}`, detail: {} } as TimelineEntry;
}
