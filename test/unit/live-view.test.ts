import { readFileSync } from 'node:fs';
import path from 'node:path';
import { liveEventSchema, type LiveCall, type LiveCounters, type LiveEvent } from '../../contract/live';
import type { Limit } from '../../contract/resources/limit';
import type { MicrosText } from '../../domain/money';
import type { Answer, Client } from '../../scripts/callyard/client';
import { readEvents, type StreamEvent } from '../../scripts/callyard/event-stream';
import { watchLive } from '../../scripts/callyard/live';
import { EMPTY_BOOK, told, type LiveBook } from '../../scripts/callyard/live-book';
import { eventLine, renderLive } from '../../scripts/callyard/live-view';
import { readLiveEvent } from '../../scripts/callyard/read-live-event';

const AT = '2026-03-02T10:00:00.000Z';

const call = (id: string, changes: Partial<LiveCall> = {}): LiveCall => ({
  id,
  campaignId: 'cmp_a',
  campaignName: 'Home insurance of a name that is longer than its column',
  publisherId: null,
  from: '+14155550123',
  to: '+14155550100',
  state: 'dialing',
  step: 'dialing',
  since: AT,
  receivedAt: AT,
  connectedAt: null,
  buyerId: 'buy_a',
  buyerName: 'Alpha Insurance',
  attempt: 1,
  migration: null,
  ...changes,
});

const counts = {
  routed: 1234,
  connected: 1200,
  converted: 1100,
  inProgress: 12,
  revenueMicros: '27500000000',
  payoutMicros: '8800000000',
  costMicros: '123456789',
};
const counters: LiveCounters = {
  campaignId: 'cmp_a',
  campaignName: 'Home insurance of a name that is longer than its column',
  timeZone: 'America/Chicago',
  day: '2026-03-02',
  currency: 'USD',
  received: 1300,
  ...counts,
  buyers: [{ buyerId: 'buy_a', buyerName: 'Alpha Insurance', ...counts }],
};
const limit: Limit = {
  id: 'lim_a',
  scope: { kind: 'buyer', id: 'buy_a', name: 'Alpha Insurance' },
  window: 'day',
  counts: 'spend',
  currency: 'USD' as never,
  limit: '50000000000' as MicrosText,
  posted: '27500000000' as MicrosText,
  pending: '500000000' as MicrosText,
  timeZone: 'America/Chicago',
  resetsAt: AT,
  revision: 1,
  createdAt: AT,
  updatedAt: AT,
};
const ended: LiveEvent = {
  event: 'call.ended',
  data: {
    id: 'c1',
    campaignId: 'cmp_a',
    campaignName: 'Home',
    publisherId: null,
    from: null,
    to: '+14155550100',
    receivedAt: AT,
    endedAt: AT,
    outcome: 'connected',
    outcomeReason: null,
    buyerId: 'buy_a',
    buyerName: 'Alpha Insurance',
    durationSeconds: 60,
    talkSeconds: 50,
    converted: true,
    currency: 'USD',
    revenueMicros: '25000000',
    payoutMicros: '0',
    costMicros: '0',
    migration: null,
  },
};

const snapshot: LiveEvent = {
  event: 'snapshot',
  data: {
    at: AT,
    calls: [call('c1'), call('c2', { buyerName: null })],
    counters: [counters],
    limits: [limit],
  },
};
const everything = (...events: LiveEvent[]): LiveBook =>
  events.reduce((book, event) => told(book, event, () => true), EMPTY_BOOK);

