import { z } from 'zod';
import { e164Schema } from '../../contract/prompt';
import {
  adSpendBookedSchema,
  newAdSpendSchema,
  numberCostSchema,
  type AdSpend,
} from '../../contract/resources/money';
import { bookAdSpend, lockCampaignsForSpend } from '../../db/queries/adSpend';
import { findNumberCost, setNumberCost } from '../../db/queries/numberCost';
import type { Queryable } from '../../db/pool';
import { microsFromText } from '../../domain/money';
import { found } from '../http/edit';
import { readRoute, writeRoute, type Route } from '../http/route';
import { Problem, type FieldError } from '../problems';

const TAG = 'Money';
const numberParams = z.strictObject({ number: e164Schema });
const PATH = '/numbers/{number}/cost';

export const costRoutes: readonly Route[] = [
  readRoute({
    method: 'get',
    path: PATH,
    operationId: 'getNumberCost',
    summary: 'What the carrier takes for a number and calls to it',
    tag: TAG,
    params: numberParams,
    responses: { 200: { description: 'The cost.', body: numberCostSchema } },
    async handle({ db, params: { number } }) {
      return { status: 200, body: await costOf(db, number) };
    },
  }),
  writeRoute({
    method: 'put',
    path: PATH,
    operationId: 'setNumberCost',
    summary: 'Say what a number and calls to it cost from now on',
    description:
      'Booked with the end of each call, and with each month, from this one on. What was booked stays. In the currency ' +
      'of its campaign: sums of a call are in one currency.',
    tag: TAG,
    params: numberParams,
    body: numberCostSchema,
    example: { currency: 'USD', perMinuteMicros: '8500', perMonthMicros: '1150000' },
    responses: { 200: { description: 'It costs that from now on.', body: numberCostSchema } },
    problems: ['unprocessable'],
    async handle({ db, params: { number }, body }) {
      const before = found(await findNumberCost(db, number), `number ${number}`).cost;
      await setNumberCost(db, number, body);
      return { status: 200, body, audit: [costEntry(number, before, body)] };
    },
  }),
  writeRoute({
    method: 'delete',
    path: PATH,
    operationId: 'removeNumberCost',
    summary: 'Book nothing for a number any more',
    tag: TAG,
    params: numberParams,
    responses: { 204: { description: 'Nothing is booked from now on.', body: null } },
    async handle({ db, params: { number } }) {
      const before = await costOf(db, number);
      await setNumberCost(db, number, null);
      return { status: 204, body: null, audit: [costEntry(number, before, null)] };
    },
  }),
  writeRoute({
    method: 'post',
    path: '/ad-spend',
    operationId: 'bookAdSpend',
    summary: 'Say what advertising has cost, by campaign, channel and day',
    description:
      'All of it or none. Each amount is that day’s in all: said again, it takes the place of what was said before, by an entry over the difference.',
    tag: TAG,
    body: newAdSpendSchema,
    example: {
      days: [
        {
          campaignId: 'cmp_roofing',
          channel: 'google_ads',
          day: '2026-03-02',
          amountMicros: '182500000',
          currency: 'USD',
        },
      ],
    },
    largestBody: 4_000_000,
    responses: { 200: { description: 'How many days changed.', body: adSpendBookedSchema } },
    problems: ['unprocessable'],
    async handle({ db, body: { days }, actor }) {
      await requireUsable(db, days);
      const booked = await bookAdSpend(
        db,
        days.map(({ amountMicros, ...day }) => ({ ...day, amount: microsFromText(amountMicros) })),
        actor,
      );
      const answer = { booked, unchanged: days.length - booked };
      return { status: 200, body: answer, audit: booked === 0 ? [] : [spendEntry(days, answer)] };
    },
  }),
];

async function costOf(db: Queryable, number: string) {
  const { cost } = found(await findNumberCost(db, number), `number ${number}`);
  return found(cost, `cost of number ${number}`);
}

function costEntry(number: string, before: unknown, after: unknown) {
  const [was, is] = [before, after].map((cost) => (cost === null ? null : { cost }));
  return {
    action: 'set_cost',
    entity: 'number',
    entityId: number,
    campaignId: null,
    before: was ?? null,
    after: is ?? null,
  };
}

function spendEntry(days: readonly AdSpend[], answer: object) {
  const named = days.map(({ day }) => day).sort();
  return {
    action: 'book',
    entity: 'ad_spend',
    entityId: `${named[0] ?? ''}/${named.at(-1) ?? ''}`,
    campaignId: null,
    before: null,
    after: { ...answer, days: days.length },
  };
}

/** @throws Problem `unprocessable` naming every day that cannot be booked, and why */
async function requireUsable(db: Queryable, days: readonly AdSpend[]): Promise<void> {
  const campaigns = await lockCampaignsForSpend(db, [...new Set(days.map(({ campaignId }) => campaignId))]);
  const seen = new Set<string>();
  const errors = days.flatMap(({ campaignId, channel, day, currency }, index): FieldError[] => {
    const pointer = `/days/${index}`;
    const campaign = campaigns.get(campaignId);
    if (campaign === undefined)
      return [{ pointer: `${pointer}/campaignId`, message: `there is no campaign ${campaignId}` }];
    if (currency !== campaign.currency)
      return [
        { pointer: `${pointer}/currency`, message: `has to be ${campaign.currency}, that of ${campaignId}` },
      ];
    if (day > campaign.latest)
      return [
        { pointer: `${pointer}/day`, message: `is after ${campaign.latest}, the last that may be said` },
      ];
    const key = [campaignId, channel, day, currency].join('/');
    if (seen.has(key)) return [{ pointer, message: 'stands twice: add the two up' }];
    seen.add(key);
    return [];
  });
  if (errors.length > 0)
    throw new Problem(
      'unprocessable',
      `${errors.length} of ${days.length} days cannot be booked, so none was`,
      errors,
    );
}
