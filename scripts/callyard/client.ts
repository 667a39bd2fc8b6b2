import type { z } from 'zod';
import { configAppliedSchema, type ConfigApplied } from '../../contract/config-document';
import { problemSchema } from '../../contract/problem';
import { InputError } from '../simulate/input';
import { findApi } from '../simulate/target';

export type Problem = z.infer<typeof problemSchema>;

/** What the API said: what was asked for, or why not. */
export type Answer<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problem: Problem };

/** The configuration routes of a running Callyard. */
export interface Client {
  export(campaign: string): Promise<Answer<unknown>>;
  apply(
    document: { readonly id: string; readonly body: unknown },
    options: { readonly dryRun: boolean; readonly expect?: string },
  ): Promise<Answer<ConfigApplied>>;
}

/** Longer than the server's own limit of a statement, with room for a slow line. */
const PATIENCE_MILLISECONDS = 60_000;

/**
 * The API at `url`, else the one started from this checkout.
 * @throws InputError when nothing answers there
 */
export async function connect(url: string | undefined, env: NodeJS.ProcessEnv): Promise<Client> {
  const { apiUrl, adminKey } = await findApi(url, env);
  const ask = async <T>(
    path: string,
    init: { readonly method: string; readonly body?: string },
    read: (json: unknown) => T,
  ): Promise<Answer<T>> => {
    const response = await fetch(`${apiUrl}/api/v1${path}`, {
      ...init,
      headers: { authorization: `Bearer ${adminKey}`, 'content-type': 'application/json' },
      signal: AbortSignal.timeout(PATIENCE_MILLISECONDS),
    });
    const text = await response.text();
    if (response.ok) return { ok: true, value: read(JSON.parse(text)) };
    return { ok: false, problem: readProblem(apiUrl, response.status, text) };
  };
  const pathOf = (campaign: string): string => `/campaigns/${encodeURIComponent(campaign)}/config`;
  return {
    export: (campaign) => ask(pathOf(campaign), { method: 'GET' }, (json) => json),
    apply: ({ id, body }, { dryRun, expect }) => {
      const query = new URLSearchParams({
        dryRun: String(dryRun),
        ...(expect === undefined ? {} : { expect }),
      });
      return ask(`${pathOf(id)}?${query.toString()}`, { method: 'PUT', body: JSON.stringify(body) }, (json) =>
        configAppliedSchema.parse(json),
      );
    },
  };
}

function readProblem(apiUrl: string, status: number, text: string): Problem {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  const problem = problemSchema.safeParse(json);
  if (problem.success) return problem.data;
  throw new InputError(
    `${apiUrl} answered ${status}, and not the way Callyard does. Check --url, and what stands between.`,
  );
}
