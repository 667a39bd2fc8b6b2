import { setTimeout } from 'node:timers/promises';
import type { Call } from '../../contract/call';
import { ask, insertPool, letPass, newVisitor, numbersFrom, takeOut } from './dni-fixture';
import { placeCall } from './placing';
import { startSystem, type SystemUnderTest } from './system';

const MAIN = '+14155556000';

describe('calls to leased numbers', () => {
  let system: SystemUnderTest;
  const numbers = numbersFrom('+14155556001', 2);
  let pool: string;
  beforeAll(async () => {
    system = await startSystem();
    const key = 'web';
    pool = await insertPool(system.db, { key, numbers, leaseSeconds: 60, graceSeconds: 600 }, MAIN);
  });
  afterAll(() => system.stop());
  beforeEach(() => letPass(system.db, 86_400));

  const facts = (source: string) => ({
    landingPage: 'https://www.example.com/roofs',
    referrer: 'https://www.google.com/',
    utm: { utm_source: source, utm_campaign: 'spring' },
    clickIds: { gclid: `click-${source}` },
    tags: { plan: 'gold' },
  });
  const call = async (to: string | null): Promise<Call> =>
    (await placeCall(system, { to: to ?? '', from: `+1415777${Math.floor(1000 + Math.random() * 9000)}` }))
      .call;

  it('are their visitor’s, and carry what is known of the visit', async () => {
    const session = newVisitor();
    const { number } = await ask(system.db, { pool, session, facts: facts('google') });
    const placed = await call(number);
    expect(placed.visitor).toEqual({ poolId: pool, sessionId: session, ...facts('google') });
    expect(placed.qualifications).toMatchObject({
      utm_source: 'google',
      utm_campaign: 'spring',
      gclid: 'click-google',
      visitor_plan: 'gold',
    });
    expect(placed.outcome).toBe('connected');
    const { rows } = await system.db.query('SELECT dni_session_id FROM calls WHERE id = $1', [placed.id]);
    expect(rows).toEqual([{ dni_session_id: session }]);
  });

  it('keep their visitor as they were, whatever becomes of them', async () => {
    const session = newVisitor();
    const { number } = await ask(system.db, { pool, session, facts: facts('bing') });
    const before = await call(number);
    await ask(system.db, { pool, session, facts: facts('facebook') });
    await system.db.query('DELETE FROM dni_sessions WHERE id = $1', [session]);
    const after = await system.callBySid(before.sid);
    expect(after?.visitor).toEqual(before.visitor);
  });

  it('are still the visitor’s in the time of grace, and nobody’s after it', async () => {
    const session = newVisitor();
    const { number } = await ask(system.db, { pool, session, facts: facts('google') });
    await letPass(system.db, 300);
    expect((await call(number)).visitor?.sessionId).toBe(session);
    await letPass(system.db, 361);
    const late = await call(number);
    expect([late.visitor, late.qualifications]).toEqual([null, {}]);
  });

  it('are the newer visitor’s when a number had to be given away in its grace', async () => {
    const [one, two, three] = [newVisitor(), newVisitor(), newVisitor()];
    const first = await ask(system.db, { pool, session: one, facts: facts('one') });
    await ask(system.db, { pool, session: two, facts: facts('two') });
    await letPass(system.db, 120);
    const again = await ask(system.db, { pool, session: three, facts: facts('three') });
    expect(again.number).toBe(first.number);
    expect((await call(again.number)).visitor?.sessionId).toBe(three);
  });

  it('are of whom the number was when the call came, also when it is looked up late', async () => {
    const { loadCallSetup } = await import('../../db/queries/setup');
    const [one, two] = [newVisitor(), newVisitor()];
    const { number } = await ask(system.db, { pool, session: one });
    // Calls come by the millisecond, leases begin by the microsecond.
    await setTimeout(20);
    const came = new Date().toISOString();
    await setTimeout(20);
    await takeOut(system.db, pool, number ?? '');
    await system.db.query('INSERT INTO dni_numbers (pool_id, e164) VALUES ($1, $2)', [pool, number]);
    await ask(system.db, { pool, session: newVisitor() });
    await ask(system.db, { pool, session: two });
    await setTimeout(20);
    const visitorAt = async (at: string) =>
      (await loadCallSetup(system.db, number ?? '', null, [], at))?.visitor as { sessionId: string } | null;
    expect((await visitorAt(came))?.sessionId).toBe(one);
    expect((await visitorAt(new Date().toISOString()))?.sessionId).not.toBe(one);
  });

  it('of a number that has been taken out are still the visitor’s in the grace', async () => {
    const session = newVisitor();
    const { number } = await ask(system.db, { pool, session });
    await takeOut(system.db, pool, number ?? '');
    expect((await call(number)).visitor?.sessionId).toBe(session);
    await system.db.query('INSERT INTO dni_numbers (pool_id, e164) VALUES ($1, $2)', [pool, number]);
  });

  it('take the labels of the pool where the number has none of its own', async () => {
    const { rows } = await system.db.query<{ id: string }>(`
      INSERT INTO publishers (id, name, payout)
      VALUES ('pub_web', 'Web', '{"amountMicros": "3000000", "due": {"on": "connection"}}') RETURNING id`);
    await system.db.query(
      `UPDATE dni_pools SET publisher_id = $2, channel = 'google_ads', tags = '{"site": "main", "utm_source": "none"}'
        WHERE id = $1`,
      [pool, rows[0]?.id],
    );
    await system.db.query(
      `UPDATE numbers SET channel = 'other', tags = '{"utm_campaign": "own"}' WHERE e164 = $1`,
      [numbers[0]],
    );
    const session = newVisitor();
    const { number } = await ask(system.db, { pool, session, facts: facts('google') });
    const placed = await call(numbers[0] ?? '');
    expect(placed.publisherId).toBe('pub_web');
    expect(placed.payoutMicros).toBe('3000000');
    expect(placed.qualifications).toMatchObject({ site: 'main', utm_campaign: 'own' });
    expect(placed.qualifications['utm_source']).toBe(number === numbers[0] ? 'google' : 'none');
    const other = await call(MAIN);
    expect([other.publisherId, other.visitor]).toEqual([null, null]);
  });
});
