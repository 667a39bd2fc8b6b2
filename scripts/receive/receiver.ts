import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook, WebhookVerificationError } from 'standardwebhooks';
import type { WebhookEvent } from '../../contract/events';

/** A receiver of events as somebody else would write it: it knows the secret, and the library of the standard. */
export interface Receiver {
  readonly port: number;
  /** From now on, what comes is verified with this. */
  expect(secret: string): void;
  close(): Promise<void>;
}

export interface ReceiverOptions {
  /** 0: any that is free. */
  readonly port: number;
  /** What verified events are answered with. */
  readonly status: number;
  readonly onEvent: (event: WebhookEvent) => void;
  /** What came and is not signed as it should be: it is answered with 400. */
  readonly onRefused: (why: string) => void;
}

/** Listens on this machine alone. @throws when the port is taken */
export async function startReceiver(options: ReceiverOptions): Promise<Receiver> {
  let library: Webhook | null = null;

  async function statusFor(request: IncomingMessage): Promise<number> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const headers = Object.fromEntries(
      Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
    );
    try {
      if (library === null) throw new WebhookVerificationError('the secret is not known yet');
      options.onEvent(library.verify(Buffer.concat(chunks).toString(), headers) as WebhookEvent);
      return options.status;
    } catch (error) {
      if (!(error instanceof WebhookVerificationError)) throw error;
      options.onRefused(error.message);
      return 400;
    }
  }

  const server = createServer((request, response) => {
    statusFor(request).then(
      (status) => response.writeHead(status).end(),
      (error: unknown) => response.destroy(error instanceof Error ? error : undefined),
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, '127.0.0.1', resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    expect(secret) {
      library = new Webhook(secret);
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** An event in one line of a terminal. */
export function lineOf({ id, timestamp, type, data }: WebhookEvent): string {
  return [timestamp.slice(11, 19), type.padEnd(14), id, wordsOf(data)].join('  ').trimEnd();
}

function wordsOf(data: WebhookEvent['data']): string {
  if ('call' in data) {
    const { id, outcome, buyerName, talkSeconds, revenueMicros, currency } = data.call;
    const money = revenueMicros === null ? [] : [`${Number(revenueMicros) / 1e6} ${currency ?? ''}`.trim()];
    const talk = talkSeconds === null ? [] : [`${talkSeconds} s`];
    return [id, outcome ?? 'under way', ...(buyerName === null ? [] : [buyerName]), ...talk, ...money].join(
      ', ',
    );
  }
  if ('limit' in data) return `${data.limit.id} (${data.limit.limit} a ${data.limit.window})`;
  if ('migration' in data) return data.migration.message;
  return data.message;
}
