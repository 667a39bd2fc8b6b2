import { readFileSync } from 'node:fs';
import path from 'node:path';
import { readDocument, writeDocument } from '../../scripts/callyard/document';
import { readSource, renderFaults } from '../../scripts/callyard/source';
import { sampleConfig } from '../system/config-sample';

/** What somebody sees who gives a file with this text. */
function faultsOf(text: string): string[] {
  const read = readDocument(text);
  return read.ok ? [] : renderFaults('campaign.yaml', read.faults).split('\n');
}

const HEAD = `campaign:
  id: cmp_roofing
  name: Roofing
  timeZone: America/Chicago
  currency: USD
`;

describe('the document of a campaign in a file', () => {
  it('is read from YAML and from JSON alike', () => {
    const yaml = readDocument(writeDocument(sampleConfig(), 'cmp_roofing'));
    const json = readDocument(JSON.stringify(sampleConfig()));
    expect(yaml).toMatchObject({ ok: true });
    expect(json.ok && json.document).toEqual(yaml.ok && yaml.document);
  });

  it('keeps what looks like a number as the text it is', () => {
    const text = writeDocument(sampleConfig(), 'cmp_roofing');
    expect(text).toMatch(/number: "\+1312555\d+"/);
    expect(text).toContain('amountMicros: "25000000"');
  });

  it('needs no more than a name, a zone and a currency', () => {
    expect(faultsOf(HEAD)).toEqual([]);
  });

  it('is as the documentation shows it', () => {
    const page = readFileSync(path.join(__dirname, '..', '..', 'docs', 'config-as-code.md'), 'utf8');
    const [, example = ''] = /```yaml\n([^]*?)```/.exec(page) ?? [];
    expect(example).toContain('campaign:');
    expect(faultsOf(example)).toEqual([]);
  });

  it('names the line and column of a value that is wrong', () => {
    const plan = `plan:
  rules:
    - name: everyone
      strategy: { kind: lottery }
  maxAttempts: 0
  fallback: { kind: reject, reason: busy }
`;
    const faults = faultsOf(HEAD + plan);
    expect(faults).toHaveLength(2);
    expect(faults[0]).toMatch(/^campaign\.yaml:9:25 plan\.rules\[0\]\.strategy\.kind \S/);
    expect(faults[1]).toMatch(/^campaign\.yaml:10:16 plan\.maxAttempts \S/);
  });

  it('names a field that is not known where it stands, also deep inside', () => {
    const faults = faultsOf(
      `${HEAD}  colour: red\nbuyers:\n  - id: buy_a\n    name: A\n    timeZone: UTC\n    hour:\n      x: 1\n`,
    );
    expect(faults).toEqual([
      expect.stringMatching(/^campaign\.yaml:6:\d+ campaign\.colour is not a field/),
      expect.stringMatching(/^campaign\.yaml:11:5 buyers\[0\]\.hour is not a field/),
    ]);
  });

  it('names a field that is missing where it should have been', () => {
    const faults = faultsOf(`${HEAD}buyers:\n  - id: buy_a\n    name: A\n`);
    expect(faults).toEqual(['campaign.yaml:7:5 buyers[0].timeZone is missing']);
    expect(faultsOf('buyers: []\n')).toEqual([expect.stringContaining(':1:1 campaign is missing')]);
  });

  it('says to put quotes around what is no text without them', () => {
    const faults = faultsOf(`${HEAD}numbers:\n  - number: +13125550100\n    channel: 7\n`);
    expect(faults).toEqual([
      'campaign.yaml:7:13 numbers[0].number must be text: put it in quotes, "+13125550100"',
      'campaign.yaml:8:14 numbers[0].channel must be text: put it in quotes, "7"',
    ]);
  });

  it('names what does not fit the rest of the document', () => {
    const plan = `plan:
  rules:
    - name: everyone
      strategy: { kind: waterfall }
      candidates:
        - assignmentId: asg_nobody
  maxAttempts: 1
  fallback: { kind: reject, reason: busy }
flow:
  start: hello
  nodes:
    hello: { kind: goto, next: '' }
`;
    expect(faultsOf(HEAD + plan)).toEqual([
      expect.stringMatching(
        /^campaign\.yaml:11:25 plan\.rules\[0\]\.candidates\[0\]\.assignmentId is no assignment/,
      ),
      expect.stringMatching(/^campaign\.yaml:17:32 flow\.nodes\.hello\.next \S/),
    ]);
  });

  it('finds the place behind an alias', () => {
    const faults = faultsOf(
      `${HEAD}buyers:\n  - id: buy_a\n    name: A\n    timeZone: UTC\n    hours: &week\n      timeZone: Mars\n      openings: []\n  - { id: buy_b, name: B, timeZone: UTC, hours: *week }\n`,
    );
    expect(faults).toEqual([
      expect.stringMatching(/^campaign\.yaml:11:17 buyers\[0\]\.hours\.timeZone must be an IANA/),
      expect.stringMatching(/^campaign\.yaml:11:17 buyers\[1\]\.hours\.timeZone must be an IANA/),
    ]);
  });

  it.each([
    ['an indent that does not fit', 'campaign:\n  id: cmp_a\n name: x\n', /^campaign\.yaml:3:\d+ /],
    ['a key that is there twice', 'campaign: {}\ncampaign: {}\n', /^campaign\.yaml:2:1 .*unique/],
    ['an alias of nothing', 'campaign: *nobody\n', /^campaign\.yaml:1:\d+ /],
    ['a tag nobody knows', 'campaign: !secret x\n', /^campaign\.yaml:1:11 .*tag/],
    ['two documents', 'a: 1\n---\nb: 2\n', /^campaign\.yaml:\d+:1 .*documents/],
    ['nothing', '', /^campaign\.yaml:1:1 the file is empty: it has no campaign$/],
    ['nothing but a remark', '# later\n', /^campaign\.yaml:\d+:1 the file is empty: it has no campaign$/],
    ['a list', '- 1\n', /^campaign\.yaml:1:1 /],
  ])('refuses %s, and says where', (_, text, expected) => {
    expect(faultsOf(text)[0]).toMatch(expected);
  });

  it('names the text that cannot be stored', () => {
    const text = (name: string, note: string) =>
      `${HEAD.replace('Roofing', name)}buyers:\n  - { id: buy_a, name: ${note}, timeZone: UTC }\n`;
    const message = 'has a NUL character, or half a character, in its text';
    expect(faultsOf(text('"Roo\\0fing"', '"\\uD83D"'))).toEqual([
      `campaign.yaml:3:9 campaign.name ${message}`,
      `campaign.yaml:7:24 buyers[0].name ${message}`,
    ]);
    expect(faultsOf(text('Roofing 🏠', '"\\uD83C\\uDFE0"'))).toEqual([]);
  });

  it('refuses aliases that would never end', () => {
    const bomb = [
      'a: &a [x,x,x,x,x,x,x,x,x,x]',
      ...['b', 'c', 'd', 'e', 'f', 'g'].map((name, index) => {
        const before = 'abcdef'.charAt(index);
        return `${name}: &${name} [${Array.from({ length: 10 }, () => `*${before}`).join(',')}]`;
      }),
    ].join('\n');
    const read = readSource(bomb);
    expect(read).toMatchObject({
      ok: false,
      faults: [{ message: expect.stringContaining('alias') as unknown }],
    });
  });
});
