import { timingSafeEqual } from 'node:crypto';
import express, {
  type NextFunction,
  type Request,
  type RequestHandler,
  type Response,
  type Router,
} from 'express';
import type { Pool } from 'pg';
import { Webhook, WebhookVerificationError } from 'standardwebhooks';
import { z } from 'zod';
import { findPostbackSecret } from '../../db/queries/postbacks';
import { transaction } from '../../db/transaction';
import type { CallId } from '../../domain/ids';
import type { Micros } from '../../domain/money';
import { problemFromZod } from '../field-errors';
import { Problem } from '../problems';
import { isStorable } from '../unstorable';
import { receivePostback, type Postback } from './receive';

/*
 * What buyers report of their calls, in two ways: signed by Standard Webhooks, or with the secret in the path, for those
 * who can do no more than call an address. Both take JSON and forms; the second takes a query as well.
 */

const LARGEST = '16kb';

/** `12`, `12.5`, `0.000001`: at most six decimals, which are micros. */
const valueSchema = z
  .union([z.string(), z.number()])
  .transform(String)
  .pipe(z.string().regex(/^\d{1,12}(\.\d{1,6})?$/, 'must be an amount like 12.50, with at most six decimals'))
  .transform((text): Micros => {
    const [whole = '0', fraction = ''] = text.split('.');
    return (BigInt(whole) * 1_000_000n + BigInt(fraction.padEnd(6, '0'))) as Micros;
  });

const text = z.string().min(1).max(200).refine(isStorable, 'has a NUL character, or half a character');

const postbackSchema = z.object({
  call: text,
  value: valueSchema.optional(),
  currency: z
    .string()
    .regex(/^[A-Z]{3}$/, 'must be an ISO 4217 code, for example USD')
    .optional(),
  id: text.optional(),
});

/** @param db of which each postback takes one transaction */
export function createPostbackRouter({ db }: { readonly db: Pool }): Router {
  const router = express.Router();
  const raw = express.raw({ type: () => true, limit: LARGEST });
  router.post('/:buyer', raw, async (req, res) => {
    const buyerId = req.params['buyer'];
    const signed = await requireSignature(db, buyerId, req);
    res.json(await receive(db, { ...signed, ...readBody(req) }, buyerId));
  });
  router.all('/:buyer', refuseMethod(['POST']));
  const withSecret = async (req: Request, fields: Readonly<Record<string, unknown>>) => {
    const buyerId = String(req.params['buyer']);
    await requireSecret(db, buyerId, String(req.params['secret']));
    return receive(db, fields, buyerId);
  };
  // Who only looks whether an address is there reports nothing.
  router.head('/:buyer/:secret', refuseMethod(['GET', 'POST']));
  router.get('/:buyer/:secret', async (req, res) => {
    res.json(await withSecret(req, req.query));
  });
  router.post('/:buyer/:secret', raw, async (req, res) => {
    res.json(await withSecret(req, { ...req.query, ...readBody(req) }));
  });
  router.all('/:buyer/:secret', refuseMethod(['GET', 'POST']));
  router.use(() => {
    throw new Problem('not_found', NO_SUCH_ADDRESS);
  });
  router.use(forgetAddress);
  return router;
}

const NO_SUCH_ADDRESS = 'Postbacks go to /postbacks/{buyer}, signed, or to /postbacks/{buyer}/{secret}';

/** Without the address, as everywhere here: it has the secret. */
function refuseMethod(allowed: readonly string[]): RequestHandler {
  return (req, res) => {
    res.setHeader('Allow', allowed.join(', '));
    throw new Problem('method_not_allowed', `This address takes ${allowed.join(' and ')}, not ${req.method}`);
  };
}

/** Express quotes the part of an address that it cannot decode. */
function forgetAddress(error: unknown, _req: Request, _res: Response, next: NextFunction): void {
  next(error instanceof URIError ? new Problem('invalid_request', NO_SUCH_ADDRESS) : error);
}

async function receive(db: Pool, fields: unknown, buyerId: string) {
  const parsed = postbackSchema.safeParse(fields);
  if (!parsed.success) throw problemFromZod('invalid_request', 'The postback is not valid', parsed.error);
  const { call, value, currency, id } = parsed.data;
  const postback: Postback = {
    buyerId,
    callId: call as CallId,
    value: value ?? null,
    currency: currency ?? null,
    eventId: id ?? null,
  };
  return transaction(db, async (tx) => ({
    value: await receivePostback(tx, postback, new Date().toISOString()),
  }));
}

/** @throws Problem `unauthorized`, the same whether there is no such buyer or the secret is another */
async function requireSecret(db: Pool, buyerId: string, given: string): Promise<void> {
  const secret = await secretOf(db, buyerId);
  const [own, other] = [Buffer.from(secret ?? ''), Buffer.from(given)];
  if (secret === null || own.length !== other.length || !timingSafeEqual(own, other)) throw notTheirs();
}

async function secretOf(db: Pool, buyerId: string): Promise<string | null> {
  // No id has one, and PostgreSQL knows no such text.
  if (buyerId.includes('\u0000')) return null;
  return (await findPostbackSecret(db, buyerId))?.secret ?? null;
}

/** @returns the id that was signed, which names the event unless the body does */
async function requireSignature(db: Pool, buyerId: string, req: Request): Promise<{ readonly id: string }> {
  const secret = await secretOf(db, buyerId);
  const id = req.get('webhook-id') ?? '';
  if (secret === null || id === '') throw notTheirs();
  try {
    new Webhook(secret).verify(bodyOf(req), {
      'webhook-id': id,
      'webhook-timestamp': req.get('webhook-timestamp') ?? '',
      'webhook-signature': req.get('webhook-signature') ?? '',
    });
  } catch (error) {
    if (error instanceof WebhookVerificationError) throw notTheirs();
    // A body that is signed well and is no JSON is told so by whoever reads it.
    if (!(error instanceof SyntaxError)) throw error;
  }
  return { id };
}

function notTheirs(): Problem {
  return new Problem(
    'secret_mismatch',
    'The postback is not signed with the secret of this buyer: see POST /api/v1/buyers/{id}/postback-secret',
  );
}

function bodyOf(req: Request): string {
  return Buffer.isBuffer(req.body) ? req.body.toString('utf8') : '';
}

/** Fields of JSON, where `null` says nothing, or of a form. @throws Problem `invalid_request` */
function readBody(req: Request): Record<string, unknown> {
  const body = bodyOf(req);
  if (body === '') return {};
  if (req.is('application/x-www-form-urlencoded')) return readForm(body);
  try {
    const fields: unknown = JSON.parse(body);
    if (typeof fields === 'object' && fields !== null && !Array.isArray(fields))
      return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new Problem('invalid_request', 'The body has to be a JSON object, or a form');
}

/** @throws Problem `invalid_request` when a field stands twice: nobody knows which is meant */
function readForm(body: string): Record<string, unknown> {
  const fields = [...new URLSearchParams(body)];
  const [again] = fields.filter(([name], at) => fields.findIndex(([other]) => other === name) < at);
  if (again === undefined) return Object.fromEntries(fields);
  throw new Problem('invalid_request', `The postback is not valid: ${again[0]} stands twice`, [
    { pointer: `/${again[0]}`, message: 'stands twice' },
  ]);
}
