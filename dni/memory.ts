import type { Visit } from './visit';

/*
 * What the browser keeps between pages, once it may: the session in a first-party cookie, which a server that renders
 * pages can read too, and how the visitor came in the local storage. Either may be refused; then there is less to go by.
 */

const COOKIE = 'callyard_session';
const STORE = 'callyard';
const SESSION = /^ses_[0-9a-f]{32}$/;
/** Seconds. */
const KEPT = 30 * 86_400;

export interface Remembered {
  readonly session: string | null;
  readonly visit: Visit | null;
}

export function recall(): Remembered {
  const valid = (session: string | undefined): string | null =>
    session !== undefined && SESSION.test(session) ? session : null;
  const session = valid(new RegExp(`(?:^|; )${COOKIE}=(\\w+)`).exec(document.cookie)?.[1]);
  try {
    const kept = JSON.parse(localStorage.getItem(STORE) ?? '{}') as { session?: string; visit?: Visit };
    return { session: session ?? valid(kept.session), visit: kept.visit ?? null };
  } catch {
    return { session, visit: null };
  }
}

/** @param domain of the cookie, so that other hosts of the site have it too; `null`: this host alone */
export function remember(session: string, visit: Visit | null, domain: string | null): void {
  setCookie(session, KEPT, domain);
  try {
    localStorage.setItem(STORE, JSON.stringify({ session, visit }));
  } catch {
    // The cookie does.
  }
}

export function forget(domain: string | null): void {
  setCookie('', 0, domain);
  try {
    localStorage.removeItem(STORE);
  } catch {
    // Then there is nothing in it.
  }
}

function setCookie(value: string, seconds: number, domain: string | null): void {
  const scope = domain === null ? '' : `; domain=${domain}`;
  const secure = location.protocol === 'https:' ? '; secure' : '';
  document.cookie = `${COOKIE}=${value}; path=/; max-age=${seconds}; samesite=lax${scope}${secure}`;
}
