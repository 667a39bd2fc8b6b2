import { dialectsOf } from '../../api/dialects';
import { ConfigError, loadConfig } from '../../runtime/config';
import { redactNumber } from '../../runtime/logger';

describe('configuration', () => {
  it('has a default for everything npm start provides', () => {
    expect(loadConfig({})).toMatchObject({
      port: 3000,
      publicBaseUrl: null,
      webhookDeadlineMs: 1_400,
      adminKey: null,
    });
  });
  it('takes an empty variable for an unset one', () => {
    expect(loadConfig({ PORT: '', PUBLIC_BASE_URL: '' })).toMatchObject({ port: 3000, publicBaseUrl: null });
  });
  it('lists every problem at once, by variable', () => {
    const load = () =>
      loadConfig({
        PORT: '99999',
        PUBLIC_BASE_URL: 'nowhere',
        TEMPORAL_ADDRESS: 'x',
        TWILIO_ACCOUNT_SID: 'AC1',
        SIGNALWIRE_SIGNING_KEY: 'PSK_1',
        TELNYX_PUBLIC_KEY: 'c2hvcnQ=',
        LOG_LEVEL: 'loud',
      });
    expect(load).toThrow(ConfigError);
    expect(load).toThrow(
      /PORT:[^]*PUBLIC_BASE_URL:[^]*TEMPORAL_ADDRESS:[^]*TELNYX_PUBLIC_KEY: must be the base64 of 32 bytes[^]*LOG_LEVEL:[^]*TWILIO_AUTH_TOKEN:[^]*SIGNALWIRE_PROJECT_ID:/,
    );
  });
  it('has the carriers whose accounts it is given, and answers only these', () => {
    const twilio = { TWILIO_ACCOUNT_SID: 'AC1', TWILIO_AUTH_TOKEN: 'secret' };
    const signalwire = { SIGNALWIRE_PROJECT_ID: 'p1', SIGNALWIRE_SIGNING_KEY: 'PSK_1' };
    const telnyx = { TELNYX_PUBLIC_KEY: Buffer.alloc(32, 7).toString('base64') };
    const carriers = (env: NodeJS.ProcessEnv) => dialectsOf(loadConfig(env)).map(({ carrier }) => carrier);
    expect(carriers(twilio)).toEqual(['twilio']);
    expect(carriers({ ...signalwire, ...telnyx })).toEqual(['signalwire', 'telnyx']);
    expect(carriers({ ...twilio, ...signalwire, ...telnyx })).toHaveLength(3);
    expect(() => carriers({})).toThrow(ConfigError);
  });
  it('drops the slash at the end of a base URL', () => {
    expect(loadConfig({ PUBLIC_BASE_URL: 'https://calls.example.com/' }).publicBaseUrl).toBe(
      'https://calls.example.com',
    );
  });
});

describe('logs', () => {
  it('carry no whole number', () => {
    expect(redactNumber('+14155550123')).toBe('+1415***23');
    expect(redactNumber(null)).toBe('anonymous');
    expect(redactNumber('+12')).toBe('***');
  });
});
