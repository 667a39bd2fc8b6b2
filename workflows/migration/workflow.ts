import {
  ApplicationFailure,
  allHandlersFinished,
  CancellationScope,
  condition,
  continueAsNew,
  isCancellation,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { MigrationActivities } from '../../activities/migration';
import type { CampaignStatus } from '../../domain/campaign/status';
import { unreachable } from '../../domain/exhaustive';
import type { CampaignId } from '../../domain/ids';
import type { MigrationEvent, MigrationOperation, OperationType } from '../../domain/migration/events';
import { canDo } from '../../domain/migration/operations';
import { reduceMigration } from '../../domain/migration/reducer';
import { isOver, type MigrationEffect, type MigrationState } from '../../domain/migration/state';
import { statusOf, type MigrationStatus } from '../../domain/migration/status';
import {
  campaignChanged,
  migrationState,
  migrationStatus,
  OPERATION_UPDATES,
  REFUSED,
  type MigrationInput,
  type MigrationResult,
  type OperationInput,
} from './messages';
import { describeMigration } from './visibility';

/**
 * Steps against the database are tried for as long as it takes: a migration waits for weeks, and must not be lost to a
 * database that is away. What they do is safe to repeat.
 */
const { writeState, evaluate, complete, rollBack } = proxyActivities<MigrationActivities>({
  startToCloseTimeout: '20s',
  retry: { initialInterval: '500ms', maximumInterval: '30s' },
});

/** A webhook of somebody else's: tried for a day, then given up, for the migration must not depend on it. */
const { notify } = proxyActivities<MigrationActivities>({
  startToCloseTimeout: '15s',
  scheduleToCloseTimeout: '24h',
  retry: { initialInterval: '5s', maximumInterval: '10m' },
  summary: 'tell whoever asked to be told',
});

/** The longest that is waited for at once, in milliseconds: a step that takes weeks is many waits. */
const LONGEST_WAIT_MS = 24 * 3600 * 1000;

/**
 * A gradual shift of volume, from its first percent to its end. What happens when is decided in
 * `domain/migration/reducer`; a run hands over to the next, state and all, when its history has grown long.
 */
export async function migration(input: MigrationInput): Promise<MigrationResult> {
  const machine = setup(input.state);
  await machine.pickUp();
  while (!isOver(machine.state())) {
    await machine.next();
    if (isLong(input.handOverAt) && machine.isIdle()) {
      await lasting(() => condition(allHandlersFinished));
      // A handler that finished just now may have left something to do.
      if (machine.isIdle()) return continueAsNew<typeof migration>({ ...input, state: machine.state() });
    }
  }
  await lasting(() => condition(allHandlersFinished));
  await lasting(machine.told);
  const { phase } = machine.state();
  switch (phase.name) {
    case 'completed':
    case 'rolled_back':
    case 'aborted':
      return { outcome: phase.name, at: phase.at };
    default:
      throw new Error('A migration is over only when its phase says so');
  }
}

function isLong(handOverAt: number | undefined): boolean {
  const { continueAsNewSuggested, historyLength } = workflowInfo();
  return continueAsNewSuggested || historyLength >= (handOverAt ?? Infinity);
}

interface Machine {
  readonly state: () => MigrationState;
  /** Does again what a run that was terminated was in the midst of. */
  readonly pickUp: () => Promise<void>;
  /** Waits for the next event, works it off with all it causes. */
  readonly next: () => Promise<void>;
  /** Nothing waits to be worked off. */
  readonly isIdle: () => boolean;
  /** Settles when everybody has been told, or cannot be. */
  readonly told: () => Promise<void>;
}

interface Waiting {
  readonly event: MigrationEvent;
  readonly done?: (refusal: string | null) => void;
}

/** Builds all state before the first handler is registered: messages can be handled before the main function goes on. */
function setup(begun: MigrationState): Machine {
  let state = begun;
  const waiting: Waiting[] = [];
  const telling: Promise<void>[] = [];
  let working = false;

  /** @returns why an operation was refused that was possible when it was let in; `null`: it was not */
  async function workOff({ event, done }: Waiting): Promise<void> {
    if (event.type === 'operated') {
      const refusal = canDo(state, event.operation);
      if (refusal !== null) return done?.(refusal);
    }
    await workThrough([event]);
    done?.(null);
  }

  /** Events, and all they cause. */
  async function workThrough(events: MigrationEvent[]): Promise<void> {
    for (let each = events.shift(); each !== undefined; each = events.shift()) {
      const { state: after, effects } = reduceMigration(state, each);
      state = after;
      setCurrentDetails(describeMigration(state, now()));
      for (const effect of effects) events.push(...(await perform(effect)));
    }
  }

  /** Does one effect. @returns what has come of it */
  async function perform(effect: MigrationEffect): Promise<MigrationEvent[]> {
    switch (effect.do) {
      case 'write_state':
        await lasting(() => writeState(state));
        return [];
      case 'evaluate': {
        const { figures, campaigns } = await lasting(() => evaluate(state, effect.comparison));
        return [
          ...campaigns.flatMap(({ id, status }) => changeOf(id, status)),
          { type: 'evaluated', at: now(), comparison: effect.comparison, figures },
        ];
      }
      case 'complete': {
        const completion = await lasting(() => complete(state));
        return completion.done === 'switched'
          ? [{ type: 'switched', at: now() }]
          : [{ type: 'switch_refused', at: now(), reason: completion.reason }];
      }
      case 'roll_back':
        await lasting(() => rollBack(state, effect.to));
        return [{ type: 'rolled_back', at: now() }];
      case 'notify':
        tell(effect);
        return [];
      default:
        return unreachable(effect);
    }
  }

  /** Beside everything else: nobody waits for a webhook. */
  function tell({ notice, message }: Extract<MigrationEffect, { do: 'notify' }>): void {
    const at = state;
    telling.push(notify(at, notice, message).catch(() => undefined));
  }

  /** What a campaign's status means to this migration, when it is news. */
  function changeOf(campaignId: CampaignId, status: CampaignStatus): MigrationEvent[] {
    const paused = state.pausedCampaigns.includes(campaignId);
    switch (status) {
      case 'archived':
        return [{ type: 'campaign_archived', at: now(), campaignId }];
      case 'paused':
      case 'draft':
        return paused ? [] : [{ type: 'campaign_paused', at: now(), campaignId }];
      case 'active':
        return paused ? [{ type: 'campaign_resumed', at: now(), campaignId }] : [];
      default:
        return unreachable(status);
    }
  }

  function statusNow(): MigrationStatus {
    return statusOf(state, now());
  }

  function register(type: OperationType): void {
    const operate = async (input: OperationInput): Promise<MigrationStatus> => {
      let refusal: string | null | undefined;
      waiting.push({
        event: { type: 'operated', at: now(), operation: operationOf(type, input) },
        done: (why) => {
          refusal = why;
        },
      });
      await condition(() => refusal !== undefined);
      if (typeof refusal === 'string') throw ApplicationFailure.nonRetryable(refusal, REFUSED);
      return statusNow();
    };
    const validator = (input: OperationInput): void => {
      const refusal = canDo(state, operationOf(type, input));
      if (refusal !== null) throw ApplicationFailure.nonRetryable(refusal, REFUSED);
    };
    setHandler(OPERATION_UPDATES[type], operate, { validator });
  }

  setHandler(migrationStatus, statusNow);
  setHandler(migrationState, () => state);
  setHandler(campaignChanged, ({ campaignId, status }) => {
    for (const event of changeOf(campaignId, status)) waiting.push({ event });
  });
  for (const type of Object.keys(OPERATION_UPDATES) as OperationType[]) register(type);
  CancellationScope.current().cancelRequested.catch(() => waiting.push({ event: cancelled(state) }));

  return {
    state: () => state,
    isIdle: () => waiting.length === 0 && !working,
    async pickUp() {
      const { phase } = state;
      if (phase.name === 'completing') await workThrough(await perform({ do: 'complete' }));
      if (phase.name === 'rolling_back') await workThrough(await perform({ do: 'roll_back', to: phase.to }));
    },
    async next() {
      const due = state.nextLookAt === null ? LONGEST_WAIT_MS : Date.parse(state.nextLookAt) - Date.now();
      const wait = Math.min(Math.max(due, 1), LONGEST_WAIT_MS);
      const came = await lasting(() => condition(() => waiting.length > 0, wait));
      const item = waiting.shift();
      working = true;
      if (item !== undefined) await workOff(item);
      else if (!came && wait >= due) await workOff({ event: { type: 'time_passed', at: now() } });
      working = false;
    },
    async told() {
      await Promise.all(telling);
    },
  };
}

/** A cancelled workflow still does what it has to: callers' shares depend on it. The cancellation itself is an event. */
async function lasting<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!isCancellation(error)) throw error;
    return CancellationScope.nonCancellable(work);
  }
}

function operationOf(
  type: OperationType,
  { id, by, reason, shareBasisPoints }: OperationInput,
): MigrationOperation {
  return type === 'set_share'
    ? { id, by, reason, type, shareBasisPoints: shareBasisPoints ?? NaN }
    : { id, by, reason, type };
}

/** Cancel in the Temporal UI ends a migration like any other way to end it: with all calls on the control. */
function cancelled({ id }: MigrationState): MigrationEvent {
  const operation = { id: `${id}/cancelled`, by: 'temporal', reason: 'the workflow was cancelled' };
  return { type: 'operated', at: now(), operation: { ...operation, type: 'abort' } };
}

/** Workflow time, ISO 8601. */
function now(): string {
  return new Date().toISOString();
}
