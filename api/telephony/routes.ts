import express, { type Request, type Response, type Router } from 'express';
import { z } from 'zod';
import type { CarrierMessage } from '../../domain/call/events';
import type { CallFacts } from '../../domain/call/facts';
import { HANG_UP, type Instructions } from '../../domain/instructions';
import { redactNumber, type Logger } from '../../runtime/logger';
import type { CallId } from '../../domain/ids';
import type { CallRef, CarrierDialect, FormFields, StepQuery, WebhookRequest } from '../../telephony/port';
import { problemFromZod } from '../field-errors';
import { Problem } from '../problems';
import type { Announcements } from './announcements';
import type { CallbackSink } from './callbacks';
import type { Advanced, CallGateway } from './call-gateway';
import type { FailSafe } from './fail-safe';

export interface TelephonyOptions {
  readonly dialect: CarrierDialect;
  readonly gateway: CallGateway;
  readonly failSafe: FailSafe;
  readonly callbacks: CallbackSink;
  readonly announcements: Announcements;
  readonly log: Logger;
  /** `null`: taken from each request. */
  readonly publicBaseUrl: string | null;
  /** How long a carrier waits for instructions at most, in milliseconds. */
  readonly webhookDeadlineMs: number;
}

/** More than any carrier sends; less than hurts. */
const MOST_BYTES = '64kb';
const NO_BODY = new Uint8Array();

const count = z.coerce.number().int().min(1).max(1_000);
const ivrQuery = z.object({ no: count });
/** The name this step had in the first release; calls that were in a menu then still come back to it. */
const menuQuery = z.object({ try: count });
const legQuery = z.object({ attempt: count });
const dialQuery = legQuery.extend({ screened: z.literal('1').optional() });
const announcementQuery = z.object({ call: z.string().regex(/^call_\w{1,40}$/), attempt: count });
const acceptanceQuery = announcementQuery.extend({ since: z.iso.datetime() });

