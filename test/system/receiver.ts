import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';
import { webhookEventSchema, type WebhookEvent } from '../../contract/events';

/** One request as it came in. */
export interface Received {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** What to answer; `hang`: nothing, ever. */
export type Behaviour = number | 'hang' | { readonly status: number; readonly afterMs: number };

/** Somebody else's service, which shares no code with us but the library that made the standard. */
export interface Receiver {
  readonly url: string;
  readonly received: readonly Received[];
  /** The answers to come, in order; the last one goes on. */
  behave(...answers: Behaviour[]): void;
  /** What came, each verified with the secret by the library, and held against the contract. */
  verified(secret: string): WebhookEvent[];
  close(): Promise<void>;
}

export async function startReceiver(): Promise<Receiver> {
  const received: Received[] = [];
  let answers: Behaviour[] = [200];
  const server = createServer((req, res) => void take(req, res));

  async function take(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of req) chunks.push(chunk as Buffer);
    received.push({
      method: req.method ?? '',
      path: req.url ?? '',
      headers: req.headers as Record<string, string>,
      body: Buffer.concat(chunks).toString(),
      at: Date.now(),
    });
    const behaviour = (answers.length > 1 ? answers.shift() : answers[0]) ?? 200;
    if (behaviour === 'hang') return;
    const { status, afterMs } = typeof behaviour === 'number' ? { status: behaviour, afterMs: 0 } : behaviour;
    setTimeout(() => res.writeHead(status).end(`it is ${status}`), afterMs);
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    received,
    behave(...next) {
      answers = next;
    },
    verified(secret) {
      const library = new Webhook(secret);
      return received.map(({ body, headers }) =>
        webhookEventSchema.parse(library.verify(body, { ...headers })),
      );
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
