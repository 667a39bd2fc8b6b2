import { join } from 'node:path';
import { loadSampleCampaign } from '../../db/sample/load';
import { migrate } from '../../db/migrate';
import type { Config } from '../../runtime/config';
import { SEARCH_ATTRIBUTES } from '../../workflows/search-attributes';
import { ensureWorkflowBundle } from '../../workers/bundle';
import { PROJECT_ROOT, type dataFiles } from './data-folder';
import { ManagedProgram } from './managed-program';
import { keepServerAlive, openDatabase, openTemporal, type Database, type Temporal } from './servers';
import type { Steps } from './steps';
import type { StopRequest } from './stop-request';
import { SetupProblem } from '../servers/setup-problem';

export interface SystemOptions {
  readonly config: Config;
  /** What the API and the worker get, but for the addresses of the servers. */
  readonly env: NodeJS.ProcessEnv;
  readonly files: ReturnType<typeof dataFiles>;
  readonly steps: Steps;
  readonly stop: StopRequest;
  /** All parts run: at the start, and again after each restart of a part. */
  readonly onRunning: (running: RunningSystem) => void;
  /** The system can no longer run: a part keeps dying. */
  readonly onFailure: (reason: string) => void;
}

/** All that `npm start` runs: two servers and two programs of ours, started side by side, stopped in order. */
export class System {
  private database: Database | null = null;
  private temporal: Temporal | null = null;
  private worker: ManagedProgram | null = null;
  private api: ManagedProgram | null = null;

  constructor(private readonly options: SystemOptions) {}

  /**
   * Starts everything. After a rejection, `stop` still stops what had been started.
   *
   * @throws what the first failing part threw
   */
  async start(): Promise<void> {
    const prepared = await allOrFirstFailure([
      this.prepareDatabase(),
      this.prepareTemporal(),
      this.prepareBundle(),
    ]);
    const [database, temporal] = prepared;
    this.options.stop.signal.throwIfAborted();
    const env = {
      ...this.options.env,
      DATABASE_URL: database.url,
      TEMPORAL_ADDRESS: temporal.address,
      TEMPORAL_NAMESPACE: temporal.namespace,
      ...(temporal.uiUrl === null ? {} : { TEMPORAL_UI_URL: temporal.uiUrl }),
    };
    this.worker = this.program('worker', 'workers/main.ts', env);
    this.api = this.program('api', 'api/main.ts', env);
    await allOrFirstFailure([this.startProgram('worker', this.worker), this.startProgram('api', this.api)]);
    this.keepServersAlive(database, temporal);
    this.announce();
  }

  private announce(): void {
    const { database, temporal, worker, api } = this;
    if (database && temporal && worker && api) this.options.onRunning({ database, temporal, worker, api });
  }

  /** Stops what runs: the API first, so that no call comes in that nothing can carry; the database last. */
  async stop(): Promise<void> {
    const { steps, stop } = this.options;
    const { api, worker } = this;
    if (api !== null) await this.stopPart('api', 'finishing requests', () => api.stop(stop.hurry));
    if (worker !== null) await this.stopPart('worker', 'finishing tasks', () => worker.stop(stop.hurry));
    const temporal = this.temporal?.own;
    if (temporal) await this.stopPart('temporal', null, () => temporal.stop());
    const database = this.database?.own;
    if (database) await this.stopPart('postgresql', null, () => database.stop());
    steps.say('callyard', 'stopped; calls in progress are kept and go on at the next start');
  }

  /** One part that will not stop must not keep the others from stopping. */
  private async stopPart(name: string, first: string | null, work: () => Promise<void>): Promise<void> {
    const { steps } = this.options;
    try {
      await steps.run(
        name,
        async (report) => {
          if (first !== null) report(first);
          await work();
        },
        () => 'stopped',
      );
    } catch (error) {
      steps.say(name, `did not stop cleanly: ${error instanceof Error ? error.message : String(error)}`);
      process.exitCode = 1;
    }
  }

