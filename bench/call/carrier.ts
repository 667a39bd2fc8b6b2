import { randomUUID } from 'node:crypto';
import { type HttpTransport, parseTwiml, signedRequest, type Verb } from '../../telephony/simulator';
import { baseFields, progressFields, type Parties } from '../../telephony/simulator/fields';
import type { SeededRandom } from '../../scripts/simulate/random';

/** Where calls are placed, and the account that signs them. */
export interface Target {
  /** `http://host:port`, without a slash at the end. */
  readonly baseUrl: string;
  readonly accountSid: string;
  readonly authToken: string;
}

/** The webhooks of a connected call. All but the last wait for instructions. */
export type Webhook = 'voice' | 'menu' | 'dial' | 'status';

/** How long one webhook took to be answered. */
export interface WebhookTime {
  readonly webhook: Webhook;
  readonly milliseconds: number;
}

/** Longer than any platform may take; a webhook that runs into it fails its call. */
const PATIENCE_MS = 30_000;

/** A call that asks more often than this goes in circles. */
const MOST_DOCUMENTS = 10;

/**
 * Places one call as a carrier does, without its pauses: the buyer answers and hangs up at once, and each webhook
 * follows the answer to the one before.
 *
 * @throws when the call is not connected to a buyer and then hung up, as when the fail-safe answered
 */
export async function placeCall(
  target: Target,
  parties: Parties,
  transport: HttpTransport,
): Promise<WebhookTime[]> {
  const root = `${target.baseUrl}/telephony/twilio`;
  const times: WebhookTime[] = [];
  let step: Step | null = { webhook: 'voice', url: `${root}/voice`, fields: {} };
  while (step !== null) {
    if (times.length >= MOST_DOCUMENTS) throw new Error('the call asks for instructions without end');
    const { webhook, url, fields }: Step = step;
    const callStatus = webhook === 'voice' ? 'ringing' : 'in-progress';
    const answer = await send(target, transport, url, {
      ...baseFields(parties, callStatus, 'inbound'),
      ...fields,
    });
    times.push({ webhook, milliseconds: answer.milliseconds });
    step = nextStep(answer.body);
  }
  if (times.at(-1)?.webhook !== 'dial') throw new Error('the call ended without a dial');
  const { milliseconds } = await send(target, transport, `${root}/status`, {
    ...baseFields(parties, 'completed', 'inbound'),
    ...progressFields(0, TALK_SECONDS),
  });
  return [...times, { webhook: 'status', milliseconds }];
}

const TALK_SECONDS = 42;

interface Step {
  readonly webhook: Exclude<Webhook, 'status'>;
  readonly url: string;
  readonly fields: Readonly<Record<string, string>>;
}

/** What the answer asks for next; null when it ends the call. */
function nextStep(twiml: string): Step | null {
  const document = parseTwiml(twiml);
  if (!document.ok) throw new Error(document.message);
  const verb = document.verbs.find(({ kind }) => kind === 'gather' || kind === 'dial' || kind === 'hangup');
  switch (verb?.kind) {
    case 'gather':
      return { webhook: 'menu', url: action(verb), fields: { Digits: '1' } };
    case 'dial':
      return {
        webhook: 'dial',
        url: action(verb),
        fields: {
          DialCallSid: `CA${randomUUID().replaceAll('-', '')}`,
          DialCallStatus: 'completed',
          DialCallDuration: String(TALK_SECONDS),
          DialBridged: 'true',
        },
      };
    case 'hangup':
      return null;
    default:
      throw new Error(`the answer cannot be obeyed: ${twiml.replace(/\s+/g, ' ').slice(0, 200)}`);
  }
}

function action(verb: Extract<Verb, { kind: 'gather' | 'dial' }>): string {
  if (verb.action === null) throw new Error(`<${verb.kind}> has no action`);
  return verb.action;
}

/** Signing is the carrier's work and not part of the time. */
async function send(
  target: Target,
  transport: HttpTransport,
  url: string,
  fields: Readonly<Record<string, string>>,
): Promise<{ readonly body: string; readonly milliseconds: number }> {
  const webhook = { purpose: 'voice', method: 'POST', url, fields } as const;
  const request = signedRequest(webhook, target.authToken, randomUUID());
  const since = performance.now();
  const result = await transport.exchange({
    ...request,
    timeoutMilliseconds: PATIENCE_MS,
    signal: undefined,
  });
  const milliseconds = performance.now() - since;
  if (result.kind !== 'answered') throw new Error(`${url}: ${result.message}`);
  if (result.status < 200 || result.status > 299) throw new Error(`${url} answered ${result.status}`);
  return { body: result.body, milliseconds };
}

/** A new caller on `to`. The same random numbers give the same caller. */
export function newParties(random: SeededRandom, to: string, accountSid: string): Parties {
  const subscriber = Math.floor(random.between(0, 10_000)).toString().padStart(4, '0');
  const hex = (): string =>
    Math.floor(random.next() * 2 ** 32)
      .toString(16)
      .padStart(8, '0');
  return {
    callSid: `CA${hex()}${hex()}${hex()}${hex()}`,
    accountSid,
    from: `+1415555${subscriber}`,
    to,
    fromPlace: { city: 'SAN FRANCISCO', state: 'CA', zip: '94105', country: 'US' },
    toPlace: { city: 'SAN FRANCISCO', state: 'CA', zip: '94105', country: 'US' },
  };
}
