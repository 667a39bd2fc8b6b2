/*
 * A carrier for a platform without a telephone: speaks the Twilio dialect, as Twilio, SignalWire or Telnyx do, over
 * real HTTP to any voice URL, and knows nothing of what answers there. Fields and behaviour follow the carriers' public
 * documentation.
 */
export { simulateCall } from './call';
export type {
  CarrierAccount,
  CarrierName,
  SignalWireAccount,
  TelnyxAccount,
  TwilioAccount,
} from './carriers';
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
  Manner,
  WebhookPurpose,
} from './events';
export { HttpTransport } from './http';
export type {
  BuyerBehaviour,
  Buyers,
  CallbackReport,
  CallerAnswer,
  CallerHangUp,
  CarrierCallOptions,
  CallScript,
  Delivery,
  DialRecord,
  LegRecord,
  Place,
  SimulatedCall,
  SimulatedCallOptions,
  WebhookRecord,
} from './options';
export { serveCarrierRest, type CarrierRest, type RestAccount } from './rest';
export { parseTwiml, type Document } from './twiml';
export type { Verb } from './verbs';
export { signedRequest, type Webhook } from './webhook';
