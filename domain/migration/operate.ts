import { unreachable } from '../exhaustive';
import type { MigrationOperation } from './events';
import { advance, goBack, goOn, lookingAgain, noEffect, withShare, written, type Mover } from './moves';
import { canDo } from './operations';
import { MOST_OPERATIONS, noted, type MigrationOutcome, type MigrationState } from './state';

/**
 * Does what an operator asks for, once: an operation that was done before, or that is not possible now, changes
 * nothing. The caller asks {@link canDo} first, for the reason.
 */
export function operate(before: MigrationState, operation: MigrationOperation, at: string): MigrationOutcome {
  if (before.operations.includes(operation.id) || canDo(before, operation) !== null) return noEffect(before);
  const operations = [...before.operations, operation.id].slice(-MOST_OPERATIONS);
  const state: MigrationState = { ...before, operations };
  const mover: Mover = { by: operation.by, reason: operation.reason };
  switch (operation.type) {
    case 'start':
    case 'advance':
      return advance(state, at, mover);
    case 'pause': {
      const paused: MigrationState = { ...state, phase: { name: 'paused', by: 'operator' } };
      return written(noted(lookingAgain(paused, at), { at, what: 'paused', ...mover }));
    }
    case 'resume':
      return resume(state, at, mover);
    case 'set_share':
      return setShare(state, operation.shareBasisPoints, at, mover);
    case 'approve':
      return approve(state, at, mover);
    case 'roll_back':
      return goBack(state, at, 'rolled_back', mover);
    case 'abort':
      return goBack(state, at, 'aborted', mover);
    default:
      return unreachable(operation);
  }
}

function resume(state: MigrationState, at: string, mover: Mover): MigrationOutcome {
  const asBefore: MigrationState = {
    ...state,
    phase: state.pausedCampaigns.length > 0 ? { name: 'paused', by: 'campaign' } : { name: 'running' },
  };
  // Figures that were a breach stay one: counted on, they would put it on hold again at the next look.
  const resumed =
    state.phase.name === 'holding'
      ? { ...withShare(asBefore, state.shareBasisPoints, at), carried: [] }
      : lookingAgain(asBefore, at);
  return written(noted(resumed, { at, what: 'resumed', ...mover }));
}

function setShare(state: MigrationState, share: number, at: string, mover: Mover): MigrationOutcome {
  const { phase } = state;
  const next: MigrationState =
    phase.name === 'awaiting_approval' ? { ...state, phase: { name: 'running' } } : state;
  return written(noted(withShare(next, share, at), { at, what: 'share set', ...mover }));
}

/** The next step may begin: at once, or when the window opens. */
function approve(state: MigrationState, at: string, mover: Mover): MigrationOutcome {
  const running: MigrationState = { ...state, phase: { name: 'running' }, approved: true };
  const approved = noted(running, { at, what: 'approved', ...mover });
  const gone = goOn(approved, at);
  return gone.effects.length > 0 ? gone : written(approved);
}
