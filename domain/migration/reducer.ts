import { readInstant } from '../clock';
import { unreachable } from '../exhaustive';
import type { MigrationEvent } from './events';
import {
  breach,
  campaignPaused,
  campaignResumed,
  goBack,
  goOn,
  hold,
  lookingAgain,
  noEffect,
  startWhenDue,
  written,
} from './moves';
import { operate } from './operate';
import { stepAt } from './progress';
import { isOver, isWatched, noted, type MigrationOutcome, type MigrationState, type Retreat } from './state';
import { judge } from './statistics/judge';

/**
 * The life of a migration as a pure function. It ends once: completed, rolled back or aborted. Events may come in any
 * order and more than once; one that does not fit the phase changes nothing.
 *
 * The workflow keeps three promises: it does the effects in their order, sends `time_passed` at `nextLookAt`, and sends
 * the answers of `evaluate`, `complete` and `roll_back` as events.
 */
export function reduceMigration(state: MigrationState, event: MigrationEvent): MigrationOutcome {
  if (isOver(state)) return noEffect(state);
  switch (event.type) {
    case 'operated':
      return operate(state, event.operation, event.at);
    case 'time_passed':
      return onTimePassed(state, event.at);
    case 'evaluated':
      return onEvaluated(state, event);
    case 'campaign_paused':
      return campaignPaused(state, event.at, event.campaignId);
    case 'campaign_resumed':
      return campaignResumed(state, event.at, event.campaignId);
    case 'campaign_archived':
      return onArchived(state, event.at, event.campaignId);
    case 'switched':
      return onSwitched(state, event.at);
    case 'switch_refused':
      return onSwitchRefused(state, event.at, event.reason);
    case 'rolled_back':
      return onRolledBack(state, event.at);
    default:
      return unreachable(event);
  }
}

function onTimePassed(state: MigrationState, at: string): MigrationOutcome {
  if (state.phase.name === 'scheduled') return startWhenDue(state, at);
  const { comparison, nextLookAt } = state;
  if (!isWatched(state) || comparison === null || nextLookAt === null) return noEffect(state);
  if (readInstant(at) < readInstant(nextLookAt)) return noEffect(state);
  const { no, since } = comparison;
  return { state: lookingAgain(state, at), effects: [{ do: 'evaluate', comparison: no, since }] };
}

function onEvaluated(
  state: MigrationState,
  { at, comparison, figures }: Extract<MigrationEvent, { type: 'evaluated' }>,
): MigrationOutcome {
  if (!isWatched(state) || state.comparison?.no !== comparison) return noEffect(state);
  const { plan, shareBasisPoints, carried, reference } = state;
  const judgements = judge({
    plan,
    figures,
    shareBasisPoints,
    comparison,
    minimumCalls: stepAt(plan, shareBasisPoints)?.minimumCalls ?? 0,
    carried,
    reference,
  });
  const looked: MigrationState = { ...state, lookedAt: at, figures, judgements };
  if (looked.phase.name === 'holding') return noEffect(looked);
  return judgements.some(({ verdict }) => verdict === 'breach') ? breach(looked, at) : goOn(looked, at);
}

/** Neither side can go on without its campaign; what is being completed or rolled back is out of our hands. */
function onArchived(state: MigrationState, at: string, campaign: string): MigrationOutcome {
  const { name } = state.phase;
  if (name === 'completing' || name === 'rolling_back') return noEffect(state);
  return goBack(state, at, 'aborted', { by: null, reason: `campaign ${campaign} is archived` });
}

function onSwitched(state: MigrationState, at: string): MigrationOutcome {
  if (state.phase.name !== 'completing') return noEffect(state);
  const message = 'The challenger has all calls for good.';
  const completed: MigrationState = { ...state, phase: { name: 'completed', at }, nextLookAt: null };
  return written(noted(completed, { at, what: 'completed', by: null, reason: null }), {
    do: 'notify',
    notice: 'completed',
    message,
  });
}

function onSwitchRefused(state: MigrationState, at: string, reason: string): MigrationOutcome {
  if (state.phase.name !== 'completing') return noEffect(state);
  return hold(state, at, reason, { do: 'notify', notice: 'switch_refused', message: reason });
}

function onRolledBack(state: MigrationState, at: string): MigrationOutcome {
  const { phase } = state;
  if (phase.name !== 'rolling_back') return noEffect(state);
  const { to, reason } = phase;
  const ended: MigrationState = { ...state, phase: { name: to, at, reason }, nextLookAt: null };
  return written(noted(ended, { at, what: WHAT[to], by: null, reason: null }), {
    do: 'notify',
    notice: to,
    message: `All calls go to control: ${reason}`,
  });
}

const WHAT: Readonly<Record<Retreat, string>> = { rolled_back: 'rolled back', aborted: 'aborted' };
