import { forget, recall, remember } from './memory';
import { watchPage } from './page';
import { createServer } from './server';
import { isArrival, readVisit, type Visit } from './visit';

/*
 * The script in the page: `<script src="…/dni/v1/callyard.js" data-pool="dni_…" data-numbers="+14155550100" async>`.
 */

/** What pages can call, as `window.callyard`. */
export interface Callyard {
  /** The number the page shows, E.164; `null`: none is known. */
  getNumber(): string | null;
  /** Says something of the visitor; calls of theirs carry it. */
  setTags(tags: Record<string, string>): void;
  /** Calls back with each number the visitor gets, E.164, and at once with the one they have. */
  onAssign(callback: (number: string) => void): void;
  /** With `data-consent="required"`, nothing is kept or sent before `true`. `false` forgets what was kept. */
  consent(given: boolean): void;
  /** For pages that do not know whether the script is there yet: `(window.callyard = window.callyard || []).push(c => …)`. */
  push(task: (callyard: Callyard) => void): void;
}

declare global {
  interface Window {
    callyard?: Callyard | ((callyard: Callyard) => void)[];
  }
  interface Document {
    readonly prerendering?: boolean;
  }
  interface Navigator {
    readonly globalPrivacyControl?: boolean;
  }
}

function start(script: HTMLScriptElement): void {
  const setting = (name: string): string | null => script.getAttribute(`data-${name}`);
  const domain = setting('cookie-domain');
  const own = (setting('numbers') ?? '').split(',').map((number) => number.replace(/\D/g, ''));
  const numbers = own.filter((number) => number !== '');
  const server = createServer(script.src.replace(/[^/]*$/, '') + encodeURIComponent(setting('pool') ?? ''));
  const page = watchPage(numbers);
  const keepNothing = navigator.globalPrivacyControl === true;
  const told: ((number: string) => void)[] = [];
  let allowed = setting('consent') !== 'required';
  let session: string | null = null;
  let number: string | null = null;
  let tags: Record<string, string> = {};
  /** Advertisements that the visitor has come by: going back to where one led is no arrival. */
  const arrivals = new Set<string>();
  let timer: ReturnType<typeof setInterval> | undefined;
  /** Answers to what was asked before the last change of mind come too late. */
  let asked = 0;

  const own0 = numbers[0];
  const current = (): string | null => number ?? (own0 === undefined ? null : `+${own0}`);
  const show = (next: string | null): void => {
    if (next === number) return;
    number = next;
    const shown = current();
    if (shown === null) return;
    page.show(shown.slice(1));
    if (next !== null) for (const callback of told) safely(() => callback(next));
  };

  /** @returns whether there is an answer that counts */
  const lease = async (visit: Visit | null): Promise<boolean> => {
    const mine = ++asked;
    const sent = tags;
    const body = keepNothing
      ? { keepNothing, utm: visit?.utm, referrer: visit?.referrer }
      : { session, ...visit, tags: sent };
    const answer = await server.lease(body);
    if (mine !== asked || answer === null) return false;
    // What was said while we waited.
    if (tags !== sent && session !== null) server.tag(session, tags);
    tags = {};
    show(answer.number);
    clearInterval(timer);
    timer = undefined;
    if (answer.heartbeat !== null && !keepNothing) timer = setInterval(beat, answer.heartbeat * 1000);
    return true;
  };

  const beat = async (): Promise<void> => {
    if (document.visibilityState !== 'visible' || session === null || timer === undefined) return;
    const mine = asked;
    if (!(await server.beat(session)) && mine === asked) {
      // Somebody else may have the number by now, or will have it: ours is not to be shown any longer.
      clearInterval(timer);
      timer = undefined;
      if (!(await lease(null)) && mine + 1 === asked) show(null);
    }
  };

  /** A page is seen: the first, or another one without loading. */
  const visit = (): void => {
    if (!allowed) return;
    const here = readVisit();
    if (keepNothing) {
      void lease(here);
      return;
    }
    const known = recall();
    const first = session === null;
    session ??= known.session ?? newSession();
    // A session that a server of the site began knows already how the visitor came.
    if (known.visit !== null) arrivals.add(advertisementOf(known.visit));
    // Where nothing can be kept, only this page knows that it is not the first.
    const isNew =
      (isArrival(here) && !arrivals.has(advertisementOf(here))) || (first && known.session === null);
    if (isNew) arrivals.add(advertisementOf(here));
    if (isNew || first) remember(session, isNew ? here : known.visit, domain);
    if (isNew || first || number === null) void lease(isNew ? here : known.visit);
  };

  const api: Callyard = {
    getNumber: current,
    setTags(more) {
      if (keepNothing) return;
      if (session === null || number === null) tags = { ...tags, ...more };
      else server.tag(session, more);
    },
    onAssign(callback) {
      told.push(callback);
      const has = number;
      if (has !== null) safely(() => callback(has));
    },
    consent(given) {
      const before = allowed;
      allowed = given;
      if (given) {
        if (!before) safely(visit);
        return;
      }
      // Also what an earlier page has kept, when this one had nothing yet.
      asked += 1;
      clearInterval(timer);
      timer = undefined;
      session = null;
      tags = {};
      safely(() => forget(domain));
      show(null);
    },
    push: (task) => safely(() => task(api)),
  };

  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'visible') void beat();
    else if (session !== null && timer !== undefined) server.leave(session);
  });
  const later = (): void => void setTimeout(() => safely(visit));
  const pushState = history.pushState.bind(history);
  history.pushState = (...parts) => {
    pushState(...parts);
    later();
  };
  addEventListener('popstate', later);

  if (keepNothing) forget(domain);
  const waiting = window.callyard;
  window.callyard = api;
  if (Array.isArray(waiting)) for (const task of waiting) api.push(task);
  // A page that is made ready before anybody wants to see it has no visitor yet.
  if (document.prerendering === true) document.addEventListener('prerenderingchange', later, { once: true });
  else visit();
}

function advertisementOf({ utm, clickIds }: Visit): string {
  return JSON.stringify([utm, clickIds]);
}

function newSession(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return `ses_${Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}

/** Nothing of ours, or of a callback, may break the page. */
function safely(work: () => void): void {
  try {
    work();
  } catch (error) {
    console.warn('callyard', error);
  }
}

const tag = document.currentScript;
if (tag instanceof HTMLScriptElement) safely(() => start(tag));
