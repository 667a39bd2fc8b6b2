import type { Call } from '../../contract/call';
import { startSystem, type SystemUnderTest } from './system';

describe('the API', () => {
  let system: SystemUnderTest;
  beforeAll(async () => {
    system = await startSystem();
  });
  afterAll(() => system.stop());

  async function finishedCall(): Promise<string> {
    const sid = system.carrier.newSid();
    await system.carrier.post('voice', sid);
    await system.carrier.post('dial?attempt=1', sid, { DialCallStatus: 'completed', DialCallDuration: '30' });
    return sid;
  }

  it.each([
    ['no key', undefined],
    ['a wrong key', 'Bearer wrong'],
    ['another scheme', 'Basic abc'],
  ])('answers 401 problem details to %s', async (_, authorization) => {
    for (const path of ['/api/v1/calls', '/api/v1/calls/x', '/api/v1/anything']) {
      const response = await fetch(`${system.baseUrl}${path}`, {
        headers: authorization ? { authorization } : {},
      });
      expect(response.status).toBe(401);
      expect(response.headers.get('www-authenticate')).toContain('Bearer');
      expect(await response.json()).toMatchObject({ code: 'unauthorized' });
    }
  });

  it('gives the same call by id, by SID and in the list', async () => {
    const sid = await finishedCall();
    const bySid = await system.endedCall(sid);
    const byId: unknown = await (await system.get(`/api/v1/calls/${bySid.id}`)).json();
    const list = (await (await system.get('/api/v1/calls?limit=1')).json()) as { data: Call[] };
    expect(byId).toEqual(bySid);
    expect(list.data[0]).toEqual(bySid);
  });

  it('pages through all calls once, newest first', async () => {
    const sids = new Set<string>();
    for (let i = 0; i < 5; i++) sids.add(await finishedCall());
    const seen: string[] = [];
    const times: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const next: string = cursor === '' ? '' : `&cursor=${cursor}`;
      const page = (await (await system.get(`/api/v1/calls?limit=2${next}`)).json()) as {
        data: Call[];
        nextCursor: string | null;
      };
      seen.push(...page.data.map((call) => call.sid));
      times.push(...page.data.map((call) => call.receivedAt));
      cursor = page.nextCursor;
    }
    expect(new Set(seen).size).toBe(seen.length);
    for (const sid of sids) expect(seen).toContain(sid);
    expect([...times].sort().reverse()).toEqual(times);
  });

  it.each([
    ['/api/v1/calls?limit=0', '/limit'],
    ['/api/v1/calls?limit=x', '/limit'],
    ['/api/v1/calls?outcome=nice', '/outcome'],
    ['/api/v1/calls?cursor=bogus', '/cursor'],
    ['/api/v1/calls?sid=%00', '/sid'],
    [`/api/v1/calls?cursor=${Buffer.from('["0000-01-01T00:00:00Z","a"]').toString('base64url')}`, '/cursor'],
  ])('names what is wrong with %s', async (path, pointer) => {
    const response = await system.get(path);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ code: 'invalid_request', errors: [{ pointer }] });
  });

  it.each(['/api/v1/calls/call_unknown', '/api/v1/calls/%00', '/api/v1/nothing', '/nothing'])(
    'answers 404 problem details to %s',
    async (path) => {
      const response = await system.get(path);
      expect(response.status).toBe(404);
      expect(response.headers.get('content-type')).toContain('application/problem+json');
    },
  );

  it('is alive and ready', async () => {
    expect((await system.get('/healthz')).status).toBe(200);
    const ready = await system.get('/readyz');
    expect(await ready.json()).toEqual({ status: 'ready', database: 'ok', temporal: 'ok', draining: false });
  });
});
