import express, { type RequestHandler, type Router } from 'express';
import type { Pool } from 'pg';
import { Counter, Gauge, Registry } from 'prom-client';
import { countDeliveries } from '../db/queries/events/deliveries';
import { countHolds } from '../db/queries/limits/holds';
import { listPoolMetrics, type PoolMetricsRow } from '../db/queries/dni/status';
import { listNearlyFull, type UsedRow } from '../db/queries/limits/nearlyFull';
import type { Live, LiveStatus } from './live/live';

/**
 * Limits that metrics are given of: those that are about to matter. Every limit would be a series for each of many
 * thousand buyers, nearly all of them flat.
 */
const SHARE_USED = 0.8;
const MOST_LIMITS = 500;

const LABELS = ['limit', 'scope', 'window', 'counts'] as const;

/**
 * `GET /metrics` in Prometheus' text format, behind `guard`. It is read from the database when it is asked for, so that
 * each API process says the same: ask one of them. Only live streams are those of the process that is asked.
 */
export function createMetricsRouter({
  db,
  live,
  guard,
}: {
  readonly db: Pool;
  readonly live: Live;
  readonly guard: RequestHandler;
}): Router {
  const router = express.Router();
  router.get('/metrics', guard, async (_req, res) => {
    const registry = new Registry();
    const [holds, deliveries, limits, pools] = await Promise.all([
      countHolds(db),
      countDeliveries(db),
      listNearlyFull(db, { share: SHARE_USED, most: MOST_LIMITS }),
      listPoolMetrics(db),
    ]);
    registerHolds(registry, holds);
    registerDeliveries(registry, deliveries);
    registerLimits(registry, limits);
    registerPools(registry, pools);
    registerLive(registry, live.status());
    res.set('Content-Type', registry.contentType).send(await registry.metrics());
  });
  return router;
}

function registerHolds(
  registry: Registry,
  { pending, deferred, freed }: Awaited<ReturnType<typeof countHolds>>,
): void {
  new Gauge({
    name: 'callyard_reservations_pending',
    help: 'Reservations that hold capacity for calls now.',
    registers: [registry],
  }).set(pending);
  new Gauge({
    name: 'callyard_reservations_deferred',
    help: 'Reservations of ended calls that wait for a postback.',
    registers: [registry],
  }).set(deferred);
  const total = new Counter({
    name: 'callyard_reservations_freed_total',
    help: 'Reservations given back because nobody was left to do it, by how their workflow ended.',
    labelNames: ['reason'],
    registers: [registry],
  });
  for (const { reason, n } of freed) total.inc({ reason }, n);
}

function registerDeliveries(
  registry: Registry,
  deliveries: Awaited<ReturnType<typeof countDeliveries>>,
): void {
  const gauge = new Gauge({
    name: 'callyard_webhook_deliveries',
    help: 'Events on their way to an endpoint (waiting), and those that were given up (dead).',
    labelNames: ['status'],
    registers: [registry],
  });
  for (const { status, n } of deliveries) gauge.set({ status }, n);
}

function registerLimits(registry: Registry, limits: readonly UsedRow[]): void {
  const about = `Limits of which ${SHARE_USED * 100} % are used, the ${MOST_LIMITS} fullest. Spend is in micros.`;
  const gauge = (name: string, help: string): Gauge<(typeof LABELS)[number]> =>
    new Gauge({ name, help: `${help} ${about}`, labelNames: LABELS, registers: [registry] });
  const maximum = gauge('callyard_limit_maximum', 'The limit.');
  const posted = gauge('callyard_limit_posted', 'What has happened in the window that runs.');
  const pending = gauge('callyard_limit_pending', 'What is held by calls that may still make it happen.');
  for (const { id, scope, window, counts, ...used } of limits) {
    const labels = { limit: id, scope, window, counts };
    maximum.set(labels, Number(used.maximum));
    posted.set(labels, Number(used.posted));
    pending.set(labels, Number(used.pending));
  }
}

function registerLive(registry: Registry, { streams, lookAgeSeconds }: LiveStatus): void {
  new Gauge({
    name: 'callyard_live_streams',
    help: 'Open streams of live data, of this process.',
    registers: [registry],
  }).set(streams);
  if (lookAgeSeconds === null) return;
  new Gauge({
    name: 'callyard_live_look_age_seconds',
    help: 'How old what these streams were told last is. Not there while nobody listens.',
    registers: [registry],
  }).set(lookAgeSeconds);
}

function registerPools(registry: Registry, pools: readonly PoolMetricsRow[]): void {
  const gauge = (name: string, help: string): Gauge<'pool'> =>
    new Gauge({ name, help, labelNames: ['pool'], registers: [registry] });
  const numbers = gauge('callyard_dni_numbers', 'Numbers of a DNI pool.');
  const leased = gauge('callyard_dni_numbers_leased', 'Those that visitors have now.');
  const exhausted = new Counter({
    name: 'callyard_dni_exhausted_total',
    help: 'How often a visitor could be given no number, because all were leased.',
    labelNames: ['pool'],
    registers: [registry],
  });
  for (const { pool, ...row } of pools) {
    numbers.set({ pool }, row.numbers);
    leased.set({ pool }, row.leased);
    exhausted.inc({ pool }, row.exhausted);
  }
}
