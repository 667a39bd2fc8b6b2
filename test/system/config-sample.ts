import type { z } from 'zod';
import type { configDocumentSchema } from '../../contract/config-document';

export type ConfigInput = z.input<typeof configDocumentSchema>;

/** A campaign as somebody would write it down, with two buyers and a menu. */
export function sampleConfig(id = 'cmp_roofing'): ConfigInput {
  const suffix = id.slice('cmp_'.length);
  const assignment = (buyer: string, number: string) => ({
    id: `asg_${suffix}_${buyer}`,
    buyerId: `buy_${buyer}`,
    dialing: { destinations: [{ kind: 'tel' as const, number }] },
    price: { amountMicros: '25000000', due: { on: 'duration' as const, seconds: 60 } },
  });
  const text = (words: string) => ({ text: words, language: 'en-US' });
  return {
    campaign: { id, name: 'Roofing', timeZone: 'America/Chicago', currency: 'USD', status: 'active' },
    publishers: [
      {
        id: 'pub_search',
        name: 'Search Partner',
        payout: { amountMicros: '8000000', due: { on: 'connection' } },
      },
    ],
    buyers: [
      { id: 'buy_alpha', name: 'Alpha', timeZone: 'America/Chicago' },
      { id: 'buy_bravo', name: 'Bravo', timeZone: 'America/New_York' },
    ],
    numbers: [
      {
        number: numberOf(id),
        publisherId: 'pub_search',
        channel: 'google_ads',
        tags: { landing: 'roof' },
      },
    ],
    assignments: [assignment('alpha', '+13125550111'), assignment('bravo', '+13125550112')],
    plan: {
      rules: [
        {
          name: 'Illinois',
          when: { kind: 'geography', field: 'state', in: ['IL'] },
          strategy: { kind: 'weighted' },
          candidates: [
            { assignmentId: `asg_${suffix}_alpha`, weight: 3 },
            { assignmentId: `asg_${suffix}_bravo` },
          ],
        },
        { name: 'everyone', strategy: { kind: 'waterfall' } },
      ],
      maxAttempts: 3,
      fallback: { kind: 'message', prompt: text('All of our agents are busy.') },
    },
    flow: {
      start: 'menu',
      nodes: {
        menu: {
          kind: 'menu',
          prompt: text('For a quote, press 1.'),
          options: [{ digit: '1', tag: 'intent', value: 'quote', next: 'route' }],
          noAnswer: 'bye',
        },
        route: { kind: 'route' },
        bye: { kind: 'hang_up', prompt: text('Goodbye.') },
      },
    },
  };
}

/** Campaigns that have a number, in the order in which they asked for one. */
const owners: string[] = [];

/** A number of one's own for each campaign of a test file, in a range set aside for fiction. */
export function numberOf(id: string): string {
  if (!owners.includes(id)) owners.push(id);
  return `+131255501${String(owners.indexOf(id)).padStart(2, '0')}`;
}
