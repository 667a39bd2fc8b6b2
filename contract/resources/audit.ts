import { z } from 'zod';
import { pageQuery, searchable } from '../page';
import { instantSchema } from './ids';

export const auditEntrySchema = z.strictObject({
  /** Entries are numbered in the order in which they were written. */
  id: z.string().regex(/^\d+$/),
  at: instantSchema,
  /** `admin`, or `admin (name)` as the request said. */
  actor: z.string(),
  /** What was done: `create`, `update`, `delete`, `activate`, `publish`. */
  action: z.string(),
  /** What it was done to: `campaign`, `number`, `publisher`, `buyer`, `assignment`, `blocked_caller`. */
  entity: z.string(),
  entityId: z.string(),
  campaignId: z.string().nullable(),
  /** As the API showed it; `null`: it was not there. */
  before: z.unknown(),
  /** `null`: it is gone. */
  after: z.unknown(),
  requestId: z.string(),
});
export type AuditEntry = z.infer<typeof auditEntrySchema>;

export const auditListQuerySchema = z.strictObject({
  entity: searchable.optional(),
  entityId: searchable.optional(),
  campaignId: searchable.optional(),
  ...pageQuery,
});
