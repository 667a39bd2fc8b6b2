import { oldMessageKey, readAdmission, readInstructions, readMessage } from '../../domain/call/legacy';

/** Values as histories of the first release have them. */
const call = 'call_1';
const oldDial = {
  verb: 'dial',
  destination: { kind: 'tel', number: '+14155550201' },
  ringTimeoutSeconds: 20,
  timeLimitSeconds: 600,
  reportAnswer: false,
  record: true,
  callback: { step: 'dial', call, attempt: 2 },
};

describe('what the first release wrote', () => {
  it('as an answer to a webhook is given again in the words of today', () => {
    const stored = [
      { verb: 'say', prompt: { text: 'Hi', language: 'en-US' } },
      {
        verb: 'gather',
        prompt: { text: 'Press 1', language: 'en-US' },
        digits: 1,
        timeoutSeconds: 5,
        callback: { step: 'menu', call, try: 2 },
      },
      oldDial,
    ];
    expect(readInstructions(stored as never)).toEqual([
      stored[0],
      {
        ...stored[1],
        input: 'digits',
        terminator: null,
        speech: null,
        callback: { step: 'ivr', call, no: 2 },
      },
      {
        verb: 'dial',
        destinations: [oldDial.destination],
        ringTimeoutSeconds: 20,
        timeLimitSeconds: 600,
        reportAnswer: false,
        record: true,
        callerId: null,
        announce: false,
        callback: { step: 'dial', call, attempt: 2, screened: false },
      },
    ]);
  });

  it('today’s answers are left as they are', () => {
    const [dial] = readInstructions([oldDial] as never);
    expect(readInstructions([dial] as never)).toEqual([dial]);
  });

  it('as an answer in the menu is an answer in the IVR, under the id it had', () => {
    const stored = { type: 'menu_answered', at: 'now', try: 3, digits: '1', callerGone: false } as const;
    const message = readMessage(stored);
    expect(message).toEqual({
      type: 'ivr_answered',
      at: 'now',
      no: 3,
      digits: '1',
      speech: null,
      callerGone: false,
    });
    expect(oldMessageKey(message)).toBe('menu-3');
    expect(oldMessageKey({ type: 'inbound', at: 'now' })).toBeNull();
  });

  it('as an admission with a dial has what a dial has today', () => {
    const policy = { campaignId: 'cmp_1', record: true };
    const attempt = { no: 1, destination: oldDial.destination, ringTimeoutSeconds: 20 };
    const stored = { kind: 'placed', placement: { kind: 'dial', attempt }, policy, entries: [] };
    expect(readAdmission(stored as never)).toMatchObject({
      placement: {
        attempt: {
          destinations: [oldDial.destination],
          callerId: null,
          announce: false,
          screened: false,
          record: true,
        },
      },
      policy: { channel: '', recoverUnderSeconds: null },
    });
  });
});
