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
        LOG_LEVEL: 'loud',
      });
    expect(load).toThrow(ConfigError);
    expect(load).toThrow(
      /PORT:[^]*PUBLIC_BASE_URL:[^]*TEMPORAL_ADDRESS:[^]*LOG_LEVEL:[^]*TWILIO_AUTH_TOKEN:/,
    );
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
