import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { launchBrowser } from '../environment/browser';
import { eventually } from './eventually';
import type { SystemUnderTest } from './system';

/** The page's own number, and some ways to write it. */
export const OWN = '+14155557000';

/** What a page is made of. */
export interface TestPage {
  readonly pool: string;
  /** Of the tag, beside `data-pool` and `data-numbers`. */
  readonly attributes?: string;
  readonly body?: string;
}

/** Somebody's web site, on an origin of its own, with a policy that lets no script run but its own and ours. */
export interface Site {
  readonly origin: string;
  readonly browser: Browser;
  /** What the next pages are. */
  serve(page: TestPage): void;
  /** A browser that knows nothing. */
  newVisitor(): Promise<SiteVisitor>;
  stop(): Promise<void>;
}

export interface Asked {
  readonly path: string;
  /** As parsed; `null`: none that can be read. */
  readonly body: unknown;
}

/** A browser of one visitor, and all it asked and complained of. */
export interface SiteVisitor {
  readonly context: BrowserContext;
  readonly page: Page;
  /** Requests to us, but for the script. */
  readonly asked: Asked[];
  readonly complaints: string[];
  /** Opens a page of the site, and waits until the script has run. */
  open(path?: string): Promise<void>;
  /** Text of the page as it is seen. */
  text(): Promise<string>;
  /** Waits until the page shows this. */
  shows(text: string): Promise<void>;
}

export async function startSite(system: SystemUnderTest): Promise<Site> {
  let current: TestPage = { pool: 'dni_none' };
  const server = createServer((req, res) => {
    if (req.url === '/favicon.ico') {
      res.writeHead(204).end();
      return;
    }
    res.writeHead(200, {
      'Content-Type': 'text/html; charset=utf-8',
      'Content-Security-Policy': `default-src 'none'; script-src 'self' ${system.baseUrl}; connect-src ${system.baseUrl}`,
    });
    res.end(render(system.baseUrl, current));
  });
  const [browser] = await Promise.all([launchBrowser(), listen(server)]);
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    origin,
    browser,
    serve: (page) => void (current = page),
    async newVisitor() {
      const context = await browser.newContext();
      const page = await context.newPage();
      const asked: Asked[] = [];
      const complaints: string[] = [];
      context.on('request', (request) => {
        if (!request.url().startsWith(system.baseUrl) || request.url().endsWith('.js')) return;
        const { pathname } = new URL(request.url());
        asked.push({ path: pathname, body: JSON.parse(request.postData() ?? 'null') });
      });
      page.on('console', (message) => {
        if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
      });
      page.on('pageerror', (error) => complaints.push(error.message));
      const text = (): Promise<string> => page.locator('body').innerText();
      return {
        context,
        page,
        asked,
        complaints,
        async open(path = '/') {
          await page.goto(origin + path);
          await until(page, '!!window.callyard && !!window.callyard.getNumber');
        },
        text,
        async shows(wanted) {
          await until(page, `document.body.innerText.includes(${JSON.stringify(wanted)})`);
        },
      };
    },
    async stop() {
      await browser.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function render(baseUrl: string, { pool, attributes = '', body = 'Call (415) 555-7000' }: TestPage): string {
  return `<!doctype html><html lang="en"><head><title>Roofs</title>
    <script src="${baseUrl}/dni/v1/callyard.js" data-pool="${pool}" data-numbers="${OWN}" ${attributes} async></script>
    </head><body>${body}</body></html>`;
}

function listen(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
}

/** Waits until an expression is true. Playwright's own way to wait evaluates in the page, which the site's policy forbids. */
export async function until(page: Page, expression: string): Promise<void> {
  await eventually(async () => {
    if ((await page.evaluate(`!!(${expression})`)) !== true) throw new Error(`never true: ${expression}`);
  }, 10_000);
}

/** `+14155557001` as (415) 555-7001. */
export function pretty(number: string): string {
  return number.replace(/^\+1(\d{3})(\d{3})(\d{4})$/, '($1) $2-$3');
}
