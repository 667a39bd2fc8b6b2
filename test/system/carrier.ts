import { randomBytes } from 'node:crypto';
import { getExpectedTwilioSignature } from 'twilio/lib/webhooks/webhooks';
import { parseTwiml, type Verb } from './twiml';

export type Fields = Record<string, string | string[]>;

export interface Answer {
  readonly status: number;
  readonly body: string;
  /** The TwiML, parsed; empty when the answer has none. */
  readonly verbs: readonly Verb[];
}

/** Sends webhooks one by one, exactly as a test wants them: another client than the simulator, on purpose. */
export class Carrier {
  constructor(
    private readonly baseUrl: string,
    private readonly accountSid: string,
    private readonly authToken: string,
  ) {}

  newSid(): string {
    return `CA${randomBytes(16).toString('hex')}`;
  }

  /** Posts to `route` below the carrier's root, or to an absolute URL out of TwiML. */
  async post(route: string, sid: string, fields: Fields = {}): Promise<Answer> {
    const form: Fields = {
      CallSid: sid,
      AccountSid: this.accountSid,
      From: '+14155550123',
      To: '+14155550101',
      CallStatus: 'ringing',
      Direction: 'inbound',
      ApiVersion: '2010-04-01',
      ...fields,
    };
    return this.send(route, form, (url) => getExpectedTwilioSignature(this.authToken, url, form));
  }

  /** Posts any form with any signature, or none. */
  async send(route: string, form: Fields, sign: (url: string) => string | null): Promise<Answer> {
    const url = route.startsWith('http') ? route : `${this.baseUrl}/telephony/twilio/${route}`;
    const body = new URLSearchParams();
    for (const [key, value] of Object.entries(form)) for (const one of [value].flat()) body.append(key, one);
    const signature = sign(url);
    const response = await fetch(url, {
      method: 'POST',
      body,
      headers: signature === null ? {} : { 'x-twilio-signature': signature },
    });
    const text = await response.text();
    const isXml = response.headers.get('content-type')?.includes('xml') ?? false;
    return { status: response.status, body: text, verbs: isXml ? parseTwiml(text) : [] };
  }
}
