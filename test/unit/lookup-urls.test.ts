import { flowSchema } from '../../contract/flow';

const messagesOf = (url: string): string[] => {
  const parsed = flowSchema.safeParse({
    start: 'ask',
    nodes: { ask: { kind: 'lookup', url, next: 'end', failed: 'end' }, end: { kind: 'route' } },
  });
  return parsed.success ? [] : parsed.error.issues.map(({ message }) => message);
};

describe('the URL of a lookup', () => {
  it.each([
    'https://example.com/crm',
    'http://example.com:8080/crm?key=a:b@c',
    'https://example.com/@name',
    'https://example.com/#a@b',
  ])('may be %s, which a worker can ask', (url) => {
    expect(messagesOf(url)).toEqual([]);
    expect(() => new Request(url)).not.toThrow();
  });

  it.each([
    'http://user:pw@example.com/',
    'https://user@example.com/',
    'https://:pw@example.com/',
    'https:\\\\user:pw@example.com/',
    'https:user:pw@example.com/',
  ])('is not %s, which no worker would ask', (url) => {
    expect(messagesOf(url)).toContainEqual(expect.stringContaining('user name or password'));
    expect(() => new Request(url)).toThrow(/credentials/);
  });

  it('is refused with what to do about a password in it', () => {
    expect(messagesOf('https://user:pw@example.com/')).toEqual([
      expect.stringMatching(/^must have no user name or password .* path or query$/),
    ]);
  });
});
