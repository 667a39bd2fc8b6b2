import { randomUUID } from 'node:crypto';
import { type CarrierProfile, twilioProfile } from './carriers';
import type { CallEventBody, HttpMethod, WebhookPurpose } from './events';
import type { HttpResult, HttpTransport } from './http';
import type { WebhookRecord } from './options';

export interface Webhook {
  readonly purpose: WebhookPurpose;
  readonly method: HttpMethod;
  /** Absolute. */
  readonly url: string;
  readonly fields: Readonly<Record<string, string>>;
}

/** A 2xx answer, or why there is none; `message` says it in one line. */
export type WebhookResult =
  | { readonly ok: true; readonly status: number; readonly contentType: string; readonly body: string }
  | { readonly ok: false; readonly status: number | null; readonly message: string };

export interface WebhookSettings {
  readonly profile: CarrierProfile;
  readonly timeoutMilliseconds: number;
  readonly duplicates: number;
  readonly signal: AbortSignal | undefined;
}

/**
 * Sends signed requests the way carriers of the Twilio dialect do: form-encoded, signed over the exact URL, one retry after a failed
 * connection or a 5xx answer, under one idempotency token. A timeout is never retried: the request may have worked.
 */
export class WebhookSender {
  readonly records: WebhookRecord[] = [];
  /** Purposes of requests whose copies were answered differently. */
  readonly differing: WebhookPurpose[] = [];
  private readonly copiesUnderWay = new Set<Promise<void>>();

  constructor(
    private readonly settings: WebhookSettings,
    private readonly transport: HttpTransport,
    private readonly emit: (event: CallEventBody) => void,
  ) {}

  /** Sends all copies at once; returns the first good answer, or the first failure when no copy got one. */
  async send(plain: Webhook): Promise<WebhookResult> {
    const fields = this.settings.profile.translate(plain.purpose, plain.fields);
    const webhook = { ...plain, fields };
    const token = randomUUID();
    const copies = Array.from({ length: this.settings.duplicates }, (_, index) =>
      this.sendCopy(webhook, index + 1, token),
    );
    if (copies.length > 1) this.compareLater(webhook, copies);
    const good = copies.map(async (copy) => {
      const result = await copy;
      return result.ok ? result : Promise.reject(new Error(result.message));
    });
    // Rejects only when every copy failed; the first failure is then the answer.
    const answered = await Promise.any(good).catch(() => null);
    if (answered !== null) return answered;
    return Promise.race(copies);
  }

  /** Waits for the copies that were not the first. */
  async drain(): Promise<void> {
    await Promise.all(this.copiesUnderWay);
  }

  private compareLater(webhook: Webhook, copies: readonly Promise<WebhookResult>[]): void {
    const comparison = Promise.all(copies).then((results) => {
      const answers = new Set(results.map((result) => (result.ok ? result.body : result.message)));
      if (answers.size > 1) {
        this.differing.push(webhook.purpose);
        this.emit({ type: 'answers-differ', purpose: webhook.purpose, answers: [...answers] });
      }
    });
    this.copiesUnderWay.add(comparison);
  }

  private async sendCopy(webhook: Webhook, copy: number, token: string): Promise<WebhookResult> {
    const first = await this.attempt(webhook, copy, 1, token);
    const again = first.kind === 'unreachable' || (first.kind === 'answered' && first.status >= 500);
    const retry = again && this.settings.signal?.aborted !== true;
    return conclude(webhook, retry ? await this.attempt(webhook, copy, 2, token) : first);
  }

  private async attempt(webhook: Webhook, copy: number, attempt: number, token: string): Promise<HttpResult> {
    const { purpose, method, url, fields } = webhook;
    this.emit({ type: 'webhook-sent', purpose, method, url, fields, copy, attempt });
    const since = performance.now();
    const result = await this.transport.exchange({
      ...carrierRequest(webhook, this.settings.profile, token),
      timeoutMilliseconds: this.settings.timeoutMilliseconds,
      signal: this.settings.signal,
    });
    const latencyMilliseconds = performance.now() - since;
    const concluded = conclude(webhook, result);
    this.records.push({
      purpose,
      method,
      url,
      fields,
      copy,
      attempt,
      latencyMilliseconds,
      status: concluded.status,
      error: concluded.ok ? null : concluded.message,
    });
    if (result.kind === 'answered') {
      const { status } = result;
      this.emit({ type: 'webhook-answered', purpose, url, status, latencyMilliseconds, copy, attempt });
    } else {
      const { message } = result;
      this.emit({ type: 'webhook-failed', purpose, url, message, latencyMilliseconds, copy, attempt });
    }
    return result;
  }
}

interface SignedRequest {
  readonly method: HttpMethod;
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly body: string;
}

/** A request as Twilio signs it, for those who send webhooks one by one. */
export function signedRequest(webhook: Webhook, authToken: string, idempotencyToken: string): SignedRequest {
  return carrierRequest(webhook, twilioProfile(authToken), idempotencyToken);
}

/** Builds the signed request. GET carries the fields in the query, which the signature then covers. */
function carrierRequest(webhook: Webhook, profile: CarrierProfile, token: string): SignedRequest {
  const form = new URLSearchParams(webhook.fields).toString();
  const target = new URL(webhook.url);
  target.hash = '';
  const base = target.toString();
  const isGet = webhook.method === 'GET';
  const url = isGet ? `${base}${target.search === '' ? '?' : '&'}${form}` : base;
  const unsigned = {
    method: webhook.method,
    url,
    body: isGet ? '' : form,
    fields: isGet ? {} : webhook.fields,
  };
  return {
    method: unsigned.method,
    url,
    body: unsigned.body,
    headers: {
      Accept: '*/*',
      'User-Agent': profile.userAgent,
      ...profile.sign(unsigned, token),
      ...(isGet ? {} : { 'Content-Type': 'application/x-www-form-urlencoded; charset=utf-8' }),
    },
  };
}

function conclude(webhook: Webhook, result: HttpResult): WebhookResult {
  const request = `${webhook.method} ${webhook.url}`;
  if (result.kind !== 'answered')
    return { ok: false, status: null, message: `${request}: ${result.message}` };
  if (result.status < 200 || result.status > 299) {
    const excerpt = result.body.replace(/\s+/g, ' ').slice(0, 200);
    const message = `${request} answered ${result.status}${excerpt === '' ? '' : `: ${excerpt}`}`;
    return { ok: false, status: result.status, message };
  }
  return { ok: true, status: result.status, contentType: result.contentType, body: result.body };
}