  private async prepareDatabase(): Promise<Database> {
    const { steps, config, files } = this.options;
    const database = await steps.run(
      'postgresql',
      async (report) => {
        this.database = await openDatabase(config, files, report);
        return this.database;
      },
      ({ own }) => (own === null ? 'using DATABASE_URL' : ready(own.port, own.adopted)),
    );
    await steps.run(
      'database',
      async (report) => {
        await migrate(database.url);
        report('schema is up to date');
        await loadSampleCampaign(database.url);
      },
      () => 'sample campaign is there',
    );
    return database;
  }

  private prepareTemporal(): Promise<Temporal> {
    const { steps, config, files } = this.options;
    return steps.run(
      'temporal',
      async (report) => {
        this.temporal = await openTemporal(config, files, SEARCH_ATTRIBUTES, report);
        return this.temporal;
      },
      ({ own, address }) =>
        own === null ? `using TEMPORAL_ADDRESS (${address})` : ready(portOf(address), own.adopted),
    );
  }

  private async prepareBundle(): Promise<void> {
    await this.options.steps.run(
      'workflows',
      () => ensureWorkflowBundle(),
      () => 'bundle is built',
    );
  }

  private program(name: string, file: string, env: NodeJS.ProcessEnv): ManagedProgram {
    const { steps, files, onFailure } = this.options;
    return new ManagedProgram({
      name,
      file: join(PROJECT_ROOT, file),
      env,
      logFile: join(files.logs, `${name}.log`),
      onNews: (text) => steps.say(name, text),
      onRestarted: () => this.announce(),
      onGivenUp: (reason) => onFailure(`the ${name} ${reason}`),
    });
  }

  private startProgram(name: string, program: ManagedProgram): Promise<void> {
    return this.options.steps.run(
      name,
      (report) => {
        report('starting');
        return program.start();
      },
      () => 'ready',
    );
  }

  private keepServersAlive(database: Database, temporal: Temporal): void {
    const { config, files, steps, stop, onFailure } = this.options;
    const watch = (name: string, watching: Promise<void>): void => {
      watching.catch((error: unknown) => {
        if (!stop.signal.aborted)
          onFailure(`${name}: ${error instanceof Error ? error.message : String(error)}`);
      });
    };
    if (database.own !== null) {
      const { port } = database.own;
      const restart = async () => {
        const again = await openDatabase(config, files, (text) => steps.say('postgresql', text), port);
        this.database = again;
        this.announce();
        return sameAddress(again.own, again.url === database.url);
      };
      watch(
        'postgresql',
        keepServerAlive(database.own, restart, (t) => steps.say('postgresql', t), stop.signal),
      );
    }
    if (temporal.own !== null) {
      const port = portOf(temporal.address);
      const restart = async () => {
        const say = (text: string): void => steps.say('temporal', text);
        const again = await openTemporal(config, files, SEARCH_ATTRIBUTES, say, port);
        this.temporal = again;
        this.announce();
        return sameAddress(again.own, again.address === temporal.address);
      };
      watch(
        'temporal',
        keepServerAlive(temporal.own, restart, (t) => steps.say('temporal', t), stop.signal),
      );
    }
  }
}

export interface RunningSystem {
  readonly database: Database;
  readonly temporal: Temporal;
  readonly worker: ManagedProgram;
  readonly api: ManagedProgram;
}

function ready(port: number, adopted: boolean): string {
  return adopted ? `found running on port ${port}` : `ready on port ${port}`;
}

function portOf(address: string): number {
  return Number(address.slice(address.lastIndexOf(':') + 1));
}

/** The API and the worker hold the address from their start: elsewhere is no use to them. */
function sameAddress<T>(own: T | null, same: boolean): T {
  if (own === null || !same) throw new SetupProblem('its port was taken by another program meanwhile');
  return own;
}

/**
 * Waits for all to settle, then fails with the first failure: nothing may still be starting in the background when
 * what was started is being stopped.
 */
async function allOrFirstFailure<T extends readonly Promise<unknown>[]>(
  work: readonly [...T],
): Promise<{ [K in keyof T]: Awaited<T[K]> }> {
  await Promise.allSettled(work);
  return Promise.all(work);
}
