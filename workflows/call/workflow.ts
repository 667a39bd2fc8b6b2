import {
  ApplicationFailure,
  allHandlersFinished,
  CancellationScope,
  condition,
  isCancellation,
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
import { messageKey, type CallEvent, type CarrierMessage } from '../../domain/call/events';
import { fits } from '../../domain/call/messages';
import { readAdmission, readFailSafeServed, readMessage, readRouted } from '../../domain/call/legacy';
import { reduce } from '../../domain/call/reducer';
import { isEnded, newCall, timelineOf, type CallState, type Effect } from '../../domain/call/state';
import { unreachable } from '../../domain/exhaustive';
import { HANG_UP, type Instructions } from '../../domain/instructions';
import {
  UPDATES,
  callState,
  failSafeServed,
  menuAnswered,
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
  summary: 'screen, then IVR or buyer + capacity',
});
const { routeCall } = proxyLocalActivities<CallActivities>({
  ...database,
  summary: 'IVR goes on, or next buyer + capacity, or fallback',
});
const { recordAnswer } = proxyLocalActivities<CallActivities>({
  ...database,
  summary: 'show the dial as connected',
});
const { finishCall } = proxyLocalActivities<CallActivities>({
  ...database,
  summary: 'release capacity, attribute money, close',
});

/** How long a started call waits for the first webhook it was started for, in milliseconds. */
const FIRST_WEBHOOK_PATIENCE_MS = 60_000;

interface Machine {
  readonly state: () => CallState;
  /** Settles when the call has ended and nothing waits to be worked off. */
  readonly ended: Promise<void>;
}

/** One inbound call, from its first webhook to attribution. What happens when is decided in `domain/call/reducer`. */
export async function call(input: CallInput): Promise<CallResult> {
  const machine = setup(input);
  await machine.ended;
  await condition(allHandlersFinished);
  const { phase, tried } = machine.state();
  if (phase.name !== 'ended') throw new Error('A call is over only when its phase is "ended"');
  return { outcome: phase.outcome, reason: phase.reason, attempts: tried.length };
}

/** An event in the queue, and who waits for instructions, if anybody. */
interface Waiting {
  readonly event: CallEvent;
  readonly answer?: (instructions: Instructions) => void;
  readonly fail?: (error: unknown) => void;
}

/**
 * Builds all state before the first handler is registered: messages that came with the start are handled right then,
 * before the main function goes on.
 *
 * Promises are few on purpose: the SDK takes a stack trace of every one made in a workflow, which is most of what a
 * step of a call costs the worker (docs/decisions/0008).
 */
function setup(facts: CallInput): Machine {
  let state = newCall(facts);
  const waiting: Waiting[] = [];
  let working = false;
  let end: () => void;
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  const searchAttributes = createCallSearchAttributes();

  /** Events are worked off one after the other, each with all it causes. */
  function dispatch(item: Waiting): void {
    waiting.push(item);
    if (!working) void workOff();
  }

  async function workOff(): Promise<void> {
    working = true;
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) {
      let answer = HANG_UP;
      const apply = (event: CallEvent): Command | null => {
        const step = reduce(state, event);
        state = step.state;
        const done = perform(step.effects);
        answer = done.answer ?? answer;
        return done.command;
      };
      try {
        let command = apply(item.event);
        while (command !== null) command = apply(await run(command));
        item.answer?.(answer);
      } catch (error) {
        if (item.fail === undefined) throw error;
        item.fail(error);
      }
      show();
    }
    working = false;
    if (isEnded(state)) end();
  }

  /** Does what needs no waiting; an activity is the caller's to run. */
  function perform(effects: readonly Effect[]): {
    readonly answer: Instructions | null;
    readonly command: Command | null;
  } {
    let answer: Instructions | null = null;
    let command: Command | null = null;
    for (const effect of effects) {
      switch (effect.do) {
        case 'answer':
          answer = effect.instructions;
          break;
        case 'run':
          command = effect.command;
          break;
        case 'start_deadline':
          wake(effect.milliseconds, 'maximum call duration', 'deadline_passed');
          break;
        case 'start_grace':
          wake(effect.milliseconds, 'callbacks still under way', 'grace_elapsed');
          break;
        default:
          return unreachable(effect);
      }
    }
    return { answer, command };
  }

  /** A cancelled workflow still does its steps to the end: capacity and money depend on them. */
  async function run(command: Command): Promise<CallEvent> {
    try {
      return await runOnce(command);
    } catch (error) {
      if (!isCancellation(error)) throw error;
      return CancellationScope.nonCancellable(() => runOnce(command));
    }
  }

  async function runOnce(command: Command): Promise<CallEvent> {
    switch (command.type) {
      case 'admit': {
        const { giveUp, entries } = command;
        const { workflowId } = workflowInfo();
        const admission = readAdmission(await admitCall({ facts, workflowId, at: now(), giveUp, entries }));
        return { type: 'admitted', at: now(), admission };
      }
      case 'route': {
        const { type: _, ...input } = command;
        const { workflowId } = workflowInfo();
        const routed = readRouted(await routeCall({ ...input, facts, workflowId }), input.policy);
        return { type: 'routed', at: now(), routed };
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
  function wake(
    milliseconds: number,
    summary: string,
    type: 'deadline_passed' | 'grace_elapsed' | 'never_asked',
  ): void {
    sleep(milliseconds, { summary }).then(() => dispatch({ event: { type, at: now() } }), ignoreCancellation);
  }

  function show(): void {
    setCurrentDetails(describeCall(state));
    const changed = searchAttributes.changed(state);
    if (changed.length > 0) upsertSearchAttributes(changed);
  }

  function refuseStale(stored: CarrierMessage): void {
    const message = readMessage(stored);
    if (fits(state, message)) return;
    throw ApplicationFailure.nonRetryable(
      `The call is at ${whereabouts(state)} and expects no "${messageKey(message)}"`,
      STALE_STEP,
    );
  }

  setHandler(timeline, () => timelineOf(state));
  setHandler(callState, () => state);
  for (const update of [...Object.values(UPDATES), menuAnswered]) {
    const ask = (message: CarrierMessage): Promise<Instructions> =>
      new Promise((answer, fail) => dispatch({ event: readMessage(message), answer, fail }));
    setHandler(update, ask, { validator: refuseStale });
  }
  setHandler(news, (event) => dispatch({ event }));
  setHandler(failSafeServed, (served) => dispatch({ event: readFailSafeServed(served) }));
  CancellationScope.current().cancelRequested.catch(() =>
    dispatch({ event: { type: 'canceled', at: now() } }),
  );

  // A start can succeed whose Update never arrives. One that came with the start is being handled by now.
  if (state.phase.name === 'received') wake(FIRST_WEBHOOK_PATIENCE_MS, 'the first webhook', 'never_asked');
  return { state: () => state, ended };
}

/** Where a call is, in the words of the ids of its webhooks. */
function whereabouts({ phase }: CallState): string {
  switch (phase.name) {
    case 'ivr':
      return `"ivr-${phase.no}"`;
    case 'dialing':
      return `"dial-${phase.attempt.no}"`;
    case 'received':
    case 'admitting':
    case 'routing':
    case 'fallback':
    case 'ending':
    case 'ended':
      return `"${phase.name}"`;
    default:
      return unreachable(phase);
  }
}

/** Cancelled timers have nothing left to do: the cancellation itself is an event of the call. */
function ignoreCancellation(error: unknown): void {
  if (!isCancellation(error)) throw error;
}

/** Workflow time, ISO 8601. */
function now(): string {
  return new Date().toISOString();
}