describe('live data in a terminal', () => {
  it('fits into 80 columns, and says what it knows', () => {
    const calls = Array.from({ length: 30 }, (_, i) => call(`call_${'x'.repeat(30)}${i}`));
    const full = everything(snapshot, ...calls.map((data): LiveEvent => ({ event: 'call', data })), ended);
    const text = renderLive(full, Date.parse(AT) + 754_000);
    for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
    expect(text).toContain('31 calls in progress');
    expect(text).toContain('12:34');
    expect(text).toMatch(/Alpha Insurance +1234 +1200 +1100 +12 +27500\.00 +18576\.54/);
    expect(text).toContain('27500.00 + 500.00');
    expect(text).toMatch(/c1 +10:00:00 +converted, 25\.00 USD +Alpha Insurance/);
  });

  it('tells limits of one name apart by what they are on', () => {
    const of = (id: string, scope: Limit['scope']): Limit => ({ ...limit, id, scope });
    const assignment = of('lim_b', { kind: 'assignment', id: 'asg_a', name: 'Alpha Insurance' });
    const told = (limits: Limit[]): string[] =>
      renderLive(everything(snapshot, { event: 'limits', data: { at: AT, limits, gone: [] } }), 0)
        .split('\n')
        .flatMap((line) => /^ {2}(\S.*?) {2,}day spend/.exec(line)?.[1] ?? []);
    expect(told([])).toEqual(['Alpha Insurance']);
    expect(told([assignment]).toSorted()).toEqual(['asg_a', 'buy_a']);
  });

  it('says that it waits, and when what it shows may be old', () => {
    expect(renderLive(EMPTY_BOOK, 0)).toBe('Waiting for the first look.');
    const away: LiveEvent = {
      event: 'trouble',
      data: { at: AT, over: false, message: 'The database is away.' },
    };
    expect(renderLive(everything(snapshot, away), 0)).toContain('! The database is away.');
    const back: LiveEvent = { event: 'trouble', data: { at: AT, over: true, message: 'It is back.' } };
    expect(renderLive(everything(snapshot, away, back), 0)).not.toContain('!');
  });

  it('follows what it is told, once however often', () => {
    const book = everything(snapshot, ended, ended);
    expect([...book.calls.keys()]).toEqual(['c2']);
    expect(book.ended).toHaveLength(1);
    const resume = (calls: string[], campaigns: string[], limits: string[]): LiveBook =>
      told(book, { event: 'resumed', data: { at: AT, calls, campaigns, limits } }, () => true);
    const sizes = ({ calls, counters, limits }: LiveBook): number[] => [
      calls.size,
      counters.size,
      limits.size,
    ];
    expect(sizes(resume(['c2'], ['cmp_a'], ['lim_a']))).toEqual([1, 1, 1]);
    expect(sizes(resume([], [], []))).toEqual([0, 0, 0]);
    const gone = everything(
      snapshot,
      { event: 'limits', data: { at: AT, limits: [], gone: ['lim_a'] } },
      { event: 'counters', data: { at: AT, campaigns: [], gone: ['cmp_a'] } },
    );
    expect([gone.limits.size, gone.counters.size]).toEqual([0, 0]);
  });

  it('forgets a call that has left what is watched', () => {
    const wanted = ({ campaignId }: LiveCall): boolean => campaignId === 'cmp_a';
    const moved: LiveEvent = { event: 'call', data: call('c1', { campaignId: 'cmp_b' }) };
    expect([...told(everything(snapshot), moved, wanted).calls.keys()]).toEqual(['c2']);
  });

  it('is a line an event where no terminal is', () => {
    expect(eventLine(snapshot)).toBe(`${AT} snapshot: 2 calls in progress, 1 campaign, 1 limit`);
    expect(eventLine({ event: 'call', data: call('c1') })).toBe(
      `${AT} c1 dialing (dialing) with Alpha Insurance`,
    );
    expect(eventLine(ended)).toBe(`${AT} c1 ended: connected with Alpha Insurance, 25.00 USD`);
    expect(eventLine({ event: 'limits', data: { at: AT, limits: [limit], gone: [] } })).toBeNull();
  });
});

describe('an event of live data', () => {
  it('is known with fields that are not, of a newer server', () => {
    const newer = JSON.parse(JSON.stringify(snapshot.data), (_key, value: unknown) =>
      typeof value === 'object' && value !== null && !Array.isArray(value)
        ? { ...value, addedLater: { deep: true } }
        : value,
    ) as unknown;
    expect(JSON.stringify(newer)).toContain('addedLater');
    expect(readLiveEvent('snapshot', newer)).toEqual(snapshot);
    expect(readLiveEvent('call.ended', { ...ended.data, addedLater: [1] })).toEqual(ended);
  });

  it('is passed over when it is another, or lacks what has to be there', () => {
    expect(readLiveEvent('weather', { at: AT })).toBeNull();
    expect(readLiveEvent('call', { id: 'c1', addedLater: 1 })).toBeNull();
    expect(readLiveEvent('call', null)).toBeNull();
  });
});

