import type { CarrierDialect, Verification, WebhookRequest } from '../port';
import { createReading, type Wording } from './read';
import { type Accepted, renderTwiml } from './render';

/** What makes one carrier out of the common language. */
export interface TwimlCarrier extends Wording {
  verify(request: WebhookRequest): Verification;
  readonly accepts: Accepted;
}

/** The dialect of a carrier that speaks TwiML over form-encoded webhooks, below `/telephony/<carrier>`. */
export function createTwimlDialect(carrier: TwimlCarrier): CarrierDialect {
  return {
    carrier: carrier.carrier,
    verify: (request) => carrier.verify(request),
    ...createReading(carrier),
    render: (instructions, { baseUrl }) => ({
      contentType: 'text/xml; charset=utf-8',
      body: renderTwiml(instructions, `${baseUrl}/telephony/${carrier.carrier}`, carrier.accepts),
    }),
  };
}
