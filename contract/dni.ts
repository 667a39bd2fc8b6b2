import { z } from 'zod';
import { CLICK_ID_FIELDS, UTM_FIELDS, type Visitor } from '../domain/dni/visitor';
import type { DniPoolId, DniSessionId } from '../domain/ids';

/*
 * What a web page tells of its visitor, and what it gets. Pages' addresses lose their query here: people are sent links
 * with their names and e-mail addresses in it.
 */

/** Session ids are 128 random bits, of the visitor's browser or ours. */
export const dniSessionIdSchema = z
  .string()
  .regex(/^ses_[0-9a-f]{32}$/, 'must be an id of a session: ses_ and 32 hexadecimal digits')
  .transform((id) => id as DniSessionId);

/** Origin and path of an address of the web; parts of the path that look like e-mail addresses are blotted out. */
export function pageAddress(text: string): string | null {
  if (!URL.canParse(text)) return null;
  const { protocol, origin, pathname } = new URL(text);
  if (protocol !== 'https:' && protocol !== 'http:') return null;
  return origin + pathname.replace(/[^/]*(?:@|%40)[^/]*/gi, '-').slice(0, 512);
}

const address = z
  .string()
  .max(4096)
  .transform(pageAddress)
  .describe('An http(s) address. Only its origin and path are kept.');

function texts<const K extends string>(names: readonly K[], longest: number) {
  const text = z.string().min(1).max(longest);
  return z.partialRecord(z.enum(names), text);
}

/** Tags a visitor has at most. */
export const MOST_TAGS = 20;
/** Tags a page sets of its visitor. */
export const pageTagsSchema = z
  .record(z.string().regex(/^[A-Za-z0-9_.-]{1,48}$/, 'must be a name of a tag'), z.string().max(256))
  .refine((tags) => Object.keys(tags).length <= MOST_TAGS, `has more than ${MOST_TAGS} tags`);

/** What is known of how a visitor came. A part that is left out stays as it was told before. */
export const visitFactsSchema = z.strictObject({
  landingPage: address.optional(),
  referrer: address.optional(),
  utm: texts(UTM_FIELDS, 256).optional(),
  clickIds: texts(CLICK_ID_FIELDS, 512).optional(),
  tags: pageTagsSchema.optional(),
});
export type VisitFacts = z.output<typeof visitFactsSchema>;

/** Body of `POST /dni/v1/{pool}/lease`. */
export const leaseRequestSchema = z.strictObject({
  session: dniSessionIdSchema.nullish().transform((session) => session ?? undefined),
  /** The visitor has not agreed to anything being kept: only a static number can come of it. */
  keepNothing: z.boolean().default(false),
  ...visitFactsSchema.shape,
});

/** Body of `POST /dni/v1/{pool}/heartbeat`. */
export const heartbeatRequestSchema = z.strictObject({ session: dniSessionIdSchema });

/** Body of `POST /dni/v1/{pool}/tags`. */
export const tagsRequestSchema = z.strictObject({ session: dniSessionIdSchema, tags: pageTagsSchema });

/** The visitor as a call keeps it. */
export const visitorSchema = z.strictObject({
  poolId: z.string().transform((id) => id as DniPoolId),
  sessionId: z.string().transform((id) => id as DniSessionId),
  landingPage: z.string().nullable().describe('Without its query.'),
  referrer: z.string().nullable().describe('Without its query.'),
  utm: z.partialRecord(z.enum(UTM_FIELDS), z.string()),
  clickIds: z.partialRecord(z.enum(CLICK_ID_FIELDS), z.string()),
  tags: z.record(z.string(), z.string()).describe('What the page said of its visitor.'),
}) satisfies z.ZodType<Visitor>;
