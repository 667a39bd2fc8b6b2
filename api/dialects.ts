import { ConfigError, type Config } from '../runtime/config';
import type { CarrierDialect } from '../telephony/port';
import { createSignalWireDialect } from '../telephony/signalwire';
import { createTelnyxDialect } from '../telephony/telnyx';
import { createTwilioDialect } from '../telephony/twilio';

/**
 * The dialects of the carriers that are configured: only these are answered.
 *
 * @throws ConfigError when there is none
 */
export function dialectsOf(
  config: Pick<Config, 'twilio' | 'signalwire' | 'telnyx'>,
): readonly CarrierDialect[] {
  const { twilio, signalwire, telnyx } = config;
  const dialects = [
    ...(twilio === null ? [] : [createTwilioDialect(twilio)]),
    ...(signalwire === null ? [] : [createSignalWireDialect(signalwire)]),
    ...(telnyx === null ? [] : [createTelnyxDialect(telnyx)]),
  ];
  if (dialects.length > 0) return dialects;
  throw new ConfigError(
    'TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN: are missing, and so is any other carrier; set those of one, or run ' +
      '"npm start", which makes up sample accounts',
  );
}
