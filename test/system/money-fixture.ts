import { randomUUID } from 'node:crypto';
import type { Call } from '../../contract/call';
import type { DuplicateRule } from '../../domain/campaign/duplicates';
import { insertCampaign } from './campaign-fixture';
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
  from = `+1415${String(5_550_000 + Math.floor(Math.random() * 9_999))}`,
): Promise<Call> {
  const sid = system.carrier.newSid();
  await system.carrier.post('voice', sid, { To: to, From: from });
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

export const AFTER_POSTBACK = { on: 'postback', windowSeconds: 3600, zeroConverts: false } as const;

/** A number of a campaign, and who is asked what its calls were worth. */
export interface Paid {
  readonly key: string;
  readonly number: string;
  readonly buyer: string;
  readonly secret: string;
}

export interface Reported {
  readonly status: number;
  readonly body: { readonly outcome?: string; readonly repeated?: boolean; readonly detail?: string };
}

/** Makes campaigns of a test file, each with one buyer who pays as said, and a publisher who is paid as said. */
export function paidCampaigns(
  system: SystemUnderTest,
): (price: object, payout?: object | null, duplicates?: DuplicateRule) => Promise<Paid> {
  let campaigns = 0;
  return async (price, payout = null, duplicates) => {
    campaigns += 1;
    const key = `post${campaigns}`;
    const number = `+1415555${8000 + campaigns * 10}`;
    await insertCampaign(system.db, {
      key,
      number,
      buyers: [{ name: 'a' }],
      payout: '1',
      ...(duplicates === undefined ? {} : { duplicates }),
    });
    await system.db.query(`UPDATE assignments SET price = $1 WHERE campaign_id = $2`, [
      JSON.stringify({ rates: [], ...price }),
      `cmp_${key}`,
    ]);
    await system.db.query(`UPDATE publishers SET payout = $1 WHERE id = $2`, [
      payout === null ? null : JSON.stringify(payout),
      `pub_${key}`,
    ]);
    const buyer = `buy_${key}_a`;
    const { secret } = await moneyApi(system).ok<{ secret: string }>(
      'POST',
      `/buyers/${buyer}/postback-secret`,
    );
    return { key, number, buyer, secret };
  };
}

/** Reports a conversion with the secret in the path and the rest in the query. */
export async function report(
  system: SystemUnderTest,
  { buyer, secret }: Pick<Paid, 'buyer' | 'secret'>,
  fields: Record<string, string>,
): Promise<Reported> {
  const response = await fetch(
    `${system.baseUrl}/postbacks/${buyer}/${secret}?${new URLSearchParams(fields).toString()}`,
  );
  return { status: response.status, body: (await response.json()) as object };
}
