import { createCarriers, type AskedAbout } from '../../activities/maintenance/carriers';
import type { CarrierInquiry, CarrierWord } from '../../telephony/inquiry';

const calls = (count: number): AskedAbout[] =>
  Array.from({ length: count }, (_, n) => ({
    call_id: `call_${n}`,
    carrier: 'twilio',
    account_sid: 'AC1',
    sid: `CA${n}`,
  }));

const OVER: CarrierWord = { state: 'over', status: 'completed', answered: [] };

describe('asking carriers about calls', () => {
  it('takes some seconds at most, however many calls are gone and however silent the carrier is', async () => {
    let errors = 0;
    const silent: CarrierInquiry = {
      carrier: 'twilio',
      ask: (_, signal) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(new Error('no answer')), { once: true });
        }),
    };
    const since = Date.now();
    const words = await createCarriers([silent], () => (errors += 1)).askAll(calls(500));
    expect(Date.now() - since).toBeLessThan(6_500);
    expect(words).toHaveLength(500);
    expect(words.every(({ word }) => word === null)).toBe(true);
    // Those whose turn never came were not asked.
    expect(errors).toBeLessThan(100);
  }, 10_000);

  it('gives every live call its turn when there are more of them than questions, and repeats none within a minute', async () => {
    const asked: string[] = [];
    const carriers = createCarriers(
      [
        {
          carrier: 'twilio',
          ask: ({ sid }) => {
            asked.push(sid);
            return Promise.resolve(OVER);
          },
        },
      ],
      () => undefined,
    );
    for (let sweep = 0; sweep < 3; sweep++) expect(await carriers.findOver(calls(60))).toHaveLength(20);
    expect(await carriers.findOver(calls(60))).toEqual([]);
    expect(new Set(asked).size).toBe(60);
  });

  it('asks again first about those that were asked about longest ago', async () => {
    const asked: string[] = [];
    const now = jest.spyOn(Date, 'now');
    const ask = ({ sid }: { readonly sid: string }): Promise<CarrierWord> => {
      asked.push(sid);
      return Promise.resolve({ ...OVER, state: 'in_progress' });
    };
    const carriers = createCarriers([{ carrier: 'twilio', ask }], () => undefined);
    for (let sweep = 0; sweep < 10; sweep++) {
      now.mockReturnValue(1_000_000 + sweep * 60_000);
      await carriers.findOver(calls(100));
    }
    now.mockRestore();
    const times = new Map<string, number>();
    for (const sid of asked) times.set(sid, (times.get(sid) ?? 0) + 1);
    expect([...times.values()]).toEqual(Array.from({ length: 100 }, () => 2));
  });

  it('does without those that cannot be asked', async () => {
    const carriers = createCarriers([], () => undefined);
    const [call] = calls(1);
    expect(await carriers.findOver(calls(1))).toEqual([]);
    expect(
      await carriers.askAll([{ ...call, call_id: 'call_x', carrier: null, account_sid: null, sid: null }]),
    ).toMatchObject([{ word: null }]);
  });
});
