import type { CarrierAccount, CarrierName } from '../../telephony/simulator';
import { findRunningSystem } from '../start/run-record';
import { loadSecrets, readAdminKey, type Secrets } from '../start/secrets';
import { InputError } from './input';

/** A Callyard that answers, and the key to its API. */
export interface RunningApi {
  readonly apiUrl: string;
  readonly adminKey: string;
  /** For people: where that key is from. */
  readonly keyFrom: string;
  /** Null when it is not known where the Temporal UI is. */
  readonly workflowUrl: ((workflowId: string) => string) | null;
}

/** The Callyard to call, and what it takes to be its carrier. */
export interface Target extends RunningApi {
  readonly voiceUrl: string;
  readonly statusUrl: string;
  readonly account: CarrierAccount;
}

/**
 * Finds the running Callyard: `url`, else the one started from this checkout, else `http://localhost:$PORT`.
 *
 * @throws InputError when nothing answers there, or there is no key to it
 */
export async function findApi(url: string | undefined, env: NodeJS.ProcessEnv): Promise<RunningApi> {
  const running = await findRunningSystem(env);
  const base = baseUrl(url ?? running?.apiUrl ?? `http://localhost:${env['PORT'] ?? '3000'}`);
  await checkRunning(base, url !== undefined);
  const found = await readAdminKey(env);
  if (found.key === null)
    throw new InputError(
      `There is no admin key in ${found.file}. If Callyard was started with another CALLYARD_DATA_DIR, set it here too; else set CALLYARD_ADMIN_KEY.`,
    );
  const ours = running !== null && baseUrl(running.apiUrl) === base ? running : null;
  const ui = ours?.temporalUiUrl ?? null;
  return {
    apiUrl: base,
    adminKey: found.key,
    keyFrom: found.from,
    workflowUrl:
      ours === null || ui === null
        ? null
        : (id) => `${ui}/namespaces/${ours.temporalNamespace}/workflows/${encodeURIComponent(id)}`,
  };
}

/**
 * As {@link findApi}, with the account of a carrier that it takes calls from.
 *
 * @throws InputError when nothing answers there, or the carrier cannot be played
 */
export async function findTarget(
  url: string | undefined,
  carrier: CarrierName,
  env: NodeJS.ProcessEnv,
): Promise<Target> {
  const api = await findApi(url, env);
  const secrets = await loadSecrets(env);
  return {
    ...api,
    voiceUrl: `${api.apiUrl}/telephony/${carrier}/voice`,
    statusUrl: `${api.apiUrl}/telephony/${carrier}/status`,
    account: accountOf(carrier, secrets),
  };
}

function accountOf(carrier: CarrierName, { twilio, signalwire, telnyx }: Secrets): CarrierAccount {
  switch (carrier) {
    case 'twilio':
      return { carrier, ...twilio };
    case 'signalwire':
      return { carrier, accountSid: signalwire.projectId, signingKey: signalwire.signingKey };
    case 'telnyx':
      if (telnyx.privateKey === null) {
        throw new InputError(
          'TELNYX_PUBLIC_KEY is set: only Telnyx has the private key to it. Unset it to play Telnyx with a made-up pair.',
        );
      }
      return { carrier, accountSid: telnyx.accountSid, privateKey: telnyx.privateKey };
    default:
      return carrier satisfies never;
  }
}

function baseUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new InputError(`"${text}" is no URL: write it in full, for example http://localhost:3000.`);
  }
  return `${url.origin}${url.pathname}`.replace(/\/+$/, '');
}

/** Any HTTP answer will do: a sick Callyard must still be callable, to see what it says to a carrier. */
async function checkRunning(base: string, chosen: boolean): Promise<void> {
  try {
    await fetch(`${base}/healthz`, { signal: AbortSignal.timeout(5_000) });
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    const reason = (cause as NodeJS.ErrnoException).code ?? String(cause);
    const advice = chosen ? 'Check --url.' : 'Run "npm start" first, and wait until it says it is ready.';
    throw new InputError(`Nothing answers at ${base} (${reason}). ${advice}`, { cause: error });
  }
}