/** A carrier's webhooks. Every one of them is verified before it is read. */
export function createTelephonyRouter(options: TelephonyOptions): Router {
  const { dialect, gateway, failSafe, callbacks, announcements, log, publicBaseUrl, webhookDeadlineMs } =
    options;
  const router = express.Router();
  const bodies = new WeakMap<object, Uint8Array>();
  router.use(
    express.urlencoded({
      extended: false,
      limit: MOST_BYTES,
      verify: (req, _res, body) => void bodies.set(req, body),
    }),
  );
  router.use((req, res, next) => {
    if (req.method !== 'POST') {
      res.setHeader('Allow', 'POST');
      throw new Problem(
        'method_not_allowed',
        'Webhooks are sent by POST: this address answers carriers, not browsers',
      );
    }
    next();
  });
  router.use((req, res, next) => {
    const webhook = receive(req, bodies.get(req) ?? NO_BODY, publicBaseUrl);
    verify(webhook);
    res.locals['webhook'] = webhook;
    next();
  });

  function verify(webhook: WebhookRequest): void {
    const verdict = dialect.verify(webhook);
    if (verdict === 'ok') return;
    const url = withoutCredentials(webhook.url);
    log.warn({ carrier: dialect.carrier, url, verdict }, 'webhook refused');
    if (verdict === 'missing') {
      throw new Problem(
        'signature_missing',
        'The signature header is missing: sign the request with the account’s key',
      );
    }
    if (verdict === 'expired') {
      throw new Problem(
        'signature_mismatch',
        'The signature is too old, or from the future: check the clocks of this server and of the sender',
      );
    }
    throw new Problem(
      'signature_mismatch',
      `The signature does not fit ${url}. If carriers reach this server under another URL, set PUBLIC_BASE_URL to it`,
    );
  }

  /** Sends a message to its call and answers with what the call says; in time, whatever happens. */
  async function instruct(
    res: Response,
    facts: CallFacts,
    message: CarrierMessage,
    send: (deadline: number) => Promise<Advanced>,
  ): Promise<void> {
    const started = Date.now();
    const line = { callId: facts.callId, sid: facts.sid, step: message.type, from: redactNumber(facts.from) };
    const baseUrl = publicBaseUrl ?? originOf(res.req);
    let rendered: ReturnType<CarrierDialect['render']>;
    try {
      const advanced = await send(started + webhookDeadlineMs);
      if (advanced.kind === 'stale') throw new Problem('stale_step', advanced.detail);
      const instructions = advanced.kind === 'answered' ? advanced.instructions : HANG_UP;
      rendered = dialect.render(instructions, { baseUrl });
      if (advanced.kind === 'ended') void callbacks.lateMessage(facts, message);
      const verbs = instructions.map(({ verb }) => verb);
      log.info(
        { ...line, ms: Date.now() - started, verbs, ended: advanced.kind === 'ended' },
        'webhook answered',
      );
    } catch (error) {
      if (error instanceof Problem) throw error;
      const cause = error instanceof Error ? error.name : 'unknown error';
      log.error({ ...line, ms: Date.now() - started, err: error }, 'webhook answered by the fail-safe');
      rendered = dialect.render(await failSafe.serve(facts, message, cause), { baseUrl });
    }
    res.status(200).type(rendered.contentType).send(rendered.body);
  }

  router.post('/voice', async (_req, res) => {
    const webhook = webhookOf(res);
    const facts = read(() => dialect.readInbound(webhook));
    const message = { type: 'inbound', at: webhook.receivedAt } as const;
    await instruct(res, facts, message, (deadline) => gateway.start(facts, message, deadline));
  });

  async function step(
    res: Response,
    query: StepQuery,
    complete?: (message: CarrierMessage, call: CallRef) => Promise<CarrierMessage>,
  ): Promise<void> {
    const webhook = webhookOf(res);
    const { facts, call, message } = read(() => ({
      facts: dialect.readInbound(webhook),
      ...dialect.readStep(webhook, query),
    }));
    const whole = complete === undefined ? message : await complete(message, call);
    await instruct(res, facts, whole, (deadline) => gateway.advance(call, whole, deadline));
  }

  function reply(res: Response, instructions: Instructions): void {
    const { contentType, body } = dialect.render(instructions, {
      baseUrl: publicBaseUrl ?? originOf(res.req),
    });
    res.status(200).type(contentType).send(body);
  }

  router.post('/ivr', (req, res) => step(res, { step: 'ivr', ...read(() => ivrQuery.parse(req.query)) }));
  router.post('/menu', (req, res) =>
    step(res, { step: 'ivr', no: read(() => menuQuery.parse(req.query)).try }),
  );
  router.post('/dial', async (req, res) => {
    const { attempt, screened } = read(() => dialQuery.parse(req.query));
    await step(res, { step: 'dial', attempt }, async (message, call) =>
      screened !== undefined && message.type === 'dial_finished'
        ? { ...message, accepted: await announcements.acceptance(call.callId, attempt) }
        : message,
    );
  });
  router.post('/fallback', (_req, res) => step(res, { step: 'fallback' }));

  /** On the buyer's leg: what whoever answers hears, and the key they press. The caller hears ringing meanwhile. */
  router.post('/announce', async (req, res) => {
    const { call, attempt } = read(() => announcementQuery.parse(req.query));
    const { leg, at } = read(() => dialect.readAcceptance(webhookOf(res)));
    reply(res, await announcements.announce(call as CallId, attempt, leg, at));
  });
  router.post('/accept', async (req, res) => {
    const { call, attempt, since } = read(() => acceptanceQuery.parse(req.query));
    const { digits, at } = read(() => dialect.readAcceptance(webhookOf(res)));
    reply(res, await announcements.accept(call as CallId, attempt, { digits, at, since }));
  });

  /** Callbacks nobody waits for an answer to: always taken, at once. */
  router.post('/status', async (_req, res) => {
    await callbacks.status(read(() => dialect.readStatus(webhookOf(res))));
    res.status(204).end();
  });
  router.post('/leg', async (req, res) => {
    const { attempt } = read(() => legQuery.parse(req.query));
    const { call, news } = read(() => dialect.readLeg(webhookOf(res), attempt));
    if (news !== null) await callbacks.news(call, news);
    res.status(204).end();
  });
  router.post('/recording', async (_req, res) => {
    const webhook = webhookOf(res);
    await callbacks.recording(
      read(() => dialect.readRecording(webhook)),
      webhook.receivedAt,
    );
    res.status(204).end();
  });

  return router;
}

/** The webhook as the carrier meant it. @throws Problem when the body is no form. */
function receive(req: Request, rawBody: Uint8Array, publicBaseUrl: string | null): WebhookRequest {
  if (req.is('application/x-www-form-urlencoded') === false) {
    throw new Problem('malformed_webhook', 'The body must be application/x-www-form-urlencoded');
  }
  return {
    url: `${publicBaseUrl ?? originOf(req)}${req.originalUrl}`,
    headers: req.headers,
    form: (req.body ?? {}) as FormFields,
    rawBody,
    receivedAt: new Date().toISOString(),
  };
}

function read<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (error instanceof z.ZodError)
      throw problemFromZod('malformed_webhook', 'Fields are missing or wrong', error);
    throw error;
  }
}

function webhookOf(res: Response): WebhookRequest {
  return res.locals['webhook'] as WebhookRequest;
}

function originOf(req: Request): string {
  return `${req.protocol}://${req.get('host') ?? 'localhost'}`;
}

/** A URL as logs may carry it. */
function withoutCredentials(url: string): string {
  return url.replace(/^(\w+:\/\/)[^/@]*@/, '$1');
}
