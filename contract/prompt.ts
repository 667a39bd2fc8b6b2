import { z } from 'zod';
import type { E164 } from '../domain/ids';
import type { Destination, Prompt } from '../domain/instructions';
import type { Treatment } from '../domain/treatment';

/*
 * What callers hear and where they are sent, as it crosses a boundary. Each schema is held to the domain's type, so
 * that the two cannot drift apart.
 */

/** E.164 exactly. Input that people type is normalised before it gets here: `contract/telephone.ts`. */
export const e164Schema = z
  .string()
  .regex(/^\+[1-9]\d{3,14}$/, 'must be a telephone number in E.164, for example +14155550100')
  .transform((text) => text as E164);

export const languageSchema = z
  .string()
  .regex(/^[A-Za-z0-9_-]{2,35}$/, 'must be a BCP 47 language, for example en-US');

export const promptSchema = z.union([
  z.strictObject({
    text: z.string().min(1).max(4096),
    language: languageSchema,
    voice: z.string().min(1).max(64).optional(),
  }),
  z.strictObject({
    audioUrl: z.url({ protocol: /^https?$/, error: 'must be an http(s) URL of a sound file' }).max(2048),
  }),
]) satisfies z.ZodType<Prompt>;

export const destinationSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('tel'), number: e164Schema }),
  z.strictObject({
    kind: z.literal('sip'),
    uri: z.string().regex(/^sips?:[^\s@]+@[^\s@]+$/, 'must be a SIP URI'),
  }),
]) satisfies z.ZodType<Destination>;

/** Seconds a telephone rings at most: what every carrier takes. */
export const ringTimeoutSchema = z.int().min(5).max(120);

export const treatmentSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('message'), prompt: promptSchema }),
  z.strictObject({ kind: z.literal('reject'), reason: z.enum(['busy', 'rejected']) }),
  z.strictObject({
    kind: z.literal('forward'),
    destination: destinationSchema,
    ringTimeoutSeconds: ringTimeoutSchema,
  }),
  z.strictObject({
    kind: z.literal('voicemail'),
    prompt: promptSchema,
    maxSeconds: z.int().min(1).max(3600),
  }),
]) satisfies z.ZodType<Treatment>;
