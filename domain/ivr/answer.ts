import type { Qualifications } from '../call/commands';
import { unreachable } from '../exhaustive';
import type { AskingNode, GatherNode, MenuNode, NodeId } from './flow';

/** What the caller pressed and said; `null`: nothing. */
export interface CallerInput {
  readonly digits: string | null;
  readonly speech: string | null;
}

/** `decision`: what it came to, in words for whoever reads the timeline. */
export type Answer =
  | {
      readonly kind: 'accepted';
      readonly next: NodeId;
      /** To be added to the call's. */
      readonly tags: Qualifications;
      readonly decision: string;
    }
  /** The caller is asked again while there are tries left; after the last one the call goes to the node's `noAnswer`. */
  | { readonly kind: 'invalid'; readonly decision: string };

/** What an answer to a menu or gather means. */
export function readAnswer(node: AskingNode, input: CallerInput): Answer {
  switch (node.kind) {
    case 'menu':
      return readKey(node, input.digits);
    case 'gather':
      return readInput(node, input);
    default:
      return unreachable(node);
  }
}

/** Menus take keys only: a recogniser's guess is no choice. */
function readKey(node: MenuNode, digits: string | null): Answer {
  if (digits === null || digits === '') return invalid('silence');
  const option = node.options.find(({ digit }) => digit === digits);
  if (option === undefined) return invalid('no such option');
  const { tag, value, next } = option;
  if (tag === null || value === null)
    return { kind: 'accepted', next, tags: {}, decision: `pressed ${digits}` };
  return { kind: 'accepted', next, tags: { [tag]: value }, decision: `${tag} = ${value}` };
}

function readInput(node: GatherNode, { digits, speech }: CallerInput): Answer {
  const keys = digits === '' ? null : digits;
  const words = speech === null || speech.trim() === '' ? null : speech.trim();
  if (keys === null && words === null) return invalid('silence');
  switch (node.input) {
    case 'digits':
      return keys === null ? invalid('speech where keys are asked for') : readDigits(node, keys);
    case 'speech':
      return words === null ? invalid('keys where speech is asked for') : keep(node, words);
    case 'digits_or_speech':
      // Whoever presses keys means them; what was heard beside them is noise.
      if (keys !== null) return readDigits(node, keys);
      return words === null ? invalid('silence') : keep(node, words);
    default:
      return unreachable(node.input);
  }
}

/** Some carriers pass the key that ends the input on with the rest; it is no part of the answer. */
function readDigits(node: GatherNode, keys: string): Answer {
  const { terminator, minLength, maxLength } = node;
  const digits = terminator !== null && keys.endsWith(terminator) ? keys.slice(0, -1) : keys;
  if (!/^[0-9]*$/.test(digits)) return invalid('not only digits');
  if (digits.length < minLength)
    return invalid(`too short: ${digits.length} of at least ${minLength} digits`);
  if (digits.length > maxLength) return invalid(`too long: ${digits.length} of at most ${maxLength} digits`);
  return keep(node, digits);
}

function keep(node: GatherNode, value: string): Answer {
  return {
    kind: 'accepted',
    next: node.next,
    tags: { [node.tag]: value },
    decision: `${node.tag} = ${value}`,
  };
}

function invalid(decision: string): Answer {
  return { kind: 'invalid', decision };
}
