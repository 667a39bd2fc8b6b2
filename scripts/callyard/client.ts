import type { z } from 'zod';
import { configAppliedSchema, type ConfigApplied } from '../../contract/config-document';
import { pageSchema } from '../../contract/page';
import { problemSchema } from '../../contract/problem';
import {
  backtestDifferenceSchema,
  backtestHeadSchema,
  backtestSchema,
  type Backtest,
  type BacktestDifference,
  type BacktestHead,
} from '../../contract/resources/backtest';
import {
  freedReservationSchema,
  heldReservationSchema,
  limitSchema,
  verificationSchema,
  type FreedReservation,
  type HeldReservation,
  type Limit,
  type Verification,
} from '../../contract/resources/limit';
import {
  createdMigrationSchema,
  migrationHeadSchema,
  migrationSchema,
  type CreatedMigration,
  type Migration,
  type MigrationAction,
  type MigrationHead,
} from '../../contract/resources/migration';
import { goalProgressSchema, type GoalProgress } from '../../contract/resources/goal';
import { adSpendBookedSchema } from '../../contract/resources/money';
import {
  reportSchema,
  reportVerificationSchema,
  type Report,
  type ReportVerification,
} from '../../contract/resources/report';
import {
  webhookDeliveryHeadSchema,
  type WebhookDeliveryHead,
} from '../../contract/resources/webhook-delivery';
import {
  webhookEndpointSchema,
  webhookEndpointWithSecretSchema,
  type WebhookEndpoint,
  type WebhookEndpointWithSecret,
} from '../../contract/resources/webhook-endpoint';
import { InputError } from '../simulate/input';
import { findApi, type RunningApi } from '../simulate/target';

export type Problem = z.infer<typeof problemSchema>;

/** What the API said: what was asked for, or why not. */
export type Answer<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problem: Problem };

/** Instants; left out: the first and the last there are. */
export interface ReportedTime {
  readonly from?: string;
  readonly to?: string;
}

/** A report by its query, or a saved one by its id. */
export type ReportAsked = { readonly query: URLSearchParams } | { readonly saved: string };

/** The routes of a running Callyard that the commands need. */
export interface Client {
  /** Of a workflow in the Temporal UI; `null`: it is not known where that is. */
  readonly workflowUrl: ((workflowId: string) => string) | null;
  export(campaign: string): Promise<Answer<unknown>>;
  apply(
    document: { readonly id: string; readonly body: unknown },
    options: { readonly dryRun: boolean; readonly expect?: string },
  ): Promise<Answer<ConfigApplied>>;
  /** All that the filter leaves. */
  limits(filter: Readonly<Record<string, string>>): Promise<Answer<readonly Limit[]>>;
  verifyLimits(): Promise<Answer<Verification>>;
  heldBy(limit: string): Promise<Answer<readonly HeldReservation[]>>;
  /** The latest. */
  freed(): Promise<Answer<readonly FreedReservation[]>>;
  /** All that the filter leaves, newest first. */
  migrations(filter: Readonly<Record<string, string>>): Promise<Answer<readonly MigrationHead[]>>;
  migration(id: string): Promise<Answer<Migration>>;
  createMigration(body: unknown): Promise<Answer<CreatedMigration>>;
  operate(id: string, action: MigrationAction, body: object): Promise<Answer<Migration>>;
  /** All that the filter leaves, newest first. */
  backtests(filter: Readonly<Record<string, string>>): Promise<Answer<readonly BacktestHead[]>>;
  backtest(id: string): Promise<Answer<Backtest>>;
  createBacktest(campaign: string, body: object): Promise<Answer<Backtest>>;
  cancelBacktest(id: string): Promise<Answer<BacktestHead>>;
  bookAdSpend(body: object): Promise<Answer<{ readonly booked: number; readonly unchanged: number }>>;
  report(asked: ReportAsked): Promise<Answer<Report>>;
  /** The time there is something to report on, within what is asked. */
  reportedTime(asked: ReportedTime): Promise<Answer<ReportVerification>>;
  verifyReports(asked: ReportedTime): Promise<Answer<ReportVerification>>;
  /** The report as CSV, as it comes. */
  reportCsv(asked: ReportAsked): Promise<Answer<AsyncIterable<Uint8Array>>>;
  goalProgress(campaign: string): Promise<Answer<GoalProgress>>;
  /** In the order in which the calls came, so many at most. */
  backtestDifferences(id: string, most: number): Promise<Answer<readonly BacktestDifference[]>>;
  webhookEndpoints(): Promise<Answer<readonly WebhookEndpoint[]>>;
  createWebhookEndpoint(body: object): Promise<Answer<WebhookEndpointWithSecret>>;
  deleteWebhookEndpoint(id: string): Promise<Answer<null>>;
  /** The latest that the filter leaves, so many at most. */
  webhookDeliveries(
    filter: Readonly<Record<string, string>>,
    most: number,
  ): Promise<Answer<readonly WebhookDeliveryHead[]>>;
  redeliver(id: string): Promise<Answer<null>>;
  /**
   * A stream of live data. @param after id of the last event that was seen; empty: none
   * @throws what `fetch` does, also while the stream is read
   */
  live(
    asked: { readonly campaign?: string; readonly buyer?: string },
    after: string,
    left: AbortSignal,
  ): Promise<Answer<AsyncIterable<Uint8Array>>>;
}

