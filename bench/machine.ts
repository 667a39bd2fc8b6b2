import { cpus, loadavg, release, totalmem, type } from 'node:os';
import { Connection } from '@temporalio/client';
import { Client } from 'pg';
import type { BenchServers } from './servers';

/** What a figure depends on besides the code. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly os: string;
  readonly node: string;
  readonly postgres: string;
  readonly temporal: string;
  /** Load average of the last minute, before anything was started: above 0.5 or so, others measure along. */
  readonly loadBefore: number;
}

/** Load average of the last minute, to two decimals. */
export function currentLoad(): number {
  return Math.round((loadavg()[0] ?? 0) * 100) / 100;
}

/**
 * Describes this machine, and the servers by what they say of themselves.
 *
 * @param servers null where a bench needs none
 */
export async function describeMachine(servers: BenchServers | null, loadBefore: number): Promise<Machine> {
  const [postgres, temporal] =
    servers === null
      ? [NOT_USED, NOT_USED]
      : await Promise.all([postgresVersion(servers.databaseUrl), temporalVersion(servers.temporalAddress)]);
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryGiB: Math.round((totalmem() / 2 ** 30) * 10) / 10,
    os: `${type()} ${release()}`,
    node: process.versions.node,
    postgres,
    temporal,
    loadBefore,
  };
}

const NOT_USED = 'not used';

async function postgresVersion(url: string): Promise<string> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<{ server_version: string }>('SHOW server_version');
    return rows[0]?.server_version ?? 'unknown';
  } finally {
    await client.end();
  }
}

async function temporalVersion(address: string): Promise<string> {
  const connection = await Connection.connect({ address });
  try {
    const { serverVersion } = await connection.workflowService.getSystemInfo({});
    return serverVersion;
  } finally {
    await connection.close();
  }
}
