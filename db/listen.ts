import { Client } from 'pg';

/** Channel on which every change of a campaign's configuration is told, with the campaign's id; see migration 0002. */
export const CONFIG_CHANNEL = 'callyard_config';

export interface ListenOptions {
  readonly url: string;
  readonly channel: string;
  readonly applicationName: string;
  /** Called for each notification, in order. Must not throw. */
  readonly onMessage: (payload: string) => void;
  /** The connection is lost, or cannot be made; it is tried again. What was told meanwhile is not told again. */
  readonly onLost: (error: unknown) => void;
  /** Listening, for the first time or again. */
  readonly onListening: () => void;
}

export interface Listener {
  stop(): Promise<void>;
}

/** Pause before a lost connection is made again, in milliseconds. */
const RECONNECT_MS = 500;

/** Listens on a connection of its own until stopped. Notifications come at most once, and none while it is down. */
export function listen(options: ListenOptions): Listener {
  let client: Client | null = null;
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;

  const lost = (which: Client, error: unknown): void => {
    if (client !== which) return;
    client = null;
    which.end().catch(() => undefined); // it is lost already
    if (stopped) return;
    options.onLost(error);
    timer = setTimeout(connect, RECONNECT_MS);
  };

  function connect(): void {
    const connecting = new Client({
      connectionString: options.url,
      application_name: options.applicationName,
      connectionTimeoutMillis: 2_000,
      keepAlive: true,
    });
    client = connecting;
    connecting.on('error', (error) => lost(connecting, error));
    connecting.on('end', () => lost(connecting, new Error('the connection was closed')));
    connecting.on('notification', ({ payload }) => options.onMessage(payload ?? ''));
    connecting
      .connect()
      .then(() => connecting.query(`LISTEN ${options.channel}`))
      .then(
        () => {
          if (client === connecting) options.onListening();
        },
        (error: unknown) => lost(connecting, error),
      );
  }

  connect();
  return {
    async stop() {
      stopped = true;
      clearTimeout(timer);
      const open = client;
      client = null;
      await open?.end();
    },
  };
}
