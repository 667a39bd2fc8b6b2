import type { ConfigApplied } from '../../contract/config-document';
import type { Answer, Client } from '../../scripts/callyard/client';
import { applyFile, type Surroundings } from '../../scripts/callyard/commands';
import { writeDocument } from '../../scripts/callyard/document';
import { sampleConfig } from '../system/config-sample';

const FILE = 'campaign.yaml';
const TEXT = writeDocument(sampleConfig(), 'cmp_roofing');

const CHANGE: ConfigApplied['changes'][number] = {
  action: 'update',
  entity: 'campaign',
  id: 'cmp_roofing',
  name: 'Roofing',
  patch: [{ op: 'replace', path: '/vertical', value: 'solar' }],
  lines: ['~ vertical: "general" → "solar"'],
};

const applied = (dryRun: boolean, changes = [CHANGE]): Answer<ConfigApplied> => ({
  ok: true,
  value: { campaignId: 'cmp_roofing', dryRun, changes, digest: 'digest', warnings: [] },
});

const refused = (code: 'conflict' | 'unprocessable', pointer?: string): Answer<ConfigApplied> => ({
  ok: false,
  problem: {
    type: `urn:callyard:problem:${code}`,
    title: 'Refused',
    status: 409,
    code,
    detail: 'no',
    ...(pointer === undefined ? {} : { errors: [{ pointer, message: 'is wrong' }] }),
    requestId: 'r1',
  },
});

/** Applies the sample with a server that gives these answers, and somebody or nobody at the terminal. */
async function run(
  answers: readonly Answer<ConfigApplied>[],
  options: { dryRun?: boolean; yes?: boolean; reply?: boolean; colours?: boolean } = {},
) {
  const asked: string[] = [];
  const out: string[] = [];
  const err: string[] = [];
  const calls: { dryRun: boolean; expect?: string }[] = [];
  const client: Pick<Client, 'apply'> = {
    apply: (_document, how) => {
      const answer = answers[calls.push(how) - 1];
      return answer === undefined ? Promise.reject(new Error('asked too often')) : Promise.resolve(answer);
    },
  };
  const { reply } = options;
  const around: Surroundings = {
    read: () => Promise.resolve(TEXT),
    write: () => Promise.reject(new Error('nothing is written here')),
    say: (text) => out.push(text),
    complain: (text) => err.push(text),
    colours: options.colours ?? false,
    ask:
      reply === undefined
        ? null
        : (question) => {
            asked.push(question);
            return Promise.resolve(reply);
          },
  };
  const how = { dryRun: options.dryRun ?? false, yes: options.yes ?? false };
  const code = await applyFile(client, FILE, how, around);
  return { code, asked, out: out.join('\n'), err: err.join('\n'), calls };
}

const DRY = { dryRun: true };
const REAL = { dryRun: false, expect: 'digest' };

describe('applying a file', () => {
  it('shows the changes, asks, and applies what it showed', async () => {
    const { code, asked, out, calls } = await run([applied(true), applied(false)], { reply: true });
    expect({ code, asked, calls }).toEqual({
      code: 0,
      asked: ['Apply to cmp_roofing? [y/N] '],
      calls: [DRY, REAL],
    });
    expect(out).toBe(
      [
        '~ update campaign cmp_roofing (Roofing)',
        '    ~ vertical: "general" → "solar"',
        '1 change: 1 to update.',
        'Applied to cmp_roofing. 1 change: 1 updated.',
      ].join('\n'),
    );
  });

  it('changes nothing when the answer is no', async () => {
    const { code, out, calls } = await run([applied(true)], { reply: false });
    expect({ code, calls }).toEqual({ code: 1, calls: [DRY] });
    expect(out).toContain('Nothing was changed.');
  });

  it('asks nobody with --yes, where nobody is, in a dry run, and when there is nothing to change', async () => {
    expect(await run([applied(true), applied(false)], { reply: false, yes: true })).toMatchObject({
      code: 0,
      asked: [],
      calls: [DRY, REAL],
    });
    expect(await run([applied(true), applied(false)])).toMatchObject({ code: 0, calls: [DRY, REAL] });
    expect(await run([applied(true)], { reply: true, dryRun: true })).toMatchObject({
      code: 0,
      asked: [],
      calls: [DRY],
    });
    expect(await run([applied(true, [])], { reply: true })).toMatchObject({
      code: 0,
      asked: [],
      calls: [DRY],
    });
  });

  it('says that nothing was changed when the campaign changed meanwhile', async () => {
    const { code, err } = await run([applied(true), refused('conflict')], { yes: true });
    expect(code).toBe(1);
    expect(err).toBe('Refused: no (request r1)');
  });

  it('puts what the server holds against a field at its place in the file', async () => {
    const { code, err } = await run([refused('unprocessable', '/plan/rules/0/strategy/kind')]);
    const line = TEXT.slice(0, TEXT.indexOf('kind: weighted')).split('\n').length;
    expect(code).toBe(2);
    expect(err).toBe(`${FILE}:${line}:15 plan.rules[0].strategy.kind is wrong\nNothing was changed.`);
  });

  it('uses colours only where they are wanted', async () => {
    const { out } = await run([applied(true)], { dryRun: true, colours: true });
    expect(out).toContain('\u001b[33m~ update campaign cmp_roofing (Roofing)\u001b[0m');
    expect((await run([applied(true)], { dryRun: true })).out).not.toContain('\u001b');
  });
});
