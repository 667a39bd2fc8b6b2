import type { ReservationLedger } from '../../db/limits/reservation-ledger';
import type { Queryable } from '../../db/pool';
import { insertTimeline } from '../../db/queries/timeline';
import type { Asked, EndedAtOnce, Placed } from '../../domain/call/commands';
import { isTrue } from '../../domain/condition-truth';
import type { Outcome } from '../../domain/call/outcome';
import type { TimelineEntry } from '../../domain/call/timeline';
import { unreachable } from '../../domain/exhaustive';
import { routingClock } from '../../domain/routing/rules';
import { isOpenBy } from '../../domain/hours';
import type { AskingNode, Flow, LookupNode, NodeId } from '../../domain/ivr/flow';
import { walk, type Stop, type Walk } from '../../domain/ivr/walk';
import { letGo, placeCall, treatCaller, type Decided, type SoFar } from './placement';
import type { Selection } from './buyerSelection';
import { withAnswers } from './ways';

/** The IVR of one call. */
export interface InFlow {
  readonly flow: Flow;
  readonly version: number | null;
  /** Where the flow goes on. */
  readonly from: NodeId;
  /** How many things the caller was asked before. */
  readonly askedBefore: number;
  /** The caller has hung up: nobody is asked, dialled or forwarded any more. ISO 8601. */
  readonly callerGoneAt: string | null;
}

/**
 * Goes through the flow to where it waits for the caller, or leaves it: for a buyer, a forward, a voicemail, a hang-up.
 * Inside the caller's transaction.
 */
export async function goThroughFlow(
  db: Queryable,
  ledger: ReservationLedger,
  selection: Selection,
  ivr: InFlow,
  soFar: SoFar,
): Promise<Decided<Placed | EndedAtOnce | Asked>> {
  const { campaign, routingFacts, at, facts } = selection;
  const clock = routingClock(campaign, routingFacts);
  const walked = walk(ivr.flow, ivr.from, {
    tags: soFar.qualifications,
    seed: facts.callId,
    evaluate: (condition, tags) => isTrue(condition, { facts: { ...routingFacts, tags }, clock }),
    isOpen: (hours) => {
      const asked = hours ?? campaign.hours;
      return asked === null || isOpenBy(asked, clock);
    },
  });
  const no = ivr.askedBefore + 1;
  const { stop } = walked;
  const known: SoFar = {
    entries: [...soFar.entries, ...passedEntry(walked, ivr, no, at)],
    qualifications: walked.tags,
    played: [...soFar.played, ...walked.played],
  };
  const { callId } = facts;
  if (ivr.callerGoneAt !== null) {
    const outcome = outcomeWithoutCaller(stop);
    return letGo(
      db,
      { callId, at: ivr.callerGoneAt, outcome, reason: 'caller hung up', prompt: null },
      known,
    );
  }
  switch (stop.kind) {
    case 'ask':
    case 'lookup':
      return asked(db, selection, ivr, { ...stop, no }, known);
    case 'route':
    case 'broken':
      // A flow that is broken in spite of the validator must not cost the caller: a buyer can still take them.
      return placeCall(db, ledger, withAnswers(selection, walked.tags), known);
    case 'forward':
    case 'voicemail':
      return treatCaller(
        db,
        {
          callId,
          at,
          outcome: stop.outcome,
          reason: `the IVR flow led to "${stop.nodeId}"`,
          treatment: stop.treatment,
        },
        known,
      );
    case 'hang_up':
      return letGo(
        db,
        {
          callId,
          at,
          outcome: stop.outcome,
          reason: `the IVR flow ended at "${stop.nodeId}"`,
          prompt: stop.prompt,
        },
        known,
      );
    default:
      return unreachable(stop);
  }
}

/** How the call would have ended had the hang-up come a moment later, once the flow had got there. */
function outcomeWithoutCaller(stop: Stop): Outcome {
  switch (stop.kind) {
    case 'ask':
    case 'lookup':
      return 'abandoned_ivr';
    case 'route':
    case 'broken':
      return 'abandoned_ringing';
    case 'forward':
    case 'voicemail':
    case 'hang_up':
      return stop.outcome;
    default:
      return unreachable(stop);
  }
}

function asked(
  db: Queryable,
  { at, facts: { callId } }: Selection,
  ivr: InFlow,
  stop: { readonly no: number; readonly nodeId: NodeId; readonly node: AskingNode | LookupNode },
  known: SoFar,
): Decided<Asked> {
  const { nodeId, node, no } = stop;
  const entry: TimelineEntry = {
    key: `ivr:${no}:asked`,
    at,
    step: 'ivr_asked',
    decision: node.kind === 'lookup' ? `lookup "${nodeId}"` : `${node.kind} "${nodeId}", ${node.tries} tries`,
    detail: { node: nodeId, flowVersion: ivr.version, asked: no },
  };
  const entries = [...known.entries, entry];
  const { qualifications, played } = known;
  return {
    result: {
      kind: 'asked',
      nodeId,
      node,
      qualifications,
      ...(played.length > 0 ? { played } : {}),
      entries,
    },
    state: 'ivr',
    writes: [() => insertTimeline(db, callId, entries)],
  };
}

/** Which nodes were passed without asking anybody, and which way; nothing when there were none. */
function passedEntry(walked: Walk, ivr: InFlow, no: number, at: string): TimelineEntry[] {
  const { path, stop } = walked;
  const broken = stop.kind === 'broken' ? stop.reason : null;
  // Where it stopped has an entry of its own.
  const passed = broken === null ? path.slice(0, -1) : path;
  if (passed.length === 0) return [];
  return [
    {
      key: `ivr:${no}:passed`,
      at,
      step: 'ivr_passed',
      decision: broken ?? passed.map(({ nodeId }) => nodeId).join(' → '),
      detail: {
        flowVersion: ivr.version,
        path: passed.map(({ nodeId, kind, decision }) => ({ nodeId, kind, decision })),
      },
    },
  ];
}
