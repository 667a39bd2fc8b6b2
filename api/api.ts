import express, { type Router } from 'express';
import helmet from 'helmet';
import type { Pool } from 'pg';
import type { Logger } from '../runtime/logger';
import { requireAdminKey } from './auth';
import { assignmentRoutes } from './assignments/routes';
import { auditRoutes } from './audit/routes';
import type { BacktestGateway } from './backtests/gateway';
import { backtestRoutes } from './backtests/routes';
import { blockedCallerRoutes } from './blocked-callers/routes';
import { buyerRoutes } from './buyers/routes';
import { callRoutes } from './calls/routes';
import { configRoutes } from './config/routes';
import { dniRoutes } from './dni/routes';
import { flowRoutes } from './flows/routes';
import { goalRoutes } from './goals/routes';
import { campaignRoutes } from './campaigns/routes';
import { costRoutes } from './ledger/costs';
import { disputeRoutes } from './ledger/disputes';
import { ledgerRoutes } from './ledger/routes';
import { postbackSecretRoutes } from './postbacks/routes';
import { createKeySweep } from './http/key-sweep';
import type { Route } from './http/route';
import { createRouter } from './http/router';
import { limitRoutes } from './limits/routes';
import type { Live } from './live/live';
import { liveRoutes } from './live/routes';
import type { MigrationGateway } from './migrations/gateway';
import { migrationRoutes } from './migrations/routes';
import { numberRoutes } from './numbers/routes';
import { createDocsRouter } from './openapi/docs-page';
import { documentRoute } from './openapi/routes';
import { noRoute } from './problems';
import { publisherRoutes } from './publishers/routes';
import { reportRoutes } from './reports/routes';
import { savedReportRoutes } from './reports/saved-routes';
import { shadowRoutes } from './shadow/routes';
import { simulateRoutes } from './simulate/routes';
import { flowVersionRoutes, planRoutes } from './versions/routes';
import { webhookDeliveryRoutes } from './webhooks/delivery-routes';
import { webhookEndpointRoutes } from './webhooks/endpoint-routes';

/** Everything below `/api/v1`. What stands in this list is served, and is in the OpenAPI document. */
export const ROUTES: readonly Route[] = [
  ...campaignRoutes,
  ...configRoutes,
  ...planRoutes,
  ...flowVersionRoutes,
  ...flowRoutes,
  ...shadowRoutes,
  ...simulateRoutes,
  ...numberRoutes,
  ...publisherRoutes,
  ...buyerRoutes,
  ...assignmentRoutes,
  ...blockedCallerRoutes,
  ...limitRoutes,
  ...dniRoutes,
  ...migrationRoutes,
  ...backtestRoutes,
  ...callRoutes,
  ...reportRoutes,
  ...savedReportRoutes,
  ...goalRoutes,
  ...liveRoutes,
  ...ledgerRoutes,
  ...disputeRoutes,
  ...costRoutes,
  ...postbackSecretRoutes,
  ...webhookEndpointRoutes,
  ...webhookDeliveryRoutes,
  ...auditRoutes,
];

/** Of the API as such, in its document: a change that breaks clients would be a new path. */
const API_VERSION = '1';

export interface Api {
  /** To be mounted at `/api`. */
  readonly router: Router;
  /** Begins the work in the background. */
  start(): void;
  stop(): Promise<void>;
}

/** The API for operators and programs: `/api/v1`, and its documentation at `/api/docs`. */
export function createApi(options: {
  readonly db: Pool;
  /** For reports: see {@link ReadRequest}. */
  readonly reports: Pool;
  readonly log: Logger;
  readonly adminKey: string;
  readonly migrations: MigrationGateway;
  readonly backtests: BacktestGateway;
  readonly allowPrivateWebhooks: boolean;
  /** The caller's to stop. */
  readonly live: Live;
  /** As {@link Means}. */
  readonly downloadPatienceMs?: number;
}): Api {
  const { db, reports, log, migrations, backtests, allowPrivateWebhooks, live, downloadPatienceMs } = options;
  const guard = requireAdminKey(options.adminKey);
  const sweep = createKeySweep({ db, log });
  const router = express.Router();
  router.use(createDocsRouter());
  router.use(
    '/v1',
    helmet(),
    createRouter([documentRoute(ROUTES, API_VERSION), ...ROUTES], {
      db,
      reports,
      migrations,
      backtests,
      allowPrivateWebhooks,
      live,
      ...(downloadPatienceMs === undefined ? {} : { downloadPatienceMs }),
      guard,
    }),
  );
  // Whoever has no key is not told which routes there are.
  router.use('/v1', guard, noRoute);
  return { router, start: () => sweep.start(), stop: () => sweep.stop() };
}
