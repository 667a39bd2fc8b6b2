import { connect, type Socket } from 'node:net';
import { startApi, type ApiServer } from './api-server';
import { eventually } from './eventually';

const CALLS = 20_000;
const QUERY = 'by=tag:story&measures=received&from=2026-03-02&to=2026-03-03';
const PATIENCE_MS = 1_500;

describe('downloads of reports', () => {
  let api: ApiServer;
  beforeAll(async () => {
    api = await startApi({ reports: { size: 2, connectMs: 300 }, downloadPatienceMs: PATIENCE_MS });
    await api.ok('POST', '/campaigns', { id: 'cmp_a', name: 'A', currency: 'USD', timeZone: 'UTC' });
    // More than what fits between two ends that do not take it.
    await api.db.query(
      `INSERT INTO calls (id, carrier, account_sid, sid, workflow_id, campaign_id, caller, dialed, state, outcome,
                          received_at, ended_at, duration_seconds, qualifications)
       SELECT 'call_' || n, 'twilio', 'AC1', 'CA' || n, 'w' || n, 'cmp_a', '+14155550123', '+14155550100', 'ended',
              'exhausted', '2026-03-02T10:00:00Z', '2026-03-02T10:01:00Z', 60,
              jsonb_build_object('story', n || repeat('x', 1000))
         FROM generate_series(1, ${CALLS}) AS s (n)`,
    );
  });
  afterAll(() => api.stop());

  /** Asks for the CSV and takes nothing of it. */
  const ask = async (): Promise<Socket> => {
    const socket = connect(Number(new URL(api.baseUrl).port), '127.0.0.1');
    socket.on('error', () => undefined);
    socket.pause();
    await new Promise((resolve) => socket.once('connect', resolve));
    socket.write(
      `GET /api/v1/reports/csv?${QUERY} HTTP/1.1\r\nHost: callyard\r\nAuthorization: Bearer ${api.adminKey}\r\n\r\n`,
    );
    return socket;
  };
  const inTransaction = async (): Promise<number> => {
    const { rows } = await api.db.query<{ number: number }>(
      `SELECT count(*)::integer AS number FROM pg_stat_activity
        WHERE datname = current_database() AND application_name = 'test-reports' AND xact_start IS NOT NULL`,
    );
    return rows[0]?.number ?? 0;
  };

  it('tell others while all are in use, and are broken off when nobody takes them', async () => {
    const sockets = await Promise.all([ask(), ask()]);
    try {
      await eventually(async () => expect(await inTransaction()).toBe(2), 5_000);
      const [json, csv] = await Promise.all(
        ['/reports', '/reports/csv'].map((path) => api.send('GET', `${path}?${QUERY}`)),
      );
      const busy = { status: 503, body: { detail: expect.stringContaining('in use, by other reports') } };
      expect([json, csv]).toMatchObject([busy, busy]);
      await eventually(async () => expect(await inTransaction()).toBe(0), 5_000);
      expect(api.reports.idleCount).toBe(api.reports.totalCount);
      await api.ok('GET', '/reports?by=campaign&measures=received');
    } finally {
      for (const socket of sockets) socket.destroy();
    }
  });

  it('wait for who takes them slowly', async () => {
    const socket = await ask();
    let taken = '';
    try {
      // Each pause is shorter than what is too long, all of them are longer.
      for (let pause = 0; pause < 8; pause++) {
        await new Promise((resolve) => setTimeout(resolve, PATIENCE_MS / 4));
        for (let piece = 0; piece < 10; piece++) taken += String(socket.read() ?? '');
      }
      socket.on('data', (data) => {
        taken += data.toString();
      });
      socket.resume();
      await eventually(async () => expect(taken.slice(-5)).toBe('0\r\n\r\n'), 15_000);
      expect(taken.match(/x{1000},/g)).toHaveLength(CALLS);
    } finally {
      socket.destroy();
    }
  });
});
