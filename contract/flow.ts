import { z } from 'zod';
import { FLOW_OUTCOMES, MOST_NODES, NODE_ID, type Flow, type FlowNode } from '../domain/ivr/flow';
import { conditionSchema, tagSchema } from './condition';
import { hoursSchema } from './hours';
import { destinationSchema, languageSchema, promptSchema, ringTimeoutSchema } from './prompt';
import { serviceUrlSchema } from './url';

export const nodeIdSchema = z
  .string()
  .regex(NODE_ID, 'must be a node id: lower-case letters, digits, _ and -');

/**
 * A node another one leads to. An exit that is not connected yet is the empty string: a draft may have some, the
 * validator of `domain/ivr` names them, and publishing refuses them.
 */
const exit = z.union([nodeIdSchema, z.literal('')]);
const digit = z.string().regex(/^[0-9*#]$/, 'must be one key of a telephone');
const tries = z.int().min(1).max(10);
const timeoutSeconds = z.int().min(1).max(60);
const outcome = z.enum(FLOW_OUTCOMES);
/** A draft may lack a text; the validator names it. */
const draftPrompt = z.union([
  promptSchema,
  z.strictObject({ text: z.literal(''), language: languageSchema }),
]);

export const flowNodeSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('say'), prompt: draftPrompt, next: exit }),
  z.strictObject({
    kind: z.literal('menu'),
    prompt: draftPrompt,
    retryPrompt: promptSchema.nullable().default(null),
    options: z
      .array(
        z.strictObject({
          digit,
          tag: tagSchema.nullable().default(null),
          value: z.string().min(1).max(256).nullable().default(null),
          next: exit,
        }),
      )
      .max(12),
    timeoutSeconds: timeoutSeconds.default(5),
    tries: tries.default(3),
    noAnswer: exit,
  }),
  z.strictObject({
    kind: z.literal('gather'),
    prompt: draftPrompt,
    retryPrompt: promptSchema.nullable().default(null),
    input: z.enum(['digits', 'speech', 'digits_or_speech']).default('digits'),
    tag: tagSchema,
    minLength: z.int().min(1).max(64).default(1),
    maxLength: z.int().min(1).max(64).default(32),
    terminator: z.enum(['#', '*']).nullable().default('#'),
    timeoutSeconds: timeoutSeconds.default(5),
    tries: tries.default(3),
    language: languageSchema.default('en-US'),
    hints: z.array(z.string().min(1).max(100)).max(100).default([]),
    next: exit,
    noAnswer: exit,
  }),
  z.strictObject({
    kind: z.literal('hours'),
    hours: hoursSchema.nullable().default(null),
    open: exit,
    closed: exit,
  }),
  z.strictObject({
    kind: z.literal('condition'),
    branches: z.array(z.strictObject({ when: conditionSchema, next: exit })).max(50),
    otherwise: exit,
  }),
  z.strictObject({
    kind: z.literal('set_tag'),
    tag: tagSchema,
    value: z.string().min(1).max(256),
    next: exit,
  }),
  z.strictObject({
    kind: z.literal('lookup'),
    url: serviceUrlSchema,
    /** Within the time a carrier waits: see docs/ivr.md. */
    timeoutMs: z.int().min(50).max(1000).default(500),
    fields: z
      .array(z.strictObject({ path: z.string().min(1).max(256), tag: tagSchema }))
      .max(50)
      .default([]),
    next: exit,
    failed: exit,
  }),
  z.strictObject({
    kind: z.literal('splitter'),
    branches: z.array(z.strictObject({ percent: z.number().min(0).max(100), next: exit })).max(50),
  }),
  z.strictObject({ kind: z.literal('route') }),
  z.strictObject({
    kind: z.literal('forward'),
    destination: destinationSchema,
    ringTimeoutSeconds: ringTimeoutSchema.default(30),
    outcome: outcome.default('no_candidate'),
  }),
  z.strictObject({
    kind: z.literal('voicemail'),
    prompt: draftPrompt,
    maxSeconds: z.int().min(1).max(3600).default(120),
    outcome: outcome.default('no_candidate'),
  }),
  z.strictObject({ kind: z.literal('goto'), next: exit }),
  z.strictObject({
    kind: z.literal('hang_up'),
    prompt: promptSchema.nullable().default(null),
    outcome: outcome.default('abandoned_ivr'),
  }),
]) satisfies z.ZodType<FlowNode>;

/** One version of an IVR flow, or a draft of one: shape only. Whether it holds together is `domain/ivr`'s to say. */
export const flowSchema = z.strictObject({
  start: exit,
  nodes: z.record(nodeIdSchema, flowNodeSchema).refine((nodes) => Object.keys(nodes).length <= MOST_NODES, {
    error: `has more than ${MOST_NODES} nodes`,
  }),
}) satisfies z.ZodType<Flow>;
