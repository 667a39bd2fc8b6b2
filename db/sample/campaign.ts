import type { Treatments } from '../../contract/campaign';
import type { E164 } from '../../domain/ids';
import type { Flow } from '../../domain/ivr/flow';
import type { MicrosText } from '../../domain/money';
import type { RoutingPlan } from '../../domain/routing/plan';

/*
 * What a first start is filled with, so that there is something to call: one campaign with a menu, one without, three
 * buyers, a publisher. The numbers are in ranges set aside for fiction.
 */

const english = (text: string) => ({ text, language: 'en-US' });
const message = (text: string) => ({ kind: 'message' as const, prompt: english(text) });
const usd = (amount: string) => amount as MicrosText;
const tel = (number: string) => ({ kind: 'tel' as const, number: number as E164 });

export const SAMPLE_PUBLISHER = {
  id: 'pub_sample',
  name: 'Sample Search Partner',
  payout: { amountMicros: usd('8000000'), due: { on: 'duration' as const, seconds: 10 } },
};

export const SAMPLE_BUYERS = [
  { id: 'buy_alpha', name: 'Alpha Insurance' },
  { id: 'buy_bravo', name: 'Bravo Brokers' },
  { id: 'buy_charlie', name: 'Charlie Coverage' },
].map((buyer) => ({ ...buyer, timeZone: 'America/Los_Angeles', hours: null }));

const treatments: Treatments = {
  paused: message('Thank you for calling. This line is not taking calls at the moment.'),
  blocked: { kind: 'reject', reason: 'rejected' },
  afterHours: message('Thank you for calling. We are closed now. Please call again during office hours.'),
};

const plan: RoutingPlan = {
  rules: [
    { name: 'everyone', when: null, strategy: { kind: 'waterfall' }, candidates: null, fallback: null },
  ],
  maxAttempts: 3,
  recoverUnderSeconds: null,
  fallback: message('All of our agents are busy. Please try again later.'),
};

const flow: Flow = {
  start: 'menu',
  nodes: {
    menu: {
      kind: 'menu',
      prompt: english(
        'Thank you for calling about home insurance. For a new quote, press 1. For anything else, press 2.',
      ),
      retryPrompt: english('Sorry, we did not get that.'),
      options: [
        { digit: '1', tag: 'intent', value: 'quote', next: 'route' },
        { digit: '2', tag: 'intent', value: 'other', next: 'route' },
      ],
      timeoutSeconds: 5,
      tries: 3,
      noAnswer: 'goodbye',
    },
    route: { kind: 'route' },
    goodbye: {
      kind: 'hang_up',
      prompt: english('We have not received an answer. Goodbye.'),
      outcome: 'abandoned_ivr',
    },
  },
};

export interface SampleCampaign {
  readonly id: string;
  readonly name: string;
  readonly number: E164;
  readonly treatments: Treatments;
  readonly plan: RoutingPlan;
  readonly flow: Flow | null;
  /** One assignment for each of {@link SAMPLE_BUYERS}, in their order. */
  readonly destinations: readonly { readonly kind: 'tel'; readonly number: E164 }[];
}

export const SAMPLE_CAMPAIGNS: readonly SampleCampaign[] = [
  {
    id: 'cmp_sample',
    name: 'Sample: home insurance',
    number: '+14155550100' as E164,
    treatments,
    plan,
    flow,
    destinations: [tel('+14155550201'), tel('+14155550202'), tel('+14155550203')],
  },
  {
    id: 'cmp_sample_direct',
    name: 'Sample: home insurance, no menu',
    number: '+14155550101' as E164,
    treatments,
    plan,
    flow: null,
    destinations: [tel('+14155550211'), tel('+14155550212'), tel('+14155550213')],
  },
];

/** What each buyer pays for a call of ten seconds or more. */
export const SAMPLE_PRICE = { amountMicros: usd('20000000'), due: { on: 'duration' as const, seconds: 10 } };

/** Generous, so that trying things out does not run into them; there to be seen, and to be lowered. */
export const SAMPLE_LIMITS = { concurrency: 1_000, day: 100_000 };
