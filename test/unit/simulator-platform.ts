import { once } from 'node:events';
import type { IncomingHttpHeaders, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express, { type Request, type Response } from 'express';
import { validateRequest } from 'twilio/lib/webhooks/webhooks';
import {
  type CallScript,
  type CarrierAccount,
  type SimulatedCall,
  type SimulatedCallOptions,
  simulateCall,
} from '../../telephony/simulator';

export const accountSid = 'AC00000000000000000000000000000000';
export const authToken = 'test-auth-token';

export interface Received {
  readonly method: string;
  readonly path: string;
  readonly fields: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  /** By Twilio's rules. */
  readonly signed: boolean;
  readonly headers: IncomingHttpHeaders;
  /** The body as it came. */
  readonly body: string;
  readonly idempotencyToken: string;
}

type Handler = (request: Received, response: Response) => void | Promise<void>;

/** A tiny platform: answers scripted TwiML by path, checks signatures with Twilio's own library. */
export class Platform {
  readonly received: Received[] = [];
  private readonly handlers = new Map<string, Handler>();
  private readonly bodies = new WeakMap<object, string>();
  private server: Server | undefined;
  origin = '';

  async start(): Promise<void> {
    const { bodies } = this;
    const app = express();
    app.use(
      express.urlencoded({
        extended: false,
        verify: (request, _response, body) => bodies.set(request, body.toString('utf8')),
      }),
    );
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
    return simulateCall({ ...this.script(), accountSid, authToken, ...options });
  }

  /** As `call`, from an account of any carrier. */
  callFrom(account: CarrierAccount, options: Partial<CallScript> = {}): Promise<SimulatedCall> {
    return simulateCall({ ...this.script(), ...options, ...account });
  }

  private script(): CallScript {
    return {
      voiceUrl: `${this.origin}/voice`,
      statusUrl: `${this.origin}/status`,
      from: '+14155550123',
      to: '+14155550100',
      speed: 2000,
    };
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
      headers: request.headers,
      body: this.bodies.get(request) ?? '',
      idempotencyToken: request.header('I-Twilio-Idempotency-Token') ?? '',
    };
    this.received.push(received);
    const handler = this.handlers.get(request.path);
    if (handler === undefined) response.sendStatus(204);
    else await handler(received, response);
  }
}
