import { timeZoneSchema } from '../../contract/hours';
import { startApi, type ApiServer } from './api-server';

/** Names of other times and other lists: Node takes some of them. */
const STRANGE =
  `ACT AET AGT ART AST BET BST CAT CET CNT CST CTT EAT ECT EET EST HST IET IST JST MET MIT MST NET NST PLT PNT PRT PST SST
   VST WET CST6CDT EST5EDT MST7MDT PST8PDT GMT GMT0 UCT Zulu W-SU PRC NZ GB Eire SystemV/EST5 SystemV/PST8PDT US/Pacific-New
   Canada/East-Saskatchewan Etc/Unknown +01:00 posix/Europe/Berlin right/UTC posixrules Mars/Olympus /`.split(
    /\s+/,
  );

describe('time zones', () => {
  let api: ApiServer;
  beforeAll(async () => {
    api = await startApi();
  });
  afterAll(() => api.stop());

  const namesIn = async (view: string, column: string): Promise<string[]> => {
    const { rows } = await api.db.query<{ name: string }>(`SELECT ${column} AS name FROM ${view}`);
    return rows.map(({ name }) => name);
  };
  const isTaken = (name: string): boolean => timeZoneSchema.safeParse(name).success;

  it('that are taken are zones to PostgreSQL too, and no abbreviations', async () => {
    const zones = await namesIn('pg_timezone_names', 'name');
    const abbreviations = await namesIn('pg_timezone_abbrevs', 'abbrev');
    const all = [...zones, ...abbreviations, ...Intl.supportedValuesOf('timeZone'), ...STRANGE];
    const taken = [...new Set(all.filter(isTaken))];
    expect(taken.length).toBeGreaterThan(500);
    const known = new Set(zones);
    expect(taken.filter((name) => !known.has(name))).toEqual([]);
    const short = new Set(abbreviations.map((name) => name.toUpperCase()));
    expect(taken.filter((name) => short.has(name.toUpperCase()))).toEqual(['UTC']);
    for (const name of ['UTC', 'Europe/Kyiv', 'US/Eastern', 'Asia/Calcutta', 'Etc/GMT+5'])
      expect([name, taken.includes(name)]).toEqual([name, true]);
  });

  it('mean the same in PostgreSQL and here, in summer and in winter', async () => {
    const taken = (await namesIn('pg_timezone_names', 'name')).filter(isTaken);
    for (const at of ['2026-01-15T12:00:00Z', '2026-07-15T12:00:00Z']) {
      const { rows } = await api.db.query<{ name: string; local: string }>(
        `SELECT z.name, to_char($1::timestamptz AT TIME ZONE z.name, 'YYYY-MM-DD, HH24:MI') AS local
           FROM unnest($2::text[]) AS z (name)`,
        [at, taken],
      );
      const here = (timeZone: string): string =>
        new Intl.DateTimeFormat('en-CA', {
          timeZone,
          dateStyle: 'short',
          timeStyle: 'short',
          hourCycle: 'h23',
        }).format(new Date(at));
      expect(rows.filter(({ name, local }) => local !== here(name))).toEqual([]);
    }
  });

  it.each(['CET', 'EST', 'BST', 'AET', 'US/Pacific-New'])(
    'are refused where they are none to both: %s',
    async (zone) => {
      const hint = { message: expect.stringContaining('Europe/Brussels rather than CET') };
      expect(await api.send('GET', `/reports?zone=${zone}`)).toMatchObject({
        status: 400,
        body: { errors: [{ pointer: '/zone', ...hint }] },
      });
      const body = { name: 'A', currency: 'USD', timeZone: zone };
      expect(await api.send('POST', '/campaigns', { body })).toMatchObject({
        status: 400,
        body: { errors: [{ pointer: '/timeZone', ...hint }] },
      });
    },
  );

  it('of campaigns and buyers from before are still read, also as a document', async () => {
    const zone = { timeZone: 'UTC' };
    await api.ok('POST', '/campaigns', { id: 'cmp_old', name: 'Old', currency: 'EUR', ...zone });
    await api.db.query(
      `UPDATE campaigns SET time_zone = 'CET', hours = '{"timeZone": "CET", "openings": [], "holidays": []}'`,
    );
    expect(await api.ok('GET', '/campaigns/cmp_old')).toMatchObject({
      timeZone: 'CET',
      hours: { timeZone: 'CET' },
    });
    await api.ok('PATCH', '/campaigns/cmp_old', { name: 'Older' });
    const { status, text } = await api.send('GET', '/campaigns/cmp_old/config');
    expect([status, text]).toEqual([200, expect.stringContaining('CET')]);
  });
});
