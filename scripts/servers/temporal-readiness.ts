import { setTimeout as sleep } from 'node:timers/promises';
import { Connection, isGrpcServiceError } from '@temporalio/client';
import type { OnProgress } from './progress';
import { SetupProblem } from './setup-problem';

export type SearchAttributeType = 'Text' | 'Keyword' | 'Int' | 'Double' | 'Bool' | 'Datetime' | 'KeywordList';

/** The types a search attribute can have, numbered as in `temporal.api.enums.v1.IndexedValueType`. */
const TYPE_NUMBERS = {
  Text: 1,
  Keyword: 2,
  Int: 3,
  Double: 4,
  Bool: 5,
  Datetime: 6,
  KeywordList: 7,
} as const;

export interface SearchAttribute {
  readonly name: string;
  readonly type: SearchAttributeType;
}

/** The namespace that a dev server always has. */
const DEV_NAMESPACE = 'default';

/** A new search attribute reaches all parts of a server when they next refresh what they know: some seconds. */
const USABLE_TIMEOUT_MS = 60_000;

/** Null when the namespace answers at this address, else why not, in a few words. */
export async function whyTemporalIsNotReady(address: string): Promise<string | null> {
  return withConnection(address, async (connection) => {
    await connection.workflowService.describeNamespace({ namespace: DEV_NAMESPACE });
  });
}

/**
 * Registers the search attributes that the server does not have, and waits until each can be used in a query.
 *
 * @throws when one exists with another type, or is not usable within a minute.
 */
export async function ensureSearchAttributes(
  address: string,
  namespace: string,
  wanted: readonly SearchAttribute[],
  onProgress: OnProgress,
): Promise<void> {
  if (wanted.length === 0) return;
  const connection = await Connection.connect({ address });
  try {
    const { customAttributes } = await connection.operatorService.listSearchAttributes({
      namespace,
    });
    const missing = wanted.filter(({ name }) => customAttributes[name] === undefined);
    for (const { name, type } of wanted) {
      const existing: number | undefined = customAttributes[name];
      if (existing !== undefined && existing !== TYPE_NUMBERS[type]) {
        throw new SetupProblem(
          `Temporal at ${address} has a search attribute ${name} of another type than ${type}. ` +
            `Remove it (temporal operator search-attribute remove --name ${name}) or use another Temporal namespace.`,
        );
      }
    }
    if (missing.length > 0) {
      onProgress(`registering search attributes: ${missing.map(({ name }) => name).join(', ')}`);
      await connection.operatorService.addSearchAttributes({
        namespace,
        searchAttributes: Object.fromEntries(missing.map(({ name, type }) => [name, TYPE_NUMBERS[type]])),
      });
    }
  } finally {
    await connection.close();
  }
  await untilUsable(address, namespace, wanted);
}

async function untilUsable(
  address: string,
  namespace: string,
  wanted: readonly SearchAttribute[],
): Promise<void> {
  const query = wanted.map(({ name }) => `${name} IS NULL`).join(' OR ');
  const deadline = Date.now() + USABLE_TIMEOUT_MS;
  for (;;) {
    const refusal = await withConnection(address, async (connection) => {
      await connection.workflowService.listWorkflowExecutions({ namespace, query, pageSize: 1 });
    });
    if (refusal === null) return;
    if (Date.now() > deadline)
      throw new SetupProblem(`Temporal's search attributes are not usable: ${refusal}`);
    await sleep(200);
  }
}

/** Makes one call; the refusal of the server (or of the connection) as text, null when all went well. */
async function withConnection(
  address: string,
  call: (connection: Connection) => Promise<void>,
): Promise<string | null> {
  const connection = Connection.lazy({ address });
  try {
    await connection.withDeadline(Date.now() + 2000, () => call(connection));
    return null;
  } catch (error) {
    if (isGrpcServiceError(error)) return error.details;
    if (error instanceof Error && error.name === 'TransportError') return error.message;
    throw error;
  } finally {
    await connection.close();
  }
}
