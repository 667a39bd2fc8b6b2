import { Platform } from './simulator-platform';

const platform = new Platform();
beforeAll(() => platform.start());
afterAll(() => platform.stop());
beforeEach(() => platform.reset());

const question = (attributes: string): string =>
  `<Gather action="/answer" timeout="4" ${attributes}><Say language="de-DE" voice="Polly.Vicki">Was ist Ihre Postleitzahl?</Say></Gather><Redirect>/again</Redirect>`;

describe('a caller who speaks', () => {
  beforeEach(() => {
    platform.twiml('/answer', '<Hangup/>');
    platform.twiml('/again', '<Hangup/>');
  });

  test('is understood where speech is listened for, with a confidence', async () => {
    platform.twiml(
      '/voice',
      question('input="speech" language="de-DE" hints="eins, zwei" speechTimeout="auto"'),
    );
    const call = await platform.call({ answers: [{ say: 'zehn eins eins fünf', confidence: 0.72 }] });
    const [answer] = platform.at('/answer');
    expect(answer?.signed).toBe(true);
    expect(answer?.fields).toMatchObject({ SpeechResult: 'zehn eins eins fünf', Confidence: '0.72' });
    expect(answer?.fields).not.toHaveProperty('Digits');
    const events = call.events.filter((event) => event.type === 'verb');
    expect(events).toMatchObject([
      { verb: 'gather', language: 'de-DE', hints: ['eins', 'zwei'] },
      { verb: 'say', language: 'de-DE', voice: 'Polly.Vicki' },
      { verb: 'hangup' },
    ]);
    expect(call.warnings).toEqual([]);
  });

  test('may also press keys where both are listened for', async () => {
    platform.twiml('/voice', question('input="dtmf speech" numDigits="5"'));
    platform.twiml('/answer', question('input="dtmf speech"').replace('/answer', '/end'));
    platform.twiml('/end', '<Hangup/>');
    await platform.call({ answers: ['94105', { say: 'ja' }] });
    expect(platform.at('/answer')[0]?.fields).toMatchObject({ Digits: '94105' });
    expect(platform.at('/end')[0]?.fields).toMatchObject({ SpeechResult: 'ja', Confidence: '0.9' });
  });

  test.each([
    ['input="dtmf"', { say: 'hello' }, { input: 'speech', text: 'hello' }],
    ['input="speech"', '1', { input: 'digits', text: '1' }],
  ])(
    'is not heard by a Gather with %s when the answer is of the other kind',
    async (attributes, answer, ignored) => {
      platform.twiml('/voice', question(attributes));
      const call = await platform.call({ answers: [answer] });
      expect(platform.paths()).toEqual(['/voice', '/again', '/status']);
      expect(call.events.find((event) => event.type === 'input-ignored')).toMatchObject(ignored);
    },
  );

  test('talks as long as the words last, and the silence after them', async () => {
    platform.twiml('/voice', question('input="speech" speechTimeout="3"'));
    const call = await platform.call({ answers: [{ say: 'x'.repeat(30) }] });
    const spoke = call.events.find((event) => event.type === 'spoke');
    const asked = call.events.find((event) => event.type === 'verb');
    expect((spoke?.seconds ?? 0) - (asked?.seconds ?? 0)).toBeCloseTo(1 + 2 + 3, 1);
  });

  test('waits for the end of a prompt that cannot be cut off', async () => {
    platform.twiml('/voice', question('input="speech" bargeIn="false" speechTimeout="1"'));
    const call = await platform.call({ answers: [{ say: 'ja' }] });
    const spoke = call.events.find((event) => event.type === 'spoke');
    expect(spoke?.seconds).toBeGreaterThan('Was ist Ihre Postleitzahl?'.length / 15 + 1);
  });

  test('and says nothing leaves the action unasked unless silence is asked for', async () => {
    platform.twiml('/voice', question('input="speech" actionOnEmptyResult="true"'));
    await platform.call();
    expect(platform.at('/answer')[0]?.fields).toMatchObject({ SpeechResult: '', Confidence: '0.0' });
  });

  test('cannot be given digits beside answers', async () => {
    await expect(platform.call({ digits: ['1'], answers: ['1'] })).rejects.toThrow(
      'give digits or answers, not both',
    );
  });
});
