import { AREA_CODE_ROWS } from '../../domain/geography/area-codes';
import { areaPlace, callerGeography } from '../../domain/geography/caller';
import { postalPlace } from '../../domain/geography/postal-codes';
import { localTime } from '../../domain/clock';
import type { E164 } from '../../domain/ids';

const LOS_ANGELES = '+12135550100' as E164;

describe('the table of area codes', () => {
  const codes = AREA_CODE_ROWS.flatMap(([, , , areaCodes]) => areaCodes.split(' '));

  it('has each code once, and every one is a code', () => {
    expect(codes.length).toBeGreaterThan(400);
    expect(new Set(codes).size).toBe(codes.length);
    expect(codes.filter((code) => !/^[2-9]\d{2}$/.test(code))).toEqual([]);
  });

  it('has every state, the District, and every province that has codes of its own', () => {
    const of = (wanted: string): Set<string> =>
      new Set(
        AREA_CODE_ROWS.flatMap(([country, state]) => (country === wanted && state !== null ? [state] : [])),
      );
    expect(of('US').size).toBe(51);
    expect([...of('CA')].toSorted()).toEqual(['AB', 'BC', 'MB', 'NB', 'NL', 'ON', 'QC', 'SK']);
  });

  it('names only zones that exist', () => {
    for (const [, , timeZone] of AREA_CODE_ROWS) {
      if (timeZone !== null) expect(localTime(0, timeZone).clock).toMatch(/^\d\d:\d\d:00$/);
    }
  });

  it.each([
    ['212', 'US', 'NY', 'America/New_York'],
    ['213', 'US', 'CA', 'America/Los_Angeles'],
    ['312', 'US', 'IL', 'America/Chicago'],
    ['602', 'US', 'AZ', 'America/Phoenix'],
    ['808', 'US', 'HI', 'Pacific/Honolulu'],
    ['907', 'US', 'AK', 'America/Anchorage'],
    ['416', 'CA', 'ON', 'America/Toronto'],
    ['709', 'CA', 'NL', 'America/St_Johns'],
    ['306', 'CA', 'SK', 'America/Regina'],
    ['902', 'CA', null, 'America/Halifax'],
    ['787', 'PR', null, 'America/Puerto_Rico'],
    ['876', 'JM', null, 'America/Jamaica'],
  ])('places %s', (code, country, state, timeZone) => {
    expect(areaPlace(code)).toEqual({ country, state, timeZone });
  });

  it.each(['800', '888', '900', '500', '911', '000'])('has no place for %s', (code) => {
    expect(areaPlace(code)).toBeNull();
  });
});

describe('a postal code', () => {
  it.each([
    ['90210', 'US', 'CA'],
    ['02134', 'US', 'MA'],
    ['10001-1234', 'US', 'NY'],
    ['73301', 'US', 'TX'],
    ['00901', 'PR', null],
    ['K1A 0B1', 'CA', 'ON'],
    ['v6b1a1', 'CA', 'BC'],
    ['X0A 0H0', 'CA', null],
  ])('%s is somewhere', (code, country, state) => {
    expect(postalPlace(code)).toEqual({ country, state });
  });

  it.each(['', '1234', '123456', '00001', 'D1A 0B1', 'SW1A 1AA', '09012'])('"%s" is nowhere', (code) => {
    expect(postalPlace(code)).toBeNull();
  });
});

describe('where a caller is', () => {
  it('comes from the area code when nobody says more', () => {
    expect(callerGeography(LOS_ANGELES, {}, {})).toEqual({
      country: 'US',
      state: 'CA',
      areaCode: '213',
      postalCode: null,
      timeZone: 'America/Los_Angeles',
    });
  });

  it('comes from the carrier before the area code', () => {
    const hints = { country: 'us', state: 'tx', postalCode: ' 73301 ', city: 'AUSTIN' };
    expect(callerGeography(LOS_ANGELES, hints, {})).toEqual({
      country: 'US',
      state: 'TX',
      areaCode: '213',
      postalCode: '73301',
      timeZone: 'America/Chicago',
    });
  });

  it('comes from what the caller said before the carrier', () => {
    const hints = { country: 'US', state: 'TX', postalCode: '73301' };
    expect(callerGeography(LOS_ANGELES, hints, { postal_code: '10001' })).toEqual({
      country: 'US',
      state: 'NY',
      areaCode: '213',
      postalCode: '10001',
      timeZone: 'America/New_York',
    });
  });

  it('keeps a postal code it cannot place, and the rest as the carrier has it', () => {
    const hints = { country: 'US', state: 'TX', postalCode: '73301' };
    expect(callerGeography(LOS_ANGELES, hints, { postal_code: '999' })).toMatchObject({
      state: 'TX',
      postalCode: '999',
      timeZone: 'America/Chicago',
    });
  });

  it('keeps the zone of the area code where the state has several', () => {
    const elPaso = '+19155550100' as E164;
    expect(callerGeography(elPaso, { country: 'US', state: 'TX' }, {}).timeZone).toBe('America/Denver');
    expect(callerGeography(LOS_ANGELES, { country: 'US', state: 'TX' }, {}).timeZone).toBe('America/Chicago');
  });

  it('takes nothing from an area code in another country than the stronger source says', () => {
    expect(callerGeography(LOS_ANGELES, { country: 'CA' }, {})).toEqual({
      country: 'CA',
      state: null,
      areaCode: '213',
      postalCode: null,
      timeZone: null,
    });
    expect(
      callerGeography(LOS_ANGELES, { country: 'US', state: 'CA' }, { postal_code: 'K1A 0B1' }),
    ).toMatchObject({
      country: 'CA',
      state: 'ON',
      timeZone: 'America/Toronto',
    });
  });

  it('is the carrier’s country outside the North American plan, and no more', () => {
    expect(callerGeography('+442075550100' as E164, { country: 'GB' }, {})).toEqual({
      country: 'GB',
      state: null,
      areaCode: null,
      postalCode: null,
      timeZone: null,
    });
  });

  it('is unknown for anonymous callers and numbers of no place', () => {
    expect(callerGeography(null, {}, {})).toEqual({
      country: null,
      state: null,
      areaCode: null,
      postalCode: null,
      timeZone: null,
    });
    expect(callerGeography('+18005550100' as E164, {}, {})).toMatchObject({ country: null, areaCode: '800' });
  });

  it('does not need a number when the carrier or the caller says', () => {
    expect(callerGeography(null, { country: 'US', state: 'AZ' }, {}).timeZone).toBe('America/Phoenix');
    expect(callerGeography(null, {}, { postal_code: '96801' })).toMatchObject({
      country: 'US',
      state: 'HI',
      timeZone: 'Pacific/Honolulu',
    });
  });

  it('takes empty fields for none', () => {
    expect(
      callerGeography(LOS_ANGELES, { country: '', state: ' ', postalCode: '' }, { postal_code: '' }),
    ).toEqual(callerGeography(LOS_ANGELES, {}, {}));
  });
});
