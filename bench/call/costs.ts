import { setTimeout as sleep } from 'node:timers/promises';
import { simulateCall } from '../../telephony/simulator';
import type { CallResult } from '../../workflows/call/messages';
import { callWorkflowId } from '../../workflows/ids';
import type { Progress } from '../progress';
import { judge, type Goal, type Result } from '../report';
import type { BenchServers } from '../servers';
import { type CountedSystem, startCountedSystem } from './counted-system';
import { countEvents, type HistoryCost, type StatementCount } from './counters';
import {
  CALLER,
  CONNECTED,
  CONNECTED_WITH_MENU,
  insertScenarioRows,
  type Scenario,
  SCENARIOS,
} from './scenarios';

/** What one call of one kind cost. */
export interface CallCost extends HistoryCost, StatementCount {
  readonly scenario: string;
  /** Requests the carrier sent, callbacks included. */
  readonly webhooks: number;
  /** Requests from the API to Temporal, that is messages to the call's workflow and whatever else it took. */
  readonly roundTrips: number;
  /** Those of them from the status callback on; where a hang-up sends it along with a dial's result, of both. */
  readonly lateRoundTrips: number;
}

/** Simulated seconds that pass in one. */
const SPEED = 20;

/** Statements that nobody waits for (notes on a call that is over) come within this time. */
const SETTLE_MS = 100;

/**
 * Places one call of each kind and counts what it costs: requests to Temporal by a gRPC interceptor, statements at the
 * database driver, and what Temporal did by the call's history.
 *
 * @throws when a call does not end as its scenario says
 */
export async function measureCosts(
  servers: BenchServers,
  folder: string,
  progress: Progress,
): Promise<CallCost[]> {
  const system = await startCountedSystem(servers, folder);
  try {
    await insertScenarioRows(system.pool);
    const costs: CallCost[] = [];
    // The first call of a day opens its limits' counters: that is not what a call costs.
    for (const [index, scenario] of [...SCENARIOS.slice(0, 1), ...SCENARIOS].entries()) {
      progress.say(`cost of one call: ${index === 0 ? 'warming up' : scenario.name}`);
      const cost = await costOf(scenario, system);
      if (index > 0) costs.push(cost);
    }
    return costs;
  } finally {
    await system.stop();
  }
}

async function costOf(
  scenario: Scenario,
  { root, account, rpcs, sql, observer }: CountedSystem,
): Promise<CallCost> {
  rpcs.reset();
  sql.reset();
  let beforeStatus = 0;
  const call = await simulateCall({
    voiceUrl: `${root}/voice`,
    statusUrl: `${root}/status`,
    ...account,
    from: CALLER,
    speed: SPEED,
    ...scenario.call,
    onEvent: (event) => {
      if (event.type === 'webhook-sent' && event.purpose === 'call-status') beforeStatus = rpcs.total();
    },
  });
  const id = callWorkflowId({ carrier: 'twilio', accountSid: account.accountSid, sid: call.callSid });
  const handle = observer.workflow.getHandle(id);
  const { outcome } = (await handle.result()) as CallResult;
  await sleep(SETTLE_MS);
  if (outcome !== scenario.outcome || call.errors.length > 0) {
    const errors = call.errors.join('; ');
    throw new Error(`The call "${scenario.name}" ended as ${outcome}, not ${scenario.outcome}. ${errors}`);
  }
  return {
    scenario: scenario.name,
    webhooks: call.webhooks.length,
    roundTrips: rpcs.total(),
    lateRoundTrips: rpcs.total() - beforeStatus,
    ...countEvents((await handle.fetchHistory()).events ?? []),
    ...sql.read(),
  };
}

const UNITS = {
  roundTrips: 'Temporal round trips',
  workflowTasks: 'workflow tasks',
  historyEvents: 'history events',
  localActivities: 'local activities',
  activities: 'activities',
  timers: 'timers',
  statements: 'PostgreSQL statements',
  commits: 'PostgreSQL commits',
} as const satisfies Partial<Record<keyof CallCost, string>>;

/** Everything that was counted, and the goals: how many messages and events a connected call may cost. */
export function costResults(costs: readonly CallCost[]): {
  readonly goals: Result[];
  readonly counts: Result[];
} {
  const of = (scenario: string): CallCost | undefined => costs.find((cost) => cost.scenario === scenario);
  const direct = of(CONNECTED);
  const menu = of(CONNECTED_WITH_MENU);
  const atMost = (metric: string, unit: string, value: number | undefined, bound: number): Result => {
    const goal: Goal = { of: 'value', is: '<=', bound };
    return judge({ metric, unit, value: value ?? null }, goal);
  };
  const more = (key: 'roundTrips' | 'historyEvents'): number | undefined =>
    direct === undefined || menu === undefined ? undefined : menu[key] - direct[key];
  const early = direct === undefined ? undefined : direct.roundTrips - direct.lateRoundTrips;
  return {
    goals: [
      atMost(`${CONNECTED}: messages to the workflow`, 'messages', early, 2),
      atMost(`${CONNECTED}: messages of the late callback`, 'messages', direct?.lateRoundTrips, 0),
      atMost(`${CONNECTED}: history events`, 'events', direct?.historyEvents, 24),
      atMost('one menu more: messages', 'messages', more('roundTrips'), 1),
      atMost('one menu more: history events', 'events', more('historyEvents'), 8),
    ],
    counts: costs.flatMap((cost) =>
      (Object.keys(UNITS) as (keyof typeof UNITS)[]).map((key) =>
        judge({ metric: `${cost.scenario}: ${UNITS[key]}`, unit: UNITS[key], value: cost[key] }, null),
      ),
    ),
  };
}
