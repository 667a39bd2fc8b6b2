import { createServer, connect, type AddressInfo, type Socket } from 'node:net';

/** A TCP connection that can be cut and mended: how a test takes a server away without stopping it for others. */
export interface Link {
  readonly port: number;
  /** Breaks all connections and refuses new ones. */
  cut(): Promise<void>;
  /** Leaves all connections open, and carries nothing on them: a server that hangs. */
  hush(): void;
  mend(): Promise<void>;
  close(): Promise<void>;
}

export async function linkTo(host: string, port: number): Promise<Link> {
  const sockets = new Set<Socket>();
  const server = createServer((inward) => {
    const outward = connect(port, host);
    for (const [from, to] of [
      [inward, outward],
      [outward, inward],
    ] as const) {
      sockets.add(from);
      from.setNoDelay(true);
      from.pipe(to);
      from.on('error', () => to.destroy());
      from.on('close', () => {
        sockets.delete(from);
        to.destroy();
      });
    }
  });
  const listen = (on: number): Promise<void> =>
    new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(on, '127.0.0.1', () => {
        server.off('error', reject);
        resolve();
      });
    });
  await listen(0);
  const own = (server.address() as AddressInfo).port;
  const cut = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve());
      for (const socket of sockets) socket.destroy();
    });
  return {
    port: own,
    cut,
    hush: () => {
      for (const socket of sockets) socket.pause().unpipe();
    },
    mend: () => listen(own),
    close: () => (server.listening ? cut() : Promise.resolve()),
  };
}

/** Links to the server of a database URL. */
export async function linkToDatabase(
  url: string,
): Promise<{ link: Link; through: (databaseUrl: string) => string }> {
  const { hostname, port } = new URL(url);
  const link = await linkTo(hostname, Number(port || 5432));
  return {
    link,
    through: (databaseUrl) => {
      const linked = new URL(databaseUrl);
      linked.hostname = '127.0.0.1';
      linked.port = String(link.port);
      return linked.href;
    },
  };
}
