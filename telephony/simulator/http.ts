import http from 'node:http';
import https from 'node:https';
import type { HttpMethod } from './events';

export interface HttpRequest {
  readonly method: HttpMethod;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Real milliseconds for the whole exchange. */
  readonly timeoutMilliseconds: number;
  readonly signal: AbortSignal | undefined;
}

/** What came of one exchange. Only `unreachable` (no connection, or cut before an answer) may be tried again. */
export type HttpResult =
  | {
      readonly kind: 'answered';
      readonly status: number;
      readonly contentType: string;
      readonly body: string;
    }
  | { readonly kind: 'unreachable'; readonly message: string }
  | { readonly kind: 'timeout'; readonly message: string };

/** Twilio gives up connecting after 5 s. */
const CONNECT_TIMEOUT_MILLISECONDS = 5_000;

/** Keeps connections open between requests, as a carrier does. Close it when the last call has ended. */
export class HttpTransport {
  private readonly plain = new http.Agent({ keepAlive: true });
  private readonly secure = new https.Agent({ keepAlive: true });

  /** Sends one request and reads the whole answer. Never rejects: failures are results. */
  async exchange(request: HttpRequest): Promise<HttpResult> {
    const first = await this.once(request);
    // A kept connection that the server closed as we wrote to it is no failure of the server: any client resends.
    if (first.kind === 'stale') {
      const second = await this.once(request);
      return second.kind === 'stale' ? { kind: 'unreachable', message: second.message } : second;
    }
    return first;
  }

  /** Closes idle connections. */
  close(): void {
    this.plain.destroy();
    this.secure.destroy();
  }

  private once(request: HttpRequest): Promise<HttpResult | { kind: 'stale'; message: string }> {
    const url = new URL(request.url);
    const secure = url.protocol === 'https:';
    return new Promise((resolve) => {
      const outgoing = (secure ? https : http).request(url, {
        method: request.method,
        agent: secure ? this.secure : this.plain,
        headers: { ...request.headers, 'Content-Length': Buffer.byteLength(request.body) },
      });
      const settle = (result: Awaited<ReturnType<typeof this.once>>): void => {
        clearTimeout(whole);
        clearTimeout(connecting);
        request.signal?.removeEventListener('abort', abort);
        resolve(result);
        outgoing.destroy();
      };
      const timeout = (what: string, milliseconds: number) => (): void =>
        settle({ kind: 'timeout', message: `${what} within ${milliseconds / 1000} s` });
      const abort = (): void => settle({ kind: 'unreachable', message: 'the simulation was stopped' });
      const whole = setTimeout(
        timeout('no answer', request.timeoutMilliseconds),
        request.timeoutMilliseconds,
      );
      const connecting = setTimeout(
        () =>
          settle({
            kind: 'unreachable',
            message: `no connection within ${CONNECT_TIMEOUT_MILLISECONDS / 1000} s`,
          }),
        CONNECT_TIMEOUT_MILLISECONDS,
      );
      if (request.signal?.aborted === true) abort();
      else request.signal?.addEventListener('abort', abort, { once: true });

      outgoing.on('socket', (socket) => {
        if (socket.connecting) socket.once('connect', () => clearTimeout(connecting));
        else clearTimeout(connecting);
      });
      outgoing.on('error', (error: NodeJS.ErrnoException) => {
        const message = error.message === '' ? (error.code ?? 'connection failed') : error.message;
        settle({
          kind: outgoing.reusedSocket && error.code === 'ECONNRESET' ? 'stale' : 'unreachable',
          message,
        });
      });
      outgoing.on('response', (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
        incoming.on('error', (error) => settle({ kind: 'unreachable', message: error.message }));
        incoming.on('end', () => {
          clearTimeout(whole);
          clearTimeout(connecting);
          request.signal?.removeEventListener('abort', abort);
          resolve({
            kind: 'answered',
            status: incoming.statusCode ?? 0,
            contentType: incoming.headers['content-type'] ?? '',
            body: Buffer.concat(chunks).toString('utf8'),
          });
        });
      });
      outgoing.end(request.body);
    });
  }
}
