import type { Place } from '../../telephony/simulator';

/** Some area codes with a town that a carrier would report for them. */
const places = {
  '206': { city: 'SEATTLE', state: 'WA', zip: '98101', country: 'US' },
  '212': { city: 'NEW YORK', state: 'NY', zip: '10001', country: 'US' },
  '213': { city: 'LOS ANGELES', state: 'CA', zip: '90012', country: 'US' },
  '303': { city: 'DENVER', state: 'CO', zip: '80202', country: 'US' },
  '305': { city: 'MIAMI', state: 'FL', zip: '33130', country: 'US' },
  '312': { city: 'CHICAGO', state: 'IL', zip: '60601', country: 'US' },
  '404': { city: 'ATLANTA', state: 'GA', zip: '30303', country: 'US' },
  '415': { city: 'SAN FRANCISCO', state: 'CA', zip: '94105', country: 'US' },
  '512': { city: 'AUSTIN', state: 'TX', zip: '78701', country: 'US' },
  '602': { city: 'PHOENIX', state: 'AZ', zip: '85004', country: 'US' },
  '617': { city: 'BOSTON', state: 'MA', zip: '02108', country: 'US' },
  '713': { city: 'HOUSTON', state: 'TX', zip: '77002', country: 'US' },
} as const satisfies Record<string, Place>;

export const areaCodes: readonly string[] = Object.keys(places);

/** Where a number is registered, as far as its area code tells. */
export function placeOf(number: string): Place {
  if (!number.startsWith('+1')) return {};
  return (places as Readonly<Record<string, Place>>)[number.slice(2, 5)] ?? { country: 'US' };
}
