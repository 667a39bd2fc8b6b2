import { unreachable } from '../exhaustive';
import { messageKey, type CallEvent, type CarrierMessage } from './events';
import type { CallState } from './state';

/** Whether an event is a webhook that waits for instructions. */
export function isMessage(event: CallEvent): event is CarrierMessage {
  return (
    event.type === 'inbound' ||
    event.type === 'ivr_answered' ||
    event.type === 'dial_finished' ||
    event.type === 'fallback_finished'
  );
}

/** Keeps which delivery of a webhook a call acted upon. */
export function remember(state: CallState, message: CarrierMessage): CallState {
  const key = messageKey(message);
  const acts = message.type === 'inbound' ? state.phase.name === 'received' : fits(state, message);
  return acts && state.handled[key] === undefined
    ? { ...state, handled: { ...state.handled, [key]: message.at } }
    : state;
}

/** Whether a carrier's message fits the step the call is at; others are refused before they enter the history. */
export function fits(state: CallState, message: CarrierMessage): boolean {
  switch (message.type) {
    case 'inbound':
      return true;
    case 'ivr_answered':
      return state.phase.name === 'ivr' && state.phase.no === message.no;
    case 'dial_finished':
      return state.phase.name === 'dialing' && state.phase.attempt.no === message.attempt;
    case 'fallback_finished':
      return state.phase.name === 'fallback';
    default:
      return unreachable(message);
  }
}
