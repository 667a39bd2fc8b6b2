import { z } from 'zod';

/** A number in an environment variable; what is wrong with one is said with its bounds. */
const wholeNumber = (from: number, to: number) => {
  const error = `must be a whole number from ${from} to ${to}`;
  return z.coerce.number(error).int(error).min(from, error).max(to, error);
};
const port = wholeNumber(1, 65_535);
/** An empty variable counts as unset: that is what `VAR=` in an env file means to people. */
const optional = <T extends z.ZodType>(schema: T) =>
  z.preprocess((value) => (value === '' ? undefined : value), schema);

const apiUrl = z
  .url({ protocol: /^https?$/, error: 'must be an http(s) URL, for example https://api.twilio.com' })
  .transform((url) => url.replace(/\/+$/, ''));

const environment = z.object({
  PORT: optional(port.default(3000)),
  /** Where carriers reach us, as they write it in their settings: signatures are made over that URL. */
  PUBLIC_BASE_URL: optional(
    z
      .url({ protocol: /^https?$/, error: 'must be an http(s) URL, for example https://calls.example.com' })
      .transform((url) => url.replace(/\/+$/, ''))
      .optional(),
  ),
  DATABASE_URL: optional(
    z.url({ protocol: /^postgres(ql)?$/, error: 'must be a postgres:// URL' }).optional(),
  ),
  DATABASE_POOL_SIZE: optional(wholeNumber(2, 200).default(20)),
  TEMPORAL_ADDRESS: optional(
    z
      .string()
      .regex(/^[^\s:/]+:\d+$/, 'must be host:port, for example 127.0.0.1:7233')
      .optional(),
  ),
  TEMPORAL_NAMESPACE: optional(z.string().min(1).default('default')),
  TWILIO_ACCOUNT_SID: optional(z.string().min(1).optional()),
  TWILIO_AUTH_TOKEN: optional(z.string().min(1).optional()),
  /** Where Twilio is asked about calls of which nobody tells us any more; `none`: nowhere. */
  TWILIO_API_URL: optional(z.union([z.literal('none'), apiUrl]).default('https://api.twilio.com')),
  SIGNALWIRE_PROJECT_ID: optional(z.string().min(1).optional()),
  SIGNALWIRE_SIGNING_KEY: optional(z.string().min(1).optional()),
  SIGNALWIRE_API_URL: optional(apiUrl.optional()),
  SIGNALWIRE_API_TOKEN: optional(z.string().min(1).optional()),
  TELNYX_PUBLIC_KEY: optional(
    z
      .base64()
      .refine((text) => Buffer.from(text, 'base64').length === 32, 'must be the base64 of 32 bytes')
      .optional(),
  ),
  CALLYARD_ADMIN_KEY: optional(z.string().min(1).optional()),
  CALLYARD_DATA_DIR: optional(z.string().min(1).default('.callyard')),
  /** How long a carrier waits for us at most before it gets the fail-safe route, in milliseconds. */
  WEBHOOK_DEADLINE_MS: optional(wholeNumber(100, 10_000).default(1_400)),
  /** How long after the caller's hang-up a callback may still come, in seconds. */
  CALLBACK_GRACE_SECONDS: optional(wholeNumber(1, 300).default(10)),
  /** Whether webhooks may lead into private networks, this machine's too. */
  ALLOW_PRIVATE_WEBHOOKS: optional(
    z
      .enum(['true', 'false'], 'must be true or false')
      .default('false')
      .transform((text) => text === 'true'),
  ),
  /** Workflows a worker keeps in memory: set it above the live calls one worker serves. */
  MAX_CACHED_WORKFLOWS: optional(wholeNumber(10, 100_000).default(2_000)),
  /** What the process of a backtest may take of memory, in megabytes. */
  BACKTEST_MEMORY_MB: optional(wholeNumber(256, 65_536).default(2_048)),
  /** Proxies before the API: of the addresses in X-Forwarded-For, the one so many from the end is the web visitor's. */
  PROXY_HOPS: optional(wholeNumber(0, 10).default(0)),
  LOG_LEVEL: optional(z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent']).default('info')),
});

/** An account and the key to it: one without the other is a mistake. */
const CARRIER_PAIRS = [
  ['TWILIO_ACCOUNT_SID', 'TWILIO_AUTH_TOKEN'],
  ['SIGNALWIRE_PROJECT_ID', 'SIGNALWIRE_SIGNING_KEY'],
  ['SIGNALWIRE_API_URL', 'SIGNALWIRE_API_TOKEN'],
] as const;

export interface Config {
  readonly port: number;
  /** `null`: the URL is taken from the request itself. */
  readonly publicBaseUrl: string | null;
  /** `null`: `npm start` runs its own PostgreSQL. */
  readonly databaseUrl: string | null;
  readonly databasePoolSize: number;
  /** `null`: `npm start` runs its own Temporal server. */
  readonly temporalAddress: string | null;
  readonly temporalNamespace: string;
  /** Carrier accounts; `null`: not a carrier of ours. `npm start` makes up a sample account of each for the simulator. */
  readonly twilio: {
    readonly accountSid: string;
    readonly authToken: string;
    /** `null`: it is not asked about calls. */
    readonly apiUrl: string | null;
  } | null;
  readonly signalwire: {
    readonly projectId: string;
    readonly signingKey: string;
    /** The space's REST API, and its token; `null`: it is not asked about calls. */
    readonly api: { readonly url: string; readonly token: string } | null;
  } | null;
  /** The public key as base64 of its 32 bytes. */
  readonly telnyx: { readonly publicKey: string } | null;
  readonly adminKey: string | null;
  readonly dataDir: string;
  readonly webhookDeadlineMs: number;
  readonly callbackGraceSeconds: number;
  readonly allowPrivateWebhooks: boolean;
  readonly maxCachedWorkflows: number;
  readonly backtestMemoryMb: number;
  /** Proxies before the API that tell the address of web visitors. */
  readonly proxyHops: number;
  readonly logLevel: string;
}

/** The configuration is wrong; the message lists every problem, one a line. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/**
 * Reads and checks the environment.
 * @throws ConfigError that names every variable that is wrong, and what it should be.
 */
export function loadConfig(env: NodeJS.ProcessEnv): Config {
  const parsed = environment.safeParse(env);
  const problems = parsed.success
    ? []
    : parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
  for (const [account, key] of CARRIER_PAIRS) {
    if (Boolean(env[account]) === Boolean(env[key])) continue;
    problems.push(`${env[account] ? key : account}: is missing; set both ${account} and ${key}, or neither`);
  }
  if (!parsed.success || problems.length > 0) {
    throw new ConfigError(
      `The environment has ${problems.length} problem(s):\n${problems.map((p) => `  ${p}`).join('\n')}`,
    );
  }
  const { data } = parsed;
  return {
    port: data.PORT,
    publicBaseUrl: data.PUBLIC_BASE_URL ?? null,
    databaseUrl: data.DATABASE_URL ?? null,
    databasePoolSize: data.DATABASE_POOL_SIZE,
    temporalAddress: data.TEMPORAL_ADDRESS ?? null,
    temporalNamespace: data.TEMPORAL_NAMESPACE,
    twilio:
      data.TWILIO_ACCOUNT_SID !== undefined && data.TWILIO_AUTH_TOKEN !== undefined
        ? {
            accountSid: data.TWILIO_ACCOUNT_SID,
            authToken: data.TWILIO_AUTH_TOKEN,
            apiUrl: data.TWILIO_API_URL === 'none' ? null : data.TWILIO_API_URL,
          }
        : null,
    signalwire:
      data.SIGNALWIRE_PROJECT_ID !== undefined && data.SIGNALWIRE_SIGNING_KEY !== undefined
        ? {
            projectId: data.SIGNALWIRE_PROJECT_ID,
            signingKey: data.SIGNALWIRE_SIGNING_KEY,
            api:
              data.SIGNALWIRE_API_URL !== undefined && data.SIGNALWIRE_API_TOKEN !== undefined
                ? { url: data.SIGNALWIRE_API_URL, token: data.SIGNALWIRE_API_TOKEN }
                : null,
          }
        : null,
    telnyx: data.TELNYX_PUBLIC_KEY === undefined ? null : { publicKey: data.TELNYX_PUBLIC_KEY },
    adminKey: data.CALLYARD_ADMIN_KEY ?? null,
    dataDir: data.CALLYARD_DATA_DIR,
    webhookDeadlineMs: data.WEBHOOK_DEADLINE_MS,
    callbackGraceSeconds: data.CALLBACK_GRACE_SECONDS,
    allowPrivateWebhooks: data.ALLOW_PRIVATE_WEBHOOKS,
    maxCachedWorkflows: data.MAX_CACHED_WORKFLOWS,
    backtestMemoryMb: data.BACKTEST_MEMORY_MB,
    proxyHops: data.PROXY_HOPS,
    logLevel: data.LOG_LEVEL,
  };
}

/**
 * A value a process cannot do without, where `npm start` would have filled it in.
 * @throws ConfigError naming the variable.
 */
export function required<T>(value: T | null, variable: string): T {
  if (value === null)
    throw new ConfigError(`${variable}: is missing; set it, or run "npm start", which provides it`);
  return value;
}
