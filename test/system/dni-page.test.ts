import { insertPool, numbersFrom } from './dni-fixture';
import { OWN, pretty, startSite, until, type Site, type SiteVisitor } from './dni-site';
import { startSystem, type SystemUnderTest } from './system';

/** All ways to write the page's number, and what is not to be touched. */
const BODY = `
  <p id="one">Call (415) 555-7000 now</p>
  <p id="two">415.555.7000</p>
  <p id="three">+1 415 555 7000</p>
  <p id="four">Dial 1-415-555-7000, or <b>(415)</b> <span>55<i>5</i></span>-<em>7000</em>.</p>
  <p id="five"><a href="tel:+14155557000" aria-label="Call 415-555-7000">Ring us</a></p>
  <p id="six"><a href="tel:(415)%20555-7000;ext=12">(415) 555-7000 ext. 12</a></p>
  <p id="seven">415-555-7001, 4155557000123</p>
  <p id="eight" data-callyard-keep>Head office: 415-555-7000</p>
  <p id="nine">415-555</p><p>7000</p>
  <textarea>415-555-7000</textarea>`;

describe('the numbers of a page, in a browser', () => {
  let system: SystemUnderTest;
  let site: Site;
  let visitor: SiteVisitor;
  const numbers = numbersFrom('+16285559000', 40);
  let pool: string;
  beforeAll(async () => {
    system = await startSystem({ worker: false });
    pool = await insertPool(system.db, { key: 'page', numbers }, OWN);
    site = await startSite(system);
  });
  afterAll(async () => {
    await site.stop();
    await system.stop();
  });
  beforeEach(async () => {
    visitor = await site.newVisitor();
  });
  afterEach(async () => {
    expect(visitor.complaints).toEqual([]);
    await visitor.context.close();
  });

  const inner = (selector: string): Promise<string> => visitor.page.locator(selector).innerText();
  const evaluate = <T>(script: string): Promise<T> => visitor.page.evaluate(script);
  /** Opens the page and waits for the visitor's number. @returns its last four digits */
  async function open(path = '/'): Promise<string> {
    await visitor.open(path);
    await until(visitor.page, `callyard.getNumber() !== '${OWN}'`);
    const number = await evaluate<string>('callyard.getNumber()');
    expect(numbers).toContain(number);
    return number.slice(-4);
  }

  it('are the visitor’s, each in the notation it had', async () => {
    site.serve({ pool, body: BODY });
    const n = await open();
    expect(await inner('#one')).toBe(`Call (628) 555-${n} now`);
    expect(await inner('#two')).toBe(`628.555.${n}`);
    expect(await inner('#three')).toBe(`+1 628 555 ${n}`);
    expect(await inner('#four')).toBe(`Dial 1-628-555-${n}, or (628) 555-${n}.`);
    expect(await visitor.page.locator('#four').innerHTML()).toBe(
      `Dial 1-628-555-${n}, or <b>(628)</b> <span>55<i>5</i></span>-<em>${n}</em>.`,
    );
    const link = visitor.page.locator('#five a');
    expect(await link.getAttribute('href')).toBe(`tel:+1628555${n}`);
    expect(await link.getAttribute('aria-label')).toBe(`Call 628-555-${n}`);
    expect(await link.innerText()).toBe('Ring us');
    expect(await visitor.page.locator('#six a').getAttribute('href')).toBe(`tel:(628) 555-${n};ext=12`);
    expect(await inner('#six')).toBe(`(628) 555-${n} ext. 12`);
  });

  it('of others, and those that are not to be touched, stay', async () => {
    site.serve({ pool, body: BODY });
    await open();
    expect(await inner('#seven')).toBe('415-555-7001, 4155557000123');
    expect(await inner('#eight')).toBe('Head office: 415-555-7000');
    expect(await inner('#nine')).toBe('415-555');
    expect(await visitor.page.locator('textarea').inputValue()).toBe('415-555-7000');
  });

  it('are swapped too where they come later: elements, text, links', async () => {
    site.serve({ pool, body: '<main></main>' });
    const n = await open();
    await evaluate(`
      const late = document.createElement('div');
      late.innerHTML = '<p id="late">Call <b>415</b>-555-7000</p><a href="tel:+14155557000">call</a>';
      document.querySelector('main').append(late)`);
    await visitor.shows(`Call 628-555-${n}`);
    expect(await visitor.page.locator('a').getAttribute('href')).toBe(`tel:+1628555${n}`);
    await evaluate(`document.querySelector('#late').textContent = 'Or (415) 555-7000'`);
    await visitor.shows(`Or (628) 555-${n}`);
    await evaluate(`document.querySelector('#late').firstChild.data = 'At 415.555.7000'`);
    await visitor.shows(`At 628.555.${n}`);
    await evaluate(`document.querySelector('a').href = 'tel:4155557000'`);
    await until(visitor.page, `document.querySelector('a').href === 'tel:628555${n}'`);
    await evaluate(`
      const b = document.createElement('b');
      b.textContent = '-7000';
      document.querySelector('#late').textContent = 'Fax 415-555';
      document.querySelector('#late').append(b)`);
    await visitor.shows(`Fax 628-555-${n}`);
  });

  it('are left to a script of the page that will not have them changed, and the page goes on', async () => {
    site.serve({ pool, body: '<p id="mine">415-555-7000</p>' });
    await open();
    await evaluate(`
      const p = document.querySelector('#mine');
      window.fights = 0;
      new MutationObserver(() => {
        if (p.firstChild.data === '415-555-7000') return;
        fights += 1;
        p.firstChild.data = '415-555-7000';
      }).observe(p, { characterData: true, subtree: true });
      p.firstChild.data = '415-555-7000 '`);
    await visitor.page.waitForTimeout(300);
    expect(await inner('#mine')).toBe('415-555-7000');
    expect(await evaluate<number>('fights')).toBeLessThan(50);
  });

  it('go on being the visitor’s when the page changes without loading', async () => {
    site.serve({ pool, body: '<main>Call 415-555-7000</main>' });
    const n = await open('/?utm_source=google&gclid=one');
    await evaluate(`
      history.pushState({}, '', '/quote?utm_source=google&gclid=one');
      document.querySelector('main').textContent = 'Quote: 415.555.7000'`);
    await visitor.shows(`Quote: 628.555.${n}`);
    const before = visitor.asked.length;
    await evaluate(`history.pushState({}, '', '/offer?utm_source=bing&msclkid=two')`);
    await visitor.page.waitForTimeout(300);
    expect(visitor.asked.length).toBe(before + 1);
    await visitor.page.goBack();
    expect(await evaluate<string>('callyard.getNumber()')).toBe(`+1628555${n}`);
    const { rows } = await system.db.query(
      `SELECT s.utm, s.click_ids, s.landing_page FROM dni_sessions s JOIN dni_numbers n ON n.session_id = s.id
        WHERE n.e164 = $1`,
      [`+1628555${n}`],
    );
    expect(rows).toMatchObject([
      { utm: { utm_source: 'bing' }, click_ids: { msclkid: 'two' }, landing_page: `${site.origin}/offer` },
    ]);
  });

  it('are known to the page’s own scripts, also to those that were there first', async () => {
    site.serve({ pool });
    await visitor.page.addInitScript(`
      window.told = [];
      window.callyard = [(c) => c.onAssign((number) => told.push(number)), () => { throw new Error('a mistake'); }]`);
    await visitor.open();
    await until(visitor.page, 'told.length === 1');
    const [number] = await evaluate<string[]>('told');
    expect(await evaluate('callyard.getNumber()')).toBe(number);
    await evaluate('callyard.onAssign((number) => told.push(number)); callyard.setTags({ plan: "gold" })');
    expect(await evaluate('told')).toEqual([number, number]);
    await visitor.shows(pretty(number ?? ''));
    await visitor.page.waitForTimeout(200);
    const { rows } = await system.db.query(
      'SELECT s.tags FROM dni_sessions s JOIN dni_numbers n ON n.session_id = s.id WHERE n.e164 = $1',
      [number],
    );
    expect(rows).toEqual([{ tags: { plan: 'gold' } }]);
    // A mistake of a page's own callback is told to the page's own developers.
    expect(visitor.complaints.splice(0)).toEqual([expect.stringContaining('a mistake')]);
  });
});
