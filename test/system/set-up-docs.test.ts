import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { parse } from 'yaml';
import { conditionSchema } from '../../contract/condition';
import { dialled, placeCall } from './placing';
import { startSystem, type SystemUnderTest } from './system';

const DOCS = path.join(__dirname, '..', '..', 'docs');

/** The first block in a language after a heading. */
function blockAfter(file: string, heading: string, language: string): string {
  const text = readFileSync(path.join(DOCS, file), 'utf8');
  const from = text.indexOf(heading);
  const block = new RegExp(`\`\`\`${language}\\n([^]*?)\`\`\``).exec(text.slice(Math.max(0, from)));
  if (from === -1 || block?.[1] === undefined)
    throw new Error(`${file} has no ${language} block after "${heading}"`);
  return block[1];
}

describe('what the documents say about setting up a campaign', () => {
  let system: SystemUnderTest;
  beforeAll(async () => {
    system = await startSystem();
  });
  afterAll(() => system.stop());

  it('works when it is run as it stands, and the call it ends with is connected', async () => {
    const script = blockAfter('api.md', '## Set up a campaign, step by step', 'sh')
      .replace('API=http://127.0.0.1:3000/api/v1', `API=${system.baseUrl}/api/v1`)
      .replace('KEY=$(cat .callyard/secrets/admin-key)', `KEY=${system.adminKey}`);
    const { stdout } = await promisify(execFile)('sh', ['-eu', '-c', script]);
    const answers = stdout
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as { code?: string; status?: unknown; explanation?: string[] });
    expect(answers).toHaveLength(8);
    expect(answers.filter(({ code }) => code !== undefined)).toEqual([]);
    expect(answers.at(-1)?.explanation?.join(' ')).toContain('Dallas Roofers');
    const { call } = await placeCall(system, {
      to: '+14155550188',
      buyers: { default: { kind: 'answer', talkSeconds: 90 } },
    });
    expect(call).toMatchObject({ outcome: 'connected', converted: true, revenueMicros: '25000000' });
    expect(dialled(call)).toEqual(['Dallas Roofers']);
  });

  it('has conditions that are valid', () => {
    expect(() =>
      conditionSchema.parse(parse(blockAfter('routing.md', '## Conditions', 'yaml'))),
    ).not.toThrow();
  });
});
