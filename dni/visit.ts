/*
 * How the visitor came here. Addresses go without their query, which can hold anything; of it only what advertising
 * systems put there is taken.
 */

const UTM = ['utm_source', 'utm_medium', 'utm_campaign', 'utm_term', 'utm_content'];
const CLICK_IDS = ['gclid', 'gbraid', 'wbraid', 'msclkid', 'fbclid'];

/** As the server takes it. */
export interface Visit {
  readonly landingPage: string;
  readonly referrer?: string;
  readonly utm: Readonly<Record<string, string>>;
  readonly clickIds: Readonly<Record<string, string>>;
}

export function readVisit(): Visit {
  const query = new URLSearchParams(location.search);
  const pick = (names: readonly string[], longest: number): Record<string, string> => {
    const found: Record<string, string> = {};
    for (const name of names) {
      const value = query.get(name);
      if (value) found[name] = value.slice(0, longest);
    }
    return found;
  };
  const referrer = outsideReferrer();
  return {
    landingPage: (location.origin + location.pathname).slice(0, 2048),
    ...(referrer === null ? {} : { referrer }),
    utm: pick(UTM, 256),
    clickIds: pick(CLICK_IDS, 512),
  };
}

/** Whether the visitor has come by an advertisement, or anything else that says so: a new visit begins. */
export function isArrival({ utm, clickIds }: Visit): boolean {
  return Object.keys(utm).length + Object.keys(clickIds).length > 0;
}

function outsideReferrer(): string | null {
  try {
    const { host, origin, pathname } = new URL(document.referrer);
    return host === location.host ? null : (origin + pathname).slice(0, 2048);
  } catch {
    return null;
  }
}
