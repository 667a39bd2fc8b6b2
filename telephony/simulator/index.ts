/*
 * A carrier for a platform without a telephone: speaks the Twilio dialect over real HTTP to any voice URL, and knows
 * nothing of what answers there. Fields and behaviour follow Twilio's public documentation.
 */
export { simulateCall } from './call';
export type {
  CallEnding,
  CallerPhase,
  CallEvent,
  CallEventBody,
  DialCallStatus,
  EventTime,
  FinalCallStatus,
  HttpMethod,
  HungUpBy,
  LegResult,
  WebhookPurpose,
} from './events';
export { HttpTransport } from './http';
export type {
  BuyerBehaviour,
  Buyers,
  CallbackReport,
  CallerHangUp,
  Delivery,
  DialRecord,
  LegRecord,
  Place,
  SimulatedCall,
  SimulatedCallOptions,
  WebhookRecord,
} from './options';
export { parseTwiml, type Document, type Verb } from './twiml';
export { signedRequest, type Webhook } from './webhook';
