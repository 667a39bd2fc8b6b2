import type { Qualifications } from '../call/commands';
import type { DniPoolId, DniSessionId } from '../ids';
import { withTags } from '../ivr/tags';

/** What search and advertising systems put behind the address of a page, and each becomes a tag of the call. */
export const UTM_FIELDS = ['utm_source', 'utm_medium', 'utm_campaign', 'utm_term', 'utm_content'] as const;
export type UtmField = (typeof UTM_FIELDS)[number];

/** Ids of clicks on advertisements: of Google (three), Microsoft, Meta. */
export const CLICK_ID_FIELDS = ['gclid', 'gbraid', 'wbraid', 'msclkid', 'fbclid'] as const;
export type ClickIdField = (typeof CLICK_ID_FIELDS)[number];

/** Who called, as far as the web page they came from tells. A call keeps it as it was when it came. */
export interface Visitor {
  readonly poolId: DniPoolId;
  readonly sessionId: DniSessionId;
  /** Address of the first page, without its query; `null`: not told. */
  readonly landingPage: string | null;
  /** Address of the page that led there, without its query. */
  readonly referrer: string | null;
  readonly utm: Readonly<Partial<Record<UtmField, string>>>;
  readonly clickIds: Readonly<Partial<Record<ClickIdField, string>>>;
  /** What the page said by `callyard.setTags`. */
  readonly tags: Readonly<Record<string, string>>;
}

/** Before the names of tags that a page has set: a page cannot set what an operator or a flow goes by. */
export const PAGE_TAG_PREFIX = 'visitor_';

/** Tags of a visitor's call besides `UTM_FIELDS` and `CLICK_ID_FIELDS`: the page they came to, and their session. */
export const VISIT_TAGS = { landingPage: 'landing_page', sessionId: 'dni_session' } as const;
/** Characters of a landing page's address that its tag has at most. */
const LONGEST_PAGE_TAG = 512;

/**
 * The tags a call begins with. Where two say the same tag, the number's own wins over the visitor's, and the visitor's
 * over the pool's.
 */
export function tagsOfCall(
  number: Qualifications,
  pool: Qualifications,
  visitor: Visitor | null,
): Qualifications {
  if (visitor === null) return { ...pool, ...number };
  const page = Object.entries(visitor.tags).map(([tag, value]) => [`${PAGE_TAG_PREFIX}${tag}`, value]);
  const visit = {
    [VISIT_TAGS.sessionId]: visitor.sessionId,
    ...(visitor.landingPage === null
      ? {}
      : { [VISIT_TAGS.landingPage]: visitor.landingPage.slice(0, LONGEST_PAGE_TAG) }),
  };
  const own = { ...pool, ...visit, ...visitor.utm, ...visitor.clickIds, ...number };
  // What a page says is bounded by what there is room for; what was set by operators is there in any case.
  return { ...withTags(own, Object.fromEntries(page)), ...number };
}
