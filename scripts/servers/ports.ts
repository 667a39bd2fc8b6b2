import { createServer } from 'node:net';
import { hasCode } from './processes';
import { SetupProblem } from './setup-problem';

/** Whether a server could listen on this port of the loopback interface right now. */
export async function isPortFree(port: number, host = '127.0.0.1'): Promise<boolean> {
  return (await tryListen(port, host)) !== null;
}

/** The preferred port when it is free, else one that the operating system hands out. */
export async function freePort(preferred: number): Promise<number> {
  const port = (await tryListen(preferred, '127.0.0.1')) ?? (await tryListen(0, '127.0.0.1'));
  if (port === null) throw new SetupProblem('The operating system has no free TCP port left on 127.0.0.1.');
  return port;
}

function tryListen(port: number, host: string): Promise<number | null> {
  return new Promise((done, fail) => {
    const server = createServer();
    server.unref();
    server.once('error', (error) => {
      // EACCES: a port below 1024, or one the system keeps for itself.
      if (hasCode(error, 'EADDRINUSE', 'EACCES')) done(null);
      else fail(error);
    });
    server.listen({ port, host, exclusive: true }, () => {
      const address = server.address();
      server.close(() => done(typeof address === 'object' && address !== null ? address.port : null));
    });
  });
}
