import { lookup as resolve, type LookupAddress } from 'node:dns';
import { request as requestHttp, type IncomingMessage } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { LookupFunction } from 'node:net';
import { whyNotReach, whyNotSendTo } from './public-addresses';

/** A request to somebody else's service. */
export interface OutwardRequest {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** `null`: none. */
  readonly body: string | null;
}

/** Its answer, whatever it says; redirects are not followed. */
export interface OutwardAnswer {
  readonly statusCode: number;
  /** The beginning of its body. */
  readonly excerpt: string;
}

/**
 * Sends a request. @throws when there is no answer, in time or at all, and for what must not be sent
 * @param stop gives the request up
 */
export type SendOutward = (request: OutwardRequest, stop: AbortSignal) => Promise<OutwardAnswer>;

/** The address must not be spoken to. */
export class AddressRefused extends Error {
  override readonly name = 'AddressRefused';
}

/** How long a whole request may take, in milliseconds. */
const PATIENCE_MS = 10_000;
/** Bytes of an answer's body that are read. */
const MOST_READ = 4_096;

/**
 * Requests that whoever configures us may aim anywhere must not reach what only we can reach. A host is looked up once,
 * all its addresses are checked, and the connection goes to one of those: a name that means another address a moment
 * later leads nowhere else. There are no kept connections, no proxies and no redirects around it.
 */
export function createOutward(options: {
  readonly allowPrivate: boolean;
  readonly patienceMs?: number;
  /** For tests: what names mean. */
  readonly lookup?: (
    host: string,
    done: (error: Error | null, addresses: readonly LookupAddress[]) => void,
  ) => void;
}): SendOutward {
  const { allowPrivate, patienceMs = PATIENCE_MS } = options;
  const look =
    options.lookup ??
    ((host, done): void => resolve(host, { all: true }, (error, addresses) => done(error, addresses)));

  const lookupFor =
    (protocol: string): LookupFunction =>
    (host, asked, done) => {
      look(host, (error, addresses) => {
        const [first] = addresses ?? [];
        if (error !== null || first === undefined) {
          done(error ?? new Error(`${host} has no address`), []);
          return;
        }
        for (const { address } of addresses) {
          const refusal = whyNotReach(address, protocol, allowPrivate);
          if (refusal === null) continue;
          done(new AddressRefused(`${host} ${refusal}`), []);
          return;
        }
        if (asked.all === true) done(null, [...addresses]);
        else done(null, first.address, first.family);
      });
    };

  return async ({ method, url: text, headers, body }, stop) => {
    const url = new URL(text);
    const refusal = whyNotSendTo(url, allowPrivate);
    if (refusal !== null) throw new AddressRefused(`${url.hostname} ${refusal}`);
    const late = AbortSignal.timeout(patienceMs);
    const signal = AbortSignal.any([late, stop]);
    const send = url.protocol === 'https:' ? requestHttps : requestHttp;
    const answer = await new Promise<IncomingMessage>((done, fail) => {
      const request = send(url, {
        method,
        headers: { ...headers, ...(body === null ? {} : { 'content-length': Buffer.byteLength(body) }) },
        agent: false,
        lookup: lookupFor(url.protocol),
        signal,
      });
      request.once('response', done);
      request.once('error', (error) =>
        fail(late.aborted ? new Error(`no answer within ${patienceMs / 1000} s`) : error),
      );
      request.end(body ?? undefined);
    });
    return { statusCode: answer.statusCode ?? 0, excerpt: await beginningOf(answer) };
  };
}

/** As much of the body as is kept. An answer whose body breaks off, or never ends, is an answer all the same. */
function beginningOf(answer: IncomingMessage): Promise<string> {
  return new Promise((done) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const end = (): void => {
      answer.destroy();
      done(textOf(Buffer.concat(chunks).subarray(0, MOST_READ)));
    };
    answer.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      size += chunk.length;
      if (size >= MOST_READ) end();
    });
    answer.once('end', end);
    answer.once('error', end);
    answer.once('aborted', end);
  });
}

/** Text that PostgreSQL can store: it knows no NUL. */
function textOf(bytes: Buffer): string {
  return bytes.toString('utf8').replaceAll('\0', '\ufffd');
}
