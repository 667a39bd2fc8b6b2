import { Listener } from './live-fixture';
import { placeCall } from './placing';
import { eventually, startSystem, type SystemUnderTest } from './system';

describe('metrics', () => {
  let system: SystemUnderTest;
  beforeAll(async () => {
    system = await startSystem();
  });
  afterAll(() => system.stop());

  async function scrape(): Promise<string[]> {
    const response = await system.get('/metrics');
    expect([response.status, response.headers.get('content-type')]).toEqual([
      200,
      'text/plain; version=0.0.4; charset=utf-8',
    ]);
    return (await response.text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  }

  const moveLimit = (id: string, maximum: number) =>
    system.db.query('UPDATE limits SET maximum = $2 WHERE id = $1', [id, maximum]);

  it('are for those who have the admin key', async () => {
    expect((await fetch(`${system.baseUrl}/metrics`)).status).toBe(401);
  });

  it('count what is held, and say nothing of limits with much room', async () => {
    const others = [
      'callyard_webhook_deliveries{status="waiting"} 0',
      'callyard_webhook_deliveries{status="dead"} 0',
      'callyard_live_streams 0',
    ];
    const held = (pending: number, deferred: number) => [
      `callyard_reservations_pending ${pending}`,
      `callyard_reservations_deferred ${deferred}`,
      ...others,
    ];
    expect(await scrape()).toEqual(held(0, 0));
    const sid = system.carrier.newSid();
    await system.carrier.post('voice', sid, { To: '+14155550101' });
    expect(await scrape()).toEqual(held(1, 0));
    await system.db.query(`UPDATE reservations SET deferred = true WHERE status = 'pending'`);
    expect(await scrape()).toEqual(held(0, 1));
    await system.db.query(`UPDATE reservations SET deferred = false WHERE status = 'pending'`);
    await system.carrier.post('status', sid, { To: '+14155550101', CallStatus: 'completed' });
    await system.endedCall(sid);
  });

  it('name limits that are about to be full, and those of nothing', async () => {
    const id = 'lim_asg_sample_direct_alpha_day';
    await placeCall(system, { to: '+14155550101' });
    await moveLimit(id, 2);
    expect((await scrape()).join('\n')).not.toContain(id);
    await moveLimit(id, 1);
    await moveLimit('lim_buy_bravo_concurrency', 0);
    const labels = `{limit="${id}",scope="assignment:asg_sample_direct_alpha",window="day",counts="connection"}`;
    const lines = await scrape();
    expect(lines).toEqual(
      expect.arrayContaining([
        `callyard_limit_maximum${labels} 1`,
        `callyard_limit_posted${labels} 1`,
        `callyard_limit_pending${labels} 0`,
        expect.stringMatching(/^callyard_limit_maximum\{limit="lim_buy_bravo_concurrency".*\} 0$/),
      ]),
    );
    expect(lines.filter((line) => line.startsWith('callyard_limit_maximum'))).toHaveLength(2);
  });

  it('count what had to be given back, by the reason', async () => {
    await system.db.query(
      `INSERT INTO freed_reservations (reservation_id, call_id, reason, reserved_at)
       SELECT id, call_id, 'terminated', reserved_at FROM reservations LIMIT 1`,
    );
    expect(await scrape()).toContain('callyard_reservations_freed_total{reason="terminated"} 1');
  });

  it('count live streams, and say how old what they show is while there are some', async () => {
    const listener = await Listener.open({ url: system.baseUrl, adminKey: system.adminKey });
    await listener.hears('snapshot');
    const lines = await scrape();
    expect(lines).toContain('callyard_live_streams 1');
    const age = lines.find((line) => line.startsWith('callyard_live_look_age_seconds '));
    expect(Number(age?.split(' ')[1])).toBeLessThan(10);
    listener.leave();
    await eventually(async () => expect(await scrape()).toContain('callyard_live_streams 0'));
  });
});
