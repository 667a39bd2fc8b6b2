import type { Qualifications } from '../../domain/call/commands';
import type { CallFacts } from '../../domain/call/facts';
import type { LookupNode } from '../../domain/ivr/flow';
import type { LookupResult } from '../../domain/ivr/lookup';

/** More than any answer about one call needs, in characters. */
const LONGEST_ANSWER = 65_536;

/**
 * Asks the HTTP service of a lookup node about a call: POST of `{callId, from, to, tags}`, JSON object back. One try,
 * within the node's own timeout; it can be made again when the step is, so the service must not mind. Never throws:
 * what goes wrong is the reason, for the timeline.
 */
export async function lookUp(
  node: LookupNode,
  facts: CallFacts,
  tags: Qualifications,
): Promise<LookupResult> {
  try {
    const response = await fetch(node.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json', 'user-agent': 'Callyard' },
      body: JSON.stringify({ callId: facts.callId, from: facts.from, to: facts.to, tags }),
      redirect: 'error',
      signal: AbortSignal.timeout(node.timeoutMs),
    });
    if (!response.ok) {
      await response.body?.cancel();
      return { ok: false, reason: `HTTP ${response.status}` };
    }
    return { ok: true, body: JSON.parse(await readText(response)) as unknown };
  } catch (error) {
    return { ok: false, reason: reasonOf(error, node) };
  }
}

async function readText(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk as Uint8Array, { stream: true });
    if (text.length > LONGEST_ANSWER) throw new RangeError('the answer is too long');
  }
  return text + decoder.decode();
}

/** Looked at by name: errors of `fetch` can be of another realm. */
function reasonOf(error: unknown, node: LookupNode): string {
  if (typeof error !== 'object' || error === null || !('name' in error)) return 'failed';
  switch (error.name) {
    case 'TimeoutError':
    case 'AbortError':
      return `no answer in ${node.timeoutMs} ms`;
    case 'SyntaxError':
      return 'the answer is no JSON';
    case 'RangeError':
      return `the answer is longer than ${LONGEST_ANSWER} characters`;
    default: {
      const cause = 'cause' in error ? error.cause : undefined;
      const code =
        typeof cause === 'object' && cause !== null && 'code' in cause ? ` (${String(cause.code)})` : '';
      return `cannot be reached${code}`;
    }
  }
}
