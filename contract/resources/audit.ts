import { z } from 'zod';
import { pageQuery, searchable } from '../page';
import { instantSchema } from './ids';

export const auditEntrySchema = z.strictObject({
  id: z.string().regex(/^\d+$/).describe('Entries are numbered in the order in which they were written.'),
  at: instantSchema,
  actor: z.string().describe('`admin`, or `admin (name)` as the request said.'),
  action: z.string().describe('What was done: `create`, `update`, `delete`, `activate`, `publish`.'),
  entity: z
    .string()
    .describe(
      'What it was done to: `campaign`, `number`, `publisher`, `buyer`, `assignment`, `blocked_caller`, `dni_pool`.',
    ),
  entityId: z.string(),
  campaignId: z.string().nullable(),
  before: z.unknown().describe('As the API showed it; `null`: it was not there.'),
  after: z.unknown().describe('`null`: it is gone.'),
  requestId: z.string(),
});
export type AuditEntry = z.infer<typeof auditEntrySchema>;

export const auditListQuerySchema = z.strictObject({
  entity: searchable.optional(),
  entityId: searchable.optional(),
  campaignId: searchable.optional(),
  ...pageQuery,
});
