import { unreachable } from '../exhaustive';
import type { CallId, E164 } from '../ids';
import type { Callback, Destination, Instruction, Instructions, Prompt } from '../instructions';
import type { MenuNode } from '../ivr/flow';
import type { Admission, Asked, Placed, Routed } from './commands';
import type { CarrierMessage, FailSafeServed } from './events';
import type { CallPolicy, PlacedAttempt } from './policy';

/*
 * Calls that began under the first release have its words in their histories: one menu instead of a flow, one
 * destination a dial. They are read here, once, so that everything else knows only today's. What is absent in an old
 * history takes the value it had by implication. Once no history of that time is kept any more, this file can go.
 */

/** The first release's menu. Migration 0002 made a flow of each: nodes `menu`, `route` and, to say goodbye, `goodbye`. */
interface OldMenu {
  readonly prompt: Prompt;
  readonly retryPrompt: Prompt;
  readonly options: readonly { readonly digit: string; readonly tag: string; readonly value: string }[];
  readonly timeoutSeconds: number;
  readonly tries: number;
  readonly whenUnanswered: { readonly kind: 'route' | 'hang_up' };
}

interface OldMenuFirst {
  readonly kind: 'menu';
  readonly menu: OldMenu;
  readonly policy: OldPolicy;
  readonly entries: Asked['entries'];
}

type OldPolicy = Omit<CallPolicy, 'recoverUnderSeconds' | 'channel'> & {
  readonly recoverUnderSeconds?: number | null;
  readonly channel?: string;
  readonly record?: boolean;
};

type OldAttempt = Omit<PlacedAttempt, 'destinations'> & {
  readonly destinations?: readonly Destination[];
  readonly destination?: Destination;
};

type OldMessage =
  | CarrierMessage
  | {
      readonly type: 'menu_answered';
      readonly at: string;
      readonly try: number;
      readonly digits: string | null;
      readonly callerGone: boolean;
    };

export function readAdmission(stored: Admission | OldMenuFirst): Admission {
  if (stored.kind === 'menu') {
    const asked: Asked = {
      kind: 'asked',
      nodeId: 'menu',
      node: nodeOf(stored.menu),
      entries: stored.entries,
    };
    return { ...asked, policy: readPolicy(stored.policy) };
  }
  if (stored.policy === null) return stored;
  const policy = readPolicy(stored.policy);
  if (stored.kind === 'placed') return { ...readPlaced(stored, stored.policy), policy };
  return { ...stored, policy };
}

/** @param policy as the workflow has it; the first release kept there what is the attempt's own now. */
export function readRouted(stored: Routed, policy: OldPolicy): Routed {
  return stored.kind === 'placed' ? readPlaced(stored, policy) : stored;
}

export function readMessage(stored: OldMessage): CarrierMessage {
  if (stored.type === 'menu_answered') {
    const { at, digits, callerGone } = stored;
    return { type: 'ivr_answered', at, no: stored.try, digits, speech: null, callerGone };
  }
  if (stored.type !== 'dial_finished') return stored;
  return { ...stored, bridged: stored.bridged ?? null, accepted: stored.accepted ?? null };
}

export function readFailSafeServed(stored: FailSafeServed): FailSafeServed {
  return { ...stored, message: readMessage(stored.message) };
}

/** One dial of the first release: one destination, and nothing around it. */
type OldDial = Omit<
  Extract<Instruction, { verb: 'dial' }>,
  'destinations' | 'callerId' | 'announce' | 'callback'
> & {
  readonly destinations?: readonly Destination[];
  readonly destination?: Destination;
  readonly callerId?: E164 | null;
  readonly announce?: boolean;
  readonly callback: OldCallback;
};
type OldGather = Omit<
  Extract<Instruction, { verb: 'gather' }>,
  'input' | 'terminator' | 'speech' | 'callback'
> & {
  readonly input?: 'digits' | 'speech' | 'digits_or_speech';
  readonly terminator?: '#' | '*' | null;
  readonly speech?: Extract<Instruction, { verb: 'gather' }>['speech'];
  readonly callback: OldCallback;
};
type OldCallback =
  | Exclude<Callback, { step: 'dial' }>
  | (Omit<Extract<Callback, { step: 'dial' }>, 'screened'> & { readonly screened?: boolean })
  | { readonly step: 'menu'; readonly call: CallId; readonly try: number };
type OldInstruction = Exclude<Instruction, { verb: 'dial' | 'gather' }> | OldDial | OldGather;

/** Answers that an Update gave in a history of that time, for a webhook that comes again. */
export function readInstructions(stored: readonly OldInstruction[]): Instructions {
  return stored.map((instruction): Instruction => {
    switch (instruction.verb) {
      case 'dial': {
        const { destination, ...dial } = instruction;
        return {
          ...dial,
          destinations: dial.destinations ?? (destination === undefined ? [] : [destination]),
          callerId: dial.callerId ?? null,
          announce: dial.announce ?? false,
          callback: readCallback(dial.callback),
        };
      }
      case 'gather':
        return {
          ...instruction,
          input: instruction.input ?? 'digits',
          terminator: instruction.terminator ?? null,
          speech: instruction.speech ?? null,
          callback: readCallback(instruction.callback),
        };
      case 'say':
      case 'redirect':
      case 'voicemail':
      case 'reject':
      case 'hangup':
        return instruction;
      default:
        return unreachable(instruction);
    }
  });
}

function readCallback(stored: OldCallback): Callback {
  switch (stored.step) {
    case 'menu':
      return { step: 'ivr', call: stored.call, no: stored.try };
    case 'dial':
      return { ...stored, screened: stored.screened ?? false };
    case 'ivr':
    case 'accept':
    case 'fallback':
      return stored;
    default:
      return unreachable(stored);
  }
}

/** The id of the Update that an answer in the IVR was while a flow was one menu. */
export function oldMessageKey(message: CarrierMessage): string | null {
  return message.type === 'ivr_answered' ? `menu-${message.no}` : null;
}

function readPolicy(stored: OldPolicy): CallPolicy {
  return {
    ...stored,
    channel: stored.channel ?? '',
    recoverUnderSeconds: stored.recoverUnderSeconds ?? null,
  };
}

function readPlaced(stored: Placed, policy: OldPolicy): Placed {
  if (stored.placement.kind !== 'dial') return stored;
  return { ...stored, placement: { kind: 'dial', attempt: readAttempt(stored.placement.attempt, policy) } };
}

function readAttempt(stored: OldAttempt, policy: OldPolicy): PlacedAttempt {
  if (stored.destinations !== undefined) return { ...stored, destinations: stored.destinations };
  return {
    ...stored,
    destinations: stored.destination === undefined ? [] : [stored.destination],
    callerId: null,
    announce: false,
    screened: false,
    record: policy.record ?? false,
  };
}

function nodeOf(menu: OldMenu): MenuNode {
  return {
    kind: 'menu',
    prompt: menu.prompt,
    retryPrompt: menu.retryPrompt,
    options: menu.options.map((option) => ({ ...option, next: 'route' })),
    timeoutSeconds: menu.timeoutSeconds,
    tries: menu.tries,
    noAnswer: menu.whenUnanswered.kind === 'route' ? 'route' : 'goodbye',
  };
}
