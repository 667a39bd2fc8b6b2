import { renderTemplate, renderUrl, type Encoding, type TokenCall, type TokenFacts } from './tokens';

/** An event as it is sent. */
export interface EventMessage {
  readonly id: string;
  readonly type: string;
  /** ISO 8601. */
  readonly timestamp: string;
  readonly data: unknown;
}

/** Where an event goes, and in which form. */
export interface EventTarget {
  readonly kind: 'webhook' | 'pixel' | 'template';
  readonly url: string;
  readonly method: 'GET' | 'POST';
  readonly contentType: string | null;
  readonly bodyTemplate: string | null;
}

/** What is sent, but for its signature. */
export interface EventRequest {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** `null`: none. */
  readonly body: string | null;
}

const USER_AGENT = 'Callyard';

/** The request that tells `target` of an event: the same each time it is made. */
export function requestFor(target: EventTarget, message: EventMessage): EventRequest {
  const { method, url, kind } = target;
  const headers = { 'user-agent': USER_AGENT };
  switch (kind) {
    case 'webhook':
      return {
        method,
        url,
        headers: { ...headers, 'content-type': 'application/json' },
        body: JSON.stringify(message),
      };
    case 'pixel':
      return { method, url: renderUrl(url, factsOf(message)), headers, body: null };
    case 'template': {
      const facts = factsOf(message);
      const contentType = target.contentType ?? 'application/json';
      return {
        method,
        url: renderUrl(url, facts),
        headers: { ...headers, 'content-type': contentType },
        body: renderTemplate(target.bodyTemplate ?? '', facts, encodingFor(contentType)),
      };
    }
    default:
      return kind satisfies never;
  }
}

function encodingFor(contentType: string): Encoding {
  switch (contentType) {
    case 'application/json':
      return 'json';
    case 'application/x-www-form-urlencoded':
      return 'url';
    default:
      return 'text';
  }
}

function factsOf({ id, type, timestamp, data }: EventMessage): TokenFacts {
  // As it was recorded, by the schema of its type: only events about calls have one.
  const { call = null } = data as { readonly call?: TokenCall };
  return { id, type, timestamp, call };
}
