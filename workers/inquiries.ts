import type { Config } from '../runtime/config';
import type { CarrierInquiry } from '../telephony/inquiry';
import { createTwimlInquiry } from '../telephony/twiml/inquiry';

/**
 * The carriers that can be asked about a call. Telnyx is not among them: its API takes an API key, which is another
 * secret than the key its webhooks are checked with.
 */
export function inquiriesOf(config: Pick<Config, 'twilio' | 'signalwire'>): readonly CarrierInquiry[] {
  const { twilio, signalwire } = config;
  return [
    ...(twilio === null || twilio.apiUrl === null
      ? []
      : [
          createTwimlInquiry({
            carrier: 'twilio',
            root: `${twilio.apiUrl}/2010-04-01`,
            user: twilio.accountSid,
            token: twilio.authToken,
          }),
        ]),
    ...(signalwire === null || signalwire.api === null
      ? []
      : [
          createTwimlInquiry({
            carrier: 'signalwire',
            root: `${signalwire.api.url}/api/laml/2010-04-01`,
            user: signalwire.projectId,
            token: signalwire.api.token,
          }),
        ]),
  ];
}