/** Longer than the server's own limit of a statement, with room for a slow line. */
const PATIENCE_MILLISECONDS = 60_000;
/** Rows. */
const LARGEST_PAGE = 200;

/**
 * The API at `url`, else the one started from this checkout.
 * @throws InputError when nothing answers there
 */
export async function connect(url: string | undefined, env: NodeJS.ProcessEnv): Promise<Client> {
  const api = await findApi(url, env);
  const { apiUrl, adminKey, workflowUrl } = api;
  const ask = async <T>(
    path: string,
    init: { readonly method: string; readonly body?: string },
    read: (json: unknown) => T,
  ): Promise<Answer<T>> => {
    const response = await fetch(`${apiUrl}/api/v1${path}`, {
      ...init,
      headers: { authorization: `Bearer ${adminKey}`, 'content-type': 'application/json' },
      signal: AbortSignal.timeout(PATIENCE_MILLISECONDS),
    });
    const text = await response.text();
    if (response.ok) return { ok: true, value: read(text === '' ? null : JSON.parse(text)) };
    return { ok: false, problem: readProblem(api, response.status, text) };
  };
  /** Every page of a list, one behind the other, until there are `most` rows. */
  const all = async <T extends z.ZodType>(
    path: string,
    query: Readonly<Record<string, string>>,
    item: T,
    most = Infinity,
  ): Promise<Answer<readonly z.output<T>[]>> => {
    const rows: z.output<T>[] = [];
    for (let cursor: string | null = null; ; ) {
      const limit = String(Math.min(LARGEST_PAGE, most - rows.length));
      const asked = new URLSearchParams({ ...query, limit, ...(cursor === null ? {} : { cursor }) });
      const page: Answer<{ data: z.output<T>[]; nextCursor: string | null }> = await ask(
        `${path}?${asked.toString()}`,
        { method: 'GET' },
        (json) => pageSchema(item).parse(json),
      );
      if (!page.ok) return page;
      rows.push(...page.value.data);
      cursor = page.value.nextCursor;
      if (cursor === null || rows.length >= most) return { ok: true, value: rows };
    }
  };
  /** A body of any length: only its beginning is waited for so long and no longer. */
  const stream = async (path: string): Promise<Answer<AsyncIterable<Uint8Array>>> => {
    const abort = new AbortController();
    const patience = setTimeout(() => abort.abort(), PATIENCE_MILLISECONDS);
    const response = await fetch(`${apiUrl}/api/v1${path}`, {
      headers: { authorization: `Bearer ${adminKey}` },
      signal: abort.signal,
    }).finally(() => clearTimeout(patience));
    if (response.ok && response.body !== null) return { ok: true, value: response.body };
    return { ok: false, problem: readProblem(api, response.status, await response.text()) };
  };
  const verification = (
    asked: Readonly<Record<string, string>> & ReportedTime,
  ): Promise<Answer<ReportVerification>> =>
    ask(`/reports/verification?${new URLSearchParams(asked).toString()}`, { method: 'GET' }, (json) =>
      reportVerificationSchema.parse(json),
    );
  const pathOf = (campaign: string): string => `/campaigns/${encodeURIComponent(campaign)}/config`;
  return {
    workflowUrl,
    export: (campaign) => ask(pathOf(campaign), { method: 'GET' }, (json) => json),
    apply: ({ id, body }, { dryRun, expect }) => {
      const query = new URLSearchParams({
        dryRun: String(dryRun),
        ...(expect === undefined ? {} : { expect }),
      });
      return ask(`${pathOf(id)}?${query.toString()}`, { method: 'PUT', body: JSON.stringify(body) }, (json) =>
        configAppliedSchema.parse(json),
      );
    },
    bookAdSpend: (body) =>
      ask('/ad-spend', { method: 'POST', body: JSON.stringify(body) }, (json) =>
        adSpendBookedSchema.parse(json),
      ),
    limits: (filter) => all('/limits', filter, limitSchema),
    verifyLimits: () =>
      ask('/limits/verification', { method: 'GET' }, (json) => verificationSchema.parse(json)),
    heldBy: (limit) => all(`/limits/${encodeURIComponent(limit)}/reservations`, {}, heldReservationSchema),
    freed: () =>
      ask(
        '/limits/freed?limit=50',
        { method: 'GET' },
        (json) => pageSchema(freedReservationSchema).parse(json).data,
      ),
    migrations: (filter) => all('/migrations', filter, migrationHeadSchema),
    migration: (id) =>
      ask(`/migrations/${encodeURIComponent(id)}`, { method: 'GET' }, (json) => migrationSchema.parse(json)),
    createMigration: (body) =>
      ask('/migrations', { method: 'POST', body: JSON.stringify(body) }, (json) =>
        createdMigrationSchema.parse(json),
      ),
    operate: (id, action, body) =>
      ask(
        `/migrations/${encodeURIComponent(id)}/${action}`,
        { method: 'POST', body: JSON.stringify(body) },
        (json) => migrationSchema.parse(json),
      ),
    backtests: (filter) => all('/backtests', filter, backtestHeadSchema),
    backtest: (id) =>
      ask(`/backtests/${encodeURIComponent(id)}`, { method: 'GET' }, (json) => backtestSchema.parse(json)),
    createBacktest: (campaign, body) =>
      ask(
        `/campaigns/${encodeURIComponent(campaign)}/backtests`,
        { method: 'POST', body: JSON.stringify(body) },
        (json) => backtestSchema.parse(json),
      ),
    cancelBacktest: (id) =>
      ask(`/backtests/${encodeURIComponent(id)}/cancel`, { method: 'POST' }, (json) =>
        backtestHeadSchema.parse(json),
      ),
    report: (asked) =>
      ask(reportPath(asked, 'report'), { method: 'GET' }, (json) => reportSchema.parse(json)),
    reportedTime: (asked) => verification({ ...asked, count: 'false' }),
    verifyReports: verification,
    reportCsv: (asked) => stream(reportPath(asked, 'csv')),
    goalProgress: (campaign) =>
      ask(`/campaigns/${encodeURIComponent(campaign)}/goal/progress`, { method: 'GET' }, (json) =>
        goalProgressSchema.parse(json),
      ),
    backtestDifferences: (id, most) =>
      all(`/backtests/${encodeURIComponent(id)}/differences`, {}, backtestDifferenceSchema, most),
    webhookEndpoints: () => all('/webhook-endpoints', {}, webhookEndpointSchema),
    createWebhookEndpoint: (body) =>
      ask('/webhook-endpoints', { method: 'POST', body: JSON.stringify(body) }, (json) =>
        webhookEndpointWithSecretSchema.parse(json),
      ),
    deleteWebhookEndpoint: (id) =>
      ask(`/webhook-endpoints/${encodeURIComponent(id)}`, { method: 'DELETE' }, () => null),
    webhookDeliveries: (filter, most) => all('/webhook-deliveries', filter, webhookDeliveryHeadSchema, most),
    redeliver: (id) =>
      ask(`/webhook-deliveries/${encodeURIComponent(id)}/redeliver`, { method: 'POST' }, () => null),
    async live({ campaign, buyer }, after, left) {
      const query = new URLSearchParams({
        ...(campaign === undefined ? {} : { campaignId: campaign }),
        ...(buyer === undefined ? {} : { buyerId: buyer }),
      });
      const response = await fetch(`${apiUrl}/api/v1/live?${query.toString()}`, {
        headers: {
          authorization: `Bearer ${adminKey}`,
          ...(after === '' ? {} : { 'last-event-id': after }),
        },
        signal: left,
      });
      if (response.ok && response.body !== null) return { ok: true, value: response.body };
      return { ok: false, problem: readProblem(api, response.status, await response.text()) };
    },
  };
}

function reportPath(asked: ReportAsked, as: 'report' | 'csv'): string {
  if ('saved' in asked) return `/saved-reports/${encodeURIComponent(asked.saved)}/${as}`;
  return `/reports${as === 'csv' ? '/csv' : ''}?${asked.query.toString()}`;
}

function readProblem({ apiUrl, keyFrom }: RunningApi, status: number, text: string): Problem {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  const problem = problemSchema.safeParse(json);
  if (problem.success && problem.data.code === 'unauthorized')
    throw new InputError(
      `The admin key ${keyFrom} is not that of ${apiUrl}. If it was started with another CALLYARD_DATA_DIR or CALLYARD_ADMIN_KEY, set that here too.`,
    );
  if (problem.success) return problem.data;
  throw new InputError(
    `${apiUrl} answered ${status}, and not the way Callyard does. Check --url, and what stands between.`,
  );
}
