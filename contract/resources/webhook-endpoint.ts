import { z } from 'zod';
import { ALL_EVENTS, EVENT_TYPES } from '../../domain/events/types';
import { ENDPOINT_HEALTH } from '../../domain/events/health';
import { hasLooseBraces, TOKEN_NAMES, unknownTokens, withoutTokens } from '../../domain/events/tokens';
import type { WebhookEndpointId } from '../../domain/ids';
import { webhookEventSchema } from '../events';
import { pageQuery } from '../page';
import { serviceUrlSchema } from '../url';
import { campaignIdSchema, instantSchema, resourceFields } from './ids';

export const webhookEndpointIdSchema = z
  .string()
  .regex(/^whk_[a-z0-9_]{1,40}$/, 'must be an id: whk_ and up to 40 of a-z, 0-9 and _')
  .transform((id) => id as WebhookEndpointId);

const kindSchema = z
  .enum(['webhook', 'pixel', 'template'])
  .describe('`webhook`: the event as JSON. `pixel`: a URL. `template`: a body of your own making.');
const methodSchema = z.enum(['GET', 'POST']);
const contentTypeSchema = z.enum(['application/json', 'application/x-www-form-urlencoded', 'text/plain']);

/** What people may set of an endpoint. */
const settings = {
  description: z.string().trim().max(500),
  url: z
    .string()
    .min(1)
    .max(2048)
    .describe(`Of a pixel or template with tokens in its path or query: ${TOKEN_NAMES.join(', ')}.`),
  method: methodSchema.describe('`GET` for pixels alone.'),
  contentType: contentTypeSchema.nullable().describe('Of a template: how its values are encoded.'),
  bodyTemplate: z
    .string()
    .min(1)
    .max(20_000)
    .nullable()
    .describe('Of a template. In JSON, tokens stand between quotes.'),
  eventTypes: z
    .array(z.enum([ALL_EVENTS, ...EVENT_TYPES]))
    .min(1)
    .max(EVENT_TYPES.length + 1)
    .describe('`*`: all.'),
  campaignIds: z
    .array(campaignIdSchema)
    .min(1)
    .max(200)
    .nullable()
    .describe('`null`: of all campaigns, and of calls to numbers that belong to none.'),
  enabled: z.boolean(),
};

const readOnly = {
  disabledBecause: z.enum(['gone']).nullable().describe('`gone`: it answered 410.'),
  health: z.enum(ENDPOINT_HEALTH),
  failingSince: instantSchema.nullable().describe('Since when every attempt has failed.'),
  deadInARow: z.int().min(0).describe('Deliveries given up since one was taken.'),
  previousSecretUntil: instantSchema
    .nullable()
    .describe('Until then, what is sent is signed with the secret before as well.'),
};

export const webhookEndpointSchema = z.strictObject({
  id: webhookEndpointIdSchema,
  kind: kindSchema,
  ...settings,
  ...readOnly,
  ...resourceFields,
});
export type WebhookEndpoint = z.infer<typeof webhookEndpointSchema>;

const secret = z
  .string()
  .regex(/^whsec_[A-Za-z0-9+/]+=*$/)
  .nullable()
  .describe('Shown this once. `null`: pixels are not signed.');

/** With its secret, as only creation and rotation show it. */
export const webhookEndpointWithSecretSchema = z.strictObject({ ...webhookEndpointSchema.shape, secret });
export type WebhookEndpointWithSecret = z.infer<typeof webhookEndpointWithSecretSchema>;

export type WebhookEndpointSettings = Pick<WebhookEndpoint, 'kind' | keyof typeof settings>;

export interface SettingProblem {
  readonly field: keyof WebhookEndpointSettings;
  readonly message: string;
}

/** What of an endpoint's settings does not go together; none: they do. */
export function endpointProblems(endpoint: WebhookEndpointSettings): readonly SettingProblem[] {
  const { kind, url, method, contentType, bodyTemplate } = endpoint;
  const problems: SettingProblem[] = [];
  const refuse = (field: SettingProblem['field'], message: string): void => {
    problems.push({ field, message });
  };
  if (kind === 'webhook' && withoutTokens(url) !== url)
    refuse('url', 'has tokens, which only the URLs of pixels and templates may have');
  refuseTokens(url, (message) => refuse('url', message));
  const authority = /^[^/?#]*\/\/[^/?#]*/.exec(url)?.[0] ?? '';
  if (authority.includes('{{')) refuse('url', 'may have tokens only behind its host');
  const checked = serviceUrlSchema.safeParse(withoutTokens(url));
  for (const { message } of checked.error?.issues ?? []) refuse('url', message);
  if (method === 'GET' && kind !== 'pixel') refuse('method', 'must be POST: only a pixel has no body');
  if (kind !== 'template') {
    if (bodyTemplate !== null) refuse('bodyTemplate', 'is only for the kind template');
    if (contentType !== null) refuse('contentType', 'is only for the kind template');
    return problems;
  }
  if (contentType === null) refuse('contentType', 'is needed for the kind template');
  if (bodyTemplate === null) {
    refuse('bodyTemplate', 'is needed for the kind template');
    return problems;
  }
  refuseTokens(bodyTemplate, (message) => refuse('bodyTemplate', message));
  if (contentType === 'application/json' && !isJson(withoutTokens(bodyTemplate)))
    refuse('bodyTemplate', 'must be JSON, with its tokens between quotes');
  return problems;
}

function refuseTokens(template: string, refuse: (message: string) => void): void {
  const unknown = unknownTokens(template);
  if (unknown.length > 0) {
    const names = unknown.map((name) => `{{${name}}}`).join(', ');
    refuse(`has tokens that mean nothing: ${names}. There are: ${TOKEN_NAMES.join(', ')}`);
  }
  if (hasLooseBraces(template)) refuse('has double braces that are no whole token');
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}

export const newWebhookEndpointSchema = z
  .strictObject({
    id: webhookEndpointIdSchema.optional().describe('Generated when it is left out.'),
    kind: kindSchema.default('webhook'),
    ...settings,
    description: settings.description.default(''),
    method: settings.method.optional().describe('`GET` for pixels alone, where it is what is taken.'),
    contentType: settings.contentType.optional().describe('Of a template; taken is `application/json`.'),
    bodyTemplate: settings.bodyTemplate.default(null),
    eventTypes: settings.eventTypes.default([ALL_EVENTS]),
    campaignIds: settings.campaignIds.default(null),
    enabled: settings.enabled.default(true),
  })
  .transform(({ method, contentType, ...rest }) => ({
    ...rest,
    method: method ?? (rest.kind === 'pixel' ? 'GET' : 'POST'),
    contentType: contentType ?? (rest.kind === 'template' ? 'application/json' : null),
  }))
  .superRefine((endpoint, context) => {
    for (const { field, message } of endpointProblems(endpoint))
      context.addIssue({ code: 'custom', path: [field], message });
  });

export const webhookEndpointPatchSchema = z.strictObject(settings).partial();

export const webhookEndpointListQuerySchema = z.strictObject({ ...pageQuery });

export const previewRequestSchema = z.strictObject({
  callId: z.string().min(1).max(256).optional().describe('Left out: a made-up call.'),
  eventType: z.enum(EVENT_TYPES).default('call.ended'),
});

/** What would be sent; of a signed request without its signature, which is made anew for each attempt. */
export const previewSchema = z.strictObject({
  method: methodSchema,
  url: z.string(),
  headers: z.record(z.string(), z.string()),
  body: z.string().nullable(),
  event: webhookEventSchema,
});