describe('the documentation of live data', () => {
  it('names every event, and no other', () => {
    const page = readFileSync(path.join(__dirname, '..', '..', 'docs', 'live.md'), 'utf8');
    const section = page.split('## Events\n')[1]?.split(/^## /m)[0] ?? '';
    const named = [...section.matchAll(/^\| `([\w.]+)` \|/gm)].map(([, name = '']) => name);
    expect(named).toEqual(liveEventSchema.options.map(({ shape }) => shape.event.value));
  });
});

describe('a stream of events', () => {
  async function* chunks(text: string, size: number): AsyncGenerator<Uint8Array> {
    const bytes = new TextEncoder().encode(text);
    for (let i = 0; i < bytes.length; i += size) yield bytes.subarray(i, i + size);
  }

  it.each([1, 3, 1000])('is read whatever its chunks, here of %d bytes', async (size) => {
    const text =
      'retry: 1500\n\n: comment\n\nevent: call\r\ndata: {"a":"é"}\r\n\r\nid: 7\nevent: x\ndata:one\ndata: two\n\n: still here\nid: 8\n\nevent: cut';
    const events: StreamEvent[] = [];
    for await (const event of readEvents(chunks(text, size))) events.push(event);
    expect(events).toEqual([
      { event: 'call', data: '{"a":"é"}', lastEventId: '' },
      { event: 'x', data: 'one\ntwo', lastEventId: '7' },
      { event: '', data: '', lastEventId: '8' },
    ]);
  });

  const text = (id: string, event: LiveEvent): string =>
    `event: ${event.event}\nid: ${id}\ndata: ${JSON.stringify(event.data)}\n\n`;
  const around = (lines: string[]) => ({
    read: () => Promise.reject(new Error('unused')),
    write: () => Promise.resolve(),
    say: (line: string) => void lines.push(line),
    complain: (line: string) => void lines.push(line),
    colours: false,
    ask: null,
  });

  it('is taken up where it broke, until nobody wants to see more', async () => {
    const asked: string[] = [];
    const resumed: LiveEvent = {
      event: 'resumed',
      data: { at: AT, calls: [], campaigns: [], limits: [] },
    };
    const streams = [text('1', snapshot), text('2', resumed)];
    const client: Pick<Client, 'live'> = {
      live(_asked, after): Promise<Answer<AsyncIterable<Uint8Array>>> {
        asked.push(after);
        const next = streams.shift();
        if (next === undefined) return Promise.reject(new TypeError('fetch failed'));
        return Promise.resolve({ ok: true, value: chunks(next, 100) });
      },
    };
    const lines: string[] = [];
    const screen = {
      draw: () => undefined,
      wait: () => new Promise<boolean>((resolve) => setTimeout(() => resolve(asked.length < 4), 10)),
    };
    expect(await watchLive(client, {}, around(lines), { screen, rows: null })).toBe(0);
    expect(asked).toEqual(['', '1', '2', '2']);
    expect(lines.join('\n')).toMatch(/snapshot: 2.*\n.*coming back\.\n.*resumed: 0.*\n.*coming back\./);
  });

  it('is given up when the server will not have it', async () => {
    const problem = {
      type: 'urn:x',
      title: 'No',
      status: 401,
      code: 'unauthorized' as const,
      detail: 'This API key is not valid',
      requestId: 'r',
    };
    const lines: string[] = [];
    const screen = {
      draw: () => undefined,
      wait: () => new Promise<boolean>((r) => setTimeout(() => r(true), 5)),
    };
    const client: Pick<Client, 'live'> = { live: () => Promise.resolve({ ok: false, problem }) };
    expect(await watchLive(client, {}, around(lines), { screen, rows: null })).toBe(1);
    expect(lines).toEqual(['This API key is not valid']);
  });
});
