import fc from 'fast-check';
import { requestFor } from '../../domain/events/request';
import {
  hasLooseBraces,
  renderTemplate,
  renderUrl,
  TOKEN_NAMES,
  unknownTokens,
  type TokenCall,
  type TokenFacts,
} from '../../domain/events/tokens';
import { newWebhookEndpointSchema } from '../../contract/resources/webhook-endpoint';

const CALL: TokenCall = {
  id: 'call_1',
  sid: 'CA1',
  campaignId: 'cmp_a',
  campaignName: 'Roofs & more',
  publisherId: null,
  publisherName: null,
  number: '+14155550100',
  caller: '+14155550123',
  channel: 'google_ads',
  tags: { utm_source: 'spring sale' },
  outcome: 'connected',
  outcomeReason: 'buyer hung up',
  buyerId: 'buy_a',
  buyerName: 'A',
  receivedAt: '2026-03-02T15:00:00.000Z',
  connectedAt: null,
  endedAt: null,
  durationSeconds: 90,
  talkSeconds: 80,
  converted: true,
  currency: 'USD',
  revenueMicros: '20000000',
  payoutMicros: null,
};
const FACTS: TokenFacts = { id: 'evt_1', type: 'call.ended', timestamp: CALL.receivedAt, call: CALL };
const tagged = (value: string): TokenFacts => ({ ...FACTS, call: { ...CALL, tags: { v: value } } });

describe('a template', () => {
  it('is filled in with what happened, and with nothing where there is nothing', () => {
    const url =
      'https://t.example/{{call.id}}?r={{call.revenue}}&p={{call.payout}}&s={{ tag:utm_source }}&c={{caller}}&n={{tag:none}}&x={{tag:constructor}}&ok={{call.converted}}';
    expect(renderTemplate(url, FACTS, 'url')).toBe(
      'https://t.example/call_1?r=20.00&p=&s=spring%20sale&c=%2B14155550123&n=&x=&ok=true',
    );
    expect(renderTemplate('{{caller}}|{{event.type}}', { ...FACTS, call: null }, 'text')).toBe('|call.ended');
  });

  it('names its tokens that mean nothing', () => {
    expect(unknownTokens('{{call.id}} {{call.secret}} {{tag:}} {{toString}} {{call.secret}}')).toEqual([
      'call.secret',
      'tag:',
      'toString',
    ]);
    expect([hasLooseBraces('{{caller}}'), hasLooseBraces('{{caller}'), hasLooseBraces('a }} b')]).toEqual([
      false,
      true,
      true,
    ]);
    for (const name of TOKEN_NAMES) expect(unknownTokens(`{{${name}}}`)).toEqual([]);
  });

  it('carries any value through a URL, a form and JSON, and never into another parameter', () => {
    const characters = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({
        unit: fc.constantFrom('&', '=', '#', '?', '/', '%', '+', ' ', '"', '\\', '{{', '}}', '\n', '\0'),
      }),
    );
    fc.assert(
      fc.property(characters, (value) => {
        const url = new URL(renderUrl('https://t.example/a?v={{tag:v}}&w=1', tagged(value)));
        expect([...url.searchParams]).toEqual([
          ['v', value],
          ['w', '1'],
        ]);
        expect([url.host, url.pathname, url.hash]).toEqual(['t.example', '/a', '']);
        const form = new URLSearchParams(renderTemplate('v={{tag:v}}&w=1', tagged(value), 'url'));
        expect(form.get('v')).toBe(value);
        expect(JSON.parse(renderTemplate('{"v": "{{tag:v}}"}', tagged(value), 'json'))).toEqual({ v: value });
      }),
    );
  });

  it('stays in its place of a path', () => {
    const segment = fc.oneof(fc.string(), fc.constantFrom('.', '..', '../..', '%2e%2e', '/', '\\'));
    fc.assert(
      fc.property(segment, (value) => {
        const { host, pathname } = new URL(renderUrl('https://t.example/a/{{tag:v}}/b', tagged(value)));
        const [, a = '', middle = '', b = ''] = /^\/([^/]*)\/([^/]*)\/([^/]*)$/.exec(pathname) ?? [];
        expect([host, a, b]).toEqual(['t.example', 'a', 'b']);
        expect(decodeURIComponent(middle)).toBe(value === '.' || value === '..' ? '' : value);
      }),
    );
  });

  it('takes half a character for one that is unknown', () => {
    expect(renderTemplate('{{tag:v}}', tagged('a\ud800b'), 'url')).toBe('a%EF%BF%BDb');
  });
});

