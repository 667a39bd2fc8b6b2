import { z } from 'zod';

/** What can go wrong at the edge, by the code clients may rely on. */
export const PROBLEM_CODES = [
  'malformed_webhook',
  'invalid_request',
  'signature_missing',
  'signature_mismatch',
  'origin_not_allowed',
  'unauthorized',
  'secret_mismatch',
  'not_found',
  'method_not_allowed',
  'stale_step',
  'conflict',
  'not_ready',
  'stale_revision',
  'too_large',
  'unsupported_media_type',
  'unprocessable',
  'idempotency_mismatch',
  'too_many_requests',
  'unavailable',
  'internal',
] as const;
export type ProblemCode = (typeof PROBLEM_CODES)[number];

export const fieldErrorSchema = z.strictObject({
  pointer: z
    .string()
    .describe(
      'JSON Pointer (RFC 6901) into the body, or the name of a query parameter or header behind a slash.',
    ),
  message: z.string(),
});
export type FieldError = Readonly<z.infer<typeof fieldErrorSchema>>;

/** Problem details (RFC 9457), the body of every error. */
export const problemSchema = z.strictObject({
  type: z.string(),
  title: z.string(),
  status: z.int().min(400).max(599),
  code: z.enum(PROBLEM_CODES),
  detail: z.string().describe('What to do about it.'),
  errors: z.array(fieldErrorSchema).optional(),
  requestId: z.string().describe('Also in the header `X-Request-Id`, and in the log.'),
});
