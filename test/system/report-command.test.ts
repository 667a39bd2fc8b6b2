import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gatherChanges, rollUpHours } from '../../db/queries/reports/roll-up';
import { startApi, type ApiServer } from './api-server';
import { bookEntries, insertCalls } from './report-fixture';

const ROOT = path.join(__dirname, '..', '..');

interface Run {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

describe('npm run callyard -- report and goals', () => {
  let api: ApiServer;
  let folder: string;
  beforeAll(async () => {
    api = await startApi();
    folder = await mkdtemp(path.join(tmpdir(), 'callyard-report-'));
    const zone = 'America/Chicago';
    for (const [id, name] of [
      ['cmp_roof', 'Roofing, Texas'],
      ['cmp_tow', 'Towing'],
    ])
      await api.ok('POST', '/campaigns', { id, name, timeZone: zone, currency: 'USD' });
    await api.ok('POST', '/buyers', { id: 'buy_a', name: 'Alpha', timeZone: zone });
    await insertCalls(api, [
      { id: '1', campaign: 'cmp_roof', at: '2026-03-02T15:00:00Z', buyer: 'buy_a', came: 'converted' },
      { id: '2', campaign: 'cmp_roof', at: '2026-03-03T15:00:00Z', buyer: 'buy_a', came: 'connected' },
      { id: '3', campaign: 'cmp_roof', at: '2026-03-01T15:00:00Z' },
      { id: '4', campaign: 'cmp_tow', at: '2026-03-02T15:00:00Z' },
    ]);
    await bookEntries(api, [
      { cause: 'r', kind: 'revenue', campaign: 'cmp_roof', micros: 25_000_000, at: '2026-03-02T15:00:00Z' },
      { cause: 'p', kind: 'payout', campaign: 'cmp_roof', micros: 10_005_000, at: '2026-03-02T15:00:00Z' },
    ]);
  });
  afterAll(async () => {
    await api.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const programOf = (...args: string[]) =>
    [
      process.execPath,
      ['--import', 'tsx', path.join(ROOT, 'scripts/callyard/main.ts'), ...args, '--url', api.baseUrl],
      {
        cwd: ROOT,
        env: {
          ...process.env,
          CALLYARD_ADMIN_KEY: api.adminKey,
          CALLYARD_DATA_DIR: path.join(folder, 'data'),
          TWILIO_ACCOUNT_SID: `AC${'0'.repeat(32)}`,
          TWILIO_AUTH_TOKEN: 'none',
        },
      },
    ] as const;
  const callyard = (...args: string[]): Promise<Run> =>
    new Promise((resolve) => {
      execFile(...programOf(...args), (error, out, err) =>
        resolve({ code: error === null ? 0 : Number(error.code), out, err }),
      );
    });
  const week = ['--from', '2026-03-02', '--to', '2026-03-09', '--zone', 'America/Chicago'];

  it('prints what campaigns came to, beside the week before', async () => {
    const { code, out, err } = await callyard('report', ...week, '--compare');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out.trimEnd().split('\n')).toEqual([
      '2026-03-02 to 2026-03-08, America/Chicago, in USD; ± against 2026-02-23 to',
      '  2026-03-01',
      '',
      'campaign        received  connected  converted  revenue  profit',
      'Roofing, Texas         2          2          1    25.00   15.00',
      '                +100.0 %        new        new      new     new',
      'Towing                 1          0          0     0.00    0.00',
      '                     new     ±0.0 %     ±0.0 %   ±0.0 %  ±0.0 %',
      '───────────────────────────────────────────────────────────────',
      'total                  3          2          1    25.00   15.00',
      '                +200.0 %        new        new      new     new',
    ]);
  });

  it('takes dimensions, measures, filters and an order', async () => {
    const { out } = await callyard(
      'report',
      ...week,
      '--by',
      'day',
      '--measures',
      'received,cac',
      '--where',
      'buyer=buy_a',
      '--order-by',
      'cac',
    );
    expect(out).toMatch(/^2026-03-02 {9}1 {2}0\.00$/m);
    const wrong = await callyard('report', '--by', 'planet');
    expect(wrong).toMatchObject({ code: 2, out: '', err: expect.stringContaining('no dimension') as string });
  });

  it('names what a filter or a tag is of that is not there', async () => {
    expect(
      await callyard('report', '--where', 'campaign=cmp_nope,cmp_roof', '--where', 'buyer=cmp_roof'),
    ).toEqual({
      code: 2,
      out: '',
      err: 'There is no such report: cmp_nope is no campaign; cmp_roof is no buyer\n',
    });
    const csv = await callyard('report', '--csv', '--where', 'publisher=pub_nope,(none)');
    expect(csv).toMatchObject({
      code: 2,
      err: expect.stringContaining('pub_nope is no publisher') as string,
    });
    const { out } = await callyard('report', ...week, '--where', 'number=+14155550199');
    expect(out).toContain('That is only of number=+14155550199: is it spelled so');
    expect((await callyard('report', ...week, '--by', 'tag:intend')).out).toContain('has a tag intend');
    expect((await callyard('report', ...week, '--where', 'campaign=cmp_roof')).code).toBe(0);
  });

  it('names options as they are written, in words', async () => {
    const said = async (...options: string[]): Promise<string> => {
      const { code, err } = await callyard(...options);
      return `${code} ${err.trimEnd().replace(/\n {2}/g, ' ')}`;
    };
    expect(await said('report', '--top', '0')).toBe('2 --top must be at least 1');
    expect(await said('report', '--top', 'ten')).toBe('2 --top must be a number');
    expect(await said('report', '--order-by', 'recieved')).toMatch(
      /^2 --order-by must be one of received, routed, /,
    );
    expect(await said('report', '--from', '2026-02-30')).toBe(
      '2 --from must be a day or an instant that there is: there is no 2026-02-30',
    );
    expect(await said('webhooks', 'deliveries', '--status', 'sent')).toBe(
      '2 --status must be one of waiting, delivered, dead, canceled',
    );
  });

  it('gives out CSV as it comes, also to whoever has enough of it', async () => {
    const { code, out } = await callyard('report', ...week, '--csv', '--measures', 'received,profit');
    const lines = out.trimEnd().split('\n');
    expect([code, lines[0], lines.length]).toEqual([0, 'campaign,campaignName,currency,received,profit', 3]);
    expect(lines).toContain('cmp_roof,"Roofing, Texas",USD,2,14.995');
    const [program, args, options] = programOf('report', ...week, '--by', 'campaign,hour,number', '--csv');
    const child = spawn(program, args, options);
    child.stdout.once('data', () => child.stdout.destroy());
    expect(await once(child, 'exit')).toEqual([0, null]);
  });

  it('says what reports were held against, also to whoever left out the s', async () => {
    const { code, out, err } = await callyard('reports', 'verify');
    expect([code, err, out]).toEqual([
      0,
      '',
      expect.stringContaining('entries of the ledger were counted') as string,
    ]);
    expect(await callyard('report', 'verify')).toMatchObject({
      code: 2,
      err: expect.stringContaining('reports verify') as string,
    });
  });

  it('runs a saved report, and nothing beside it', async () => {
    const body = { id: 'rep_week', name: 'W', query: { by: 'campaign', measures: 'received' } };
    const range = { from: '2026-03-02', to: '2026-03-09' };
    await api.ok('POST', '/saved-reports', { ...body, range });
    const { code, out } = await callyard('report', '--saved', 'rep_week');
    expect([code, out.split('\n')[0]]).toEqual([0, '2026-03-02 to 2026-03-08, UTC, in USD']);
    expect(out).toMatch(/^Roofing, Texas {9}2$/m);
    expect((await callyard('report', '--saved', 'rep_week', '--csv')).out).toContain('cmp_roof,');
    expect(await callyard('report', '--saved', 'rep_week', '--by', 'day')).toMatchObject({
      code: 2,
      out: '',
    });
    expect(await callyard('report', '--saved', 'rep_none')).toMatchObject({ code: 1, out: '' });
  });

  it('shows how far a campaign is towards its goal', async () => {
    await api.ok('PUT', '/campaigns/cmp_tow/goal', { period: 'month', calls: 40, conversionRate: 0.3 }, 201);
    await insertCalls(api, [{ id: 'now', campaign: 'cmp_tow', at: new Date().toISOString() }]);
    const { code, out } = await callyard('goals', 'cmp_tow');
    expect(code).toBe(0);
    expect(out).toMatch(/^Towing \(cmp_tow\): the month \d{4}-\d\d-01 to .*, America\/Chicago$/m);
    expect(out).toMatch(/^ {13}1 of 40; [\d.]+ expected by now/m);
    expect(out).toContain('conversion   nothing yet; 30.0 % at least');
    const none = await callyard('goals', 'cmp_roof');
    expect([none.code, none.err]).toEqual([
      1,
      expect.stringContaining('no goal of campaign cmp_roof') as string,
    ]);
    expect(none.err.replace(/\n {2}/g, ' ')).toContain('PUT /api/v1/campaigns/cmp_roof/goal');
    expect(await callyard('goals', 'Roofing, Texas')).toMatchObject({
      code: 2,
      err: expect.stringContaining('they look like cmp_sample') as string,
    });
  });

  it('says which figure is wrong, and where it stands', async () => {
    await gatherChanges(api.db);
    await rollUpHours(api.db, 100, '2026-03-10T00:00:00Z');
    expect(await callyard('reports', 'verify')).toMatchObject({ code: 0, err: '' });
    const tags = JSON.stringify({ note: '\u001b[2J' });
    await api.db.query(`UPDATE report_cells SET tags = $1 WHERE campaign_id = 'cmp_tow'`, [tags]);
    const { code, err } = await callyard('reports', 'verify');
    expect([code, err]).toEqual([1, expect.stringContaining('received 1')]);
    expect(err).toContain('"\\u001b[2J"');
    for (const line of err.split('\n').slice(0, -2)) expect([line, line.length <= 80]).toEqual([line, true]);
    await api.db.query(`UPDATE report_cells SET tags = '{}' WHERE campaign_id = 'cmp_tow'`);
    expect((await callyard('reports', 'verify')).code).toBe(0);
  });

  it('says below the table why a goal is beside no row', async () => {
    const { code, out } = await callyard(
      'report',
      '--with',
      'goal',
      '--from',
      '2026-03-02',
      '--to',
      '2026-03-09',
    );
    expect(code).toBe(0);
    const said = out.replace(/\n {2}/g, ' ');
    expect(said).toContain('Goal of Roofing, Texas: it has no goal.');
    expect(said).toMatch(/^Goal of Towing: .*no whole months.*of UTC, its month's of America\/Chicago/m);
  });

  it('explains itself in 80 columns', async () => {
    for (const command of ['report', 'goals']) {
      const { out } = await callyard(command, '--help');
      for (const line of out.split('\n')) expect([line, line.length <= 80]).toEqual([line, true]);
      expect(out).not.toContain('default: []');
    }
  });
});
