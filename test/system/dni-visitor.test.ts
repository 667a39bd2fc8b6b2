import type { DniPoolStatus } from '../../contract/resources/dni-pool';
import { loadCallSnapshot } from '../../db/queries/events/callSnapshot';
import { ask, insertPool, letPass, numbersFrom, takeOut } from './dni-fixture';
import { OWN, pretty, startSite, until, type Site, type SiteVisitor } from './dni-site';
import { placeCall } from './placing';
import { startSystem, type SystemUnderTest } from './system';

const STATIC = '+14155557100';
const OVERFLOW = '+14155557101';

describe('visitors of a page, in a browser', () => {
  let system: SystemUnderTest;
  let site: Site;
  let visitor: SiteVisitor;
  const numbers = numbersFrom('+16285558000', 30);
  const few = numbersFrom('+16285557000', 1);
  let pool: string;
  let small: string;
  beforeAll(async () => {
    system = await startSystem();
    const rule = { source: 'utm_source', equals: 'newsletter', number: STATIC };
    pool = await insertPool(
      system.db,
      { key: 'wide', numbers, leaseSeconds: 60, staticNumbers: [rule] },
      OWN,
    );
    small = await insertPool(system.db, { key: 'small', numbers: few, overflow: OVERFLOW }, '+14155557999');
    site = await startSite(system);
  });
  afterAll(async () => {
    await site.stop();
    await system.stop();
  });
  beforeEach(async () => {
    visitor = await site.newVisitor();
  });
  afterEach(() => visitor.context.close());

  const evaluate = <T>(script: string): Promise<T> => visitor.page.evaluate(script);
  const number = (): Promise<string> => evaluate('callyard.getNumber()');
  const kept = (): Promise<[string, string | null]> =>
    evaluate('[document.cookie, localStorage.getItem("callyard")]');
  const assigned = () => until(visitor.page, `callyard.getNumber() !== '${OWN}'`);
  const bodies = (): unknown[] => visitor.asked.map(({ body }) => body);
  const settle = () => visitor.page.waitForTimeout(300);
  const holder = async (leased: string): Promise<{ live_until: string; session_id: string }> =>
    (
      await system.db.query<{ live_until: string; session_id: string }>(
        'SELECT live_until, session_id FROM dni_numbers WHERE e164 = $1',
        [leased],
      )
    ).rows[0] ?? { live_until: '', session_id: '' };

  it('have one number on every page and in every tab, and another visitor another', async () => {
    site.serve({ pool });
    await visitor.open('/?utm_source=google');
    await assigned();
    const mine = await number();
    await visitor.open('/second');
    await assigned();
    const tab = await visitor.context.newPage();
    await tab.goto(`${site.origin}/third`);
    await until(tab, `window.callyard?.getNumber?.() === '${mine}'`);
    expect(await number()).toBe(mine);
    const other = await site.newVisitor();
    await other.open();
    await until(other.page, `callyard.getNumber() !== '${OWN}'`);
    expect(await other.page.evaluate('callyard.getNumber()')).not.toBe(mine);
    await other.context.close();
    const { rows } = await system.db.query('SELECT utm, landing_page FROM dni_sessions WHERE id = $1', [
      (await holder(mine)).session_id,
    ]);
    expect(rows).toEqual([{ utm: { utm_source: 'google' }, landing_page: `${site.origin}/` }]);
  });

  it('who call are known by their number, also when they call late', async () => {
    site.serve({ pool });
    await visitor.open('/roofs?utm_source=google&utm_campaign=spring&gclid=abc&email=jane@example.com');
    await assigned();
    await evaluate('callyard.setTags({ plan: "gold" })');
    await settle();
    const to = await number();
    const { session_id: sessionId } = await holder(to);
    const seen = {
      poolId: pool,
      sessionId,
      landingPage: `${site.origin}/roofs`,
      referrer: null,
      utm: { utm_source: 'google', utm_campaign: 'spring' },
      clickIds: { gclid: 'abc' },
      tags: { plan: 'gold' },
    };
    const { call } = await placeCall(system, { to });
    expect(call.visitor).toEqual(seen);
    const tags = {
      utm_source: 'google',
      gclid: 'abc',
      visitor_plan: 'gold',
      landing_page: seen.landingPage,
      dni_session: sessionId,
    };
    expect(call.qualifications).toMatchObject(tags);
    expect(await loadCallSnapshot(system.db, call.id)).toMatchObject({ call: { visitor: seen, tags } });
    await visitor.page.goto('about:blank');
    await letPass(system.db, 3_600);
    const late = await placeCall(system, { to, from: '+14155550124' });
    expect(late.call.visitor).toEqual(seen);
  });

  it('keep their number as long as they look at the page', async () => {
    site.serve({ pool });
    await visitor.page.clock.install();
    await visitor.open();
    await assigned();
    const mine = await number();
    await letPass(system.db, 30);
    const before = (await holder(mine)).live_until;
    await visitor.page.clock.fastForward(16_000);
    await settle();
    expect(Date.parse((await holder(mine)).live_until)).toBeGreaterThan(Date.parse(before) + 20_000);
    // Who leaves gives a last sign of life, and who does not look gives none.
    const turn = (state: string) =>
      evaluate(`
        Object.defineProperty(document, 'visibilityState', { get: () => '${state}', configurable: true });
        document.dispatchEvent(new Event('visibilitychange'))`);
    const asked = visitor.asked.length;
    await turn('hidden');
    await settle();
    expect(visitor.asked.slice(asked).map(({ path }) => path)).toEqual([`/dni/v1/${pool}/heartbeat`]);
    await visitor.page.clock.fastForward(60_000);
    await settle();
    expect(visitor.asked.length).toBe(asked + 1);
    // Meanwhile the number has gone.
    await letPass(system.db, 120);
    expect(await takeOut(system.db, pool, mine)).toBe(true);
    await turn('visible');
    await until(visitor.page, `callyard.getNumber() !== '${mine}'`);
    const next = await number();
    expect(numbers).toContain(next);
    await visitor.shows(pretty(next));
    await system.db.query('INSERT INTO dni_numbers (pool_id, e164) VALUES ($1, $2)', [pool, mine]);
  });

  it('who have not agreed leave no trace, and get the page’s own number', async () => {
    site.serve({ pool, attributes: 'data-consent="required"' });
    await visitor.open('/?utm_source=google&gclid=abc');
    await evaluate('callyard.setTags({ plan: "gold" })');
    await settle();
    expect(visitor.asked).toEqual([]);
    expect(await kept()).toEqual(['', null]);
    expect(await visitor.text()).toContain(pretty(OWN));
    await evaluate('callyard.consent(true)');
    await assigned();
    const [cookie, store] = await kept();
    expect(cookie).toMatch(/^callyard_session=ses_[0-9a-f]{32}$/);
    expect(store).toContain('abc');
    expect(bodies()).toMatchObject([{ clickIds: { gclid: 'abc' }, tags: { plan: 'gold' } }]);
    await evaluate('callyard.consent(false)');
    await visitor.shows(pretty(OWN));
    expect([await number(), ...(await kept())]).toEqual([OWN, '', null]);
    await evaluate('callyard.consent(true)');
    await assigned();
    // Taken back on another page, which has nothing yet.
    await visitor.open('/privacy');
    expect((await kept())[0]).not.toBe('');
    await evaluate('callyard.consent(false)');
    expect(await kept()).toEqual(['', null]);
  });

  it('whose browser keeps nothing have a number as long as the page does not load anew', async () => {
    await visitor.page.addInitScript(`
      Object.defineProperty(Document.prototype, 'cookie', { get: () => '', set: () => undefined });
      Storage.prototype.setItem = () => { throw new Error('full'); }`);
    site.serve({ pool });
    await visitor.open('/first?utm_source=google');
    await assigned();
    const mine = await number();
    await evaluate(`history.pushState({}, '', '/second')`);
    await settle();
    expect(await number()).toBe(mine);
    expect(visitor.asked).toHaveLength(1);
    expect(visitor.complaints).toEqual([]);
  });

  it('whose browser says no to being tracked are not, but may get the number of their source', async () => {
    await visitor.page.addInitScript(
      `Object.defineProperty(Navigator.prototype, 'globalPrivacyControl', { get: () => true })`,
    );
    site.serve({ pool });
    await visitor.open('/?utm_source=google&gclid=private');
    await settle();
    expect(await visitor.text()).toContain(pretty(OWN));
    expect(bodies()).toEqual([{ keepNothing: true, utm: { utm_source: 'google' } }]);
    await visitor.open('/?utm_source=Newsletter&gclid=private');
    await visitor.shows(pretty(STATIC));
    expect(await kept()).toEqual(['', null]);
    expect(JSON.stringify(bodies())).not.toContain('private');
    const { rows } = await system.db.query(
      `SELECT 1 FROM dni_sessions WHERE click_ids->>'gclid' = 'private'`,
    );
    expect(rows).toEqual([]);
  });

  it('of a source with a number of its own get that, on every page', async () => {
    site.serve({ pool });
    await visitor.open('/?utm_source=newsletter');
    await visitor.shows(pretty(STATIC));
    await visitor.open('/second');
    await visitor.shows(pretty(STATIC));
  });

  it('for whom no number is left get the overflow number, and are counted', async () => {
    await ask(system.db, { pool: small });
    site.serve({ pool: small });
    await visitor.open();
    await visitor.shows(pretty(OVERFLOW));
    const response = await system.get(`/api/v1/dni-pools/${small}/status`);
    const status = (await response.json()) as DniPoolStatus;
    expect(status).toMatchObject({ numbers: 1, leased: 1, exhaustedToday: 1 });
    const metrics = await (await system.get('/metrics')).text();
    expect(metrics).toContain(`callyard_dni_exhausted_total{pool="${small}"} 1`);
    await system.db.query('UPDATE dni_pools SET overflow_number = NULL WHERE id = $1', [small]);
    const other = await site.newVisitor();
    await other.open();
    await other.page.waitForTimeout(300);
    expect(await other.text()).toContain(pretty(OWN));
    await other.context.close();
  });

  it.each([
    ['is down', 'abort'],
    ['takes longer than two seconds', 'slow'],
    ['says nothing', ''],
    ['says nonsense', '<html>'],
    ['says something else', '{"number": "call us"}'],
    ['says that it is busy', 503],
  ] as const)('see the page’s own number when the server %s', async (_what, fault) => {
    site.serve({ pool });
    await visitor.context.route('**/lease', async (route) => {
      if (fault === 'abort') return route.abort();
      if (fault === 'slow') {
        await new Promise((resolve) => setTimeout(resolve, 2_500));
        // The page has given up by then.
        return route
          .fulfill({
            json: { number: numbers[0], heartbeatSeconds: 15 },
            headers: { 'Access-Control-Allow-Origin': '*' },
          })
          .catch(() => undefined);
      }
      const headers = { 'Access-Control-Allow-Origin': '*' };
      return route.fulfill(typeof fault === 'number' ? { status: fault, headers } : { body: fault, headers });
    });
    await visitor.open();
    await visitor.page.waitForTimeout(fault === 'slow' ? 3_000 : 300);
    expect(await visitor.text()).toContain(pretty(OWN));
    expect(await number()).toBe(OWN);
    expect(visitor.complaints.filter((text) => !/Failed to load resource/.test(text))).toEqual([]);
  });

  it('of a page whose pool is gone, or not for this site, see its own number', async () => {
    site.serve({ pool: 'dni_nobody' });
    await visitor.open();
    await settle();
    expect(await visitor.text()).toContain(pretty(OWN));
    await system.db.query(
      `UPDATE dni_pools SET allowed_origins = '{https://www.example.com}' WHERE id = $1`,
      [small],
    );
    site.serve({ pool: small });
    await visitor.open();
    await settle();
    expect(await visitor.text()).toContain(pretty(OWN));
  });

  it('go on with the number a server of the site has shown', async () => {
    const answer = await fetch(`${system.baseUrl}/api/v1/dni-pools/${pool}/leases`, {
      method: 'POST',
      headers: { authorization: `Bearer ${system.adminKey}`, 'content-type': 'application/json' },
      body: JSON.stringify({ landingPage: 'https://www.example.com/', utm: { utm_source: 'radio' } }),
    });
    const lease = (await answer.json()) as { number: string; session: string };
    await visitor.context.addCookies([{ name: 'callyard_session', value: lease.session, url: site.origin }]);
    site.serve({ pool, body: `Call ${pretty(lease.number)}` });
    await visitor.open('/page');
    await assigned();
    expect(await number()).toBe(lease.number);
    const { rows } = await system.db.query('SELECT utm, landing_page FROM dni_sessions WHERE id = $1', [
      lease.session,
    ]);
    expect(rows).toEqual([{ utm: { utm_source: 'radio' }, landing_page: 'https://www.example.com/' }]);
  });
});
