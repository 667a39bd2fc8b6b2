import { LEAST_OWN_DIALS, type OutcomeSource } from './outcomes';

/** What a backtest rests on, as far as it differs from one to another. */
export interface Grounds {
  readonly runs: number;
  readonly version: number;
  readonly replayed: number;
  readonly reproduced: number;
  /** Of the buyers who would have been dialled: where outcomes of dials that were never made come from. */
  readonly sources: readonly { readonly buyerName: string; readonly from: OutcomeSource }[];
  /** Whether there are limits at all. */
  readonly limits: boolean;
  readonly turns: boolean;
  /** Whether the version sends callers on whose buyer hangs up soon. */
  readonly recovers: boolean;
}

/** In sentences: what was observed, and what is modelled. */
export interface Basis {
  readonly observed: string[];
  readonly modelled: string[];
}

/** Names in a sentence at most. */
const MOST_NAMED = 5;

export function basisOf(grounds: Grounds): Basis {
  return {
    observed: [
      'Calls, callers, tags, places, hours, prices, buyers and their settings: as recorded when each call was routed.',
      'What came of each call, and of each dial that was made in it.',
      ...(grounds.limits
        ? ['Limits as they were set at each moment, and what calls of other campaigns took of them.']
        : []),
    ],
    modelled: [
      `Who is dialled: version ${grounds.version} asked with those facts, and the draw that the call had.`,
      ...(grounds.limits
        ? ['What is left of limits: reckoned from these calls as they would have gone, dial by dial.']
        : []),
      `How a dial ends that was never made: drawn from past dials, anew in each of ${grounds.runs} ${grounds.runs === 1 ? 'run' : 'runs'}. A dial that was made in the same call ends as it did.`,
      ...drawn(grounds.sources),
      "A caller's earlier calls stay as they were, also where they would have gone elsewhere.",
      'Callers who hung up while it rang hang up after as long, if nobody has answered by then; all others wait.',
      ...(grounds.recovers
        ? [
            'Whether a caller went on after a short talk (recoverUnderSeconds) stays as it was: who hung up is not known.',
          ]
        : []),
      ...(grounds.turns
        ? ['Turns of a round robin begin as they stood, as far as the 30 days before the period tell.']
        : []),
      agreement(grounds),
    ],
  };
}

function drawn(sources: Grounds['sources']): string[] {
  const few = sources.filter(({ from }) => from === 'campaign').map(({ buyerName }) => buyerName);
  const none = sources.some(({ from }) => from === 'none');
  return [
    ...(few.length === 0
      ? []
      : [`Fewer than ${LEAST_OWN_DIALS} dials of their own, so taken to do as all do: ${named(few)}.`]),
    ...(none ? ['Nobody was ever dialled in this campaign: dials that were never made go unanswered.'] : []),
  ];
}

function agreement({ replayed, reproduced }: Grounds): string {
  if (replayed === 0) return 'There was no call to check the model with.';
  return `Asked again with the versions that chose, the model dials the same buyer first in ${reproduced} of ${replayed} calls.`;
}

function named(names: readonly string[]): string {
  const unique = [...new Set(names)];
  const rest = unique.length - MOST_NAMED;
  return rest > 0 ? `${unique.slice(0, MOST_NAMED).join(', ')} and ${rest} more` : unique.join(', ');
}
