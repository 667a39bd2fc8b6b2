import { importAdSpend } from '../../scripts/callyard/ad-spend';
import type { Answer } from '../../scripts/callyard/client';
import type { Surroundings } from '../../scripts/callyard/commands';

const HEAD = 'campaign,channel,day,amount,currency';

/** Imports a file; the server takes it unless it is said to refuse a day. */
async function importing(file: string, options: { currency?: string; refuse?: number } = {}) {
  const said: string[] = [];
  const sent: object[] = [];
  const around = {
    read: () => Promise.resolve(file),
    say: (line: string) => said.push(line),
    complain: (line: string) => said.push(line),
  } as unknown as Surroundings;
  const client = {
    bookAdSpend: (body: object): Promise<Answer<{ booked: number; unchanged: number }>> => {
      sent.push(body);
      if (options.refuse === undefined)
        return Promise.resolve({ ok: true, value: { booked: 1, unchanged: 2 } });
      const problem = {
        type: 'urn:callyard:problem:unprocessable',
        title: '',
        status: 422,
        code: 'unprocessable' as const,
        detail: '1 of 2 days cannot be booked, so none was',
        requestId: 'r1',
        errors: [{ pointer: `/days/${options.refuse}/campaignId`, message: 'there is no campaign cmp_b' }],
      };
      return Promise.resolve({ ok: false, problem });
    },
  };
  const code = await importAdSpend(client, 'spend.csv', options.currency, around).catch(
    (error: unknown) => error,
  );
  return { code, said, sent };
}

describe('spend out of a file', () => {
  it('says what the file has not, and where it is not what its head says', async () => {
    const message = async (file: string): Promise<unknown> => {
      const { code } = await importing(file);
      return code instanceof Error ? code.message : code;
    };
    const head = 'campaign,channel,day,amount';
    expect(await message(`${head}\ncmp_a,print,2026-03-02,1`)).toMatch(/^Say --currency, for example/);
    expect(await message(`${head}\ncmp_a,print,2026-03-02,1\ncmp_a,print,2026-03-03,1,50`)).toMatch(
      /^line 3 has 5 fields instead of 4/,
    );
    expect((await importing(`${HEAD}\ncmp_a,print,2026-03-02,1,`)).said[0]).toBe(
      'spend.csv: line 2: currency is missing: fill it in, or say --currency for all that have none',
    );
  });

  it('is sent in micros, whatever the order of its columns, with quotes, blanks and a byte order mark', async () => {
    const file =
      '\uFEFF"Amount", Day ,campaign,channel\n"182.50",2026-03-02, cmp_a ,google_ads\n\n0.000001,2026-03-03,cmp_a,print\n';
    expect(await importing(file, { currency: 'USD' })).toEqual({
      code: 0,
      said: ['1 day booked, 2 known already.'],
      sent: [
        {
          days: [
            {
              campaignId: 'cmp_a',
              channel: 'google_ads',
              day: '2026-03-02',
              amountMicros: '182500000',
              currency: 'USD',
            },
            { campaignId: 'cmp_a', channel: 'print', day: '2026-03-03', amountMicros: '1', currency: 'USD' },
          ],
        },
      ],
    });
  });

  it('is not sent at all when a line cannot be used, and each such line is named', async () => {
    const { code, said, sent } = await importing(
      [
        HEAD,
        'cmp_a,print,2026-03-02,1.5,USD',
        'cmp_a,print,2026-02-30,1.5,USD',
        'cmp_a,Print,2026-03-02,-1,usd',
      ].join('\n'),
    );
    expect([code, sent]).toEqual([2, []]);
    expect(said).toEqual([
      'spend.csv: line 3: day must be a day, YYYY-MM-DD, of 2000 or later',
      'spend.csv: line 4: channel must be a channel: lower-case letters, digits, _ and -',
      'spend.csv: line 4: amount must be an amount like 182.50, with at most six decimals',
      'spend.csv: line 4: currency must be an ISO 4217 code, for example USD',
      'Nothing was booked.',
    ]);
  });

  it('is in the currency that is said for the file where a cell says none', async () => {
    const { sent } = await importing(
      `${HEAD}\ncmp_a,print,2026-03-02,1.5,\ncmp_a,print,2026-03-03,1.5,EUR\n`,
      {
        currency: 'USD',
      },
    );
    expect(sent).toMatchObject([{ days: [{ currency: 'USD' }, { currency: 'EUR' }] }]);
  });

  it('is refused by the line of the file that the server does not take', async () => {
    const { code, said } = await importing(
      `${HEAD}\ncmp_a,print,2026-03-02,1,USD\ncmp_b,print,2026-03-02,1,USD\n`,
      { refuse: 1 },
    );
    expect(code).toBe(2);
    expect(said[0]).toBe('spend.csv: line 3: there is no campaign cmp_b');
  });

  it.each([
    ['campaign,day,amount\ncmp_a,2026-03-02,1\n', /channel is not there/],
    [`${HEAD}\n`, /no lines behind its head/],
    [`${HEAD}\n"cmp_a,print`, /no CSV/],
  ])('says what is wrong with %j', async (file, why) => {
    const { code } = await importing(file);
    expect(String(code)).toMatch(why);
  });
});
