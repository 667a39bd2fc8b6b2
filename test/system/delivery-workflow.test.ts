import { deliveriesId } from '../../workflows/ids';
import { recordEventFor } from '../../db/queries/events/record';
import { insertCampaign } from './campaign-fixture';
import { insertEndpoint, newSecret } from './endpoint-fixture';
import { linkToDatabase } from './link';
import { placeCall } from './placing';
import { startReceiver, type Receiver } from './receiver';
import { eventually, startSystem, type SystemUnderTest } from './system';

const NUMBER = '+14155557100';

describe('a system that delivers events', () => {
  let system: SystemUnderTest;
  let receiver: Receiver;
  const secret = newSecret();
  beforeAll(async () => {
    system = await startSystem({ inquiries: [] });
    receiver = await startReceiver();
    await insertCampaign(system.db, {
      key: 'live',
      number: NUMBER,
      buyers: [{ name: 'a' }],
      payout: '3000000',
    });
    await system.db.query(`UPDATE campaigns SET report_answer = true WHERE id = 'cmp_live'`);
    await insertEndpoint(system.db, { id: 'whk_live', url: receiver.url, secret });
  });
  afterAll(async () => {
    await system.stop();
    await receiver.close();
  });

  const handle = () => system.temporal.workflow.getHandle(deliveriesId(system.taskQueue));
  const told = (sid: string) =>
    receiver
      .verified(secret)
      .flatMap((event) => ('call' in event.data && event.data.call.sid === sid ? [event.type] : []))
      .toSorted();
  const ALL = ['call.connected', 'call.converted', 'call.ended', 'call.paid', 'call.received'];

  it('tells of a whole call, as it goes', async () => {
    const { call } = await placeCall(system, { to: NUMBER });
    await eventually(() => {
      expect(told(call.sid)).toEqual(ALL);
      return Promise.resolve();
    });
    const ended = receiver.verified(secret).find(({ type }) => type === 'call.ended');
    expect(ended).toMatchObject({
      data: {
        call: {
          id: call.id,
          outcome: 'connected',
          outcomeReason: call.outcomeReason,
          talkSeconds: call.talkSeconds,
          revenueMicros: call.revenueMicros,
          payoutMicros: '3000000',
        },
      },
    });
    const { status, type } = await handle().describe();
    expect([type, status.name]).toEqual(['deliveries', 'RUNNING']);
  });

  it('goes on with the next worker, and after its workflow was terminated', async () => {
    await system.restartWorker();
    const { call } = await placeCall(system, { to: NUMBER });
    await eventually(() => {
      expect(told(call.sid)).toEqual(ALL);
      return Promise.resolve();
    });
    await handle().terminate('by hand');
    // A worker that is there notices within half a minute; one that starts does so at once.
    await system.restartWorker();
    const next = await placeCall(system, { to: NUMBER });
    await eventually(() => {
      expect(told(next.call.sid)).toEqual(ALL);
      return Promise.resolve();
    });
  });

  it('ends the round under way when its worker stops, so that nobody waits for minutes', async () => {
    const began = Date.now();
    await system.restartWorker();
    expect(Date.now() - began).toBeLessThan(8_000);
    await eventually(async () => {
      const { events } = await handle().fetchHistory();
      expect(events?.some(({ activityTaskCompletedEventAttributes: done }) => Boolean(done))).toBe(true);
    });
  });
});

describe('a worker that loses the database', () => {
  it('delivers what happened meanwhile once it is back', async () => {
    const system = await startSystem({ worker: false });
    const { link, through } = await linkToDatabase(system.databaseUrl);
    const other = await startSystem({
      inquiries: [],
      worker: true,
      workerDatabaseUrl: () => through(system.databaseUrl),
    });
    const receiver = await startReceiver();
    const secret = newSecret();
    await insertEndpoint(system.db, { id: 'whk_away', url: receiver.url, secret });
    const ping = (key: string) =>
      recordEventFor(system.db, 'whk_away', {
        type: 'test.ping',
        key,
        campaignId: null,
        at: new Date().toISOString(),
        data: { message: key },
      });
    const told = () => receiver.verified(secret).map(({ data }) => ('message' in data ? data.message : ''));
    await ping('before');
    await eventually(() => Promise.resolve(expect(told()).toEqual(['before'])));
    await link.cut();
    await ping('meanwhile');
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    expect(told()).toEqual(['before']);
    await link.mend();
    await eventually(() => Promise.resolve(expect(told()).toEqual(['before', 'meanwhile'])));
    await other.stop();
    await link.close();
    await receiver.close();
    await system.stop();
  });
});
