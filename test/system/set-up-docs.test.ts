import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { parse } from 'yaml';
import { conditionSchema } from '../../contract/condition';
import { visitorSchema } from '../../contract/dni';
import { dniPoolStatusSchema } from '../../contract/resources/dni-pool';
import { limitSchema } from '../../contract/resources/limit';
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

  interface Answer {
    readonly code?: string;
    readonly status?: unknown;
    readonly explanation?: string[];
  }

  /** What the API answers to the commands of a document, one after the other. */
  function run(file: string, heading: string): Promise<Answer[]> {
    return runScript(blockAfter(file, heading, 'sh'));
  }

  async function runScript(text: string): Promise<Answer[]> {
    const script = text
      .replaceAll('http://127.0.0.1:3000', system.baseUrl)
      .replace('KEY=$(cat .callyard/secrets/admin-key)', `KEY=${system.adminKey}`);
    const { stdout } = await promisify(execFile)('sh', ['-eu', '-c', script]);
    return stdout
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Answer);
  }

  it('works when it is run as it stands, and the call it ends with is connected', async () => {
    const answers = await run('api.md', '## Set up a campaign, step by step');
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

  it('sets the limits it shows, and shows them as they are', async () => {
    const answers = await run('limits.md', '# Limits');
    expect(answers.filter(({ code }) => code !== undefined)).toEqual([]);
    expect(answers.at(-2)).toMatchObject({ id: 'lim_alpha_hourly', limit: 30, revision: 2 });
    expect(answers.at(-1)).toMatchObject({
      data: expect.arrayContaining([
        expect.objectContaining({ counts: 'spend', limit: '5000000000' }),
      ]) as unknown,
    });
    const shown: unknown = JSON.parse(blockAfter('limits.md', '## What is used', 'json'));
    expect(limitSchema.parse(shown)).toEqual(shown);
  });

  it('makes the pool of numbers it shows, which then has them', async () => {
    const answers = await run('dni.md', '## Make a pool');
    expect(answers.filter(({ code }) => code !== undefined)).toEqual([]);
    expect(answers.at(-1)).toMatchObject({ id: 'dni_home', numbers: 2 });
    const leased = await fetch(`${system.baseUrl}/dni/v1/dni_home/lease`, {
      method: 'POST',
      headers: { origin: 'http://127.0.0.1:8000' },
      body: '{}',
    });
    expect(await leased.json()).toMatchObject({ kind: 'leased', number: '+14155550180' });
    const { visitor } = JSON.parse(blockAfter('dni.md', '## See a call', 'json')) as { visitor: unknown };
    expect(visitorSchema.parse(visitor)).toEqual(visitor);
    const status: unknown = JSON.parse(blockAfter('dni.md', '## How many numbers', 'json'));
    expect(dniPoolStatusSchema.parse(status)).toEqual(status);
  });

  it('books, corrects and disputes money as it shows', async () => {
    const money = (after: string): string => `${prelude}\n${blockAfter('money.md', after, 'sh')}`;
    const prelude = blockAfter('money.md', '# Money', 'sh');
    const [price, payout] = await runScript(money('A price and a payout are set whole'));
    expect([price, payout]).toMatchObject([
      { price: { amountMicros: '15000000' } },
      { payout: { due: { on: 'conversion' } } },
    ]);
    const [made] = await runScript(
      money('Let the price wait').replace(/^CALL=.*$/m, 'echo "{\\"secret\\": \\"$SECRET\\"}"'),
    ).then((answers) => answers.slice(-1) as { secret?: string }[]);
    const { call } = await placeCall(system, { to: '+14155550100', digits: ['1'] });
    const known = `CALL=${call.id}\nSECRET=${made?.secret ?? ''}\n`;
    const correct = (line: string): Promise<Answer[]> => runScript(`${known}${prelude}\n${line}`);
    expect(await correct(blockAfter('money.md', 'They sold for', 'sh'))).toEqual([
      { ...(JSON.parse(blockAfter('money.md', 'They sold for', 'json')) as object), callId: call.id },
    ]);
    const lines = blockAfter('money.md', 'An adjustment is at most', 'sh').split('\n');
    const of = (text: string): string => lines.find((line) => line.includes(text)) ?? '';
    const [adjusted] = (await correct(of('/adjustments'))) as { id?: string }[];
    expect(adjusted).toMatchObject({ kind: 'adjustment', amountMicros: '-5000000' });
    const [dispute] = (await correct(of('POST /disputes '))) as { id?: string }[];
    expect(dispute).toMatchObject({ status: 'open' });
    expect(await correct(of('/accept').replace('dsp_…', dispute?.id ?? ''))).toMatchObject([
      { status: 'accepted', grantedMicros: '8000000' },
    ]);
    expect((await correct(of('GET "/ledger')))[0]).toMatchObject({
      data: expect.arrayContaining([expect.objectContaining({ id: adjusted?.id })]) as unknown,
    });
    expect(await correct(of('/reversal').replace('1234', adjusted?.id ?? ''))).toMatchObject([
      { kind: 'reversal', reverses: adjusted?.id },
    ]);
  });

  it('reports, keeps a report and sets a goal as it shows', async () => {
    const prelude = blockAfter('reports.md', '# Reports', 'sh');
    const saved = blockAfter('reports.md', '## Saved reports', 'sh').replace(/^npm run .*$/m, '');
    const answers = await runScript(`${prelude}\n${saved}\n${blockAfter('reports.md', '## Goals', 'sh')}`);
    expect(answers).toMatchObject([
      { by: ['campaign', 'day'], zone: 'America/New_York' },
      { id: 'rep_weekly', range: { period: 'last_month' } },
      { data: [{ id: 'rep_weekly' }] },
      { campaignId: 'cmp_sample', period: 'week', calls: 500 },
    ]);
  });

  it('has conditions that are valid', () => {
    expect(() =>
      conditionSchema.parse(parse(blockAfter('routing.md', '## Conditions', 'yaml'))),
    ).not.toThrow();
  });
});
