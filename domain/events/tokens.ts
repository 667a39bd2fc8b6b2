import { formatMicros, microsFromText } from '../money';

/** What of a call can stand in a template. */
export interface TokenCall {
  readonly id: string;
  readonly sid: string;
  readonly campaignId: string | null;
  readonly campaignName: string | null;
  readonly publisherId: string | null;
  readonly publisherName: string | null;
  readonly number: string;
  readonly caller: string | null;
  readonly channel: string | null;
  readonly tags: { readonly [tag: string]: string };
  readonly outcome: string | null;
  readonly outcomeReason: string | null;
  readonly buyerId: string | null;
  readonly buyerName: string | null;
  readonly receivedAt: string;
  readonly connectedAt: string | null;
  readonly endedAt: string | null;
  readonly durationSeconds: number | null;
  readonly talkSeconds: number | null;
  readonly converted: boolean | null;
  readonly currency: string | null;
  readonly revenueMicros: string | null;
  readonly payoutMicros: string | null;
}

/** What a template is filled with. `call` is `null` in events that are about something else. */
export interface TokenFacts {
  readonly id: string;
  readonly type: string;
  readonly timestamp: string;
  readonly call: TokenCall | null;
}

type Value = string | number | boolean | null;

const ofCall =
  (read: (call: TokenCall) => Value) =>
  ({ call }: TokenFacts): Value =>
    call === null ? null : read(call);

/** In units of the currency: `20.00`. */
const units = (micros: string | null): string | null =>
  micros === null ? null : formatMicros(microsFromText(micros));

/** What may stand between double braces, besides `tag:` and the name of a tag. */
const TOKENS: Readonly<Record<string, (facts: TokenFacts) => Value>> = {
  'event.id': ({ id }) => id,
  'event.type': ({ type }) => type,
  'event.timestamp': ({ timestamp }) => timestamp,
  caller: ofCall(({ caller }) => caller),
  number: ofCall(({ number }) => number),
  channel: ofCall(({ channel }) => channel),
  'call.id': ofCall(({ id }) => id),
  'call.sid': ofCall(({ sid }) => sid),
  'call.outcome': ofCall(({ outcome }) => outcome),
  'call.reason': ofCall(({ outcomeReason }) => outcomeReason),
  'call.receivedAt': ofCall(({ receivedAt }) => receivedAt),
  'call.connectedAt': ofCall(({ connectedAt }) => connectedAt),
  'call.endedAt': ofCall(({ endedAt }) => endedAt),
  'call.duration': ofCall(({ durationSeconds }) => durationSeconds),
  'call.talk': ofCall(({ talkSeconds }) => talkSeconds),
  'call.converted': ofCall(({ converted }) => converted),
  'call.currency': ofCall(({ currency }) => currency),
  'call.revenue': ofCall(({ revenueMicros }) => units(revenueMicros)),
  'call.payout': ofCall(({ payoutMicros }) => units(payoutMicros)),
  'campaign.id': ofCall(({ campaignId }) => campaignId),
  'campaign.name': ofCall(({ campaignName }) => campaignName),
  'publisher.id': ofCall(({ publisherId }) => publisherId),
  'publisher.name': ofCall(({ publisherName }) => publisherName),
  'buyer.id': ofCall(({ buyerId }) => buyerId),
  'buyer.name': ofCall(({ buyerName }) => buyerName),
};

export const TOKEN_NAMES: readonly string[] = [...Object.keys(TOKENS), 'tag:<name>'];

const TOKEN = /\{\{([^{}]*)\}\}/g;
const TAG = /^tag:(.+)$/;

/**
 * How a value is written so that it stays one value.
 * - `url`: percent-encoded, in a query or a form.
 * - `path`: the same in the path of a URL, where `.` and `..` lead elsewhere however they are encoded: they are left out.
 * - `json`: as the inside of a JSON string.
 * - `text`: as it is.
 */
export type Encoding = 'url' | 'path' | 'json' | 'text';

/** Tokens of a template that mean nothing, as they stand there, each once. */
export function unknownTokens(template: string): readonly string[] {
  const names = [...template.matchAll(TOKEN)].map(([, name = '']) => name.trim());
  return [...new Set(names.filter((name) => !Object.hasOwn(TOKENS, name) && !TAG.test(name)))];
}

/** Whether a template has braces that are no whole token. */
export function hasLooseBraces(template: string): boolean {
  return /\{\{|\}\}/.test(template.replaceAll(TOKEN, ''));
}

/** Fills a template in. What an event does not have is empty. */
export function renderTemplate(template: string, facts: TokenFacts, encoding: Encoding): string {
  return template.replaceAll(TOKEN, (_token, name: string) => encode(valueOf(name.trim(), facts), encoding));
}

/** Fills a URL in. Its tokens are behind its host. */
export function renderUrl(template: string, facts: TokenFacts): string {
  const [path = ''] = /^[^?#]*/.exec(template) ?? [];
  return renderTemplate(path, facts, 'path') + renderTemplate(template.slice(path.length), facts, 'url');
}

/** A template with something harmless in the place of each token, to see whether it is a URL, or JSON, at all. */
export function withoutTokens(template: string): string {
  return template.replaceAll(TOKEN, 'x');
}

function valueOf(name: string, facts: TokenFacts): string {
  const [, tag] = TAG.exec(name) ?? [];
  if (tag !== undefined) {
    const tags = facts.call?.tags ?? {};
    return Object.hasOwn(tags, tag) ? (tags[tag] ?? '') : '';
  }
  const read = Object.hasOwn(TOKENS, name) ? TOKENS[name] : undefined;
  return String(read?.(facts) ?? '');
}

function encode(value: string, encoding: Encoding): string {
  switch (encoding) {
    case 'path':
      return value === '.' || value === '..' ? '' : encode(value, 'url');
    case 'url':
      // Half a surrogate pair is no character, and cannot be encoded.
      return encodeURIComponent(value.replaceAll(/\p{Surrogate}/gu, '\ufffd'));
    case 'json':
      return JSON.stringify(value).slice(1, -1);
    case 'text':
      return value;
    default:
      return encoding satisfies never;
  }
}