describe('what is sent', () => {
  const message = { id: 'evt_1', type: 'call.ended', timestamp: CALL.receivedAt, data: { call: CALL } };
  const target = {
    url: 'https://t.example/?id={{call.id}}',
    method: 'POST',
    contentType: null,
    bodyTemplate: null,
  } as const;

  it('is the event, a URL, or a body of the receiver’s own making', () => {
    const webhook = requestFor({ ...target, kind: 'webhook', url: 'https://t.example/' }, message);
    expect(JSON.parse(webhook.body ?? '')).toEqual(message);
    expect(requestFor({ ...target, kind: 'pixel', method: 'GET' }, message)).toMatchObject({
      method: 'GET',
      url: 'https://t.example/?id=call_1',
      body: null,
    });
    const template = { ...target, kind: 'template', bodyTemplate: 'a={{campaign.name}}' } as const;
    const body = (contentType: string) => requestFor({ ...template, contentType }, message).body;
    expect(body('application/x-www-form-urlencoded')).toBe('a=Roofs%20%26%20more');
    expect(body('text/plain')).toBe('a=Roofs & more');
  });
});

describe('an endpoint that is asked for', () => {
  const problems = (endpoint: object): string[] => {
    const parsed = newWebhookEndpointSchema.safeParse(endpoint);
    return (parsed.error?.issues ?? []).map(({ path, message }) => `${path.join('.')}: ${message}`);
  };
  it.each([
    [{ url: 'https://a.example/x' }, null],
    [{ kind: 'pixel', url: 'https://a.example/{{call.id}}?c={{caller}}' }, null],
    [{ kind: 'template', url: 'https://a.example/', bodyTemplate: '{"c": "{{caller}}"}' }, null],
    [{ url: 'https://a.example/{{call.id}}' }, /url: has tokens, which only/],
    [
      { kind: 'pixel', url: 'https://a.example/{{call.secret}}' },
      /url: .*\{\{call\.secret\}\}.*There are: .*caller/,
    ],
    [{ kind: 'pixel', url: 'https://{{tag:host}}/' }, /url: .*behind its host/],
    [{ kind: 'pixel', url: 'https://a.example@{{caller}}/' }, /url: .*behind its host/],
    [{ kind: 'pixel', url: '{{caller}}' }, /url: .*http/],
    [{ url: 'ftp://a.example/' }, /url: .*http/],
    [{ url: 'https://me:secret@a.example/' }, /url: .*user name/],
    [{ url: 'https://a.example/', method: 'GET' }, /method: must be POST/],
    [{ url: 'https://a.example/', bodyTemplate: 'x' }, /bodyTemplate: is only for/],
    [{ kind: 'template', url: 'https://a.example/' }, /bodyTemplate: is needed/],
    [
      { kind: 'template', url: 'https://a.example/', bodyTemplate: '{"r": {{call.revenue}}}' },
      /bodyTemplate: must be JSON/,
    ],
    [{ url: 'https://a.example/', eventTypes: ['call.lost'] }, /eventTypes/],
    [{ url: 'https://a.example/', eventTypes: [] }, /eventTypes/],
  ])('%j', (endpoint, refusal) => {
    if (refusal === null) expect(problems(endpoint)).toEqual([]);
    else expect(problems(endpoint)).toContainEqual(expect.stringMatching(refusal));
  });
});
