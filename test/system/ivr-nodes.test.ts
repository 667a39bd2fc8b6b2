import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Flow, FlowNode } from '../../domain/ivr/flow';
import { validateFlow } from '../../domain/ivr/validate';
import { insertCampaign, type TestCampaign } from './campaign-fixture';
import { dialled, heard, placeCall } from './placing';
import { startSystem, type SystemUnderTest } from './system';

const say = (text: string) => ({ text, language: 'en-US' });
const route: FlowNode = { kind: 'route' };
const goodbye: FlowNode = { kind: 'hang_up', prompt: say('Goodbye.'), outcome: 'abandoned_ivr' };
const never = { timeZone: 'Asia/Kolkata', openings: [], holidays: [] };

let nextNumber = 100;

describe('an IVR flow', () => {
  let system: SystemUnderTest;
  let service: Server;
  let serviceUrl: string;
  const asked: unknown[] = [];
  beforeAll(async () => {
    system = await startSystem();
    service = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        asked.push(JSON.parse(Buffer.concat(chunks).toString()));
        if (request.url === '/slow') return;
        response.writeHead(request.url === '/broken' ? 500 : 200, { 'content-type': 'application/json' });
        response.end(JSON.stringify({ customer: { tier: 'gold', since: 2019 }, list: [] }));
      });
    });
    await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve));
    serviceUrl = `http://127.0.0.1:${(service.address() as AddressInfo).port}`;
  });
  afterAll(async () => {
    service.closeAllConnections();
    await new Promise((resolve) => service.close(resolve));
    await system.stop();
  });

  /** Publishes a flow, in a campaign of its own with two buyers; the second takes only callers with the tag vip. */
  async function publish(flow: Flow, extra: Partial<TestCampaign> = {}): Promise<string> {
    expect(validateFlow(flow).filter(({ severity }) => severity === 'error')).toEqual([]);
    nextNumber += 1;
    const campaign: TestCampaign = {
      key: `ivr${nextNumber}`,
      number: `+1415556${nextNumber}0`,
      buyers: [
        { name: 'vip', priority: 1, filter: { kind: 'tag', tag: 'vip', test: { is: 'present' } } },
        { name: 'any', priority: 2 },
      ],
      ...extra,
      flow,
    };
    await insertCampaign(system.db, campaign);
    return campaign.number;
  }

  it('says text and plays sound before it routes', async () => {
    const to = await publish({
      start: 'hello',
      nodes: {
        hello: {
          kind: 'say',
          prompt: { ...say('Grüß Gott & <willkommen>'), language: 'de-AT' },
          next: 'jingle',
        },
        jingle: {
          kind: 'say',
          prompt: { audioUrl: 'https://cdn.example/jingle.mp3?a=1&b=2' },
          next: 'route',
        },
        route,
      },
    });
    const { call, carrier } = await placeCall(system, { to });
    expect(heard(carrier)).toEqual(['Grüß Gott & <willkommen>', 'https://cdn.example/jingle.mp3?a=1&b=2']);
    expect(call).toMatchObject({ outcome: 'connected', flowVersion: 1 });
    expect(dialled(call)).toEqual(['any']);
  });

  it('goes from menu to menu, repeats one, and keeps every answer', async () => {
    const menu = (text: string, tag: string, next: string): FlowNode => ({
      kind: 'menu',
      prompt: say(text),
      retryPrompt: say('Once more.'),
      options: [
        { digit: '1', tag, value: 'one', next },
        { digit: '#', tag: null, value: null, next },
      ],
      timeoutSeconds: 3,
      tries: 2,
      noAnswer: 'bye',
    });
    const to = await publish({
      start: 'first',
      nodes: {
        first: menu('First?', 'a', 'second'),
        second: menu('Second?', 'b', 'third'),
        third: menu('Third?', 'c', 'vip'),
        vip: { kind: 'set_tag', tag: 'vip', value: 'yes', next: 'jump' },
        jump: { kind: 'goto', next: 'route' },
        route,
        bye: goodbye,
      },
    });
    const { call, carrier } = await placeCall(system, { to, digits: ['1', '9', '1', '#'] });
    expect(call.qualifications).toEqual({ a: 'one', b: 'one', vip: 'yes' });
    expect(dialled(call)).toEqual(['vip']);
    expect(heard(carrier)).toEqual(['First?', 'Second?', 'Once more.', 'Second?', 'Third?']);
    const answers = call.timeline
      .filter(({ step }) => step === 'ivr_answered')
      .map(({ detail }) => detail['node']);
    expect(answers).toEqual(['first', 'second', 'second', 'third']);
  });

  it('lets a caller go who answers nothing', async () => {
    const to = await publish({
      start: 'm',
      nodes: {
        m: {
          kind: 'menu',
          prompt: say('Press 1.'),
          retryPrompt: null,
          options: [{ digit: '1', tag: null, value: null, next: 'route' }],
          timeoutSeconds: 1,
          tries: 2,
          noAnswer: 'bye',
        },
        route,
        bye: goodbye,
      },
    });
    const { call, carrier } = await placeCall(system, { to });
    expect(call).toMatchObject({ outcome: 'abandoned_ivr', attempts: [] });
    expect(call.outcomeReason).toContain('bye');
    expect(heard(carrier)).toEqual(['Press 1.', 'Press 1.', 'Goodbye.']);
    expect(carrier.ending.kind).toBe('hung-up-by-application');
  });

  it('gathers digits of the right length, up to the terminator', async () => {
    const to = await publish({
      start: 'zip',
      nodes: {
        zip: {
          kind: 'gather',
          prompt: say('Postal code?'),
          retryPrompt: say('Five digits, please.'),
          input: 'digits',
          tag: 'postal_code',
          minLength: 5,
          maxLength: 9,
          terminator: '#',
          timeoutSeconds: 2,
          tries: 3,
          language: 'en-US',
          hints: [],
          next: 'where',
          noAnswer: 'route',
        },
        where: {
          kind: 'condition',
          branches: [{ when: { kind: 'geography', field: 'state', in: ['CA'] }, next: 'vip' }],
          otherwise: 'route',
        },
        vip: { kind: 'set_tag', tag: 'vip', value: 'yes', next: 'route' },
        route,
      },
    });
    const { call } = await placeCall(system, { to, from: '+12125550123', digits: ['941#', '94105#'] });
    expect(call.qualifications).toEqual({ postal_code: '94105', vip: 'yes' });
    expect(dialled(call)).toEqual(['vip']);
  });

  it('understands speech', async () => {
    const to = await publish({
      start: 'what',
      nodes: {
        what: {
          kind: 'gather',
          prompt: say('What is it about?'),
          retryPrompt: null,
          input: 'digits_or_speech',
          tag: 'topic',
          minLength: 1,
          maxLength: 1,
          terminator: null,
          timeoutSeconds: 3,
          tries: 2,
          language: 'en-US',
          hints: ['insurance', 'roof'],
          next: 'route',
          noAnswer: 'bye',
        },
        route,
        bye: goodbye,
      },
    });
    const { call } = await placeCall(system, { to, answers: [{ say: 'a new roof' }] });
    expect(call).toMatchObject({ outcome: 'connected', qualifications: { topic: 'a new roof' } });
  });

  it('asks the hours, its own or the campaign’s, and leaves a voicemail', async () => {
    const to = await publish({
      start: 'h',
      nodes: {
        h: { kind: 'hours', hours: never, open: 'route', closed: 'vm' },
        route,
        vm: { kind: 'voicemail', prompt: say('Leave a message.'), maxSeconds: 30, outcome: 'after_hours' },
      },
    });
    const { call, carrier } = await placeCall(system, { to });
    expect(call).toMatchObject({ outcome: 'after_hours', attempts: [] });
    expect(heard(carrier)).toEqual(['Leave a message.']);
    expect((await system.callBySid(carrier.callSid))?.recordings).toHaveLength(1);
  });

  it('forwards to somebody who is no buyer', async () => {
    const to = await publish({
      start: 'desk',
      nodes: {
        desk: {
          kind: 'forward',
          destination: { kind: 'tel', number: '+14155559099' as never },
          ringTimeoutSeconds: 20,
          outcome: 'no_candidate',
        },
      },
    });
    const { call, carrier } = await placeCall(system, { to });
    expect(call).toMatchObject({ outcome: 'no_candidate', attempts: [], ledger: [] });
    expect(carrier.dials[0]?.legs[0]?.destination).toBe('+14155559099');
  });

  it.each([
    ['an answer', '/', { tier: 'gold', since: '2019', vip: 'gold' }, 'vip'],
    ['a failure', '/broken', {}, 'any'],
    ['silence', '/slow', {}, 'any'],
  ])('looks a caller up in somebody’s service, and goes on by %s', async (_, path, tags, buyer) => {
    asked.length = 0;
    const to = await publish({
      start: 'wait',
      nodes: {
        wait: { kind: 'say', prompt: say('One moment.'), next: 'crm' },
        crm: {
          kind: 'lookup',
          url: `${serviceUrl}${path}`,
          timeoutMs: 300,
          fields: [
            { path: 'customer.tier', tag: 'tier' },
            { path: 'customer.since', tag: 'since' },
            { path: 'list', tag: 'list' },
          ],
          next: 'again',
          failed: 'route',
        },
        again: {
          kind: 'lookup',
          url: `${serviceUrl}/`,
          timeoutMs: 500,
          fields: [{ path: 'customer.tier', tag: 'vip' }],
          next: 'route',
          failed: 'route',
        },
        route,
      },
    });
    const { call, carrier } = await placeCall(system, { to });
    expect(call).toMatchObject({ outcome: 'connected', qualifications: tags });
    expect(dialled(call)).toEqual([buyer]);
    expect(heard(carrier)).toEqual(['One moment.']);
    expect(asked[0]).toEqual({ callId: call.id, from: '+14155550123', to, tags: {} });
  });

  it('splits callers by percent, each call always the same way', async () => {
    const to = await publish({
      start: 'ab',
      nodes: {
        ab: {
          kind: 'splitter',
          branches: [
            { percent: 50, next: 'vip' },
            { percent: 50, next: 'route' },
          ],
        },
        vip: { kind: 'set_tag', tag: 'vip', value: 'b', next: 'route' },
        route,
      },
    });
    const calls = await Promise.all(Array.from({ length: 14 }, () => placeCall(system, { to })));
    const buyers = new Set(calls.map(({ call }) => dialled(call)[0]));
    // Fourteen coins of the same side: once in 8,192 runs, and the ids are random.
    expect(buyers).toEqual(new Set(['any', 'vip']));
    for (const { call } of calls) {
      expect(dialled(call)).toEqual([call.qualifications['vip'] === undefined ? 'any' : 'vip']);
    }
  });

  it('ends alike whether a hang-up or the answer before it is heard of first', async () => {
    const menu: FlowNode = {
      kind: 'menu',
      prompt: say('Press 1.'),
      retryPrompt: null,
      options: [{ digit: '1', tag: 'a', value: 'one', next: 'more' }],
      timeoutSeconds: 3,
      tries: 2,
      noAnswer: 'route',
    };
    const to = await publish({
      start: 'm',
      nodes: {
        m: menu,
        more: { ...menu, options: [{ digit: '1', tag: null, value: null, next: 'route' }] },
        route,
      },
    });
    const left = async (order: readonly string[]) => {
      const sid = system.carrier.newSid();
      const given = { To: to, From: '+14155550123' };
      await system.carrier.post('voice', sid, given);
      for (const webhook of order) {
        await system.carrier.post(webhook, sid, {
          ...given,
          ...(webhook === 'status' ? { CallStatus: 'completed' } : { Digits: '1' }),
        });
      }
      const { outcome, qualifications } = await system.endedCall(sid);
      return { outcome, qualifications };
    };
    const expected = { outcome: 'abandoned_ivr', qualifications: { a: 'one' } };
    expect(await left(['ivr?no=1', 'status'])).toEqual(expected);
    expect(await left(['status', 'ivr?no=1'])).toEqual(expected);
  });
});
