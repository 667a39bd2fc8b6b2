import {
  ApplicationFailure,
  allHandlersFinished,
  condition,
  log,
  proxyLocalActivities,
  setCurrentDetails,
  setHandler,
  sleep,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { CallActivities } from '../../activities/call';
import type { Command } from '../../domain/call/commands';
import { describeCall } from '../../domain/call/describe';
import type { CallEvent, CarrierMessage } from '../../domain/call/events';
import { fits, reduce } from '../../domain/call/reducer';
import { isEnded, newCall, timelineOf, type CallState, type Effect } from '../../domain/call/state';
import { unreachable } from '../../domain/exhaustive';
import { HANG_UP, type Instructions } from '../../domain/instructions';
import {
  UPDATES,
  callState,
  failSafeServed,
  news,
  STALE_STEP,
  timeline,
  type CallInput,
  type CallResult,
} from './messages';
import { createCallSearchAttributes } from './visibility';

/**
 * Short database steps run as local activities: they cost no round trip to Temporal. They are retried for as long as
 * it takes, because a call must not be lost to a database that is away; past a few seconds of trying, a timer waits
 * between tries instead of holding the workflow task. Each step's summary is what the Temporal UI shows.
 */
const database = {
  startToCloseTimeout: '5s',
  localRetryThreshold: '5s',
  retry: { initialInterval: '50ms', maximumInterval: '5s' },
} as const;

const { admitCall } = proxyLocalActivities<CallActivities>({
  ...database,
  summary: 'screen, then IVR prompt or buyer + capacity',
});
const { routeCall } = proxyLocalActivities<CallActivities>({
  ...database,
  summary: 'release, then next buyer + capacity, or fallback',
});
const { recordAnswer } = proxyLocalActivities<CallActivities>({
  ...database,
  summary: 'show the dial as connected',
});
const { finishCall } = proxyLocalActivities<CallActivities>({
  ...database,
  summary: 'release capacity, attribute money, close',
});

/** How long a started call waits for the first webhook it was started for. */
const FIRST_WEBHOOK_PATIENCE = '60s';

interface Machine {
  readonly state: () => CallState;
  readonly isUnderWay: () => boolean;
  readonly giveUp: () => Promise<unknown>;
}

/** One inbound call, from its first webhook to attribution. What happens when is decided in `domain/call/reducer`. */
export async function call(input: CallInput): Promise<CallResult> {
  const machine = setup(input);
  // A start can succeed whose Update never arrives. The timer leaves no event when the Update is there already.
  if (!(await condition(machine.isUnderWay, FIRST_WEBHOOK_PATIENCE))) await machine.giveUp();
  await condition(() => isEnded(machine.state()));
  await condition(allHandlersFinished);
  const { phase, tried } = machine.state();
  if (phase.name !== 'ended') throw new Error('A call is over only when its phase is "ended"');
  return { outcome: phase.outcome, reason: phase.reason, attempts: tried.length };
}

/** Builds all state before the first handler is registered: handlers can run before the main function does. */
function setup(facts: CallInput): Machine {
  let state = newCall(facts);
  let queue: Promise<unknown> = Promise.resolve();
  const searchAttributes = createCallSearchAttributes();

  /** Events are worked off one after the other, each with all it causes. */
  function dispatch(event: CallEvent): Promise<Instructions | null> {
    const done = queue.then(() => process(event));
    queue = done.catch(() => undefined); // the caller of dispatch gets the error; the next event must not
    return done;
  }

  async function process(event: CallEvent): Promise<Instructions | null> {
    const step = reduce(state, event);
    state = step.state;
    let answer: Instructions | null = null;
    for (const effect of step.effects) answer = (await perform(effect)) ?? answer;
    show();
    return answer;
  }

  async function perform(effect: Effect): Promise<Instructions | null> {
    switch (effect.do) {
      case 'answer':
        return effect.instructions;
      case 'run':
        return process(await run(effect.command));
      case 'start_deadline':
        wake(effect.milliseconds, 'maximum call duration', () => ({ type: 'deadline_passed', at: now() }));
        return null;
      case 'start_grace':
        wake(effect.milliseconds, 'callbacks still under way', () => ({ type: 'grace_elapsed', at: now() }));
        return null;
      default:
        return unreachable(effect);
    }
  }

  async function run(command: Command): Promise<CallEvent> {
    switch (command.type) {
      case 'admit': {
        const { giveUp, entries } = command;
        const { workflowId } = workflowInfo();
        const admission = await admitCall({ facts, workflowId, at: now(), giveUp, entries });
        return { type: 'admitted', at: now(), admission };
      }
      case 'route': {
        const { type: _, ...input } = command;
        return { type: 'routed', at: now(), routed: await routeCall({ ...input, facts }) };
      }
      case 'record': {
        const { attempt, answeredAt, entries } = command;
        await recordAnswer({ callId: facts.callId, attempt, answeredAt, entries });
        return { type: 'recorded' };
      }
      case 'finish': {
        const { type: _, ...input } = command;
        return { type: 'finished', at: now(), finished: await finishCall({ ...input, facts }) };
      }
      default:
        return unreachable(command);
    }
  }

  /** Timers are left running when the call ends: they go with the workflow, and cancelling one costs an event. */
  function wake(milliseconds: number, summary: string, event: () => CallEvent): void {
    sleep(milliseconds, { summary })
      .then(() => dispatch(event()))
      .catch((error: unknown) => log.error('timer failed', { summary, error }));
  }

  function show(): void {
    setCurrentDetails(describeCall(state));
    const changed = searchAttributes.changed(state);
    if (changed.length > 0) upsertSearchAttributes(changed);
  }

  setHandler(timeline, () => timelineOf(state));
  setHandler(callState, () => state);
  for (const update of Object.values(UPDATES)) {
    setHandler(update, async (message) => (await dispatch(message)) ?? HANG_UP, { validator: refuseStale });
  }
  setHandler(news, async (item) => void (await dispatch(item)));
  setHandler(failSafeServed, async (served) => void (await dispatch(served)));

  function refuseStale(message: CarrierMessage): void {
    if (fits(state, message)) return;
    throw ApplicationFailure.nonRetryable(
      `The call is at step "${state.phase.name}" and expects no "${message.type}"`,
      STALE_STEP,
    );
  }

  return {
    state: () => state,
    isUnderWay: () => state.phase.name !== 'received',
    giveUp: () => dispatch({ type: 'deadline_passed', at: now() }),
  };
}

/** Workflow time, ISO 8601. */
function now(): string {
  return new Date().toISOString();
}
