import { z } from 'zod';
import type { AssignmentId, BuyerId, CampaignId, PublisherId } from '../../domain/ids';

/*
 * Ids of what operators configure: a prefix that says what it is, then what they chose or we made up.
 */

function idSchema<T extends string>(prefix: string) {
  return z
    .string()
    .regex(
      new RegExp(`^${prefix}_[a-z0-9_]{1,40}$`),
      `must be an id: ${prefix}_ and up to 40 of a-z, 0-9 and _`,
    )
    .transform((id) => id as T);
}

export const campaignIdSchema = idSchema<CampaignId>('cmp');
export const publisherIdSchema = idSchema<PublisherId>('pub');
export const buyerIdSchema = idSchema<BuyerId>('buy');
export const assignmentIdSchema = idSchema<AssignmentId>('asg');
/** An entry of the block list. */
export const blockedCallerIdSchema = z
  .string()
  .regex(/^blk_[a-z0-9_]{1,40}$/, 'must be an id: blk_ and up to 40 of a-z, 0-9 and _');

export const revisionSchema = z
  .int()
  .min(1)
  .describe('Counts the edits people have made, from 1; also the `ETag`.');
/** One that PostgreSQL can read too: it knows no year 0000, and no instant of more than some hundred characters. */
export const instantSchema = z.iso
  .datetime('must be an instant, for example 2026-03-02T00:00:00Z')
  .refine(
    (at) => !at.startsWith('0000') && !/\.\d{10}/.test(at),
    'must be in the years 0001 to 9999, with at most 9 digits of a second',
  );

/** What every resource has. */
export const resourceFields = {
  revision: revisionSchema,
  createdAt: instantSchema,
  updatedAt: instantSchema,
};

/** A name for people. */
export const nameSchema = z.string().trim().min(1, 'must not be empty').max(120);
