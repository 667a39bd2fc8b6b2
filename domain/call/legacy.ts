import type { Destination, Prompt } from '../instructions';
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
