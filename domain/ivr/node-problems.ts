import { unreachable } from '../exhaustive';
import type { Prompt } from '../instructions';
import { nodePointer } from './exits';
import type { FlowNode, GatherNode, LookupNode, MenuNode, NodeId } from './flow';
import { problem, type FlowProblem, type FlowProblemCode } from './problems';

/** What carriers speak at most in one piece: https://www.twilio.com/docs/voice/twiml/say */
export const MOST_PROMPT_CHARACTERS = 4096;
/** The longest value a flow gives a tag. */
const MOST_VALUE_CHARACTERS = 256;
const TAG = /^[A-Za-z][\w.-]{0,63}$/;
const KEY = /^[0-9*#]$/;
/** Percentages are decimals: a third three times is 99.99 or 100 but for rounding. */
const PERCENT_TOLERANCE = 1e-6;

/** Bounds of a node's figures, both inclusive. */
export const RANGES = {
  menu: { timeoutSeconds: [1, 60], tries: [1, 10] },
  gather: { timeoutSeconds: [1, 60], tries: [1, 10], minLength: [1, 64], maxLength: [1, 64] },
  /** Within the time a carrier waits: see docs/ivr.md. */
  lookup: { timeoutMs: [50, 1000] },
  forward: { ringTimeoutSeconds: [5, 120] },
  voicemail: { maxSeconds: [1, 3600] },
} as const;

/** Says of one property of the node at hand what is wrong with it. `place`: below the node, as `/options/0/digit`. */
type Report = (code: FlowProblemCode, place: string, message: string) => void;

/** What is wrong with a node by itself, wherever its exits lead. */
export function nodeProblems(id: NodeId, node: FlowNode): readonly FlowProblem[] {
  const found: FlowProblem[] = [];
  check(node, (code, place, message) => {
    found.push(problem(code, id, `${nodePointer(id)}${place}`, message));
  });
  return found;
}

function check(node: FlowNode, report: Report): void {
  switch (node.kind) {
    case 'say':
      checkPrompt(node.prompt, '/prompt', report);
      return;
    case 'menu':
      checkPrompt(node.prompt, '/prompt', report);
      checkPrompt(node.retryPrompt, '/retryPrompt', report);
      checkRanges(node, RANGES.menu, report);
      checkOptions(node, report);
      return;
    case 'gather':
      checkPrompt(node.prompt, '/prompt', report);
      checkPrompt(node.retryPrompt, '/retryPrompt', report);
      checkRanges(node, RANGES.gather, report);
      checkTag(node.tag, '/tag', report);
      checkLengths(node, report);
      return;
    case 'condition':
      if (node.branches.length === 0)
        report('no_branches', '/branches', 'Decides nothing: add a branch, or replace the node by a goto');
      return;
    case 'set_tag':
      checkTag(node.tag, '/tag', report);
      if (node.value === '') report('missing_value', '/value', 'Sets no value: write what the tag becomes');
      checkValue(node.value, '/value', report);
      return;
    case 'lookup':
      checkLookup(node, report);
      return;
    case 'splitter':
      checkShares(node.branches, report);
      return;
    case 'forward':
      checkRanges(node, RANGES.forward, report);
      return;
    case 'voicemail':
      checkPrompt(node.prompt, '/prompt', report);
      checkRanges(node, RANGES.voicemail, report);
      return;
    case 'hang_up':
      checkPrompt(node.prompt, '/prompt', report);
      return;
    case 'hours':
    case 'goto':
    case 'route':
      return;
    default:
      unreachable(node);
  }
}

/** `null`: nothing is to be said there. */
function checkPrompt(prompt: Prompt | null, place: string, report: Report): void {
  if (prompt === null) return;
  if ('audioUrl' in prompt) {
    if (prompt.audioUrl === '')
      report('missing_prompt', `${place}/audioUrl`, 'Plays nothing: give the URL of a sound file');
    else if (!isHttpUrl(prompt.audioUrl))
      report('invalid_url', `${place}/audioUrl`, 'Is no http(s) URL: give that of a sound file');
    return;
  }
  if (prompt.text.trim() === '')
    report('missing_prompt', `${place}/text`, 'Says nothing: write what the caller hears');
  if (prompt.text.length > MOST_PROMPT_CHARACTERS)
    report(
      'text_too_long',
      `${place}/text`,
      `Has ${prompt.text.length} characters: carriers speak ${MOST_PROMPT_CHARACTERS} at most; shorten it, or split it over two nodes`,
    );
}

function checkOptions({ options }: MenuNode, report: Report): void {
  if (options.length === 0) report('no_options', '/options', 'No key means anything: add an option');
  const seen = new Set<string>();
  for (const [index, { digit, tag, value }] of options.entries()) {
    const place = `/options/${index}`;
    if (!KEY.test(digit))
      report('invalid_digit', `${place}/digit`, `"${digit}" is no key of a telephone: use 0 to 9, * or #`);
    if (seen.has(digit))
      report('duplicate_digit', `${place}/digit`, `An option before has "${digit}" too: choose another key`);
    seen.add(digit);
    if (tag !== null) checkTag(tag, `${place}/tag`, report);
    if (value !== null) checkValue(value, `${place}/value`, report);
    if (tag !== null && (value === null || value === ''))
      report(
        'tag_without_value',
        `${place}/value`,
        `Qualifies the call with no value of "${tag}": write one`,
      );
    if (tag === null && value !== null)
      report('value_without_tag', `${place}/value`, 'Goes nowhere: name the tag it is for, or leave it out');
  }
}

function checkLengths({ input, minLength, maxLength }: GatherNode, report: Report): void {
  if (input !== 'speech' && minLength > maxLength)
    report(
      'min_over_max',
      '/minLength',
      `No answer can have at least ${minLength} and at most ${maxLength} digits: lower this or raise maxLength`,
    );
}

function checkLookup(node: LookupNode, report: Report): void {
  checkRanges(node, RANGES.lookup, report);
  if (!isHttpUrl(node.url)) report('invalid_url', '/url', 'Is no http(s) URL: give that of the service');
  const seen = new Set<string>();
  for (const [index, { path, tag }] of node.fields.entries()) {
    const place = `/fields/${index}`;
    checkTag(tag, `${place}/tag`, report);
    if (seen.has(tag))
      report('duplicate_tag', `${place}/tag`, `A field before sets "${tag}" too: the later one wins`);
    seen.add(tag);
    if (path.split('.').includes(''))
      report('invalid_path', `${place}/path`, 'Has an empty name: write names with one dot between them');
  }
}

function checkShares(branches: readonly { readonly percent: number }[], report: Report): void {
  if (branches.length === 0) {
    report('no_branches', '/branches', 'Leads nowhere: add branches that add up to 100 %');
    return;
  }
  const wrong = [...branches.entries()].filter(([, { percent }]) => !(percent >= 0 && percent <= 100));
  for (const [index, { percent }] of wrong)
    report('percent_out_of_range', `/branches/${index}/percent`, `${percent} is no share: use 0 to 100`);
  if (wrong.length > 0) return;
  const total = branches.reduce((sum, { percent }) => sum + percent, 0);
  if (Math.abs(total - 100) > PERCENT_TOLERANCE)
    report(
      'percent_not_100',
      '/branches',
      `Shares add up to ${Number(total.toFixed(6))} %: make them add up to 100 %`,
    );
}

function checkRanges<Field extends string>(
  node: { readonly [field in NoInfer<Field>]: number },
  ranges: { readonly [field in Field]: readonly [number, number] },
  report: Report,
): void {
  for (const field of Object.keys(ranges) as Field[]) {
    const [least, most] = ranges[field];
    const value = node[field];
    if (!Number.isInteger(value) || value < least || value > most)
      report('out_of_range', `/${field}`, `Is ${value}: must be a whole number from ${least} to ${most}`);
  }
}

function checkTag(tag: string, place: string, report: Report): void {
  if (!TAG.test(tag))
    report(
      'invalid_tag',
      place,
      `"${tag}" is no tag: begin with a letter, go on with letters, digits, _, . or -, 64 characters at most`,
    );
}

function checkValue(value: string, place: string, report: Report): void {
  if (value.length > MOST_VALUE_CHARACTERS)
    report(
      'value_too_long',
      place,
      `Has ${value.length} characters: shorten it to ${MOST_VALUE_CHARACTERS} at most`,
    );
}

function isHttpUrl(text: string): boolean {
  return /^https?:\/\/[^\s/]+\S*$/i.test(text);
}
