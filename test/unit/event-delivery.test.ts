import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import { Webhook } from 'standardwebhooks';
import { signedHeaders } from '../../activities/delivery/signature';
import { nextWait, WAITS_SECONDS } from '../../domain/events/backoff';
import { healthOf } from '../../domain/events/health';
import { createOutward } from '../../runtime/outward';
import { isPublicAddress, whyNotSendTo } from '../../runtime/public-addresses';

const HOUR = 3_600;
const never = new AbortController().signal;

describe('waits between attempts', () => {
  it('grow, and end within a day', () => {
    let elapsed = 0;
    let before = 0;
    for (let failures = 1; ; failures++) {
      const wait = nextWait(failures, elapsed, 0.999);
      if (wait === null) {
        expect([failures, elapsed > 20 * HOUR]).toEqual([WAITS_SECONDS.length, true]);
        return;
      }
      expect(wait).toBeGreaterThanOrEqual(Math.min(before, 4 * HOUR));
      before = wait;
      elapsed += wait;
      expect(elapsed).toBeLessThanOrEqual(24.1 * HOUR);
    }
  });
  it('are over for what was held up for a day', () => {
    expect(nextWait(1, 25 * HOUR, 0)).toBeNull();
    expect(nextWait(1, 0, 0)).toBe(5);
  });
});

describe('the health of an endpoint', () => {
  const now = Date.parse('2026-03-10T00:00:00Z');
  const health = (failingSince: string | null, deadInARow: number, enabled = true) =>
    healthOf({ enabled, failingSince, deadInARow }, now);
  it('is failing after five days without an answer, or ten deliveries given up', () => {
    expect(health(null, 0)).toBe('healthy');
    expect(health('2026-03-09T00:00:00Z', 9)).toBe('healthy');
    expect(health('2026-03-05T00:00:00Z', 0)).toBe('failing');
    expect(health('2026-03-09T00:00:00Z', 10)).toBe('failing');
    expect(health(null, 0, false)).toBe('disabled');
  });
});

describe('a signature', () => {
  it('is one for each secret, which the library of the standard verifies', () => {
    const secret = fc
      .uint8Array({ minLength: 24, maxLength: 64 })
      .map((key) => `whsec_${Buffer.from(key).toString('base64')}`);
    fc.assert(
      fc.property(
        fc.array(secret, { minLength: 1, maxLength: 2 }),
        fc.string({ unit: 'grapheme' }),
        (secrets, text) => {
          const body = JSON.stringify({ text });
          const headers = signedHeaders(secrets, 'evt_1', Date.now(), body);
          for (const each of secrets)
            expect(new Webhook(each).verify(body, { ...headers })).toEqual({ text });
        },
      ),
      { numRuns: 50 },
    );
    expect(signedHeaders([], 'evt_1', 0, '')).toEqual({});
  });
});

describe('an address', () => {
  it.each(['8.8.8.8', '172.32.0.1', '2606:4700::1111', '2a00:1450::1'])('%s is public', (address) => {
    expect(isPublicAddress(address)).toBe(true);
  });
  it.each([
    '127.0.0.1',
    '0.0.0.0',
    '10.1.2.3',
    '100.64.0.1',
    '169.254.169.254',
    '172.16.0.1',
    '192.168.1.1',
    '224.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::ffff:10.0.0.1',
    '::ffff:8.8.8.8',
    '64:ff9b::a00:1',
    '2002:7f00:1::',
    '2001:db8::1',
    'fc00::1',
    'fe80::1',
    'fe80::1%eth0',
    'ff02::1',
    'no address',
  ])('%s is not', (address) => {
    expect(isPublicAddress(address)).toBe(false);
  });
  it.each([
    'https://127.0.0.1/',
    'https://2130706433/',
    'https://0x7f.1/',
    'https://[::1]/',
    'https://[::ffff:127.0.0.1]/',
    'https://localhost/',
    'https://api.localhost./',
    'http://a.example/',
  ])('%s is not sent to', (url) => {
    expect(whyNotSendTo(new URL(url), false)).not.toBeNull();
  });
  it('may be private where that is allowed, and public without TLS nowhere', () => {
    expect(whyNotSendTo(new URL('http://127.0.0.1/'), true)).toBeNull();
    expect(whyNotSendTo(new URL('http://8.8.8.8/'), true)).toContain('must be https');
    expect(whyNotSendTo(new URL('https://a.example/'), false)).toBeNull();
  });
});

describe('a request outward', () => {
  const request = (url: string) => ({ method: 'GET' as const, url, headers: {}, body: null });
  const meaning = (...addresses: string[]) =>
    createOutward({
      allowPrivate: false,
      lookup: (_host, done) =>
        done(
          null,
          addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
        ),
    });

  it('goes nowhere when a name means one private address among others', async () => {
    for (const addresses of [['10.0.0.1'], ['8.8.8.8', '127.0.0.1'], ['2606:4700::1', '::1']])
      await expect(meaning(...addresses)(request('https://a.example/'), never)).rejects.toThrow(
        'a.example leads into a private network',
      );
    await expect(meaning()(request('https://a.example/'), never)).rejects.toThrow('has no address');
  });

  it('goes to the address that was checked, whatever the name means a moment later', async () => {
    const hosts: (string | undefined)[] = [];
    const server = createServer((req, res) => {
      hosts.push(req.headers.host);
      res.end('here');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    let lookups = 0;
    const send = createOutward({
      allowPrivate: true,
      lookup: (_host, done) => {
        lookups += 1;
        done(null, [{ address: lookups === 1 ? '127.0.0.1' : '127.0.0.2', family: 4 }]);
      },
    });
    const answer = await send(request(`http://rebinding.example:${port}/`), never);
    expect([answer, lookups]).toEqual([{ statusCode: 200, excerpt: 'here' }, 1]);
    expect(hosts).toEqual([`rebinding.example:${port}`]);
    await new Promise((resolve) => server.close(resolve));
  });

  it('is given up when nobody answers in time, or it is stopped', async () => {
    const server = createServer(() => undefined);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const send = createOutward({ allowPrivate: true, patienceMs: 200 });
    await expect(send(request(url), never)).rejects.toThrow('no answer within 0.2 s');
    await expect(send(request(url), AbortSignal.timeout(50))).rejects.toThrow();
    await new Promise((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    });
  });
});
