import { randomUUID } from 'node:crypto';
import type { Call } from '../../contract/call';
import type { SystemUnderTest } from './system';

export interface MoneyApi {
  /** @returns the body, when the status is the one that is expected */
  ok<T>(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<T>;
  send<T>(
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<{ readonly status: number; readonly body: T }>;
}

export function moneyApi(system: SystemUnderTest): MoneyApi {
  const own: MoneyApi = {
    async send(method, path, body, headers = {}) {
      const response = await fetch(`${system.baseUrl}/api/v1${path}`, {
        method,
        headers: {
          authorization: `Bearer ${system.adminKey}`,
          'content-type': 'application/json',
          ...headers,
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await response.text();
      return { status: response.status, body: (text === '' ? null : JSON.parse(text)) as never };
    },
    async ok(method, path, body, headers) {
      const answer = await own.send(method, path, body, headers);
      if (answer.status >= 300)
        throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
      return answer.body as never;
    },
  };
  return own;
}

/** A call that a buyer took for so many seconds, or that rang without an answer. */
export async function callThatTalked(
  system: SystemUnderTest,
  to: string,
  seconds: number | null,
): Promise<Call> {
  const sid = system.carrier.newSid();
  await system.carrier.post('voice', sid, {
    To: to,
    From: `+1415${String(5_550_000 + Math.floor(Math.random() * 9_999))}`,
  });
  await system.carrier.post('dial?attempt=1', sid, {
    To: to,
    CallStatus: 'completed',
    ...(seconds === null
      ? { DialCallStatus: 'no-answer' }
      : { DialCallStatus: 'completed', DialCallDuration: String(seconds) }),
  });
  return system.endedCall(sid);
}

export const once = (): Record<string, string> => ({ 'idempotency-key': randomUUID() });

/** What the ledger and the call's own sums say; both have to say the same. */
export async function sumsOf(system: SystemUnderTest, callId: string): Promise<Record<string, string>> {
  const { rows } = await system.db.query<Record<string, string>>(
    `SELECT coalesce(sum(e.amount_micros) FILTER (WHERE e.side = 'revenue'), 0)::text AS revenue,
            coalesce(sum(e.amount_micros) FILTER (WHERE e.side = 'payout'), 0)::text AS payout,
            coalesce(sum(e.amount_micros) FILTER (WHERE e.side = 'cost'), 0)::text AS cost
       FROM ledger_entries e WHERE e.call_id = $1`,
    [callId],
  );
  const { rows: own } = await system.db.query<Record<string, string>>(
    `SELECT coalesce(revenue_micros, 0)::text AS revenue, coalesce(payout_micros, 0)::text AS payout,
            cost_micros::text AS cost FROM calls WHERE id = $1`,
    [callId],
  );
  expect(own).toEqual(rows);
  return rows[0] ?? {};
}
