import type { MigrationOperation, OperationType } from './events';
import { formatShare, WHOLE_SHARE } from './split';
import type { MigrationState, PhaseName } from './state';

/** What is possible in each phase; {@link canDo} knows the few exceptions. */
const POSSIBLE: Readonly<Record<PhaseName, readonly OperationType[]>> = {
  scheduled: ['start', 'abort'],
  running: ['pause', 'advance', 'set_share', 'roll_back', 'abort'],
  paused: ['pause', 'resume', 'set_share', 'roll_back', 'abort'],
  holding: ['resume', 'set_share', 'roll_back', 'abort'],
  awaiting_approval: ['approve', 'advance', 'pause', 'set_share', 'roll_back', 'abort'],
  completing: [],
  rolling_back: [],
  completed: [],
  rolled_back: [],
  aborted: [],
};

/** A phase in the middle of a sentence. */
const STANDING: Readonly<Record<PhaseName, string>> = {
  scheduled: 'has not begun',
  running: 'is running',
  paused: 'is paused',
  holding: 'is on hold',
  awaiting_approval: 'waits for approval',
  completing: 'is being completed',
  rolling_back: 'is going back to control',
  completed: 'is completed',
  rolled_back: 'was rolled back',
  aborted: 'was aborted',
};

const DOING: Readonly<Record<OperationType, string>> = {
  start: 'be started',
  pause: 'be paused',
  resume: 'be resumed',
  advance: 'advance',
  set_share: 'have its share set',
  approve: 'be approved',
  roll_back: 'be rolled back',
  abort: 'be aborted',
};

/** What an operator can do now, in the order of the list of operations. */
export function possibleNow(state: MigrationState): readonly OperationType[] {
  return POSSIBLE[state.phase.name].filter((type) => exceptionOf(state, type) === null);
}

/**
 * Whether an operation can be done now: `null`, or why not and what can. One that has been done already can be done
 * again: it changes nothing.
 */
export function canDo(state: MigrationState, operation: MigrationOperation): string | null {
  if (state.operations.includes(operation.id)) return null;
  const { type } = operation;
  const exception = POSSIBLE[state.phase.name].includes(type) ? exceptionOf(state, type) : '';
  if (exception !== null) return refusal(state, type, exception);
  return operation.type === 'set_share' ? refusedShare(state, operation.shareBasisPoints) : null;
}

/** Why the phase's list does not apply at this moment; `null` where it does. */
function exceptionOf({ phase, pausedCampaigns }: MigrationState, type: OperationType): string | null {
  const campaigns = `campaign ${pausedCampaigns.join(' and ')} is paused`;
  if (type === 'start') return pausedCampaigns.length === 0 ? null : `${campaigns}: resume that first`;
  if (phase.name !== 'paused') return null;
  if (type === 'resume' && phase.by === 'campaign') return `${campaigns}: it goes on when the campaign does`;
  return type === 'pause' && phase.by === 'operator' ? 'somebody has paused it already' : null;
}

function refusal(state: MigrationState, type: OperationType, exception: string): string {
  const why = exception === '' ? '' : ` (${exception})`;
  const possible = possibleNow(state);
  const now = possible.length === 0 ? 'Nothing is possible any more' : `Possible now: ${possible.join(', ')}`;
  const later = state.phase.name === 'completing' || state.phase.name === 'rolling_back';
  return `The migration ${STANDING[state.phase.name]} and cannot ${DOING[type]}${why}. ${later ? 'Wait until that is done' : now}.`;
}

function refusedShare(state: MigrationState, share: number): string | null {
  if (!Number.isInteger(share) || share < 0 || share > WHOLE_SHARE)
    return `${share} is no share: use whole hundredths of a percent, 0 to ${WHOLE_SHARE}.`;
  return share === state.shareBasisPoints ? `The share is ${formatShare(share)} already.` : null;
}
