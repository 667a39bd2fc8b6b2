import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express, { type Request, type Response } from 'express';
import { validateRequest } from 'twilio/lib/webhooks/webhooks';
import { type SimulatedCall, type SimulatedCallOptions, simulateCall } from '../../telephony/simulator';

export const accountSid = 'AC00000000000000000000000000000000';
export const authToken = 'test-auth-token';

export interface Received {
  readonly method: string;
  readonly path: string;
  readonly fields: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  readonly signed: boolean;
  readonly idempotencyToken: string;
}

type Handler = (request: Received, response: Response) => void | Promise<void>;

/** A tiny platform: answers scripted TwiML by path, checks signatures with Twilio's own library. */
export class Platform {
  readonly received: Received[] = [];
  private readonly handlers = new Map<string, Handler>();
  private server: Server | undefined;
  origin = '';

  async start(): Promise<void> {
    const app = express();
    app.use(express.urlencoded({ extended: false }));
    app.use((request, response) => this.answer(request, response));
    this.server = app.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    this.origin = `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.server?.closeAllConnections();
    if (this.server !== undefined) await new Promise((resolve) => this.server?.close(resolve));
  }

  reset(): void {
    this.received.length = 0;
    this.handlers.clear();
  }

  /** Answers `path` with the verbs inside a Response. */
  twiml(path: string, verbs: string): void {
    this.on(path, (_request, response) => {
      response.type('text/xml').send(`<?xml version="1.0" encoding="UTF-8"?><Response>${verbs}</Response>`);
    });
  }

  on(path: string, handler: Handler): void {
    this.handlers.set(path, handler);
  }

  /** Places a call at a speed that makes it last milliseconds. */
  call(options: Partial<SimulatedCallOptions> = {}): Promise<SimulatedCall> {
    return simulateCall({
      voiceUrl: `${this.origin}/voice`,
      statusUrl: `${this.origin}/status`,
      accountSid,
      authToken,
      from: '+14155550123',
      to: '+14155550100',
      speed: 2000,
      ...options,
    });
  }

  at(path: string): Received[] {
    return this.received.filter((request) => request.path === path);
  }

  paths(): string[] {
    return this.received.map((request) => request.path);
  }

  private async answer(request: Request, response: Response): Promise<void> {
    const fields = (request.body ?? {}) as Record<string, string>;
    const received: Received = {
      method: request.method,
      path: request.path,
      fields,
      query: request.query as Record<string, string>,
      signed: validateRequest(
        authToken,
        request.header('X-Twilio-Signature') ?? '',
        `${this.origin}${request.originalUrl}`,
        request.method === 'GET' ? {} : fields,
      ),
      idempotencyToken: request.header('I-Twilio-Idempotency-Token') ?? '',
    };
    this.received.push(received);
    const handler = this.handlers.get(request.path);
    if (handler === undefined) response.sendStatus(204);
    else await handler(received, response);
  }
}
